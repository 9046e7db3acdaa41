"""What is switched on, and what holds which vault."""

from collections.abc import Iterable
from pathlib import Path

from vanta.diagnostics.facts import Switched
from vanta.domain.errors import VantaError
from vanta.domain.instant import NEVER
from vanta.domain.switches import SWITCHES, Switches
from vanta.governance.latch import latched
from vanta.governance.memory import recall
from vanta.governance.published import PolicyReader
from vanta.lattice.direction import Table
from vanta.node.layout import Layout

_SCOPES = ("venues", "strategies", "followers")


def look(layout: Layout, now: int) -> Switched:
    """The switches of the policy in force, and what the node itself holds."""
    edits, latches, lane = _held(layout.journal("governance"))
    try:
        policy = PolicyReader(layout.memory)().policy
    except VantaError as error:
        return Switched(
            policy_code=error.code, vaults=(), latched=latched(layout.memory), everywhere=(),
            held={}, others={}, flips=(), boosts=(), edits=edits, latches=latches, lane=lane,
        )  # fmt: skip
    overlay = policy.overlay
    everywhere = _on(overlay.everywhere)
    return Switched(
        policy_code="",
        vaults=tuple(sorted(policy.vaults)),
        latched=latched(layout.memory),
        everywhere=everywhere,
        held=_own(overlay.vaults, everywhere, policy.vaults),
        others={
            f"{scope.removesuffix('s').replace('ie', 'y')} {name}": on
            for scope in _SCOPES
            for name, on in _own(getattr(overlay, scope), everywhere).items()
        },
        flips=tuple(sorted(name for name, flip in overlay.flips.items() if flip.until > now)),
        boosts=tuple(sorted(name for name, boost in overlay.boosts.items() if boost.until > now)),
        edits=edits,
        latches=latches,
        lane=lane,
    )


def _on(switches: Switches) -> tuple[str, ...]:
    return tuple(name for name in SWITCHES if getattr(switches, name) != NEVER)


def _own(
    switched: Table[Switches], everywhere: tuple[str, ...], names: Iterable[str] = ()
) -> dict[str, tuple[str, ...]]:
    """By name: what is on there and not everywhere."""
    found = {
        name: tuple(each for each in _on(switched.at(name)) if each not in everywhere)
        for name in sorted({*names, *switched.entries})
    }
    return {name: on for name, on in found.items() if on}


def _held(journal: Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Hand edits, latches and halts of the lane that hold, as far as the journal can be read."""
    try:
        memory = recall(journal)
    except VantaError:
        return (), (), ()
    lane = memory.state.lane if memory.state else {}
    return tuple(memory.restrained_by()), tuple(memory.latched_by()), tuple(sorted(lane))
