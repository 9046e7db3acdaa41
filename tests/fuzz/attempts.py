"""What every target promises: a value, or a typed error that can be shown to a person."""

import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from vanta.domain.errors import VantaError

P = ParamSpec("P")
T = TypeVar("T")

LONGEST = 1000
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,40}\Z")


def attempt(read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | VantaError:
    """What `read` returns, or the error it raises; any other exception is a finding."""
    try:
        return read(*args, **named)
    except VantaError as refusal:
        error = refusal
    assert _CODE.match(error.code), error.code
    # Bytes of somebody else's must not move the cursor of whoever reads the message, nor fill
    # the journal that it is written into.
    assert str(error).isprintable(), repr(str(error))
    assert len(error.message) + len(error.remedy) <= LONGEST, error.message
    return error


def twice(read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | VantaError:
    """`attempt`, which gives the same again: nothing is remembered from one reading to the next."""
    first, second = attempt(read, *args, **named), attempt(read, *args, **named)
    if isinstance(first, VantaError):
        assert str(second) == str(first)
        assert isinstance(second, type(first))
    else:
        assert second == first
    return first
