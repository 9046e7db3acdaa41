"""Alpha's own parts: the tracker and the assistant."""

import importlib.util
import os

import msgspec

from vanta.diagnostics.facts import Alpha, Part
from vanta.diagnostics.looks.processes import ready
from vanta.diagnostics.looks.tail import tail
from vanta.node.layout import Layout

TRACKER = "tracker"
VIEW = "thread_tracker"
ASSISTANT = "assistant"
_LARGEST = 256 * 1024 * 1024


class _Derived(msgspec.Struct, frozen=True):
    size: int


class _View(msgspec.Struct, frozen=True):
    derived_from: _Derived


def look(layout: Layout) -> Alpha:
    """Both."""
    journal = layout.journal(TRACKER)
    there = journal.exists()
    return Alpha(
        tracker=Part(
            installed=there or layout.view(VIEW).exists(),
            ready=ready(layout.run, TRACKER),
            journal=tail(journal).size if there else None,
            view=_shown(layout),
        ),
        assistant=Part(
            installed=_is_here("vanta.alpha.assistant"),
            ready=ready(layout.run, ASSISTANT),
            journal=None,
            view=None,
        ),
    )


def _is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _shown(layout: Layout) -> int | None:
    """How far of its journal the view shows."""
    try:
        fd = os.open(layout.view(VIEW), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=_View).derived_from.size
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
