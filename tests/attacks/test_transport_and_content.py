"""Transport and content: Git brings bytes by id, and nothing else that Git can do happens.

Where the door fetches nothing, the node's controller is the door: its fetch brings everything or
nothing, and what could not be had is journalled with its code.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.clone import Clone
from tests.attacks.door import Answer, arguments, call, knock, pin
from tests.attacks.planting import (
    EXECUTABLE,
    FILE,
    FOLDER,
    LINK,
    SUBMODULE,
    Entry,
    commit_of,
    planted,
)
from tests.governance.fund import (
    CEILING,
    HERE,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    halted,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content, RepositorySimulator, run_git
from tests.governance.station import Station
from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance.bounds import Bounds
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.fetcher import Fetcher, Source
from vanta.governance.repository import Repository

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
VAULTS, HALTS = f"{HERE}vaults", f"{HERE}halts"


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    yield made
    made.stop()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What must never come to be."""
    return tmp_path / "canary"


@pytest.fixture
def script(tmp_path: Path, canary: Path) -> Path:
    """A program that leaves the canary behind."""
    path = tmp_path / "script"
    path.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    path.chmod(0o755)
    return path


def stop(fund: Fund) -> dict[str, Content]:
    return {fund.halt("stop"): switch("stop")}


def approved(fund: Fund, plants: dict[str, list[Entry]], **more: Content) -> Answer:
    """What the door says of a looser tree with plants in it, which two people approved."""
    sim = fund.sim
    files = {**sim.files(fund.introduction), **LOOSER, **more}
    commit_of(fund, planted(sim, files, plants), by="ada", files=files)
    tree = fund.history.commit(sim.head()).tree
    for person in ("ada", "grace"):
        digest = fund.history.digest(sim.head())
        message = f"Approve\n\nVanta-Approve: prod {digest} until=2027-01-01T00:00:00Z\n"
        commit_of(fund, tree, by=person, files=files, message=message)
    return knock(fund)


def blob(fund: Fund, content: bytes = b"x") -> str:
    return fund.sim.write("blob", content)


# Fetches that fail.


def records(station: Station) -> list[str]:
    """The code of everything that could not be had."""
    return [body["code"] for body in station.bodies("head.refused")]


def objects(station: Station) -> set[Path]:
    return {path for path in (station.mirror / "objects").rglob("*") if path.is_file()}


def test_a_failed_fetch_persisted_and_later_trusted(station: Station, fund: Fund) -> None:
    """Nothing of it is kept, not even as something one has; what comes next is whole or nothing."""
    controller = station.start()
    controller.tick()
    before, known = objects(station), station.published()
    first = fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    second = fund.change(stop(fund), by="olga")
    lost = fund.sim.object_path(first)
    kept = lost.read_bytes()
    lost.unlink()
    for _ in range(2):
        assert controller.tick() == ()
        assert set(records(station)) == {"FETCH_FAILED"}
        assert objects(station) == before
        assert station.reader() == known
    # The forge mends itself, with less: what failed before is no reason to believe it.
    fund.sim.point(MAIN, fund.introduction)
    assert controller.tick() == ()
    lost.write_bytes(kept)
    fund.sim.point(MAIN, second)
    assert [step.verdict for step in controller.tick()] == ["tightened", "tightened"]
    assert halted(station.reader().policy)
    assert capital(station.reader().policy) == 1


@pytest.mark.xfail(reason="what a forge says is compared word for word", strict=True)
def test_a_failed_fetch_that_is_told_otherwise_each_time_fills_no_journal(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side writes the complaint; a record for each poll is a record every second."""
    controller = station.start()
    controller.tick()
    told = iter(range(100))

    def fail(*_: object, **__: object) -> dict[str, str]:
        said = f"git fetch failed: remote: request {next(told)}"
        raise UnavailableError(said, code="FETCH_FAILED", place=station.remote)

    monkeypatch.setattr(Repository, "fetch_refs", fail)
    for _ in range(5):
        controller.tick()
    assert records(station) == ["FETCH_FAILED"]
    assert capital(station.reader().policy) == 1000


def test_a_failed_fetch_leaves_a_node_that_was_never_reached_without_a_policy(
    station: Station, fund: Fund
) -> None:
    station.remote = "/nowhere/governance.git"
    assert station.start().tick() == ()
    assert not (station.memory / "vault.json").exists()
    station.remote = str(fund.sim.path)
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert halted(station.reader().policy)


# What lies in trees.


TARGETS = [b"momentum-real.yaml", b"../../../personas/ares.yaml", b"/etc/passwd", b"", b"x" * 5000]


@pytest.mark.parametrize("target", TARGETS, ids=["beside", "above", "outside", "nothing", "far"])
@pytest.mark.parametrize(
    ("folder", "name"),
    [(VAULTS, b"momentum.yaml"), (VAULTS, b"other.yaml"), ("", b"authority.yaml"),
     (HERE.rstrip("/"), b"overlay.yaml"), ("ceilings", b"prod.yaml")],
)  # fmt: skip
def test_symlinked_yaml(fund: Fund, folder: str, name: bytes, target: bytes) -> None:
    answer = approved(fund, {folder: [(LINK, name, blob(fund, target))]})
    assert answer == ("refused", "SYMLINK", 1)
    assert name.decode() in answer.message
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("folder", ["", "environments", HERE.rstrip("/")])
def test_symlinked_yaml_by_the_folder_it_lies_in(fund: Fund, folder: str) -> None:
    name = {"": b"environments", "environments": b"prod", HERE.rstrip("/"): b"vaults"}[folder]
    answer = approved(fund, {folder: [(LINK, name, blob(fund, b"elsewhere"))]})
    assert answer == ("refused", "SYMLINK", 1)
    assert capital(answer.policy) == 1000


def test_symlinked_yaml_checked_in_by_git(fund: Fund, tmp_path: Path) -> None:
    """A link to a file outside, whose content would loosen everything, were it read."""
    (tmp_path / "loose.yaml").write_text(vault("momentum", capital=4999))
    ada = Clone(fund, "ada")
    (ada.path / MOMENTUM).unlink()
    (ada.path / MOMENTUM).symlink_to(tmp_path / "loose.yaml")
    ada.commit("Link\n")
    ada.push("HEAD:refs/heads/main")
    for repository in (fund.sim.path, ada.path):
        answer = knock(fund, repository)
        assert answer == ("refused", "SYMLINK", 1)
        assert capital(answer.policy) == 1000


@pytest.mark.parametrize("halt", ["main", "lane"])
def test_symlinked_yaml_keeps_no_halt_out(fund: Fund, halt: str) -> None:
    approved(fund, {"": [(LINK, b"authority.yaml", blob(fund, b"people.yaml"))]})
    ref = MAIN if halt == "main" else "refs/vanta/halts/stop"
    fund.change(stop(fund), by="olga", parents=[fund.sim.head()], ref=ref)
    assert halted(knock(fund).policy)


DOTS = [b"..", b".", b"../momentum.yaml", b"a/b.yaml", b"...", b"..\\x.yaml", b"/etc", b"x/"]


@pytest.mark.parametrize("name", DOTS, ids=str)
@pytest.mark.parametrize("kind", [FILE, FOLDER])
def test_dot_dot_slash_in_trees(fund: Fund, name: bytes, kind: str) -> None:
    content = vault("momentum", capital=4999).encode()
    oid = blob(fund, content) if kind == FILE else fund.sim.tree({"momentum.yaml": content})
    answer = approved(fund, {VAULTS: [(kind, name, oid)]})
    assert answer == ("refused", "BAD_NAME", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("name", ["../momentum", "..", "/etc/passwd", "a/../b", ".", "momentum/.."])
@pytest.mark.parametrize(
    ("path", "before"),
    [(MOMENTUM, "name: momentum"), (MOMENTUM, "persona: ares"), (AUTHORITY, "people: [olga]")],
)
def test_dot_dot_slash_in_documents(fund: Fund, path: str, before: str, name: str) -> None:
    text = str(fund.sim.files(fund.introduction)[path])
    after = before.replace(before.split(": ")[1].strip("[]"), name)
    fund.change({path: text.replace(before, after, 1)}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "INVALID_FIELD", 1)
    assert answer.message.startswith(path)


@pytest.mark.parametrize(
    ("where", "code"),
    [("HEAD", "BAD_REF"), ("refs/heads/main", "MALFORMED_REF"), ("packed-refs", "REF_MISSING")],
)
def test_dot_dot_slash_in_refs(fund: Fund, tmp_path: Path, where: str, code: str) -> None:
    """A ref that leads out of the repository, to a file that holds an id."""
    outside = tmp_path / "outside"
    outside.write_text(f"{fund.introduction}\n")
    (fund.sim.path / MAIN).unlink()
    text = {
        "HEAD": "ref: refs/heads/../../../outside\n",
        "refs/heads/main": "ref: ../../../outside\n",
        "packed-refs": f"{fund.introduction} refs/heads/x/../main\n",
    }[where]
    (fund.sim.path / where).write_text(text)
    assert knock(fund) == ("refused", code, 1)


def test_dot_dot_slash_in_the_lane(fund: Fund) -> None:
    """Only what lies in the lane is the lane's."""
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/heads/x")
    oid = fund.sim.head("refs/heads/x")
    (fund.sim.path / "packed-refs").write_text(
        f"{oid} refs/vanta/halts/../../heads/x\n{oid} refs/vanta/haltsx/y\n{oid} ../halts/z\n"
    )
    answer = knock(fund)
    assert answer == ("unchanged", None, 0)
    assert answer.told["lane"] == []


# Submodules and hooks.


@pytest.mark.parametrize(
    ("folder", "name"),
    [(VAULTS, b"momentum.yaml"), (VAULTS, b"vendor"), (HERE.rstrip("/"), b"halts"),
     ("", b"personas"), ("ceilings", b"x")],
)  # fmt: skip
def test_submodules(fund: Fund, folder: str, name: bytes) -> None:
    """Somebody else's repository decides what stands there, and nobody signed that."""
    answer = approved(fund, {folder: [(SUBMODULE, name, fund.introduction)]})
    assert answer == ("refused", "SUBMODULE", 1)
    assert capital(answer.policy) == 1000


def test_submodules_outside_what_is_governed_are_not_looked_for(
    fund: Fund, station: Station, canary: Path
) -> None:
    modules = f'[submodule "m"]\n\tpath = m\n\turl = ext::sh -c touch% {canary}\n'
    plants: dict[str, list[Entry]] = {
        "": [
            (SUBMODULE, b"m", "1" * 40),
            (FILE, b".gitmodules", blob(fund, modules.encode())),
        ]
    }
    assert approved(fund, plants) == ("applied", None, 0)
    station.start().tick()
    assert capital(station.reader().policy) == 2000
    assert not canary.exists()


HOOKS = ["post-checkout", "post-merge", "post-receive", "pre-auto-gc", "reference-transaction",
         "update", "pre-receive", "post-update", "fsmonitor-watchman", "post-index-change",
         "proc-receive", "push-to-checkout"]  # fmt: skip


def test_hooks(fund: Fund, station: Station, script: Path, canary: Path) -> None:
    """In the repository that is judged, in the one that is fetched from, and in the mirror."""
    station.start()
    for repository in (fund.sim.path, station.mirror):
        (repository / "hooks").mkdir(exist_ok=True)
        for name in HOOKS:
            shutil.copy2(script, repository / "hooks" / name)
    fund.change(stop(fund), by="olga")
    assert knock(fund) == ("tightened", None, 3)
    station.start().tick()
    assert halted(station.reader().policy)
    assert not canary.exists()


# Names.


GITS = [b".git", b".GIT", b".Git", b"git~1", b"GIT~1", b".git.", b".git ", b".git::$INDEX",
        ".g\u200cit".encode(), ".gi\u0307t".encode(), b".git\\x", b".gitmodules\n"]  # fmt: skip


@pytest.mark.parametrize("name", GITS, ids=ascii)
@pytest.mark.parametrize("kind", [FILE, FOLDER])
def test_git_like_names(fund: Fund, name: bytes, kind: str) -> None:
    oid = blob(fund) if kind == FILE else fund.sim.tree({"config": "[core]\n"})
    answer = approved(fund, {VAULTS: [(kind, name, oid)]})
    assert answer == ("refused", "BAD_NAME", 1)
    assert answer.message.isprintable()
    assert capital(answer.policy) == 1000


def test_git_like_names_outside_what_is_governed(fund: Fund, canary: Path) -> None:
    """Nothing is checked out, so nothing can be checked out over."""
    config = f"[core]\n\tfsmonitor = touch {canary}\n"
    plants: dict[str, list[Entry]] = {
        "": [(FOLDER, b".git", fund.sim.tree({"config": config, "HEAD": "ref: refs/heads/x\n"}))]
    }
    answer = approved(fund, plants)
    assert answer == ("applied", None, 0)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("folder", "name", "code"),
    [
        (VAULTS, b"MOMENTUM.yaml", "NAME_COLLISION"),
        (VAULTS, b"Momentum.YAML", "NAME_COLLISION"),
        ("", b"AUTHORITY.yaml", "NAME_COLLISION"),
        ("", b"Environments", "NAME_COLLISION"),
        ("", b"authority.yaml.", "BAD_NAME"),
        ("", b"authority.yaml ", "BAD_NAME"),
        ("environments", b"PROD", "NAME_COLLISION"),
        ("environments", b"prod.", "BAD_NAME"),
        ("", b"CEILINGS", "NAME_COLLISION"),
        (HERE.rstrip("/"), b"VAULTS", "NAME_COLLISION"),
    ],
)
def test_colliding_names(fund: Fund, folder: str, name: bytes, code: str) -> None:
    """On some file system one of the two hides the other; which, nobody approved."""
    answer = approved(fund, {folder: [(FILE, name, blob(fund))]})
    assert answer == ("refused", code, 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize(
    "entries",
    [
        lambda a, b: [(FILE, b"momentum.yaml", a), (FILE, b"momentum.yaml", b)],
        lambda a, b: [(FILE, b"momentum.yaml", a), (FILE, b"crypto.yaml", b)],
        lambda a, _: [(FILE, b"", a)],
        lambda a, _: [("100664", b"momentum.yaml", a)],
        lambda a, _: [("0100644", b"momentum.yaml", a)],
        lambda a, _: [("777", b"momentum.yaml", a)],
        lambda a, _: [(EXECUTABLE, b"momentum.yaml", a)],
    ],
    ids=["twice", "unsorted", "nameless", "odd mode", "padded mode", "short mode", "executable"],
)
def test_trees_that_git_never_writes(
    fund: Fund, entries: Callable[[str, str], list[Entry]]
) -> None:
    a, b = (blob(fund, vault("momentum", capital=c).encode()) for c in (1, 4999))
    tree = fund.sim.raw_tree(entries(a, b))
    answer = approved(fund, {HERE.rstrip("/"): [(FOLDER, b"vaults", tree)]})
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert answer.reason in {"MALFORMED_TREE", "BAD_MODE"}
    assert capital(answer.policy) == 1000
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)


# Remotes.


URLS = ["ext::sh -c touch% {canary}", "ext::{script}", "fd::7", "--upload-pack=touch {canary}",
        "-u touch {canary}", "file://{repository}", "{repository}/../x", "{repository}\n",
        "ssh://-oProxyCommand=touch%20{canary}/x", "git://localhost/x", "http://localhost/x",
        "$(touch {canary})", "`touch {canary}`", "{repository}; touch {canary}", ""]  # fmt: skip


def test_ext_urls_and_option_injection(
    station: Station, fund: Fund, script: Path, canary: Path
) -> None:
    """A node's configuration names its remote; nothing but three plain forms is one."""
    said = {"canary": canary, "script": script, "repository": fund.sim.path}
    for url in URLS:
        station.remote = url.format(**said)
        assert station.start().tick() == ()
        assert not (station.memory / "vault.json").exists()
    assert records(station) == ["BAD_URL"] * len(URLS)
    assert not canary.exists()
    station.remote = str(fund.sim.path)
    station.start().tick()
    assert capital(station.reader().policy) == 1000


def test_ext_urls_and_option_injection_at_the_door(
    fund: Fund, script: Path, canary: Path, tmp_path: Path
) -> None:
    """What it is given is a folder or nothing; a bundle and a URL are nothing."""
    bundle = tmp_path / "b.bundle"
    fund.sim.git("bundle", "create", "-q", str(bundle), "main")
    said = {"canary": canary, "script": script, "repository": fund.sim.path}
    places = [url.format(**said) for url in URLS if not url.startswith("-")]
    for place in [*places[:-1], str(bundle), "https://forge.example.org/x"]:
        if Path(place).is_dir():
            continue
        answer = knock(fund, Path(place))
        assert answer == ("refused", "NO_REPOSITORY", 1)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("branch", "code"),
    [
        ("--upload-pack=x", "REF_MISSING"),
        ("+main", "REF_MISSING"),
        ("../main", "BAD_REF"),
        ("main:refs/heads/x", "BAD_REF"),
        ("main\n", "BAD_REF"),
        ("", "BAD_REF"),
    ],
)
def test_option_injection_by_the_name_of_the_branch(
    fund: Fund, tmp_path: Path, branch: str, code: str
) -> None:
    with Repository.create(tmp_path / "mirror.git") as mirror:
        found = Fetcher(mirror, Source(str(fund.sim.path), branch)).fetch()
    assert isinstance(found.head, VantaError)
    assert found.head.code == code


def test_local_clone_links(fund: Fund, station: Station, tmp_path: Path) -> None:
    """Links among the objects of the other side lead to files of ours, and bring none of them."""
    secret = tmp_path / "secret"
    secret.write_text("the key")
    head = fund.change(LOOSER, by="ada")
    path = fund.sim.object_path(head)
    for target in (secret, Path("/etc/passwd"), path):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        controller = station.start()
        assert controller.tick() == ()
        held = b"".join(file.read_bytes() for file in objects(station))
        assert b"the key" not in held
        assert not any(each.is_symlink() for each in station.mirror.rglob("*"))
        answer = knock(fund)
        assert answer.verdict == "refused"
        assert answer.reason in {"CORRUPT_OBJECT", "MISSING_OBJECT"}


def test_local_clone_links_share_no_bytes_with_the_mirror(fund: Fund, station: Station) -> None:
    """Whoever writes over the other side's files later changes nothing of ours."""
    fund.change(stop(fund), by="olga")
    station.start().tick()
    for ours in objects(station):
        assert ours.stat().st_nlink == 1
    for theirs in (fund.sim.path / "objects").rglob("*"):
        if theirs.is_file():
            theirs.write_bytes(b"")
    station.start().tick()
    assert halted(station.reader().policy)


def test_alternates_lend_objects_and_no_trust(fund: Fund, tmp_path: Path) -> None:
    """Objects of another store are the same objects, or not what was asked for."""
    fund.change(stop(fund), by="olga")
    bare = tmp_path / "bare.git"
    run_git(["clone", "-q", "--bare", "--shared", str(fund.sim.path), str(bare)], home=tmp_path)
    assert knock(fund, bare) == ("tightened", None, 3)
    (bare / "objects" / "info" / "alternates").write_text("/nowhere\n" * 100 + "../objects\n")
    assert knock(fund, bare) == ("refused", "MISSING_OBJECT", 1)


# Configuration.


def configuration(script: Path) -> str:
    """Every setting of Git's that runs a program or rewrites a file, as far as one knows them."""
    return f"""
[core]
	fsmonitor = {script}
	hooksPath = {script.parent}
	sshCommand = {script}
	gitProxy = {script}
	askPass = {script}
	editor = {script}
	pager = {script}
	alternateRefsCommand = {script}
	attributesFile = {script.parent}/attributes
	autocrlf = true
	eol = crlf
	useReplaceRefs = true
	worktree = {script.parent}
	bigFileThreshold = 1
[credential]
	helper = !{script}
[filter "lfs"]
	process = {script}
	smudge = {script} %f
	clean = {script} %f
	required = true
[diff]
	external = {script}
[diff "x"]
	textconv = {script}
	command = {script}
[merge "x"]
	driver = {script} %O %A %B
[gpg]
	program = {script}
	format = ssh
[gpg "ssh"]
	program = {script}
	defaultKeyCommand = {script}
	allowedSignersFile = {script.parent}/signers
[uploadpack]
	packObjectsHook = {script}
[transfer]
	fsckObjects = true
	hideRefs = refs/heads
[remote "origin"]
	url = ext::{script}
	promisor = true
	partialclonefilter = blob:none
	uploadpack = {script}
	vcs = x
[url "ext::{script} "]
	insteadOf = /
[protocol]
	allow = always
[include]
	path = {script.parent}/more
[alias]
	cat-file = !{script}
	fetch = !{script}
[extensions]
	partialClone = origin
	worktreeConfig = true
[fetch]
	fsckObjects = true
	recurseSubmodules = true
[submodule]
	recurse = true
[gc]
	auto = 1
[safe]
	directory = *
[init]
	templateDir = {script.parent}
[trace2]
	eventTarget = {script.parent}/trace
"""


ATTRIBUTES = "* text eol=crlf filter=lfs diff=x merge=x ident working-tree-encoding=UTF-16\n"


def test_repo_config_filters_lfs_fsmonitor_credential_helpers(
    fund: Fund, station: Station, script: Path, canary: Path
) -> None:
    """Set in the repository, in the one fetched from and in the mirror: as if it were not."""
    fund.change({**stop(fund), ".gitattributes": ATTRIBUTES, ".lfsconfig": "[lfs]\n"}, by="olga")
    expected = knock(fund)
    station.start()
    # What the other side hides is its own to say.
    said = configuration(script).replace("hideRefs = refs/heads", "")
    said = said.replace(f"worktree = {script.parent}", "")
    for repository in (fund.sim.path, station.mirror):
        with (repository / "config").open("a") as config:
            config.write(said)
        (repository / "info").mkdir(exist_ok=True)
        (repository / "info" / "attributes").write_text(ATTRIBUTES)
        (repository / "config.worktree").write_text(said)
    # What is included includes nothing more: Git itself gives up on a circle.
    (script.parent / "more").write_text(said.replace("[include]", "[excluded]"))
    (script.parent / "attributes").write_text(ATTRIBUTES)
    assert knock(fund) == expected == ("tightened", None, 3)
    station.start().tick()
    assert halted(station.reader().policy)
    assert not canary.exists()
    assert not (script.parent / "trace").exists()


def test_git_variables_of_whoever_calls(
    fund: Fund, tmp_path: Path, script: Path, canary: Path
) -> None:
    """The door's caller may have been set up by anybody; Git hears only what we tell it."""
    fund.change(stop(fund), by="olga")
    other = RepositorySimulator(tmp_path, "other.git")
    variables = {
        "GIT_DIR": str(other.path),
        "GIT_OBJECT_DIRECTORY": str(other.path / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(tmp_path),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(script),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "more"),
        "GIT_CONFIG_PARAMETERS": f"'core.pager'='{script}'",
        "GIT_EXTERNAL_DIFF": str(script),
        "GIT_SSH_COMMAND": str(script),
        "GIT_ASKPASS": str(script),
        "GIT_PROXY_COMMAND": str(script),
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_REPLACE_REF_BASE": "refs/heads/",
        "GIT_SHALLOW_FILE": str(tmp_path / "shallow"),
        "GIT_GRAFT_FILE": str(tmp_path / "grafts"),
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_TEMPLATE_DIR": str(tmp_path),
        "LD_PRELOAD": "",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    (tmp_path / "more").write_text(configuration(script))
    (tmp_path / ".gitconfig").write_text(configuration(script))
    answer = call(arguments(fund.sim.path, pin(fund), now=fund.now), **variables)
    assert answer == ("tightened", None, 3)
    assert halted(answer.policy)
    assert not canary.exists()
    assert not (tmp_path / "trace").exists()


LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1000\n"


@pytest.mark.parametrize("path", [MOMENTUM, AUTHORITY, OVERLAY, CEILING])
def test_lfs_pointers_are_not_followed(fund: Fund, path: str) -> None:
    fund.change({path: LFS, ".gitattributes": "*.yaml filter=lfs\n"}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("refused", "UNKNOWN_KIND", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("where", [".gitattributes", "info/attributes", f"{HALTS}/.gitattributes"])
def test_export_ignore_and_eol_rewriting(fund: Fund, tmp_path: Path, where: str) -> None:
    """What `git archive` leaves out of a tarball, and what a checkout would rewrite, is read."""
    lines = "*.yaml export-ignore text eol=crlf ident\nhalts export-ignore\n"
    changes: dict[str, Content | None] = {**stop(fund)}
    if where == "info/attributes":
        (fund.sim.path / "info").mkdir(exist_ok=True)
        (fund.sim.path / where).write_text(lines)
    elif where == ".gitattributes":
        changes[where] = lines
    else:
        changes[where] = lines
    fund.change(changes, by="olga")
    archive = tmp_path / "tree.tar"
    fund.sim.git("archive", "-o", str(archive), "main")
    listed = subprocess.run(["tar", "tf", archive], capture_output=True, text=True, check=True)
    assert fund.halt("stop") not in listed.stdout
    answer = knock(fund)
    assert halted(answer.policy)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)


def test_eol_rewriting_changes_what_is_approved(fund: Fund) -> None:
    """The same text with other line ends is other bytes, which nobody approved and nobody reads."""
    fund.change(LOOSER, by="ada", approve=True)
    text = str(LOOSER[MOMENTUM]).replace("\n", "\r\n")
    fund.change({MOMENTUM: text}, by="grace", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "HIDDEN_CHARACTER", 1)
    assert capital(answer.policy) == 1000


# What is huge, or never ends.


@pytest.mark.parametrize(
    ("path", "size"), [(MOMENTUM, 300_000), (MOMENTUM, 1_100_000), (f"{VAULTS}/x.yaml", 5_000_000)]
)
def test_huge_blobs(fund: Fund, path: str, size: int) -> None:
    fund.change({path: b"#" * size}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "YAML_TOO_LARGE" if size < 1_000_000 else "OBJECT_TOO_LARGE", 1)
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)


def test_huge_commits(fund: Fund) -> None:
    """A message beyond the bound cannot be walked through, and the lane is heard all the same."""
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    fund.sim.commit(signer=fund.person("ada"), message="x" * 1_100_000)
    answer = knock(fund)
    assert answer == ("tightened", "OBJECT_TOO_LARGE", 3)
    assert halted(answer.policy)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("width", [10, 1_000])
def test_huge_trees_that_are_small_to_push(fund: Fund, width: int) -> None:
    """Ten levels of one folder beside itself: a few objects, ten thousand million files."""
    tree = fund.sim.tree({"a.yaml": "x"})
    for _ in range(10):
        tree = fund.sim.raw_tree([(FOLDER, b"d%04d" % n, tree) for n in range(width)])
    began = time.monotonic()
    answer = approved(fund, {HERE.rstrip("/"): [(FOLDER, b"zz", tree)]})
    assert answer == ("refused", "TOO_MANY_FILES", 1)
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)
    assert time.monotonic() - began < 20


def test_huge_depth(fund: Fund) -> None:
    tree = fund.sim.tree({"a.yaml": "x"})
    for _ in range(3_000):
        tree = fund.sim.raw_tree([(FOLDER, b"d", tree)])
    answer = approved(fund, {VAULTS: [(FOLDER, b"d", tree)]})
    assert answer == ("refused", "TOO_DEEP", 1)


def test_huge_numbers_of_parents(fund: Fund) -> None:
    """An octopus with a thousand arms, each of them somebody's signature."""
    base = fund.introduction
    arms = [
        fund.change({"README.md": f"{n}\n"}, by="carol", parents=[base], ref=None)
        for n in range(300)
    ]
    halt = fund.change(stop(fund), by="olga", parents=[base], ref=None)
    fund.tree(fund.sim.files(base), by=None, parents=[base, *arms, halt])
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    assert halted(answer.policy)


def test_huge_packs(fund: Fund, station: Station) -> None:
    """Beyond the bound nothing of it is kept; what is in force stays, and so does the lane."""
    bounds = Bounds(fetch_bytes=200_000)
    station.start(bounds=bounds).tick()
    before = objects(station)
    fund.change({"noise": os.urandom(300_000)}, by=None)
    halt = fund.change(
        stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop"
    )
    controller = station.start(bounds=bounds)
    controller.tick()
    assert "FETCH_TOO_LARGE" in records(station)
    assert halted(station.reader().policy)
    assert controller.memory.state is not None
    assert halt in controller.memory.state.lane
    assert sum(path.stat().st_size for path in objects(station) - before) < 100_000


def test_huge_numbers_of_objects(fund: Fund, station: Station) -> None:
    bounds = Bounds(fetch_objects=200)
    station.start(bounds=bounds).tick()
    fund.change({f"noise/{n}": f"{n}" for n in range(300)}, by=None)
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    station.start(bounds=bounds).tick()
    assert "TOO_MANY_OBJECTS" in records(station)
    assert halted(station.reader().policy)


def test_huge_numbers_of_refs(fund: Fund, station: Station) -> None:
    """Branches and tags by the thousand are not asked for; refs of the lane are counted."""
    lines = [f"{fund.introduction} refs/heads/junk-{n:05d}\n" for n in range(20_000)]
    lines += [f"{fund.introduction} refs/tags/junk-{n:05d}\n" for n in range(20_000)]
    (fund.sim.path / "packed-refs").write_text("".join(sorted(lines)))
    fund.change(stop(fund), by="olga")
    assert knock(fund) == ("tightened", None, 3)
    station.start().tick()
    assert records(station) == []
    assert halted(station.reader().policy)


def flooded(fund: Fund, number: int) -> None:
    """Refs of the lane that anybody may push, before and after an honest one."""
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    lines = [
        f"{fund.introduction} refs/vanta/halts/{'a' if n % 2 else 'z'}-{n:05d}\n"
        for n in range(number)
    ]
    (fund.sim.path / "packed-refs").write_text("".join(sorted(lines)))


def test_huge_numbers_of_refs_in_the_lane_at_the_door(fund: Fund) -> None:
    flooded(fund, 3_000)
    answer = knock(fund)
    assert answer == ("tightened", "HALTED", 3)
    assert halted(answer.policy)


FEW = Bounds(refs_per_fetch=20)


def test_huge_numbers_of_refs_in_the_lane_hold_the_main_line_back_for_nobody(
    fund: Fund, station: Station
) -> None:
    station.start(bounds=FEW).tick()
    flooded(fund, 60)
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    station.start(bounds=FEW).tick()
    assert "TOO_MANY_REFS" in records(station)
    assert capital(station.reader().policy) == 1


@pytest.mark.xfail(reason="beyond the bound on refs the lane is not heard at all", strict=True)
def test_huge_numbers_of_refs_in_the_lane_hide_no_halt(fund: Fund, station: Station) -> None:
    station.start(bounds=FEW).tick()
    flooded(fund, 60)
    controller = station.start(bounds=FEW)
    for _ in range(5):
        controller.tick()
    assert halted(station.reader().policy)


@pytest.mark.xfail(reason="the lane is fetched together or not at all", strict=True)
def test_a_huge_ref_in_the_lane_hides_no_halt_beside_it(fund: Fund, station: Station) -> None:
    """One push that is too much to fetch, to a ref of its own."""
    bounds = Bounds(fetch_bytes=200_000)
    station.start(bounds=bounds).tick()
    fund.change(
        {"noise": os.urandom(300_000)},
        by=None, parents=[fund.introduction], ref="refs/vanta/halts/a-noise",
    )  # fmt: skip
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    controller = station.start(bounds=bounds)
    for _ in range(3):
        controller.tick()
    assert "FETCH_TOO_LARGE" in records(station)
    assert halted(station.reader().policy)


@pytest.mark.timeout(30)
def test_slow_servers(fund: Fund, station: Station) -> None:
    """Refs that are a pipe nobody fills: the other side never answers, and nobody waits long."""
    bounds = Bounds(fetch_seconds=0.5)
    station.start(bounds=bounds).tick()
    fund.change(stop(fund), by="olga")
    kept = (fund.sim.path / MAIN).read_text()
    os.mkfifo(fund.sim.path / "packed-refs")
    controller = station.start(bounds=bounds)
    began = time.monotonic()
    assert controller.tick() == ()
    assert time.monotonic() - began < 10
    assert records(station) == ["FETCH_TIMEOUT"]
    assert capital(station.reader().policy) == 1000
    (fund.sim.path / "packed-refs").unlink()
    assert (fund.sim.path / MAIN).read_text() == kept
    controller.tick()
    assert halted(station.reader().policy)


@pytest.mark.timeout(60)
def test_objects_that_never_end(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe in the place of an object: the door waits as long as for any other, and no longer."""
    monkeypatch.setattr(Bounds.__init__, "__defaults__", _impatient(Bounds.__init__.__defaults__))
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    head = fund.change(LOOSER, by="ada")
    fund.sim.remove(head)
    os.mkfifo(fund.sim.object_path(head))
    answer = knock(fund)
    assert answer == ("tightened", "GIT_STALLED", 3)
    assert halted(answer.policy)


def _impatient(defaults: tuple[object, ...] | None) -> tuple[object, ...]:
    assert defaults
    return tuple(0.3 if each == Bounds().read_seconds else each for each in defaults)


def test_a_mirror_whose_objects_hold_other_bytes_is_fetched_again(
    fund: Fund, station: Station
) -> None:
    """Somebody wrote a looser policy under the id of a file: noticed, refused, and made whole."""
    station.start().tick()
    head = fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    wrong = fund.sim.object_path(blob(fund, vault("momentum", capital=4999).encode()))
    right = fund.sim.object_path(blob(fund, vault("momentum", capital=1).encode()))
    controller = station.start()
    controller.fetcher.fetch()
    planted_at = station.mirror / right.relative_to(fund.sim.path)
    planted_at.chmod(0o644)
    planted_at.write_bytes(wrong.read_bytes())
    for _ in range(3):
        controller.tick()
    assert "OBJECT_MISMATCH" in records(station)
    assert capital(station.reader().policy) == 1
    assert controller.memory.state is not None
    assert controller.memory.state.anchor == head


@pytest.mark.xfail(reason="a fetch that fails over the mirror's own damage is not tried afresh",
                   strict=True)  # fmt: skip
def test_a_mirror_with_an_empty_object_hears_the_next_halt(fund: Fund, station: Station) -> None:
    """As a crash of the machine leaves one behind."""
    station.start().tick()
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    station.start().tick()
    for path in objects(station):
        path.chmod(0o644)
        path.write_bytes(b"")
    fund.change(stop(fund), by="olga")
    controller = station.start()
    for _ in range(5):
        controller.tick()
    assert halted(station.reader().policy)
