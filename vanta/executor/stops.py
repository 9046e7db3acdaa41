"""Exits of the Executor's own: what a vault holds longer, or further down, than its persona means.

A pure function of book, policy, quotes and instant, so an audit makes every exit again. What comes
of it is an intent like any other: decided, fenced, and sent once. A vault that a policy no longer
has opens nothing more, and gets out of what it holds by the terms it had last.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from vanta.domain.encoding import content_id
from vanta.domain.exact import PPM, UNIT
from vanta.domain.exits import ExitCause
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.policy import PersonaTerms
from vanta.domain.trading import Intent, Quote
from vanta.executor.book import Book
from vanta.executor.events import ExitWanted
from vanta.executor.fences.one_order import EXIT_QUOTE_AGE
from vanta.executor.holdings import Holding
from vanta.executor.mandate import Mandate, Mandates
from vanta.executor.positions import Line
from vanta.executor.rails import home, in_dollars
from vanta.executor.reference import reference

STRATEGY = "exit"
"""What orders of the Executor's own name as their strategy."""

LIFE = MINUTE
"""How long an exit is valid; one that could not be decided by then is wanted anew."""

RETRY = 30 * SECOND
"""Least time between two exits of one position; doubled each time, as what hinders may last."""

RETRY_MOST = 5 * MINUTE

_NO_TERMS = PersonaTerms()


class Seen(NamedTuple):
    """A quote, and whose it is."""

    broker: str
    quote: Quote


def stops(book: Book, policy: Mandates, seen: Iterable[Seen], now: int) -> tuple[ExitWanted, ...]:
    """The exits that are wanted now, in the order of the quotes and of the vaults.

    None where the market is closed or cannot be told, where a switch forbids reducing, where all
    of the position is being reduced already, and for a while after the last one.

    Args:
        book: everything decided before, folded; not changed.
        policy: the policy in force.
        seen: quotes of what is held, from where it is held.
        now: UTC nanoseconds by the node's clock, read after the quotes were.
    """
    return tuple(
        exit_
        for one in seen
        if one.quote.session == "open"
        and reference(one.quote)
        and 0 <= now - one.quote.ts <= EXIT_QUOTE_AGE
        for exit_ in _of_symbol(book, policy, one, now)
    )


def _of_symbol(book: Book, policy: Mandates, seen: Seen, now: int) -> Iterator[ExitWanted]:
    priced, lot = in_dollars(seen.quote, book.peg), max(1, seen.quote.instrument.lot)
    symbol = priced.symbol
    totals = book.symbols.get(symbol)
    for name in totals.vaults if totals else ():
        holding = book.holdings.get(name, {}).get(symbol)
        line = book.vaults[name].lines[symbol]
        if holding is None or line.available < lot or _asked(book, name, symbol, holding, now):
            continue
        mandate = policy.of(name)
        # Its price may be of a broker that holds it for another vault alone.
        ways = {seen.broker, *book.ways_out(name, symbol)}
        if all(mandate.brake(broker, STRATEGY).reducing for broker in ways):
            continue
        found = cause(line, holding, terms_of(name, book, mandate), priced)
        if found is not None:
            wanted = _intent(line, name, holding, seen.quote, book, now)
            yield ExitWanted(wanted, found, seen.quote, now, seen.broker)


def _asked(book: Book, vault: str, symbol: str, holding: Holding, now: int) -> bool:
    """Whether a way out waits for its decision, or was wanted too short a while ago."""
    again = min(RETRY << min(holding.tries - 1, 20), RETRY_MOST) if holding.tries else 0
    # A clock that was set back since shall not keep anybody in.
    if 0 <= now - holding.asked < again:
        return True
    return any(
        one.vault == vault and symbol in {one.symbol, home(one.symbol)}
        for one in book.wanted.values()
    )


def terms_of(vault: str, book: Book, mandate: Mandate) -> PersonaTerms:
    """The terms a vault gets out by: its mandate's, or the last it had before it was taken away."""
    rules = mandate.policy.vaults.get(vault)
    return rules.persona if rules is not None else book.former.get(vault, _NO_TERMS)


def cause(line: Line, holding: Holding, terms: PersonaTerms, quote: Quote) -> ExitCause | None:
    """Which of the persona's terms a position has met at a quote; None for none.

    A fall counts from its limit on, and at the middle of the market. A term of 0 is none.
    """
    price, long = reference(quote), line.quantity > 0
    held = abs(line.quantity) * line.multiplier
    best = max(holding.best, price) if long else min(holding.best, price)
    # As whole amounts: an average price is rounded, what was paid is not.
    worth = price * held
    lost = line.cost * UNIT - worth if long else worth - line.cost * UNIT
    fallen = best - price if long else price - best
    lasted = quote.market_time - holding.since

    def of(
        kind: Literal["stop_loss", "trailing", "horizon"], observed: int, limit: int
    ) -> ExitCause:
        cost = line.cost * UNIT // held
        return ExitCause(
            kind, terms.name, holding.entry, holding.since, cost, best, price, observed, limit
        )

    if terms.stop_loss and lost > 0 and lost * PPM >= terms.stop_loss * line.cost * UNIT:
        return of("stop_loss", lost * PPM // max(1, line.cost * UNIT), terms.stop_loss)
    if terms.trailing and fallen > 0 and fallen * PPM >= terms.trailing * best:
        return of("trailing", fallen * PPM // best, terms.trailing)
    if terms.horizon and lasted > terms.horizon:
        return of("horizon", lasted, terms.horizon)
    return None


def _intent(line: Line, vault: str, holding: Holding, quote: Quote, book: Book, now: int) -> Intent:
    published = book.published
    commit = published.provenance.commit if published else ""
    return Intent(
        # The same wish has the same id, whoever works it out and how often.
        id=content_id(
            "intent", b"exit", vault.encode(), holding.entry.encode(), str(holding.tries).encode()
        ),
        vault=vault,
        symbol=quote.symbol,
        asset_class=line.asset_class,
        side="sell" if line.quantity > 0 else "buy",
        reducing=True,
        conviction=holding.conviction,
        band=holding.band,
        conviction_id="",
        strategy=STRATEGY,
        flip=False,
        created=now,
        expires=now + LIFE,
        market_time=quote.market_time,
        build="executor",
        policy=commit,
        dag_id=holding.dag_id,
    )
