"""Fetching refs piecemeal: what cannot be had costs itself, and nobody waits for ever."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.piecemeal import MOST_RUNS, Piecemeal


class Forge:
    """Another side that has refs, some of which cannot be fetched."""

    def __init__(self) -> None:
        self.refs: dict[str, str] = {}
        self.bad: set[str] = set()
        self.now = 0.0
        self.cost = 0.0
        self.asked: list[tuple[str, ...]] = []
        self.piecemeal = Piecemeal(10, 30.0, lambda: self.now)

    def add(self, *names: str, bad: bool = False) -> None:
        self.refs |= {name: f"oid of {name}" for name in names}
        self.bad |= set(names) if bad else set()

    def ask(self, names: Sequence[str], _: float) -> Mapping[str, str]:
        self.asked.append(tuple(names))
        self.now += self.cost
        if self.bad & set(names):
            raise RefusedError("too large", code="FETCH_TOO_LARGE")
        return {name: self.refs[name] for name in names}

    def look(self, holds: Callable[[str], bool] = lambda _: False) -> set[str]:
        self.asked.clear()
        came = self.piecemeal.look(self.refs, self.ask, lambda oids: set(filter(holds, oids)))
        self.missed = came.missed.code if came.missed else ""
        return set(came.refs)


@pytest.fixture
def forge() -> Forge:
    return Forge()


def test_what_came_once_is_not_asked_for_again(forge: Forge) -> None:
    forge.add("a", "b")
    assert forge.look() == {"a", "b"}
    forge.add("c")
    assert forge.look() == {"a", "b", "c"}
    assert forge.asked == [("c",)]
    assert forge.look() == {"a", "b", "c"}
    assert forge.asked == []


def test_what_is_there_already_is_not_asked_for(forge: Forge) -> None:
    forge.add("a", "b")
    assert forge.look(lambda oid: oid == "oid of a") == {"a", "b"}
    assert forge.asked == [("b",)]


def test_many_names_of_one_commit_are_one(forge: Forge) -> None:
    forge.refs = {f"{number:03d}": "one" for number in range(500)}
    assert len(forge.look()) == 500
    assert forge.asked == [("000",)]
    assert forge.missed == "TOO_MANY_REFS"


def test_a_ref_that_is_gone_is_forgotten_and_one_that_moved_is_new(forge: Forge) -> None:
    forge.add("a", "b")
    forge.look()
    del forge.refs["b"]
    forge.refs["a"] = "another"
    assert forge.look() == {"a"}
    assert forge.asked == [("a",)]


def test_a_ref_that_moves_meanwhile_is_told_as_it_came(forge: Forge) -> None:
    forge.add("a")
    came = forge.piecemeal.look({"a": "before"}, forge.ask, lambda _: set())
    assert came.refs == {"a": "oid of a"}


def test_what_cannot_be_had_costs_itself(forge: Forge) -> None:
    forge.add(*(f"{number}" for number in range(8)), "stop")
    forge.add("4", bad=True)
    assert forge.look() == forge.refs.keys() - {"4"}
    assert forge.missed == "FETCH_TOO_LARGE"


def test_what_is_alone_is_tried_again_ever_more_seldom(forge: Forge) -> None:
    forge.add("a", bad=True)
    tried = []
    for _ in range(4_000):
        forge.look()
        tried += [forge.now] * len(forge.asked)
        forge.now += 1
    assert tried[:5] == [0, 1, 3, 7, 15]
    assert max(later - one for one, later in pairwise(tried)) == 600
    forge.bad.clear()
    forge.now += 600
    assert forge.look() == {"a"}
    assert forge.missed == ""


def test_a_halt_amid_many_that_cannot_be_had_is_heard_after_some_looks(forge: Forge) -> None:
    forge.add(*(f"{number:03d}" for number in range(100)), bad=True)
    forge.add("050-stop")
    for _ in range(12):
        if "050-stop" in forge.look():
            break
        assert len(forge.asked) <= MOST_RUNS
        forge.now += 1
    assert "050-stop" in forge.look()


@pytest.mark.parametrize(("each_time", "bad"), [(20, True), (200, False)])
def test_a_halt_is_heard_while_others_come_faster_than_they_can_be_fetched(
    forge: Forge, each_time: int, *, bad: bool
) -> None:
    forge.cost = 1.0
    for look in range(100):
        forge.add(*(f"{look:03d}-{number:03d}" for number in range(each_time)), bad=bad)
        if look == 2:
            forge.add("stop")
        if "stop" in forge.look():
            break
    else:
        pytest.fail("it was never heard")


def test_what_failed_for_the_forge_is_heard_while_others_come_faster(forge: Forge) -> None:
    forge.cost = 1.0
    forge.add("stop", bad=True)
    forge.look()
    forge.bad.clear()
    for look in range(9):
        forge.add(*(f"{look:03d}-{number:03d}" for number in range(200)))
        forge.now += 1
        if "stop" in forge.look():
            return
    pytest.fail("it was never heard")


def test_a_look_ends_in_time(forge: Forge) -> None:
    forge.cost = 4.0
    forge.add(*(f"{number:03d}" for number in range(100)), bad=True)
    forge.look()
    assert forge.now <= 10 + forge.cost


def test_what_is_given_up_is_tried_again(forge: Forge) -> None:
    forge.add("a", "b")

    def give_up(_: Sequence[str], __: float) -> Mapping[str, str]:
        raise UnavailableError("given up", code="FETCH_ABORTED")

    came = forge.piecemeal.look(forge.refs, give_up, lambda _: set())
    assert came.refs == {}
    assert came.missed is not None
    assert forge.look() == {"a", "b"}
    assert forge.missed == ""


def test_long_names_make_smaller_groups(forge: Forge) -> None:
    forge.add(*(f"{number}{'x' * 20_000}" for number in range(5)))
    assert len(forge.look()) == 5
    assert [len(group) for group in forge.asked] == [2, 2, 1]
