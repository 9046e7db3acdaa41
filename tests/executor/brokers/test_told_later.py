"""Fees and other money that a broker tells of later: taken in once, and its cash held to it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.brokers.test_whole_way import Trading
from tests.executor.building import OTHER, VAULT, envelope, intent, policy, published, vault
from vanta.audit.attribution import ACCOUNT, attribute, total
from vanta.bus.directory import DirectoryInbox
from vanta.cli.main import app
from vanta.domain.exact import FINEST, PPM, UNIT, units
from vanta.domain.instant import DAY, MINUTE
from vanta.executor import events
from vanta.executor.brokers.port import Broker
from vanta.executor.post_trade import Written, against_movements
from vanta.executor.replay import replay
from vanta.executor.service import ExecutorNode
from vanta.executor.sums import Venue, day_of
from vanta.journal.reader import read
from vanta.lattice.direction import Table


class TradingAtAlpaca(Trading):
    """Shares and coins."""

    def boot(self, broker: Broker) -> ExecutorNode:
        rules = vault(
            brokers=frozenset({broker.name}),
            orders={"duplicate_window": 0},
            positions={"per_symbol": 900_000 * UNIT},
            exposure={"per_ticker": Table(900_000), "per_sector": Table(900_000)},
            persona={"multiplier": PPM},
        )
        made = published(policy({VAULT: rules, OTHER: rules}))
        return ExecutorNode(
            self.layout,
            read_policy=lambda: made,
            clock=self.desk.vendor.books.tick,
            brokers=[broker],
            inbox=DirectoryInbox(self.layout.root / "bus"),
            actor="executor@test",
            rotate_at=20_000,
        )

    def buys(self, symbol: str = "AAPL", of: str = VAULT) -> int:
        now = self.desk.vendor.books.now
        kind = "crypto" if "-" in symbol else "equity"
        wanted = intent(
            symbol, vault=of, asset_class=kind, created=now, expires=now + 10 * MINUTE,
            market_time=now,
        )  # fmt: skip
        self.outbox.send(wanted.id, envelope(wanted))
        self.step(2)
        order = self.opened().order
        self.desk.fill(order, order.quantity, order.limit_price)
        self.step(2)
        return order.quantity

    def later(self, by: int = 6 * MINUTE) -> None:
        """Let so much time go by that the broker is asked again."""
        self.desk.vendor.books.now += by
        self.step(2)

    @property
    def at_alpaca(self) -> AlpacaDesk:
        assert isinstance(self.desk, AlpacaDesk)
        return self.desk

    @property
    def venue(self) -> Venue:
        return self.book.venue("alpaca")

    def told(self) -> list[events.Event]:
        found = [events.read(one) for one in read(self.layout.journal("trade_log"))]
        return [one for one in found if one is not None]

    def differences(self) -> list[str]:
        return [one.code for one in self.process.desks[0].router.reconcile()]

    def replays(self) -> bool:
        made = replay(list(read(self.layout.journal("trade_log"))))
        return all(one.recorded == one.recomputed for one in made)


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[TradingAtAlpaca]:
    desk = AlpacaDesk()
    desk.wait()
    made = TradingAtAlpaca(tmp_path, desk)
    made.step(12)
    yield made
    made.process.close()
    desk.close()


def test_what_lay_there_is_noted_once_while_nothing_is_open(trading: TradingAtAlpaca) -> None:
    [opened] = [one for one in trading.told() if isinstance(one, events.AccountOpened)]
    assert (opened.broker, opened.cash) == ("alpaca", units("-23140.2"))
    trading.restart()
    trading.step(12)
    assert sum(isinstance(one, events.AccountOpened) for one in trading.told()) == 1


def test_a_fee_is_charged_once_however_often_it_is_told(trading: TradingAtAlpaca) -> None:
    trading.buys()
    before = trading.book.vaults[VAULT].nav
    trading.at_alpaca.vendor.post("FEE", "-0.03")
    for _ in range(3):
        trading.later()
        trading.restart()
        trading.later(DAY)
    [charged] = [one for one in trading.told() if isinstance(one, events.FeeCharged)]
    assert (charged.amount, charged.kept, charged.said) == (units("0.03"), 0, "FEE")
    assert charged.shares == (events.Share(VAULT, units("0.03")),)
    mine = trading.book.vaults[VAULT]
    assert (mine.fees, before - mine.nav) == (units("0.03"), units("0.03"))
    assert trading.differences() == []
    assert trading.replays()


def test_a_days_fee_is_shared_by_what_each_vault_traded_that_day(trading: TradingAtAlpaca) -> None:
    trading.buys(of=VAULT)
    trading.buys(of=OTHER)
    day = day_of(trading.at_alpaca.vendor.books.now)
    mine, other = trading.venue.traded[day][VAULT], trading.venue.traded[day][OTHER]
    trading.at_alpaca.vendor.post("FEE", "-1.00")
    trading.later()
    [charged] = [one for one in trading.told() if isinstance(one, events.FeeCharged)]
    parts = {one.vault: one.amount for one in charged.shares}
    assert sum(parts.values()) == UNIT
    assert abs(parts[VAULT] - UNIT * mine // (mine + other)) <= 1
    assert trading.replays()


def test_a_coin_fee_told_at_the_end_of_the_day_comes_off_the_coin(
    trading: TradingAtAlpaca,
) -> None:
    bought = trading.buys("BTC-USD")
    cash = trading.book.vaults[VAULT].cash
    trading.at_alpaca.vendor.post("CFEE", symbol="BTCUSD", qty="-0.000000195", price="20000")
    trading.later()
    mine = trading.book.vaults[VAULT]
    # Whole units of it are gone from the vault, and at the broker every digit.
    assert mine.lines["BTC-USD"].quantity == bought - 20
    assert trading.venue.held == {"BTC-USD": bought - 20}
    assert trading.venue.finer == {"BTC-USD": FINEST // 2}
    assert (mine.cash, mine.fees) == (cash, units("0.0039"))
    assert trading.differences() == []
    assert trading.replays()


def test_a_dividend_is_a_gain_and_a_deposit_is_nobodys(trading: TradingAtAlpaca) -> None:
    trading.buys()
    before = trading.book.vaults[VAULT].nav
    trading.at_alpaca.vendor.post("CSD", "5000")
    trading.at_alpaca.vendor.post("DIV", "1.02", symbol="AAPL", qty="2", per_share_amount="0.51")
    trading.at_alpaca.vendor.post("JNLS", "0.00", symbol="AAPL", qty="0")
    trading.later()
    mine = trading.book.vaults[VAULT]
    assert (mine.nav - before, mine.realised, mine.fees) == (units("1.02"), units("1.02"), 0)
    assert trading.book.vaults[OTHER].nav == 1_000_000 * UNIT
    moved = {one.kind: one for one in trading.told() if isinstance(one, events.CashMoved)}
    assert moved["transfer"].shares == ()
    assert moved.keys() == {"transfer", "dividend"}
    assert trading.differences() == []
    assert trading.replays()


def test_the_profit_is_split_to_the_last_unit_with_what_was_told_later(
    trading: TradingAtAlpaca,
) -> None:
    trading.buys()
    trading.buys("BTC-USD")
    vendor = trading.at_alpaca.vendor
    vendor.post("FEE", "-0.07")
    vendor.post("CFEE", symbol="BTCUSD", qty="-0.000000195", price="20000")
    vendor.post("DIV", "1.02", symbol="AAPL")
    vendor.post("INT", "-3.10")
    trading.later()
    found = attribute(trading.told())
    book = trading.book
    funded = sum(one.funded for one in book.vaults.values())
    for by in ("vault", "persona", "band", "strategy", "symbol"):
        rows = found.rows(by)
        whole = total(rows)
        assert whole.total == book.account.nav - funded
        assert whole.fees == sum(one.fees for one in book.vaults.values())
        assert whole.realised == sum(one.realised for one in book.vaults.values())
    assert ACCOUNT in {row.name for row in found.rows("persona")}
    assert found.fees == {
        "with fills": 0,
        "told later": units("0.07"),
        "BTC": 195 * FINEST // 10,
    }


def test_cash_nobody_told_of_holds_everything_in_once_it_should_have_been_told(
    trading: TradingAtAlpaca,
) -> None:
    trading.buys()
    assert trading.differences() == []
    vendor = trading.at_alpaca.vendor
    stolen = vendor.post("CSW", "-250")
    listed, vendor.moved = vendor.moved, []
    vendor.taken = stolen["net_amount"]
    trading.later()
    assert trading.differences() == []
    trading.later(trading.at_alpaca.broker.settles + MINUTE)
    assert trading.differences() == ["CASH"]
    vendor.moved, vendor.taken = listed, "0"
    trading.later()
    assert trading.differences() == []


def test_what_is_kept_of_a_purchase_at_once_is_presumed_and_told_in_the_evening(
    trading: TradingAtAlpaca,
) -> None:
    vendor = trading.at_alpaca.vendor
    vendor.rate = Decimal("0.0022345678")
    bought = trading.buys("BTC-USD")
    # Nothing is held in, and what is there can be sold.
    [presumed] = [one for one in trading.told() if isinstance(one, events.FeeCharged)]
    assert presumed.presumed
    there = trading.at_alpaca.broker.positions()["BTC-USD"]
    assert trading.book.vaults[VAULT].lines["BTC-USD"].quantity == there < bought
    assert trading.differences() == []
    trading.restart()
    trading.step(2)
    assert sum(isinstance(one, events.FeeCharged) for one in trading.told()) == 1
    fees = trading.book.vaults[VAULT].fees
    trading.buys("BTC-USD")
    vendor.end_of_day()
    trading.later()
    told = [one for one in trading.told() if isinstance(one, events.FeeCharged)]
    assert [one.presumed for one in told] == [True, True, False, False]
    # Presumed in whole units, and told to the last digit: less than a unit a fee is new.
    assert all(0 <= one.kept < FINEST for one in told[2:])
    posted = sum((Decimal(one["qty"]) for one in vendor.moved), Decimal(0))
    over = sum(one.kept for one in told) + int(posted.scaleb(18))
    # What was presumed beyond that, less than a unit, waits for the next to be told.
    assert 0 < over == trading.venue.presumed["BTC-USD"] < FINEST
    assert trading.book.vaults[VAULT].fees > fees
    assert trading.differences() == []
    assert trading.replays()
    assert total(attribute(trading.told()).rows("vault")).total == sum(
        one.nav - one.funded for one in trading.book.vaults.values()
    )


def test_a_position_that_lacks_more_than_is_ever_kept_holds_everything_in(
    trading: TradingAtAlpaca,
) -> None:
    trading.at_alpaca.vendor.rate = Decimal("0.0026")
    trading.buys("BTC-USD")
    assert trading.differences() == ["POSITION"]
    assert not any(isinstance(one, events.FeeCharged) for one in trading.told())


def test_shares_lack_nothing(trading: TradingAtAlpaca) -> None:
    trading.buys("AAPL")
    trading.at_alpaca.vendor.books.positions["AAPL"] -= 1
    assert trading.differences() == ["POSITION"]


def test_the_journal_has_what_the_broker_posted(trading: TradingAtAlpaca) -> None:
    vendor = trading.at_alpaca.vendor
    vendor.post("CSD", "5000")
    trading.later()
    trading.buys()
    vendor.rate = Decimal("0.0022345678")
    trading.buys("BTC-USD")
    vendor.end_of_day()
    vendor.post("FEE", "-0.03")
    trading.later()
    written = Written()
    written.take(read(trading.layout.journal("trade_log")))
    posted = trading.at_alpaca.broker.movements_since(0)
    assert len(posted) == 3
    assert list(against_movements(written, "alpaca", posted)) == []
    vendor.post("FEE", "-0.04")
    posted = trading.at_alpaca.broker.movements_since(0)
    assert [one.code for one in against_movements(written, "alpaca", posted)] == [
        "MOVEMENT_MISSING"
    ]


def test_the_profit_says_what_fees_were_taken_in(trading: TradingAtAlpaca) -> None:
    trading.buys("BTC-USD")
    trading.at_alpaca.vendor.post("FEE", "-0.07")
    trading.at_alpaca.vendor.post("CFEE", symbol="BTCUSD", qty="-0.000000195", price="20000")
    trading.later()
    root = str(trading.layout.root)
    done = CliRunner().invoke(app, ["executor", "pnl", "--node", root])
    assert done.stdout.splitlines()[-1] == (
        "fees, each in its kind: 0.000000195 BTC, 0.07 told later"
    )
    told = json.loads(CliRunner().invoke(app, ["executor", "pnl", "--node", root, "--json"]).stdout)
    assert told["fees_in"] == {"BTC": "0.000000195", "told later": "0.07"}
    assert CliRunner().invoke(app, ["executor", "nav", "--node", root]).exit_code == 0
