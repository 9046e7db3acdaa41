"""How soon what is wrong at a broker is told, and how soon a fill is known, with a stream or not.

The comparison is its own process, as on a node; the broker is the paper broker's process or a
simulator of Alpaca's API on this machine. From the instant something is there to the alert's
record; from a fill at the vendor to the fill in the book.
"""

import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.spread import spread
from tests.executor.brokers.alpaca_vendor import KEY, SECRET
from tests.executor.brokers.streamed import Streamed
from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.surveillance.live import Live
from vanta.domain.exact import UNIT
from vanta.executor.surveillance.mismatch import JOURNAL, MismatchFound, read_alert
from vanta.executor.surveillance.process import start
from vanta.journal.reader import read
from vanta.node.layout import Layout

TRIALS = 120
FILLS = 60
CONFIG = """\
node: executor
role: executor
environment: dev
governance:
  remote: forge.git
brokers:
  alpaca:
    vendor: alpaca
    trading: {url}
    data: {url}
executor:
  brokers: [alpaca]
"""


def run() -> dict[str, Any]:
    """Every figure."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        root = Path(folder)
        found: dict[str, Any] = {"paper_unprepared": _paper(_made(root / "paper"))}
        found |= _alpaca(_made(root / "alpaca"))
        for name, hinted in (("fill_known_polled", False), ("fill_known_streamed", True)):
            found[name] = _fills(_made(root / name), hinted=hinted)
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _paper(root: Path) -> dict[str, float]:
    """Orders that nobody prepared, sent to the paper broker under names of ours."""
    chance = random.Random(1)  # noqa: S311 - spreads trials, guards nothing
    live = Live(root)
    try:
        live.trade(0.3, batch=1)
        shown: dict[str, int] = {}
        for number in range(TRIALS):
            time.sleep(chance.uniform(0.05, 0.45))
            name = f"ord_{number:032x}"
            at = time.time_ns()
            shown[live.plant(client_order_id=name, quantity=UNIT)] = at
        return _told(live.layout, shown)
    finally:
        live.close()


def _alpaca(root: Path) -> dict[str, Any]:
    """Orders that nobody prepared, and fills that the Executor does not hear of."""
    chance, desk = random.Random(2), AlpacaDesk()  # noqa: S311 - as above
    streamed = Streamed(root, desk, hinted=False)
    process = _surveil(streamed.trading.layout, desk.vendor.url)
    books = desk.vendor.books
    orders: dict[str, int] = {}
    fills: dict[str, int] = {}
    try:
        order = streamed.resting()
        # The Executor stops here: what is filled from now on is on nobody's record.
        time.sleep(4)
        for number in range(TRIALS):
            time.sleep(chance.uniform(0.1, 0.7))
            name = f"ord_{number:032x}"
            at = books.now = time.time_ns()
            books.take(name, "AAPL", "buy", UNIT, 160 * UNIT)
            orders[name] = at
            time.sleep(chance.uniform(0.1, 0.7))
            at = time.time_ns()
            books.fill(order.client_order_id, UNIT, 160 * UNIT, ts=at)
            fills[str(number)] = at
        time.sleep(6)
        alerts = _alerts(streamed.trading.layout)
        missing = sorted(at for (code, _), at in alerts.items() if code == "FILL_MISSING")
        # Fills are told in their order.
        waited = [told - at for told, at in zip(missing, sorted(fills.values()), strict=True)]
        return {
            "alpaca_unprepared": _told(streamed.trading.layout, orders),
            "alpaca_fill_missing": spread(waited),
        }
    finally:
        process.terminate()
        process.wait()
        streamed.close()
        desk.close()


def _surveil(layout: Layout, url: str) -> subprocess.Popen[bytes]:
    secrets = layout.root / "secrets"
    secrets.mkdir()
    for name, value in (("alpaca-key", KEY), ("alpaca-secret", SECRET)):
        (secrets / name).write_text(value)
        (secrets / name).chmod(0o400)
    layout.etc.mkdir()
    layout.config.write_text(CONFIG.format(url=url))
    os.environ["CREDENTIALS_DIRECTORY"] = str(secrets)
    try:
        return start(layout)
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]


def _alerts(layout: Layout) -> dict[tuple[str, str], int]:
    """When each alert was on disk, by code and subject."""
    found = {}
    for record in read(layout.journal(JOURNAL)):
        one = read_alert(record)
        if isinstance(one, MismatchFound):
            found[one.mismatch.code, one.mismatch.subject] = record.ts
    return found


def _told(layout: Layout, shown: dict[str, int]) -> dict[str, float]:
    """From shown to told, of orders nobody prepared; waits for the last of them."""
    until = time.monotonic() + 8
    alerts = _alerts(layout)
    while time.monotonic() < until and not all(("UNPREPARED", name) in alerts for name in shown):
        time.sleep(0.2)
        alerts = _alerts(layout)
    return spread([alerts["UNPREPARED", name] - at for name, at in shown.items()])


def _fills(root: Path, *, hinted: bool) -> dict[str, float]:
    """From a fill at the vendor to the fill in the book, one in two to three seconds."""
    chance, desk = random.Random(3), AlpacaDesk()  # noqa: S311 - as above
    streamed = Streamed(root, desk, hinted=hinted)
    tell: Callable[[str, int, int], object] = streamed.server.fill
    took = []
    try:
        order = streamed.resting()
        for number in range(FILLS):
            quiet = time.monotonic() + chance.uniform(2.0, 3.0)
            while time.monotonic() < quiet:
                streamed.step()
            tell(order.client_order_id, UNIT, order.limit_price)
            took.append(int(streamed.until_filled((number + 1) * UNIT) * 1e9))
        return spread(took)
    finally:
        streamed.close()
        desk.close()
