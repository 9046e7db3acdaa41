"""After the trade: intents, what was prepared, and the broker's statement, one against the other.

The judge watches that nothing is done without a record. This goes the whole way from what was
asked for to what the broker says was executed, fill by fill. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from vanta.domain.record import Record
from vanta.domain.trading import Fill, Intent, Order, OrderState
from vanta.executor import events
from vanta.executor.brokers.port import BrokerOrder, Executions, Movement, Sum
from vanta.executor.events import Difference


class Written(msgspec.Struct):
    """What the node's own journals say."""

    intents: dict[str, Intent] = {}
    orders: dict[str, Order] = {}
    withheld: set[str] = set()
    fills: dict[str, Fill] = {}
    """By order and the broker's id."""
    moved: dict[str, str] = {}
    """What moved a broker's account without an execution, by its id; empty where it moved before
    the account was kept."""
    kept: set[str] = set()
    """Brokers whose accounts are kept."""

    def take(self, records: Iterable[Record]) -> None:
        """Take in one of the two journals, from its beginning."""
        for record in records:
            event = events.read(record)
            match event:
                case events.IntentAccepted(_, intent):
                    self.intents[intent.id] = intent
                case events.ExitWanted(intent) | events.ConversionWanted(intent):
                    # What the Executor wants of its own has its intent in the trade log.
                    self.intents[intent.id] = intent
                case events.OrderPrepared(order):
                    self.orders[order.client_order_id] = order
                case events.OrderWithheld(name):
                    self.withheld.add(name)
                case events.OrderFilled(fill):
                    self.fills[fill_name(fill)] = fill
                case events.FeeCharged():
                    self.moved[event.id] = _moved(-event.amount, -event.kept - event.before)
                case events.CashMoved():
                    self.moved[event.id] = _moved(event.amount, 0)
                case events.AccountOpened():
                    self.kept.add(event.broker)
                    self.moved |= dict.fromkeys(event.known, "")
                case _:
                    pass


def against_movements(
    written: Written, broker: str, stated: Sequence[Movement]
) -> Iterator[Difference]:
    """What moved the account of `broker` without an execution, otherwise than it is on record.

    Args:
        written: the journals.
        broker: whose account it is.
        stated: what the broker says moved it lately; of what came before it says nothing here.
    """
    if broker not in written.kept:
        return
    for one in stated:
        ours, theirs = written.moved.get(one.id), _moved(one.amount, one.coin)
        if ours is None:
            yield Difference("MOVEMENT_MISSING", one.id, None, theirs)
        elif ours and ours != theirs:
            yield Difference("MOVEMENT_DIFFERS", one.id, ours, theirs)


def _moved(amount: int, coin: int) -> str:
    return f"{coin} of the coin" if coin else f"{amount}"


def against_intents(written: Written) -> Iterator[Difference]:
    """What was prepared without an intent behind it, otherwise than it asked, or twice."""
    seen: dict[str, str] = {}
    for name, order in written.orders.items():
        intent = written.intents.get(order.intent_id)
        if intent is None:
            yield Difference("INTENT_MISSING", name, order.intent_id, None)
            continue
        if first := seen.get(intent.id):
            yield Difference("INTENT_TWICE", intent.id, name, first)
        seen[intent.id] = name
        ours = f"{order.vault} {order.side} {order.symbol}"
        asked = f"{intent.vault} {intent.side} {intent.symbol}"
        if ours != asked:
            yield Difference("INTENT_DIFFERS", name, ours, asked)


def against_statement(
    written: Written, broker: str, alive: Sequence[BrokerOrder], statement: Executions
) -> Iterator[Difference]:
    """What the broker `broker` has otherwise than it was prepared, or than its fills are on record.

    Args:
        written: the journals.
        broker: whose statement it is; other brokers' orders are left out.
        alive: its open orders.
        statement: its executions from the beginning.
    """
    mine = {name: one for name, one in written.orders.items() if one.broker == broker}
    for theirs in alive:
        order = mine.get(theirs.client_order_id)
        if order is not None and (order.symbol, order.quantity) != (theirs.symbol, theirs.quantity):
            yield Difference(
                "WIRE_DIFFERS",
                theirs.client_order_id,
                f"{order.quantity} {order.symbol}",
                f"{theirs.quantity} {theirs.symbol}",
            )
    at_broker = {one.client_order_id for one in alive}
    at_broker |= {fill.client_order_id for fill in statement.fills}
    at_broker |= {told.client_order_id for told in statement.sums}
    for name in sorted(at_broker & written.withheld):
        yield Difference("WITHHELD_SENT", name, OrderState.WITHHELD.value, "sent")
    # Of a broker that tells sums, its fills are ours to name; the sums are what it can be held to.
    summed = {name: one for name, one in written.fills.items() if of_sum(one, broker)}
    single = {name: one for name, one in written.fills.items() if name not in summed}
    yield from _fills(single, mine, statement.fills)
    yield from _sums(summed.values(), mine, statement.sums)


def _fills(
    on_record: Mapping[str, Fill], mine: Mapping[str, Order], stated: Sequence[Fill]
) -> Iterator[Difference]:
    theirs = {fill_name(fill): fill for fill in stated}
    filled: dict[str, int] = {}
    for name, fill in theirs.items():
        order = mine.get(fill.client_order_id)
        if order is None:
            yield Difference("FILL_NOT_OURS", name, None, fill.quantity)
            continue
        if (fill.symbol, fill.side) != (order.symbol, order.side):
            ordered = f"{order.side} {order.symbol}"
            yield Difference("FILL_DIFFERS", name, ordered, f"{fill.side} {fill.symbol}")
        ours = on_record.get(name)
        if ours is None:
            yield Difference("FILL_MISSING", name, None, fill.quantity)
        elif _money(ours) != _money(fill):
            yield Difference("FILL_DIFFERS", name, _money(ours), _money(fill))
        filled[fill.client_order_id] = filled.get(fill.client_order_id, 0) + fill.quantity
    for name, fill in on_record.items():
        if fill.client_order_id in mine and name not in theirs:
            yield Difference("FILL_NOT_THEIRS", name, fill.quantity, None)
    for name, quantity in filled.items():
        if quantity > mine[name].quantity:
            yield Difference("OVERFILLED", name, mine[name].quantity, quantity)


def _sums(
    on_record: Iterable[Fill], mine: Mapping[str, Order], stated: Sequence[Sum]
) -> Iterator[Difference]:
    """A broker states the orders of a day; of those it does not state it says nothing."""
    ours: dict[str, int] = {}
    for fill in on_record:
        ours[fill.client_order_id] = ours.get(fill.client_order_id, 0) + fill.quantity
    for told in stated:
        name = told.client_order_id
        if name not in mine:
            yield Difference("FILL_NOT_OURS", name, None, told.filled)
        elif ours.get(name, 0) != told.filled:
            yield Difference("FILL_DIFFERS", name, ours.get(name, 0), told.filled)
        elif told.filled > mine[name].quantity:
            yield Difference("OVERFILLED", name, mine[name].quantity, told.filled)


def of_sum(fill: Fill, broker: str) -> bool:
    """Whether a fill was made of a sum, by the name it was given."""
    return fill.id.startswith(f"{broker}-") and ":" in fill.id


def fill_name(fill: Fill) -> str:
    """An order and the broker's id: an id alone may come twice."""
    return f"{fill.client_order_id} {fill.id}"


def _money(fill: Fill) -> str:
    kept = f", kept {fill.kept}" if fill.kept else ""
    return f"{fill.quantity} at {fill.price}, fee {fill.fee}{kept}"
