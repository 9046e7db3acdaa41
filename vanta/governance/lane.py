"""The halt lane: signed halts that stand beside the main line, whatever happens on it (R6); pure.

A lane halt is a signed commit that adds a halt file. It is judged by the authority of the history
it stands on, so that it means the same on every node whenever it arrives, and it restrains until
a commit that has it below itself has its quorum without it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from vanta.domain.errors import VantaError
from vanta.domain.policy import Policy
from vanta.domain.switches import SWITCHES
from vanta.governance.approvals import seen
from vanta.governance.authority import Authority, may
from vanta.governance.documents.compile import consistent
from vanta.governance.halts import among_halts, braked, by_persona, halted, personas_of, switched_on
from vanta.governance.restraint import permitted
from vanta.governance.walk import LaneHalt, Objects, State
from vanta.lattice.algebra import meet, tighten, tightenings
from vanta.lattice.direction import table

RESOLVED = "RESOLVED"
"""A quorum took it back, on top of it."""


class Delivered(msgspec.Struct, frozen=True):
    """What became of one commit of the lane."""

    commit: str
    person: str = ""
    file: str = ""
    code: str = ""
    """Why it does not stand; empty when it does."""
    message: str = ""


def deliver(
    state: State, oids: Iterable[str], objects: Objects, now: int
) -> tuple[State, tuple[Delivered, ...]]:
    """Judge the commits of the lane that do not stand yet.

    A commit that is refused may be judged again when the main line has moved: whoever signed it
    may have been given their key there. One that this node's store lost keeps no other out.
    """
    outcomes: list[Delivered] = []
    lane = dict(state.lane)
    for oid in sorted(set(oids) - lane.keys()):
        try:
            stands = _judged(state, oid, objects, now)
        except VantaError as error:
            outcomes.append(Delivered(oid, code=error.code, message=error.message))
            continue
        if isinstance(stands, LaneHalt):
            lane[oid] = stands
            outcomes.append(Delivered(oid, stands.person, stands.file))
        else:
            outcomes.append(Delivered(oid, code=stands))
    return msgspec.structs.replace(state, lane=lane), tuple(outcomes)


def beside(tips: Iterable[str], base: str, objects: Objects) -> frozenset[str]:
    """What the refs of the lane point to, and all below that `base` does not have below itself.

    A push on top of a halt must not bury it for those who had not heard it. What cannot be walked
    is heard as far as it was pointed to, and keeps nothing beside it from being heard.
    """
    heads = frozenset(tips)
    try:
        return heads.union(objects.graph.beside(heads, base))
    except VantaError:
        return heads.union(*(_below(tip, base, objects) for tip in heads))


def _below(tip: str, base: str, objects: Objects) -> Iterable[str]:
    try:
        return objects.graph.new_commits(tip, base)
    except VantaError:
        return ()


def under(state: State, oid: str, objects: Objects) -> frozenset[str]:
    """The standing halts that a commit has below itself, and may therefore take back."""
    return frozenset(halt for halt in state.lane if not objects.graph.new_commits(halt, oid))


def with_lane(policy: Policy, halts: Iterable[LaneHalt]) -> Policy:
    """The policy with these halts on."""
    for halt in halts:
        policy = braked(policy, halt.effect)
    return policy


def spread(lane: Mapping[str, LaneHalt], policy: Policy, state: State) -> dict[str, LaneHalt]:
    """The halts with those of a persona spread over the vaults that trade as it by now.

    A vault that leaves the persona stays halted: leaving takes the halt back for it.
    """
    return {oid: _spread(halt, policy, state) for oid, halt in lane.items()}


def _spread(halt: LaneHalt, policy: Policy, state: State) -> LaneHalt:
    vaults = halt.effect.vaults
    entries = dict(vaults.entries)
    for name, persona in personas_of(policy).items():
        path = ("overlay", "vaults", name, SWITCHES[-1])
        if persona in halt.personas and may(
            state.authority, halt.person, "tighten", state.environment, path
        ):
            entries[name] = meet(vaults.at(name), halt.personas[persona])
    effect = msgspec.structs.replace(halt.effect, vaults=table(vaults.default, entries))
    return msgspec.structs.replace(halt, effect=effect)


def _judged(state: State, oid: str, objects: Objects, now: int) -> LaneHalt | str:
    """The halt, or the code of why it does not stand."""
    # Who signed it comes first: nobody's commits must not cost a walk over the graph each.
    known = [state.authority, *(era.authority for era in state.eras)]
    whose = [seen(each, state.environment, oid, objects, now) for each in known]
    if not any(each.signer for each in whose):
        return whose[0].code
    graph = objects.graph
    if graph.new_commits(state.introduction, oid):
        return "NOT_DESCENDANT"
    if not graph.new_commits(oid, state.applied):
        return RESOLVED
    authority = _authority_of(state, oid, objects)
    who = seen(authority, state.environment, oid, objects, now)
    if not who.signer:
        return who.code
    parent = objects.parents(oid)[:1]
    added = objects.halts_added(oid, parent[0]) if parent else {}
    files = {path: file for path, file in added.items() if among_halts(path)}
    entries = switched_on(files)
    if not entries:
        return "NO_HALT"
    bare = Policy(environment=state.environment)
    maps = [personas_of(state.policy)]
    for each in (*parent, oid):
        try:
            maps.append(personas_of(objects.candidate(each).policy))
        except VantaError:
            # A halt on a tree nobody can read reaches the vaults in force.
            continue
    allowed = permitted(state, who.signer, authority)
    made = [each for each in tightenings(bare, halted(bare, entries, maps)) if allowed(each)]
    if not made:
        return "NOT_PERMITTED"
    effect = consistent(tighten(bare, made)).overlay
    return LaneHalt(who.signer, min(files), effect, by_persona(entries))


def _authority_of(state: State, oid: str, objects: Objects) -> Authority:
    """The authority in force on the history a commit stands on."""
    for era in state.eras:
        if objects.graph.new_commits(era.ended, oid):
            return era.authority
    return state.authority
