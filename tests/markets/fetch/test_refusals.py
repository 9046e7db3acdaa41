"""What is no answer is told as what it is, keeps nobody else from their turn, and is never data."""

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.founded import environment, vanta
from tests.markets.fetch.conftest import Fund
from tests.markets.fetch.vendors import Vendors, everything
from vanta.domain.signal import RawItem, SetAside
from vanta.markets.fetch.source import Tier

PATHS = {
    "sec": "/cgi-bin/browse-edgar",
    "coinbase": "/products/",
    "alpaca": "/v2/stocks/bars",
    "kraken": "/0/public/Trades",
    "alpaca options": "/v1beta1/options",
    "reddit": "/r/",
    "x": "/2/tweets",
    "gdelt": "/api/v2",
}
TOLD = {
    "500": "VENDOR_FAILED",
    "502": "VENDOR_FAILED",
    "html": "VENDOR_PAGE",
    "half": "VENDOR_UNREADABLE",
    "torn": "VENDOR_TORN",
    "reset": "VENDOR_TORN",
    "lost": "VENDOR_TORN",
    "endless": "VENDOR_TOO_LONG",
    "redirect": "VENDOR_REDIRECTS",
}


_LONG_AGO = b'[[1700000000,"1","1","1","1","NaN"]]'


def codes(told: dict[str, Any]) -> dict[str, list[str]]:
    """Of every source that failed at something."""
    return {
        name: [failure["code"] for failure in one["failures"]]
        for name, one in told["sources"].items()
        if one["failures"]
    }


@pytest.mark.parametrize(
    ("source", "how"),
    [
        *(("coinbase", how) for how in TOLD),
        *(
            pytest.param(source, how, marks=pytest.mark.slow)
            for source in PATHS
            if source != "coinbase"
            for how in ("html", "half")
        ),
    ],
)
def test_no_answer_is_data_and_no_source_keeps_another(fund: Fund, source: str, how: str) -> None:
    config = source.partition(" ")[0]
    fund.asks(config, "sec" if config == "coinbase" else "coinbase")
    fund.vendors.fails(PATHS[source], how, times=9)
    told, said = fund.run("light" if source == "kraken" else "deep", code=1)
    failed = codes(told)
    assert set(failed) == {source}
    assert set(failed[source]) == {TOLD[how]}
    assert f"{source}: " in said
    assert TOLD[how] in said
    others = [one for name, one in told["sources"].items() if name != source]
    assert any(one["new"] for one in others)
    for item in fund.items():
        refusal = isinstance(item, SetAside) and item.code == "HTTP_REFUSED"
        assert isinstance(item, RawItem) or (refusal and source == "sec"), item


def test_a_refusal_of_the_sec_is_kept_as_one(fund: Fund) -> None:
    fund.asks("sec")
    fund.vendors.said["/cgi-bin"] = (403, b"<html>Request Rate Threshold Exceeded</html>")
    for _ in range(2):
        told, said = fund.run("light", code=1)
        assert codes(told) == {"sec": ["VENDOR_CREDENTIALS"]}
        assert "contact" in said, "the remedy says what EDGAR wants"
    [item] = fund.items()
    assert isinstance(item, SetAside)
    assert (item.code, len(fund.files())) == ("HTTP_REFUSED", 1)


def test_a_vendor_that_asks_for_a_pause_is_asked_once_more(fund: Fund) -> None:
    fund.asks("coinbase")
    fund.vendors.fails("/products", "429")
    told, _ = fund.run("light")
    assert told["sources"]["coinbase"]["new"]
    assert len(fund.vendors.asked) == 2
    fund.vendors.asked.clear()
    fund.vendors.fails("/products", "429", times=9)
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["VENDOR_THROTTLED"]}
    assert len(fund.vendors.asked) == 2, "and not a third time"


def test_a_list_of_companies_that_is_none_is_not_kept(fund: Fund) -> None:
    fund.asks("sec")
    for answer in (b'{"0": {"ticker": "AAPL"}}', b"{}", b"[1]"):
        fund.vendors.said["/files"] = (200, answer)
        told, _ = fund.run("warm-up", code=1)
        assert codes(told) == {"sec": ["VENDOR_UNREADABLE"]}
        assert "entities/company_tickers.json" not in fund.files()


@pytest.mark.parametrize("token", ["", "a\\r\\nCookie: b", "\\u00e9", "a b"])
def test_a_token_that_is_none_is_sent_to_nobody(fund: Fund, token: str) -> None:
    fund.asks("reddit", "coinbase")
    fund.vendors.said["/api/v1/access_token"] = (200, f'{{"access_token": "{token}"}}'.encode())
    told, _ = fund.run("deep", code=1)
    assert codes(told) == {"reddit": ["VENDOR_UNREADABLE"]}
    assert told["sources"]["coinbase"]["new"]
    assert not [one for one in fund.vendors.asked if "/r/" in one.path]


def test_nobody_is_followed_elsewhere(fund: Fund) -> None:
    elsewhere = Vendors()
    try:
        fund.vendors.headers = {"Location": f"{elsewhere.url}/products/BTC-USD/candles"}
        fund.vendors.said["/products"] = (302, b"")
        fund.asks("coinbase")
        told, _ = fund.run("light", code=1)
        assert codes(told) == {"coinbase": ["VENDOR_REDIRECTS"]}
        assert elsewhere.asked == []
    finally:
        elsewhere.close()


def test_what_a_vendor_does_not_know_keeps_no_other_symbol(fund: Fund) -> None:
    coins = {"url": fund.vendors.url, "symbols": ["DOGE-USD", "BTC-USD"]}
    fund.asks("coinbase", "kraken", coinbase=coins, kraken=coins)
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["VENDOR_REFUSED"], "kraken": ["VENDOR_REFUSED"]}
    assert told["sources"]["coinbase"]["new"]
    assert told["sources"]["kraken"]["new"]


@pytest.mark.parametrize(
    "answer",
    [
        b"[]",
        b"{}",
        b"null",
        b"[" * 100_000,
        b"[[1e999999999,1,1,1,1,1]]",
        _LONG_AGO,
        b'[["1700000000",1,1,1,1,1]]',
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("source", ["coinbase", "kraken", "alpaca", "reddit", "x", "gdelt"])
def test_whatever_a_vendor_says_the_turn_ends_in_order(
    fund: Fund, source: str, answer: bytes
) -> None:
    fund.asks(source)
    fund.vendors.said[PATHS[source]] = (200, answer)
    turn = fund.turn(Tier.LIGHT if source == "kraken" else Tier.DEEP)
    nothing = answer == b"{}" and source in {"gdelt", "alpaca", "x"}
    # A bar of another year is none that was asked for, whatever stands in it.
    nothing = nothing or (source == "coinbase" and answer in {b"[]", _LONG_AGO})
    assert bool(turn.failures) is not nothing
    assert not [name for name in fund.files() if source in name]


def test_numbers_no_market_has_are_no_prices(fund: Fund) -> None:
    fund.asks("coinbase")
    at = (time.time_ns() // 60_000_000_000 - 3) * 60
    fund.vendors.said["/products"] = (200, f"[[{at},1,1,1,1,1e400]]".encode())
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["NUMBER"]}
    assert fund.files() == {}


def test_a_missing_credential_is_one_clear_line(fund: Fund) -> None:
    fund.asks("reddit", "alpaca", "coinbase")
    del fund.keys["reddit-secret"], fund.keys["alpaca-data-key"]
    told, said = fund.run("deep", code=1)
    found = codes(told)
    assert set(found) == {"alpaca", "alpaca options", "reddit"}
    assert {code for some in found.values() for code in some} == {"NO_CREDENTIAL"}
    assert told["sources"]["coinbase"]["new"]
    assert sum(line.startswith("error: ") for line in said.splitlines()) == 3
    assert "LoadCredential=reddit-secret:" in said


def test_a_credential_the_vendor_does_not_take_is_told_so(fund: Fund) -> None:
    fund.asks("x", "reddit", "alpaca")
    fund.keys |= {"x-token": "old", "reddit-secret": "old", "alpaca-data-secret": "old"}
    told, _ = fund.run("deep", code=1)
    assert set(codes(told)) == {"x", "reddit", "alpaca", "alpaca options"}
    assert {code for some in codes(told).values() for code in some} == {"VENDOR_CREDENTIALS"}


@pytest.mark.parametrize("switch", ["external_calls_disabled", "full_halt"])
def test_under_a_switch_that_forbids_calls_out_nobody_is_asked(fund: Fund, switch: str) -> None:
    signed = ("-r", "governance", "-e", "dev", "-k", "people/grace", "-m", "feeds lie")
    done = vanta("halt", *signed, "--switch", switch, at=fund.root)
    assert done.returncode == 0, done.stderr
    vanta("governance", "controller", "--node", "node", "--once", at=fund.root)
    for more in ([], ["--dry-run"]):
        told, _ = fund.run("light", *more)
        assert "COLLECTORS_HALTED" in told["halted"]
        assert switch in told["halted"]
    assert fund.vendors.asked == []


def test_a_switch_that_forbids_orders_alone_stops_no_collector(fund: Fund) -> None:
    signed = ("-r", "governance", "-e", "dev", "-k", "people/grace", "-m", "a drill")
    assert vanta("halt", *signed, "--switch", "orders_disabled", at=fund.root).returncode == 0
    vanta("governance", "controller", "--node", "node", "--once", at=fund.root)
    fund.asks("coinbase")
    assert fund.run("light")[0]["sources"]["coinbase"]["new"]


def test_without_a_policy_nobody_is_asked(fund: Fund) -> None:
    shutil.rmtree(fund.layout.memory)
    told, _ = fund.run("deep")
    assert "no policy can be read" in told["halted"]
    assert fund.vendors.asked == []


def test_of_two_turns_of_one_tier_the_second_asks_nobody(fund: Fund) -> None:
    fund.asks("coinbase")
    fund.vendors.fails("/products", "drip", times=1)
    words = [sys.executable, "-m", "vanta.cli", "markets", "collect", "light", "--node", "node"]
    first = subprocess.Popen(
        words, cwd=fund.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 30
        while not fund.vendors.asked and time.monotonic() < deadline:
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)
        told, _ = fund.run("light")
        assert told == {"tier": "light", "busy": True}
        told, _ = fund.run("deep")
        assert told["sources"]["coinbase"]["new"], "another tier has its turn"
    finally:
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=60)
    assert fund.run("light")[0]["busy"] is False, "a turn that ended holds nothing"


def test_a_turn_that_is_killed_leaves_nothing_that_a_reader_takes(fund: Fund) -> None:
    fund.asks("coinbase")
    (fund.feeds / "crypto").mkdir()
    (fund.feeds / "crypto" / ".coinbase_minute_btcusd_20260101.csv.x1.tmp").write_text("ms_si")
    fund.run("light")
    assert all(isinstance(item, RawItem) for item in fund.items())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(fund: Fund) -> None:
    fund.asks("coinbase", "kraken")
    (fund.feeds / "crypto").mkdir(mode=0o500)
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["WRITE_FAILED"], "kraken": ["WRITE_FAILED"]}


def test_something_else_in_a_folders_place_is_named(fund: Fund) -> None:
    fund.asks("coinbase", "sec")
    (fund.feeds / "crypto").write_text("no folder")
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["FEED_FILE"]}
    assert told["sources"]["sec"]["new"] == 3


def test_a_full_disk_leaves_the_old_file_whole(fund: Fund) -> None:
    fund.asks("sec")
    fund.run("light")
    before = fund.files()
    fund.vendors.filings = 90
    words = [sys.executable, "-m", "vanta.cli", "markets", "collect", "light", "--node", "node"]
    done = subprocess.run(
        words, cwd=fund.root, env=environment(), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "WRITE_FAILED" in done.stderr
    assert fund.files() == before
    assert not list(fund.feeds.rglob("*.tmp"))


def test_a_file_of_ours_that_somebody_changed_is_not_added_to(fund: Fund) -> None:
    fund.asks("coinbase")
    fund.run("light")
    for name in fund.files():
        (fund.feeds / name).write_text("one,column\n")
    told, said = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["FEED_FILE"]}
    assert "move it away" in said


def test_a_link_in_a_files_place_is_not_followed(fund: Fund, tmp_path: Path) -> None:
    fund.asks("coinbase")
    fund.run("light")
    other = tmp_path / "other"
    other.write_text("somebody's")
    for name in fund.files():
        (fund.feeds / name).unlink()
        (fund.feeds / name).symlink_to(other)
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["FEED_FILE"]}
    assert other.read_text() == "somebody's"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"recorded": True}, "RECORDED_FEEDS"),
        ({"feeds": ""}, "NO_FEEDS"),
        ({"feeds": "/nowhere/at/all"}, "FEEDS_MISSING"),
        ({"collect": {}}, "NO_SOURCES"),
        ({"collect": {"sec": {}}}, "INVALID_FIELD"),
        ({"collect": {"coinbase": {"symbols": ["BTC/USD"]}}}, "INVALID_FIELD"),
        ({"collect": {"coinbase": {"symbols": []}}}, "INVALID_FIELD"),
        ({"collect": {"alpaca": {}}}, "INVALID_FIELD"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_with_place_and_remedy(
    fund: Fund, change: dict[str, Any], code: str
) -> None:
    markets = {"feeds": str(fund.feeds), "collect": everything(fund.vendors.url)} | change
    text = fund.layout.config.read_text().partition("markets:")[0]
    fund.layout.config.write_text(f"{text}markets: {markets}\n".replace("True", "true"))
    _, said = fund.run("light", code=1)
    assert f"[{code}]" in said
    assert "node.yaml" in said or code == "FEEDS_MISSING"
    assert fund.vendors.asked == []


def test_an_address_that_would_send_keys_in_the_clear_is_refused(fund: Fund) -> None:
    coins = {"url": "http://api.example.com", "symbols": ["BTC-USD"]}
    fund.asks("coinbase", "sec", coinbase=coins)
    told, _ = fund.run("light", code=1)
    assert codes(told) == {"coinbase": ["VENDOR_ENDPOINT"]}
    assert told["sources"]["sec"]["new"] == 3


def test_locks_and_files_are_nobody_elses(fund: Fund) -> None:
    fund.asks("coinbase")
    fund.run("light")
    for path in fund.feeds.iterdir():
        assert not path.stat().st_mode & stat.S_IRWXO
