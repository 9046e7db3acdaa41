"""What the rules speak of: policies, trees, commits, histories, and which way is tighter.

A governed tree is three ordered things (a cap that is raised or not, a halt, the latches it
releases), one unordered thing (a gear), self-contained halt files and an authority. Whatever ends
says until when, in a time that is a small whole number.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

NEVER = 9  # an end that never comes
REVOKED = -1  # an end before everything


class Authority(NamedTuple):
    """Who is in, how many must approve, and the keys that end (or were revoked) and when.

    A person's keys are their letter in either case. People do everything; operators only halt.
    """

    people: frozenset[str] = frozenset("ABC")
    operators: frozenset[str] = frozenset("O")
    quorum: int = 2
    ends: frozenset[tuple[str, int]] = frozenset()

    def end(self, key: str) -> int:
        """Until when this key approves. Whoever is out, has none."""
        if key.upper() not in self.people and key.upper() not in self.operators:
            return REVOKED
        for named, end in self.ends:
            if named == key:
                return end
        return NEVER

    def ending(self, key: str, end: int) -> "Authority":
        others = {(named, was) for named, was in self.ends if named != key}
        return self._replace(ends=frozenset({*others, (key, end)}))

    @property
    def keys(self) -> frozenset[str]:
        """Every key that somebody who is in may have."""
        return frozenset(key for person in self.people | self.operators for key in _pair(person))


def _pair(person: str) -> tuple[str, str]:
    return person, person.lower()


class Policy(NamedTuple):
    """What a node enforces: raised until, halted until, the gear, and the latches released."""

    raised: int = 0
    halted: int = 0
    gear: int = 0
    released: frozenset[int] = frozenset()


class Tree(NamedTuple):
    """One governed tree. Two trees are the same digest if and only if they are equal."""

    says: Policy = Policy()
    halts: frozenset[str] = frozenset()
    authority: Authority = Authority()
    readable: bool = True

    @property
    def policy(self) -> Policy:
        return self.says._replace(halted=NEVER) if self.halts else self.says


class Commit(NamedTuple):
    """`signer` is a key, `approves` the tree the trailer names, `seen` the time it first was."""

    parents: tuple[int, ...]
    tree: Tree
    signer: str | None = None
    approves: Tree | None = None
    until: int = NEVER
    own: bool = True
    seen: int = 0


class History(NamedTuple):
    """Commits, parents first; `past[c]` has a bit for `c` and for each of its ancestors."""

    commits: tuple[Commit, ...]
    past: tuple[int, ...]

    @classmethod
    def of(cls, commits: Iterable[Commit]) -> "History":
        history = cls((), ())
        for commit in commits:
            history = history.then(commit)
        return history

    def then(self, commit: Commit) -> "History":
        past = 1 << len(self.commits)
        for parent in commit.parents:
            past |= self.past[parent]
        return History((*self.commits, commit), (*self.past, past))

    def since(self, c: int, known: int) -> Iterator[int]:
        """What is reachable from `c` and not from `known`, oldest first."""
        missing = self.past[c] & ~self.past[known]
        return (n for n in range(c + 1) if missing >> n & 1)

    def line(self, head: int) -> list[int]:
        """The first-parent line of `head`, oldest first."""
        line = [head]
        while parents := self.commits[line[-1]].parents:
            line.append(parents[0])
        return line[::-1]


# Ordered fields. A halt is tighter the longer it lasts; the rest, the less of it there is.

ORDERED = ("raised", "halted", "released")


def looser(field: str, one: Policy, other: Policy) -> bool:
    """Does `one` allow anything here that `other` does not?"""
    if field == "raised":
        return one.raised > other.raised
    if field == "halted":
        return one.halted < other.halted
    return not one.released <= other.released


def tighter(field: str, one: Policy, other: Policy) -> bool:
    return one != other and looser(field, other, one) and not looser(field, one, other)


def restrain(force: Policy, by: Policy, fields: Collection[str]) -> Policy:
    """Meet these fields, and keep everything else, the unordered above all, as it is in force."""
    return Policy(
        raised=min(force.raised, by.raised) if "raised" in fields else force.raised,
        halted=max(force.halted, by.halted) if "halted" in fields else force.halted,
        released=force.released & by.released if "released" in fields else force.released,
        gear=force.gear,
    )


def ahead(policy: Policy, now: int) -> Policy:
    """The policy as a function of the time from `now` on: what is over is as if it never was."""
    if 0 < policy.raised <= now:
        policy = policy._replace(raised=0)
    if 0 < policy.halted <= now:
        policy = policy._replace(halted=0)
    return policy
