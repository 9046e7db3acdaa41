"""What a check says: a code with a severity, a sentence and a remedy, declared before it is used.

A check is a pure function from the facts of one look to what it tells. Its codes are data, so that
the reference page, the terminal, JSON and metrics all say the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from vanta.diagnostics.words import shown


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    UNKNOWN = "unknown"
    WARN = "warn"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """From 0 for fine to 4 for the worst; what could not be looked at is worse than a note."""
        return _RANKS.index(self)


_RANKS = (Severity.OK, Severity.NOTE, Severity.UNKNOWN, Severity.WARN, Severity.CRITICAL)


class Says(NamedTuple):
    """One thing a check may say."""

    code: str
    severity: Severity
    text: str
    """With `{names}` for what differs each time."""
    remedy: str = ""
    """What to do next, as a sentence."""


class Told(NamedTuple):
    """One thing a check does say."""

    says: Says
    subject: str = ""
    """The service, journal, vault... it is about; empty where it is about the node."""
    values: Mapping[str, object] = {}
    figures: Mapping[str, int | float] = {}
    """What was measured, by a name that ends in its unit; for metrics and for programs."""


class Moment(NamedTuple):
    """When and where the facts were gathered."""

    now: int
    """UTC nanoseconds."""
    node: str
    role: str


ROLES = ("alpha", "markets", "executor")


class Check(NamedTuple):
    """One check."""

    name: str
    look: str
    """The facts it judges."""
    codes: tuple[Says, ...]
    limits: Any
    """A named tuple, each field with its default."""
    judge: Callable[[Any, Moment], Iterable[Told]]
    roles: tuple[str, ...] = ROLES
    """Where it applies; elsewhere it is left out."""


class Finding(msgspec.Struct, frozen=True):
    """What a check said, as people and programs read it."""

    check: str
    severity: Severity
    code: str
    subject: str
    says: str
    remedy: str
    figures: Mapping[str, int | float]


class Unseen(msgspec.Struct, frozen=True):
    """Why something could not be looked at."""

    code: str
    why: str
    remedy: str = ""


def findings(check: Check, facts: object | Unseen, moment: Moment) -> Iterator[Finding]:
    """What one check says of its facts, or that there were none to judge."""
    if isinstance(facts, Unseen):
        why = shown(facts.why)
        yield Finding(check.name, Severity.UNKNOWN, facts.code, "", why, facts.remedy, {})
        return
    for told in check.judge(facts, moment):
        says = told.says
        values = {"subject": told.subject, **told.values}
        yield Finding(
            check.name,
            says.severity,
            says.code,
            shown(told.subject),
            shown(says.text.format(**values)),
            shown(says.remedy.format(**values)),
            told.figures,
        )


def worst(found: Iterable[Finding]) -> Severity:
    """The severity of the worst; fine where there is nothing."""
    return max((one.severity for one in found), key=lambda one: one.rank, default=Severity.OK)
