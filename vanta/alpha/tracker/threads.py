"""What a thread is, and which way it may go; pure."""

from typing import Literal, get_args

import msgspec

from vanta.domain.errors import MalformedError, RefusedError

Severity = Literal["low", "medium", "high", "critical"]
Status = Literal[
    "open", "in_review", "changes_wanted", "approved", "promoted", "rolled_back", "closed"
]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Mildest first."""
STATUSES: tuple[Status, ...] = get_args(Status)
"""In the order a thread goes through them."""
DONE: frozenset[Status] = frozenset({"promoted", "closed"})
"""Nothing is left to do."""
LOOKED_AT: frozenset[Status] = frozenset({"in_review", "approved"})
"""Its candidate is before the reviewers: which of the two it is, the signatures say."""

LONGEST_NAME = 80
LONGEST_TITLE = 200
LONGEST_NOTE = 4000


class Note(msgspec.Struct, frozen=True, gc=False):
    """Something somebody said."""

    at: int
    by: str
    text: str


class Thread(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing about one module that somebody has to look at."""

    id: str
    """`T-1`, `T-2`...; a number is never used again."""
    record: str
    """Id of the record that opened it."""
    module: str
    title: str
    severity: Severity
    owner: str
    """Who sees to it; empty for nobody yet."""
    by: str
    """Who opened it."""
    opened: int
    """UTC nanoseconds."""
    since: int
    """When it came to its status."""
    changed: int
    """When anything about it was last said."""
    status: Status = "open"
    why: str = ""
    """Why it is where it is, where somebody said so."""
    candidate: str = ""
    """The build that is to put it right; empty for none."""
    earlier: tuple[str, ...] = ()
    """Candidates before that one."""
    commits: tuple[str, ...] = ()
    """Governance commits it is about."""
    notes: tuple[Note, ...] = ()

    @property
    def number(self) -> int:
        """What its id counts."""
        return int(self.id[2:])


def check_mark(thread: Thread, status: Status, why: str) -> None:
    """Let a status be typed, or say what it takes.

    Raises:
        RefusedError: `APPROVAL_UNSIGNED`, `NO_CANDIDATE`, `NOT_APPROVED`, `NOT_PROMOTED`,
            `NO_REASON`, `SAME_STATUS`.
    """
    if status == "approved":
        raise _no(
            thread,
            "an approval is signatures over the candidate, and cannot be typed",
            "APPROVAL_UNSIGNED",
            f"vt-sign {thread.id} -k KEY"
            if thread.candidate
            else f"vt-fix {thread.id} --candidate BUILD, then vt-sign {thread.id} -k KEY",
        )
    if status == thread.status:
        raise _no(
            thread,
            f"it is {spoken(status)} already",
            "SAME_STATUS",
            f'vt-note {thread.id} "..." adds what is to be said',
        )
    if status == "in_review" and not thread.candidate:
        raise _no(
            thread,
            "there is no build to review",
            "NO_CANDIDATE",
            f"vt-fix {thread.id} --candidate BUILD",
        )
    if status == "promoted" and thread.status != "approved":
        raise _no(
            thread,
            f"it is {spoken(thread.status)}: only what is approved is promoted",
            "NOT_APPROVED",
            f"vt-open {thread.id} says what is missing",
        )
    if status == "rolled_back" and thread.status not in LOOKED_AT | {"promoted"}:
        raise _no(
            thread,
            f"it is {spoken(thread.status)}: only what ran is rolled back",
            "NOT_PROMOTED",
            f"vt-mark {thread.id} changes_wanted --why '...'",
        )
    if status in {"changes_wanted", "rolled_back"} and not why:
        raise _no(
            thread,
            f"whoever reads {spoken(status)} asks why",
            "NO_REASON",
            f"vt-mark {thread.id} {status} --why '...'",
        )


def spoken(status: str) -> str:
    """A status as people say it."""
    return status.replace("_", " ")


def one_line(text: str, longest: int, what: str) -> str:
    """Text for one line: blanks between words, nothing around them.

    Raises:
        MalformedError: `TEXT`.
    """
    return _text(" ".join(text.split()), longest, what)


def several_lines(text: str, longest: int, what: str) -> str:
    """Text of any number of lines; raises as `one_line` does."""
    return _text(text.strip(), longest, what)


def _text(text: str, longest: int, what: str) -> str:
    if not text:
        raise MalformedError(
            f"the {what} is empty", code="TEXT", place=what, remedy="say what it is about"
        )
    if len(text) > longest:
        raise MalformedError(
            f"the {what} has {len(text)} letters; at most {longest} are kept",
            code="TEXT",
            place=what,
            remedy="say it shorter, or link to it",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(
            f"the {what} is not UTF-8", code="TEXT", place=what, remedy="type it anew"
        ) from error
    return text


def _no(thread: Thread, why: str, code: str, remedy: str) -> RefusedError:
    return RefusedError(why, code=code, place=thread.id, remedy=remedy)
