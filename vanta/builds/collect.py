"""Taking away builds that nothing needs: by the journal, and never by a folder's age."""

from pathlib import Path
from typing import NamedTuple

from vanta.builds.events import SlotEmptied
from vanta.builds.evidence import collect as collect_evidence
from vanta.builds.evidence import surplus
from vanta.builds.manifest import checked_name
from vanta.builds.site import Site
from vanta.builds.slots import Slots, discard
from vanta.builds.state import LETTERS, BuildState
from vanta.domain.errors import RefusedError, UnavailableError


class Garbage(NamedTuple):
    """What may go."""

    builds: tuple[str, ...]
    """In slots that are neither live, nor what ran before, nor the last good one."""
    drafts: tuple[str, ...]
    """What stagings that were cut short left."""
    kept: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    """Below the node's logs, of builds that did not pass long ago."""


def plan_collection(state: BuildState, slots: Slots, logs: Path) -> Garbage:
    """What may go; a folder that no record speaks of was never staged."""
    kept = state.kept()
    there = sorted(each.name for each in slots.folder.iterdir()) if slots.folder.is_dir() else []
    builds = [name for name in there if name not in {*kept, *LETTERS} and _is_build(name)]
    drafts = tuple(each.name for each in slots.drafts())
    return Garbage(tuple(builds), drafts, tuple(sorted(kept)), surplus(logs))


def collect(site: Site) -> Garbage:
    """Take away what may go.

    Raises:
        UnavailableError: `SLOT_UNWRITABLE`.
    """
    found = plan_collection(site.now, site.slots, site.layout.logs)
    try:
        collect_evidence(site.layout.logs)
    except OSError as error:
        raise UnavailableError(
            f"cannot be removed: {error.strerror}",
            code="SLOT_UNWRITABLE",
            place=str(error.filename or site.layout.logs),
            remedy="repair the disk, or let this user remove it, then do the same again",
        ) from error
    for draft in site.slots.drafts():
        discard(draft)
        site.checkpoint(f"discarded {draft.name}")
    for build in found.builds:
        # Journalled first: a slot that is spoken of is whole.
        site.state(SlotEmptied(build))
        site.slots.remove(build)
    return found


def _is_build(name: str) -> bool:
    try:
        checked_name(name)
    except RefusedError:
        return False
    return True
