"""How commands speak: text for people, JSON for programs, errors on one line with a remedy."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
import typer
from rich.console import Console

from vanta.domain.errors import UnavailableError, VantaError

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def _written() -> Iterator[None]:
    """Say that an output takes no more, such as a full disk; a closed pipe ends in silence."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would fail once more as Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UnavailableError(
            f"the output cannot be written: {error.strerror}",
            code="OUTPUT",
            remedy="make room where it goes, or send it elsewhere",
        ) from error


class _Output(Console):
    def print(self, *said: Any, **how: Any) -> None:  # noqa: ANN401 - as Console's
        with _written():
            super().print(*said, **how)


console = _Output(highlight=False, emoji=False)
"""Standard output; colours only on a terminal, and never under NO_COLOR."""
errors = Console(stderr=True, highlight=False, emoji=False)


def _spelled(value: object) -> str:
    """What JSON has no word for: a path is its text."""
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is not for programs to read")


_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=_spelled)


def print_json(value: object) -> None:
    """A value as indented JSON on standard output: UTF-8, whatever the terminal's encoding is."""
    with _written():
        sys.stdout.flush()
        sys.stdout.buffer.write(msgspec.json.format(_encoder.encode(value), indent=2) + b"\n")
        sys.stdout.buffer.flush()


def legible(text: str) -> str:
    """Text as UTF-8 can hold it: a path on the command line may be any bytes."""
    return text.encode("utf-8", "backslashreplace").decode()


def say(text: str, *, style: str | None = None) -> None:
    """A line for a person; what it says is text and never markup."""
    console.print(text, style=style, markup=False, soft_wrap=True)


def write_to(path: Path, data: bytes) -> None:
    """Write what was asked for to where it was asked for: a new file, or into what is no file.

    Raises:
        UnavailableError: `WRITE_FAILED`.
    """
    from vanta.journal.files import atomic_write

    if path.is_symlink() or (path.exists() and not path.is_file()):
        # A pipe, `/dev/stdout`, a link: putting a file in its place is nothing anybody asked for.
        try:
            path.write_bytes(data)
        except OSError as error:
            raise UnavailableError(
                f"cannot be written: {error.strerror}",
                code="WRITE_FAILED",
                place=str(path),
                remedy="make room there, or name another file",
            ) from error
        return
    atomic_write(path, data, mode=0o644)


def fail(error: VantaError) -> None:
    """The error on standard error: what and where, then what to type next."""
    place = f"{error.place}: " if error.place else ""
    errors.print(f"error: {place}{error.message} [{error.code}]", markup=False, soft_wrap=True)
    if error.remedy:
        errors.print(f"  try: {error.remedy}", markup=False, soft_wrap=True)


EXITS = "Exit 0: it did what it says. 1: an error; it is told what to type next. 2: usage."
"""What every command ends with, unless its own help says more."""


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turn a `VantaError` into its message and exit code 1, and let the help say so."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except VantaError as error:
            fail(error)
            raise typer.Exit(1) from error

    told = inspect.getdoc(function) or ""
    run.__doc__ = told if "Exit 0" in told else f"{told}\n\n{EXITS}"
    return run
