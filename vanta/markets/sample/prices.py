"""Daily and minute bars, and the options that trade on them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from vanta.markets.sample.paper import put, table
from vanta.markets.sample.plot import BEFORE, CLOSED, DAYS, STORIES, Story, is_coin

_LEAN = ("ms_since_midnight_ny", "open_x10000", "high_x10000", "low_x10000", "close_x10000",
         "volume")  # fmt: skip
_COIN = ("ms_since_midnight_utc", "open", "high", "low", "close", "volume")
_CONTRACT = ("underlying", "trade_date", "right", "strike_x10000", "expiry", "ms_since_midnight_ny")
_BELL = 9 * 60 + 30
_SESSION = 390
_DAY = 1440
_EXPIRY = "20260320"
_CENT = 100
_SATURDAY = 5

Ohlc = tuple[float, float, float, float]


def sessions() -> list[str]:
    """The trading days before the first of the sample, oldest first."""
    found: list[str] = []
    day = date.fromisoformat(DAYS[0])
    while len(found) < BEFORE:
        day -= timedelta(days=1)
        if day.weekday() < _SATURDAY and day.isoformat() not in CLOSED:
            found.append(day.isoformat())
    return found[::-1]


def _calendar_days() -> list[str]:
    first = date.fromisoformat(DAYS[0])
    return [(first - timedelta(days=back)).isoformat() for back in range(BEFORE, 0, -1)]


def _around(rng: Random, low: float, high: float) -> tuple[float, float]:
    return high * (1 + rng.random() * 0.004), low * (1 - rng.random() * 0.004)


def history(story: Story, rng: Random) -> list[tuple[str, Ohlc, int]]:
    """Daily bars before the sample, which end at the story's price."""
    days = _calendar_days() if is_coin(story) else sessions()
    close = story.price
    bars: list[tuple[str, Ohlc, int]] = []
    for day in reversed(days):
        opened = close / (1 + (rng.random() * 2 - 1) * 2 * story.daily)
        high, low = _around(rng, min(opened, close), max(opened, close))
        bars.append(
            (day, (opened, high, low, close), int(story.volume * (0.8 + rng.random() * 0.4)))
        )
        close = opened
    return bars[::-1]


def path(story: Story, at: int, rng: Random) -> Iterator[tuple[int, Ohlc, float]]:
    """Bars of one day as minute of day, prices and volume: a third of the minutes trade.

    Args:
        story: whose.
        at: which of the three days.
        rng: what makes it uneven.
    """
    first, length = (0, _DAY) if is_coin(story) else (_BELL, _SESSION)
    start = story.price
    for move in story.moves[:at]:
        start *= 1 + move
    minutes = [
        minute for minute in range(length) if rng.random() < 1 / 3 or minute in {0, length - 1}
    ]
    each = story.volume * story.crowd[at] / len(minutes)
    last = start
    for minute in minutes:
        aim = start * (1 + story.moves[at] * (minute + 1) / length)
        close = aim * (1 + (rng.random() - 0.5) * story.daily / 12)
        if minute == length - 1:
            close = start * (1 + story.moves[at])
        high, low = max(last, close) * 1.0001, min(last, close) * 0.9999
        yield first + minute, (last, high, low, close), each * (0.4 + rng.random() * 1.2)
        last = close


def write_shares(folder: Path, rng: Random) -> dict[str, list[Ohlc]]:
    """`prices/`: a daily table of all shares and a minute file per share and day.

    Returns:
        Open, high, low and close of each of the three days, by symbol.
    """
    daily: list[tuple[object, ...]] = []
    sampled: dict[str, list[Ohlc]] = {}
    for story in STORIES:
        if is_coin(story):
            continue
        bars = history(story, rng)
        for at, day in enumerate(DAYS):
            minutes = list(path(story, at, rng))
            name = f"lean_minute_{story.symbol.lower()}_{day.replace('-', '')}_trade.csv.gz"
            rows = [
                (minute * 60_000, *(round(price * _CENT) * _CENT for price in ohlc), int(volume))
                for minute, ohlc, volume in minutes
            ]
            if story.symbol == "MSFT" and at == 1:
                rows[3] = (*rows[3][:5], 0)  # a minute in which nothing traded
            put(folder / name, table(_LEAN, rows))
            prices = [ohlc for _, ohlc, _ in minutes]
            day_bar = (prices[0][0], max(p[1] for p in prices), min(p[2] for p in prices),
                       prices[-1][3])  # fmt: skip
            bars.append((day, day_bar, int(sum(volume for _, _, volume in minutes))))
            sampled.setdefault(story.symbol, []).append(day_bar)
        for day, ohlc, volume in bars:
            shown = [f"{price:.6f}" for price in ohlc]
            daily.append((story.symbol, day, *shown, shown[3], volume))
    daily.append(("XOM", "2026-02-28", "null", "null", "null", "null", "null", "null"))
    header = ("symbol", "date", "open", "high", "low", "close", "adj_close", "volume")
    put(folder / "ohlcv_daily_2026-01_2026-03.csv.gz", table(header, daily))
    return sampled


def write_coins(folder: Path, rng: Random) -> None:
    """`crypto/`: daily and minute bars; one minute file stops early, as recordings do."""
    for story in STORIES:
        if not is_coin(story):
            continue
        pair = story.symbol.replace("-", "").lower()
        days = [
            (f"{day.replace('-', '')} 00:00", *(f"{price:.2f}" for price in ohlc), volume)
            for day, ohlc, volume in history(story, rng)
        ]
        for at, day in enumerate(DAYS):
            stamp = day.replace("-", "")
            bars = list(path(story, at, rng))
            total = f"{sum(volume for _, _, volume in bars):.8f}"
            edges = (bars[0][1][0], max(b[1][1] for b in bars), min(b[1][2] for b in bars),
                     bars[-1][1][3])  # fmt: skip
            days.append((f"{stamp} 00:00", *(f"{price:.2f}" for price in edges), total))
            if story.symbol == "ETH-USD" and at == 0:
                bars = [bar for bar in bars if bar[0] < 1007]  # noqa: PLR2004 - as one recording did
            rows = [
                (minute * 60_000, *(f"{price:.2f}" for price in ohlc), f"{volume:.8f}")
                for minute, ohlc, volume in bars
            ]
            put(folder / f"coinbase_minute_{pair}_{stamp}.csv.gz", table(_COIN, rows))
        header = ("time", "open", "high", "low", "close", "volume")
        put(folder / f"coinbase_daily_{pair}.csv.gz", table(header, days))


def write_options(folder: Path, sampled: dict[str, list[Ohlc]], rng: Random) -> None:
    """`options/`: trades by the minute and open interest of every underlying that has them."""
    for story in STORIES:
        for at, day in enumerate(DAYS):
            share = story.calls[at]
            if not share:
                continue
            stamp, root = day.replace("-", ""), story.symbol
            spot = sampled[root][at][0]
            strikes = [round(spot * (0.9 + 0.02 * step)) * 10_000 for step in range(11)]
            open_rows = [
                (root, stamp, right, strike, _EXPIRY, 23_400_000, rng.randrange(400, 2_000))
                for right in ("call", "put")
                for strike in strikes
            ]
            put(
                folder / f"{root.lower()}_open_interest_{day}.csv.gz",
                table((*_CONTRACT, "open_interest"), open_rows),
            )
            trades = []
            for minute in sorted(rng.randrange(_SESSION) for _ in range(90)):
                right = "call" if rng.random() < share else "put"
                price = round(spot * (0.01 + rng.random() * 0.03) * _CENT) * _CENT
                contracts = rng.randrange(20, 400)
                begin = (_BELL + minute) * 60_000
                trades.append(
                    (
                        root,
                        stamp,
                        right,
                        rng.choice(strikes),
                        _EXPIRY,
                        begin,
                        *[price] * 4,
                        contracts,
                    )
                )
            if root == "TSLA" and at == 1:
                trades[0] = (*trades[0][:3], "four hundred", *trades[0][4:])
            put(
                folder / f"{root.lower()}_trades_minute_{day}.csv.gz",
                table((*_CONTRACT, *_LEAN[1:]), trades),
            )


def moment(day: str, minute: float) -> datetime:
    """A minute of a UTC day."""
    return datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=UTC) + timedelta(minutes=minute)
