"""Live feeds: what vendors answer is written in layouts that the feeds' collectors read."""

import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest

from tests.cli.founded import environment
from tests.markets.fetch.conftest import Fund
from tests.markets.fetch.vendors import CONTACT, contract
from tests.markets.house import House
from vanta.domain.instant import DAY, HOUR, MINUTE
from vanta.domain.signal import RawItem
from vanta.journal.view import read_view
from vanta.markets.directory import load
from vanta.markets.records import HarvestFinished

LIGHT = {"sec", "coinbase", "alpaca", "kraken"}


def kinds(fund: Fund) -> Counter[tuple[str, str]]:
    return Counter((signal.feed, signal.kind) for signal in fund.signals())


def test_a_light_turn_writes_filings_coins_and_bars(fund: Fund) -> None:
    told, said = fund.run("light")
    assert (told["halted"], told["busy"], said) == ("", False, "")
    assert set(told["sources"]) == LIGHT
    assert all(one["new"] and not one["failures"] for one in told["sources"].values()), told
    found = kinds(fund)
    assert found["sec", "filing"] == 3
    assert found["crypto", "bar"] >= 13
    assert found["crypto", "trade"] >= 30
    assert found["prices", "bar"] >= 2 * 13
    assert {signal.symbols for signal in fund.signals() if signal.feed == "prices"} == {
        ("AAPL",),
        ("BRK-B",),
    }


def test_a_deep_turn_adds_words_and_options(fund: Fund) -> None:
    told, _ = fund.run("deep")
    assert set(told["sources"]) == LIGHT - {"kraken"} | {"alpaca options", "reddit", "x", "gdelt"}
    assert all(one["new"] and not one["failures"] for one in told["sources"].values()), told
    found = kinds(fund)
    assert found["options", "option_flow"] == 1
    assert found["news", "headline"] == 2
    assert found["reddit", "post"] == 11, "of the last two hours alone"
    assert found["twitter", "tweet"] == 2
    by_kind = {signal.kind: signal for signal in fund.signals()}
    assert by_kind["headline"].text == "Tesla shares rise, analysts say"
    assert by_kind["headline"].symbols == ("TSLA",)
    assert by_kind["option_flow"].measures["strike_units"] == 250 * 10**8
    assert by_kind["option_flow"].measures["contracts_count"] == 21
    assert {s.entities.get("retweet_of") for s in fund.signals() if s.kind == "tweet"} == {
        None,
        "1899",
    }


def test_a_warm_up_asks_for_a_day_and_for_days(fund: Fund) -> None:
    fund.asks("coinbase", "alpaca")
    fund.run("warm-up")
    daily = [s for s in fund.signals() if s.measures.get("span_ns") == DAY]
    ages = [(time.time_ns() - s.event_ts) // DAY for s in daily]
    assert max(ages) >= 45, "as far back as models look"
    assert all(s.seen_ts <= time.time_ns() for s in daily), "no day that is not over"
    minutes = [s for s in fund.signals() if s.feed == "crypto" and s not in daily]
    assert len(minutes) >= 24 * 60 - 1


def test_the_reflector_takes_what_was_written_once(fund: Fund) -> None:
    """Two turns, each followed by a harvest as `vanta markets follow` does it."""
    fund.run("light")
    now = time.time_ns()
    house = House(fund.root / "reflector", fund.feeds)
    with house.open() as node:
        first = node.harvest(now - 2 * HOUR, now)
        fund.vendors.filings = 4
        fund.run("light")
        second = node.harvest(now - 2 * HOUR, time.time_ns())
    for done in (first, second):
        assert isinstance(done, HarvestFinished)
        assert not any(feed.set_aside for feed in done.feeds.values()), done
    assert first.feeds["sec"].taken == 3
    assert (second.feeds["sec"].taken, second.feeds["sec"].duplicate) == (1, 3)
    assert second.feeds["crypto"].duplicate >= 13


def test_the_reflector_as_a_process_takes_all_feeds_and_sets_nothing_aside(fund: Fund) -> None:
    fund.run("deep")
    fund.run("light")
    words = [sys.executable, "-m", "vanta.cli", "markets", "follow", "--node", "node"]
    with subprocess.Popen(
        words, cwd=fund.root, env=environment(), stdout=subprocess.PIPE, text=True
    ) as follow:
        assert follow.stdout is not None
        assert " signals, " in follow.stdout.readline()
        follow.terminate()
    for feed in ("sec", "crypto", "reddit", "twitter", "news", "options"):
        view = read_view(fund.layout.view(f"{feed}_signals"), dict[str, Any]).data
        assert view["counts"]["taken"], feed
        assert view["counts"]["set_aside"] == {}, feed


def test_filings_of_companies_that_are_named_are_fetched_whole_and_once(fund: Fund) -> None:
    fund.vendors.issuer = "Apple Inc. (0000320193)"
    fund.asks("sec", sec={"url": fund.vendors.url, "companies": ["AAPL"]})
    told, _ = fund.run("light")
    assert told["sources"]["sec ownership"]["new"] == 1
    assert len(fund.vendors.asked_for("/Archives")) == 1
    [bought] = [signal for signal in fund.signals() if signal.kind == "insider_trade"]
    assert bought.symbols == ("AAPL",)
    assert bought.measures["bought_value_units"] == 100_000 * 10**8
    assert bought.time_quality == "day"
    told, _ = fund.run("light")
    assert told["sources"]["sec ownership"]["new"] == 0
    assert len(fund.vendors.asked_for("/Archives")) == 1


def test_the_list_of_companies_is_fetched_before_the_open(fund: Fund) -> None:
    fund.asks("sec", sec={"url": fund.vendors.url, "companies": ["ZZZ"]})
    told, said = fund.run("light", code=1)
    assert told["sources"]["sec ownership"]["failures"][0]["code"] == "UNKNOWN_COMPANY"
    assert "warm-up" in said
    fund.run("warm-up")
    fund.vendors.issuer = "ZZZ Corp (0002063236)"
    fund.run("light")
    assert {"ZZZ", "AAPL"} <= {company.ticker for company in load(fund.feeds)}
    house = House(fund.root / "reflector", fund.feeds)
    now = time.time_ns()
    with house.open() as node:
        node.harvest(now - 2 * HOUR, now)
        found = [one for one in node.harvested.observed if one.feed == "sec"]
    assert {one.symbols for one in found if one.kind == "filing"} == {(), ("ZZZ",)}


def test_a_second_turn_adds_lines_and_moves_none(fund: Fund) -> None:
    fund.asks("sec", "coinbase", "kraken")
    fund.run("light")
    before = {item.place: item.content for item in fund.items() if isinstance(item, RawItem)}
    fund.vendors.filings, fund.vendors.price = 5, "59000"
    told, _ = fund.run("light")
    after = {item.place: item.content for item in fund.items() if isinstance(item, RawItem)}
    assert told["sources"]["sec"]["new"] == 2
    assert before.items() <= after.items(), "what was recorded first stays, even where told anew"


def test_what_is_written_is_the_groups_to_read_and_nobody_elses(fund: Fund) -> None:
    fund.asks("sec", "coinbase")
    fund.run("light")
    assert len(fund.files()) >= 2
    for name in fund.files():
        path = fund.feeds / name
        assert path.stat().st_mode & 0o777 == 0o640
        assert path.parent.stat().st_mode & 0o777 == 0o750


def test_vendors_are_told_who_asks_and_keys_go_to_their_own_alone(fund: Fund) -> None:
    fund.run("deep")
    for asked in fund.vendors.asked:
        assert asked.headers["user-agent"].startswith(CONTACT)
        keyed = "authorization" in asked.headers or "apca-api-key-id" in asked.headers
        open_to_all = asked.path.startswith(("/cgi-bin", "/products", "/0/", "/api/v2"))
        assert keyed is not open_to_all, asked.path
    symbols = {one.query["symbols"] for one in fund.vendors.asked_for("/v1beta1/options/bars")}
    assert symbols == {contract()}, "of contracts that traded lately alone"


def test_a_dry_run_says_what_would_be_asked_and_asks_nobody(fund: Fund) -> None:
    fund.asks("sec", "gdelt", "alpaca")
    told, _ = fund.run("deep", "--dry-run")
    assert fund.vendors.asked == []
    assert fund.files() == {}
    host = fund.vendors.url.removeprefix("http://")
    assert told["would_ask"] == [
        f"latest filings of form 4 from {host}",
        f"minute bars of AAPL BRK-B from {host}",
        f"daily bars of AAPL BRK-B from {host}",
        f"trades of options on AAPL from {host}",
        f"headlines for TSLA from {host}",
    ]


def test_old_files_go_once_no_model_looks_back_at_them(fund: Fund) -> None:
    fund.asks("gdelt", keep="1d")
    names = {
        "news/tsla_headlines_2026-01-02.csv": 3,
        "news/tsla_headlines_2026-01-03.csv": 0,
        "news/somebodys_own.csv": 400,
        "crypto/coinbase_minute_btcusd_20260102.csv": 30,
        "crypto/coinbase_minute_btcusd_20260101.csv": 60,
    }
    for name, days in names.items():
        path = fund.feeds / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(",dt,title\n")
        at = time.time() - days * 86400
        os.utime(path, (at, at))
    told, _ = fund.run("deep")
    assert told["pruned"] == 2
    gone = set(names) - set(fund.files())
    assert gone == {
        "news/tsla_headlines_2026-01-02.csv",
        "crypto/coinbase_minute_btcusd_20260101.csv",
    }


def test_kraken_goes_on_from_the_last_trade(fund: Fund) -> None:
    fund.asks("kraken")
    fund.run("light")
    fund.run("light")
    first, second = (int(one.query["since"]) for one in fund.vendors.asked_for("/0/public"))
    assert first <= time.time_ns() - 15 * MINUTE < second


@pytest.mark.parametrize("tier", ["hourly", ""])
def test_there_are_three_tiers(fund: Fund, tier: str) -> None:
    _, said = fund.run(tier, code=2)
    assert "is none of light, deep, warm-up" in said
