"""What is switched on: a node that is well and may not trade is still not trading."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Switched
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed

_STOPS_ALL = frozenset({"full_halt", "orders_disabled"})

OPEN = Says("VAULTS_OPEN", Severity.OK, "{names}: no switch is on")
LATCHED = Says(
    "LATCHED",
    Severity.CRITICAL,
    "the latch is set: nothing leaves this node{nonces}",
    "`vanta governance status` says by whom; how-to/resume.md releases it.",
)
HALTED = Says(
    "HALTED",
    Severity.CRITICAL,
    "{switches} on everywhere",
    "`vanta governance status` says by whom; how-to/resume.md ends it.",
)
SWITCHED = Says(
    "SWITCHED",
    Severity.WARN,
    "{switches} on everywhere",
    "`vanta governance status` says by whom; how-to/resume.md ends it.",
)
VAULT_HELD = Says(
    "VAULT_HELD",
    Severity.WARN,
    "{subject}: {switches}",
    "`vanta governance status` says by whom; how-to/resume.md ends it.",
)
SCOPE_HELD = Says(
    "SCOPE_HELD",
    Severity.WARN,
    "{subject}: {switches}",
    "`vanta governance status` says by whom; how-to/resume.md ends it.",
)
EDITED = Says(
    "HAND_EDITED",
    Severity.WARN,
    "{count} hand edits hold: {nonces}",
    "`vanta resume --edit NONCE` starts the release of one.",
)
LANE = Says(
    "LANE_HALTED",
    Severity.WARN,
    "{count} halts of the lane stand: {commits}",
    "how-to/resume.md ends them.",
)
BRANCHES = Says("BRANCHES_OPEN", Severity.NOTE, "flipped: {flips}; boosted: {boosts}")
UNREADABLE = Says(
    "SWITCHES_UNKNOWN",
    Severity.UNKNOWN,
    "which switches are on cannot be read [{code}]; nothing may trade meanwhile",
    "See the policy check.",
)


class Limits(NamedTuple):
    """Nothing is measured."""


LIMITS = Limits()


def judge(found: Switched, _moment: Moment) -> Iterator[Told]:
    """No switch is on, no vault is held, and nothing holds that only a quorum lets go."""
    bad = list(_everywhere(found))
    bad += [
        Told(VAULT_HELD, name, {"switches": listed(on)}) for name, on in sorted(found.held.items())
    ]
    bad += [
        Told(SCOPE_HELD, name, {"switches": listed(on)})
        for name, on in sorted(found.others.items())
    ]
    if found.edits:
        values = {"count": len(found.edits), "nonces": listed(found.edits)}
        bad.append(Told(EDITED, values=values, figures={"hand_edits": len(found.edits)}))
    if found.lane:
        commits = listed(oid[:12] for oid in found.lane)
        values = {"count": len(found.lane), "commits": commits}
        bad.append(Told(LANE, values=values, figures={"lane_halts": len(found.lane)}))
    yield from bad
    if found.policy_code:
        yield Told(UNREADABLE, values={"code": found.policy_code})
        return
    held = len(found.held)
    if found.flips or found.boosts:
        values = {"flips": listed(found.flips) or "none", "boosts": listed(found.boosts) or "none"}
        yield Told(BRANCHES, values=values)
    if not bad:
        figures = {"vaults": len(found.vaults), "vaults_held": held}
        yield Told(OPEN, values={"names": listed(found.vaults) or "no vault"}, figures=figures)


def _everywhere(found: Switched) -> Iterator[Told]:
    if found.latched:
        nonces = f" ({listed(found.latches)})" if found.latches else ""
        yield Told(LATCHED, values={"nonces": nonces})
    if found.everywhere:
        says = HALTED if _STOPS_ALL.intersection(found.everywhere) else SWITCHED
        figures = {"switches": len(found.everywhere)}
        yield Told(says, values={"switches": listed(found.everywhere)}, figures=figures)


CHECKS = (
    Check(
        "vaults",
        "switches",
        (
            LATCHED, HALTED, SWITCHED, VAULT_HELD, SCOPE_HELD, EDITED, LANE, UNREADABLE, BRANCHES,
            OPEN,
        ),
        LIMITS,
        judge,
    ),
)  # fmt: skip
