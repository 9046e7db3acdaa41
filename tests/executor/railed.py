"""A node whose broker trades a coin in stablecoin, and stablecoin for dollars."""

from typing import Any

from tests.executor.building import in_stablecoin, pegged
from tests.executor.running import Node
from vanta.domain.exact import PPM, UNIT
from vanta.executor.events import DecisionMade, read
from vanta.lattice.direction import Table

CHANGES: dict[str, Any] = {
    "universe": {"allow": frozenset({"AAPL", "BTC-USD"})},
    "orders": {"duplicate_window": 0},
    "stablecoin_buffer": 10_000,
}


class Fund(Node):
    """A node whose broker trades a coin in stablecoin, and stablecoin for dollars."""

    def _quotes(self) -> None:
        super()._quotes()
        for broker in (self.broker, *self.others):
            now = {"ts": self.clock.now, "market_time": self.clock.now}
            for one in (pegged(self.peg, **now), in_stablecoin(self.coin, **now)):
                broker.quotes[one.symbol] = one

    peg, coin = "1", "20000"

    def denied(self) -> set[str]:
        """Codes of the last decision that said no."""
        made = [event for event in map(read, self.log()) if isinstance(event, DecisionMade)]
        return {finding.code for finding in made[-1].decision.reasons}

    @property
    def book(self) -> Any:  # noqa: ANN401 - asked about what need not be there
        assert self.process is not None
        return self.process._log.book

    def orders(self) -> list[tuple[str, str]]:
        """Every order that was sent, in order."""
        known = self.broker.orders
        placed = [known[name] for name in self.broker.sent if name in known]
        return [(one.symbol, one.side) for one in placed]


WHOLE: dict[str, Any] = {
    **CHANGES,
    "capital": 100_000 * UNIT,
    "bands": ((0, 900_000),),
    "positions": {"per_symbol": 200_000 * UNIT},
    "exposure": {
        "per_ticker": Table(PPM), "per_sector": Table(PPM), "per_asset_class": Table(PPM),
    },
}  # fmt: skip
"""A small vault whose orders take nine tenths of it."""
