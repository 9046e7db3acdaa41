"""An order in one paragraph: in order of time, in whole sentences, the same as the tree says."""

import re

import msgspec
import pytest

from tests.audit.fund import VAULT, Fund, fill, moment, quote, trade
from tests.audit.test_explain import HOSTILE, intent_of, order_of, told
from tests.audit.test_own_exits import stopped  # noqa: F401 - a fixture
from vanta.audit.explain import Fence
from vanta.audit.paragraph import _because, paragraph
from vanta.domain.encoding import decode
from vanta.domain.exact import UNIT
from vanta.domain.instant import SECOND
from vanta.domain.record import Record
from vanta.domain.trading import Intent
from vanta.executor import events
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.journal.reader import read

SENTENCE = re.compile(r"[A-Z].*\.")


def test_an_order_that_filled_reads_from_the_belief_to_the_money(fund: Fund) -> None:
    said = paragraph(told(fund, order_of(fund, 0)))
    parts = [
        "Markets was 73.00 % sure that AAPL was one to buy: mostly for ",
        "To the persona of momentum-us that is a conviction of 73.00 %, in the band 'strong'; ",
        "so markets asked on ",
        "the Executor decided to buy 332 AAPL at ",
        "band 'strong' allows a position of ",
        "; it passed all ",
        " questions of the fences. It was filled ",
        "332 of 332 AAPL filled at 187.50 on average",
        "It was judged under policy ",
        "introduced at commit ",
    ]
    places = [said.find(part) for part in parts]
    assert -1 not in places, (said, parts[places.index(-1)])
    assert places == sorted(places)


def test_of_a_node_alone_it_says_that_the_rest_is_elsewhere(fund: Fund) -> None:
    said = paragraph(told(fund, order_of(fund, 0), "executor"))
    assert said.startswith("On 2023-11-14 ")
    assert (
        " markets asked for momentum-us to buy AAPL, with a conviction of 73.00 %, in the band"
        " 'strong'; what it grew from is not in the journals at hand. On "
    ) in said
    assert "that is a conviction" not in said


def test_a_denial_says_every_reason_and_that_nothing_was_sent(fund: Fund) -> None:
    explanation = told(fund, intent_of(fund, 1))
    assert explanation.decided is not None
    said = paragraph(explanation)
    assert explanation.decided.denials
    for fence in explanation.decided.denials:
        assert fence.sentence in said
    assert "the Executor denied it, " in said
    assert "Nothing was sent." in said


def test_of_a_vault_that_is_not_there_the_paragraph_says_that_and_the_list_the_rest(
    fund: Fund,
) -> None:
    emptied = msgspec.structs.replace(fund.published("executor").policy, vaults={})
    trade(fund, 10, arrives=False)
    *_, promoted = read(fund.layout("markets").journal("reflection"))
    wanted = msgspec.convert(msgspec.json.decode(promoted.body)["intent"], Intent)
    path = fund.layout("executor").journal("trade_log")
    log = TradeLog(path, actor="executor@0.1.0", clock=fund.clock)
    try:
        market = quote(10, "AAPL", 187 * UNIT, UNIT // 50)
        now = moment(10) + 2 * SECOND
        made = decide(wanted, log.book, Mandates(emptied), market, now, broker="paper")
        event = events.DecisionMade(wanted, market, now, "paper", made, EDITION)
        log.state(event, parents=(wanted.id,), dag_id=wanted.dag_id)
        log.commit()
    finally:
        log.close()
    explanation = told(fund, wanted.id)
    assert explanation.decided is not None
    denials = len(explanation.decided.denials)
    assert denials > 5
    said = paragraph(explanation)
    assert (
        f"the Executor denied it, because vault {VAULT} is not in the policy in force; it has no"
        f" limits to be within, so {denials - 1} other questions were answered with no as well."
    ) in said
    assert len(said.split()) < 150


def denials(*found: tuple[str, int | str | None, str]) -> tuple[Fence, ...]:
    return tuple(
        # What a switch is on for is what was observed.
        Fence(0, "NAME", code, False, limit if limit == "everywhere" else 1, limit, "", said)  # noqa: FBT003
        for code, limit, said in found
    )


def test_a_switch_that_is_on_everywhere_is_one_reason() -> None:
    everywhere = ("ORDERS_DISABLED", "everywhere", "orders_disabled is on everywhere")
    below = ("ORDERS_DISABLED", None, "orders_disabled is on for venue paper")
    assert _because(denials(everywhere, below, below)) == f"because {everywhere[2]}"
    assert _because(denials(below, below)).startswith("for 2 reasons: ")
    spread = ("SPREAD", 10_000, "the spread is 2 %")
    assert _because(denials(everywhere, spread, below)) == (
        f"for 2 reasons: (1) {everywhere[2]}; (2) {spread[2]}"
    )


def test_nothing_to_close_is_one_reason_and_what_else_is_in_the_way_another() -> None:
    empty = (("NO_SIZE", 1, "too little"), ("NOT_REDUCING", 0, "1 is more than 0"))
    assert _because(denials(*empty)) == "because nothing of it is left to close at its broker"
    told = _because(denials(*empty, ("SESSION", "open", "the market is closed")))
    assert told.startswith("for 2 reasons: (1) nothing of it is left")
    assert told.endswith("(2) the market is closed")
    part = (("NO_SIZE", 1, "too little"), ("NOT_REDUCING", 5, "10 is more than 5"))
    assert _because(denials(*part)) == "for 2 reasons: (1) too little; (2) 10 is more than 5"


def test_a_way_out_of_its_own_says_that_nobody_asked(
    stopped: tuple[Fund, str, str],  # noqa: F811 - the fixture
) -> None:
    fund, bought, sold = stopped
    said = paragraph(told(fund, sold))
    assert said.startswith("Nobody asked for it: the Executor itself wanted out of MSFT. It was ")
    assert f"first by {bought}" in said
    assert "Closing" not in said
    assert "closing it realised -" in said


def test_every_decision_of_a_fund_is_a_paragraph_of_sentences(fund: Fund) -> None:
    for explanation in (told(fund, name) for name in decided(fund)):
        said = paragraph(explanation)
        assert SENTENCE.fullmatch(said), said
        assert "\n" not in said
        assert "  " not in said
        assert ".." not in said
        assert len(said.split()) < 400


def ended(fund: Fund, reason: str, *, filled: int = 0, why: str = "", who: str = "") -> str:
    """Of one more order: how much filled, for what a cancel was sent, and how it ended."""
    name = trade(fund, 9, symbol="MSFT", price=410 * UNIT).order
    log = TradeLog(
        fund.layout("executor").journal("trade_log"), actor="executor@0.1.0", clock=fund.clock
    )
    try:
        if filled:
            one = fill(log.book.open[name].order, 0, filled, 410 * UNIT)
            log.of_order(name, events.OrderFilled(fill=one))
        if why:
            log.message("cancel", name, "paper", fund.clock(), why=why, who=who)
        if reason:
            log.of_order(name, events.OrderCancelled(client_order_id=name, reason=reason))
        log.commit()
    finally:
        log.close()
    return paragraph(told(fund, name))


def test_of_an_order_that_filled_in_part_it_says_what_became_of_the_rest(fund: Fund) -> None:
    said = ended(fund, "NOT_REACHED", filled=50 * UNIT)
    assert "It was filled only in part: 50 of " in said
    assert (
        "The rest was cancelled: what was left of it is gone: the market stayed beyond its limit"
        " [NOT_REACHED]."
    ) in said
    assert "at once" not in said


def test_of_an_order_that_is_filling_it_says_that_the_rest_is_open(fund: Fund) -> None:
    said = ended(fund, "", filled=50 * UNIT)
    assert "It was filled only in part: 50 of " in said
    assert " The rest is still open." in said


@pytest.mark.parametrize("filled", [0, 50 * UNIT])
def test_of_an_order_that_was_taken_back_it_says_who_asked(fund: Fund, filled: int) -> None:
    said = ended(fund, "CANCELLED", filled=filled, why="ASKED", who="grace")
    assert "the broker was asked to take it back, as grace asked for; what was left " in said
    assert "is gone: the broker cancelled it [CANCELLED]." in said


def test_the_words_of_a_vendor_are_told_as_they_are(fund: Fund) -> None:
    assert "what was left of it is gone: DONE_FOR_DAY." in ended(fund, "DONE_FOR_DAY")


def decided(fund: Fund) -> list[str]:
    journal = fund.layout("executor").journal("trade_log")
    made: list[Record] = [one for one in read(journal) if one.type == events.DecisionMade.type]
    return [decode(events.DecisionMade, bytes(one.body)).intent.id for one in made]


def test_a_reason_in_hostile_words_steers_no_terminal(fund: Fund) -> None:
    explanation = told(fund, order_of(fund, 0))
    assert explanation.believed is not None
    view = explanation.believed.conviction
    reasons = tuple(msgspec.structs.replace(one, text=HOSTILE) for one in view.reasons)
    view = msgspec.structs.replace(view, reasons=reasons)
    believed = msgspec.structs.replace(explanation.believed, conviction=view)
    said = paragraph(msgspec.structs.replace(explanation, believed=believed))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)
    assert "[bold red]x[/]" in said
