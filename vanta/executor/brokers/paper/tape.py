"""The tape: the market the paper broker fills against, as Markets wrote it from recorded prices."""

import bisect
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import DAY
from vanta.domain.trading import Instrument

STALE_AFTER = 4 * DAY
"""By the market's time: a price older than a long weekend is no price."""

MAX_TAPE = 512 * 1024 * 1024


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: what a symbol's market was at an instant. Money in units."""

    symbol: str
    market_time: int
    bid: int
    ask: int
    last: int
    adv: int
    """Average daily traded notional."""
    instrument: Instrument


class _Series(msgspec.Struct):
    times: list[int] = []
    rows: list[Row] = []


_row = msgspec.json.Decoder(Row)


class Tape:
    """The rows of `tape.jsonl` by symbol; what is appended to the file is read as it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._series: dict[str, _Series] = {}
        self._seen: tuple[int, int] = (0, 0)
        """Inode, and bytes read of it."""
        self._stamp: tuple[int, int, int] = (0, 0, 0)

    def at(self, symbol: str, market_time: int) -> Row | None:
        """The last row at or before an instant, unless it is stale by then."""
        self.refresh()
        series = self._series.get(symbol)
        if series is None:
            return None
        place = bisect.bisect_right(series.times, market_time)
        if place == 0 or market_time - series.times[place - 1] > STALE_AFTER:
            return None
        return series.rows[place - 1]

    def instrument(self, symbol: str) -> Instrument | None:
        """What the newest row says the symbol is."""
        self.refresh()
        series = self._series.get(symbol)
        return series.rows[-1].instrument if series else None

    def asset_classes(self) -> frozenset[str]:
        """Every asset class on the tape."""
        self.refresh()
        return frozenset(series.rows[-1].instrument.asset_class for series in self._series.values())

    def refresh(self) -> None:
        """Read what came since; a replaced file is read anew.

        Raises:
            UnavailableError: there is no tape, or it cannot be read.
            MalformedError: a line is no row, or out of order.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
            if stamp == self._stamp:
                return
            inode, done = self._seen
            if status.st_ino != inode or status.st_size < done:
                self._series, done = {}, 0
            with self._path.open("rb") as file:
                file.seek(done)
                text = file.read(MAX_TAPE)
        except OSError as error:
            raise UnavailableError(
                f"no market to fill against: {error.strerror}",
                code="TAPE",
                place=str(self._path),
                remedy="run `vanta markets tape` to write it",
            ) from error
        whole = text.rfind(b"\n") + 1
        for number, line in enumerate(text[:whole].splitlines(), 1):
            self._take(line, number)
        self._seen = (status.st_ino, done + whole)
        self._stamp = stamp

    def _take(self, line: bytes, number: int) -> None:
        try:
            row = _row.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedError(
                f"not a row of a tape: {error}", code="TAPE", place=f"{self._path}:{number}"
            ) from error
        series = self._series.setdefault(row.symbol, _Series())
        if series.times and row.market_time < series.times[-1]:
            raise MalformedError(
                f"{row.symbol} goes back in time", code="TAPE", place=f"{self._path}:{number}"
            )
        series.times.append(row.market_time)
        series.rows.append(row)
