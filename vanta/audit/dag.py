"""Who caused whom: an index over records, walked up to the first causes and down to the last.

It holds what a record is called, what caused it and where it lies, not what it says, so that an
index of a hundred thousand records is small. Pure over what it is given.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from sys import intern

import msgspec

from vanta.audit.trail import Found
from vanta.journal.chain import Spot

Onward = Callable[[str], Iterable[str]]
"""From one id to the next."""


class Link(msgspec.Struct, frozen=True, gc=False):
    """One record: what it is, and where."""

    id: str
    type: str
    parents: tuple[str, ...]
    ts: int
    policy: str
    node: str
    journal: str
    seq: int
    spot: Spot


def link(found: Found) -> Link:
    """The link of a record."""
    record = found.record
    return Link(
        id=record.id,
        # Of a few: each kept once, not as often as it was read.
        type=intern(record.type),
        parents=record.parents,
        ts=record.ts,
        policy=intern(record.policy),
        node=found.node,
        journal=found.journal,
        seq=record.seq,
        spot=found.spot,
    )


class Dag:
    """An index of records by id and by cause; the same id may stand in several journals."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        self._links: dict[str, list[Link]] = {}
        self._children: dict[str, list[str]] = {}
        self._names: list[str] | None = None
        for one in links:
            self.add(one)

    def __len__(self) -> int:
        return sum(map(len, self._links.values()))

    def add(self, one: Link) -> None:
        """Take one more record in."""
        self._links.setdefault(one.id, []).append(one)
        for parent in one.parents:
            self._children.setdefault(parent, []).append(one.id)
        self._names = None

    def links(self, record_id: str) -> tuple[Link, ...]:
        """The records of one id; empty when there is none."""
        return tuple(self._links.get(record_id, ()))

    def typed(self, *types: str) -> Iterator[Link]:
        """Every record of some types."""
        for links in self._links.values():
            for one in links:
                if one.type in types:
                    yield one

    def named(self, name: str) -> list[str]:
        """Ids that are `name` or begin with it, with or without what stands before their `_`."""
        if name in self._links:
            return [name]
        if not name:
            return []
        if self._names is None:
            tails = (f"{known.partition('_')[2]} {known}" for known in self._links if "_" in known)
            self._names = sorted([*(f"{known} {known}" for known in self._links), *tails])
        found: set[str] = set()
        for entry in self._names[bisect_left(self._names, name) :]:
            if not entry.startswith(name):
                break
            found.add(entry.rpartition(" ")[2])
        return sorted(found)

    def ancestors(self, *ids: str) -> tuple[list[Link], list[str]]:
        """Every record that led to these, themselves included, nearest first.

        Returns:
            The records, and the ids that some record names as a cause and that are not here.
        """
        missing: list[str] = []
        reached = self._reach(ids, self._parents, missing)
        return reached, missing

    def descendants(self, *ids: str) -> list[Link]:
        """Every record that grew from these, themselves included, nearest first."""
        return self._reach(ids, lambda known: self._children.get(known, ()), [])

    def _parents(self, record_id: str) -> Iterator[str]:
        for one in self._links.get(record_id, ()):
            yield from one.parents

    def _reach(self, ids: Iterable[str], onward: Onward, missing: list[str]) -> list[Link]:
        queue, seen, found = list(ids), set(ids), list[Link]()
        # The list grows while it is walked: breadth first.
        for known in queue:
            links = self._links.get(known)
            if links is None:
                missing.append(known)
                continue
            found.extend(links)
            for other in onward(known):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        return found
