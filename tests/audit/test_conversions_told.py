"""A conversion, and the order it was made for: told, verified, added up to the last unit."""

from pathlib import Path

import pytest

from tests.executor.building import VAULT, policy, published, vault
from tests.executor.railed import WHOLE, Fund
from vanta.audit.attribution import attribute, total
from vanta.audit.explain import explain
from vanta.audit.explain_text import text
from vanta.audit.lineage import lineage
from vanta.audit.paragraph import paragraph
from vanta.audit.verify import verify_nodes
from vanta.domain.exact import UNIT
from vanta.executor.events import read
from vanta.executor.pnl import by_order, by_vault
from vanta.executor.rails import PEG
from vanta.executor.views import positions


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    """Dollars to stablecoin to coin, at a gain back to stablecoin, and to dollars for shares."""
    made = Fund(tmp_path, source=[published(policy({VAULT: vault(**WHOLE)}))])
    made.wants("BTC-USDC")
    made.step(5)
    made.coin, made.peg = "20500", "0.998"
    made.wait(20)
    made.step(2)
    made.wants("BTC-USDC", side="sell", reducing=True)
    made.step(3)
    made.wants("AAPL")
    made.step(5)
    return made


def test_an_order_tells_what_it_waited_for(fund: Fund) -> None:
    first, coin = (name for name in fund.broker.sent[:2])
    one = explain(lineage(coin, [fund.layout]))
    assert one.decided is not None
    assert one.decided.reproduced
    [waited] = one.waited
    size = fund.broker.orders[first].quantity // UNIT
    assert waited.startswith(f"waited for its money: to buy {size:,}")
    assert " USDC (" in waited
    shown = " ".join(text(one, width=400).split())
    assert waited[1:] in shown
    assert waited in paragraph(one)
    assert one.outcome is not None
    assert one.outcome.position.symbol == "BTC-USD"
    assert [exit_.quantity for exit_ in one.outcome.exits] == [one.outcome.filled]


def test_and_a_conversion_what_it_was_for(fund: Fund) -> None:
    first, coin, _, back, _ = fund.broker.sent
    one = explain(lineage(first, [fund.layout]))
    assert one.intent is not None
    [why] = one.intent.causes
    served = fund.broker.orders[coin]
    assert why.startswith(f"{served.intent_id} wanted to buy BTC-USDC, and the vault's money was")
    assert "not in USDC" in why
    assert f"Wanted converted: buy {PEG} for {VAULT}, asked by nobody" in text(one, width=400)
    assert "itself wanted to buy USDC-USD" in paragraph(one)
    other = explain(lineage(back, [fund.layout]))
    assert other.intent is not None
    [why] = other.intent.causes
    assert "not in dollars" in why
    assert "had to be sold first" in why


def test_the_journals_verify_and_replay(fund: Fund) -> None:
    [told] = verify_nodes([fund.layout])
    # The test's node has no governance of its own.
    assert {one.code for one in told.problems} == {"JOURNAL_MISSING"}
    fund.holds_together()


def test_every_split_adds_up_to_the_book(fund: Fund) -> None:
    events = [event for event in map(read, fund.log()) if event is not None]
    [mine] = by_vault(fund.book)
    found = attribute(events)
    for by in ("vault", "persona", "band", "strategy", "symbol"):
        whole = total(found.rows(by))
        assert (whole.realised, whole.unrealised, whole.fees) == (
            mine.realised,
            mine.unrealised,
            mine.fees,
        ), by
    rows = {row.name: row for row in found.rows("symbol")}
    assert rows["BTC-USD"].realised > 0
    assert rows[PEG].total < 0
    profits = by_order(events)
    assert sum(one.fees for one in profits.values()) == mine.fees
    assert sum(one.realised for one in profits.values()) == mine.realised


def test_stablecoin_stands_beside_what_is_held(fund: Fund) -> None:
    shown = positions(fund.book)[VAULT]
    assert shown["stablecoin"]["currency"] == "USDC"
    assert shown["stablecoin"]["mark"] == "0.998"
    assert list(shown["held"]) == ["AAPL"]
