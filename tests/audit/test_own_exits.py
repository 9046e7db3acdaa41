"""An order that nobody asked for: it is verified, replayed, explained and handed over like any."""

import pytest

from tests.audit.bundles import checked, unpacked
from tests.audit.fund import VAULT, Fund, fill, moment, quote, trade
from vanta.audit.explain import explain
from vanta.audit.explain_page import page
from vanta.audit.explain_text import text
from vanta.audit.lineage import lineage
from vanta.audit.replay import replay
from vanta.audit.verify import verify_nodes
from vanta.domain.exact import UNIT
from vanta.domain.instant import SECOND
from vanta.executor import events
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.executor.stops import Seen, stops


@pytest.fixture
def stopped(fund: Fund) -> tuple[Fund, str, str]:
    """A fund that bought at 187, saw 195, and was taken out at 184; with both orders."""
    bought = trade(fund, 6, symbol="MSFT", fills=(187 * UNIT,)).order
    published = fund.published("executor")
    mandates, now = Mandates(published.policy), moment(7) + 2 * SECOND
    log = TradeLog(
        fund.layout("executor").journal("trade_log"), actor="executor@0.1.0", clock=fund.clock
    )
    try:
        high = quote(6, "MSFT", 195 * UNIT, UNIT // 50)
        log.state(events.BookMarked((high,)))
        market = quote(7, "MSFT", 184 * UNIT, UNIT // 50)
        [wanted] = stops(log.book, mandates, [Seen("paper", market)], now)
        log.state(wanted, dag_id=wanted.intent.dag_id)
        made = decide(wanted.intent, log.book, mandates, market, now, broker="paper")
        told = events.DecisionMade(wanted.intent, market, now, "paper", made, EDITION)
        log.state(told, parents=(wanted.intent.id,), dag_id=wanted.intent.dag_id)
        assert made.order is not None
        prepared = events.OrderPrepared(made.order)
        log.state(prepared, parents=(made.id,), dag_id=wanted.intent.dag_id)
        name = made.order.client_order_id
        log.of_order(name, events.OrderAcknowledged(name, "p9", now))
        sold = fill(made.order, 0, made.order.quantity, 184 * UNIT)
        log.of_order(name, events.OrderFilled(sold))
        log.commit()
    finally:
        log.close()
    return fund, bought, name


def test_it_reads_as_what_was_bought_what_it_did_and_what_that_met(
    stopped: tuple[Fund, str, str],
) -> None:
    fund, bought, sold = stopped
    one = explain(lineage(sold, fund.layouts))
    assert one.headline == f"Sold 332 MSFT at 184.00 for {VAULT}"
    assert one.intent is not None
    assert one.intent.cause is not None
    assert one.intent.cause.kind == "trailing"
    assert one.intent.causes == (
        (
            "it was bought at 187.00 on average, since 2023-11-15 04:13:20 UTC,"
            f" first by {bought}; the highest price since was 195.00"
        ),
        "at 184.00 it was 5.64 % below the best; ares gets out from 5.00 % on",
    )
    assert one.decided is not None
    assert one.decided.reproduced
    assert one.missing == ()
    shown = " ".join(text(one, width=400).split())
    assert f"Wanted out: sell MSFT for {VAULT}, asked by nobody" in shown
    assert one.intent.causes[1] in shown
    assert "signature" not in shown
    assert one.intent.causes[1] in page(one)
    assert "does not hold" not in page(one)


def test_and_the_order_it_closes_tells_of_it(stopped: tuple[Fund, str, str]) -> None:
    fund, bought, sold = stopped
    one = explain(lineage(bought, fund.layouts))
    assert one.outcome is not None
    assert [exit_.client_order_id for exit_ in one.outcome.exits] == [sold]
    assert one.intent is not None
    assert one.intent.cause is None


def test_it_is_sound_comes_out_again_and_can_be_handed_over(
    stopped: tuple[Fund, str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    fund, _, _ = stopped
    assert [report.problems for report in verify_nodes(fund.layouts)] == [(), (), ()]
    [trades] = [step for step in replay(fund.layouts).steps if step.step == "trade_log"]
    assert trades.same, trades
    done = checked(unpacked(fund, tmp_path_factory.mktemp("outside")))
    assert done.returncode == 0, done.stdout + done.stderr
