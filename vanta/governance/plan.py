"""A plan as data: what a change does to risk, what it takes, and who has signed.

Its JSON is a public shape, `vanta.dev/plan/v1`: fields are added to it and never renamed.
"""

import msgspec

FORMAT = "vanta.dev/plan/v1"

MAY, MISSING, NEVER_AS_IT_STANDS = 0, 3, 1
"""What `vanta governance plan` ends with."""


class Line(msgspec.Struct, frozen=True):
    """One change, as a person would write it."""

    field: str
    before: str = msgspec.field(name="from")
    after: str = msgspec.field(name="to")
    effect: str
    """`tightens`, `loosens`, `unordered` (counts as loosening) or `neutral`."""
    says: str


class Ask(msgspec.Struct, frozen=True):
    """What one kind of change takes."""

    action: str
    scope: str
    role: str
    """Empty when no role may."""
    quorum: int
    approved: tuple[str, ...]
    missing: tuple[str, ...]
    """Who could still sign; enough of them would do."""
    met: bool
    fields: tuple[str, ...]


class Approval(msgspec.Struct, frozen=True):
    """One approval in the commits of the proposal."""

    commit: str
    person: str
    until: str
    counts: bool
    why: str
    """Why it does not count; empty when it does."""


class Silent(msgspec.Struct, frozen=True):
    """A commit that speaks for nobody."""

    commit: str
    code: str
    why: str


class Halt(msgspec.Struct, frozen=True):
    """A halt of the lane that stands."""

    commit: str
    person: str
    file: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a head.

    Attributes:
        exit: 0 when it may be applied, 3 when approvals are missing, 1 when it never can be.
        only_tightens: every change tightens, or is no risk; nothing unreadable.
        base: what it would be merged into; empty when the head itself was judged.
        moved: commits the base has that the head has not; 0 without a base.
        same_tree: the merge has the head's governed tree, so that approvals of the head count.
        verdict: of the walk: `applied`, `tightened`, `unchanged`, `refused`.
        meanwhile: what of it is in force already, by who may tighten.
        lane: halts that stand beside the branch, and that this does not take back.
        notes: what else a person should know, in sentences.
    """

    format: str = FORMAT
    environment: str
    head: str
    base: str = ""
    moved: int = 0
    same_tree: bool = True
    exit: int
    only_tightens: bool
    verdict: str
    reason: str | None
    message: str
    changes: tuple[Line, ...] = ()
    needs: tuple[Ask, ...] = ()
    approvals: tuple[Approval, ...] = ()
    silent: tuple[Silent, ...] = ()
    meanwhile: tuple[Line, ...] = ()
    lane: tuple[Halt, ...] = ()
    notes: tuple[str, ...] = ()


def gate_exit(plan: Plan) -> int:
    """What a required check ends with: as the plan, and 0 also for what only tightens.

    What is half approved stays out, so that it cannot ride into an approval of something else.
    """
    return MAY if plan.exit == MISSING and plan.only_tightens else plan.exit
