"""Bars of one symbol put in order, never two sources or two sides of a split in one series.

One source saw Apple at 645 dollars before its split of June 2014 and another, that knew of the
split, at 92 on the same day. Either is right by itself.
"""

from collections import defaultdict
from typing import NamedTuple

from vanta.domain.instant import DAY
from vanta.domain.signal import Signal

LIKELY_SPLITS = (2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50)
TOLERANCE = 12
"""Of a hundred: how far an overnight move may differ from a split's ratio and still be one."""
_UNADJUSTED = ("prices-lean-daily", "prices-lean-minute")


class Bar(NamedTuple):
    """One bar as the models see it."""

    id: str
    at: int
    """When it ended, UTC nanoseconds."""
    open: int
    close: int
    volume: int


def split_between(before: int, after: int) -> tuple[int, int]:
    """The ratio of a split that explains a move from one price to the next, `(1, 1)` for none.

    `(7, 1)` is seven for one: what cost 645 costs 92.
    """
    larger, smaller = max(before, after), min(before, after)
    nearest = min(LIKELY_SPLITS, key=lambda ratio: abs(larger - smaller * ratio))
    if abs(larger - smaller * nearest) * 100 > TOLERANCE * larger:
        return 1, 1
    return (nearest, 1) if before > after else (1, nearest)


def joined(bars: list[Bar]) -> list[Bar]:
    """Unadjusted bars as of the last one: prices before a split divided, volumes multiplied."""
    out: list[Bar] = []
    new, old = 1, 1
    later: Bar | None = None
    for bar in reversed(bars):
        if later is not None:
            ratio = split_between(bar.close, later.open)
            new, old = new * ratio[0], old * ratio[1]
        out.append(
            bar._replace(
                open=bar.open * old // new,
                close=bar.close * old // new,
                volume=bar.volume * new // old,
            )
        )
        later = bar
    return out[::-1]


class Series:
    """Collects the bars of one symbol."""

    __slots__ = ("_days", "_spans", "coin")

    def __init__(self) -> None:
        self._days: dict[str, list[Bar]] = defaultdict(list)
        self._spans: dict[tuple[str, int], list[Bar]] = defaultdict(list)
        self.coin = False
        """Whether a bar came from the crypto feed, which is a signal and not only a reference."""

    def add(self, signal: Signal) -> None:
        """Take one bar in, or a single trade as a bar of one price."""
        measures = signal.measures
        price = measures.get("price_units", 0)
        bar = Bar(
            signal.id,
            signal.event_ts,
            measures.get("open_units", price),
            measures.get("close_units", price),
            measures.get("volume_units", measures.get("amount_units", 0)),
        )
        span = measures.get("span_ns", 0)
        if span == DAY:
            self._days[signal.author].append(bar)
        else:
            self._spans[signal.author, span].append(bar)
        self.coin = self.coin or signal.feed == "crypto"

    def daily(self) -> tuple[Bar, ...]:
        """Days of the source that has the most of them."""
        if not self._days:
            return ()
        source, bars = max(self._days.items(), key=lambda item: (len(item[1]), item[0]))
        bars.sort(key=lambda bar: (bar.at, bar.id))
        return tuple(joined(bars) if source in _UNADJUSTED else bars)

    def intraday(self, as_of: int, age: int) -> tuple[Bar, ...]:
        """The last shorter bars, of the source that has the most of them in that time."""
        if not self._spans:
            return ()
        lately = {
            key: [bar for bar in bars if as_of - bar.at < age] for key, bars in self._spans.items()
        }
        (source, _), bars = max(lately.items(), key=lambda item: (len(item[1]), item[0]))
        bars.sort(key=lambda bar: (bar.at, bar.id))
        return tuple(joined(bars) if source in _UNADJUSTED else bars)
