"""Secrets as systemd hands them over, a file each in `$CREDENTIALS_DIRECTORY`, or as files by path.

A secret has no text but the one `reveal` gives to the header it is for: printed, logged, encoded
or in an error it is `<secret>`.
"""

import os
import re
import stat
from pathlib import Path
from typing import NoReturn

from vanta.domain.errors import RefusedError, UnavailableError

HIDDEN = "<secret>"
DIRECTORY = "CREDENTIALS_DIRECTORY"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
_VALUE = re.compile(rb"[!-~]{1,1024}")
_TOO_OPEN = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP
"""Reading by group is systemd's own: an access list shows there."""
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_TELLING = 6
"""Least length of a value that is looked for in what a vendor says."""

_given: set[str] = set()
"""Every value this process was given, so that none is ever written down for a vendor's words."""


class Secret:
    """A value that shows itself to nobody who does not ask for it by name."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value
        if len(value) >= _TELLING:
            _given.add(value)

    def reveal(self) -> str:
        """The value, for the header it is for."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be written down")


def without_secrets(text: str) -> str:
    """`text` with `<secret>` in the place of every value this process was given."""
    for value in sorted(_given, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def read_secret(name: str) -> Secret:
    """The credential `name` of this service; where it begins with `/`, the secret in that file.

    Raises:
        UnavailableError: there is none.
        RefusedError: others may read it or put another in its place, or it is not one line of
            printable text.
    """
    if name.startswith("/"):
        path = Path(name)
        return _read(path.parent, path.name, "write it there alone, owned by root, mode 0640")
    remedy = (
        f"`LoadCredential={name}:/etc/vanta/credentials/{name}` in the unit; by hand, as root: "
        f"`{DIRECTORY}=/etc/vanta/credentials` before the command"
    )
    directory = os.environ.get(DIRECTORY, "")
    if not directory or not _NAME.fullmatch(name):
        raise UnavailableError(
            "systemd gave this service no credentials"
            if not directory
            else f"{name[:64]!r} is no name of a credential",
            code="NO_CREDENTIAL",
            place=name[:64],
            remedy=remedy,
        )
    return _read(Path(directory), name, remedy)


def _read(directory: Path, name: str, remedy: str) -> Secret:
    path = directory / name
    try:
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            around = os.fstat(folder)
            fd = os.open(
                name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder
            )
        finally:
            os.close(folder)
        try:
            status = os.fstat(fd)
            text = os.read(fd, 4096)
        finally:
            os.close(fd)
    except OSError as error:
        raise UnavailableError(
            f"no credential: {error.strerror}", code="NO_CREDENTIAL", place=str(path), remedy=remedy
        ) from error
    trusted = {0, os.geteuid()}
    if around.st_mode & _WRITABLE or around.st_uid not in trusted:
        raise RefusedError(
            "a folder of credentials in which others may put another one",
            code="CREDENTIAL_FOLDER",
            place=str(directory),
            remedy=f"{remedy}, or `chmod 700` and `chown` it to root where it is not systemd's",
        )
    regular = stat.S_ISREG(status.st_mode)
    if not regular or status.st_mode & _TOO_OPEN or status.st_uid not in trusted:
        raise RefusedError(
            "a credential that others may read or change",
            code="CREDENTIAL_OPEN",
            place=str(path),
            remedy=f"{remedy}, or `chmod 400` and `chown` it to root where it is not systemd's",
        )
    value = text.removesuffix(b"\n")
    if not _VALUE.fullmatch(value):
        raise RefusedError(
            "a credential that is not one line of printable text",
            code="CREDENTIAL_TEXT",
            place=str(path),
            remedy="write the key alone into its file",
        )
    return Secret(name, value.decode("ascii"))
