"""`kill -9` in the middle of the stream loses nothing and doubles nothing."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.executor.building import VAULT
from vanta.domain.encoding import decode
from vanta.domain.exact import PPM
from vanta.domain.record import Record
from vanta.domain.trading import Fill
from vanta.executor.book import Book
from vanta.executor.brokers.paper.ledger import Ledger, Taken, Voided
from vanta.executor.events import read as event_of
from vanta.executor.rails import PEG
from vanta.executor.replay import replay
from vanta.journal.reader import read
from vanta.node.layout import Layout


@pytest.mark.parametrize(
    ("rounds", "seed", "how"),
    [
        pytest.param(120, 7, "plain", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
        pytest.param(40, 3, "misbehaving", marks=pytest.mark.timeout(300)),
        pytest.param(80, 5, "rails", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
        pytest.param(400, 11, "plain", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param(400, 12, "misbehaving", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
        pytest.param(200, 13, "one-shot", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_killed_at_so_many_points_it_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rounds: int, seed: int, how: str
) -> None:
    driven = subprocess.run(
        [
            *(sys.executable, "-m", "tests.executor.crash_driver"),
            *(str(tmp_path), str(rounds), str(seed), how),
        ],
        check=False,
        capture_output=True,
        timeout=rounds * 3,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert driven.returncode == 0, driven.stderr.decode()
    told = json.loads(driven.stdout)
    layout = Layout(tmp_path)
    trades = list(read(layout.journal("trade_log")))
    intents = list(read(layout.journal("intents")))
    broker = list(read(tmp_path / "broker" / "paper.jsonl"))
    with capsys.disabled():
        sys.stdout.write(summary(how, rounds, tmp_path, told["misused"], trades, broker))
    assert told["ends"].get("killed", 0) == rounds, told["ends"]
    assert told["settled"]

    # No intent lost, none decided twice.
    let_in = [record.id for record in intents if record.type == "intent.accepted"]
    assert sorted(let_in) == sorted(told["sent"])
    decided = Counter(record.parents[0] for record in trades if record.type == "decision.made")
    conversions = [record.id for record in trades if record.type == "conversion.wanted"]
    assert decided == Counter(told["sent"]) + Counter(conversions)
    assert bool(conversions) == (how == "rails")

    # Every order on disk once, and at the broker once, and nothing else there.
    prepared = [record.id for record in trades if record.type == "order.prepared"]
    assert len(set(prepared)) == len(prepared) > rounds // 2
    taken = Counter(named(record) for record in broker if record.type == "paper.taken")
    voided = Counter(
        decode(Voided, bytes(record.body)).client_order_id
        for record in broker
        if record.type == "paper.voided"
    )
    assert taken + voided == Counter(prepared)
    if how != "one-shot":
        assert not voided

    # Some kills came between the broker's taking an order and the disk's knowing it.
    acknowledged = [record.id for record in trades if record.type == "order.acknowledged"]
    repeated = [record.id for record in broker if record.type == "paper.repeated"]
    assert repeated or len(acknowledged) < len(prepared) or how == "rails"

    # Every execution in the book once, nothing reserved any more, and the money adds up.
    ledger = Ledger()
    for record in broker:
        ledger.recall(record)
    book = Book()
    for record in trades:
        event = event_of(record)
        if event is not None:
            book.apply(event)
    filled = Counter(record.id for record in trades if record.type == "order.filled")
    assert filled == Counter(f"fill_{one.id}" for one in ledger.happened if isinstance(one, Fill))
    mine = book.vaults[VAULT]
    assert book.open == {}
    assert ledger.resting == {}
    assert (mine.buying, mine.open_orders, book.account.open_orders) == (0, 0, 0)
    held = {symbol: totals.quantity for symbol, totals in book.symbols.items()}
    if conversions:
        held[PEG] = book.stablecoin()
        assert held[PEG] * PPM >= mine.nav * 1000 * 95 // 100, "the buffer is there"
    assert held == ledger.positions
    assert mine.cash - mine.funded == ledger.account.cash_flow
    assert mine.fees == ledger.account.fees

    # And all of it can be made again from the log.
    replayed = list(replay(trades))
    assert len(replayed) >= len(decided) + len(prepared)
    assert all(one.recorded == one.recomputed for one in replayed)
    assert len({record.id for record in trades}) == len(trades)


def summary(
    how: str,
    rounds: int,
    root: Path,
    misused: dict[str, int],
    trades: list[Record],
    broker: list[Record],
) -> str:
    """What happened, as a table."""
    points = Counter((root / "killed-at").read_text().splitlines())
    kinds = Counter(record.type for record in [*trades, *broker])
    rows = [
        (f"killed, {how}", rounds),
        *((f"  right after: {point}", times) for point, times in sorted(points.items())),
        ("  wherever it was", rounds - points.total()),
        *((f"misused: {kind}", times) for kind, times in sorted(misused.items())),
        ("orders prepared", kinds["order.prepared"]),
        ("  whose fate was not known", kinds["order.unknown"]),
        ("  taken by the broker", kinds["paper.taken"]),
        ("  sent again and known as the same", kinds["paper.repeated"]),
        ("  absent, and made sure of", kinds["paper.voided"]),
        ("fills", kinds["order.filled"]),
    ]
    return "".join(f"\n{name:<48}{times:>8}" for name, times in rows) + "\n"


def named(record: Record) -> str:
    return decode(Taken, bytes(record.body)).order.client_order_id
