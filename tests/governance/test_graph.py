"""The two walks, against their definitions on every kind of graph."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.graph import Graph, first_parents, new_commits

Dag = dict[str, tuple[str, ...]]

#   r - a - b - m - z      main: r a b m z
#        \     /
#         s - t
MERGED: Dag = {
    "r": (),
    "a": ("r",),
    "b": ("a",),
    "s": ("a",),
    "t": ("s",),
    "m": ("b", "t"),
    "z": ("m",),
    "x": (),
}


@st.composite
def dags(draw: st.DrawFn) -> Dag:
    dag: Dag = {}
    for number in range(draw(st.integers(1, 12))):
        older = st.sampled_from([f"c{earlier}" for earlier in range(number)] or ["none"])
        parents = draw(st.lists(older, max_size=3, unique=True)) if number else []
        dag[f"c{number}"] = tuple(parents)
    return dag


def reachable(dag: Dag, oid: str) -> set[str]:
    found: set[str] = set()
    waiting = [oid]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(dag[current])
    return found


class TestFirstParents:
    @pytest.mark.parametrize(
        ("head", "anchor", "expected"),
        [("z", "z", ""), ("z", "m", "z"), ("z", "r", "abmz"), ("m", "b", "m"), ("t", "a", "st")],
    )
    def test_oldest_first_without_the_anchor(self, head: str, anchor: str, expected: str) -> None:
        assert first_parents(MERGED.__getitem__, head, anchor) == list(expected)

    @pytest.mark.parametrize(
        ("head", "anchor", "code"),
        [
            ("z", "t", "NOT_FIRST_PARENT"),
            ("m", "s", "NOT_FIRST_PARENT"),
            ("b", "m", "NOT_DESCENDANT"),
            ("z", "x", "NOT_DESCENDANT"),
            ("z", "never seen", "NOT_DESCENDANT"),
        ],
    )
    def test_why_the_anchor_is_not_on_the_line(self, head: str, anchor: str, code: str) -> None:
        with pytest.raises(RefusedError) as caught:
            first_parents(MERGED.__getitem__, head, anchor)
        assert caught.value.code == code
        assert caught.value.remedy


class TestNewCommits:
    @pytest.mark.parametrize(
        ("head", "base", "expected"),
        [
            ("z", "z", ""),
            ("z", "m", "z"),
            ("m", "b", "stm"),
            ("m", "t", "bm"),
            ("z", "a", "bstmz"),
            ("b", "z", ""),
            ("b", "t", "b"),
            ("m", "x", "rabstm"),
        ],
    )
    def test_parents_come_before_children(self, head: str, base: str, expected: str) -> None:
        assert new_commits(MERGED.__getitem__, head, base) == list(expected)

    @given(dags(), st.data())
    def test_is_exactly_what_base_cannot_reach(self, dag: Dag, data: st.DataObject) -> None:
        """One graph asked many questions answers each as a fresh one does."""
        graph = Graph(dag.__getitem__)
        commits = st.sampled_from(sorted(dag))
        for _ in range(4):
            head, base = data.draw(commits), data.draw(commits)
            found = graph.new_commits(head, base)

            assert set(found) == reachable(dag, head) - reachable(dag, base)
            assert len(found) == len(set(found))
            assert found == new_commits(dag.__getitem__, head, base)
            place = {oid: at for at, oid in enumerate(found)}
            for oid in found:
                assert all(place[parent] < place[oid] for parent in dag[oid] if parent in place)
            assert graph.is_ancestor(base, head) == (base in reachable(dag, head))

    def test_does_not_depend_on_the_order_the_graph_was_asked_in(self) -> None:
        first, second = Graph(MERGED.__getitem__), Graph(MERGED.__getitem__)
        first.new_commits("t", "r")
        first.new_commits("z", "x")
        assert first.new_commits("m", "r") == second.new_commits("m", "r")

    def test_looks_at_no_more_than_it_must(self) -> None:
        """One more commit on a long line costs one look, not the line's length."""
        asked: list[str] = []

        def parents(oid: str) -> tuple[str, ...]:
            asked.append(oid)
            return (str(int(oid) - 1),)

        assert new_commits(parents, "1000000", "999999") == ["1000000"]
        assert asked == ["1000000"]

    def test_a_merge_late_on_a_long_line_is_cheap_once_the_line_is_known(self) -> None:
        length = 5_000
        dag: Dag = {str(at): (str(at - 1),) if at else () for at in range(length)}
        dag |= {"side": (str(length - 3),), "merge": (str(length - 1), "side")}
        asked: list[str] = []

        def parents(oid: str) -> tuple[str, ...]:
            asked.append(oid)
            return dag[oid]

        graph = Graph(parents)
        assert graph.new_commits("merge", str(length - 1)) == ["side", "merge"]
        asked.clear()
        assert graph.new_commits("merge", str(length - 1)) == ["side", "merge"]
        assert len(asked) < 10


@pytest.mark.parametrize(
    "walk",
    [
        lambda graph: graph.first_parents("99", "0"),
        lambda graph: graph.new_commits("99", "0"),
        lambda graph: graph.is_ancestor("none", "99"),
    ],
)
def test_every_walk_is_bounded(walk: Callable[[Graph], object]) -> None:
    line: Dag = {str(at): (str(at - 1),) if at else () for at in range(100)}
    walk(Graph(line.__getitem__, limit=200))
    with pytest.raises(RefusedError) as caught:
        walk(Graph(line.__getitem__, limit=50))
    assert caught.value.code == "TOO_MANY_COMMITS"


def test_a_missing_commit_is_the_error_of_whoever_keeps_them() -> None:
    def parents(oid: str) -> tuple[str, ...]:
        if oid == "r":
            raise UnavailableError("gone", code="MISSING_OBJECT")
        return MERGED[oid]

    with pytest.raises(UnavailableError) as caught:
        new_commits(parents, "m", "x")
    assert caught.value.code == "MISSING_OBJECT"
