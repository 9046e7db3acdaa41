"""What the feeds say: raw items as they came, and signals in one shape."""

import msgspec

FEEDS = ("reddit", "twitter", "sec", "news", "crypto", "options")


class RawItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of a feed exactly as the collector met it."""

    feed: str
    layout: str
    """The source's format, such as `stocknet-tweet`, which says how to read `content`."""
    place: str
    """File and line or record, for the person who must look."""
    content: str
    """The item's own text (a JSON line, a CSV row as JSON, an XML element)."""
    collected: int
    """When the source handed it over, UTC nanoseconds; for recorded feeds, the recorded time."""


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One normalised observation."""

    id: str
    """Derived from feed, the source's own id, and content."""
    feed: str
    kind: str
    """`post`, `comment`, `tweet`, `headline`, `insider_trade`, `filing`, `bar`, `option_flow`."""
    event_ts: int
    """When it happened, UTC nanoseconds."""
    seen_ts: int
    """When it could first be known; never before `event_ts`."""
    time_quality: str
    """`exact`, `rounded`, `day` (only a date was given) or `assumed_zone`."""
    symbols: tuple[str, ...]
    author: str
    text: str
    measures: dict[str, int]
    """Numbers the feed carries, as scaled integers named with their unit (`shares_units`)."""
    entities: dict[str, str] = {}
    """Resolved parties: `insider`, `issuer_cik`, `wallet`."""
    origin: str = ""
    """`RawItem.place`."""


class SetAside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item that was not taken, and why; it is counted and never stops a harvest."""

    feed: str
    place: str
    code: str
    reason: str
