"""Changing what runs: journal, flip, restart, gate; and back again by itself where that fails."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from vanta.builds.admit import Approved, Machine, Running, admit, already_runs, refuse_frozen
from vanta.builds.events import (
    BuildFailed,
    BuildPromoted,
    BuildRestored,
    FlipBegun,
    FlipMade,
    FlipReverted,
    How,
)
from vanta.builds.flip import target_of
from vanta.builds.health import Sick
from vanta.builds.manifest import checked_name
from vanta.builds.permission import Permission
from vanta.builds.room import check_room
from vanta.builds.site import Site
from vanta.builds.slots import Slots, not_staged
from vanta.builds.state import BuildState
from vanta.domain.errors import RefusedError, VantaError

NOTHING_BEFORE = "NOTHING_BEFORE"
_MILLISECOND = 1_000_000


class Plan(NamedTuple):
    """A flip that may be made."""

    build: str
    before: str
    """What runs; empty where nothing does."""
    way_back: bool
    """Whether what runs lies in its slot as it was signed, so that it can be gone back to."""
    how: How
    approved: Approved


class Outcome(NamedTuple):
    """What came of a flip."""

    build: str
    before: str
    current: str
    """What runs now."""
    sick: Sick | None
    """Why the build did not pass the gate; None when it did."""
    still_sick: Sick | None
    """Why what was gone back to does not pass either."""
    evidence: str
    milliseconds: int
    """From the flip until the gate let it pass, or until going back was done."""
    back_milliseconds: int
    """From flipping back until the gate let that pass; 0 where nothing was gone back to."""


def plan_promotion(
    state: BuildState,
    slots: Slots,
    build: str,
    permission: Permission,
    machine: Machine,
    *,
    rollback: bool = False,
    again: bool = False,
    signoffs: Mapping[str, bytes] | None = None,
) -> Plan:
    """Whether a build may be promoted; nothing is changed.

    Args:
        state: by the journal.
        slots: of the node.
        build: which one.
        permission: by the policy in force.
        machine: the node.
        rollback: whether it may be older than what runs.
        again: whether it may be tried although it was bad.
        signoffs: those that stand on the export by now; None where nobody can tell, and those in
            its slot count.

    Raises:
        RefusedError: see `admit`; `TAMPERED`: its slot is not what was signed; `RUNNING_UNKNOWN`.
        UnavailableError: `NOT_STAGED`, `NO_ROOM`.
    """
    check_room(slots.folder)
    if build not in state.staged:
        # A folder that a crash left, before it was spoken of or after it was given up.
        raise not_staged(checked_name(build))
    before = state.current
    nothing_known = not before and state.pending is None
    if nothing_known and not rollback and (lost := target_of(slots.folder.with_name("current"))):
        raise RefusedError(
            "`current` is on it, and no record says so: the journal of builds was lost",
            code="RUNNING_UNKNOWN",
            place=lost,
            remedy="restore memory/builds.jsonl from its off-node copy; or `--rollback`, if what "
            "is promoted may be older",
        )
    running = _running(slots, before, rollback=rollback)
    staged = slots.verify(build)
    found = admit(
        staged if signoffs is None else staged._replace(signoffs=signoffs),
        permission,
        machine,
        running,
        bad=state.bad.get(build, ""),
        rollback=rollback,
        again=again,
    )
    return Plan(build, before, _sound(slots, before), "promote", found)


def plan_rollback(
    state: BuildState, slots: Slots, build: str, permission: Permission | None, node: str
) -> Plan:
    """Whether a build that ran here may run again; nothing is changed.

    It was approved when it was promoted, as the journal says: nobody is asked once more, and a
    policy that cannot be read is no reason to keep a bad build.

    Args:
        state: by the journal.
        slots: of the node.
        build: which one; empty for the one before.
        permission: by the policy in force; None where there is none to read.
        node: its name.

    Raises:
        RefusedError: `NOTHING_BEFORE`, `NEVER_RAN`, `ALREADY_RUNS`, `MARKED_BAD`, `FROZEN`,
            `TAMPERED`.
        UnavailableError: `NOT_STAGED`.
    """
    build = build or state.previous
    if not build:
        raise RefusedError(
            "nothing ran here before",
            code=NOTHING_BEFORE,
            place=node,
            remedy="`vanta build status` shows what is here",
        )
    if build == state.current:
        raise already_runs(build)
    if permission is not None:
        refuse_frozen(permission, node)
    if build not in state.promoted:
        raise RefusedError(
            "it never ran here, so nobody went back to it",
            code="NEVER_RAN",
            place=build,
            remedy=f"vanta build promote {build} --rollback",
        )
    if build in state.bad:
        raise RefusedError(
            f"it is marked bad: {state.bad[build]}",
            code="MARKED_BAD",
            place=build,
            remedy=f"vanta build promote {build} --again",
        )
    slots.verify(build)
    way_back = _sound(slots, state.current)
    return Plan(build, state.current, way_back, "rollback", Approved("", ()))


def carry_out(site: Site, plan: Plan) -> Outcome:
    """Flip to a build, and back where the gate stays shut.

    Raises:
        UnavailableError: `FLIP_FAILED`, or the journal takes nothing: `recover` says what next.
    """
    build, before = plan.build, plan.before
    site.state(FlipBegun(build, before, plan.how, plan.approved.builder, plan.approved.reviewers))
    began = time.monotonic_ns()
    site.flip(build)
    site.state(FlipMade(build))
    sick = site.start(build)
    took = _since(began)
    if sick is None:
        site.state(BuildPromoted(build, took))
        return Outcome(build, before, build, None, None, "", took, 0)
    evidence = site.keep_evidence(build, sick)
    site.checkpoint("kept the evidence")
    site.state(BuildFailed(build, sick.code, f"{sick.service}: {sick.reason}", evidence))
    if not plan.way_back:
        # There is nothing sound to go back to; what is on is at least what was signed.
        site.state(FlipReverted(build, "", NOTHING_BEFORE))
        return Outcome(build, before, build, sick, sick, evidence, _since(began), 0)
    back = time.monotonic_ns()
    site.flip(before)
    site.state(FlipReverted(before, build, sick.code))
    still = site.start(before)
    back_took = _since(back)
    site.state(BuildRestored(before, back_took, still.code if still else ""))
    return Outcome(build, before, before, sick, still, evidence, _since(began), back_took)


def _running(slots: Slots, build: str, *, rollback: bool) -> Running | None:
    """What runs, which decides what is older; where that is lost, somebody has to say so."""
    if not build:
        return None
    try:
        return Running(build, slots.read(build).manifest)
    except VantaError as error:
        if rollback:
            return None
        raise RefusedError(
            f"what runs cannot be read, so nobody can tell what is older: {error.message}",
            code="RUNNING_UNKNOWN",
            place=build,
            remedy="`--rollback`, if it may be older",
        ) from error


def _sound(slots: Slots, build: str) -> bool:
    """Whether a build can be gone back to."""
    if not build:
        return False
    try:
        slots.verify(build)
    except VantaError:
        return False
    return True


def _since(began: int) -> int:
    return (time.monotonic_ns() - began) // _MILLISECOND
