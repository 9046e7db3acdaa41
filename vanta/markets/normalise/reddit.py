"""Posts and comments of Reddit, in the five ways people saved them.

Scores and comment counts are as of the crawl, after the moment the post speaks of, and are left
out; only the comments carry the time they were retrieved, so theirs may stand.
"""

from vanta.domain.errors import MalformedError
from vanta.domain.signal import RawItem, Signal
from vanta.markets.amounts import scaled
from vanta.markets.normalise.draft import Row, cell, row, signal
from vanta.markets.normalise.text import REMOVED, clean, joined
from vanta.markets.times import ASSUMED_ZONE, FARTHEST_ZONE, epoch_seconds, naive_utc

MACHINES = frozenset({"automoderator", "visualmod", "votebot", "remindmebot", "wsbvotebot"})
"""Accounts that post by rule; what they write is nobody's view."""


def _author(cells: Row) -> str:
    name = cells.get("author", "").strip()
    if name.casefold() in MACHINES:
        raise MalformedError(f"{name} posts by rule", code="BOT")
    return "" if name in REMOVED else name


def _post(raw: RawItem, cells: Row, *, title: str, body: str, stamp: str, post_id: str) -> Signal:
    text = joined(cell(cells, title), cell(cells, body))
    if not text:
        raise MalformedError("no title and no text", code="EMPTY_TEXT")
    return signal(
        raw,
        "post",
        source_id=f"t3_{post_id}" if post_id else "",
        event=epoch_seconds(cell(cells, stamp)),
        author=_author(cells),
        text=text,
    )


def bare_post(raw: RawItem) -> Signal:
    """`title,date,author,num_comments,text`: a post without an id."""
    return _post(raw, row(raw), title="title", body="text", stamp="date", post_id="")


def top_post(raw: RawItem) -> Signal:
    """`Title,Flair,...,ID,URL,TimeStamp,Message body,...`."""
    cells = row(raw)
    post_id = cell(cells, "ID")
    return _post(raw, cells, title="Title", body="Message body", stamp="TimeStamp", post_id=post_id)


def utc_post(raw: RawItem) -> Signal:
    """Two time columns eight hours apart: `created` is UTC, `timestamp` somebody's wall clock."""
    cells = row(raw)
    post_id = cell(cells, "id")
    return _post(raw, cells, title="title", body="body", stamp="created", post_id=post_id)


def zoneless_post(raw: RawItem) -> Signal:
    """`created` is a wall clock of unknown zone, so it may be later than it reads.

    The comments beside it have no times and are left out.
    """
    cells = row(raw)
    text = joined(cell(cells, "title"), cell(cells, "body"))
    if not text:
        raise MalformedError("no title and no text", code="EMPTY_TEXT")
    written = naive_utc(cell(cells, "created"))
    return signal(
        raw,
        "post",
        source_id=f"t3_{cell(cells, 'id')}",
        event=written,
        seen=written + FARTHEST_ZONE,
        quality=ASSUMED_ZONE,
        author=_author(cells),
        text=text,
    )


def comment(raw: RawItem) -> Signal:
    """A comment (its text is in `title`), as it stood when it was retrieved."""
    cells = row(raw)
    written = cell(cells, "title").strip()
    if written in REMOVED:
        raise MalformedError("the text was removed before it was retrieved", code="REMOVED")
    text = clean(written)
    if not text:
        raise MalformedError("no text", code="EMPTY_TEXT")
    return signal(
        raw,
        "comment",
        source_id=f"t1_{cell(cells, 'id')}",
        event=epoch_seconds(cell(cells, "created_utc")),
        seen=epoch_seconds(cell(cells, "retrieved_on")),
        author=_author(cells),
        text=text,
        measures={"score_count": scaled(cell(cells, "score"), 1)},
    )
