"""What Markets last harvested, and when it last reflected."""

import os
from pathlib import Path

import msgspec

from vanta.diagnostics.facts import Feed, Feeds, Reflection
from vanta.diagnostics.looks.journals import writer
from vanta.diagnostics.looks.tail import tail
from vanta.domain.signal import FEEDS
from vanta.node.layout import Layout

HARVEST = "harvest"
REFLECTION = "reflection"
STARTED = "reflection.started"
CONVICTION = "conviction.reflected"
PROMOTED = frozenset({"intent.promoted", "intent.proposed"})
REFUSED = "promotion.refused"
_ROTATED = "journal.rotated"
_LARGEST = 64 * 1024 * 1024


class _Counts(msgspec.Struct, frozen=True):
    taken: int = 0
    duplicate: int = 0
    set_aside: dict[str, int] = {}


class _Data(msgspec.Struct, frozen=True):
    counts: _Counts


class _Derived(msgspec.Struct, frozen=True):
    size: int


class _View(msgspec.Struct, frozen=True):
    derived_from: _Derived
    data: _Data


class _Started(msgspec.Struct, frozen=True):
    now: int
    as_of: int


class _State(msgspec.Struct, frozen=True):
    started: _Started | None = None
    refused: str = ""


class _Opening(msgspec.Struct, frozen=True):
    state: _State | None = None


class _Refused(msgspec.Struct, frozen=True):
    code: str


def feeds(layout: Layout) -> Feeds:
    """Every feed's view; of feeds that have none, that."""
    journal = layout.journal(HARVEST)
    return Feeds(
        tuple(_feed(layout.view(f"{name}_signals"), name) for name in FEEDS),
        tail(journal).size,
        writing=bool(writer(journal)),
    )


def _feed(path: Path, name: str) -> Feed:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Feed(name, "VIEW_MISSING", 0, 0, 0, 0, 0)
    with os.fdopen(fd, "rb") as file:
        written = os.fstat(file.fileno()).st_mtime_ns
        try:
            view = msgspec.json.decode(file.read(_LARGEST) or b"", type=_View)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Feed(name, "VIEW_SHAPE", written, 0, 0, 0, 0)
    counts = view.data.counts
    aside = sum(counts.set_aside.values())
    size = view.derived_from.size
    return Feed(name, "", written, size, counts.taken, counts.duplicate, aside)


def reflection(layout: Layout) -> Reflection:
    """The last reflection, from the end of its journal or what its live segment opened with."""
    found = Reflection(None, 0, "", 0, 0)
    promoted = views = 0
    for line in tail(layout.journal(REFLECTION)).lines:
        if line.type == STARTED:
            started = msgspec.json.decode(line.body, type=_Started)
            found = Reflection(started.now, started.as_of, "", 0, 0)
            promoted = views = 0
        elif line.type == _ROTATED:
            state = msgspec.json.decode(line.body, type=_Opening).state or _State()
            if state.started is not None:
                found = Reflection(state.started.now, state.started.as_of, state.refused, 0, 0)
        elif line.type == REFUSED:
            code = msgspec.json.decode(line.body, type=_Refused).code
            found = msgspec.structs.replace(found, refused=code)
        promoted += line.type in PROMOTED
        views += line.type == CONVICTION
    return msgspec.structs.replace(found, promoted=promoted, convictions=views)
