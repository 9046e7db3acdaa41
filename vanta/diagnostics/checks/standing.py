"""What this node runs and enforces, by itself and beside the other nodes."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Flip, Peer, Standing
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed, seconds, span
from vanta.domain.instant import MINUTE, SECOND

_HELD = frozenset({"Latched", "LaneHalted", "HandEdited", "ClockHealthy"})
"""Conditions that other checks tell of."""
_NOT_LOOKED = "NOT_LOOKED"


class PeerLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    old: int = 5 * MINUTE
    """Age of another node's status, nanoseconds."""
    ahead: int = 2 * SECOND
    """How far another node's clock may be ahead of this one's, nanoseconds."""


class Limits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    settling: int = MINUTE
    """For how long after a change nodes may differ, nanoseconds."""


PEER_LIMITS, LIMITS = PeerLimits(), Limits()

PEERS_SEEN = Says("PEERS_SEEN", Severity.OK, "{names}: told how they stand, {age} ago at most")
PEERS_NOWHERE = Says(
    "PEERS_NOWHERE",
    Severity.UNKNOWN,
    "there is no folder in which nodes tell how they stand",
    "Name one with `statuses:` in etc/node.yaml; see how-to/diagnose-a-node.md.",
)
PEERS_UNNAMED = Says(
    "PEERS_UNNAMED", Severity.UNKNOWN, "without a policy nobody knows which nodes there are"
)
PEER_UNSEEN = Says(
    "PEER_UNSEEN",
    Severity.UNKNOWN,
    "{subject}: never told how it stands",
    "Run `vanta diagnostics --publish` there, every minute.",
)
PEER_FORGED = Says(
    "PEER_STATUS",
    Severity.WARN,
    "{subject}: what lies there as its status does not hold [{code}]",
    "Find out who wrote it; `vanta diagnostics --publish` on {subject} replaces it.",
)
PEER_OLD = Says(
    "PEER_OLD",
    Severity.WARN,
    "{subject}: told how it stands {age} ago, and not since",
    "Look at {subject}: it, its timer or its way to the folder is gone.",
)
PEER_AHEAD = Says(
    "PEER_AHEAD",
    Severity.WARN,
    "{subject}: its clock is at least {ahead} ahead of this one",
    "Compare `chronyc tracking` on both; the wrong one may be this one.",
)
PEER_BAD = Says(
    "PEER_VERDICT",
    Severity.NOTE,
    "{subject}: found itself {verdict} {age} ago",
    "Run `vanta diagnostics` there.",
)


def judge_peers(
    found: Standing, moment: Moment, limits: PeerLimits = PEER_LIMITS
) -> Iterator[Told]:
    """Every other registered node told lately how it stands, under its own key.

    A difference of clocks is seen here only where the other one is ahead: a status that is old
    looks like a clock that is behind.
    """
    if found.policy_code:
        yield Told(PEERS_UNNAMED)
        return
    if not found.boards:
        yield Told(PEERS_NOWHERE)
        return
    fine: list[int] = []
    for peer in found.peers:
        bad = list(_peer(peer, moment.now, limits))
        yield from bad
        if peer.status and not bad:
            fine.append(max(0, moment.now - peer.status.at))
        verdict = peer.status.verdict if peer.status else ""
        if peer.status and not bad and verdict in {Severity.WARN, Severity.CRITICAL}:
            age = span(moment.now - peer.status.at)
            yield Told(PEER_BAD, peer.name, {"verdict": verdict, "age": age})
    if fine:
        names = listed(one.name for one in found.peers if one.status)
        yield Told(PEERS_SEEN, values={"names": names, "age": span(max(fine))})


def _peer(peer: Peer, now: int, limits: PeerLimits) -> Iterator[Told]:
    if peer.trouble:
        yield Told(PEER_FORGED, peer.name, {"code": peer.trouble})
    elif peer.status is None:
        yield Told(PEER_UNSEEN, peer.name)
    else:
        age = now - peer.status.at
        figures = {"age_seconds": seconds(age)}
        if age > limits.old:
            yield Told(PEER_OLD, peer.name, {"age": span(age)}, figures)
        elif -age > limits.ahead:
            yield Told(PEER_AHEAD, peer.name, {"ahead": span(-age)}, figures)


BUILD_RUNS = Says("BUILD_RUNS", Severity.OK, "{build}{others}")
BUILD_NONE = Says(
    "BUILD_NONE",
    Severity.NOTE,
    "nothing was promoted here: what runs is no release",
    "`vanta build stage` and `vanta build promote` bring one.",
)
BUILD_BROKEN = Says(
    "BUILD_BROKEN",
    Severity.CRITICAL,
    "`current` leads to {build}, and no slot with a manifest is there",
    "`vanta build recover` puts the last good one in its place.",
)
BUILD_OTHER = Says(
    "SERVICE_OTHER_BUILD",
    Severity.WARN,
    "{subject}: runs {build}, and `current` is {current}",
    "Restart {subject}.",
)
FLIP_OPEN = Says(
    "FLIP_OPEN",
    Severity.WARN,
    "a change to {build} was begun {age} ago and is not over",
    "`vanta build recover` finishes or reverts it.",
)
BUILD_WENT_BACK = Says(
    "BUILD_WENT_BACK",
    Severity.WARN,
    "the change to {build} was given up {age} ago [{code}]",
    "`vanta build status` says where what was seen is kept.",
)
BUILD_UNRESTORED = Says(
    "BUILD_UNRESTORED",
    Severity.CRITICAL,
    "what was gone back to from {build} is not ready [{code}]",
    "Look at its services' logs, then `vanta build recover`.",
)
BUILD_DIFFERS = Says(
    "BUILD_DIFFERS",
    Severity.WARN,
    "{subject}: runs {theirs}, this node {ours}",
    "Promote the same release on both, unless one is being promoted just now.",
)
BUILD_FROZEN = Says("BUILD_FROZEN", Severity.NOTE, "the policy freezes the build of this node")


def judge_build(found: Standing, moment: Moment, limits: Limits = LIMITS) -> Iterator[Told]:
    """`current` leads to a whole slot, services run it, and the other nodes run the same."""
    own, bad = found.own.build, []
    if found.current and not found.whole:
        bad.append(Told(BUILD_BROKEN, values={"build": found.current}))
    for service, build in sorted(found.ready.items()):
        if found.current and build != found.current:
            values = {"build": build or "no release", "current": found.current}
            bad.append(Told(BUILD_OTHER, service, values))
    bad += _flip(found.flip, moment.now, limits)
    others = [one.status for one in found.peers if one.status is not None]
    for other in others:
        if other.build != own:
            values = {"theirs": other.build or "no release", "ours": own or "no release"}
            bad.append(Told(BUILD_DIFFERS, other.node, values))
    yield from bad
    if not own:
        yield Told(BUILD_NONE)
    elif not bad:
        same = f", as {listed(one.node for one in others)}" if others else ""
        yield Told(BUILD_RUNS, values={"build": own, "others": same})
    if found.frozen:
        yield Told(BUILD_FROZEN)


def _flip(flip: Flip | None, now: int, limits: Limits) -> Iterator[Told]:
    """What is left of the last change of build."""
    if flip is None:
        return
    values = {"build": flip.build, "age": span(now - flip.at)}
    if not flip.over and now - flip.at > limits.settling:
        yield Told(FLIP_OPEN, values=values)
    elif flip.restored:
        yield Told(BUILD_UNRESTORED, values={**values, "code": flip.restored})
    elif flip.given_up:
        yield Told(BUILD_WENT_BACK, values={**values, "code": flip.given_up})


POLICY_HOLDS = Says(
    "POLICY_HOLDS", Severity.OK, "commit {commit}, digest {digest}, serial {serial}{others}"
)
POLICY_NONE = Says(
    "POLICY_UNREADABLE",
    Severity.CRITICAL,
    "no policy can be read: {why} [{code}]",
    "Nothing trades without one; see runbooks/nothing-may-trade.md.",
)
POLICY_CONDITION = Says(
    "POLICY_CONDITION",
    Severity.WARN,
    "{subject}: {why} [{code}]",
    "`vanta governance status` says since when; reference/controller.md says what it means.",
)
POLICY_UNJUDGED = Says(
    "POLICY_UNJUDGED",
    Severity.UNKNOWN,
    "{subject}: {why} [{code}]",
    "It follows from another condition, or the controller has only just begun.",
)
POLICY_DIFFERS = Says(
    "POLICY_DIFFERS",
    Severity.WARN,
    "{subject}: enforces commit {theirs}, this node {ours}",
    "`vanta governance status` on both says which one does not hear the forge.",
)
POLICY_NEW = Says(
    "POLICY_NEW",
    Severity.NOTE,
    "{subject}: last told of commit {theirs}; this node has {ours} by now",
)
POLICY_HELD = Says(
    "POLICY_HELD",
    Severity.NOTE,
    "{subject}: enforces something else under the same commit",
    "A hand edit or a halt of one node; `vanta governance status` shows it there.",
)


def judge_policy(found: Standing, moment: Moment, limits: Limits = LIMITS) -> Iterator[Told]:
    """A policy can be read, the controller finds nothing wrong, and all nodes enforce the same."""
    own = found.own
    if found.policy_code:
        yield Told(POLICY_NONE, values={"why": found.policy_why, "code": found.policy_code})
    bad = [
        Told(
            POLICY_UNJUDGED if one.reason == _NOT_LOOKED else POLICY_CONDITION,
            one.type,
            {"why": one.message, "code": one.reason},
        )
        for one in found.conditions
        if one.type not in _HELD
    ]
    others = [one.status for one in found.peers if one.status is not None]
    for other in others if own.commit else ():
        values = {"theirs": other.commit[:12] or "nothing", "ours": own.commit[:12]}
        if other.commit != own.commit:
            # Who told before this node changed has had no chance to tell of the same change.
            changed = max(own.published, other.published)
            settling = other.at <= own.published or moment.now - changed <= limits.settling
            bad.append(Told(POLICY_NEW if settling else POLICY_DIFFERS, other.node, values))
        elif other.policy != own.policy:
            bad.append(Told(POLICY_HELD, other.node, values))
    yield from bad
    if own.commit and not bad:
        values = {"commit": own.commit[:12], "digest": own.policy[:12], "serial": str(own.serial)}
        same = f", as {listed(one.node for one in others)}" if others else ""
        yield Told(POLICY_HOLDS, values={**values, "others": same}, figures={"serial": own.serial})


CHECKS = (
    Check(
        "build",
        "standing",
        (
            BUILD_BROKEN, BUILD_UNRESTORED, BUILD_OTHER, FLIP_OPEN, BUILD_WENT_BACK, BUILD_DIFFERS,
            BUILD_NONE, BUILD_FROZEN, BUILD_RUNS,
        ),
        LIMITS,
        judge_build,
    ),
    Check(
        "policy",
        "standing",
        (
            POLICY_NONE, POLICY_CONDITION, POLICY_DIFFERS, POLICY_UNJUDGED, POLICY_NEW, POLICY_HELD,
            POLICY_HOLDS,
        ),
        LIMITS,
        judge_policy,
    ),
    Check(
        "peers",
        "standing",
        (
            PEER_FORGED, PEER_OLD, PEER_AHEAD, PEER_UNSEEN, PEERS_NOWHERE, PEERS_UNNAMED,
            PEER_BAD, PEERS_SEEN,
        ),
        PEER_LIMITS,
        judge_peers,
    ),
)  # fmt: skip
