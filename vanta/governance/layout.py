"""Where a repository on disk keeps its objects and refs, read without running Git.

A repository that is to be verified may belong to anybody: its configuration is not read beyond
the one word that says which hash its ids are made with.
"""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.governance.commits import is_oid

_OBJECT_FORMAT = re.compile(
    # Blanks of one line each: over a file of newlines, `\s` would take for ever.
    r"^[ \t]*objectformat[ \t]*=[ \t]*\"?(sha1|sha256)\b",
    re.IGNORECASE | re.MULTILINE,
)
_REF = re.compile(r"refs(?:/(?!\.)[A-Za-z0-9._+@=,-]{1,200}(?<!\.)(?<!\.lock))+\Z")
_SYMBOLIC = "ref: "
_MAX_CONFIG = 1024 * 1024
_MAX_REF = 4096
_SHOWN_PATH = 200
_MAX_PACKED_REFS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a repository: its own folder (a worktree's, maybe), and what is shared."""

    git_dir: Path
    common: Path

    @property
    def objects(self) -> Path:
        """The object store."""
        return self.common / "objects"

    @property
    def object_format(self) -> str:
        """`sha1` or `sha256`; a wrong claim makes every id unreadable and nothing else."""
        match = _OBJECT_FORMAT.search(_text(self.common / "config", _MAX_CONFIG))
        return match[1].lower() if match else "sha1"


def find(path: Path) -> Layout:
    """The repository at `path`: bare, or with a `.git` folder or (in a worktree) file.

    Raises:
        UnavailableError: codes `NO_REPOSITORY`, `UNREADABLE`.
    """
    git_dir = path
    dot_git = path / ".git"
    if _is(Path.is_dir, dot_git):
        git_dir = dot_git
    elif _is(Path.is_file, dot_git):
        git_dir = path / _text(dot_git, _MAX_CONFIG).removeprefix("gitdir: ").strip()
    common = git_dir
    if _is(Path.is_file, git_dir / "commondir"):
        common = git_dir / _text(git_dir / "commondir", _MAX_CONFIG).strip()
    if not _is(Path.is_dir, common / "objects") or not _is(Path.is_file, git_dir / "HEAD"):
        raise UnavailableError(
            "no Git repository is here",
            code="NO_REPOSITORY",
            place=str(path),
            remedy="name the folder that holds .git, or a bare repository",
        )
    return Layout(git_dir.resolve(), common.resolve())


def is_ref(name: str) -> bool:
    """Whether `name` is a full ref name such as `refs/heads/main`, of plain letters."""
    return _REF.match(name) is not None and ".." not in name and "@{" not in name


def check_ref(ref: str) -> str:
    """`ref`, if it is a full ref name such as `refs/heads/main`.

    Raises:
        RefusedError: code `BAD_REF`.
    """
    if not is_ref(ref):
        raise RefusedError(
            f"{ref[:100]!r} is not a full ref name",
            code="BAD_REF",
            remedy="write it like refs/heads/main",
        )
    return ref


def resolve(layout: Layout, ref: str) -> str:
    """The object id a ref points to; `HEAD` is followed one step.

    Raises:
        RefusedError: code `BAD_REF`.
        UnavailableError: code `REF_MISSING`.
        MalformedError: code `MALFORMED_REF`.
    """
    if ref == "HEAD":
        value = _text(layout.git_dir / "HEAD", _MAX_CONFIG).strip()
        if not value.startswith(_SYMBOLIC):
            return _oid(value, ref)
        ref = value.removeprefix(_SYMBOLIC)
    loose = layout.common / check_ref(ref)
    if _is(Path.is_file, loose):
        return _oid(_text(loose, _MAX_CONFIG).strip(), ref)
    try:
        return _packed(layout)[ref]
    except KeyError as error:
        raise UnavailableError(
            "no such ref", code="REF_MISSING", place=ref, remedy="git branch -a lists what there is"
        ) from error


def refs(layout: Layout, prefix: str) -> dict[str, str]:
    """Every ref under `prefix` (such as `refs/vanta/halts`) with its object id, by name.

    A ref whose name or content is not well-formed is left out: it cannot hide its neighbours.
    """
    check_ref(prefix)
    found = {name: oid for name, oid in _packed(layout).items() if name.startswith(f"{prefix}/")}
    for path in (layout.common / prefix).rglob("*"):
        name = path.relative_to(layout.common).as_posix()
        if not _REF.match(name):
            continue
        try:
            value = _text(path, _MAX_REF).strip()
        except (UnavailableError, RefusedError):
            continue
        if is_oid(value):
            found[name] = value
    return dict(sorted(found.items()))


def _packed(layout: Layout) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _text(layout.common / "packed-refs", _MAX_PACKED_REFS).splitlines():
        oid, _, name = line.partition(" ")
        if is_oid(oid) and _REF.match(name):
            found[name] = oid
    return found


def _oid(value: str, ref: str) -> str:
    if not is_oid(value):
        raise MalformedError("the ref does not hold an object id", code="MALFORMED_REF", place=ref)
    return value


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """Whether `path` is of a kind; what pathlib cannot tell is an error with a place."""
    try:
        return kind(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or "") from error


def _text(path: Path, limit: int) -> str:
    """A small file's text; empty when there is none."""
    try:
        # Not waiting: where a file should be, somebody may have put a pipe that nobody fills.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise _unreadable(path, error.strerror or "") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unreadable(path, "not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise RefusedError(f"larger than {limit} bytes", code="FILE_TOO_LARGE", place=str(path))
    return data.decode("utf-8", "replace")


def _unreadable(path: Path, why: str) -> UnavailableError:
    return UnavailableError(
        f"cannot be read ({why})", code="UNREADABLE", place=str(path)[:_SHOWN_PATH]
    )
