"""Whether Markets hears its feeds, and thinks."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Feeds, Reflection
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed, seconds, span
from vanta.domain.instant import HOUR

FRESH = Says("FEEDS_FRESH", Severity.OK, "{names}: {taken} signals, written {age} ago at most")
ABSENT = Says(
    "FEED_ABSENT",
    Severity.WARN,
    "{subject}: no view of it can be read [{code}]",
    "It is a view: `vanta markets follow` writes it again from the journal.",
)
OLD = Says(
    "FEED_OLD",
    Severity.WARN,
    "{subject}: its view was last written {age} ago",
    "See whether Markets runs and may call out; runbooks/a-feed-is-silent.md.",
)
BEHIND = Says(
    "FEED_BEHIND",
    Severity.WARN,
    "{subject}: its view shows {size} of {harvest} records",
    "It is a view: `vanta markets follow` writes it again from the journal.",
)
EMPTY = Says(
    "FEED_EMPTY",
    Severity.WARN,
    "{subject}: not one signal was ever taken ({aside} items set aside)",
    "See why items were set aside: runbooks/a-feed-is-silent.md.",
)


class FeedLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    old: int = 2 * HOUR
    """Since a view was written, nanoseconds; a turn of Markets is an hour."""


class Limits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    old: int = 2 * HOUR
    """Since the last reflection, nanoseconds; a turn of Markets is an hour."""


FEED_LIMITS, LIMITS = FeedLimits(), Limits()


def judge_feeds(found: Feeds, moment: Moment, limits: FeedLimits = FEED_LIMITS) -> Iterator[Told]:
    """Every feed's view is there, fresh, as far as the journal, and something ever came of it."""
    fine, figures = [], dict[str, int | float]()
    for feed in found.feeds:
        age = moment.now - feed.written
        if feed.trouble:
            yield Told(ABSENT, feed.name, {"code": feed.trouble})
            continue
        figures[f"{feed.name}_signals"] = feed.taken
        figures[f"{feed.name}_age_seconds"] = seconds(age)
        if age > limits.old:
            yield Told(OLD, feed.name, {"age": span(age)}, {"age_seconds": seconds(age)})
        elif feed.size < found.harvest and not found.writing:
            yield Told(BEHIND, feed.name, {"size": feed.size, "harvest": found.harvest})
        elif not feed.taken:
            yield Told(EMPTY, feed.name, {"aside": feed.set_aside}, {"signals": 0})
        else:
            fine.append(feed)
    if fine:
        oldest = max(moment.now - feed.written for feed in fine)
        values = {
            "names": listed(feed.name for feed in fine),
            "taken": sum(feed.taken for feed in fine),
            "age": span(max(0, oldest)),
        }
        yield Told(FRESH, values=values, figures=figures)


THINKS = Says("REFLECTS", Severity.OK, "reflected {age} ago: {views} views, {promoted} intents")
NEVER = Says(
    "REFLECTION_NONE",
    Severity.WARN,
    "it never reflected",
    "`vanta markets follow` harvests, reflects and promotes.",
)
LONG_AGO = Says(
    "REFLECTION_OLD",
    Severity.WARN,
    "it last reflected {age} ago",
    "See whether Markets runs; what it knows grows old by itself.",
)
NOT_PROMOTED = Says(
    "PROMOTION_REFUSED",
    Severity.WARN,
    "nothing could be promoted {age} ago: {code}",
    "Markets read no policy then; see runbooks/nothing-may-trade.md.",
)


def judge_reflection(found: Reflection, moment: Moment, limits: Limits = LIMITS) -> Iterator[Told]:
    """It reflected lately, and could promote what it found."""
    if found.at is None:
        yield Told(NEVER)
        return
    age = moment.now - found.at
    figures = {"age_seconds": seconds(age), "intents": found.promoted, "views": found.convictions}
    if age > limits.old:
        yield Told(LONG_AGO, values={"age": span(age)}, figures=figures)
    elif found.refused:
        yield Told(NOT_PROMOTED, values={"age": span(age), "code": found.refused}, figures=figures)
    else:
        values = {"age": span(age), "views": found.convictions, "promoted": found.promoted}
        yield Told(THINKS, values=values, figures=figures)


CHECKS = (
    Check("feeds", "feeds", (ABSENT, OLD, BEHIND, EMPTY, FRESH), FEED_LIMITS, judge_feeds,
          ("markets",)),
    Check("reflection", "reflection", (NEVER, LONG_AGO, NOT_PROMOTED, THINKS), LIMITS,
          judge_reflection, ("markets",)),
)  # fmt: skip
