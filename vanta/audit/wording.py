"""What an explanation says in words, the same in the terminal and on the page."""

from collections.abc import Callable, Sequence
from typing import Any

from vanta.audit.authorship import PolicyStep
from vanta.audit.retrace import Conversion, Outcome
from vanta.domain.exact import PPM, UNIT, show_finest, show_ppm, show_units
from vanta.domain.exits import ExitCause
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND, show_instant
from vanta.domain.trading import Intent, Order, Sizing
from vanta.executor import events
from vanta.executor.case import CONVERT
from vanta.executor.clearing import FULL_HALT
from vanta.executor.gate import LATCHED
from vanta.executor.rails import STABLECOIN
from vanta.executor.reasons import withheld
from vanta.executor.right_of_way import MAKES_WAY
from vanta.executor.router import ABSENT
from vanta.executor.withdrawal import ASKED, OUTLIVED


def quantity(units: int) -> str:
    """A quantity: `12`, `0.25`, `1,500`."""
    whole, _, rest = show_units(units).partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest else "") if whole != "-0" else f"-0.{rest}"


def price(units: int) -> str:
    """A price, with two decimals at least and four at most (or what is below a tenth, in full)."""
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), UNIT)
    decimals = f"{rest:08d}"
    if abs(units) >= UNIT // 10:
        decimals = decimals[:4]
    return f"{sign}{whole:,}.{decimals.rstrip('0').ljust(2, '0')}"


def money(units: int) -> str:
    """An amount to the cent, rounded toward zero: `-$1,250.00`; exact ones are in the JSON."""
    sign = "-" if units <= -UNIT // 100 else ""
    cents = abs(units) // (UNIT // 100)
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def fee(units: int) -> str:
    """A fee, finer than a cent where it is: `$6.1873`; negative for a rebate."""
    return f"{'-' if units < 0 else ''}${price(abs(units))}"


def gain(units: int) -> str:
    """A profit or loss, with its sign."""
    shown = money(units)
    return f"+{shown}" if units > 0 else shown


def percent(ppm: int) -> str:
    """A ratio in percent, to two decimals: `7.25 %`."""
    hundredths = abs(ppm) * 10_000 // PPM
    sign = "-" if ppm < 0 and hundredths else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d} %"


def points(ppm: int) -> str:
    """A part of a score, signed, to two decimals: `+0.42`."""
    hundredths = (abs(ppm) + 5_000) // 10_000
    return f"{'-' if ppm < 0 else '+'}{hundredths // 100}.{hundredths % 100:02d}"


def when(ns: int) -> str:
    """A time to the second, for people: `2023-11-14 22:13:20 UTC`."""
    text = show_instant(ns)
    return text if text == "forever" else f"{text[:10]} {text[11:19]} UTC"


_SPANS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def span(ns: int) -> str:
    """A length of time in its largest unit, to one decimal: `2.5 h`."""
    sign, length = ("-" if ns < 0 else ""), abs(ns)
    for unit, name in _SPANS:
        if length >= unit:
            tenths = length * 10 // unit
            return f"{sign}{tenths // 10}{f'.{tenths % 10}' if tenths % 10 else ''} {name}"
    return f"{sign}{length / 1_000_000:.3g} ms" if length else "0 s"


def measured(value: int | str, unit: str) -> str:
    """A fence's number in its unit; names as they are."""
    if isinstance(value, str):
        return value
    if value >= FOREVER:
        return "no limit"
    shown = {"units": quantity, "ppm": percent, "ns": span}.get(unit)
    return shown(value) if shown else f"{value:,}"


_MEASURES: dict[str, Callable[[int], str]] = {
    "units": quantity,
    "ppm": percent,
    "ns": span,
    "ts": when,
    "yyyymmdd": str,
    "count": lambda value: f"{value:,}",
}


def measure(name: str, value: int) -> str:
    """A feed's number by the unit its name ends in: `close 187.5`."""
    said, _, unit = name.rpartition("_")
    show = _MEASURES.get(unit)
    return f"{said} {show(value)}".replace("_", " ") if show else f"{name} {value:,}"


def measures(found: dict[str, int]) -> str:
    """Every number of a signal that has no words."""
    return ", ".join(measure(name, value) for name, value in sorted(found.items()))


def deal(side: str, amount: int, symbol: str) -> str:
    """`buy 12 AAPL`."""
    return f"{side} {quantity(amount)} {symbol}"


_STATES = {
    "denied": "Denied: to {side} {symbol} for {vault}, for {denials}",
    "refused": "Refused at the door: to {side} {symbol} for {vault}",
    "sent": "Sent and never taken in: to {side} {symbol} for {vault}",
    "accepted": "Taken in and not decided yet: to {side} {symbol} for {vault}",
    "prepared": "Prepared and not sent yet: to {side} {symbol} for {vault}",
    "unknown": "Unknown whether the broker has it: to {side} {symbol} for {vault}",
    "acknowledged": "With the broker: to {side} {symbol} for {vault}",
    "withheld": "Stopped at the gate: to {side} {symbol} for {vault}; it never left",
    "rejected": "Rejected by the broker: to {side} {symbol} for {vault}",
    "cancelled": "Cancelled: to {side} {symbol} for {vault}; nothing filled",
}


REST = {
    "partially_filled": "the rest is still open",
    "cancelled": "the rest was cancelled",
    "unknown": "what became of the rest is unknown",
}
"""What became of the rest of an order that filled in part, by its state."""


def headline(state: str, intent: Intent | None, outcome: Outcome | None, denials: int) -> str:
    """One sentence that says it all."""
    if intent is None:
        return "No record of the intent itself"
    if outcome is not None and outcome.filled:
        verb = "Bought" if intent.side == "buy" else "Sold"
        size = f"{quantity(outcome.filled)} {intent.symbol} at {price(outcome.average_price)}"
        rest = f"; {REST[state]}" if state in REST else ""
        return f"{verb} {size} for {intent.vault}{rest}"
    said = "one reason" if denials == 1 else f"{denials} reasons"
    return _STATES.get(state, state).format(
        side=intent.side, symbol=intent.symbol, vault=intent.vault, denials=said
    )


def sizing(intent: Intent, steps: Sizing) -> tuple[str, ...]:
    """How the quantity came about."""
    if intent.strategy == CONVERT:
        return (
            f"what had to be converted is worth {money(steps.headroom)}",
            f"that is {quantity(steps.quantity)} {STABLECOIN}",
        )
    if intent.reducing:
        return (
            f"the position that is left to close is worth {money(steps.headroom)}",
            f"that is {quantity(steps.quantity)} {intent.symbol}",
        )
    boosted = f", boosted to {show_ppm(steps.boost)}," if steps.boost else ""
    told = [
        f"the vault's net asset value is {money(steps.nav)}",
        f"band {intent.band!r} allows a position of {money(steps.banded)}",
        f"the persona{boosted} makes it {money(steps.persona)}",
        f"the caps leave room for {money(steps.headroom)}",
        f"that is {quantity(steps.quantity)} {intent.symbol}",
    ]
    return tuple(told)


_MET = {
    "stop_loss": "it was {observed} {side} its cost; {persona} gets out from {limit} on",
    "trailing": "it was {observed} {side} the best; {persona} gets out from {limit} on",
    "horizon": "it had been held for {observed}; {persona} means to hold for {limit}",
}


def exit_cause(intent: Intent, cause: ExitCause) -> tuple[str, ...]:
    """What was bought at what, what it did since, and which of the persona's terms that met."""
    long = intent.side == "sell"
    show = span if cause.kind == "horizon" else percent
    bought, best = ("bought", "highest") if long else ("sold short", "lowest")
    met = {
        "observed": show(cause.observed),
        "limit": show(cause.limit),
        "persona": cause.persona,
        "side": "below" if long else "above",
    }
    kept = (
        f"it was {bought} at {price(cause.cost)} on average, since {when(cause.since)},"
        f" first by {cause.entry}; the {best} price since was {price(cause.best)}"
    )
    return kept, f"at {price(cause.price)} {_MET[cause.kind].format(**met)}"


def conversion_cause(event: events.ConversionWanted) -> tuple[str, ...]:
    """What a conversion is for, and at which price it was worked out."""
    size = f"{quantity(event.quantity)} {STABLECOIN}"
    middle = f"with {STABLECOIN} between {price(event.peg.bid)} and {price(event.peg.ask)}"
    if event.served is None:
        return (f"the stablecoin buffer of {event.intent.vault} was short, {middle}",)
    served = event.served
    lacked = "dollars" if event.intent.reducing else STABLECOIN
    turned = f"{size} had to be {'sold' if event.intent.reducing else 'bought'} first"
    asked = f"{served.id} wanted to {served.side} {served.symbol}"
    return (f"{asked}, and the vault's money was not in {lacked}: {turned}, {middle}",)


def waited_for(one: Conversion) -> str:
    """A conversion an intent waited for, and what came of it."""
    wanted = deal(one.side, one.quantity, STABLECOIN)
    came = f"{quantity(one.filled)} at {price(one.price)}" if one.filled else "nothing came of it"
    return f"waited for its money: to {wanted} ({came}; {one.intent_id})"


def _prepared(event: events.OrderPrepared) -> str:
    order = event.order
    kind = "closing" if order.reducing else "opening"
    wanted = deal(order.side, order.quantity, order.symbol)
    return f"prepared to {wanted} at {price(order.limit_price)} or better, {kind}, on disk"


_TAKEN_BACK = {
    ASKED: ", as {who} asked for",
    MAKES_WAY: ": it makes way for {who}, a way out that would have traded with it",
    OUTLIVED: ": it did not fill in its life, and what is left is wanted out anew",
    FULL_HALT: ", for a full halt of the policy",
    LATCHED: ", for a halt of the node",
    ABSENT: ", so that it can never come: the broker said it had none",
}


TAKEN_BACK = "the broker was asked to take it back"


def _sent(event: events.MessageSent) -> str:
    if event.kind == "order":
        return "sent once more"
    said = _TAKEN_BACK.get(event.why, "").format(who=event.who or "nobody named")
    return f"{TAKEN_BACK}{said}"


_GONE = {
    **dict.fromkeys(("CANCELLED", "CANCELED"), "the broker cancelled it"),
    **dict.fromkeys((ASKED, MAKES_WAY, OUTLIVED, FULL_HALT, LATCHED), "the broker cancelled it"),
    ABSENT: "the broker never had it, and will not take it now",
    "EXPIRED": "its time at the broker was over",
    "NOT_REACHED": "the market stayed beyond its limit",
}
"""Why an order is gone, by the code on record; a vendor's other words are told as they are."""


def _cancelled(event: events.OrderCancelled) -> str:
    said = _GONE.get(event.reason)
    return f"what was left of it is gone: {f'{said} [{event.reason}]' if said else event.reason}"


def _filled(event: events.OrderFilled) -> str:
    fill = event.fill
    verb = "bought" if fill.side == "buy" else "sold"
    cost = f", fee {fee(fill.fee)}" if fill.fee else ""
    if fill.kept:
        cost = f", fee {show_finest(fill.kept)} {fill.coin}, worth {fee(fill.fee)}"
    return f"{verb} {quantity(fill.quantity)} {fill.symbol} at {price(fill.price)}{cost}"


def _charged(event: events.FeeCharged) -> str:
    if event.kept:
        coin = event.symbol.partition("-")[0]
        kept = f"{show_finest(event.kept)} {coin}, worth {fee(event.amount)}"
        return f"a fee was told later: {kept} [{event.said}]"
    return f"a fee was told later: {fee(event.amount)} [{event.said}]"


_TOLD: dict[type[events.Event], Callable[[Any], str]] = {
    events.OrderPrepared: _prepared,
    events.MessageSent: _sent,
    events.OrderWithheld: lambda event: (
        f"withheld at the gate: {listed([*map(withheld, event.codes)])}"
    ),
    events.OrderAcknowledged: lambda event: f"the broker has it as {event.broker_order_id}",
    events.OrderUnknown: lambda event: f"nobody can say whether the broker has it: {event.reason}",
    events.OrderRejected: lambda event: f"the broker refused it: {event.reason} [{event.code}]",
    events.OrderFilled: _filled,
    events.FeeCharged: _charged,
    events.OrderCancelled: _cancelled,
}

EVENTS = frozenset(kind.type for kind in _TOLD)
"""Types of records about an order that are told one by one."""


def event(happened: events.Event) -> str:
    """Something that happened to an order."""
    return _TOLD[type(happened)](happened)


def result(order: Order, outcome: Outcome) -> tuple[str, ...]:
    """What it came to in money."""
    if not outcome.filled:
        return ("nothing was filled, so nothing was gained or lost",)
    of = f"{quantity(outcome.filled)} of {quantity(order.quantity)} {order.symbol}"
    told = [f"{of} filled at {price(outcome.average_price)} on average, fees {fee(outcome.fees)}"]
    if order.reducing:
        told.append(f"closing it realised {gain(outcome.realised)} after its own fees")
    if outcome.still_held:
        told.append(
            f"{quantity(outcome.still_held)} are still held; at their mark of"
            f" {price(outcome.mark)} they stand at {gain(outcome.unrealised)} before fees"
        )
    told.extend(
        f"{one.client_order_id} closed {quantity(one.quantity)} of the position and realised"
        f" {gain(one.realised)} after its own fees, by average cost"
        for one in outcome.exits
    )
    held = outcome.position
    if not order.reducing and not outcome.still_held and not outcome.exits:
        told.append("the vault no longer holds it")
    told.append(
        f"{held.vault} holds {quantity(held.quantity)} {held.symbol} and has realised"
        f" {gain(held.realised)} in it before fees of {fee(held.fees)}"
    )
    return tuple(told)


_STEPS = {
    "introduced": "introduced at {commit}, pinned on the node",
    "applied": "{commit} applied, approved by {approvers}",
    "tightened": "{commit} tightened it, signed by {signers}",
    "unchanged": "{commit} changed nothing of it",
    "edited": "a hand edit on {node} tightened it",
    "halted": "a halt beside the main line tightened it, signed by {signers}",
    "latched": "{signers} halted {node} on the spot: {message}",
    "ended": "on {node} something in it had an end, which came: {message}",
    "aged": "{node} had confirmed no commit for too long and went reduce-only",
    "confirmed": "{node} confirmed the branch again",
    "returned": "the controller of {node} was back",
}


def policy_step(step: PolicyStep) -> str:
    """What a step did to the policy, who stood behind it, and when the node saw it."""
    said = _STEPS.get(step.what, "{commit}: " + step.what).format(
        commit=f"commit {step.commit[:12]}",
        approvers=_names(step.approvers),
        signers=_names(step.signers or step.approvers),
        node=step.node,
        message=step.message,
    )
    return f"{said}, {when(step.observed)}"


def listed(said: Sequence[str], *, between: str = ", ") -> str:
    """`one`, `one and two`, `one, two and three`."""
    if len(said) < 2:  # noqa: PLR2004 - one or none
        return "".join(said)
    return f"{between.join(said[:-1])} and {said[-1]}"


def _names(people: tuple[str, ...]) -> str:
    return listed(people) or "nobody named"
