"""Signals, aligned: per symbol, what could be known of it at one instant and nothing later.

`align` is the only way from signals to models, and it drops every signal first seen after
`as_of`: what a model never gets it cannot use.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from vanta.domain.instant import DAY, HOUR
from vanta.domain.signal import Signal
from vanta.markets.entities import asset_class
from vanta.markets.series import Bar, Series

TEXTS = DAY
"""How long a text speaks."""
BASELINE = 7
"""Days before that tell how much is usually said."""
INSIDERS = 30 * DAY
FLOW = DAY
"""How long an option trade speaks; open interest is of the same morning."""
BARS = 45 * DAY

_PRICED = frozenset({"bar", "trade"})
_SPOKEN = frozenset({"tweet", "post", "comment", "headline"})


class Text(NamedTuple):
    """One text about the symbol."""

    id: str
    feed: str
    author: str
    seen: int
    named: int
    """Symbols it speaks of, this one included; counted double where it does not say this one."""
    words: str


class Dealing(NamedTuple):
    """One insider's open-market trade."""

    id: str
    insider: str
    seen: int
    bought: int
    """Dollars, units."""
    sold: int
    planned: bool
    """Under a plan made long before, which says little of today."""


class Flow(NamedTuple):
    """One contract's trades of a minute, or its open interest."""

    id: str
    seen: int
    call: bool
    premium: int
    """Dollars, units."""
    contracts: int
    open: int


class Features(msgspec.Struct, frozen=True):
    """All the models get of one symbol."""

    symbol: str
    asset_class: str
    as_of: int
    texts: tuple[Text, ...] = ()
    usual: tuple[int, ...] = ()
    """Texts of each of the seven days before the last one, latest first; days nobody spoke are 0,
    days before anything was ever seen are left out."""
    dealings: tuple[Dealing, ...] = ()
    flow: tuple[Flow, ...] = ()
    daily: tuple[Bar, ...] = ()
    """Days, oldest first, of one source, on one side of every split."""
    intraday: tuple[Bar, ...] = ()
    """Shorter bars of the last day, oldest first, of one source."""


def _text(signal: Signal, symbols: tuple[str, ...]) -> Text:
    beside = len(symbols) * (1 if signal.measures.get("spoken_count", 1) else 2)
    return Text(signal.id, signal.feed, signal.author, signal.seen_ts, beside, signal.text)


def _dealing(signal: Signal) -> Dealing:
    measures = signal.measures
    return Dealing(
        signal.id,
        signal.entities.get("insider", ""),
        signal.seen_ts,
        measures.get("bought_value_units", 0),
        measures.get("sold_value_units", 0),
        bool(measures.get("planned_count")),
    )


def _flow(signal: Signal) -> Flow:
    measures = signal.measures
    return Flow(
        signal.id,
        signal.seen_ts,
        signal.entities.get("right") == "call",
        measures.get("premium_units", 0),
        measures.get("contracts_count", 0),
        measures.get("open_count", 0),
    )


class _Gathered:
    """What is collected of one symbol while going over the signals."""

    __slots__ = ("dealings", "flow", "series", "texts", "usual")

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.usual: dict[int, int] = defaultdict(int)
        self.dealings: list[Dealing] = []
        self.flow: list[Flow] = []
        self.series = Series()

    def spoken(self) -> bool:
        """Whether one of the six feeds said anything; reference bars alone are no signal."""
        return bool(self.texts or self.dealings or self.flow or self.series.coin)


def _take(gathered: _Gathered, signal: Signal, age: int, symbols: tuple[str, ...]) -> None:
    if signal.kind in _SPOKEN:
        if age < TEXTS:
            gathered.texts.append(_text(signal, symbols))
        elif (day := age // DAY) <= BASELINE:
            gathered.usual[day] += 1
    elif signal.kind in _PRICED:
        if age < BARS:
            gathered.series.add(signal)
    elif signal.kind == "option_flow":
        if age < FLOW:
            gathered.flow.append(_flow(signal))
    elif signal.kind == "insider_trade" and age < INSIDERS:
        gathered.dealings.append(_dealing(signal))


def align(signals: Iterable[Signal], as_of: int) -> dict[str, Features]:
    """Features per symbol that a feed spoke of, by symbol.

    Args:
        signals: in any order; those first seen after `as_of` are not looked at.
        as_of: the market's time, UTC nanoseconds.
    """
    gathered: dict[str, _Gathered] = defaultdict(_Gathered)
    oldest_text = as_of
    for signal in signals:
        age = as_of - signal.seen_ts
        if age < 0:
            continue
        if signal.kind in _SPOKEN:
            oldest_text = min(oldest_text, signal.seen_ts)
        for symbol in signal.symbols:
            _take(gathered[symbol], signal, age, signal.symbols)
    days_known = min(BASELINE, (as_of - oldest_text) // DAY)
    return {
        symbol: Features(
            symbol=symbol,
            asset_class=asset_class(symbol),
            as_of=as_of,
            texts=tuple(sorted(found.texts, key=lambda text: (text.seen, text.id))),
            usual=tuple(found.usual[day] for day in range(1, days_known + 1)),
            dealings=tuple(sorted(found.dealings, key=lambda deal: (deal.seen, deal.id))),
            flow=tuple(sorted(found.flow, key=lambda flow: (flow.seen, flow.id))),
            daily=found.series.daily(),
            intraday=found.series.intraday(as_of, DAY + HOUR),
        )
        for symbol, found in sorted(gathered.items())
        if found.spoken()
    }
