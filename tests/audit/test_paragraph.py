"""An order in one paragraph: in order of time, in whole sentences, the same as the tree says."""

import re

import msgspec

from tests.audit.fund import Fund
from tests.audit.test_explain import HOSTILE, intent_of, order_of, told
from tests.audit.test_own_exits import stopped  # noqa: F401 - a fixture
from vanta.audit.paragraph import paragraph
from vanta.domain.encoding import decode
from vanta.domain.record import Record
from vanta.executor import events
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
        " questions its fences answered none with no. It was filled ",
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
