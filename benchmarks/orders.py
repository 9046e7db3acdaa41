"""Intents without end: what Markets would send, signed by its node's key, at a steady pace.

    python -m benchmarks.orders KEY BUS PER_SECOND TAPE MEMORY

It runs until it is ended. Every second intent closes what the one before opened, so that a book
under this load neither fills up nor runs dry.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from vanta.bus.directory import DirectoryOutbox
from vanta.domain.encoding import content_id, encode
from vanta.domain.exact import UNIT
from vanta.domain.instant import MINUTE
from vanta.domain.policy import Published
from vanta.domain.trading import Envelope, Instrument, Intent
from vanta.executor.brokers.paper.tape import Row
from vanta.governance.keys import load_private_key
from vanta.governance.published import PolicyReader
from vanta.governance.sshsig import sign
from vanta.markets.promote import NAMESPACE
from vanta.markets.service import default_build

NODE = "markets"
VAULT = "crypto-flow"
PRICES = {"BTC-USD": 60_000, "ETH-USD": 3_000}
"""Of symbols whose venue never closes; in dollars."""


def tape(market_time: int) -> bytes:
    """The market these intents are for."""
    rows = [
        Row(
            symbol=symbol,
            market_time=market_time,
            bid=price * UNIT,
            ask=price * UNIT + UNIT // 100,
            last=price * UNIT,
            adv=10**9 * UNIT,
            instrument=Instrument(
                symbol, "crypto", "crypto", UNIT // 100, UNIT // 10_000, tradable=True
            ),
        )
        for symbol, price in PRICES.items()
    ]
    return b"".join(encode(row) + b"\n" for row in rows)


def intents(market_time: int, policy: Callable[[], Published]) -> Iterator[Intent]:
    """Buy and sell, one symbol after the other, each under the policy in force."""
    sides = itertools.product(("buy", "sell"), PRICES)
    for side, symbol in itertools.cycle(sides):
        now = time.time_ns()
        dag = content_id("con", symbol.encode(), now.to_bytes(8, "big"))
        yield Intent(
            id=content_id("intent", dag.encode(), VAULT.encode()),
            vault=VAULT,
            symbol=symbol,
            asset_class="crypto",
            side="buy" if side == "buy" else "sell",
            reducing=side == "sell",
            conviction=800_000,
            band="strong",
            conviction_id=dag,
            strategy="reflect",
            flip=False,
            created=now,
            expires=now + MINUTE,
            market_time=market_time,
            build=default_build(),
            policy=policy().provenance.commit,
            dag_id=dag,
        )


def main() -> None:
    """Send until ended."""
    key, bus, pace = load_private_key(Path(sys.argv[1])), Path(sys.argv[2]), float(sys.argv[3])
    market_time = int(json.loads(Path(sys.argv[4]).read_text().splitlines()[0])["market_time"])
    outbox = DirectoryOutbox(bus)
    due = time.monotonic()
    for intent in intents(market_time, PolicyReader(Path(sys.argv[5]))):
        payload = encode(intent)
        signature = sign(key, payload, NAMESPACE).decode()
        outbox.send(intent.id, encode(Envelope(payload.decode(), signature, NODE)))
        # Behind after a slow flush, it does not hurry: bursts are not what is measured.
        due = max(due + 1 / pace, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
