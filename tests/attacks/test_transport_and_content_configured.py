"""Transport and content: Git does nothing but hand over bytes, whatever it was told to do."""

import shutil
from pathlib import Path

from tests.attacks.changes import LOOSER, stop
from tests.attacks.door import arguments, call, knock, pin
from tests.attacks.planting import (
    FILE,
    SUBMODULE,
    Entry,
    approved_by_two,
)
from tests.governance.fund import (
    Fund,
    capital,
    halted,
)
from tests.governance.simulator import RepositorySimulator
from tests.governance.station import Station

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


# Submodules and hooks.


def test_submodules_outside_what_is_governed_are_not_looked_for(
    fund: Fund, station: Station, canary: Path
) -> None:
    modules = f'[submodule "m"]\n\tpath = m\n\turl = ext::sh -c touch% {canary}\n'
    plants: dict[str, list[Entry]] = {
        "": [
            (SUBMODULE, b"m", "1" * 40),
            (FILE, b".gitmodules", fund.sim.write("blob", modules.encode())),
        ]
    }
    approved_by_two(fund, {**fund.sim.files(fund.introduction), **LOOSER}, plants)
    assert knock(fund) == ("applied", None, 0)
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
