"""An Executor of the fund's: the real one, beside the controller of its node, on a paper broker.

desk = Trading(station)
assert desk.trades()
fund.change({fund.halt("stop"): switch("stop")}, by="olga")
controller.tick()
assert not desk.trades()
"""

import textwrap

from tests.executor.building import Ticks, envelope, intent, quote
from tests.executor.simulator import Simulator
from tests.governance.fund import CEILING, MOMENTUM, Fund, document
from tests.governance.simulator import Content, person
from tests.governance.station import Station
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.domain.instant import MINUTE, SECOND
from vanta.executor.service import ExecutorNode
from vanta.governance.published import PolicyReader
from vanta.node.layout import Layout

MARKETS = "markets-1"
"""The node whose intents are let in; register it with `Fund(..., nodes=[MARKETS])`."""

_SYMBOLS = ("AAPL", "MSFT", "KO", "IBM", "GE", "XOM", "PEP", "CAT")
"""Another one each time: a position that is full would deny the next order."""

OPEN: dict[str, Content] = {
    CEILING: document(
        "Ceiling",
        "prod",
        "account: {gross: 10000, net: 10000, perSymbol: 10000, dailyLoss: 1000, openOrders: 60,\n"
        "  messages: 120, messagesPerBroker: {default: 120}, messagesPerStrategy: {default: 120},\n"
        "  builds: [markets@0.1.0], policyLag: 365d}\n"
        "capital: 5000",
    ),
    "personas/ares.yaml": document(
        "Persona", "ares", "multiplier: 1.25\nconviction: 0.55\ngross: 10000"
    ),
    MOMENTUM: document(
        "Vault",
        "momentum",
        textwrap.dedent("""
        persona: ares
        capital: 5000
        rails: [fiat]
        brokers: [paper]
        universe: {allow: [AAPL, MSFT, KO, IBM, GE, XOM, PEP, CAT], assetClasses: [equity]}
        orders: {maxQuantity: 100, maxNotional: 5000, collar: 0.02, quoteAge: 30s, intentAge: 10m,
          duplicateWindow: 0s, perMinute: 60, perFill: 60}
        throttle: {repeats: 9, window: 1h}
        positions: {perSymbol: 5000}
        exposure: {gross: 5000, net: 5000, perTicker: {default: 1}, perSector: {default: 1},
          perAssetClass: {default: 1}}
        concurrency: {openOrders: 20, positions: 15, openOrdersPerBroker: {default: 20}}
        liquidity: {advFloor: 0, maxOfAdv: 1, spread: 0.01}
        losses: {daily: 1000, drawdown: 0.5, streak: 9}
        bands: [{conviction: 0.55, size: 0.05}]
        envelope: {ttl: 2h, slice: 0.1, amplifier: 1.5}
        """),
    ),
}
"""What lets an ordinary order through; two people must approve it."""


def opened(fund: Fund) -> str:
    """Let the vault trade."""
    fund.change(OPEN, by="ada", approve=True)
    return fund.approve("grace")


class Trading:
    """The Executor of a station's node."""

    def __init__(self, station: Station) -> None:
        self._station = station
        root = station.memory.parent
        (root / "bus").mkdir(exist_ok=True)
        self._layout = Layout(root)
        self._clock = Ticks(station.fund.now)
        self._outbox = DirectoryOutbox(root / "bus")
        self.broker = Simulator()
        self._symbols = iter(_SYMBOLS)
        self._process: ExecutorNode | None = None
        self.restart()

    def restart(self) -> None:
        """End the Executor, if it runs, and boot it from what is on the disk."""
        self.stop()
        self._process = ExecutorNode(
            self._layout,
            read_policy=PolicyReader(self._station.memory, patience=0.0),
            clock=self._clock,
            brokers=[self.broker],
            inbox=DirectoryInbox(self._layout.root / "bus"),
            actor="executor@test",
        )

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def trades(self, *, markets_at: str = "") -> bool:
        """Whether an order to open leaves when Markets wants one.

        Args:
            markets_at: the commit whose policy Markets has; the fund's head if not said.
        """
        return self._leaves(next(self._symbols), "buy", markets_at)

    def reduces(self) -> bool:
        """Whether an order leaves that gives up the first position."""
        return self._leaves(_SYMBOLS[0], "sell", "")

    def _leaves(self, symbol: str, side: str, markets_at: str) -> bool:
        assert self._process is not None
        before = len(self.broker.sent)
        self._clock.now += 30 * SECOND
        now = self._clock.now
        self.broker.quotes[symbol] = quote(symbol, 100, ts=now, market_time=now)
        wanted = intent(
            symbol,
            vault="momentum",
            side=side,
            reducing=side == "sell",
            created=now,
            expires=now + MINUTE,
            market_time=now,
            policy=markets_at or self._station.fund.sim.head(),
        )
        key = person(MARKETS).private_key
        self._outbox.send(wanted.id, envelope(wanted, key, MARKETS))
        for _ in range(3):
            self._clock.now += SECOND
            self._process.step()
        return len(self.broker.sent) > before

    @property
    def trouble(self) -> str:
        """Code of what keeps every order in."""
        assert self._process is not None
        return self._process.trouble
