"""The paper market: one source a symbol, nothing before its time, splits joined."""

from pathlib import Path

import msgspec
import pytest

from tests.markets.house import NOON, bar
from vanta.domain.errors import UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, HOUR, MINUTE, parse_instant
from vanta.domain.signal import Signal
from vanta.markets.sample.plot import END, START, STORIES
from vanta.markets.tape import FAMILIES, Row, _Bars, instrument, rows, write_tape


def lines(path: Path) -> list[Row]:
    return [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> list[Row]:
    out = tmp_path_factory.mktemp("tape") / "tape.jsonl"
    report = write_tape(sample, START, END, out)
    assert set(report.symbols) == {story.symbol for story in STORIES}
    assert {found.source for found in report.symbols.values()} == {"lean", "coinbase"}
    assert report.set_aside == {"NO_TRADES": 1, "NUMBER": 1}
    return lines(out)


def test_rows_are_in_order_and_within_the_window(tape: list[Row]) -> None:
    times = [row.market_time for row in tape]
    assert times == sorted(times)
    assert times[-1] < END
    early = [row for row in tape if row.market_time < START]
    assert len(early) == len({row.symbol for row in early})


def test_both_sides_stand_around_the_last_price_on_ticks(tape: list[Row]) -> None:
    for row in tape:
        assert 0 < row.bid < row.ask
        assert row.bid <= row.last <= row.ask
        assert row.bid % row.instrument.tick == row.ask % row.instrument.tick == 0


def test_liquidity_is_of_days_that_had_ended(tape: list[Row]) -> None:
    by_symbol = {story.symbol: story for story in STORIES}
    for row in tape:
        story = by_symbol[row.symbol]
        usual = story.price * story.volume * UNIT
        assert 0.5 * usual < row.adv < 1.7 * usual
    first = [row.adv for row in tape if row.symbol == "NVDA" and row.market_time < START + DAY]
    assert len(set(first)) == 1


def test_coins_and_shares_are_instruments_of_their_own_rail() -> None:
    coin = instrument("BTC-USD", 70_000 * UNIT)
    assert (coin.rail, coin.asset_class, coin.shortable) == ("crypto", "crypto", False)
    share = instrument("AAPL", 240 * UNIT)
    assert (share.rail, share.tick, share.lot) == ("fiat", UNIT // 100, UNIT)
    assert instrument("PENNY", UNIT // 2).tick == UNIT // 10_000


def sources(*signals: Signal) -> dict[str, _Bars]:
    found: dict[str, _Bars] = {}
    for signal in signals:
        found.setdefault(FAMILIES.get(signal.author, signal.author), _Bars()).add(signal)
    return found


def test_a_daily_bar_is_an_open_at_the_bell_and_a_close_at_the_close() -> None:
    close = parse_instant("2026-03-03T21:00:00Z")
    day = bar("d", close, 110 * UNIT, open_=100 * UNIT)
    found = rows("AAPL", sources(day), close - DAY, close + HOUR)
    assert found is not None
    assert [(row.market_time, row.last) for row in found[0]] == [
        (parse_instant("2026-03-03T14:30:00Z"), 100 * UNIT),
        (close, 110 * UNIT),
    ]
    assert [row.adv for row in found[0]] == [0, 0]


def test_the_finer_source_is_taken_and_the_other_only_tells_liquidity() -> None:
    yahoo = [bar(f"y{n}", NOON - n * DAY, 92 * UNIT, volume=7 * UNIT) for n in range(1, 5)]
    minutes = [
        bar(f"m{n}", NOON + n * MINUTE, 645 * UNIT, span=MINUTE, source="prices-lean-minute")
        for n in range(5)
    ]
    found = rows("AAPL", sources(*yahoo, *minutes), NOON - HOUR, NOON + HOUR)
    assert found is not None
    assert {row.last for row in found[0]} == {645 * UNIT}
    assert {row.adv for row in found[0]} == {92 * 7 * UNIT}
    assert found[1].source == "lean"


def test_a_split_in_the_window_is_joined_and_reported() -> None:
    minutes = [
        bar(f"m{n}", NOON + n * MINUTE, (645 if n < 5 else 92) * UNIT, span=MINUTE,
            source="prices-lean-minute")
        for n in range(10)
    ]  # fmt: skip
    found = rows("AAPL", sources(*minutes), NOON, NOON + HOUR)
    assert found is not None
    assert {row.last for row in found[0]} == {645 * UNIT // 7, 92 * UNIT}
    assert found[1].splits == ((NOON + 5 * MINUTE, 7, 1),)


def test_a_symbol_without_a_price_in_the_window_is_not_on_the_tape() -> None:
    old = bar("o", NOON - 9 * DAY, UNIT)
    assert rows("AAPL", sources(old), NOON, NOON + HOUR) is None


def test_without_feeds_there_is_no_tape(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        write_tape(tmp_path / "nowhere", START, END, tmp_path / "tape.jsonl")
    assert not (tmp_path / "tape.jsonl").exists()
