"""What a forge's merge button would make: the merge of a branch, before anybody makes it.

The merge is a real commit, in a repository of its own that borrows the clone's objects and goes
away again. Nobody signs it, as nobody whom the nodes know signs a forge's.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vanta.domain.errors import UnavailableError
from vanta.governance import layout
from vanta.governance.bounds import Bounds
from vanta.governance.git_process import command, environment, skeleton
from vanta.governance.repository import Repository

_KEPT = "refs/vanta"
_SECONDS = 60
_CONFLICTS = 20
_IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "would-be merge"), ("EMAIL", "nobody@invalid"))
}


@dataclass(frozen=True)
class WouldBe:
    """A merge that could be.

    Attributes:
        repository: where it lies, for as long as the context is open.
        merge: its commit; the base itself when the head is merged already, and empty when the
            two cannot be merged without somebody's choice.
        moved: how many commits the base has that the head has not; 0 means that the merge has
            exactly the head's tree.
        merged: whether the head is in the base already.
        conflicts: paths that need somebody's choice.
    """

    repository: Path
    merge: str
    moved: int
    merged: bool
    conflicts: tuple[str, ...] = ()


@contextmanager
def would_be_merge(clone: Path, base: str, head: str) -> Iterator[WouldBe]:
    """The merge of `head` into `base`.

    Args:
        clone: a repository that holds both.
        base: full id of the commit the governed branch is at.
        head: full id of the commit to merge.

    Raises:
        UnavailableError: a commit is missing, or Git is too old to merge without a working tree.
    """
    found = layout.find(clone)
    with tempfile.TemporaryDirectory(prefix="vanta-merge-") as folder:
        git_dir = Path(folder)
        skeleton(git_dir, found.object_format)
        (git_dir / "objects" / "info").mkdir()
        (git_dir / "objects" / "info" / "alternates").write_text(f"{found.objects}\n")
        kept = layout.refs(found, _KEPT)
        (git_dir / "packed-refs").write_text("".join(f"{oid} {ref}\n" for ref, oid in kept.items()))
        with Repository(clone) as opened:
            graph = opened.graph
            moved = len(graph.new_commits(base, head))
            merged = not graph.new_commits(head, base)
        if merged:
            yield WouldBe(git_dir, base, moved, merged=True)
            return
        tree, conflicts = _tree(git_dir, base, head)
        merge = "" if conflicts else _commit(git_dir, tree, base, head)
        yield WouldBe(git_dir, merge, moved, merged=False, conflicts=conflicts)


def _tree(git_dir: Path, base: str, head: str) -> tuple[str, tuple[str, ...]]:
    """The tree of the merge, or the paths in conflict."""
    done = _git(git_dir, ["merge-tree", "--write-tree", "--name-only", "--no-messages", base, head])
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode == 0 and len(lines) == 1:
        return lines[0], ()
    if done.returncode == 1 and lines:
        return "", tuple(lines[1 : 1 + _CONFLICTS])
    raise _failed("merge-tree", done)


def _commit(git_dir: Path, tree: str, base: str, head: str) -> str:
    done = _git(git_dir, ["commit-tree", tree, "-p", base, "-p", head, "-m", "Would be"])
    if done.returncode:
        raise _failed("commit-tree", done)
    return done.stdout.decode("ascii", "replace").strip()


def _git(git_dir: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            command(arguments, bounds=Bounds()),
            env={**environment(git_dir, git_dir / "objects"), **_IDENTITY},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            cwd=git_dir,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"git {arguments[0]} took longer than {_SECONDS} s", code="GIT_FAILED"
        ) from error


def _failed(verb: str, done: "subprocess.CompletedProcess[bytes]") -> UnavailableError:
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    remedy = "install Git 2.38 or newer" if any("usage" in line for line in said) else ""
    return UnavailableError(
        f"git {verb}: {said[-1][:200] if said else 'no reason given'}",
        code="GIT_FAILED",
        remedy=remedy,
    )
