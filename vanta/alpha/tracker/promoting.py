"""What has to be asked again before a thread may say that its candidate was promoted."""

from collections.abc import Iterable

import msgspec

from vanta.alpha.tracker.approval import approval
from vanta.alpha.tracker.desk import Desk
from vanta.alpha.tracker.permission import reviews
from vanta.alpha.tracker.threads import LOOKED_AT, Thread
from vanta.domain.errors import RefusedError


def as_it_stands(desk: Desk, threads: Iterable[Thread], now: int) -> tuple[list[Thread], str]:
    """Threads with the status their sign-offs give them now, and the commit that says so.

    Raises:
        RefusedError: `BLOCKED`: another thread of the same build stands against it.
        UnavailableError, RefusedError, MalformedError: its manifest is not what was signed.
    """
    found = reviews(desk.layout, now)
    standing: list[Thread] = []
    for thread in threads:
        if thread.status not in LOOKED_AT:
            standing.append(thread)
            continue
        candidate = desk.state.candidate(thread)
        # The digests of the journal were signed; what is promoted lies on the export.
        desk.found(candidate.build)
        worth = approval(desk.state, candidate, found.permission)
        if worth.quorum and worth.blocked_by:
            against = worth.blocked_by[0]
            raise RefusedError(
                f"{', '.join(worth.blocked_by)} stands against {candidate.build}",
                code="BLOCKED",
                place=thread.id,
                remedy=f"vt-open {against}: settle it first",
            )
        status = "approved" if worth.quorum else "in_review"
        standing.append(msgspec.structs.replace(thread, status=status))
    return standing, found.commit
