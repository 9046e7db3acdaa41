"""After a crash, at boot or before the next change: what was half done is finished or taken back.

A promotion that never passed the gate is taken back; a rollback is carried through. Only where the
slot it should end on is no longer what was signed does it end on the other one.
"""

from typing import NamedTuple

from vanta.builds.events import BuildRestored, FlipFinished, FlipReverted
from vanta.builds.flip import target_of
from vanta.builds.health import Sick
from vanta.builds.site import Site
from vanta.builds.slots import Slots, discard
from vanta.builds.state import BuildState
from vanta.domain.errors import RefusedError, VantaError

INTERRUPTED, LINK_MOVED = "INTERRUPTED", "LINK_MOVED"


class Recovery(NamedTuple):
    """What has to be done, or was."""

    drafts: tuple[str, ...]
    """Stagings that were cut short, and are thrown away."""
    current: str
    """What `current` belongs on; empty before the first flip."""
    was: str
    """What it was on."""
    code: str
    """Why it was put there: `INTERRUPTED`, `LINK_MOVED`; empty when all was well."""
    restarted: tuple[str, ...] = ()
    """Services that ran something else."""
    sick: Sick | None = None
    """Why they do not pass the gate now."""


def plan_recovery(state: BuildState, slots: Slots, link: str) -> Recovery:
    """What a crash, or a hand, left to do; nothing is changed.

    Args:
        state: by the journal.
        slots: of the node.
        link: what `current` is on; empty where it is not there.

    Raises:
        RefusedError: `NO_SOUND_SLOT`: none of those it may end on is what was signed.
    """
    drafts = tuple(each.name for each in slots.drafts())
    pending = state.pending
    if pending is None:
        if not state.current:
            # Where no record is left, what runs is held at least against its own manifest.
            return Recovery(drafts, "", _first_sound(slots, (link,)) if link else "", "")
        _first_sound(slots, (state.current,))
        moved = LINK_MOVED if link != state.current else ""
        return Recovery(drafts, state.current, link, moved)
    wanted = (pending.before, pending.build)
    if pending.how == "rollback":
        wanted = (pending.build, pending.before)
    target = _first_sound(slots, tuple(each for each in wanted if each))
    return Recovery(drafts, target, link, INTERRUPTED)


def recover(site: Site) -> Recovery:
    """Finish or take back what was half done; doing it twice is doing it once.

    Services that run another build than they should are restarted; what does not run is not
    started: at boot, that is systemd's.

    Raises:
        RefusedError: `NO_SOUND_SLOT`.
        UnavailableError: the disk or the journal takes nothing.
    """
    layout, state = site.layout, site.now
    plan = plan_recovery(state, site.slots, target_of(layout.current))
    for draft in site.slots.drafts():
        discard(draft)
        site.checkpoint(f"discarded {draft.name}")
    site.letter()
    if not plan.current:
        return plan
    if plan.was != plan.current:
        site.flip(plan.current)
    pending = state.pending
    if pending is not None and plan.current == pending.before:
        site.state(FlipReverted(plan.current, pending.build, plan.code))
    elif plan.code:
        site.state(FlipFinished(plan.current, plan.code))
    wrong = tuple(site.wrong(plan.current))
    if not wrong:
        return plan
    sick = site.start(plan.current)
    site.state(BuildRestored(plan.current, 0, sick.code if sick else ""))
    return plan._replace(restarted=site.names, sick=sick)


def _first_sound(slots: Slots, builds: tuple[str, ...]) -> str:
    why: VantaError | None = None
    for build in builds:
        try:
            slots.verify(build)
        except VantaError as error:
            why = why or error
        else:
            return build
    said = f": {why.place}: {why.message}" if why else ""
    raise RefusedError(
        f"no build that may run here is as it was signed{said}",
        code="NO_SOUND_SLOT",
        place=str(slots.folder),
        remedy="`vanta build rollback` goes to what ran before, if that is sound; keep the slot as "
        "evidence",
    )
