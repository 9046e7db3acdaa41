"""Orders through NautilusTrader's RiskEngine and ExecutionEngine; run by the peer's own Python.

    python nautilus_orders.py INSTRUMENTS ORDERS

Every second instrument has a notional no order may have, so that half of the orders are denied. Of
the rest the engine checks price and quantity (precision, bounds), notional, balance and rate, and
hands them to a client that does nothing with them. Nothing is written to a disk.
"""

import gc
import json
import sys
import time

from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.config import ExecEngineConfig, RiskEngineConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.engine import ExecutionEngine
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OrderSide
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import AccountId, ClientId, StrategyId, TraderId, Venue
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.risk.engine import RiskEngine
from nautilus_trader.test_kit.mocks.exec_clients import MockExecutionClient
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.component import TestComponentStubs

VENUE = "XNAS"
TRADER, STRATEGY = TraderId("BENCH-001"), StrategyId("S-001")


def main() -> None:
    """Print how fast, how many were sent and how many denied, as JSON."""
    count, orders = int(sys.argv[1]), int(sys.argv[2])
    clock = TestClock()
    bus = MessageBus(trader_id=TRADER, clock=clock)
    cache = TestComponentStubs.cache()
    portfolio = Portfolio(msgbus=bus, cache=cache, clock=clock)
    execution = ExecutionEngine(msgbus=bus, cache=cache, clock=clock, config=ExecEngineConfig())
    instruments = [
        TestInstrumentProvider.equity(symbol=f"SYM{n:05d}", venue=VENUE) for n in range(count)
    ]
    config = RiskEngineConfig(
        max_order_submit_rate="100000000/00:00:01",
        max_notional_per_order={str(one.id): 100 for one in instruments[1::2]},
    )
    risk = RiskEngine(portfolio=portfolio, msgbus=bus, cache=cache, clock=clock, config=config)
    client = MockExecutionClient(
        client_id=ClientId(VENUE),
        venue=Venue(VENUE),
        account_type=AccountType.CASH,
        base_currency=USD,
        msgbus=bus,
        cache=cache,
        clock=clock,
    )
    execution.register_client(client)
    money = Money(10**9, USD)
    portfolio.update_account(
        AccountState(
            account_id=AccountId(f"{VENUE}-001"),
            account_type=AccountType.CASH,
            base_currency=USD,
            reported=True,
            balances=[AccountBalance(money, Money(0, USD), money)],
            margins=[],
            info={},
            event_id=UUID4(),
            ts_event=0,
            ts_init=0,
        )
    )
    for one in instruments:
        cache.add_instrument(one)
        cache.add_quote_tick(
            QuoteTick(
                instrument_id=one.id,
                bid_price=Price.from_str("20.00"),
                ask_price=Price.from_str("20.02"),
                bid_size=Quantity.from_int(1000),
                ask_size=Quantity.from_int(1000),
                ts_event=0,
                ts_init=0,
            )
        )
    execution.start()
    risk.start()
    factory = OrderFactory(trader_id=TRADER, strategy_id=STRATEGY, clock=clock)
    commands = [
        SubmitOrder(
            trader_id=TRADER,
            strategy_id=STRATEGY,
            position_id=None,
            order=factory.limit(
                instruments[n % count].id,
                OrderSide.BUY,
                Quantity.from_int(10),
                Price.from_str("20.02"),
            ),
            command_id=UUID4(),
            ts_init=0,
        )
        for n in range(orders)
    ]
    took = []
    gc.collect()
    gc.freeze()
    before = time.perf_counter_ns()
    for command in commands:
        cache.add_order(command.order, None)
        risk.execute(command)
        now = time.perf_counter_ns()
        took.append(now - before)
        before = now
    sent = len(client.commands)
    denied = sum(command.order.status_string() == "DENIED" for command in commands)
    json.dump({"took": took, "sent": sent, "denied": denied}, sys.stdout)


if __name__ == "__main__":
    main()
