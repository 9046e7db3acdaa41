"""What a node does with the walk: the halt lane, latches, anchors and clocks (R6 to R9)."""

from collections.abc import Iterable
from typing import NamedTuple

from tests.model.rules import ALL, Rules, State, introduced, signer
from tests.model.terms import NEVER, History, Policy

# R6: the halt lane, read beside main.


def lane_halt(history: History, h: int) -> str | None:
    """The halt file that a lane commit adds, if that is its shape."""
    commit = history.commits[h]
    if not commit.parents:
        return None
    added = commit.tree.halts - history.commits[commit.parents[0]].tree.halts
    return min(added) if len(added) == 1 else None


def halts(history: History, state: State, h: int, rules: Rules = ALL) -> bool:
    """Does the commit `h`, to which a ref of the lane points, halt a node that is at `state`?"""
    stem = lane_halt(history, h)
    if stem is None or "R6 lane" not in rules:
        return False
    there = [authority for c, authority in state.judged if history.past[h] >> c & 1][-1]
    judge = there if "R6 judged there" in rules else state.authority
    if signer(history.commits[h].signer, judge, rules, history.commits[h].seen) is None:
        return False
    steps = [c for c, _ in state.judged if stem not in history.commits[c].tree.halts]
    return not any(
        (history.past[c] >> h & 1 or "R6 ancestor" not in rules)
        and (c in state.quorate or "R6 quorum" not in rules)
        for c in steps
    )


def in_force(history: History, state: State, lane: Iterable[int], rules: Rules = ALL) -> Policy:
    """What main gives, halted while the lane says so."""
    halted = any(halts(history, state, h, rules) for h in lane)
    return state.policy._replace(halted=NEVER) if halted else state.policy


# R7, R8, R9: what a node does with it.


class Node(NamedTuple):
    """Where a node's fold is, its latches, and the latest clock and healthy clock it saw."""

    state: State
    latches: frozenset[int] = frozenset()
    latest: int = 0
    healthy: int = 0


def pull(node: Node, fresh: int, rules: Rules = ALL) -> Node:
    """Break glass: a latch with a nonce that nobody has seen before."""
    nonce = fresh if "R7 nonce" in rules else 0
    return node._replace(latches=node.latches | {nonce})


def tick(node: Node, reading: int, *, healthy: bool, rules: Rules = ALL) -> Node:
    latest = max(node.latest, reading) if "R9 latest" in rules else reading
    trusted = healthy or "R9 healthy" not in rules
    return node._replace(
        latest=latest, healthy=max(node.healthy, reading) if trusted else node.healthy
    )


def raised(node: Node) -> bool:
    return node.state.policy.raised > node.latest


def halted(node: Node, rules: Rules = ALL) -> bool:
    latched = node.latches - node.state.policy.released if "R7 latch" in rules else ()
    return node.state.policy.halted > node.healthy or bool(latched)


def restarted(history: History, kept: Iterable[State], rules: Rules = ALL) -> State:
    """Where a node goes on whose own state is gone: `kept` is what its journals and peers say."""
    anchors = kept if "R8 greatest" in rules else ()
    return max(anchors, key=lambda state: len(state.judged), default=introduced(history))
