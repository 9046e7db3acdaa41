"""Taking away builds that nothing needs: by the journal, and never by a folder's age."""

from typing import NamedTuple

from vanta.builds.events import SlotEmptied
from vanta.builds.manifest import checked_name
from vanta.builds.site import Site
from vanta.builds.slots import Slots, discard
from vanta.builds.state import LETTERS, BuildState
from vanta.domain.errors import RefusedError


class Garbage(NamedTuple):
    """What may go."""

    builds: tuple[str, ...]
    """In slots that are neither live, nor what ran before, nor the last good one."""
    drafts: tuple[str, ...]
    """What stagings that were cut short left."""
    kept: tuple[str, ...]


def plan_collection(state: BuildState, slots: Slots) -> Garbage:
    """What may go; a folder that no record speaks of was never staged."""
    kept = state.kept()
    there = sorted(each.name for each in slots.folder.iterdir()) if slots.folder.is_dir() else []
    builds = [name for name in there if name not in {*kept, *LETTERS} and _is_build(name)]
    return Garbage(tuple(builds), tuple(each.name for each in slots.drafts()), tuple(sorted(kept)))


def collect(site: Site) -> Garbage:
    """Take away what may go.

    Raises:
        UnavailableError: `SLOT_UNWRITABLE`.
    """
    found = plan_collection(site.now, site.slots)
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
