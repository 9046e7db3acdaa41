"""Between the rails, the whole way: an order's money is in its currency before it is sent."""

from pathlib import Path

import msgspec
import pytest

from tests.executor.building import (
    OTHER,
    VAULT,
    policy,
    published,
    vault,
)
from tests.executor.railed import CHANGES, WHOLE, Fund
from tests.executor.simulator import Simulator
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import MINUTE
from vanta.domain.policy import OverlayPolicy
from vanta.domain.switches import Switches
from vanta.domain.trading import OrderState
from vanta.executor.rails import PEG


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path, source=[published(policy({VAULT: vault(**CHANGES), OTHER: vault()}))])


def test_dollars_become_stablecoin_and_stablecoin_the_coin(fund: Fund) -> None:
    wanted = fund.wants("BTC-USDC")
    fund.step(5)
    assert fund.orders() == [(PEG, "buy"), ("BTC-USDC", "buy")]
    own = fund.book.vaults[VAULT]
    assert list(own.lines) == ["BTC-USD"]
    assert own.lines["BTC-USD"].quantity > 0
    assert own.gross > 0
    # What is left of the stablecoin is the buffer, and a little that prices did not take.
    assert own.purse.line.quantity * PPM >= own.nav * 10_000
    assert own.purse.line.quantity * PPM <= own.nav * 12_000
    event = fund.body("conversion.wanted")
    assert event["served"] == msgspec.to_builtins(wanted)
    fund.holds_together()


def test_the_intent_waits_until_its_money_is_there(fund: Fund) -> None:
    fund.broker.filling = False
    wanted = fund.wants("BTC-USDC")
    fund.step(4)
    assert fund.orders() == [(PEG, "buy")]
    assert wanted.id not in fund.book.decided
    assert fund.book.converting(VAULT).serves == wanted.id
    fund.broker.filling = True
    fund.step(3)
    assert fund.orders() == [(PEG, "buy"), ("BTC-USDC", "buy")]
    assert fund.book.converting(VAULT) is None
    fund.holds_together()


def test_an_intent_whose_money_never_comes_is_denied_as_usual(fund: Fund) -> None:
    fund.broker.filling = False
    fund.wants("BTC-USDC")
    fund.step(2)
    fund.wait(11 * MINUTE)
    fund.step(2)
    assert fund.orders() == [(PEG, "buy")]
    codes = fund.denied()
    assert {"INTENT_EXPIRED", "BUYING_POWER"} <= codes
    fund.holds_together()


def test_what_the_broker_refuses_to_convert_is_not_tried_for_the_same_intent_again(
    fund: Fund,
) -> None:
    fund.broker.refuse = "NO"
    fund.wants("BTC-USDC")
    fund.step(4)
    assert [name for name, _ in fund.orders()] == []
    assert len(fund.broker.sent) == 1
    assert "BUYING_POWER" in fund.denied()


def test_an_intent_that_another_fence_denies_waits_for_nothing(fund: Fund) -> None:
    fund.wants("BTC-USDC", conviction=1)
    fund.step(3)
    assert fund.broker.sent == []
    assert "CONVICTION" in fund.denied()
    assert "conversion.wanted" not in fund.types()


def test_a_vault_without_the_rail_has_no_stablecoin_and_wants_none(fund: Fund) -> None:
    fund.source[0] = published(policy({VAULT: vault(**CHANGES, rails=frozenset({"fiat"}))}))
    fund.wants("BTC-USDC")
    fund.step(3)
    assert fund.broker.sent == []
    assert {"RAIL", "BUYING_POWER"} <= fund.denied()
    assert fund.book.vaults[VAULT].purse is None


STRIKES = range(1, 60)


class StruckError(Exception):
    """Where a process was killed."""


@pytest.mark.parametrize("strike", STRIKES)
def test_killed_at_any_step_nothing_is_converted_twice_and_nothing_lost(
    fund: Fund, strike: int
) -> None:
    left = [strike]

    def checkpoint(name: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise StruckError(name)

    fund.wants("BTC-USDC")
    fund.boot(checkpoint)
    try:
        fund.step(8)
    except StruckError:
        fund.boot()
        fund.step(8)
    assert fund.orders() == [(PEG, "buy"), ("BTC-USDC", "buy")]
    assert set(fund.broker.submitted.values()) == {1}
    assert set(fund.broker.states.values()) == {OrderState.FILLED}
    fund.holds_together()


@pytest.fixture
def small(tmp_path: Path) -> Fund:
    return Fund(tmp_path, source=[published(policy({VAULT: vault(**WHOLE)}))])


def test_proceeds_stay_in_stablecoin_until_an_order_needs_dollars(small: Fund) -> None:
    small.wants("BTC-USDC")
    small.step(5)
    small.wants("BTC-USDC", side="sell", reducing=True)
    small.step(3)
    own = small.book.vaults[VAULT]
    assert own.lines["BTC-USD"].quantity == 0
    assert own.gross == 0
    assert own.purse.line.quantity > 85_000 * UNIT
    small.wants("AAPL")
    small.step(5)
    assert small.orders() == [
        (PEG, "buy"), ("BTC-USDC", "buy"), ("BTC-USDC", "sell"), (PEG, "sell"), ("AAPL", "buy"),
    ]  # fmt: skip
    assert own.lines["AAPL"].quantity > 85_000 * UNIT // 100
    # And the buffer is still there.
    assert own.purse.line.quantity * PPM >= own.nav * 10_000
    small.holds_together()


def test_a_coin_bought_in_stablecoin_can_be_sold_for_dollars(fund: Fund) -> None:
    fund.wants("BTC-USDC")
    fund.step(5)
    dollars = fund.book.vaults[VAULT].cash
    fund.wants("BTC-USD", side="sell", reducing=True)
    fund.step(3)
    own = fund.book.vaults[VAULT]
    assert own.lines["BTC-USD"].quantity == 0
    assert own.cash > dollars
    assert fund.book.holdings[VAULT] == {}
    fund.holds_together()


def test_a_stablecoin_that_loses_its_peg_is_a_loss(fund: Fund) -> None:
    fund.wants("BTC-USDC")
    fund.step(5)
    own = fund.book.vaults[VAULT]
    before, had = own.nav, own.purse.line.quantity
    fund.peg = "0.9"
    fund.step(3)
    assert fund.book.peg == UNIT * 9 // 10
    assert 0 <= before - own.nav - had // 10 <= had // 1000
    assert own.nav == own.cash + own.lines["BTC-USD"].counted.value + had * 9 // 10
    fund.holds_together()


def test_a_buffer_that_is_short_is_made_up(fund: Fund) -> None:
    fund.wants("AAPL")
    fund.step(3)
    own = fund.book.vaults[VAULT]
    assert fund.orders() == [("AAPL", "buy"), (PEG, "buy")]
    assert own.purse.line.quantity * PPM >= own.nav * 10_000
    assert own.occupied == 1
    # Once: what the market does to it within a twentieth is let be.
    fund.step(200)
    assert len(fund.broker.sent) == 2
    fund.holds_together()


def test_a_sweep_that_moves_nothing_is_tried_again_ever_more_rarely(fund: Fund) -> None:
    fund.wants("AAPL")
    fund.step(1)
    fund.broker.refuse = "NO"
    for _ in range(60):
        fund.wait(MINUTE)
        fund.step(2)
    tried = len(fund.broker.sent) - 1
    assert 4 <= tried <= 7
    fund.broker.refuse = ""
    for _ in range(60):
        fund.wait(MINUTE)
        fund.step(2)
    assert fund.orders()[1:] == [(PEG, "buy")]


def test_two_intents_that_lack_money_convert_one_after_the_other(fund: Fund) -> None:
    fund.wants("BTC-USDC")
    fund.wants("BTC-USDC", strategy="other", conviction=900_000)
    fund.step(2)
    assert fund.orders() == [(PEG, "buy")]
    fund.step(8)
    assert sorted(fund.orders()) == [
        ("BTC-USDC", "buy"), ("BTC-USDC", "buy"), (PEG, "buy"), (PEG, "buy"),
    ]  # fmt: skip
    fund.holds_together()


def test_markets_may_not_ask_for_money(fund: Fund) -> None:
    fund.source[0] = published(
        policy({VAULT: vault(**(CHANGES | {"universe": {"allow": frozenset({"*"})}}))})
    )
    fund.wants(PEG)
    fund.step(2)
    assert {"NOT_CONVERTING", "NO_SIZE"} <= fund.denied()
    assert fund.broker.sent == []


def test_a_switch_that_only_lets_reduce_keeps_dollars_in_and_lets_stablecoin_out(
    small: Fund,
) -> None:
    small.wants("BTC-USDC")
    small.step(5)
    small.wants("BTC-USDC", side="sell", reducing=True)
    small.step(3)
    rules = policy(
        {VAULT: vault(**WHOLE)}, overlay=OverlayPolicy(everywhere=Switches(reduce_only=1))
    )
    asked = list(small.broker.sent)
    small.source[0] = published(rules, serial=2)
    small.wants("AAPL")
    small.step(3)
    # The order would open something, so nothing is brought for it either.
    assert small.broker.sent == asked
    assert "REDUCE_ONLY" in small.denied()


def test_the_broker_that_the_vault_would_use_for_the_coin_converts(tmp_path: Path) -> None:
    other = Simulator(name="exchange", trades=frozenset({"crypto"}))
    first = Simulator(trades=frozenset({"equity"}))
    rules = vault(**CHANGES, brokers=frozenset({"paper", "exchange"}))
    fund = Fund(tmp_path, broker=first, others=[other], source=[published(policy({VAULT: rules}))])
    fund.wants("BTC-USDC")
    fund.step(5)
    assert first.sent == []
    assert [other.orders[name].symbol for name in other.sent] == [PEG, "BTC-USDC"]
    fund.holds_together()


def test_a_coin_without_a_market_in_dollars_is_priced_and_left_through_stablecoin(
    fund: Fund,
) -> None:
    persona = {"stop_loss": 50_000}
    fund.source[0] = published(policy({VAULT: vault(**CHANGES, persona=persona)}))
    fund.wants("BTC-USDC")
    fund.step(5)
    fund.prices.pop("BTC-USD")
    del fund.broker.quotes["BTC-USD"]
    fund.coin = "18000"
    fund.step(4)
    assert fund.orders()[-1] == ("BTC-USDC", "sell")
    assert fund.book.vaults[VAULT].lines["BTC-USD"].quantity == 0
    fund.holds_together()
