"""Halts that must land: whatever is on `main`, a halt that somebody may give is in force."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.door import knock
from tests.attacks.planting import (
    EXECUTABLE,
    FILE,
    FOLDER,
    LINK,
    SUBMODULE,
    Entry,
    commit_of,
    planted,
)
from tests.governance.fund import MOMENTUM, Fund, authority, halted, switch, vault
from tests.governance.simulator import MAIN
from vanta.domain.instant import HOUR
from vanta.governance.documents.read import AUTHORITY

HALTS = "environments/prod/halts"


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


# On a poisoned main, by what lies in the halts' own folder or looks like its path.

Plant = Callable[[Fund], dict[str, list[Entry]]]


def _blob(fund: Fund, content: bytes = b"x") -> str:
    return fund.sim.write("blob", content)


def _deep(fund: Fund) -> str:
    tree = fund.sim.tree({"a": "x"})
    for _ in range(20):
        tree = fund.sim.raw_tree([(FOLDER, b"d", tree)])
    return tree


POISON: dict[str, Plant] = {
    "a link beside it": lambda f: {HALTS: [(LINK, b"z.yaml", _blob(f))]},
    "a submodule beside it": lambda f: {HALTS: [(SUBMODULE, b"z", f.introduction)]},
    "an executable beside it": lambda f: {HALTS: [(EXECUTABLE, b"z.yaml", _blob(f))]},
    "a name that is not ASCII": lambda f: {HALTS: [(FILE, "z\u00e9.yaml".encode(), _blob(f))]},
    "a name that is not text": lambda f: {HALTS: [(FILE, b"\xff.yaml", _blob(f))]},
    "a name like its own": lambda f: {HALTS: [(FILE, b"STOP.yaml", _blob(f))]},
    "a file too large": lambda f: {HALTS: [(FILE, b"z.yaml", _blob(f, b"x" * (1 << 20) + b"x"))]},
    "too many files": lambda f: {
        HALTS: [(FILE, b"z%04d.yaml" % at, _blob(f)) for at in range(4_001)]
    },
    "folders too deep": lambda f: {HALTS: [(FOLDER, b"z", _deep(f))]},
    "a folder like its own": lambda f: {
        "environments/prod": [(FOLDER, b"HALTS", f.sim.tree({"a": "x"}))]
    },
    "an environment like its own": lambda f: {
        "environments": [(FOLDER, b"Prod", f.sim.tree({"a": "x"}))]
    },
    "an environment with a dot": lambda f: {
        "environments": [(FOLDER, b"prod.", f.sim.tree({"a": "x"}))]
    },
    "environments like its own": lambda f: {"": [(LINK, b"Environments", _blob(f))]},
}


@pytest.mark.parametrize("plant", POISON.values(), ids=POISON.keys())
def test_a_halt_lands_whatever_somebody_left_beside_it(fund: Fund, plant: Plant) -> None:
    """Anybody who can push can leave it there, and ordinary commits on top keep it."""
    sim, before = fund.sim, fund.sim.files(fund.introduction)
    plants = plant(fund)
    commit_of(fund, planted(sim, before, plants), by=None, files=before)
    after = {**before, fund.halt("stop"): switch("stop")}
    commit_of(fund, planted(sim, after, plants), by="olga", files=after)
    answer = knock(fund)
    assert halted(answer.policy)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)


LANE = "refs/vanta/halts/stop"


@pytest.mark.parametrize("ref", [MAIN, LANE], ids=["main", "lane"])
@pytest.mark.parametrize(
    "folder", ["", "environments", "environments/prod", HALTS], ids=lambda folder: folder or "root"
)
def test_a_halt_lands_in_however_large_a_folder(fund: Fund, folder: str, ref: str) -> None:
    """A push of a few hundred bytes: thirty thousand names of one blob."""
    sim, before = fund.sim, fund.sim.files(fund.introduction)
    junk = [(FILE, b"junk-%05d" % at, _blob(fund)) for at in range(30_000)]
    commit_of(fund, planted(sim, before, {folder: junk}), by=None, files=before)
    after = {**before, fund.halt("stop"): switch("stop")}
    commit_of(fund, planted(sim, after, {folder: junk}), by="olga", files=after, ref=ref)
    answer = knock(fund)
    assert halted(answer.policy)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)


# A node that folds it again.


@pytest.mark.parametrize(
    "ref",
    [
        "kept",
        "deleted",
    ],
)
def test_a_halt_of_somebody_who_left_is_not_resolved_by_one_who_never_saw_it(
    fund: Fund, ref: str
) -> None:
    """It stands on the lane by the authority of its time; on `main` nobody knows its key now.

    So whoever merges it without its file drops it there, and the next thing applied, by anybody,
    counts as having taken it back, on every node that was not there when it was given.
    """
    halt = fund.change(
        {fund.halt("stop"): switch("stop")}, by="olga", parents=[fund.introduction], ref=LANE
    )
    keys = {**fund.keys, "olga": [fund.person("olga2").key.openssh]}
    fund.change({AUTHORITY: authority(keys)}, by="ada", approve=True)
    fund.approve("grace")
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by=None, parents=[main, halt])
    if ref == "deleted":
        (fund.sim.path / LANE).unlink()
    assert halted(knock(fund).policy)
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    assert halted(knock(fund).policy)


@pytest.mark.parametrize("people", [["olga"], ["ada", "grace"]])
def test_a_halt_made_by_a_web_edit_and_approved_is_not_lost_by_folding_it_again_later(
    fund: Fund, people: list[str]
) -> None:
    """The forge's commit is nobody's, so only the approvals give the halt, and they end."""
    fund.change({fund.halt("stop"): switch("stop")}, by=None)
    for person in people:
        fund.approve(person)
    assert halted(knock(fund).policy)
    assert halted(knock(fund, now=fund.now + 80 * HOUR).policy)
