"""What came of a question "what if", counted: the part of a plan that a risk officer asks for."""

import heapq
from collections.abc import Iterable
from operator import itemgetter

from vanta.domain.exact import notional, show_money, show_units
from vanta.domain.instant import SECOND, show_instant
from vanta.domain.trading import Decision, Order
from vanta.executor.edition import EDITION
from vanta.executor.reasons import sentence
from vanta.executor.what_if import Redecided
from vanta.governance.plan import Example, Moved, ReasonReplay, Replay, VaultReplay

WORST = 10
"""Most examples that are told."""
_KEPT = 500
"""Most that are held on the way."""

KINDS = ("denied", "allowed", "smaller", "larger", "repriced")
"""The ways a decision can come out otherwise."""
SAME = "same"


def kind_of(before: Decision, after: Decision) -> str:
    """How a decision comes out: one of `KINDS`, or `same`."""
    was, now = before.order, after.order
    if was is None or now is None:
        return SAME if was is now else "denied" if now is None else "allowed"
    if now.quantity != was.quantity:
        return "smaller" if now.quantity < was.quantity else "larger"
    return SAME if now.limit_price == was.limit_price else "repriced"


def worth(order: Order | None) -> int:
    """An order's notional at its limit, units; of no order 0."""
    return notional(order.limit_price, order.quantity, order.multiplier) if order else 0


class _Counted:
    """Of one vault, or of everything."""

    def __init__(self) -> None:
        self.decisions = self.before = self.after = 0
        self.orders = dict.fromkeys((*KINDS, SAME), 0)
        self.notional = dict.fromkeys((*KINDS, SAME), 0)

    def take(self, kind: str, before: int, after: int) -> None:
        self.decisions += 1
        self.before += before
        self.after += after
        self.orders[kind] += 1
        self.notional[kind] += abs(after - before)

    def moved(self, kind: str) -> Moved:
        return Moved(self.orders[kind], show_units(self.notional[kind]))


def tell(found: Iterable[Redecided], *, since: int, until: int) -> Replay:
    """Count decisions that were made again.

    Args:
        found: every one of a stretch of time.
        since: when that stretch begins, UTC nanoseconds.
        until: when it ends.
    """
    whole, vaults = _Counted(), dict[str, _Counted]()
    denies, releases = dict[str, list[int]](), dict[str, list[int]]()
    serials, otherwise, earlier, bare = set[int](), 0, 0, 0
    worst: list[tuple[int, int, Redecided, str]] = []
    for number, one in enumerate(found):
        serials.add(one.serial)
        otherwise += one.otherwise_built
        earlier += one.made.edition < EDITION
        bare += not one.beside
        kind = kind_of(one.before, one.after)
        before, after = worth(one.before.order), worth(one.after.order)
        for counted in (whole, vaults.setdefault(one.made.intent.vault, _Counted())):
            counted.take(kind, before, after)
        if kind == "denied":
            _add(denies, one.after, before)
        elif kind == "allowed":
            _add(releases, one.before, after)
        if kind != SAME:
            worst.append((-abs(after - before), number, one, kind))
            if len(worst) > _KEPT:
                worst = heapq.nsmallest(WORST, worst, key=itemgetter(0, 1))
    return Replay(
        since=show_instant(since // SECOND * SECOND),
        until=show_instant(until // SECOND * SECOND),
        decisions=whole.decisions,
        policies=len(serials),
        same=whole.orders[SAME],
        denied=whole.moved("denied"),
        allowed=whole.moved("allowed"),
        smaller=whole.moved("smaller"),
        larger=whole.moved("larger"),
        repriced=whole.moved("repriced"),
        otherwise_built=otherwise,
        earlier_fences=earlier,
        documents_alone=bare,
        vaults=tuple(
            VaultReplay(
                name,
                one.decisions,
                **{kind: one.orders[kind] for kind in KINDS},
                before=show_units(one.before),
                after=show_units(one.after),
            )
            for name, one in sorted(vaults.items())
        ),
        reasons=_reasons(denies, releases),
        worst=tuple(
            _example(one, kind)
            for _, _, one, kind in heapq.nsmallest(WORST, worst, key=itemgetter(0, 1))
        ),
    )


def _add(sums: dict[str, list[int]], denied: Decision, amount: int) -> None:
    for code in {finding.code for finding in denied.reasons}:
        one = sums.setdefault(code, [0, 0])
        one[0] += 1
        one[1] += amount


def _reasons(
    denies: dict[str, list[int]], releases: dict[str, list[int]]
) -> tuple[ReasonReplay, ...]:
    nothing = [0, 0]
    rows = [
        (code, denies.get(code, nothing), releases.get(code, nothing))
        for code in denies.keys() | releases.keys()
    ]
    rows.sort(key=lambda row: (-row[1][1] - row[2][1], row[0]))
    return tuple(
        ReasonReplay(code, no[0], show_units(no[1]), yes[0], show_units(yes[1]))
        for code, no, yes in rows
    )


def _example(one: Redecided, kind: str) -> Example:
    before, after = worth(one.before.order), worth(one.after.order)
    intent = one.made.intent
    return Example(
        intent=intent.id,
        at=show_instant(one.made.now // SECOND * SECOND),
        vault=intent.vault,
        symbol=intent.symbol,
        side=intent.side,
        what=kind,
        before=show_units(before),
        after=show_units(after),
        because=because(one.before, one.after, kind),
    )


def because(before: Decision, after: Decision, kind: str) -> str:
    """The first reason in a sentence: a fence, or the first step of sizing that differs."""
    if kind == "denied":
        return sentence(after.reasons[0])
    if kind == "allowed":
        return f"no longer: {sentence(before.reasons[0])}"
    if kind == "repriced":
        return "its limit reaches another price"
    was, now = before.sizing, after.sizing
    for step, says in (
        ("banded", "its conviction is worth"),
        ("persona", "the persona makes of it"),
        ("headroom", "the caps leave"),
    ):
        old, new = getattr(was, step), getattr(now, step)
        if old != new:
            return f"{says} {show_money(new)}, not {show_money(old)}"
    return "its size is rounded or bounded otherwise"
