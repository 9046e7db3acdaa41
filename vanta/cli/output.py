"""How commands speak: text for people, JSON for programs, errors on one line with a remedy."""

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec
import typer
from rich.console import Console

from vanta.domain.errors import VantaError

P = ParamSpec("P")
R = TypeVar("R")

console = Console(highlight=False, emoji=False)
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
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.format(_encoder.encode(value), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def legible(text: str) -> str:
    """Text as UTF-8 can hold it: a path on the command line may be any bytes."""
    return text.encode("utf-8", "backslashreplace").decode()


def say(text: str, *, style: str | None = None) -> None:
    """A line for a person; what it says is text and never markup."""
    console.print(text, style=style, markup=False, soft_wrap=True)


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
