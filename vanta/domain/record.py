"""What every journal line carries, whoever wrote it."""

import msgspec

GENESIS = "0" * 64
"""The `prev` of a journal's first line: there is nothing before it."""


class Record(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One line of a journal.

    The line's chain value is `sha256(bytes.fromhex(prev) || line bytes without the newline)`, so
    it is checked on the bytes as written and nothing is ever re-serialised to be verified.
    """

    seq: int
    """Position in the journal, from 0, unbroken across segments."""
    ts: int
    """When it was appended, UTC nanoseconds, never before the line above."""
    type: str
    """`<noun>.<past tense>`, such as `order.filled`."""
    id: str
    """Derived from content, or UUIDv7 at the edge; unique within the journal."""
    parents: tuple[str, ...]
    """Ids of the records that caused this one."""
    dag_id: str
    """Id shared by everything that grew from one cause."""
    actor: str
    """Service and build, such as `executor@0.1.0`."""
    policy: str
    """Governance commit in force when it was written; empty before there is one."""
    body: msgspec.Raw
    """The fact itself, as JSON; its shape belongs to `type`."""
    prev: str
    """Chain value of the line before, in hex; `GENESIS` for the first."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A fact on its way into a journal: what the writer adds is `seq`, `ts`, `prev`, the rest."""

    type: str
    id: str
    body: object
    """Any value `vanta.domain.encoding.encode` takes."""
    parents: tuple[str, ...] = ()
    dag_id: str = ""
    policy: str = ""


class Position(msgspec.Struct, frozen=True, order=True):
    """How far a journal reached: the number of records, and the chain value of the last."""

    size: int
    head: str
