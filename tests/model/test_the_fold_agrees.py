"""Thousands of histories, told to the model and made real for the fold: both say the same.

Two readings of one specification that were made apart. Where they differ one of them is wrong, and
the history that shows it is printed.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from tests.model.graphs import World, by_chance
from tests.model.node import halts, lane_halt
from tests.model.repositories import Archive, agree, of_the_fold, of_the_model, policy_of
from tests.model.rules import ALL, State, introduced, step
from tests.model.terms import REVOKED, Commit, History
from tests.model.told import told
from tests.model.worlds import BASE, BROKEN, LOOSE, MIXED, WORLDS, joined, keyed
from vanta.domain.encoding import encode
from vanta.governance import approvals, fold, restraint
from vanta.governance.authority import Authority
from vanta.governance.fold import in_force
from vanta.governance.walk import COUNTS, Objects, Seen
from vanta.governance.walk import State as Known

NOT_KEPT = frozenset({"R3 naming"})
"""Rules of the model that the fold does not keep: each has its history below."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def _walk_both(archive: Archive, history: History, head: int, rules: frozenset[str]) -> int:
    """Step by step along the line of `head`: with the lane heard early, late, and all along.

    The third node is restarted before every step.
    """
    oids = archive.write(history)
    lane = [n for n in range(len(oids)) if lane_halt(history, n)]
    refs = frozenset(oids[n] for n in lane)
    line = history.line(head)
    model, late = introduced(history), archive.introduced(oids[0])
    early, along = archive.hear(late, _standing_on(history, lane, line, 0, oids), 0), late
    for c in line[1:]:
        model = step(history, model, c, rules)
        made = archive.step(late, oids[c], model.clock)
        mine, its = of_the_model(model), of_the_fold(made, model.clock)
        assert agree(mine, made, its), (
            f"at {c} the model says\n{mine}\nand the fold, for {made.reason or 'no reason'},\n{its}"
            f"\n{told(history)}"
        )
        late = made.state
        along = archive.step(archive.restarted(along), oids[c], model.clock, refs).state
        early = archive.step(early, oids[c], model.clock).state
        early = archive.hear(early, _standing_on(history, lane, line, c, oids), model.clock)
    if model.clock == 0:
        # Looked at once, after everything, it is the same to the last byte.
        assert archive.folded(oids[0], oids[head]) == encode(late), told(history)
    _lanes_agree(archive, history, model, [early, along, late], lane, oids)
    return len(line) - 1


def _standing_on(
    history: History, lane: list[int], line: list[int], c: int, oids: list[str]
) -> list[str]:
    """The halts that stand on `c`, of the line: they can be delivered when a node is there."""
    return [oids[h] for h in lane if c == max(n for n in line if history.past[h] >> n & 1)]


def _lanes_agree(
    archive: Archive,
    history: History,
    model: State,
    states: list[Known],
    lane: list[int],
    oids: list[str],
) -> None:
    halted = any(halts(history, model, h) for h in lane) or model.policy.halted > model.clock
    heard = [archive.hear(state, [oids[h] for h in lane], model.clock) for state in states]
    for when, state in zip(("early", "all along", "late"), heard, strict=True):
        until = policy_of(in_force(state)).halted
        assert (until > model.clock) == halted, (
            f"with the lane {lane} heard {when} it is halted until {until}, "
            f"by the model {'halted' if halted else 'not'}:\n{told(history)}"
        )
    results = [(in_force(state), state.authority, state.approvals) for state in heard]
    assert results[0] == results[1] == results[2], told(history)


def _agree_on(archive: Archive, seed: int, histories: int) -> int:
    chance = random.Random(seed)
    worlds: list[World] = [*WORLDS.values(), *MIXED * 4]
    steps = 0
    for _ in range(histories):
        history = by_chance(chance.choice(worlds), chance.randint(2, 7), chance)
        head = chance.choice(history.line(len(history.commits) - 1)[1:])
        steps += _walk_both(archive, history, head, ALL - NOT_KEPT)
    return steps


@pytest.mark.timeout(300)
def test_on_histories_by_chance(archive: Archive) -> None:
    assert _agree_on(archive, seed=1, histories=1_500) > 2_500


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2, 4))
def test_on_many_histories_by_chance(archive: Archive, seed: int) -> None:
    assert _agree_on(archive, seed, histories=4_000) > 6_000


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


def _nothing(*_: object) -> tuple[()]:
    return ()


def _nothing_made(*_: object) -> tuple[list[object], list[object]]:
    return [], []


def _always_alone(*_: object) -> bool:
    return True


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("room", "rule", "without"),
    [
        (fold, "seen", _by_signature),
        (approvals, "_moves", _never_moves),
        (approvals, "_moves", _differs_from_all_parents),
        (fold, "_undone", _nothing),
        (fold, "_travels_alone", _always_alone),
        (restraint, "_made_by", _nothing_made),
        (restraint, "_halts_added", _nothing),
    ],
)
def test_on_a_weaker_fold_they_do_not_agree(
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    room: ModuleType,
    rule: str,
    without: Callable[..., object],
) -> None:
    monkeypatch.setattr(room, rule, without)
    with pytest.raises(AssertionError):
        _agree_on(archive, seed=1, histories=1_500)


# Histories that turn on one rule each; of the last the fold has another reading.

TAKEN_BACK = keyed(("A", REVOKED), tree=joined("D"))
DIFFERENT: dict[str, History] = {
    "R2 revoked first": History.of(
        [
            Commit((), BASE),
            Commit((0,), TAKEN_BACK, "B", TAKEN_BACK),
            Commit((0, 1), TAKEN_BACK, "A", TAKEN_BACK),
        ]
    ),
    "R2 revoked beside": History.of(
        [
            Commit((), BASE),
            Commit((0,), TAKEN_BACK, "B", TAKEN_BACK),
            Commit((0,), TAKEN_BACK, "A", TAKEN_BACK),
            Commit((1, 2), TAKEN_BACK),
            Commit((0, 3), TAKEN_BACK),
        ]
    ),
    "R3 naming": History.of(
        [
            Commit((), BASE),
            Commit((0,), LOOSE, "A", LOOSE),
            Commit((1,), LOOSE),
            Commit((2,), LOOSE, "B", LOOSE),
        ]
    ),
    "R3 unreadable": History.of([Commit((), LOOSE), Commit((0,), BROKEN), Commit((1,), BASE, "A")]),
}


@pytest.mark.parametrize("rule", sorted(DIFFERENT.keys() - NOT_KEPT))
def test_on_a_history_that_turns_on_one_rule(archive: Archive, rule: str) -> None:
    history = DIFFERENT[rule]
    _walk_both(archive, history, len(history.commits) - 1, ALL - NOT_KEPT)


def test_they_differ_where_nobody_repeats_a_tree_and_nowhere_else(archive: Archive) -> None:
    """Decision 16: what changes nothing governed needs no naming, be it a merge or not."""
    history = DIFFERENT["R3 naming"]
    with pytest.raises(AssertionError):
        _walk_both(archive, history, len(history.commits) - 1, ALL)
    _walk_both(archive, history, len(history.commits) - 1, ALL - NOT_KEPT)
