"""Every history of a given size, up to what cannot matter, and larger ones by chance.

A history is grown commit by commit, so that what was judged for its beginning is never judged
again. Three symmetries are used: people who have not appeared yet are interchangeable; commits that
do not see each other may be written in either order; and what the last commit cannot reach was
judged in a smaller history.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.node import lane_halt
from tests.model.properties import violations
from tests.model.rules import ALL, Rules, State, introduced, step
from tests.model.terms import Commit, History, Tree

MERGES = 0.4
UNRELATED = 0.03


class Label(NamedTuple):
    """How a commit is signed and what its trailer says; `names` is the tree, if not its own."""

    signer: str | None
    approves: bool = False
    own: bool = True
    until: int = 9
    names: int | None = None


@dataclass(frozen=True)
class World:
    """What may occur: the first tree is the introduction's. `alike` are interchangeable keys."""

    trees: Sequence[Tree]
    labels: Sequence[Label]
    seen: Sequence[int] = (0,)
    alike: str = ""
    merges: bool = True
    lane: bool = False

    @property
    def introduction(self) -> Commit:
        return Commit((), self.trees[0])

    def commit(self, parents: tuple[int, ...], tree: Tree, label: Label, seen: int) -> Commit:
        named = tree if label.names is None else self.trees[label.names]
        approves = named if label.approves else None
        return Commit(parents, tree, label.signer, approves, label.until, label.own, seen)


def parents_of(size: int, *, merges: bool) -> Iterator[tuple[int, ...]]:
    for first in range(size):
        yield (first,)
        if merges:
            yield from ((first, second) for second in range(size) if second != first)


Judge = Callable[[History, State, State], list[str]]


def every(
    world: World, size: int, rules: Rules = ALL, judge: Judge = violations
) -> Iterator[tuple[History, list[str]]]:
    """Every history of up to `size` more commits, and what its last step violates."""
    start = History.of([world.introduction])
    yield from _grow(world, start, (introduced(start),), size, rules, judge)


def _grow(
    world: World,
    history: History,
    states: tuple[State, ...],
    left: int,
    rules: Rules,
    judge: Judge,
) -> Iterator[tuple[History, list[str]]]:
    size = len(history.commits)
    for commit in _next(world, history):
        grown = history.then(commit)
        loose = _loose_ends(grown, lane=world.lane)
        if len(loose) > left:
            continue
        before = states[commit.parents[0]]
        after = step(grown, before, size, rules)
        if loose <= {size}:
            yield grown, judge(grown, before, after)
        if left > 1:
            yield from _grow(world, grown, (*states, after), left - 1, rules, judge)


def _loose_ends(history: History, *, lane: bool) -> set[int]:
    """The commits nobody has as a parent: each further commit can tie two of them.

    With a lane, a ref may point to a commit of the lane's shape instead.
    """
    used = {p for commit in history.commits for p in commit.parents}
    loose = set(range(len(history.commits))) - used
    return {n for n in loose if not (lane and lane_halt(history, n))}


def _next(world: World, history: History) -> Iterator[Commit]:
    size = len(history.commits)
    last = history.commits[-1]
    met = [key for key in world.alike if any(c.signer == key for c in history.commits)]
    fresh = world.alike[len(met) : len(met) + 1]
    for parents in parents_of(size, merges=world.merges):
        beside = size > 1 and size - 1 not in parents
        if beside and parents < last.parents:
            continue
        for label in world.labels:
            if label.signer and label.signer in world.alike and label.signer not in (*met, fresh):
                continue
            for tree in world.trees:
                for seen in world.seen:
                    if seen < max(history.commits[p].seen for p in parents):
                        continue
                    yield world.commit(parents, tree, label, seen)


def by_chance(world: World, size: int, chance: random.Random) -> History:
    """A history of `size` commits after the introduction; its last commit descends from that."""
    history = History.of([world.introduction])
    rooted = [0]
    for at in range(1, size + 1):
        astray = world.merges and at < size and chance.random() < UNRELATED
        first = chance.choice([rooted[-1], rooted[-1], *rooted])
        others = [p for p in range(at) if p != first]
        merge = world.merges and bool(others) and chance.random() < MERGES
        parents = (first, chance.choice(others)) if merge else (first,)
        nearby = [history.commits[p].tree for p in parents]
        seen = max(chance.choice(world.seen), *(history.commits[p].seen for p in parents))
        tree, label = chance.choice([*nearby, *world.trees]), chance.choice(world.labels)
        history = history.then(world.commit(() if astray else parents, tree, label, seen))
        if not astray:
            rooted.append(at)
    return history


def smallest(
    world: World, size: int, rules: Rules, judge: Judge, broken: str
) -> tuple[int, History] | None:
    """The smallest history in which `broken` is among what the judge finds, and its size."""
    for so_far in range(1, size + 1):
        for history, found in every(world, so_far, rules, judge):
            if broken in found:
                return len(history.commits) - 1, history
    return None
