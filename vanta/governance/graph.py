"""The two walks over the commit graph that the fold is made of; pure over `parents(oid)`.

The parents of a commit never change, so a `Graph` remembers what it learned and is kept for as
long as its repository is open; the two functions below it are the same walks for one question.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence

from vanta.domain.errors import RefusedError

Parents = Callable[[str], Sequence[str]]
"""The parents of a commit, first parent first; raises when the commit cannot be had."""

COMMITS_PER_WALK = 200_000

_FROM_HEAD = 1
_FROM_BASE = 2


class Graph:
    """Questions about ancestry.

    Args:
        parents: the parents of a commit; the graph they span has no cycle.
        limit: how many commits one walk may visit.

    Every method raises `RefusedError` with code `TOO_MANY_COMMITS` beyond `limit`, and whatever
    `parents` raises for a commit that is not there.
    """

    def __init__(self, parents: Parents, *, limit: int = COMMITS_PER_WALK) -> None:
        self._parents = parents
        self._limit = limit
        self._generations: dict[str, int] = {}

    def first_parents(self, head: str, anchor: str) -> list[str]:
        """The first-parent commits from `anchor` (left out) to `head`, oldest first.

        Raises:
            RefusedError: code `NOT_FIRST_PARENT` if `anchor` is an ancestor of `head` but not
                on its main line, `NOT_DESCENDANT` if it is no ancestor at all.
        """
        line: list[str] = []
        oid = head
        while oid != anchor:
            line.append(oid)
            self._bound(len(line))
            parents = self._parents(oid)
            if not parents:
                raise self._off_the_line(head, anchor)
            oid = parents[0]
        line.reverse()
        return line

    def is_ancestor(self, ancestor: str, oid: str) -> bool:
        """Whether `ancestor` is `oid` or reachable from it; it need not exist."""
        seen = {oid}
        queue = [oid]
        while queue:
            current = queue.pop()
            if current == ancestor:
                return True
            for parent in self._parents(current):
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)
            self._bound(len(seen))
        return False

    def new_commits(self, head: str, base: str) -> list[str]:
        """The commits reachable from `head` and not from `base`, parents before children.

        The order is by distance from the roots, then by id: the same on every node and under
        every polling schedule.
        """
        if head == base:
            return []
        if tuple(self._parents(head)) == (base,):
            return [head]
        return self.beside((head,), base)

    def beside(self, heads: Iterable[str], base: str) -> list[str]:
        """The commits reachable from any of `heads` and not from `base`, ordered likewise."""
        # From the highest generation down, every commit is reached after all its children, so
        # what is known of it when it is taken from the heap is final. The walk ends when only
        # commits of `base` are left, not at the roots.
        marks = dict.fromkeys(heads, _FROM_HEAD)
        marks[base] = marks.get(base, 0) | _FROM_BASE
        heap = [(-self._generation(oid), oid) for oid in marks]
        heapq.heapify(heap)
        undecided = sum(mark == _FROM_HEAD for mark in marks.values())
        found: list[tuple[int, str]] = []
        while undecided:
            generation, oid = heapq.heappop(heap)
            mark = marks[oid]
            if mark == _FROM_HEAD:
                undecided -= 1
                found.append((-generation, oid))
            for parent in self._parents(oid):
                before = marks.get(parent)
                after = (before or 0) | mark
                if before is None:
                    self._bound(len(marks))
                    heapq.heappush(heap, (-self._generation(parent), parent))
                if after != before:
                    marks[parent] = after
                    undecided += (after == _FROM_HEAD) - (before == _FROM_HEAD)
        found.sort()
        return [oid for _, oid in found]

    def _generation(self, oid: str) -> int:
        """One more than the greatest generation among the parents; 0 for a root."""
        known = self._generations
        if oid in known:
            return known[oid]
        stack = [oid]
        started: set[str] = set()
        while stack:
            current = stack[-1]
            parents = self._parents(current)
            missing = [parent for parent in parents if parent not in known]
            if missing and current not in started:
                started.add(current)
                self._bound(len(started))
                stack.extend(missing)
                continue
            stack.pop()
            known[current] = max((known[parent] for parent in parents), default=-1) + 1
        return known[oid]

    def _off_the_line(self, head: str, anchor: str) -> RefusedError:
        if self.is_ancestor(anchor, head):
            return RefusedError(
                f"the anchor {anchor[:12]} was merged into {head[:12]} from the side",
                code="NOT_FIRST_PARENT",
                remedy="merge the other way round: on the main line, merge the branch into it",
            )
        return RefusedError(
            f"{head[:12]} does not descend from the anchor {anchor[:12]}",
            code="NOT_DESCENDANT",
            remedy="put the branch back on top of the anchor; history is not rewritten",
        )

    def _bound(self, visited: int) -> None:
        if visited > self._limit:
            raise RefusedError(
                f"the walk would visit more than {self._limit} commits", code="TOO_MANY_COMMITS"
            )


def first_parents(parents: Parents, head: str, anchor: str) -> list[str]:
    """`Graph.first_parents` for one question."""
    return Graph(parents).first_parents(head, anchor)


def new_commits(parents: Parents, head: str, base: str) -> list[str]:
    """`Graph.new_commits` for one question."""
    return Graph(parents).new_commits(head, base)
