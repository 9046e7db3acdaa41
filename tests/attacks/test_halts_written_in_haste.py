"""Halts written by hand and in haste: the tree is refused for how they look, and they land.

What they halt is read for stopping only. It approves nothing, and a quorum takes it back as any.
"""

from pathlib import Path

import pytest

from tests.attacks.changes import LOOSER
from tests.attacks.door import knock
from tests.attacks.spoiling import by_ada, renamed
from tests.governance.fund import OVERLAY, Fund, capital, halted, switch
from tests.governance.office import Office
from tests.governance.office import halted as office_halted
from tests.governance.simulator import MAIN, Content

HALTS = "environments/prod/halts"
LANE = "refs/vanta/halts/stop"
STOP = switch("stop")
NAMES = ("stop.yml", "Stop.yaml", "stop.YAML", "STOP_1.Yml", "stop now.yaml")
TEXTS: dict[str, Content] = {
    "with CRLF": STOP.replace("\n", "\r\n"),
    "with a BOM": "\ufeff" + STOP,
    "with both": "\ufeff" + STOP.replace("\n", "\r\n"),
}
HASTY: dict[str, dict[str, Content]] = {
    **{name: {f"{HALTS}/{name}": STOP} for name in NAMES},
    **{how: {f"{HALTS}/stop.yaml": text} for how, text in TEXTS.items()},
    "all at once": {f"{HALTS}/Stop.YML": TEXTS["with both"]},
}
hasty = pytest.mark.parametrize("files", HASTY.values(), ids=HASTY.keys())
where = pytest.mark.parametrize("ref", [MAIN, LANE], ids=["main", "lane"])


@hasty
@where
def test_it_halts(fund: Fund, files: dict[str, Content], ref: str) -> None:
    fund.change(files, by="olga", ref=ref)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)
    # On the branch it says why the tree is not taken as it stands; beside it there is none.
    assert answer.reason not in ({None, "HALTED"} if ref == MAIN else {None})


@hasty
@where
@pytest.mark.parametrize("by", ["mallory", "carol", None])
def test_it_halts_nothing_for_whoever_may_not(
    fund: Fund, files: dict[str, Content], ref: str, by: str | None
) -> None:
    fund.change(files, by=by, ref=ref)
    assert not halted(knock(fund).policy)


@hasty
@where
def test_early_or_late_it_ends_the_same(fund: Fund, files: dict[str, Content], ref: str) -> None:
    """Seen alone, or under what was pushed on top of it and took it away again."""
    base = fund.sim.head()
    fund.change(files, by="olga", ref=ref)
    early = knock(fund).policy
    gone = dict.fromkeys(files) if ref == MAIN else {}
    fund.change({**LOOSER, **gone}, by="ada", approve=True, parents=[fund.sim.head()])
    late = knock(fund)
    again = knock(fund, applied=base)
    assert halted(early)
    assert late.policy == again.policy == early
    assert capital(late.policy) == 1000


@hasty
def test_a_quorum_takes_it_back(fund: Fund, files: dict[str, Content]) -> None:
    """A quorum takes it back by taking it away."""
    fund.change(files, by="olga")
    fund.change(dict.fromkeys(files), by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert not halted(answer.policy)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_nothing_else_is_read_in_haste(fund: Fund, text: Content) -> None:
    """Neither the overlay beside the halts, nor a halt for approving it."""
    fund.change({OVERLAY: text}, by="olga")
    assert not halted(knock(fund).policy)
    fund.sim.point(MAIN, fund.introduction)
    fund.change({f"{HALTS}/stop.yaml": text, **LOOSER}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert capital(answer.policy) == 1000
    assert halted(answer.policy)


@pytest.mark.parametrize("name", ["A\u200dda", "Ada\u200c", "A\u202eda", "\x1b[2JAda", "Ada\r"])
@where
def test_a_signer_with_a_strange_name_halts(fund: Fund, name: str, ref: str) -> None:
    """People are known by their address; who reads the name may be shown another one."""
    head = fund.sim.head()
    files = {**fund.sim.files(head), f"{HALTS}/stop.yaml": STOP}
    payload = fund.sim.payload(
        tree=fund.sim.tree(files), parents=[head], committer=fund.person("ada")
    )
    raw = by_ada(renamed(name.encode()))(fund, payload)
    fund.sim.raw_commit(raw, files=files, ref=ref)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)


@pytest.mark.parametrize("name", ["Stop.YML", "stop.yaml"])
def test_at_the_desk_it_is_taken_back_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    office = Office(tmp_path)
    desk = office.desk("grace")
    file = f"environments/dev/halts/{name}"
    for at, ref in ((office.head(), "refs/vanta/halts/mine"), (office.head(), "refs/heads/main")):
        tree = desk.clone.tree_with(at, {file: STOP.replace("\n", "\r\n").encode()})
        commit = desk.sign(tree, [at], f"Stop {ref}", desk.signer_below(at))
        desk.clone.push_ref("origin", commit, ref)
    assert office_halted(office.verdict())
    resumed = office.desk("ada").resume((), "fine", "origin", "main")
    assert resumed.files == (file,)
    office.desk("alan").approve()
    office.push("alan")
    assert not office_halted(office.verdict())
