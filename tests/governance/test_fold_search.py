"""The rules of the walk, searched: no schedule, graph or order of signatures gets around them.

Each property is also tried with one rule taken out, and the search must then find a way: a rule
without which nothing goes wrong would not be worth its place, and a search that misses it finds
nothing else either.
"""

from collections.abc import Callable, Iterator
from types import ModuleType

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from tests.governance.fund import Fund
from tests.governance.histories import (
    HALTED,
    Move,
    Told,
    halt_lost,
    histories,
    loosened_short_of_a_quorum,
    told,
)
from tests.governance.simulator import START
from vanta.domain.encoding import decode, encode
from vanta.governance import approvals, restraint
from vanta.governance import fold as fold_module
from vanta.governance.authority import Authority
from vanta.governance.fold import fold
from vanta.governance.walk import COUNTS, Objects, Seen

Check = Callable[[Fund, Told], bool]


@pytest.fixture(scope="module")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fund]:
    made = Fund(tmp_path_factory.mktemp("fund"))
    yield made
    made.repository.close()


quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(history=histories, stops=st.lists(st.integers(0, 9), max_size=4))
def test_every_polling_schedule_and_restart_ends_at_the_same_bytes(
    fund: Fund, history: list[Move], stops: list[int]
) -> None:
    line = told(fund, history).main
    at_once = [fund.state, *(s.state for s in fold(fund.state, line[-1], fund.history, START))]
    state = fund.state
    for stop in [*sorted({stop for stop in stops if stop < len(line)}), len(line) - 1]:
        for step in fold(state, line[stop], fund.history, START):
            state = step.state
        # A restart: what is known is what can be read back.
        state = decode(type(state), encode(state))
        assert encode(state) == encode(at_once[stop])


@quick
@given(history=histories)
def test_no_limit_rises_without_two_explicit_approvals(fund: Fund, history: list[Move]) -> None:
    assert not loosened_short_of_a_quorum(fund, told(fund, history))


@quick
@given(history=histories)
def test_no_halt_ends_by_approvals_that_precede_it(fund: Fund, history: list[Move]) -> None:
    assert not halt_lost(fund, told(fund, history))


def _nothing(*_: object) -> tuple[list[object], list[object]]:
    return [], []


_judged = approvals.seen


def _by_signature(
    authority: Authority, environment: str, oid: str, objects: Objects, now: int
) -> Seen:
    """Every signature approves the tree it is on."""
    found = _judged(authority, environment, oid, objects, now)
    return msgspec.structs.replace(found, approval=COUNTS) if found.signer else found


def _never_moves(*_: object) -> bool:
    return False


def _differs_from_all_parents(oid: str, objects: Objects, _environment: str) -> bool:
    """R5 with a merge forgiven that equals one of its parents, and other approvals overlooked."""
    here = objects.digest(oid)
    return all(objects.digest(parent) != here for parent in objects.parents(oid))


def _only_what_is_in_force(*_: object) -> tuple[()]:
    """A merge judged by what it changes, and not by what it drops of what it brings in."""
    return ()


@pytest.mark.parametrize(
    ("room", "rule", "without", "lost"),
    [
        (fold_module, "seen", _by_signature, loosened_short_of_a_quorum),
        (approvals, "_moves", _never_moves, halt_lost),
        (fold_module, "_undone", _only_what_is_in_force, halt_lost),
        (restraint, "_made_by", _nothing, halt_lost),
    ],
)
def test_without_a_rule_the_search_finds_a_way(
    fund: Fund,
    monkeypatch: pytest.MonkeyPatch,
    room: ModuleType,
    rule: str,
    without: Callable[..., object],
    lost: Check,
) -> None:
    monkeypatch.setattr(room, rule, without)
    found = find(
        histories,
        lambda history: lost(fund, told(fund, history)),
        settings=settings(
            max_examples=3000,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    monkeypatch.undo()
    assert not lost(fund, told(fund, found))


def test_a_merge_that_turned_a_proposal_down_ends_the_approvals_it_had(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A halt, ada's proposal to resume, olga's merge that keeps the halt, and grace's proposal."""
    history = told(
        fund,
        [
            Move("main", 0, HALTED, "olga", approve=False),
            Move("side", 1, 0, "ada", approve=True),
            Move("merge", 2, None, "olga", approve=False),
            Move("main", 0, 0, "grace", approve=True),
        ],
    )
    assert not halt_lost(fund, history)
    monkeypatch.setattr(approvals, "_moves", _differs_from_all_parents)
    assert halt_lost(fund, history)
