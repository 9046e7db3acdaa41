"""Writes down what this build decides in one small day.

`python -m tests.executor.record_edition FILE` is run once for each edition of the fences, by the
last build that had no newer one. What it wrote then is `recorded/edition-N.jsonl` and is never
written anew: a build that replays it to the byte has changed nothing under the feet of an audit,
neither a fence, nor sizes, nor compounding.
"""

import sys
import tempfile
from pathlib import Path

import msgspec

from tests.executor.building import OTHER, VAULT, policy, published, quote, vault
from tests.executor.running import Node
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Instrument

CALL = "AAPL240119C00110000"


class Moving(Node):
    """One whose market's time goes on with the clock, so that its days end."""

    def _quotes(self) -> None:
        super()._quotes()
        for symbol, one in self.broker.quotes.items():
            moved = msgspec.structs.replace(one, ts=self.clock.now, market_time=self.clock.now)
            self.broker.quotes[symbol] = moved


def day(node: Node) -> None:
    """Gains that compound, rolled forward and not; a call, a halt, a short sale and a stop."""
    freely = {
        "orders": {"duplicate_window": 0},
        "positions": {"short": True},
        "universe": {"allow": frozenset({"*"})},
    }
    half = {"reinvest": PPM // 2, "scale": PPM}
    rules = {
        VAULT: vault(**freely, compounding={**half, "roll_forward": True}),
        OTHER: vault(**freely, compounding=half, persona={"stop_loss": 40_000}),
    }
    node.source[0] = published(policy(rules))
    for name in (VAULT, OTHER):
        node.wants("AAPL", vault=name)
    node.step(3)
    node.price("AAPL", 140)
    for name in (VAULT, OTHER):
        node.wants("MSFT", vault=name, market_time=node.clock.now)
    node.step(3)
    node.wait(DAY)
    node.price("MSFT", 230)
    for name in (VAULT, OTHER):
        node.wants("BTC-USD", vault=name, market_time=node.clock.now)
    node.step(3)
    sold = Instrument(
        CALL, "option", "fiat", UNIT // 20, UNIT, 100, shortable=True, underlying="AAPL",
        tradable=True,
    )  # fmt: skip
    node.broker.quotes[CALL] = quote(CALL, "0.33", instrument=sold, ts=node.clock.now + SECOND)
    node.wants(CALL, side="sell", asset_class="option")
    node.step()
    halted = msgspec.structs.replace(node.broker.quotes["AAPL"], session="halted")
    node.wants("AAPL")
    node.clock.now += SECOND
    node.broker.quotes["AAPL"] = msgspec.structs.replace(halted, ts=node.clock.now)
    (node.process or node.boot()).step()
    node.wants("AAPL", vault=VAULT, reducing=True, side="sell")
    node.price("MSFT", 150)
    node.step(4)


def main(file: Path) -> None:
    """Write the day's trade log, one record a line."""
    with tempfile.TemporaryDirectory() as folder:
        node = Moving(Path(folder))
        day(node)
        node.end()
        file.write_bytes(b"".join(encode(record) + b"\n" for record in node.log()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
