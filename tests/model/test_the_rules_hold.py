"""Search for a history that the rules do not survive: all small ones, and large ones by chance.

A search that finds nothing says something only because `test_every_rule_is_needed.py` finds
something in the same worlds as soon as any one rule is gone.
"""

import random
from itertools import product

import pytest

from tests.model.graphs import World, by_chance, every
from tests.model.over_time import clocked, laned, latched, presented, scheduled
from tests.model.properties import violations
from tests.model.rules import ALL, State, introduced, step
from tests.model.terms import History, Policy
from tests.model.told import told
from tests.model.worlds import MIXED, WORLDS

LARGE = {
    "signers",
    "revocation",
    "revoked beside",
    "joining",
    "leaving",
    "expired",
    "time",
    "ending halt",
    "lane and keys",
}


def _searched(world: World, size: int) -> int:
    histories = 0
    for history, found in every(world, size):
        histories += 1
        assert not found, f"{found}:\n{told(history)}"
    return histories


@pytest.mark.parametrize("name", WORLDS)
def test_every_history_of_four_commits_or_fewer(name: str) -> None:
    size = 2 if name in LARGE else 3
    assert _searched(WORLDS[name], size) > 100


@pytest.mark.slow
def test_every_history_of_five_commits_of_two_trees_in_which_everybody_approves() -> None:
    world = WORLDS["fences"]
    labels = [label for label in world.labels if label.approves or label.signer is None]
    assert _searched(World(world.trees[:2], labels, alike="AB"), 4) > 90_000


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", sorted(LARGE))
def test_every_history_of_four_commits_of_a_large_world(name: str) -> None:
    assert _searched(WORLDS[name], 3) > 20_000


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["fences", "halted", "raised", "latch", "lane"])
def test_every_history_of_five_commits(name: str) -> None:
    assert _searched(WORLDS[name], 4) > 300_000


def _by_chance(seed: int, histories: int) -> None:
    chance = random.Random(seed)
    for _ in range(histories):
        world = chance.choice(chance.choice([tuple(WORLDS.values()), MIXED]))
        history = by_chance(world, chance.randint(4, 7), chance)
        before = introduced(history)
        for c in history.line(len(history.commits) - 1)[1:]:
            after = step(history, before, c)
            found = violations(history, before, after)
            assert not found, f"{found} at {c}:\n{told(history)}"
            before = after


def test_histories_of_five_to_eight_commits_by_chance() -> None:
    _by_chance(seed=3, histories=4_000)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_many_histories_of_five_to_eight_commits_by_chance() -> None:
    _by_chance(seed=4, histories=40_000)


def _any_schedule(history: History, _: State, after: State) -> list[str]:
    return scheduled(history, after.at)


@pytest.mark.parametrize("name", ["fences", "time", "joining"])
def test_every_fetch_schedule_and_every_restart_ends_alike(name: str) -> None:
    size = 3 if name == "fences" else 2
    for history, found in every(WORLDS[name], size, judge=_any_schedule):
        assert not found, f"{found}:\n{told(history)}"


def test_every_fetch_schedule_of_large_histories_ends_alike() -> None:
    chance = random.Random(5)
    for _ in range(500):
        history = by_chance(chance.choice(MIXED), chance.randint(4, 7), chance)
        found = scheduled(history, len(history.commits) - 1)
        assert not found, f"{found}:\n{told(history)}"


def test_whichever_head_a_node_is_shown_next_it_forgets_nothing() -> None:
    for history, found in every(
        WORLDS["halted"], 3, judge=lambda history, _, __: presented(history)
    ):
        assert not found, f"{found}:\n{told(history)}"


@pytest.mark.parametrize("name", ["lane", "lane and keys"])
def test_a_lane_halt_outlives_whatever_main_does_short_of_a_quorum(name: str) -> None:
    for history, found in every(WORLDS[name], 3, judge=lambda history, _, __: laned(history)):
        assert not found, f"{found}:\n{told(history)}"


def test_a_latch_outlives_every_approval_from_before_it() -> None:
    def judge(history: History, _: State, after: State) -> list[str]:
        return latched(history, after.at)

    for history, found in every(WORLDS["latch"], 3, judge=judge):
        assert not found, f"{found}:\n{told(history)}"


def test_no_clock_brings_back_what_ended_or_ends_a_halt() -> None:
    policies = [Policy(raised, halted) for raised, halted in product(range(4), repeat=2)]
    readings = list(product(range(4), (True, False)))
    for policy, read in product(policies, product(readings, repeat=3)):
        assert not clocked(policy, read, ALL), (policy, read)
