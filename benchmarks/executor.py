"""How fast the Executor decides: in memory, and durably for 64 producers at once.

`python benchmarks/executor.py` prints JSON. One decision is everything between an intent that
passed intake and the bytes of its record: sizing, every fence, the reasons, the body encoded, the
line chained. Nothing is left out and nothing is cached between decisions but what the service
itself keeps.
"""

import contextlib
import gc
import hashlib
import json
import queue
import sys
import tempfile
import threading
import time
from pathlib import Path
from threading import Lock
from typing import Any

from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.domain.policy import (
    AccountPolicy,
    Concurrency,
    Exposure,
    Liquidity,
    Losses,
    OrderLimits,
    PersonaTerms,
    Policy,
    PositionLimits,
    Provenance,
    Published,
    Throttle,
    Universe,
    VaultPolicy,
)
from vanta.domain.record import GENESIS
from vanta.domain.trading import Fill, Instrument, Intent, Quote
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    BookMarked,
    DecisionMade,
    Event,
    OrderFilled,
    OrderPrepared,
    PolicyAdopted,
    VaultFunded,
    entry,
)
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.journal import chain
from vanta.lattice.direction import EVERYTHING, Table

NOW = 1_700_000_000 * SECOND
COMMIT = "a" * 40
VAULT = "momentum-us"
AMPLE = 2**60


def policy(
    *, per_symbol: int = AMPLE, sectors: dict[str, str] | None = None, vaults: int = 1
) -> Policy:
    """A policy every fence of which is asked; none denies but, where it is low, `per_symbol`."""
    anything = frozenset({EVERYTHING})
    if sectors is None:
        sectors = {symbol(n): f"sector-{n % 11}" for n in range(5000)}
    vault = VaultPolicy(
        capital=10**9 * UNIT,
        rails=anything,
        brokers=anything,
        universe=Universe(
            allow=anything,
            asset_classes=frozenset({"equity"}),
            sectors=sectors,
        ),
        orders=OrderLimits(
            max_quantity=10**6 * UNIT,
            max_notional=10**4 * UNIT,
            collar=20_000,
            quote_age=5 * SECOND,
            intent_age=60 * SECOND,
            duplicate_window=0,
            per_minute=AMPLE,
            per_fill=AMPLE,
        ),
        throttle=Throttle(repeats=AMPLE, window=DAY),
        positions=PositionLimits(per_symbol=per_symbol),
        exposure=Exposure(
            gross=AMPLE,
            net=AMPLE,
            per_ticker=Table(PPM),
            per_sector=Table(PPM),
            per_asset_class=Table(PPM),
        ),
        concurrency=Concurrency(
            open_orders=AMPLE, positions=AMPLE, open_orders_per_broker=Table(AMPLE)
        ),
        liquidity=Liquidity(adv_floor=UNIT, max_of_adv=PPM, spread=PPM),
        losses=Losses(daily=AMPLE, drawdown=PPM, streak=AMPLE),
        persona=PersonaTerms(name="ares", multiplier=PPM, gross=AMPLE),
        bands=((0, PPM),),
    )
    return Policy(
        environment="bench",
        account=AccountPolicy(
            gross=AMPLE,
            net=AMPLE,
            per_symbol=AMPLE,
            daily_loss=AMPLE,
            open_orders=AMPLE,
            messages=AMPLE,
            messages_per_broker=Table(AMPLE),
            messages_per_strategy=Table(AMPLE),
            builds=frozenset({"0.1.0+abcdef0"}),
        ),
        vaults=dict.fromkeys(names(vaults), vault),
    )


def names(vaults: int) -> list[str]:
    """So many vaults, the one that is decided for among them."""
    return [VAULT, *(f"vault-{n}" for n in range(1, vaults))]


def symbol(n: int) -> str:
    """The n-th name of a made-up universe."""
    return f"SYM{n:05d}"


def quote(n: int, moved: int = 0) -> Quote:
    """A two-sided market in the n-th symbol, so many units off its usual price."""
    bid = (20 + n % 400) * UNIT + moved
    return Quote(
        symbol=symbol(n),
        bid=bid,
        ask=bid + UNIT // 50,
        last=bid,
        ts=NOW,
        market_time=NOW,
        adv=10**9 * UNIT,
        session="open",
        instrument=Instrument(symbol(n), "equity", "fiat", UNIT // 100, UNIT, tradable=True),
    )


def intent(n: int, of: int, vault: str = VAULT) -> Intent:
    """The n-th intent, over `of` symbols."""
    digest = hashlib.sha256(vault.encode() + n.to_bytes(8, "big")).hexdigest()[:32]
    return Intent(
        id=f"int_{digest}",
        vault=vault,
        symbol=symbol(n % of),
        asset_class="equity",
        side="buy",
        reducing=False,
        conviction=800_000,
        band="strong",
        conviction_id=f"con_{digest}",
        strategy="reflect",
        flip=False,
        created=NOW - SECOND,
        expires=NOW + MINUTE,
        market_time=NOW,
        build="0.1.0+abcdef0",
        policy=COMMIT,
        dag_id=f"con_{digest}",
    )


def funded(rules: Policy) -> Book:
    """A book with money and a policy."""
    book = Book()
    for vault in rules.vaults:
        book.apply(VaultFunded(vault, 10**9 * UNIT, NOW))
    book.apply(PolicyAdopted(published(rules)))
    return book


def published(rules: Policy) -> Published:
    """A policy as a node reads it."""
    return Published(policy=rules, provenance=Provenance(commit=COMMIT, tree="", serial=1))


def holding(book: Book, mandates: Mandates, positions: int) -> None:
    """Open `positions` positions in each vault, and as many orders, by decisions and fills."""
    for vault in mandates.policy.vaults:
        for n in range(positions):
            _hold(book, mandates, intent(10**9 + n, positions, vault), n)
    book.apply(BookMarked(tuple(quote(n) for n in range(positions))))


def _hold(book: Book, mandates: Mandates, wanted: Intent, n: int) -> None:
    made = made_from(wanted, book, mandates, quote(n))
    book.apply(made)
    order = made.decision.order
    assert order is not None, made.decision.reasons
    book.apply(OrderPrepared(order))
    name, half = order.client_order_id, order.quantity // 2 // UNIT * UNIT
    fill = Fill(f"b{name}", name, order.symbol, "buy", half, order.limit_price, UNIT, NOW)
    book.apply(OrderFilled(fill))


def made_from(wanted: Intent, book: Book, mandates: Mandates, market: Quote) -> DecisionMade:
    """One decision, as it is recorded."""
    decision = decide(wanted, book, mandates, market, NOW, broker="paper")
    return DecisionMade(wanted, market, NOW, "paper", decision, EDITION)


def line_of(event: Event, seq: int, prev: str) -> tuple[bytes, str]:
    """The record of an event as a journal line, and its chain value."""
    made = entry(event, ordinal=seq, parents=("int",), dag_id="con", policy=COMMIT)
    line = chain.line_of(made, seq=seq, ts=NOW, actor="executor@0.1.0", prev=prev)
    return line, chain.chain(prev, line)


def in_memory(
    *,
    decisions: int,
    positions: int,
    vaults: int = 1,
    moved: bool = False,
    per_symbol: int = AMPLE,
) -> dict[str, Any]:
    """Decide, encode and chain `decisions` intents against a book of `positions` positions.

    Args:
        decisions: how many.
        positions: half filled orders in the book, of each vault.
        vaults: how many hold all of them; the decisions are for one.
        moved: whether every quote differs from what the book counts its symbol at.
        per_symbol: cap on one symbol, units; 1 denies every decision.
    """
    rules = policy(vaults=vaults)
    book = funded(rules)
    holding(book, Mandates(rules), positions)
    if per_symbol != AMPLE:
        sectors = rules.vaults[VAULT].universe.sectors
        rules = policy(per_symbol=per_symbol, sectors=sectors, vaults=vaults)
    mandates = Mandates(rules)
    intents = [intent(n, positions) for n in range(decisions)]
    quotes = [quote(n, UNIT // 50 if moved else 0) for n in range(positions)]
    took: list[int] = []
    head, size, denied = GENESIS, 0, 0
    clock = time.perf_counter_ns
    gc.collect()
    gc.freeze()
    started = clock()
    for seq, wanted in enumerate(intents):
        before = clock()
        made = made_from(wanted, book, mandates, quotes[seq % len(quotes)])
        line, head = line_of(made, seq, head)
        took.append(clock() - before)
        size += len(line)
        denied += made.decision.verdict == "deny"
    elapsed = clock() - started
    gc.unfreeze()
    return {
        "positions": positions * vaults,
        "vaults": vaults,
        "decisions_per_s": round(decisions / elapsed * SECOND),
        **percentiles(took, "us", 1000),
        "bytes_per_record": size // decisions,
        "denied": denied,
    }


Ticket = tuple[list[Intent], Lock]
"""Intents of one producer, and what it waits on until they are durable."""


def produce(
    mine: list[Intent], outstanding: int, desk: "queue.SimpleQueue[Ticket]", took: list[int]
) -> None:
    """Bring `outstanding` intents at a time and go on when all of them are durable."""
    done = Lock()
    done.acquire()
    for at in range(0, len(mine), outstanding):
        began = time.perf_counter_ns()
        desk.put((mine[at : at + outstanding], done))
        done.acquire()
        took.append(time.perf_counter_ns() - began)


def work_off(log: TradeLog, rules: Policy, desk: "queue.SimpleQueue[Ticket]", left: int) -> int:
    """Decide `left` intents as the service does: what came together shares one flush."""
    mandates, quotes = Mandates(rules), [quote(n) for n in range(200)]
    flushes = 0
    while left:
        tickets = [desk.get()]
        # Who has just been answered brings the next as soon as it may run: all of them at once.
        time.sleep(0)
        with contextlib.suppress(queue.Empty):
            while True:
                tickets.append(desk.get_nowait())
        for one in [one for wanted, _ in tickets for one in wanted]:
            made = made_from(one, log.book, mandates, quotes[int(one.symbol[3:])])
            log.state(made, parents=(one.id,), dag_id=one.dag_id)
            if made.decision.order is not None:
                prepared = OrderPrepared(made.decision.order)
                log.state(prepared, parents=(made.decision.id,), dag_id=one.dag_id)
            left -= 1
        log.commit()
        flushes += 1
        for _, done in tickets:
            done.release()
    return flushes


def durable(*, producers: int, decisions: int, outstanding: int = 1) -> dict[str, Any]:
    """Decide for `producers` threads, each waiting until its decisions are on disk."""
    rules = policy()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        log = TradeLog(Path(folder) / "trade_log.jsonl", actor="executor@bench", clock=time.time_ns)
        log.state(VaultFunded(VAULT, 10**9 * UNIT, NOW))
        log.state(PolicyAdopted(published(rules)))
        log.commit()
        share = decisions // producers
        desk: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        took: list[int] = []
        batches = [[intent(n * share + k, 200) for k in range(share)] for n in range(producers)]
        threads = [
            threading.Thread(target=produce, args=(mine, outstanding, desk, took))
            for mine in batches
        ]
        gc.collect()
        gc.freeze()
        started = time.perf_counter_ns()
        for thread in threads:
            thread.start()
        flushes = work_off(log, rules, desk, share * producers)
        elapsed = time.perf_counter_ns() - started
        for thread in threads:
            thread.join()
        gc.unfreeze()
        accepted = len(log.book.open)
        log.close()
        size = sum(file.stat().st_size for file in Path(folder).glob("*.jsonl"))
    return {
        "producers": producers,
        "outstanding": outstanding,
        "decisions_per_s": round(share * producers / elapsed * SECOND),
        **percentiles(took, "ms", 1_000_000),
        "accepted": accepted,
        "decisions_per_flush": round(share * producers / flushes, 1),
        "mb_per_s": round(size / elapsed * 1000, 1),
    }


def percentiles(took: list[int], unit: str, scale: int) -> dict[str, float]:
    """Middle and tail of durations in nanoseconds, in `unit`."""
    took = sorted(took)
    return {
        f"p50_{unit}": round(took[len(took) // 2] / scale, 2),
        f"p99_{unit}": round(took[len(took) * 99 // 100] / scale, 2),
        f"max_{unit}": round(took[-1] / scale, 1),
    }


IN_MEMORY: dict[str, dict[str, Any]] = {
    "in_memory": {"positions": 20},
    "in_memory_10x_positions": {"positions": 200},
    "in_memory_100x_positions": {"positions": 2000},
    "in_memory_10x_vaults": {"positions": 20, "vaults": 10},
    "in_memory_100x_vaults": {"positions": 20, "vaults": 100},
    "in_memory_every_price_moved": {"positions": 200, "moved": True},
    "in_memory_every_price_moved_100x_vaults": {"positions": 20, "vaults": 100, "moved": True},
    "in_memory_denied": {"positions": 200, "per_symbol": 1},
}
"""What is measured of `in_memory`, by name."""


def run() -> dict[str, Any]:
    """Every figure."""
    return {
        **{name: in_memory(decisions=50_000, **wanted) for name, wanted in IN_MEMORY.items()},
        "durable": durable(producers=64, decisions=64_000),
        "durable_4_outstanding": durable(producers=64, decisions=64_000, outstanding=4),
    }


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
