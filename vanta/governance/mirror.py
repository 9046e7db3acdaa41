"""A mirror on the disk: made, mended, and put in the place of one that something happened to.

Nothing in it is worth keeping but objects, which are fetched again wherever they are missing.
"""

import contextlib
import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vanta.domain.errors import UnavailableError
from vanta.governance.git_process import skeleton

_FRESH = ".fresh-"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_FOLDERS = ("objects", "refs")
_FILES = ("HEAD", "config")


@contextlib.contextmanager
def usable(place: Path) -> Iterator[None]:
    """Say of what the disk refuses whose it is, and what to do.

    Raises:
        UnavailableError: code `MIRROR_UNUSABLE`.
    """
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"what is fetched cannot be kept here ({error.strerror or error})",
            code="MIRROR_UNUSABLE",
            place=str(place),
            remedy="make room, and let this service's user own it; or remove it",
        ) from error


def make(path: Path, object_format: str) -> None:
    """Make an empty mirror, or what is missing for one that has objects.

    Raises:
        OSError: the disk refuses.
    """
    if os.path.lexists(path) and not path.is_dir():
        _set_aside(path)
    for name in (*_FOLDERS, *_FILES):
        part = path / name
        sound = part.is_dir() if name in _FOLDERS else _is_text(part)
        if os.path.lexists(part) and not sound:
            _set_aside(part)
    if not all((path / name).exists() for name in (*_FOLDERS, *_FILES)):
        skeleton(path, object_format)


def beside(path: Path) -> Path:
    """A place for another mirror beside this one, which `sweep` finds if it is left there."""
    return path.with_name(f"{path.name}{_FRESH}{os.urandom(4).hex()}")


def sweep(path: Path) -> None:
    """Remove what a crash left beside a mirror."""
    for left in path.parent.glob(f"{path.name}{_FRESH}*"):
        remove(left)


def remove(path: Path) -> None:
    """Remove a mirror, as far as that can be done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def exchange(one: Path, other: Path) -> None:
    """Put each of two in the other's place, at one instant where the disk can.

    Args:
        one: which may be gone.
        other: a folder.

    Raises:
        OSError: the disk refuses; both are where they were.
    """
    if not os.path.lexists(one):
        other.rename(one)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    names = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if libc.renameat2(*names, _RENAME_EXCHANGE) == 0:
        return
    code = ctypes.get_errno()
    if code not in {errno.EINVAL, errno.ENOSYS, errno.EXDEV}:
        raise OSError(code, os.strerror(code), str(one))
    between = other.with_name(f"{other.name}.old")
    one.rename(between)
    try:
        other.rename(one)
    except OSError:
        between.rename(one)
        raise
    between.rename(other)


def _is_text(path: Path) -> bool:
    try:
        return path.is_file() and bool(path.read_bytes())
    except OSError:
        return False


def _set_aside(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.damaged-{os.urandom(4).hex()}"))
