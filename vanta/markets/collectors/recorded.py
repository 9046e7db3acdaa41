"""Recorded feeds: finding files by layout, and keeping to a window."""

import re
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import DAY
from vanta.domain.signal import RawItem, SetAside
from vanta.markets.collectors.files import Fault, FeedFile, Findings, Found
from vanta.markets.times import utc_midnight

_FRAME = 100
"""Characters an item costs besides its text."""
SLACK = 2 * DAY
"""How far a file's content may lie outside the days in its name: a recorder's day is not UTC's."""


class Window(NamedTuple):
    """`[since, until)`, UTC nanoseconds."""

    since: int
    until: int

    def holds(self, at: int) -> bool:
        """Whether an instant lies in it."""
        return self.since <= at < self.until


Item = RawItem | SetAside


def _whole_period(_: dict[str, str]) -> tuple[int, int] | None:
    return None


@dataclass(frozen=True)
class Layout:
    """A way of writing a feed down."""

    name: str
    """What the normaliser reads it by."""
    pattern: re.Pattern[str]
    """Of the file's name without `.gz`, or of its place where the pattern has a folder in it; its
    named groups become the file's facts."""
    read: Callable[[FeedFile], Findings]
    period: Callable[[dict[str, str]], tuple[int, int] | None] = field(default=_whole_period)
    """The days the name promises, as `[first, end)`; None where it promises none."""
    columns: frozenset[str] = frozenset()
    """Columns its header has, where the name alone does not tell."""


def days(first: str, last: str) -> tuple[int, int]:
    """From the beginning of one day to the end of another, UTC."""
    return utc_midnight(first), utc_midnight(last) + DAY


class _Kept:
    """All findings of one file, ready to be cut by time."""

    def __init__(self, timeless: list[Found | Fault], timed: list[Found], chars: int) -> None:
        self._timeless = timeless
        self._timed = sorted(timed, key=_at)
        self.chars = chars

    @classmethod
    def read(cls, findings: Findings, most: int) -> "_Kept | None":
        """Everything a file holds; None where that is too much to keep."""
        timeless: list[Found | Fault] = []
        timed: list[Found] = []
        chars = 0
        for found in findings:
            if isinstance(found, Found):
                chars += len(found.content) + _FRAME
                if chars > most:
                    return None
            if isinstance(found, Found) and found.at:
                timed.append(found)
            else:
                timeless.append(found)
        return cls(timeless, timed, chars)

    def within(self, window: Window, ends: int | None) -> Findings:
        """What has no time, what the window holds, and what is astray."""
        first = bisect_left(self._timed, window.since, key=_at)
        last = bisect_left(self._timed, window.until, key=_at)
        stray = len(self._timed) if ends is None else bisect_left(self._timed, ends, key=_at)
        yield from self._timeless
        yield from self._timed[first:last]
        yield from self._timed[max(last, stray) :]


def _at(found: Found) -> int:
    return found.at


class RecordedCollector:
    """The recorded files of one feed.

    Args:
        feed: the feed's name.
        root: the folder of recorded feeds; places are written relative to it.
        folders: where below it this feed's files lie.
        layouts: what it can read, tried in order.
        history: how long before the window its models look back.
        others: names of files beside them that belong to somebody else.
    """

    def __init__(
        self,
        feed: str,
        root: Path,
        *,
        folders: tuple[str, ...],
        layouts: tuple[Layout, ...],
        history: int = 0,
        others: re.Pattern[str] | None = None,
    ) -> None:
        self.feed = feed
        self.history = history
        self._root = root
        self._folders = folders
        self._layouts = layouts
        self._others = others
        self._kept: dict[tuple[str, int, int], _Kept] = {}
        """Files read lately, by place, time and size: a run goes over them hour by hour."""

    def collect(self, since: int, until: int) -> Iterator[Item]:
        """See `port.Collector.collect`."""
        window = Window(since, until)
        for path in self._paths():
            file = FeedFile(self._root, path)
            layout = self._layout(file)
            if layout is not None:
                yield from self._read(layout, file, window)
            elif self._others is None or not self._others.search(file.name):
                yield SetAside(
                    self.feed, file.place, "UNKNOWN_LAYOUT", "no layout of this feed is named so"
                )

    def _paths(self) -> list[Path]:
        if not self._root.is_dir():
            raise UnavailableError(
                "no folder of recorded feeds",
                code="FEEDS_MISSING",
                place=str(self._root),
                remedy="name a folder that holds twitter/, reddit/, sec/, ...",
            )
        found = []
        for name in self._folders:
            folder = self._root / name
            # A name that begins with a dot is a draft of somebody who is writing.
            found += [
                path
                for path in folder.rglob("*")
                if path.is_file() and not path.name.startswith(".")
            ]
        return sorted(found)

    def _layout(self, file: FeedFile) -> Layout | None:
        for layout in self._layouts:
            # A pattern with a folder in it is of the whole place: some names say nothing.
            whole = "/" in layout.pattern.pattern
            match = layout.pattern.fullmatch(file.key if whole else file.name)
            if match and (not layout.columns or layout.columns <= file.columns()):
                file.facts = {name: text or "" for name, text in match.groupdict().items()}
                return layout
        return None

    def _read(self, layout: Layout, file: FeedFile, window: Window) -> Iterator[Item]:
        try:
            period = layout.period(file.facts)
            if period:
                file.ends = period[1] + SLACK
                if period[0] - SLACK >= window.until or file.ends <= window.since:
                    return
            for found in self._found(layout, file, window):
                if isinstance(found, Fault):
                    place = f"{file.place}:{found.line}"
                    yield SetAside(self.feed, place, found.code, found.reason)
                elif not found.at or window.holds(found.at) or file.stray(found.at):
                    yield self._item(layout, file, found)
        except MalformedError as error:
            yield SetAside(self.feed, file.place, error.code, error.message)
        except (OSError, EOFError, zlib.error, RecursionError) as error:
            yield SetAside(self.feed, file.place, "FILE_BROKEN", f"cannot be read: {error}")

    def _found(self, layout: Layout, file: FeedFile, window: Window) -> Findings:
        """What the file holds, from memory where it was read before; at least what is wanted."""
        status = file.path.stat()
        version = (file.place, status.st_mtime_ns, status.st_size)
        kept = self._kept.pop(version, None)
        if kept is None:
            kept = _Kept.read(layout.read(file), file.bounds.kept_chars)
            if kept is None:
                yield from layout.read(file)
                return
        self._kept[version] = kept
        while sum(one.chars for one in self._kept.values()) > file.bounds.kept_chars:
            del self._kept[next(iter(self._kept))]
        yield from kept.within(window, file.ends)

    def _item(self, layout: Layout, file: FeedFile, found: Found) -> Item:
        place = f"{file.place}:{found.line}"
        if len(found.content) > file.bounds.item_chars:
            return SetAside(self.feed, place, "ITEM_TOO_LARGE", f"{len(found.content)} characters")
        # A file cannot hold what came after it was written, so a stray stamp reads as the future.
        written = file.ends if file.stray(found.at) else found.at
        collected = found.recorded or written or found.at
        return RawItem(self.feed, layout.name, place, found.content, collected)
