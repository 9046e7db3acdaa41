"""An explanation as one paragraph: what a person reads first, and often all they need.

It says the same as the tree and leaves most of it out. Strangers' words are in it no further than
a model's own sentence quotes them.
"""

from collections.abc import Iterator

from vanta.audit import wording
from vanta.audit.explain import Asked, Decided, Explanation, Fence, Happened
from vanta.domain.conviction import Conviction, Reason
from vanta.domain.printable import printable
from vanta.domain.switches import EVERYWHERE
from vanta.executor import events
from vanta.executor.tallies import UNKNOWN

_STRONGEST = 2
"""Reasons of a conviction that are named; the others are in the tree."""


def paragraph(explanation: Explanation) -> str:
    """The whole story in a few sentences, oldest first."""
    said = (
        *_wanted(explanation),
        *_decided(explanation),
        *_came(explanation),
        *_authorised(explanation),
    )
    return printable(" ".join(said), most=4_000)


def _wanted(explanation: Explanation) -> Iterator[str]:
    asked = explanation.intent
    if explanation.believed is not None:
        yield _belief(explanation.believed.conviction)
    if asked is not None:
        known = explanation.believed is not None
        yield from _own(asked) if asked.causes else _request(asked, known=known)


def _belief(view: Conviction) -> str:
    reasons = sorted(view.reasons, key=lambda reason: -abs(reason.part))
    named = [f"{_model(reason)} ({reason.text})" for reason in reasons[:_STRONGEST]]
    rest = len(reasons) - len(named)
    others = f", then {wording.listed([_model(one) for one in reasons[_STRONGEST:]])}"
    why = f": mostly for {wording.listed(named)}{others if rest else ''}" if named else ""
    return (
        f"By {wording.when(view.as_of)} Markets was {wording.percent(view.score)} sure that"
        f" {view.symbol} was one to {view.side}{why}."
    )


def _model(reason: Reason) -> str:
    """The model's name without its version."""
    return reason.model.partition("/")[0]


def _own(asked: Asked) -> Iterator[str]:
    intent = asked.intent
    what = "out of" if asked.cause is not None else f"to {intent.side}"
    yield f"Nobody asked for it: the Executor itself wanted {what} {intent.symbol}."
    for cause in asked.causes:
        yield f"{cause[:1].upper()}{cause[1:]}."


def _request(asked: Asked, *, known: bool) -> Iterator[str]:
    """What was asked for; `known`: whether what it grew from was told before."""
    intent, at = asked.intent, wording.when(asked.intent.created)
    way = "close its position in" if intent.reducing else f"{intent.side}"
    conviction = f"a conviction of {wording.percent(intent.conviction)}"
    if known:
        yield (
            f"To the persona of {intent.vault} that is {conviction}, in the band"
            f" {intent.band!r}; so {asked.sender} asked on {at} to {way} {intent.symbol}."
        )
    else:
        yield (
            f"On {at} {asked.sender} asked for {intent.vault} to {way} {intent.symbol}, with"
            f" {conviction}, in the band {intent.band!r}; what it grew from is not in the"
            " journals at hand."
        )
    if not asked.signed_by:
        yield "The signature on that does not hold."
    if asked.refused:
        yield f"The Executor did not take it in: {asked.refused}."
    elif asked.accepted is None:
        yield "No journal at hand shows that the Executor took it in."


def _decided(explanation: Explanation) -> Iterator[str]:
    decided, order = explanation.decided, explanation.order
    if decided is None:
        return
    for waited in explanation.waited:
        yield f"It {waited}."
    denials = decided.denials
    if denials:
        yield (
            f"On {wording.when(decided.now)}{_market(decided)} the Executor denied it,"
            f" {_because(denials)}. Nothing was sent."
        )
    elif order is not None:
        wanted = wording.deal(order.side, order.quantity, order.symbol)
        yield (
            f"On {wording.when(decided.now)}{_market(decided)} the Executor decided to {wanted} at"
            f" {wording.price(order.limit_price)} or better: {'; '.join(decided.steps[:-1])}; it"
            f" passed all {len(decided.fences)} questions of the fences."
        )
    if not decided.reproduced:
        yield "Deciding again gave something else: `vanta audit replay` shows what."


def _because(denials: tuple[Fence, ...]) -> str:
    if len(denials) == 1:
        return f"because {denials[0].sentence}"
    absent = [one for one in denials if one.code == UNKNOWN]
    if absent:
        # It has no caps, and is within none: to list each would hide what is the matter.
        return (
            f"because {absent[0].sentence}; it has no limits to be within, so"
            f" {len(denials) - 1} other questions were answered with no as well"
        )
    said = list(_said(denials))
    if len(said) == 1:
        return f"because {said[0]}"
    told = "; ".join(f"({at}) {each}" for at, each in enumerate(said, 1))
    return f"for {len(said)} reasons: {told}"


def _said(denials: tuple[Fence, ...]) -> Iterator[str]:
    """What each says, once: a switch that is on everywhere is on in every scope below."""
    nothing = any(one.code == "NOT_REDUCING" and one.limit == 0 for one in denials)
    if nothing:
        yield "nothing of it is left to close at its broker"
    whole = {one.code for one in denials if one.observed == EVERYWHERE}
    for one in denials:
        if nothing and one.code in {"NO_SIZE", "NOT_REDUCING"}:
            continue
        if one.code in whole and one.observed != EVERYWHERE:
            continue
        yield one.sentence


def _market(decided: Decided) -> str:
    quote = decided.quote
    if quote is None:
        return f", without a quote from {decided.broker},"
    between = f"{wording.price(quote.bid)} to {wording.price(quote.ask)}"
    return f", with a market of {between} at {decided.broker},"


def _came(explanation: Explanation) -> Iterator[str]:
    outcome, order = explanation.outcome, explanation.order
    if outcome is None or order is None:
        return
    parts = sum(one.fill is not None for one in explanation.happened)
    last = "; ".join(_last(explanation.happened))
    if not parts:
        yield f"{explanation.headline}."
        if last:
            yield f"Last, {last}."
        return
    times = "at once" if parts == 1 else f"in {parts} parts"
    how = times if outcome.filled >= order.quantity else "only in part"
    yield f"It was filled {how}: {'; '.join(explanation.result)}."
    if explanation.state in wording.REST:
        rest = wording.REST[explanation.state]
        why = f": {last}" if explanation.state == "cancelled" else ""
        yield f"{rest[:1].upper()}{rest[1:]}{why}."


def _last(happened: tuple[Happened, ...]) -> tuple[str, ...]:
    """What happened to the order last; of one that was taken back also who had it taken back."""
    if not happened:
        return ()
    *before, last = happened
    if last.type != events.OrderCancelled.type:
        return (last.sentence,)
    asked = [one.sentence for one in before if one.sentence.startswith(wording.TAKEN_BACK)]
    return (*asked[-1:], last.sentence)


def _authorised(explanation: Explanation) -> Iterator[str]:
    policy = explanation.policy
    if policy is None:
        if explanation.decided is not None:
            yield "The policy it was decided under is not in the journals at hand."
        return
    steps = "; ".join(wording.policy_step(step) for step in policy.steps)
    yield f"It was judged under policy {policy.commit[:12]}{f': {steps}' if steps else ''}."
