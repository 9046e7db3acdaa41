"""Graph and approvals: a head goes on from the last one, and a merge is judged like any commit.

Where Git itself is the attacker's tool, Git itself is used.
"""

from pathlib import Path

import pytest

from tests.attacks.changes import LOOSER, OTHER, raised, stop
from tests.attacks.clone import Clone
from tests.attacks.door import knock, knock_at
from tests.governance.fund import (
    CRYPTO,
    HERE,
    MOMENTUM,
    Fund,
    capital,
    halted,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, run_git

# Heads that go back, or aside.


def test_force_push_to_an_older_signed_commit(fund: Fund) -> None:
    older = raised(fund, fund.introduction, ref=MAIN)
    newer = fund.change(stop(fund), by="olga")
    assert knock(fund) == ("tightened", None, 3)
    fund.sim.point(MAIN, older)
    answer = knock(fund, applied=newer)
    assert answer == ("refused", "NOT_DESCENDANT", 1)
    assert answer.silent


def test_force_push_to_another_commit_on_the_older_one(fund: Fund) -> None:
    older = raised(fund, fund.introduction, ref=MAIN)
    newer = fund.change(stop(fund), by="olga")
    fund.change({"README.md": "as if nothing had been\n"}, by="ada", parents=[older])
    assert knock(fund, applied=newer) == ("refused", "NOT_DESCENDANT", 1)


def test_a_merge_from_the_wrong_side_takes_nothing_out_of_the_main_line(fund: Fund) -> None:
    """`git pull` on a branch, pushed as main: the first parent is the branch's."""
    base = fund.introduction
    main = fund.change(stop(fund), by="olga")
    side = raised(fund, base)
    fund.tree(fund.sim.files(side), by=None, parents=[side, main])
    assert knock(fund, applied=main) == ("refused", "NOT_DESCENDANT", 1)
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    assert halted(answer.policy)


def test_old_signed_policy_presented_again(fund: Fund) -> None:
    """The whole tree of a commit that two people approved, on top of what came after it."""
    old = raised(fund, fund.introduction, ref=MAIN)
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    for by in (None, "alan", "ada"):
        fund.tree(fund.sim.files(old), by=by)
        answer = knock(fund)
        assert answer == ("refused", "QUORUM_MISSING" if by else "UNSIGNED", 1)
        assert capital(answer.policy) == 500
    fund.tree(fund.sim.files(old), by="alan", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == ["alan"]
    assert capital(answer.policy) == 500


def test_old_signed_policy_presented_again_by_merging_the_commit_itself(fund: Fund) -> None:
    old = raised(fund, fund.introduction, ref=MAIN)
    main = fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    fund.tree(fund.sim.files(old), by=None, parents=[main, old])
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert answer.approvers == []
    assert capital(answer.policy) == 500


def test_unrelated_root(fund: Fund) -> None:
    alien = fund.tree(
        {**fund.sim.files(fund.introduction), **LOOSER}, by="ada", approve=True, parents=[]
    )
    fund.approve("grace", parents=[alien])
    answer = knock(fund)
    assert answer == ("refused", "NOT_DESCENDANT", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("by", [None, "alan"])
def test_unrelated_root_merged_by_git(fund: Fund, by: str | None) -> None:
    """`git merge --allow-unrelated-histories`, of a history with approvals of the very tree."""
    clone = Clone(fund, by)
    ada = Clone(fund, "ada")
    ada.git("checkout", "-q", "--orphan", "alien")
    ada.write(MOMENTUM, LOOSER[MOMENTUM])
    ada.commit("Begin", approve=True)
    ada.push("HEAD:refs/heads/alien")
    grace = Clone(fund, "grace")
    grace.branch("alien", "origin/alien")
    grace.commit("Approve\n", approve=True)
    grace.push("HEAD:refs/heads/alien")
    clone.git("fetch", "-q")
    merge = ("merge", "-q", "--no-edit", "--allow-unrelated-histories", "-X", "theirs")
    clone.git(*merge, "origin/alien")
    clone.push()
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == []
    assert capital(answer.policy) == 1000


def test_a_good_commit_teleported_from_another_branch(fund: Fund) -> None:
    """Fast-forwarded onto, cherry-picked and merged, it is judged where it comes to stand."""
    base = fund.introduction
    good = raised(fund, base)
    main = fund.change(stop(fund), by="olga")
    fund.sim.point(MAIN, good)
    assert knock(fund, applied=main) == ("refused", "NOT_DESCENDANT", 1)
    fund.sim.point(MAIN, main)
    fund.tree({**fund.sim.files(main), **LOOSER}, by=None, parents=[main, good])
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert halted(answer.policy)
    assert capital(answer.policy) == 1000


def test_a_good_commit_teleported_by_cherry_picking_it(fund: Fund) -> None:
    good = raised(fund, fund.introduction, ref="refs/heads/side")
    fund.change({"README.md": "meanwhile\n"}, by=None)
    alan = Clone(fund, "alan")
    alan.git("cherry-pick", "--allow-empty", f"{good}^", good)
    alan.push()
    answer = knock(fund)
    assert answer == ("refused", "APPROVAL_NOT_OWN", 1)
    assert answer.approvers == []
    assert capital(answer.policy) == 1000


def test_a_good_commit_teleported_into_a_linked_history(fund: Fund) -> None:
    """The same signature under other parents is no signature."""
    good = raised(fund, fund.introduction)
    main = fund.change({"README.md": "x\n"}, by=None)
    raw = fund.sim.git("cat-file", "commit", good).stdout.encode()
    parent = fund.history.parents(good)[0]
    moved = fund.sim.raw_commit(
        raw.replace(parent.encode(), main.encode()), files=fund.sim.files(good), ref=MAIN
    )
    answer = knock(fund)
    assert answer == ("refused", "BAD_SIGNATURE", 1)
    assert answer.code_of(moved) == "BAD_SIGNATURE"
    assert answer.approvers == []
    assert capital(answer.policy) == 1000


# Merges that bring in more, or less, than they say.


@pytest.mark.parametrize("by", [None, "mallory", "alan"])
def test_merge_smuggling_clean_parents_edited_merge_tree(fund: Fund, by: str | None) -> None:
    """Both sides are approved; what stands in the merge is on neither."""
    side = raised(fund, fund.introduction, ref="refs/heads/side")
    clone = Clone(fund, by)
    clone.git("merge", "-q", "--no-ff", "--no-commit", side)
    clone.write(MOMENTUM, vault("momentum", capital=4000))
    clone.commit("Merge branch 'side'\n")
    clone.push()
    answer = knock(fund)
    expected = {None: "UNSIGNED", "mallory": "UNKNOWN_SIGNER", "alan": "QUORUM_MISSING"}
    assert answer == ("refused", expected[by], 1)
    assert answer.approvers == []
    assert capital(answer.policy) == 1000


def test_merge_smuggling_beside_what_is_approved(fund: Fund) -> None:
    """The approved change comes in, and one more with it: then neither does."""
    side = raised(fund, fund.introduction)
    smuggled = {**fund.sim.files(side), CRYPTO: vault("crypto", capital=4000, persona="athena")}
    fund.tree(smuggled, by=None, parents=[fund.introduction, side])
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert (capital(answer.policy), capital(answer.policy, "crypto")) == (1000, 1000)


def test_an_octopus_merge_of_two_approved_branches_is_a_tree_nobody_approved(fund: Fund) -> None:
    base = fund.introduction
    one = raised(fund, base)
    two = fund.change(OTHER, by="ada", approve=True, parents=[base], ref=None)
    two = fund.approve("grace", parents=[two], ref=None)
    fund.tree({**fund.sim.files(one), **OTHER}, by=None, parents=[base, one, two])
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert (capital(answer.policy), capital(answer.policy, "crypto")) == (1000, 1000)


def test_an_approved_branch_merged_by_git_comes_into_force(fund: Fund) -> None:
    """What a forge's merge button does; without this the attacks above would prove nothing."""
    side = raised(fund, fund.introduction, ref="refs/heads/side")
    forge = Clone(fund, None)
    forge.write("README.md", "meanwhile\n")
    forge.commit("Meanwhile\n")
    forge.git("merge", "-q", "--no-ff", "--no-edit", side)
    forge.push()
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert answer.approvers == ["ada", "grace"]
    assert capital(answer.policy) == 2000


@pytest.mark.parametrize("by", [None, "olga", "alan"])
def test_an_s_ours_merge_that_drops_a_halt_with_a_tree_that_a_quorum_once_approved(
    fund: Fund, by: str | None
) -> None:
    """The halt was known: it stands on the main line, and the merge goes back past it."""
    approved = raised(fund, fund.introduction, ref=MAIN)
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)
    clone = Clone(fund, by)
    clone.branch("again", approved)
    clone.git("merge", "-q", "--no-edit", "-s", "ours", "origin/main")
    # Put the right way round, so that it descends from the main line.
    tree = clone.head("HEAD^{tree}")
    main, again = clone.head("origin/main"), approved
    signed = ("-S",) if by else ()
    made = clone.git("commit-tree", *signed, "-p", main, "-p", again, "-m", "Merge", tree)
    clone.git("reset", "-q", "--hard", made.stdout.strip())
    clone.push()
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING" if by else "UNSIGNED", 1)
    assert answer.approvers == []
    assert halted(answer.policy)
    assert capital(answer.policy) == 2000


@pytest.mark.parametrize("by", [None, "olga", "alan"])
def test_the_same_with_the_halt_withheld_until_the_merge_exists(fund: Fund, by: str | None) -> None:
    approved = raised(fund, fund.introduction, ref=MAIN)
    halt = fund.change(stop(fund), by="olga", ref="refs/heads/withheld")
    assert fund.history.parents(halt) == (approved,) or fund.sim.head() == approved
    clone = Clone(fund, by)
    clone.git("merge", "-q", "--no-edit", "-s", "ours", "origin/withheld")
    assert not (clone.path / fund.halt("stop")).exists()
    clone.push()
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert answer.approvers == []
    assert halted(answer.policy)


@pytest.mark.parametrize("known", [True, False], ids=["known before", "withheld"])
def test_the_same_with_the_halt_of_the_lane(fund: Fund, known: bool) -> None:  # noqa: FBT001
    """It is merged and dropped; what two people approved had never had it."""
    approved = raised(fund, fund.introduction, ref=MAIN)
    lane = "refs/vanta/halts/stop"
    halt = fund.change(stop(fund), by="olga", parents=[approved], ref=lane)
    if known:
        assert knock(fund) == ("tightened", "HALTED", 3)
    clone = Clone(fund, None)
    clone.git("fetch", "-q", "origin", lane)
    clone.git("merge", "-q", "--no-edit", "-s", "ours", "FETCH_HEAD")
    clone.push()
    for _ in ("on the lane", "and taken off it"):
        answer = knock(fund)
        assert (answer.verdict, answer.exit_code) == ("tightened", 3)
        assert halted(answer.policy)
        assert answer.code_of(halt) == "olga"
        (fund.sim.path / lane).unlink(missing_ok=True)
    assert knock(fund, applied=approved) == ("tightened", knock(fund).reason, 3)


# Histories that are not whole, and objects that are not themselves.


@pytest.mark.parametrize(
    "options",
    [["--depth=2"], ["--depth=2", "--bare"], ["--filter=blob:none", "--bare"],
     ["--filter=tree:0", "--bare"]],
    ids=" ".join,
)  # fmt: skip
def test_shallow_or_truncated_history(fund: Fund, tmp_path: Path, options: list[str]) -> None:
    """What a copy lacks is never taken for what is not there, nor fetched behind our back."""
    fund.change(stop(fund), by="olga")
    for number in range(3):
        fund.change({"README.md": f"{number}\n"}, by=None)
    fund.sim.git("config", "uploadpack.allowFilter", "true")
    copy = tmp_path / "copy"
    run_git(["clone", "-q", *options, f"file://{fund.sim.path}", str(copy)], home=tmp_path)
    answer = knock(fund, copy)
    assert answer == ("refused", "MISSING_OBJECT", 1)
    assert answer.silent
    assert "fetch the whole history" in answer.message


@pytest.mark.parametrize("shallow", ["", "the head", "the introduction"])
@pytest.mark.parametrize("lost", ["commit", "tree", "blob"])
def test_truncated_history_is_no_shorter_history(fund: Fund, lost: str, shallow: str) -> None:
    """An object is gone from the middle, and the copy says that this is as it should be."""
    halt = fund.change(stop(fund), by="olga")
    head = fund.change({"README.md": "x\n"}, by=None)
    if shallow:
        oid = head if shallow == "the head" else fund.introduction
        (fund.sim.path / "shallow").write_text(f"{oid}\n")
    commit = fund.history.commit(halt)
    gone = {
        "commit": halt,
        "tree": commit.tree,
        "blob": fund.sim.write("blob", switch("stop").encode()),
    }
    fund.sim.remove(gone[lost])
    answer = knock(fund)
    assert answer == ("refused", "MISSING_OBJECT", 1)
    assert gone[lost][:12] in answer.message


def test_a_truncated_history_keeps_no_halt_of_the_lane_out(fund: Fund) -> None:
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    gone = fund.change({"README.md": "x\n"}, by=None)
    fund.change({"README.md": "y\n"}, by=None)
    fund.sim.remove(gone)
    answer = knock(fund)
    assert answer == ("tightened", "MISSING_OBJECT", 3)
    assert halted(answer.policy)


@pytest.mark.parametrize("kind", ["commit", "tree", "blob"])
def test_the_verified_id_differing_from_the_tree_that_is_read(fund: Fund, kind: str) -> None:
    """A store that answers for an approved id with other bytes."""
    huge = vault("momentum", capital=4999)
    approved = raised(fund, fund.introduction, ref=MAIN)
    other = fund.change({MOMENTUM: huge}, by="mallory", ref=None)
    trees = [fund.history.commit(oid).tree for oid in (approved, other)]
    blobs = [fund.sim.write("blob", text.encode()) for text in (str(LOOSER[MOMENTUM]), huge)]
    ids = {"commit": [approved, other], "tree": trees, "blob": blobs}
    ours, theirs = ids[kind]
    fund.sim.object_path(ours).write_bytes(fund.sim.object_path(theirs).read_bytes())
    answer = knock(fund)
    assert answer == ("refused", "OBJECT_MISMATCH", 1)
    assert ours[:12] in answer.message
    assert capital(answer.policy) == 1000


def test_the_verified_id_differing_from_what_lies_in_the_folder(fund: Fund) -> None:
    """Neither the files nor the index of a clone are what is judged, nor a branch named so."""
    approved = raised(fund, fund.introduction, ref=MAIN)
    clone = Clone(fund, "mallory")
    clone.write(MOMENTUM, vault("momentum", capital=4999))
    clone.git("add", "--all")
    clone.write(CRYPTO, vault("crypto", capital=4999))
    evil = fund.change({MOMENTUM: vault("momentum", capital=4998)}, by="mallory", ref=None)
    clone.git("fetch", "-q", "origin", check=False)
    ref = clone.path / ".git" / "refs" / "heads" / approved
    ref.write_text(f"{evil}\n")
    (clone.path / ".git" / approved).write_text(f"{evil}\n")
    answer = knock(fund, clone.path, applied=fund.introduction)
    assert answer == ("applied", None, 0)
    assert answer.told["head"] == approved
    assert (capital(answer.policy), capital(answer.policy, "crypto")) == (2000, 1000)
    assert knock_at(clone.path, fund.trust, now=fund.now, applied=approved).told["head"] == approved


def test_what_one_environment_approved_says_nothing_of_another(fund: Fund) -> None:
    """The same commit is judged for each by its own folder and its own ceiling."""
    files = fund.sim.files(fund.introduction)
    other = {
        path.replace("prod", "dev"): text.replace("name: prod", "name: dev")
        for path, text in files.items()
        if (path.startswith(HERE) or path == "ceilings/prod.yaml") and isinstance(text, str)
    }
    fund.change({**other}, by="ada", approve=True)
    fund.approve("grace")
    fund.change({**LOOSER}, by="ada", approve=True)
    fund.approve("grace")
    assert capital(knock(fund).policy) == 2000
    answer = knock(fund, environment="dev")
    assert answer.verdict != "applied"
