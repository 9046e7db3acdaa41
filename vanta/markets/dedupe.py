"""What was said before: the same item again, or the same words from somebody else.

A rumour retweeted six hundred times is one observation, and a headline that comes every morning
is none. The memory is bounded by count, oldest first out, and is nothing but the signals taken so
far, folded: a restart that reads the journal knows what the process knew.
"""

import hashlib
import re
from collections import OrderedDict

import msgspec

from vanta.domain.instant import DAY
from vanta.domain.signal import Signal

IDS = 200_000
"""Signals remembered by id."""
TEXTS = 60_000
"""Signals remembered by what they say."""
ECHO = 30 * DAY
"""Within which the same words are an echo; later they may be news again."""
STEM = 80
"""Characters of a post that make it the same post: swarms and truncation change the tail."""
STORY = 20
"""Symbols remembered of one story, the last it was about."""
SHORT = 16
"""Up to here people say the same words by themselves, so only the same author echoes."""

_DIGITS = 24
_LINK = re.compile(r"https?://\S*")
_RETWEET = re.compile(r"^(?:\s*RT\s+@\w+:?)+")
_BLANK = re.compile(r"[\s…]+")
_STEMMED = frozenset({"tweet", "comment"})
_SPOKEN = _STEMMED | {"post", "headline"}


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """When words were first taken, and what of."""

    at: int
    symbols: tuple[str, ...]


class Memory(msgspec.Struct, frozen=True):
    """What `Recent` is rebuilt from: a journal's snapshot holds it."""

    ids: tuple[str, ...]
    heard: dict[str, Heard]


class Recent:
    """The window of signals taken, by id and by words."""

    def __init__(self, memory: Memory | None = None) -> None:
        # Ordered: in a plain dictionary the first is searched for past all that were taken away.
        self._ids = OrderedDict[str, None].fromkeys(memory.ids if memory else ())
        self._heard = OrderedDict[str, Heard](memory.heard if memory else {})

    def memory(self) -> Memory:
        """All there is to know it again."""
        return Memory(tuple(self._ids), dict(self._heard))

    def known(self, signal_id: str) -> bool:
        """Whether this very signal was taken."""
        return signal_id in self._ids

    def heard(self, key: str) -> Heard | None:
        """When these words were taken first."""
        return self._heard.get(key)

    def remember(self, signal: Signal) -> None:
        """Take a signal into the window; what falls out at the other end is forgotten."""
        self._ids[signal.id] = None
        if len(self._ids) > IDS:
            self._ids.popitem(last=False)
        key = _key(signal)
        if not key:
            return
        heard = _merged(self.heard(key), signal)
        self._heard[key] = heard
        self._heard.move_to_end(key)
        if len(self._heard) > TEXTS:
            self._heard.popitem(last=False)


class Staged(Recent):
    """What a batch adds to a window while it is not yet on disk; the window itself waits."""

    def __init__(self, base: Recent) -> None:
        super().__init__()
        self._base = base

    def known(self, signal_id: str) -> bool:
        return super().known(signal_id) or self._base.known(signal_id)

    def heard(self, key: str) -> Heard | None:
        return super().heard(key) or self._base.heard(key)


def _merged(earlier: Heard | None, signal: Signal) -> Heard:
    if earlier is None or earlier.at != signal.event_ts:
        return Heard(signal.event_ts, signal.symbols)
    return Heard(earlier.at, tuple(dict.fromkeys(earlier.symbols + signal.symbols))[-STORY:])


def gist(text: str) -> str:
    """The words without links, retweet marks, ellipses and case."""
    bare = _RETWEET.sub("", _LINK.sub("", text))
    return _BLANK.sub(" ", bare).strip().casefold()


def _key(signal: Signal) -> str:
    """What the signal says, as far as that makes it the same; empty when it says nothing."""
    if signal.kind not in _SPOKEN:
        return ""
    words = gist(signal.text)
    if signal.kind in _STEMMED:
        words = words[:STEM]
    if not words:
        return ""
    whose = signal.author if len(words) <= SHORT else ""
    said = f"{signal.feed}\0{whose}\0{words}".encode()
    return hashlib.sha256(said).hexdigest()[:_DIGITS]


def seen(signal: Signal, recent: Recent) -> bool:
    """Whether `signal` says nothing that was not taken before.

    A headline that comes again at another time is a template, however long ago. At the same time
    it is one story about several companies, and each of them counts once.
    """
    if recent.known(signal.id):
        return True
    earlier = recent.heard(_key(signal))
    if earlier is None:
        return False
    if signal.kind == "headline" and earlier.at == signal.event_ts:
        return set(signal.symbols) <= set(earlier.symbols)
    return signal.kind == "headline" or abs(signal.event_ts - earlier.at) <= ECHO
