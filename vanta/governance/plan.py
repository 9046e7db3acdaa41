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


class Moved(msgspec.Struct, frozen=True):
    """Orders that a proposed policy changes in one way."""

    orders: int
    notional: str
    """What they are worth: of denied and allowed orders all of it, of others the difference."""


class VaultReplay(msgspec.Struct, frozen=True):
    """One vault's recorded decisions, made again."""

    vault: str
    decisions: int
    denied: int
    allowed: int
    smaller: int
    larger: int
    repriced: int
    before: str
    """Notional of everything accepted under the policies recorded."""
    after: str
    """The same under the proposed one."""


class ReasonReplay(msgspec.Struct, frozen=True):
    """One reason code; an order that is denied for two reasons counts in both."""

    code: str
    denies: int
    """Orders that were accepted and now have this reason against them."""
    denied_notional: str
    releases: int
    """Orders that were denied for this reason, among others, and now are accepted."""
    released_notional: str


class Example(msgspec.Struct, frozen=True):
    """One order that comes out otherwise."""

    intent: str
    at: str
    """When it was decided, RFC 3339."""
    vault: str
    symbol: str
    side: str
    what: str
    """`denied`, `allowed`, `smaller`, `larger` or `repriced`."""
    before: str
    """Notional; 0 where it was denied."""
    after: str
    because: str
    """A sentence."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions of the last days, each made again under the proposed policy.

    Each is decided against the book as it was, which later decisions of the recorded day shaped
    under the policies recorded: it is no simulation of what would have come of it.

    Attributes:
        since, until: RFC 3339.
        decisions: how many were recorded in that time.
        policies: under how many publications they were made.
        same: how many come out the same.
        otherwise_built: how many this build decides otherwise than the one that recorded them,
            under the same policy; they are compared as this build decides both.
        earlier_fences: how many were recorded before a fence that this build has; both sides are
            put to the fences of then.
        documents_alone: how many were decided again by the proposed documents alone, as the
            receipts of what stood beside them then (halts of the lane, hand edits, latches) were
            not there; the others have them beside both.
        vaults: by name.
        reasons: those that weigh most first.
        worst: the largest differences, at most ten.
    """

    since: str
    until: str
    decisions: int
    policies: int
    same: int
    denied: Moved
    allowed: Moved
    smaller: Moved
    larger: Moved
    repriced: Moved
    otherwise_built: int
    earlier_fences: int
    documents_alone: int = 0
    vaults: tuple[VaultReplay, ...]
    reasons: tuple[ReasonReplay, ...]
    worst: tuple[Example, ...]


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
        replay: with `--replay`: the decisions of the last days under what is proposed.
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
    replay: Replay | None = None


def gate_exit(plan: Plan) -> int:
    """What a required check ends with: as the plan, and 0 also for what only tightens.

    What is half approved stays out, so that it cannot ride into an approval of something else.
    """
    return MAY if plan.exit == MISSING and plan.only_tightens else plan.exit
