"""VANTA's own services on the nodes: each a user of its own, confined, writing what is its own.

Each check names what it stands for: a line of the seed's security section, or an item of CIS.
"""

import json
import re
from typing import Any

import pytest
from testinfra.host import Host

from tests.lab.reading import within_minutes

pytestmark = pytest.mark.lab
ON = ("alpha", "markets", "executor")

SERVICES = {
    "alpha": {"vanta-governance": "vanta-governance"},
    "markets": {
        "vanta-governance": "vanta-governance",
        "vanta-promoter": "vanta-promoter",
        "markets-reflector": "vanta-markets",
    },
    "executor": {
        "vanta-governance": "vanta-governance",
        "vanta-judge": "vanta-judge",
        "vanta-surveillance": "vanta-surveillance",
        "executor-router": "vanta-router",
    },
}
TIMERS = {
    "alpha": ("vanta-checkpoint", "vanta-countersign", "vanta-diagnostics"),
    "markets": ("vanta-checkpoint", "vanta-diagnostics"),
    "executor": ("vanta-checkpoint", "vanta-sweep", "vanta-diagnostics"),
}
EXPOSED = {"network": 1.5, "alone": 0.5}
FOLDERS = (
    ("memory", "vanta-governance", "vanta", 0o3770),
    ("run", "root", "vanta", 0o1770),
    ("mirror", "vanta-governance", "vanta", 0o750),
    ("slots", "root", "vanta", 0o755),
    ("tools", "root", "root", 0o755),
)
FILES = (
    ("/etc/vanta/node.yaml", "root", "vanta", 0o640),
    ("/etc/vanta/trust.json", "root", "vanta", 0o644),
    ("/etc/vanta/known_hosts", "root", "vanta", 0o640),
    ("/etc/vanta/keys/node", "root", "root", 0o400),
    ("/etc/vanta/keys/fetch", "vanta-governance", "root", 0o400),
)
PUBLISHED = ("vault.json", "vault_overlay.json")


def shown(host: Host, unit: str, *names: str) -> dict[str, str]:
    said = host.check_output(f"systemctl show --property={','.join(names)} {unit}")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def denied(host: Host, user: str, words: str) -> bool:
    """Whether a user may not do something; that it is refused and not that it is impossible."""
    done = host.run(f"setpriv --reuid={user} --regid=vanta --clear-groups -- {words}")
    return done.rc != 0 and bool(re.search("denied|not permitted", done.stderr, re.IGNORECASE))


def test_every_service_is_up_as_its_own_user(host: Host, machine: str) -> None:
    """seed: service accounts, least privilege; units running under their sandbox for real."""
    for unit, user in SERVICES[machine].items():
        found = shown(host, f"{unit}.service", "ActiveState", "User", "Group", "NRestarts")
        assert found["ActiveState"] == "active", unit
        assert (found["User"], found["Group"]) == (user, "vanta"), unit


def test_no_service_has_a_shell_or_a_password(host: Host, machine: str) -> None:
    """CIS 5.4.2.7, 5.4.2.8: system accounts without a login shell, locked."""
    for user in SERVICES[machine].values():
        assert host.user(user).shell == "/usr/sbin/nologin"
        assert host.user(user).password in {"!", "!*", "*"}


def test_every_timer_waits_for_its_turn(host: Host, machine: str) -> None:
    """seed: a minute sweep that only nudges; checkpoints leave the node."""
    for unit in TIMERS[machine]:
        assert shown(host, f"{unit}.timer", "ActiveState")["ActiveState"] == "active", unit
        # At once, and not what the last minute came to. Where Alpha was restored a moment ago, what
        # its Redis has of the others is signed by keys of then, until each has signed anew.
        assert within_minutes(lambda: host.run(f"systemctl start {unit}.service").rc == 0), unit  # noqa: B023 - called at once


def test_no_service_is_more_exposed_than_it_may_be(host: Host, machine: str) -> None:
    """seed: hardened units; as systemd on the machine itself counts it."""
    for unit in (*SERVICES[machine], *TIMERS[machine]):
        name = f"{unit}.service"
        alone = shown(host, name, "PrivateNetwork")["PrivateNetwork"] == "yes"
        said = host.run(f"systemd-analyze security --no-pager {name}").stdout
        found = re.search(r"Overall exposure level for .*?: ([0-9.]+)", said)
        assert found, said
        assert float(found[1]) <= EXPOSED["alone" if alone else "network"], f"{unit}: {found[1]}"


def test_every_service_runs_the_build_that_is_current(host: Host) -> None:
    """seed: services run only from slots that were verified."""
    done = host.run("/opt/vanta/current/bin/vanta build status --json")
    assert done.rc == 0, done.stdout + done.stderr
    assert host.file("/opt/vanta/current").is_symlink


def test_a_slot_is_as_it_was_signed_and_nobody_may_write_it(host: Host) -> None:
    """seed: build slots read-only; `sha256sum` alone says so."""
    slot = host.check_output("readlink -f /opt/vanta/current")
    assert host.run(f"sh -c 'cd {slot} && sha256sum --check --quiet --strict SHA256SUMS'").rc == 0
    writable = host.check_output(f"find {slot} ! -type l -perm /0222 -o ! -uid 0")
    assert writable == ""


@pytest.mark.parametrize(("name", "user", "group", "mode"), FOLDERS, ids=[f[0] for f in FOLDERS])
def test_a_folder_is_whose_it_should_be(
    host: Host, name: str, user: str, group: str, mode: int
) -> None:
    """seed: files owned by whoever writes them; sticky, so that nobody replaces another's."""
    found = host.file(f"/opt/vanta/{name}")
    assert (found.user, found.group, found.mode) == (user, group, mode)


@pytest.mark.parametrize(("path", "user", "group", "mode"), FILES, ids=[f[0] for f in FILES])
def test_configuration_and_keys_are_roots(
    host: Host, path: str, user: str, group: str, mode: int
) -> None:
    """seed: keys root-only; configuration read-only to services."""
    found = host.file(path)
    assert (found.user, found.group, found.mode) == (user, group, mode)


@pytest.mark.parametrize("name", PUBLISHED)
def test_only_governance_may_write_the_published_policy(
    host: Host, machine: str, name: str
) -> None:
    """seed: only governance can write the policy files."""
    path = f"/opt/vanta/memory/{name}"
    found = host.file(path)
    assert (found.user, found.group, found.mode) == ("vanta-governance", "vanta", 0o640)
    for user in set(SERVICES[machine].values()) - {"vanta-governance"}:
        assert denied(host, user, f"sh -c 'echo {{}} >> {path}'"), f"{user} may write it"
        assert denied(host, user, f"rm {path}"), f"{user} may remove it"
        draft = f"/opt/vanta/memory/{user}.draft"
        assert denied(host, user, f"sh -c 'touch {draft} && mv -f {draft} {path}'"), user
        host.check_output(f"rm -f {draft}")


def test_nobody_replaces_a_journal_of_another(host: Host, machine: str) -> None:
    """seed: one writer for each journal, held by the kernel."""
    owners = host.check_output("stat -c '%U %n' /opt/vanta/memory/governance.jsonl "
                               "/opt/vanta/memory/builds.jsonl").splitlines()  # fmt: skip
    assert [line.split()[0] for line in owners] == ["vanta-governance", "root"]
    for user in set(SERVICES[machine].values()) - {"vanta-governance"}:
        assert denied(host, user, "rm /opt/vanta/memory/governance.jsonl")
        assert denied(host, user, "sh -c 'echo x >> /opt/vanta/memory/governance.jsonl'")


def test_no_service_may_read_a_key_or_a_credential(host: Host, machine: str) -> None:
    """seed: keys root-only; systemd alone hands them over."""
    for user in SERVICES[machine].values():
        assert denied(host, user, "cat /etc/vanta/keys/node"), user
        assert denied(host, user, "ls /etc/vanta/credentials"), user


def test_no_secret_is_among_words_and_variables_of_processes(host: Host) -> None:
    """seed: no secret in the process list."""
    secret = host.file("/etc/vanta/credentials/redis-password").content_string.strip()
    assert len(secret) > 20
    found = host.run(f"grep -l -a -F -e {secret} /proc/[0-9]*/cmdline /proc/[0-9]*/environ")
    # The look itself has it among its words.
    ours = [line for line in found.stdout.splitlines() if "/self/" not in line]
    assert all(
        "grep" in host.run(f"cat {line.rsplit('/', 1)[0]}/comm").stdout
        or not host.file(line).exists
        for line in ours
    )


def test_a_service_reaches_the_addresses_of_its_flows_and_no_other(
    host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    """seed: egress outside the list is refused; held by each unit beside the firewall."""
    alpha = variables["alpha"]["vanta_address"]
    own = variables[machine]["vanta_address"]
    for unit in SERVICES[machine]:
        found = shown(host, f"{unit}.service", "IPAddressDeny", "IPAddressAllow", "PrivateNetwork")
        if found["PrivateNetwork"] == "yes":
            continue
        assert "0.0.0.0/0" in found["IPAddressDeny"]
        allowed = {item.split("/")[0] for item in found["IPAddressAllow"].split()}
        assert allowed <= {"127.0.0.0", "::1", own, alpha}, unit


def test_a_node_says_that_it_enforces_the_policy(host: Host) -> None:
    """seed: governance on all nodes."""
    done = host.run("/opt/vanta/current/bin/vanta governance status --json")
    assert done.rc == 0, done.stderr
    conditions = {one["type"]: one["status"] for one in json.loads(done.stdout)["conditions"]}
    assert (conditions["Fetched"], conditions["Verified"]) == ("True", "True")


def test_what_mends_a_flip_ran_before_everything(host: Host) -> None:
    """seed: a boot-time unit finishes or takes back an interrupted flip."""
    assert shown(host, "vanta-recover.service", "Result")["Result"] == "success"
    assert "vanta-recover.service" in shown(host, "vanta.target", "Requires")["Requires"]
    assert host.service("vanta.target").is_enabled


def test_journals_of_workers_are_countersigned(host: Host, machine: str) -> None:
    """seed: checkpoints reach Alpha and come back countersigned."""
    if machine == "alpha":
        kept = host.check_output("find /opt/vanta/witnessed -name governance.jsonl.checkpoints")
        assert {path.split("/")[-2] for path in kept.splitlines()} == {"markets", "executor"}
        return
    notes = host.check_output("cat /opt/vanta/memory/governance.jsonl.checkpoints")
    assert f"\n— {machine} " in notes
    assert "\n— alpha " in notes
