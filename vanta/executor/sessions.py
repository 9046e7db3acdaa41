"""When a venue trades: exchange calendars, never a hand-made list of holidays.

Asked at the edge. The session a decision used is in its quote, and the quote is journalled with it,
so a replay needs no calendar.
"""

import bisect
from typing import Literal

import msgspec

from vanta.domain.trading import Quote

Session = Literal["open", "closed", "halted"]

ALWAYS_OPEN = frozenset({"crypto"})
CALENDAR = "XNYS"
"""Of every other asset class: the New York Stock Exchange."""


class Sessions:
    """Sessions of the exchange, worked out once when first asked for (the import takes seconds)."""

    def __init__(self) -> None:
        self._opens: list[int] = []
        self._closes: list[int] = []

    def warm(self) -> None:
        """Work the table out now."""
        if self._opens:
            return
        import exchange_calendars  # noqa: PLC0415 - heavy, and crypto never needs it

        calendar = exchange_calendars.get_calendar(CALENDAR)
        self._opens, self._closes = calendar.opens_nanos.tolist(), calendar.closes_nanos.tolist()

    def at(self, asset_class: str, market_time: int) -> Session:
        """Whether the venue trades at an instant; its closing instant still counts."""
        if asset_class in ALWAYS_OPEN:
            return "open"
        self.warm()
        place = bisect.bisect_right(self._opens, market_time)
        return "open" if place and market_time <= self._closes[place - 1] else "closed"

    def agreed(self, quote: Quote) -> Quote:
        """A quote that is open only where its broker and the calendar both say so."""
        if quote.session != "open":
            return quote
        session = self.at(quote.instrument.asset_class, quote.market_time)
        return quote if session == "open" else msgspec.structs.replace(quote, session=session)
