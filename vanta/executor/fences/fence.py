"""What a fence is, and how it says what it found."""

from collections.abc import Callable
from typing import NamedTuple

from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.mandate import PATHS

_LARGEST = 2**63 - 1
"""What a record has room for; numbers beyond it are shown as this."""

Judge = Callable[[Order, Case, list[Finding]], None]
"""Adds a finding for every question the order fails; with `case.every`, for every question."""


class Fence(NamedTuple):
    """One fence of the checklist."""

    number: int
    name: str
    """What passed, as the code of its one finding where everything did."""
    judge: Judge
    codes: tuple[str, ...]
    """Every code it can deny with."""
    reads: tuple[str, ...]
    """Fields of the mandate it looks at."""
    passed: Finding
    since: int = 1
    """The edition that has it first."""

    @property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The governed fields it reads, as paths into a policy; `*` is the vault."""
        return tuple(tuple(PATHS[name].split(".")) for name in self.reads)


def fence(
    number: int, name: str, *, codes: tuple[str, ...], reads: tuple[str, ...] = (), since: int = 1
) -> Callable[[Judge], Fence]:
    """Declare a fence around its judge.

    Args:
        number: on the checklist; 0 for the vault's own terms.
        name: upper-case, for the finding that says everything passed.
        codes: every code it can deny with.
        reads: the fields of the mandate it looks at.
        since: the edition that has it first.
    """

    def declare(judge: Judge) -> Fence:
        passed = Finding(number, name, True, None, None, "")  # noqa: FBT003 - a finding's field
        return Fence(number, name, judge, codes, reads, passed, since)

    return declare


def at_most(
    found: list[Finding], number: int, code: str, observed: int, limit: int, unit: str
) -> None:
    """A question that passes up to and at its limit."""
    shown = min(observed, _LARGEST)
    found.append(Finding(number, code, observed <= limit, shown, min(limit, _LARGEST), unit))


def at_least(
    found: list[Finding], number: int, code: str, observed: int, limit: int, unit: str
) -> None:
    """A question that passes from its limit on."""
    shown = max(observed, -_LARGEST)
    found.append(Finding(number, code, observed >= limit, shown, min(limit, _LARGEST), unit))


def holds(
    found: list[Finding],
    number: int,
    code: str,
    passed: bool,  # noqa: FBT001 - a finding's field
    observed: int | str | None,
    limit: int | str | None = None,
    unit: str = "",
) -> None:
    """A question of yes or no."""
    found.append(Finding(number, code, passed, observed, limit, unit))
