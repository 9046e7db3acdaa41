"""Halts that must land: whatever is on `main`, a halt that somebody may give is in force."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.changes import stop
from tests.attacks.clone import Clone
from tests.attacks.door import Answer, knock
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
from tests.governance.fund import (
    CRYPTO,
    MOMENTUM,
    OVERLAY,
    Fund,
    authority,
    capital,
    document,
    halted,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content, run_git
from vanta.domain.instant import HOUR
from vanta.governance.documents.read import AUTHORITY

HALTS = "environments/prod/halts"
LANE = "refs/vanta/halts/stop"


def check_lands(fund: Fund, reason: str | None, repository: Path | None = None) -> Answer:
    """Halted, and said so."""
    answer = knock(fund, repository)
    assert answer == ("tightened", reason, 3)
    assert halted(answer.policy)
    return answer


# On a poisoned main, by who made the poison.


def _unsigned(fund: Fund) -> None:
    fund.change({MOMENTUM: vault("momentum", capital=4999)}, by=None)


def _foreign(fund: Fund) -> None:
    fund.change({MOMENTUM: vault("momentum", capital=4999)}, by="mallory", approve=True)


def _half_approved(fund: Fund) -> None:
    fund.change({MOMENTUM: vault("momentum", capital=4999)}, by="ada", approve=True)


def _no_commit_of_ours(fund: Fund) -> None:
    payload = fund.sim.payload(tree=fund.sim.tree({}), parents=[fund.sim.head()])
    fund.sim.raw_commit(payload.replace(b"\nauthor", b"\nx\nauthor"), files={}, ref=MAIN)


def _everything_gone(fund: Fund) -> None:
    fund.tree({}, by=None)


def _authority_swapped(fund: Fund) -> None:
    keys = {name: [fund.mallory.key.openssh] for name in ("olga",)}
    fund.change({AUTHORITY: authority({**fund.keys, **keys})}, by="mallory", approve=True)


def _pretended(fund: Fund) -> None:
    fund.change(stop(fund), by=None)
    fund.change({fund.halt("stop"): None}, by=None)


@pytest.mark.parametrize("ref", [MAIN, LANE], ids=["main", "lane"])
@pytest.mark.parametrize(
    "poison",
    [_unsigned, _foreign, _half_approved, _no_commit_of_ours, _everything_gone,
     _authority_swapped, _pretended],
)  # fmt: skip
def test_on_a_poisoned_main(fund: Fund, poison: Callable[[Fund], None], ref: str) -> None:
    poison(fund)
    before = knock(fund)
    assert capital(before.policy) == 1000
    fund.change(stop(fund), by="olga", parents=[fund.sim.head()], ref=ref)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)
    assert capital(answer.policy) == 1000


# And by what lies in the halts' own folder or looks like its path.

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


@pytest.mark.slow
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


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("folder", ["", HALTS], ids=lambda folder: folder or "root")
def test_a_halt_lands_in_however_large_a_folder_that_is_a_push_of_two_megabytes(
    fund: Fund, folder: str
) -> None:
    sim, before = fund.sim, fund.sim.files(fund.introduction)
    junk = [(FILE, b"junk-%06d" % at, _blob(fund)) for at in range(450_000)]
    commit_of(fund, planted(sim, before, {folder: junk}), by=None, files=before)
    after = {**before, fund.halt("stop"): switch("stop")}
    commit_of(fund, planted(sim, after, {folder: junk}), by="olga", files=after)
    assert halted(knock(fund).policy)


@pytest.mark.parametrize("where", ["on the main line", "merged from a branch"])
@pytest.mark.parametrize("ref", [MAIN, LANE], ids=["main", "lane"])
def test_a_halt_lands_on_however_large_a_commit(fund: Fund, ref: str, where: str) -> None:
    """A kilobyte to push: a message of a million letters, by nobody, that nobody can get past."""
    main = fund.sim.head()
    huge = fund.sim.commit(parents=[main], message="x" * 1_100_000, ref=None)
    if where == "on the main line":
        fund.sim.point(MAIN, huge)
    else:
        fund.tree(fund.sim.files(main), by=None, parents=[main, huge])
    fund.change(stop(fund), by="olga", parents=[fund.sim.head()], ref=ref)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)


@pytest.mark.parametrize("pile", [1, 9, 100])
def test_a_halt_lands_from_under_what_is_piled_on_its_ref(fund: Fund, pile: int) -> None:
    """Fast-forwards of the lane's ref, which no protection of it refuses."""
    tip = fund.change(stop(fund), by="olga", parents=[fund.introduction], ref=LANE)
    for number in range(pile):
        tip = fund.change({"README.md": f"{number}\n"}, by=None, parents=[tip], ref=LANE)
    check_lands(fund, "HALTED")


def test_a_halt_lands_from_beside_what_its_ref_was_merged_into(fund: Fund) -> None:
    """The junk is the first parent, and the halt the second."""
    halt = fund.change(stop(fund), by="olga", parents=[fund.introduction], ref=LANE)
    files = fund.sim.files(fund.introduction)
    fund.tree(files, by=None, parents=[fund.introduction, halt], ref=LANE)
    check_lands(fund, "HALTED")


def test_a_halt_lands_beside_however_many_that_somebody_else_made(fund: Fund) -> None:
    """Olga squashes a branch that she did not look through, and halts."""
    junk: dict[str, Content] = {fund.halt(f"a{n:02d}"): "spec: [" for n in range(70)}
    fund.change({**junk, **stop(fund)}, by="olga")
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)


# Behind the buttons of a forge, which sign nothing and keep no signature.


Button = Callable[[Clone, str], object]
"""What a forge does with a branch of one signed commit."""


def merge(forge: Clone, branch: str) -> None:
    forge.git("merge", "-q", "--no-ff", "--no-edit", branch)


def squash(forge: Clone, branch: str) -> None:
    forge.git("merge", "-q", "--squash", branch)
    forge.git("commit", "-q", "--no-edit")


def rebase(forge: Clone, branch: str) -> None:
    forge.git("checkout", "-q", "-B", "rebased", branch)
    forge.git("rebase", "-q", "--force-rebase", "origin/main")


def web_edit(forge: Clone, branch: str) -> None:
    forge.git("checkout", "-q", branch, "--", ".")
    forge.git("commit", "-q", "-m", "Create stop.yaml")


def delivered(fund: Fund, *, lane: bool) -> Clone:
    """Olga's halt on a branch of the forge, and on the lane too; `main` has moved since."""
    olga = Clone(fund, "olga")
    olga.branch("stop")
    olga.write(fund.halt("stop"), switch("stop"))
    olga.commit("Halt\n")
    olga.push("HEAD:refs/heads/stop", *([f"HEAD:{LANE}"] if lane else []))
    fund.change({"README.md": "meanwhile\n"}, by=None)
    return Clone(fund, None)


@pytest.mark.parametrize("button", [squash, rebase, web_edit, merge])
def test_behind_squash_rebase_merge_and_web_edit_buttons(fund: Fund, button: Button) -> None:
    forge = delivered(fund, lane=True)
    check_lands(fund, "HALTED")
    button(forge, "origin/stop")
    forge.push()
    assert fund.halt("stop") in fund.sim.files(fund.sim.head())
    check_lands(fund, "HALTED" if button is merge else "UNSIGNED")
    fund.change({"README.md": "and on\n"}, by=None)
    check_lands(fund, "HALTED" if button is merge else "QUORUM_MISSING")


@pytest.mark.parametrize("button", [squash, rebase, web_edit])
def test_a_button_alone_gives_no_halt_and_one_signature_on_top_does(
    fund: Fund, button: Button
) -> None:
    """The forge kept nobody's signature, so nobody gave it: whoever may, says so again."""
    forge = delivered(fund, lane=False)
    button(forge, "origin/stop")
    forge.push()
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert not halted(answer.policy)
    fund.approve("olga")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert halted(answer.policy)


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "main"])
def test_behind_revert_buttons(fund: Fund, *, lane: bool) -> None:
    """The revert of the merge, and of the commit itself, are nobody's."""
    forge = delivered(fund, lane=lane)
    merge(forge, "origin/stop")
    forge.push()
    check_lands(fund, "HALTED" if lane else None)
    forge.git("revert", "--no-edit", "-m", "1", "HEAD")
    forge.push()
    assert fund.halt("stop") not in fund.sim.files(fund.sim.head())
    answer = knock(fund)
    assert answer == (("tightened", "UNSIGNED", 3) if lane else ("refused", "UNSIGNED", 1))
    assert halted(answer.policy)
    assert knock(fund, applied=fund.introduction) == ("tightened", "UNSIGNED", 3)


def test_behind_a_revert_button_that_somebody_pressed_with_their_own_key(fund: Fund) -> None:
    """One signature stops; it takes two to go on."""
    fund.change(stop(fund), by="olga")
    for person in ("olga", "ada"):
        clone = Clone(fund, person)
        clone.git("revert", "--no-edit", "HEAD")
        clone.push()
        answer = knock(fund)
        assert answer == ("refused", "QUORUM_MISSING", 1)
        assert halted(answer.policy)
        fund.change(stop(fund), by="olga")


# Under unreadable YAML.


UNREADABLE: dict[str, Content] = {
    "that does not end": "spec: [unclosed\n",
    "that is no text": b"\xff\xfe\0",
    "that is empty": b"",
    "with an alias": "a: &a [1]\nb: *a\n",
    "of another kind": document("Persona", "momentum", "multiplier: 1"),
    "with a field too many": vault("momentum", more="leverage: 9"),
    "that ends below zero": vault("momentum", capital=-1),
}


@pytest.mark.parametrize("ref", [MAIN, LANE], ids=["main", "lane"])
@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
@pytest.mark.parametrize("path", [MOMENTUM, AUTHORITY, OVERLAY, f"{HALTS}/other.yaml"])
def test_under_unreadable_yaml(fund: Fund, path: str, text: Content, ref: str) -> None:
    fund.change({path: text}, by=None)
    fund.change(stop(fund), by="olga", parents=[fund.sim.head()], ref=ref)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert answer.reason
    assert halted(answer.policy)


def test_under_unreadable_yaml_that_came_in_the_same_commit(fund: Fund) -> None:
    """Somebody in a hurry breaks a vault and halts at once."""
    for text in UNREADABLE.values():
        fund.sim.point(MAIN, fund.introduction)
        fund.change({MOMENTUM: text, **stop(fund)}, by="olga")
        answer = knock(fund)
        assert (answer.verdict, answer.exit_code) == ("tightened", 3)
        assert halted(answer.policy)


# Before the next poll.


@pytest.mark.parametrize("ref", [MAIN, LANE], ids=["main", "lane"])
def test_with_ten_commits_on_top_before_the_next_poll(fund: Fund, ref: str) -> None:
    """Unsigned, signed, approved by one, broken, merged, and one that says the halt is over."""
    main = fund.sim.head()
    fund.change(stop(fund), by="olga", parents=[main], ref=ref)
    for count in range(3):
        fund.change({"README.md": f"{count}\n"}, by="ada")
        fund.change({CRYPTO: vault("crypto", capital=4000 + count)}, by=None)
        fund.change({MOMENTUM: "spec: [" if count % 2 else vault("momentum")}, by=None)
    here = fund.sim.head()
    side = fund.change({"README.md": "side\n"}, by="grace", parents=[here], ref=None)
    fund.tree(fund.sim.files(main), by="ada", approve=True, parents=[here, side])
    answer = knock(fund)
    lane = ref == LANE
    assert answer == (("tightened", "HALTED", 3) if lane else ("refused", "QUORUM_MISSING", 1))
    assert halted(answer.policy)
    assert knock(fund, applied=main) == ("tightened", answer.reason, 3)
    assert capital(answer.policy, "crypto") == 1000


# With the forge withholding, and with a protected branch.


def test_with_the_forge_withholding(fund: Fund, tmp_path: Path) -> None:
    """It shows an old head and no lane; the halt comes as a bundle, by whatever carries a file."""
    old = fund.sim.head()
    fund.change({"README.md": "newer\n"}, by="ada")
    node = tmp_path / "node.git"
    run_git(["clone", "-q", "--mirror", str(fund.sim.path), str(node)], home=tmp_path)
    run_git(["--git-dir", str(node), "update-ref", MAIN, old], home=tmp_path)
    assert knock(fund, node) == ("unchanged", None, 0)
    olga = Clone(fund, "olga")
    olga.write(fund.halt("stop"), switch("stop"))
    olga.commit("Halt\n")
    bundle = tmp_path / "stop.bundle"
    olga.git("bundle", "create", "-q", str(bundle), "HEAD")
    run_git(["--git-dir", str(node), "fetch", "-q", str(bundle), f"HEAD:{LANE}"], home=tmp_path)
    check_lands(fund, "HALTED", node)


@pytest.mark.parametrize("gone", ["the branch", "its head", "what HEAD names"])
def test_with_the_forge_withholding_the_whole_branch(fund: Fund, gone: str) -> None:
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref=LANE)
    newer = fund.change({"README.md": "newer\n"}, by=None)
    if gone == "the branch":
        (fund.sim.path / MAIN).unlink()
    elif gone == "its head":
        fund.sim.remove(newer)
    else:
        (fund.sim.path / "HEAD").write_text("ref: refs/heads/elsewhere\n")
    check_lands(fund, "MISSING_OBJECT" if gone == "its head" else "REF_MISSING")


def test_with_the_forge_withholding_what_gave_the_key(fund: Fund) -> None:
    """Olga's new key is on a main the node is not shown; her halt brings that history along."""
    old = fund.sim.head()
    spare = fund.person("olga2").key.openssh
    fund.change({AUTHORITY: authority({**fund.keys, "olga": [spare]})}, by="ada", approve=True)
    given = fund.approve("grace")
    assert knock(fund) == ("applied", None, 0)
    files = {**fund.sim.files(given), fund.halt("stop"): switch("stop")}
    payload = fund.sim.payload(
        tree=fund.sim.tree(files), parents=[given], committer=fund.person("olga")
    )
    raw = fund.sim.signed(payload, fund.person("olga2"))
    fund.sim.raw_commit(raw, files=files, ref=LANE)
    assert halted(knock(fund).policy)
    fund.sim.point(MAIN, old)
    check_lands(fund, "HALTED")


HOOK = """#!/bin/sh
while read old new ref; do
  case $ref in refs/heads/*) echo "protected: $ref needs two reviews" >&2; exit 1;; esac
done
"""


def test_with_a_protected_branch(fund: Fund) -> None:
    """The forge takes nothing on a branch without two reviews; the lane is no branch."""
    hook = fund.sim.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    olga = Clone(fund, "olga")
    olga.write(fund.halt("stop"), switch("stop"))
    olga.commit("Halt\n")
    refused = olga.push("HEAD:refs/heads/main", check=False)
    assert refused.returncode == 1
    assert "needs two reviews" in refused.stderr
    assert knock(fund) == ("unchanged", None, 0)
    olga.push(f"HEAD:{LANE}")
    check_lands(fund, "HALTED")


def test_with_a_protected_branch_that_takes_only_merges_of_its_own(fund: Fund) -> None:
    """A merge queue makes the halt wait, rebases it, and drops it: the lane stands throughout."""
    forge = delivered(fund, lane=True)
    for count in range(2):
        forge.write("README.md", f"queued {count}\n")
        forge.commit("Merge queue\n")
        forge.push()
        assert halted(knock(fund).policy)
    forge.git("fetch", "-q", "origin", LANE)
    forge.git("merge", "-q", "--no-edit", "-s", "ours", "FETCH_HEAD")
    forge.push()
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)


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
