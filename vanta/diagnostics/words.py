"""How lengths of time, sizes and lists are said; pure."""

from collections.abc import Iterable

from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND

_MILLI = 1_000_000
_SHOWN = 6
_KIB = 1024


def span(ns: int) -> str:
    """A length of time in the unit a person would use."""
    size = abs(ns)
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if size >= 2 * unit:
            return f"{ns / unit:.0f} {name}"
    if size >= SECOND:
        return f"{ns / SECOND:.3g} s"
    return f"{ns / _MILLI:.0f} ms" if size >= _MILLI or not size else f"{ns / _MILLI:.2f} ms"


def size(count: int) -> str:
    """Bytes in the unit a person would use."""
    left = float(count)
    for name in ("B", "KiB", "MiB", "GiB"):
        if left < _KIB:
            return f"{left:.0f} {name}" if name == "B" else f"{left:.1f} {name}"
        left /= _KIB
    return f"{left:.1f} TiB"


def listed(names: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    found = list(names)
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def shown(text: str) -> str:
    """Words that may be somebody else's, as they may stand on a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def seconds(ns: int) -> float:
    """Nanoseconds as seconds, for figures that people and Prometheus read."""
    return ns / SECOND
