"""Recorded bars and trades of coins."""

import re
from pathlib import Path

from vanta.domain.instant import DAY, MINUTE
from vanta.markets.collectors.files import Fault, FeedFile, Findings, Found, records, timed
from vanta.markets.collectors.recorded import Layout, RecordedCollector, days
from vanta.markets.collectors.twitter import month
from vanta.markets.times import epoch_millis, epoch_seconds, millis_of_day, utc_midnight, zoned

Row = dict[str, str]
HISTORY = 40 * DAY

_QUOTES = re.compile(r"(?P<base>[A-Z0-9]{2,10}?)(?P<quote>USDT|USDC|USD|EUR|BTC|ETH)\Z")


def pair(text: str) -> str:
    """`btcusd` as `BTC-USD`."""
    match = _QUOTES.match(text.upper())
    return f"{match['base']}-{match['quote']}" if match else text.upper()


def _symbol(file: FeedFile) -> None:
    facts = file.facts
    facts["symbol"] = (
        f"{facts['base']}-{facts['quote']}" if "base" in facts else pair(facts["pair"])
    )


def _daily(file: FeedFile) -> Findings:
    _symbol(file)
    return records(file, lambda row: utc_midnight(row["time"][:8]) + DAY, facts=("symbol",))


def _minutes(file: FeedFile) -> Findings:
    _symbol(file)
    midnight = utc_midnight(file.facts["date"])
    return records(
        file,
        lambda row: millis_of_day(midnight, row["ms_since_midnight_utc"]) + MINUTE,
        facts=("symbol", "date"),
    )


def _spans(file: FeedFile) -> Findings:
    _symbol(file)
    span = int(file.facts["minutes"]) * MINUTE
    return records(file, lambda row: zoned(row["date"]) + span, facts=("symbol", "minutes"))


def _public_trades(file: FeedFile) -> Findings:
    _symbol(file)
    return records(file, lambda row: epoch_millis(row["timestamp"]), facts=("symbol",))


def _kraken_trades(file: FeedFile) -> Findings:
    _symbol(file)
    columns = ("time", "price", "amount")
    return records(
        file,
        lambda row: epoch_seconds(row["time"]),
        header=columns,
        facts=("symbol",),
        numbered=True,
    )


_TIMESTAMP = re.compile(r'"timestamp":\s*(\d{13})\b')


def _unified_trades(file: FeedFile) -> Findings:
    for number, line in file.lines():
        stamp = _TIMESTAMP.search(line)
        if stamp is None:
            yield Fault(number, "MALFORMED_JSON", "not a trade: no timestamp")
        else:
            yield Found(number, line, timed(epoch_millis, stamp[1]))


def _day(facts: Row) -> tuple[int, int]:
    return days(facts["date"], facts["date"])


_PAIR = r"(?P<base>[A-Z]+)_(?P<quote>[A-Z]+)"
_MONTH = r"(?P<year>\d{4})-(?P<month>\d{2})"

LAYOUTS = (
    Layout("crypto-daily", re.compile(r"\w+?_daily_(?P<pair>[a-z]+)\.csv"), _daily),
    Layout(
        "crypto-minute",
        re.compile(r"\w+?_minute_(?P<pair>[a-z]+)_(?P<date>\d{8})\.csv"),
        _minutes,
        _day,
    ),
    Layout(
        "crypto-span",
        re.compile(rf"binance_{_PAIR}_(?P<minutes>\d+)m_{_MONTH}\.csv"),
        _spans,
        month,
    ),
    Layout(
        "crypto-span",
        re.compile(rf"(?P<base>unittest)_(?P<quote>[A-Z]+)_(?P<minutes>\d+)m_{_MONTH}\.csv"),
        _spans,
        month,
    ),
    Layout("crypto-unified-trades", re.compile(rf"\w+?_{_PAIR}_trades_.*\.jsonl"), _unified_trades),
    Layout(
        "crypto-public-trades",
        re.compile(rf"\w+?_{_PAIR}_public_trades_(?P<date>\d{{4}}-\d{{2}}-\d{{2}})\.csv"),
        _public_trades,
        _day,
    ),
    Layout(
        "crypto-public-trades", re.compile(rf"\w+?_{_PAIR}_public_trades_.*\.csv"), _public_trades
    ),
    Layout(
        "crypto-kraken-trades", re.compile(r"kraken_(?P<pair>[A-Z]+)_trades\.csv"), _kraken_trades
    ),
)


def collector(root: Path) -> RecordedCollector:
    """The bars and trades below `root`."""
    return RecordedCollector("crypto", root, folders=("crypto",), layouts=LAYOUTS, history=HISTORY)
