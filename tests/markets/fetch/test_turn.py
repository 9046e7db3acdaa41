"""A turn keeps to its time, to each vendor's pace, and to what it is allowed, up to its end."""

import gzip
import json
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.executor.brokers.vendor import Asked
from tests.markets.fetch.conftest import Fund
from vanta.domain.instant import HOUR
from vanta.domain.signal import RawItem
from vanta.markets.fetch.source import BUDGET, Tier
from vanta.markets.permission import CollectorsHaltedError
from vanta.node import collecting

REPOSITORY = Path(__file__).resolve().parents[3]


def test_a_light_turn_ends_well_before_the_next() -> None:
    assert BUDGET[Tier.LIGHT] <= 45


def test_what_there_is_no_time_for_is_told_and_not_begun(fund: Fund) -> None:
    fund.asks("coinbase", "sec")
    turn = fund.turn(Tier.LIGHT, ends=time.monotonic() + 5)
    assert {failure.error.code for _, failure in turn.failures} == {"NO_TIME"}
    assert fund.vendors.asked == []


def test_a_pause_longer_than_there_is_time_for_is_not_waited_for(fund: Fund) -> None:
    fund.asks("coinbase")
    fund.vendors.fails("/products", "429")
    began = time.monotonic()
    turn = fund.turn(Tier.LIGHT, ends=began + 11.5)
    assert [failure.error.code for _, failure in turn.failures] == ["VENDOR_THROTTLED"]
    assert (len(fund.vendors.asked), time.monotonic() - began < 3) == (1, True)


def test_a_halt_in_the_middle_ends_the_turn_there(fund: Fund) -> None:
    fund.asks("sec", "coinbase", "reddit")
    left = iter([None, None, None])

    def permit() -> None:
        if next(left, "over") == "over":
            raise CollectorsHaltedError("no collector runs", code="COLLECTORS_HALTED")

    turn = fund.turn(Tier.DEEP, permit=permit)
    assert turn.halted is not None
    assert [one.source for one in turn.sources] == ["sec", "coinbase"]
    assert turn.failures == [], "being told to stop is no failure"
    assert len(fund.vendors.asked) == 2


def test_requests_are_as_far_apart_as_a_vendor_asks_for(fund: Fund) -> None:
    waited: list[float] = []
    queries = {"url": fund.vendors.url, "queries": {"TSLA": "tesla", "AAPL": "apple"}}
    fund.asks("gdelt", gdelt=queries)
    turn = fund.turn(Tier.DEEP, sleep=waited.append)
    assert turn.failures == []
    assert len(waited) == 1
    assert 5.0 < waited[0] <= 6.0, "one in five seconds"


def test_each_hour_begins_with_another_ticker(fund: Fund) -> None:
    queries = {"TSLA": "tesla", "AAPL": "apple", "GME": "gamestop"}
    fund.asks("gdelt", gdelt={"url": fund.vendors.url, "queries": queries})
    hour = time.time_ns() // HOUR * HOUR
    first = []
    for hours in range(3):
        fund.vendors.asked.clear()
        fund.turn(Tier.DEEP, now=hour + hours * HOUR, sleep=lambda _: None)
        first.append(fund.vendors.asked[0].query["query"])
    assert sorted(first) == sorted(queries.values())


def test_titles_that_no_json_holds_are_mended(fund: Fund) -> None:
    fund.asks("gdelt")
    _, told = fund.vendors.gdelt(Asked("GET", "", {"format": "json"}, {}, b""))
    article = json.dumps(told["articles"][0]).encode()
    title = b'"Tesla \\ \\" up \\u0026 \\x away \\\\ \x01 \xff\tnow"'
    spoilt = re.sub(rb'"Tesla[^"]*"', lambda _: title, article)
    fund.vendors.said["/api/v2"] = (200, b'{"articles": [\n' + spoilt + b"]}")
    assert fund.turn(Tier.DEEP).failures == []
    [signal] = fund.signals()
    assert signal.text == 'Tesla  " up & x away \\ \ufffd now'.replace("  ", " ")


def test_a_token_is_had_once_a_turn(fund: Fund) -> None:
    names = {"url": fund.vendors.url, "tokens": fund.vendors.url, "subreddits": ["a1", "b2"]}
    fund.asks("reddit", reddit=names)
    assert fund.turn(Tier.DEEP).failures == []
    assert len(fund.vendors.asked_for("/api/v1/access_token")) == 1
    assert len(fund.vendors.asked_for("/r/")) == 2


def test_x_is_asked_for_no_more_posts_than_are_paid_for(fund: Fund) -> None:
    fund.asks("x", x={"url": fund.vendors.url, "queries": ["$TSLA"], "most": 10})
    fund.turn(Tier.DEEP)
    [asked] = fund.vendors.asked
    assert asked.query["max_results"] == "10"


def test_a_file_never_outgrows_its_reader(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    fund.asks("sec", "coinbase")
    fund.turn(Tier.LIGHT)
    before = fund.files()
    fund.vendors.filings = 50
    monkeypatch.setattr("vanta.markets.fetch.shelf.MOST", 4096)
    turn = fund.turn(Tier.LIGHT)
    assert [failure.error.code for _, failure in turn.failures] == ["FEED_FILE_FULL"]
    assert fund.files() == before


def test_filings_are_asked_for_page_by_page_until_one_is_known(fund: Fund) -> None:
    fund.asks("sec")
    fund.vendors.filings = 150
    fund.turn(Tier.DEEP)
    assert [one.query["start"] for one in fund.vendors.asked] == ["0", "100", "200"]
    assert len(fund.signals()) == 150
    fund.vendors.asked.clear()
    fund.vendors.filings = 152
    fund.turn(Tier.LIGHT)
    assert [one.query["start"] for one in fund.vendors.asked] == ["0"]
    assert len(fund.signals()) == 152


def test_everyone_asked_by_default_may_be_reached_by_markets() -> None:
    listed = yaml.safe_load((REPOSITORY / "infra/topology/egress.yaml").read_text())["domains"]
    reached = {one["domain"] for one in listed if "markets" in one["nodes"]}
    for kind in vars(collecting).values():
        fields = getattr(kind, "model_fields", {})
        for name in ("url", "tokens"):
            if name in fields:
                assert urlsplit(fields[name].default).hostname in reached


@pytest.mark.recorded
def test_recorded_pages_of_edgar_are_taken_as_they_came(fund: Fund, recorded: Path) -> None:
    """Real answers; the newest page last, as turns would meet them."""
    fund.asks("sec")
    pages = sorted((recorded / "sec" / "edgar_current_atom").glob("form4_*_http200.atom.xml.gz"))
    seen = set()
    for page in reversed(pages[:6]):
        body = gzip.decompress(page.read_bytes())
        fund.vendors.said["/cgi-bin"] = (200, body)
        assert fund.turn(Tier.LIGHT).failures == []
        seen |= {entry.partition(b"</entry>")[0] for entry in body.split(b"<entry>")[1:]}
    items = [item for item in fund.items() if isinstance(item, RawItem)]
    assert len(items) == len(fund.items()) == len(seen)
    assert fund.signals()


@pytest.mark.recorded
def test_recorded_answers_of_alpaca_are_read(fund: Fund, recorded: Path) -> None:
    lines = gzip.decompress((recorded / "broker/alpaca/data_responses.jsonl.gz").read_bytes())
    for line in lines.splitlines():
        one = json.loads(line)
        for path in ("/v2/stocks/bars?", "/v1beta1/options/snapshots/", "/v1beta1/options/bars?"):
            body = one["body"]
            if path in one["url_expr"] and "/latest" not in one["url_expr"] and body:
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                fund.asks("alpaca")
                body = body.replace(b'"next_page_token": "', b'"page_token_of_then": "')
                fund.vendors.said = {path.rstrip("?/"): (200, body)}
                turn = fund.turn(Tier.DEEP)
                assert turn.failures == [], (one["case"], str(turn.failures[0][1].error))
