"""A thread, and how far the modules have come, as text for a terminal."""

from collections.abc import Iterator

from vanta.alpha.tracker.approval import Approval
from vanta.alpha.tracker.candidate import Candidate
from vanta.alpha.tracker.summary import Progress, age
from vanta.alpha.tracker.threads import Thread
from vanta.cli.columns import table
from vanta.domain.instant import SECOND, show_instant
from vanta.domain.printable import printable

_BAR = 12


def told(
    thread: Thread, candidate: Candidate | None, worth: Approval | None, now: int
) -> Iterator[str]:
    """Everything about a thread."""
    yield f"{thread.id}  {printable(thread.title)}"
    who = f"owner {printable(thread.owner)}" if thread.owner else "nobody owns it"
    opened = f"opened {age(thread.opened, now)} ago by {printable(thread.by)}"
    yield f"  {printable(thread.module)}, {thread.severity}, {who}, {opened}"
    why = f": {printable(thread.why, most=400)}" if thread.why else ""
    yield f"  {thread.status.replace('_', ' ')} for {age(thread.since, now)}{why}"
    if candidate is not None and worth is not None:
        yield from _of_build(candidate, worth, now)
    for build in thread.earlier:
        yield f"  before it: {build}"
    for commit in thread.commits:
        yield f"  governance commit {commit}"
    for note in thread.notes:
        yield f"  {show_instant(note.at // SECOND * SECOND)} {printable(note.by)}"
        for line in note.text.splitlines():
            yield f"    {printable(line, most=4000)}"
    yield f"  next: {_next(thread, worth)}"


def _of_build(candidate: Candidate, worth: Approval, now: int) -> Iterator[str]:
    stated = candidate.manifest
    after = f", follows {stated.follows}" if stated.follows else ""
    yield f"  candidate {candidate.build}, commit {stated.commit[:12]}{after}"
    not_counted = {one.person: one.spoken for one in worth.uncounted}
    for one in candidate.sign_offs:
        how = not_counted.get(one.person, "counts")
        yield f"    {one.person} signed {age(one.at, now)} ago with {one.key}, {how}"
    for gone in candidate.withdrawn:
        why = printable(gone.why)
        yield f"    {gone.person}'s was taken back {age(gone.at, now)} ago by {gone.by}: {why}"
    missing = worth.needed - len(worth.by)
    ask = f"; {', '.join(worth.askable) or 'nobody else'} may" if missing > 0 else ""
    yield f"    {len(worth.by)} of {worth.needed} sign-offs{ask}"
    yield f"    built by {worth.builder}" if worth.builder else "    built by somebody who may not"
    if worth.blocked_by:
        yield f"    {', '.join(worth.blocked_by)} stands against it"


def _next(thread: Thread, worth: Approval | None) -> str:
    if thread.status == "approved" and worth is not None:
        if worth.blocked_by:
            return f"vt-open {worth.blocked_by[0]}"
        return f"vanta build release {worth.build}"
    if thread.status == "in_review":
        return f"vt-sign {thread.id} -k KEY"
    if thread.status in {"promoted", "closed"}:
        return f"vt-mark {thread.id} open, if it is not over"
    return f"vt-fix {thread.id} --candidate BUILD"


def summed(together: Progress, each: list[Progress], now: int) -> Iterator[str]:
    """How far the modules have come."""
    if not each:
        yield "no thread yet: vt-add MODULE TITLE"
        return
    head = ("module", "done", "", "threads", "open", "review", "wanted", "approved", "back", "age")
    rows = [head, *(_row(printable(one.module, most=28), one, now) for one in each)]
    rows.append(_row("together", together, now))
    yield from table(rows, left=(0, 2))


def _row(name: str, one: Progress, now: int) -> tuple[str, ...]:
    full = one.percent * _BAR // 100
    counts = one.by_status
    return (
        name,
        f"{one.percent} %",
        "#" * full + "." * (_BAR - full),
        str(one.threads),
        str(counts["open"]),
        str(counts["in_review"]),
        str(counts["changes_wanted"]),
        str(counts["approved"]),
        str(counts["rolled_back"]),
        "-" if one.oldest is None else age(one.oldest, now),
    )
