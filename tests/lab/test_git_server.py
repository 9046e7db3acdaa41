"""The governance repository: what arrived stays, and a node's key can fetch and nothing else."""

from typing import Any

import pytest
from testinfra.host import Host

from tests.lab.reading import modes, now, said, text

pytestmark = pytest.mark.lab

ON = ("alpha", "markets", "executor")
PATH = "/srv/governance.git"
SETTINGS = {
    "checks-objects": ("transfer.fsckObjects", "true"),
    "checks-pushes": ("receive.fsckObjects", "true"),
    "no-rewinding": ("receive.denyNonFastForwards", "true"),
    "no-deleting": ("receive.denyDeletes", "true"),
    "no-pruning": ("gc.pruneExpire", "never"),
    "reflogs": ("core.logAllRefUpdates", "always"),
    "on-the-disk": ("core.fsync", "all"),
}
MODES = {
    "repository": (PATH, "git:git 750"),
    "configuration-is-roots": (f"{PATH}/config", "root:git 640"),
    "hooks-are-roots": (f"{PATH}/hooks", "root:root 755"),
    "update-is-roots": (f"{PATH}/hooks/update", "root:root 755"),
    "hint-is-roots": (f"{PATH}/hooks/post-receive", "root:root 755"),
    "keys-are-roots": ("/etc/ssh/authorized_keys.d/git", "root:root 644"),
}
ZERO = "0" * 40
SSH = (
    "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes "
    "-o UserKnownHostsFile=/etc/vanta/known_hosts -i /etc/vanta/keys/fetch"
)


@pytest.mark.parametrize(("name", "value"), SETTINGS.values(), ids=SETTINGS)
def test_the_repository_is_set(host: Host, machine: str, name: str, value: str) -> None:
    if machine == "alpha":
        assert said(host, "git", "config", "--file", f"{PATH}/config", name) == value


@pytest.mark.parametrize(("path", "mode"), MODES.values(), ids=MODES)
def test_files_are_whose_they_should_be(host: Host, machine: str, path: str, mode: str) -> None:
    if machine == "alpha":
        assert modes(host, *(path for path, _ in MODES.values()))[path] == mode


def test_its_user_has_no_shell(host: Host, machine: str) -> None:
    if machine == "alpha":
        assert host.user("git").shell == "/usr/bin/git-shell"


def test_every_key_is_restricted(host: Host, machine: str) -> None:
    if machine == "alpha":
        lines = text(host, "/etc/ssh/authorized_keys.d/git").splitlines()
        keys = [line for line in lines if line and not line.startswith("#")]
        assert keys
        assert all(line.startswith("restrict") for line in keys)


def test_each_node_has_a_key_that_fetches_alone(
    host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    if machine == "alpha":
        keys = text(host, "/etc/ssh/authorized_keys.d/git")
        for node in ON:
            address = variables[node]["vanta_address"]
            assert f'restrict,from="{address}",command="git-upload-pack \'{PATH}\'"' in keys


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param("refs/tags/x", ZERO, "1" * 40, id="no-tags"),
        pytest.param("refs/vanta/halts/x", "1" * 40, ZERO, id="no-halt-is-deleted"),
        pytest.param("refs/vanta/halts/x", "1" * 40, "2" * 40, id="no-halt-is-replaced"),
    ],
)
def test_the_hook_refuses(host: Host, machine: str, name: str, old: str, new: str) -> None:
    if machine == "alpha":
        done = host.run(
            "runuser -u git -- env GIT_DIR=%s %s/hooks/update %s %s %s", PATH, PATH, name, old, new
        )
        assert done.rc == 1


def test_a_node_may_list(host: Host) -> None:
    done = host.run(f"GIT_SSH_COMMAND='{SSH}' git ls-remote ssh://git@alpha{PATH}")
    assert done.rc == 0, done.stderr


def test_a_node_may_do_nothing_else(host: Host) -> None:
    """Whatever it asks for, it is answered as if it fetched."""
    done = host.run(f"{SSH} git@alpha id </dev/null")
    assert "uid=" not in done.stdout


def test_a_node_cannot_push(host: Host) -> None:
    script = (
        "d=$(mktemp -d) && cd $d && git init -q && git -c user.name=x -c user.email=x@x commit -q "
        f"--allow-empty -m x && GIT_SSH_COMMAND='{SSH}' git push -q ssh://git@alpha{PATH} "
        "HEAD:refs/heads/probe; code=$?; rm -rf $d; exit $code"
    )
    assert host.run("sh -c %s", script).rc != 0
    refs = now(host, "sh", "-c", f"GIT_SSH_COMMAND='{SSH}' git ls-remote ssh://git@alpha{PATH}")
    assert "refs/heads/probe" not in refs
