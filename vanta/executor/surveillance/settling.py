"""Mismatches that a person has looked into: a file each in `run/settle/`, named by the mismatch.

Asking is all that anybody else does: the comparison is the only writer of its journal. The file
holds the reason, and who asked is its owner.
"""

import contextlib
import os
import pwd
import re
from pathlib import Path

from vanta.executor.surveillance.mismatch import MismatchSettled, Standing

_MISMATCH = re.compile(r"mis_[0-9a-f]{32}\Z")
_LONGEST = 500
_AT_ONCE = 64
_FOLDER = 0o770


def folder_of(run: Path) -> Path:
    """Where the files lie, below the node's `run`."""
    return run / "settle"


def ask(run: Path, mismatch: str, why: str) -> None:
    """Ask for a mismatch to be settled; again is nothing.

    Raises:
        OSError: no comparison ever ran here, or one may not ask it.
    """
    draft = folder_of(run) / f".{mismatch}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(draft, flags, 0o640), "wb") as file:
        file.write(why.encode()[:_LONGEST])
    draft.replace(folder_of(run) / mismatch)


class Settlements:
    """The comparison's side."""

    def __init__(self, run: Path) -> None:
        self._folder = folder_of(run)
        with contextlib.suppress(OSError):
            # Who has no such folder cannot be asked, and compares all the same.
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(_FOLDER)

    def take(self, standing: Standing, now: int) -> list[MismatchSettled]:
        """What was asked for and stands; of what does not stand the file goes."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names only
        except OSError:
            return []
        asked = sorted(name for name in names if _MISMATCH.match(name))[:_AT_ONCE]
        found = []
        for name in asked:
            if name not in standing.found:
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink()
            elif (told := _read(self._folder / name)) is not None:
                found.append(MismatchSettled(name, *told, now))
        return found


def _read(path: Path) -> tuple[str, str] | None:
    """Who asked, and why; None for what is no plain file with a reason in it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            uid = os.fstat(fd).st_uid
            # Of a pipe that somebody holds open it reads nothing at all.
            why = (file.read(_LONGEST) or b"").decode("utf-8", "replace").strip()
    except OSError:
        return None
    try:
        who = pwd.getpwuid(uid).pw_name
    except KeyError:
        who = str(uid)
    return (who, why) if why else None
