"""The rows of the board's table: there may be ten thousand, so they are put together by hand.

Whatever goes between two tags, or into an attribute, goes through `safe` first.
"""

import html
import re
from datetime import UTC, datetime
from functools import lru_cache

from vanta.alpha.tracker.summary import age
from vanta.alpha.tracker.threads import SEVERITIES, Note, Thread, spoken
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.domain.printable import printable

LONGEST = 600
"""Letters of one text that are shown."""
_MARKUP = re.compile("[&<>\"']")


def safe(text: str, most: int = LONGEST) -> str:
    """Other people's text on one line, as it may stand in the page."""
    shown = printable(text, most=most)
    return html.escape(shown) if _MARKUP.search(shown) else shown


def when(at: int) -> str:
    """An instant to the second, as `show_instant` writes it."""
    day, rest = divmod(at, DAY)
    return f"{_day(day)}T{rest // HOUR:02}:{rest % HOUR // MINUTE:02}:{rest % MINUTE // SECOND:02}Z"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    return datetime.fromtimestamp(day * DAY // SECOND, UTC).strftime("%Y-%m-%d")


def row(one: Thread, place: int, now: int) -> str:
    """A thread as a row of the table.

    Args:
        one: as it stands.
        place: in the order of the page, from 1.
        now: UTC nanoseconds.
    """
    module, owner, known = safe(one.module), safe(one.owner), safe(one.id)
    status, opened = spoken(one.status), when(one.opened)
    why = f'<div class="why">{safe(one.why)}</div>' if one.why else ""
    return (
        f'<tr id="{known}" tabindex="-1" data-n="{place}" data-status="{one.status}"'
        f' data-severity="{one.severity}" data-module="{module}" data-owner="{owner}">'
        f'<th scope="row" data-v="{known[2:]}">{known}</th>'
        f'<td><span class="pill s-{one.status}">{status}</span></td>'
        f'<td data-v="{SEVERITIES.index(one.severity)}">{one.severity}</td>'
        f"<td>{module}</td><td>{safe(one.title)}{why}{_more(one)}</td><td>{owner}</td>"
        f'<td class="age" data-v="{opened}"><time datetime="{opened}" title="opened {opened},'
        f' {status} for {age(one.since, now)}">{age(one.opened, now)}</time></td>'
        f'<td class="mono">{safe(one.candidate)}</td></tr>\n'
    )


def _more(one: Thread) -> str:
    """What was said, and what else it is about."""
    if not (one.notes or one.commits or one.earlier):
        return ""
    counts = [_count(len(one.notes), "note")] if one.notes else []
    counts += [_count(len(one.commits), "commit")] if one.commits else []
    counts += [_count(len(one.earlier), "build before")] if one.earlier else []
    return "".join(
        (
            f"<details><summary>{', '.join(counts)}</summary>",
            *map(_note, one.notes),
            *(f'<p class="mono">commit {safe(each)}</p>' for each in one.commits),
            *(f'<p class="mono">before: {safe(each)}</p>' for each in one.earlier),
            "</details>",
        )
    )


def _note(note: Note) -> str:
    lines = "".join(f"<p>{safe(line)}</p>" for line in note.text.splitlines())
    return (
        f'<div class="said"><div class="soft"><time>{when(note.at)}</time> {safe(note.by)}</div>'
        f"{lines}</div>"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
