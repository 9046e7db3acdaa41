"""Replay: every decision made again from what is on record, and its bytes compared."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.record import Record
from vanta.executor.bearers import bearers
from vanta.executor.book import Book, BookState
from vanta.executor.brokers.port import Movement
from vanta.executor.converting import lacking, sweep
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    CashMoved,
    ConversionWanted,
    DecisionMade,
    Event,
    ExitWanted,
    FeeCharged,
    OrderPrepared,
    Share,
    read,
)
from vanta.executor.mandate import Mandates
from vanta.executor.positions import VaultBook
from vanta.executor.stops import Seen, stops

S = TypeVar("S", bound=msgspec.Struct)


class Replayed(NamedTuple):
    """One record made again; it holds when both are equal."""

    record_id: str
    recorded: bytes
    recomputed: bytes


class _DecisionBytes(msgspec.Struct):
    decision: msgspec.Raw


class _OrderBytes(msgspec.Struct):
    order: msgspec.Raw


class _Opening(msgspec.Struct):
    segment: int
    state: msgspec.Raw


class _KeptVault(msgspec.Struct):
    lines: dict[str, dict[str, msgspec.Raw]]


class _Kept(msgspec.Struct):
    vaults: list[tuple[str, _KeptVault]]


def replay(records: Iterable[Record]) -> Iterator[Replayed]:
    """Fold a trade log and make again what was made from the book as it then was.

    Made again are each decision, the order prepared from it, each exit and each conversion of the
    Executor's own, who bears what was told later, and the snapshot of each segment.

    Args:
        records: of `trade_log.jsonl`, from its beginning, or from the first record of a segment.

    Raises:
        MalformedError: a record the Executor did not write.
    """
    book, began = Book(), False
    mandates: Mandates | None = None
    for record in records:
        if record.type.startswith("journal."):
            opening = msgspec.json.decode(record.body, type=_Opening)
            state = bytes(opening.state)
            if began:
                yield Replayed(record.id, state, _snapshot(state, book))
            book, began = Book.from_state(state), True
            continue
        event = read(record)
        if event is None:
            continue
        if isinstance(event, DecisionMade | ExitWanted | ConversionWanted):
            published = book.published
            if published is not None and (
                mandates is None or mandates.policy is not published.policy
            ):
                mandates = Mandates(published.policy)
        made = _made(record, event, book, mandates)
        if made is not None:
            yield made
        book.apply(event)


def _made(record: Record, event: Event, book: Book, mandates: Mandates | None) -> Replayed | None:
    """What a record says was made from the book, and the same made again; None for other news."""
    match event:
        case ExitWanted():
            return Replayed(record.id, bytes(record.body), _wanted_again(event, book, mandates))
        case ConversionWanted():
            return Replayed(record.id, bytes(record.body), _converted_again(event, book, mandates))
        case DecisionMade():
            return Replayed(record.id, _recorded(record), _again(event, book, mandates))
        case OrderPrepared():
            opened = book.open.get(event.order.client_order_id)
            recorded = bytes(msgspec.json.decode(record.body, type=_OrderBytes).order)
            return Replayed(record.id, recorded, encode(opened.order) if opened else b"null")
        case FeeCharged() | CashMoved():
            return Replayed(record.id, encode(event.shares), encode(_shared_again(event, book)))
        case _:
            return None


def _shared_again(event: FeeCharged | CashMoved, book: Book) -> tuple[Share, ...]:
    """The parts by the same rule, of what is on record of it."""
    if isinstance(event, CashMoved):
        moved = Movement(event.id, event.kind, event.amount, event.day, event.said, event.symbol)
    else:
        moved = Movement(
            event.id,
            "fee",
            -event.amount,
            event.day,
            event.said,
            event.symbol,
            -event.kept,
            event.price,
            event.client_order_id,
        )
    return bearers(book, event.broker, moved)


def _snapshot(recorded: bytes, book: Book) -> bytes:
    """The book's state; as it was recorded, where only fields differ that were not there yet."""
    state = encode(_as_far_as(recorded, book.state()))
    if state == recorded:
        return state
    again = encode(_as_far_as(recorded, Book.from_state(recorded).state()))
    return recorded if again == state else state


def _as_far_as(recorded: bytes, state: BookState) -> BookState:
    """The state without what the book and its lines did not keep yet when it was recorded."""
    kept = msgspec.json.decode(recorded, type=_Kept | None)
    if kept is None:
        return state
    then = dict(kept.vaults)
    vaults = [
        (name, _lines_as_far_as(then[name], vault) if name in then else vault)
        for name, vault in state.vaults
    ]
    everything = msgspec.json.decode(recorded, type=dict[str, msgspec.Raw])
    return _without(msgspec.structs.replace(state, vaults=vaults), everything)


def _lines_as_far_as(kept: _KeptVault, vault: VaultBook) -> VaultBook:
    lines = {
        symbol: _without(line, kept.lines[symbol]) if symbol in kept.lines else line
        for symbol, line in vault.lines.items()
    }
    return msgspec.structs.replace(vault, lines=lines)


def _without(whole: S, kept: dict[str, msgspec.Raw]) -> S:
    """With the defaults of the fields that were not kept yet."""
    later = [one for one in msgspec.structs.fields(whole) if one.name not in kept]
    return msgspec.structs.replace(
        whole,
        **{
            one.name: one.default_factory() if one.default is msgspec.NODEFAULT else one.default
            for one in later
            if not one.required
        },
    )


def _recorded(record: Record) -> bytes:
    return bytes(msgspec.json.decode(record.body, type=_DecisionBytes).decision)


def _wanted_again(event: ExitWanted, book: Book, mandates: Mandates | None) -> bytes:
    """The exit the same quote asks for of the same vault; null where it asks for none."""
    if mandates is None:
        return b"null"
    again = stops(book, mandates, [Seen(event.broker, event.quote)], event.now)
    vault = event.intent.vault
    return encode(next((one for one in again if one.intent.vault == vault), None))


def _converted_again(event: ConversionWanted, book: Book, mandates: Mandates | None) -> bytes:
    """The conversion that the same quotes ask for; null where they ask for none."""
    if mandates is None:
        return b"null"
    peg, served, market = Seen(event.broker, event.peg), event.served, event.market
    if served is None or market is None:
        return encode(sweep(event.intent.vault, book, mandates, peg, event.now, event.edition))
    seen, edition = Seen(event.venue, market), min(event.edition, EDITION)
    return encode(lacking(served, book, mandates, seen, peg, event.now, edition))


def _again(event: DecisionMade, book: Book, mandates: Mandates | None) -> bytes:
    if mandates is None:
        return b"null"
    again = decide(
        event.intent,
        book,
        mandates,
        event.quote,
        event.now,
        broker=event.broker,
        edition=min(event.edition, EDITION),
    )
    return encode(again)
