"""One order told from its signals to its profit: as data, in the terminal, and as a page."""

import io
import re
from hashlib import sha256
from html.parser import HTMLParser

import msgspec
import pytest
from rich.console import Console

from tests.audit.fund import Fund, Traded, forge, trade
from vanta.audit.explain import Explanation, explain
from vanta.audit.explain_page import page
from vanta.audit.explain_text import text, tree
from vanta.audit.lineage import lineage
from vanta.audit.references import Sealed
from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.exact import UNIT
from vanta.domain.printable import printable
from vanta.domain.record import Entry, Record
from vanta.executor import events
from vanta.executor.fences.registry import FENCES
from vanta.journal.reader import read

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> [bold red]x[/] {{ 7*7 }} "
    "\x1b[31mred\x1b]8;;http://evil\x07 \u202eslaes\u202c &amp; 'quoted\" \u2066x"
)


def told(fund: Fund, name: str, *nodes: str) -> Explanation:
    layouts = [fund.layout(node) for node in nodes or ("markets", "executor")]
    return explain(lineage(name, layouts))


def order_of(fund: Fund, nth: int) -> str:
    kept = [
        r for r in read(fund.layout("executor").journal("trade_log")) if r.type == "order.prepared"
    ]
    return kept[nth].id


def intent_of(fund: Fund, nth: int) -> str:
    kept = [
        r for r in read(fund.layout("executor").journal("intents")) if r.type == "intent.accepted"
    ]
    return kept[nth].id


def test_an_order_is_told_from_its_signals_to_its_fills(fund: Fund) -> None:
    one = told(fund, order_of(fund, 0))
    assert one.headline == "Bought 332 AAPL at 187.50 for momentum-us"
    assert one.state == "filled"
    assert [seen.signal.text for seen in one.signals] == ["to the moon", "earnings beat"]
    assert one.believed is not None
    assert sum(reason.part for reason in one.believed.conviction.reasons) == 730_000
    assert one.intent is not None
    assert one.intent.signed_by.startswith("SHA256:")
    assert one.intent.promoted is not None
    assert (one.intent.promoted.node, one.intent.promoted.journal) == ("markets", "reflection")
    assert one.decided is not None
    assert one.decided.reproduced
    assert one.decided.steps[-1] == "that is 332 AAPL"
    assert [happened.type for happened in one.happened] == [
        "order.prepared", "order.acknowledged", "order.filled", "order.filled",
    ]  # fmt: skip
    assert one.missing == ()
    trade_log = fund.layout("executor").memory / "trade_log.000001.jsonl"
    assert one.decided.source.place.startswith(f"{trade_log}:{one.decided.source.record + 1} ")


def test_every_fence_tells_its_numbers_for_an_accepted_order_too(fund: Fund) -> None:
    one = told(fund, order_of(fund, 0))
    assert one.decided is not None
    assert {fence.fence for fence in one.decided.fences} >= {
        fence.number for fence in FENCES if fence.number != 7
    }
    notional = next(f for f in one.decided.fences if f.code == "ORDER_NOTIONAL")
    assert (notional.observed, notional.limit) == (6_239_608_000_000, 10_000_000_000_000)
    assert notional.sentence == "it is worth $62,396.08; one order may be worth $100,000.00"


def test_profit_and_loss_of_a_round_trip(fund: Fund) -> None:
    opened, closed = told(fund, order_of(fund, 0)), told(fund, order_of(fund, 1))
    assert opened.outcome is not None
    assert closed.outcome is not None
    # 332 bought at 187.50 with 0.10 of fees, sold at 190 with 0.05.
    assert opened.outcome.realised == -10_000_000
    assert opened.outcome.still_held == 0
    [exit_] = opened.outcome.exits
    assert exit_.client_order_id == closed.client_order_id
    assert exit_.realised == closed.outcome.realised == 830 * UNIT - UNIT // 20
    assert closed.headline == "Sold 332 AAPL at 190.00 for momentum-us"
    assert "closing it realised +$829.95 after its own fees" in closed.result


def test_what_is_still_held_stands_at_the_last_price(fund: Fund) -> None:
    one = trade(fund, 5, symbol="MSFT", fills=(100 * UNIT,), price=100 * UNIT)
    trade(fund, 6, symbol="MSFT", price=103 * UNIT, spread=UNIT // 50)
    outcome = told(fund, one.order).outcome
    assert outcome is not None
    assert outcome.still_held == outcome.filled
    assert outcome.unrealised == 3 * outcome.filled
    assert outcome.mark == 103 * UNIT


def test_a_denied_intent_is_told_with_its_reasons(fund: Fund) -> None:
    one = told(fund, intent_of(fund, 1))
    assert one.headline == "Denied: to buy AAPL for momentum-us, for one reason"
    assert (one.state, one.client_order_id, one.order, one.outcome) == ("denied", "", None, None)
    assert one.decided is not None
    [denial] = one.decided.denials
    assert denial.sentence == "the spread is 10.6952 % of the price; at most 1 % is allowed"


def test_an_intent_that_never_arrived_is_told_as_far_as_it_came(fund: Fund) -> None:
    lost = trade(fund, 5, arrives=False)
    one = told(fund, lost.intent)
    assert one.headline == "Sent and never taken in: to buy AAPL for momentum-us"
    assert one.decided is None
    assert "no Executor journal given has taken it in" in text(one)


def test_a_refused_parcel_is_found_by_its_digest(fund: Fund) -> None:
    lost = trade(fund, 5, arrives=False)
    promoted = next(
        r for r in read(fund.layout("markets").journal("reflection")) if r.id == lost.intent
    )
    parcel = encode(msgspec.json.decode(promoted.body, type=Sealed).envelope)
    digest = sha256(parcel).hexdigest()
    refusals = [
        events.IntentRefused(code="EXPIRED", reason="expired 3.0 s ago", node="markets", digest=d)
        for d in ("0" * 64, digest)
    ]
    fund.write("executor", "intents", [events.entry(r, ordinal=n) for n, r in enumerate(refusals)])
    one = told(fund, lost.intent)
    assert one.state == "refused"
    assert one.intent is not None
    assert one.intent.refused == "expired 3.0 s ago [EXPIRED]"


def test_the_policy_is_told_with_the_people_behind_it(fund: Fund) -> None:
    one = told(fund, order_of(fund, 0))
    assert one.policy is not None
    [step] = one.policy.steps
    assert (step.what, step.commit) == ("introduced", one.policy.commit)
    assert "introduced at commit" in text(one)


def test_a_policy_that_was_loosened_and_restrained_names_everybody(ruled_fund: Fund) -> None:
    """Halted by one, resumed by two, tightened by hand, and let go again by two."""
    one = told(ruled_fund, "last")
    assert one.policy is not None
    [step] = [step for step in one.policy.steps if step.what == "applied"]
    assert step.approvers == ("ada", "alan")
    said = text(one, width=200)
    assert f"commit {step.commit[:12]} applied, approved by ada and alan, 2023-11-14" in said
    assert page(one).count("approved by ada and alan") == 2  # the paragraph, and the list


def test_without_markets_the_causes_are_named_as_missing(fund: Fund) -> None:
    one = told(fund, order_of(fund, 0), "executor")
    assert one.signals == ()
    assert one.believed is None
    assert one.missing == ("cnv_00000001",)
    assert "cnv_00000001" in text(one)
    assert "cnv_00000001" in page(one)


@pytest.mark.parametrize("part", [12, 16, 36])
def test_the_beginning_of_an_id_is_enough(fund: Fund, part: int) -> None:
    whole = order_of(fund, 0)
    assert told(fund, whole[:part]).client_order_id == whole
    assert told(fund, whole.removeprefix("ord_")[:part]).client_order_id == whole


def test_an_order_goes_by_its_decision_its_fill_and_last(fund: Fund) -> None:
    first, last = order_of(fund, 0), order_of(fund, 1)
    assert told(fund, "last").client_order_id == last
    assert told(fund, "dec_" + first[4:]).client_order_id == first
    assert told(fund, f"fill_paper-{first[-6:]}-1").client_order_id == first


def test_a_name_of_nobody_or_of_several_is_refused(fund: Fund) -> None:
    with pytest.raises(RefusedError) as nobody:
        told(fund, "ord_nobody")
    assert nobody.value.code == "NO_SUCH_ORDER"
    with pytest.raises(RefusedError) as several:
        told(fund, "ord_")
    assert several.value.code == "AMBIGUOUS"
    assert intent_of(fund, 0) in several.value.message


def test_a_broken_journal_is_not_explained_from(fund: Fund) -> None:
    path = fund.layout("markets").journal("reflection")
    path.write_bytes(path.read_bytes().replace(b"12 posts", b"13 posts", 1))
    with pytest.raises(MalformedError) as broken:
        told(fund, order_of(fund, 0))
    assert broken.value.code == "LINE_CHAIN"


def test_the_terminal_tree_reads_as_sentences(fund: Fund) -> None:
    said = text(told(fund, order_of(fund, 0)), width=200)
    for line in (
        "Believed: buy AAPL, 73.00 % sure (strong), as of 2023-11-14 23:13:20 UTC",
        "+0.42 sentiment/1: 12 posts speak well of it",
        "reddit post by user100: to the moon  markets harvest #1",
        "Asked: buy AAPL to open for momentum-us, 73.00 % sure as its persona holds it (strong)",
        "made by markets (markets@0.1.0) on 2023-11-14 23:13:20 UTC, valid until",
        "Decided: accepted on 2023-11-14 23:13:22 UTC; 68 questions asked, none answered with no",
        "paper quoted 186.99 to 187.01, session open",
        "yes gross exposure would be $62,396.08; the vault's cap is $900,000.00",
        "prepared to buy 332 AAPL at 187.94 or better, opening, on disk",
        "bought 166 AAPL at 188.00, fee $0.05",
        "332 of 332 AAPL filled at 187.50 on average, fees $0.10",
    ):
        assert line.removeprefix("yes ") in said
    denied = text(told(fund, intent_of(fund, 1)), width=200)
    assert "NO  the spread is 10.6952 % of the price; at most 1 % is allowed [12 SPREAD]" in denied


def test_colours_yield_to_no_color(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    one = tree(told(fund, order_of(fund, 0)))

    def shown() -> str:
        out = io.StringIO()
        Console(file=out, force_terminal=True, width=120).print(one)
        return out.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[32m" in shown()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in shown()


def test_hostile_words_steer_no_terminal(fund: Fund) -> None:
    one = trade(fund, 5, texts=(HOSTILE,))
    said = text(told(fund, one.order), width=300)
    assert "[bold red]x[/]" in said
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)
    assert r"\u001b[31mred" in said


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_hostile_words_are_words_on_the_page(fund: Fund) -> None:
    one = trade(fund, 5, texts=(HOSTILE,))
    html = page(told(fund, one.order))
    tags = _Tags()
    tags.feed(html)
    assert not {"script", "img", "iframe", "link", "object"} & set(tags.tags)
    assert not [
        name for name, _ in tags.attributes if name.startswith("on") or name in {"src", "href"}
    ]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert tags.open == []


def test_the_page_stands_alone_and_is_accessible(fund: Fund) -> None:
    html = page(told(fund, order_of(fund, 0)))
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html
    assert html.count("<h1>") == 1
    assert "prefers-color-scheme:dark" in html
    assert "@media print" in html
    assert "<caption>" in html
    assert 'scope="col"' in html
    assert "Bought 332 AAPL at 187.50 for momentum-us" in html
    assert html == page(told(fund, order_of(fund, 0)))


def test_the_explanation_is_json_for_programs(fund: Fund) -> None:
    told_json = msgspec.json.decode(encode(told(fund, order_of(fund, 0))))
    assert told_json["decided"]["fences"][0]["sentence"]
    assert told_json["outcome"]["exits"][0]["quantity"] == 332 * UNIT
    again = msgspec.json.decode(encode(told(fund, order_of(fund, 0))), type=Explanation)
    assert again.client_order_id == order_of(fund, 0)


def test_a_decision_that_does_not_come_out_again_is_marked(fund: Fund) -> None:
    """The journal says what it says; that deciding again gives something else is said, too."""
    one = trade(fund, 5)
    path = fund.layout("executor").journal("trade_log")

    def larger(record: Record) -> Record:
        if record.id != one.decision:
            return record
        body = bytes(record.body).replace(b'"headroom":', b'"headroom":1', 1)
        return msgspec.structs.replace(record, body=msgspec.Raw(body))

    forge(path, larger)
    explained = told(fund, one.order)
    assert explained.decided is not None
    assert not explained.decided.reproduced
    assert "deciding again gave something else" in text(explained)
    assert "gave something else" in page(explained)


def test_printable_keeps_emoji_and_cuts_long_words() -> None:
    assert printable("a\nb\tc") == "a b c"
    assert printable("👩‍🚀 ok") == "👩‍🚀 ok"
    assert printable("x" * 300, most=10) == "xxxxxxxxxx…"
    assert printable("\u2028\x00\ufeff") == r"\u0000\ufeff"


def test_unfinished_orders_say_where_they_stand(fund: Fund) -> None:
    one = trade(fund, 5, symbol="NVDA")
    assert told(fund, one.order).headline == "With the broker: to buy NVDA for momentum-us"
    assert "nothing was filled, so nothing was gained or lost" in told(fund, one.order).result


def _cancelled(fund: Fund, one: Traded) -> None:
    event = events.OrderCancelled(client_order_id=one.order, reason="day is over")
    entry: Entry = events.entry(event, ordinal=900, parents=(one.order,))
    commit = fund.published("executor").provenance.commit
    fund.write("executor", "trade_log", [msgspec.structs.replace(entry, policy=commit)])


def test_a_cancelled_order_says_so(fund: Fund) -> None:
    one = trade(fund, 5, symbol="NVDA")
    _cancelled(fund, one)
    explained = told(fund, one.order)
    assert explained.headline == "Cancelled: to buy NVDA for momentum-us; nothing filled"
    assert explained.happened[-1].sentence == "what was left of it is gone: day is over"
