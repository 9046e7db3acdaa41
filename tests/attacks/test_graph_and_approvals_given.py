"""Graph and approvals: an approval is of one tree, on one history, while nothing else happens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.changes import LOOSER, OTHER, raised, stop
from tests.attacks.clone import Clone
from tests.attacks.door import knock
from tests.governance.fund import (
    CRYPTO,
    MOMENTUM,
    Fund,
    capital,
    documents,
    governed,
    halted,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content
from vanta.domain.instant import DAY, HOUR, show_instant
from vanta.governance.history import tree_digest
from vanta.governance.trust import Trust

# Approvals that were given for something else, or before something else.


def test_halt_resume_by_one_halt_again_resume_by_another(fund: Fund) -> None:
    for person in ("ada", "grace", "alan"):
        fund.change(stop(fund), by="olga", approve=True)
        fund.change({fund.halt("stop"): None}, by=person, approve=True)
        answer = knock(fund)
        assert answer == ("refused", "QUORUM_MISSING", 1)
        assert answer.approvers == [person]
        assert halted(answer.policy)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert not halted(answer.policy)


def test_halt_resume_by_one_halt_again_resume_by_another_on_the_lane(fund: Fund) -> None:
    """Each resume merges the halt that stands; one person for each is one person."""
    for number, (person, verdict) in enumerate((("ada", "tightened"), ("grace", "refused"))):
        main = fund.sim.head()
        halt = fund.change(
            {fund.halt(f"stop-{number}"): switch(f"stop-{number}")},
            by="olga",
            parents=[main],
            ref=f"refs/vanta/halts/stop-{number}",
        )
        fund.tree(fund.sim.files(main), by=person, approve=True, parents=[main, halt])
        answer = knock(fund)
        assert (answer.verdict, answer.reason) == (verdict, "QUORUM_MISSING")
        assert answer.approvers == [person]
        assert halted(answer.policy)
    fund.approve("alan")
    assert knock(fund) == ("applied", None, 0)
    assert not halted(knock(fund).policy)


def test_approvals_that_slide_sideways_past_a_restrained_head(fund: Fund) -> None:
    proposal = fund.change(LOOSER, by="ada", approve=True)
    halt = fund.change(stop(fund), by="olga")
    side = fund.approve("grace", parents=[proposal], ref=None)
    fund.tree(fund.sim.files(proposal), by=None, parents=[halt, side])
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == []
    assert halted(answer.policy)
    assert capital(answer.policy) == 1000


def test_accidental_approval_by_a_readme_commit(fund: Fund) -> None:
    """Signing a typo's correction on top of a half-approved change approves nothing."""
    fund.change(LOOSER, by="ada", approve=True)
    grace = Clone(fund, "grace")
    grace.write("README.md", "The fund!\n")
    grace.commit("Mend a typo\n")
    grace.push()
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.told["commits"][-1]["signers"] == {fund.sim.head(): "grace"}
    assert answer.approvers == ["ada"]
    assert capital(answer.policy) == 1000


Habit = Callable[[Clone, str, str], object]
"""What a person does with a branch, given its first commit and its tip."""


def rebase(clone: Clone, _first: str, tip: str) -> None:
    clone.git("checkout", "-q", "-b", "rebased", tip)
    clone.git("rebase", "-q", "--force-rebase", "--empty=keep", "origin/main")


def amend(clone: Clone, _first: str, tip: str) -> None:
    clone.git("merge", "-q", "--ff-only", tip)
    clone.git("commit", "-q", "--amend", "--no-edit", "--allow-empty")


def pick(clone: Clone, first: str, tip: str) -> None:
    clone.git("cherry-pick", "--allow-empty", "-x", f"{first}^..{tip}")


def apply_mail(clone: Clone, first: str, tip: str) -> None:
    mail = clone.git("format-patch", "--always", "--stdout", f"{first}^..{tip}").stdout
    (clone.path.parent / "mail").write_text(mail)
    clone.git("am", "-q", "--empty=keep", str(clone.path.parent / "mail"))


def squash(clone: Clone, _first: str, tip: str) -> None:
    clone.git("merge", "-q", "--squash", tip)
    clone.git("commit", "-q", "--no-edit")


def merge(clone: Clone, _first: str, tip: str) -> None:
    clone.git("merge", "-q", "--no-ff", "--no-edit", "--log", tip)


def revert_the_revert(clone: Clone, first: str, tip: str) -> None:
    clone.git("merge", "-q", "--ff-only", tip)
    clone.git("revert", "--no-edit", first)
    clone.git("revert", "--no-edit", "HEAD")


def quote(clone: Clone, _first: str, tip: str) -> None:
    said = clone.git("log", "-1", "--format=%B", tip).stdout
    clone.git("merge", "-q", "--squash", tip)
    clone.git("commit", "-q", "-m", "Squashed:\n\n" + "".join(f"> {x}\n" for x in said.split("\n")))


@pytest.mark.parametrize(
    ("habit", "reason", "left"),
    [
        (rebase, "APPROVAL_NOT_OWN", []),
        (amend, "APPROVAL_NOT_OWN", []),
        (apply_mail, "APPROVAL_NOT_OWN", []),
        (pick, "QUORUM_MISSING", []),
        (squash, "QUORUM_MISSING", []),
        (quote, "QUORUM_MISSING", []),
        (revert_the_revert, "QUORUM_MISSING", []),
        (merge, "QUORUM_MISSING", ["ada"]),
    ],
)
def test_accidental_approval_by_a_rebase_a_merge_and_other_habits(
    fund: Fund, habit: Habit, reason: str, left: list[str]
) -> None:
    """Grace signs everything she does; only what names the tree as hers approves it."""
    proposal = fund.change(
        LOOSER, by="ada", approve=True, parents=[fund.introduction], ref="refs/heads/side"
    )
    if habit in {pick, apply_mail}:
        # Onto the same parent in the same second they would be the same commits.
        fund.change({"README.md": "meanwhile\n"}, by=None)
    grace = Clone(fund, "grace")
    habit(grace, proposal, proposal)
    grace.push()
    answer = knock(fund)
    assert answer == ("refused", reason, 1)
    assert answer.code_of(fund.sim.head()) == "grace"
    assert answer.approvers == left
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("late", [0, 100 * DAY], ids=["the same day", "months later"])
def test_a_closed_fully_approved_proposal_merged_months_later(fund: Fund, late: int) -> None:
    """Closed with a comment; later somebody finds the button still green."""
    base = fund.introduction
    fund.sim.point("refs/heads/proposal", raised(fund, base))
    fund.change({CRYPTO: vault("crypto", capital=900, persona="athena")}, by="ada", approve=True)
    forge = Clone(fund, None)
    forge.git("merge", "-q", "--no-ff", "--no-edit", "origin/proposal")
    forge.push()
    answer = knock(fund, now=fund.now + late)
    assert answer == ("refused", "UNSIGNED", 1)
    assert answer.approvers == []
    assert (capital(answer.policy), capital(answer.policy, "crypto")) == (1000, 900)


def test_a_closed_fully_approved_proposal_merged_months_later_though_nothing_happened(
    fund: Fund,
) -> None:
    """Its approvals have run out."""
    first = fund.change(LOOSER, by="ada", approve=True, parents=[fund.introduction], ref=None)
    second = fund.approve("grace", parents=[first], ref=None)
    fund.tree(fund.sim.files(second), by=None, parents=[fund.introduction, second])
    assert knock(fund) == ("applied", None, 0)
    answer = knock(fund, now=fund.now + 100 * DAY)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert set(answer.told["commits"][-1]["approvals"].values()) == {"APPROVAL_EXPIRED"}
    assert capital(answer.policy) == 1000


def test_a_proposal_withdrawn_on_its_branch_and_then_merged(fund: Fund) -> None:
    """Approved twice, reverted there by its author, and the revert reverted by one more."""
    base = fund.introduction
    tip = raised(fund, base)
    gone = fund.change({MOMENTUM: vault("momentum")}, by="ada", parents=[tip], ref=None)
    again = fund.change(LOOSER, by="alan", approve=True, parents=[gone], ref=None)
    fund.tree(fund.sim.files(again), by=None, parents=[base, again])
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == ["alan"]
    assert capital(answer.policy) == 1000


def message_of(environment: str, digest: str, until: int) -> str:
    return f"Approve\n\nVanta-Approve: {environment} {digest} until={show_instant(until)}\n"


def test_approval_replayed_onto_another_base_tree_or_environment(fund: Fund) -> None:
    """Grace's words, signed by grace, where they do not belong."""
    proposal = fund.change(LOOSER, by="ada", approve=True)
    here, end = fund.digest(fund.sim.files(proposal)), fund.now + 72 * HOUR
    before = fund.digest(fund.sim.files(fund.introduction))
    other = fund.digest({**fund.sim.files(proposal), **OTHER})
    dev = tree_digest("dev", governed(fund.sim.files(proposal)))
    for environment, digest, code in (
        ("prod", before, "APPROVAL_OTHER_TREE"),
        ("prod", other, "APPROVAL_OTHER_TREE"),
        ("prod", dev, "APPROVAL_OTHER_TREE"),
        ("dev", here, "QUORUM_MISSING"),
        ("dev", dev, "QUORUM_MISSING"),
    ):
        fund.sim.commit(signer=fund.person("grace"), message=message_of(environment, digest, end))
        answer = knock(fund)
        assert answer == ("refused", code, 1)
        assert answer.approvers == ["ada"] or code == "APPROVAL_OTHER_TREE"
        assert capital(answer.policy) == 1000
    fund.approve("grace")
    assert knock(fund) == ("applied", None, 0)


def test_approval_replayed_onto_another_fund_of_the_same_people(tmp_path: Path) -> None:
    """The same authority, the same tree, another introduction."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Fund(tmp_path / "one"), Fund(tmp_path / "two")
    files: dict[str, Content] = {**documents(two.keys), "README.md": "Another fund.\n"}
    introduction = two.tree(files, by="ada", parents=[])
    two.trust = Trust(introduction, two.trust.fingerprints)
    approved = raised(one, one.introduction, ref=MAIN)
    assert knock(one) == ("applied", None, 0)
    clone = Clone(two, None)
    clone.git("fetch", "-q", str(one.sim.path), approved)
    clone.git("merge", "-q", "--no-edit", "--allow-unrelated-histories", "-X", "theirs", approved)
    clone.push()
    answer = knock(two)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == []
    assert capital(answer.policy) == 1000


TRAILER = "Vanta-Approve: prod {digest} until={until}"


@pytest.mark.parametrize(
    "message",
    [
        TRAILER + "\n",
        "Re: approval\n\nAda wrote:\n> " + TRAILER + "\n",
        "Docs\n\n    " + TRAILER + "\n",
        "Docs\n\n\t" + TRAILER + "\n",
        "Docs\n\n```\n" + TRAILER + "\n```\n",
        "Docs\n\nSay this to approve:\n" + TRAILER + "\n",
        "Docs\n\n" + TRAILER + "\n\nThat is how.\n",
        "Docs\n\n" + TRAILER + "\nThat is how.\n",
        "Docs\n\n`" + TRAILER + "`\n",
        "Docs\n\nFixes: x\n " + TRAILER + "\n",
        "Docs\r\n\r\n" + TRAILER.replace(" until", "\r\n until") + "\r\n",
        'Revert "Approve"\n\nThis reverts ' + TRAILER + "\n",
        "Docs " + TRAILER + "\n",
        "Docs\n\nX-" + TRAILER + "\n",
        "Docs\n\n\u200b" + TRAILER + "\n",
        "Docs\n\n" + TRAILER.replace("Vanta", "V\u0430nta") + "\n",
    ],
)
def test_sentinels_quoted_in_messages(fund: Fund, message: str) -> None:
    proposal = fund.change(LOOSER, by="ada", approve=True)
    digest, until = fund.digest(fund.sim.files(proposal)), show_instant(fund.now + HOUR)
    text = message.replace("{digest}", digest).replace("{until}", until)
    fund.sim.commit(signer=fund.person("grace"), message=text)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == ["ada"]
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize(
    "message",
    [
        "Both\n\n" + TRAILER + "\n" + TRAILER + "\n",
        "Both\n\n" + TRAILER + "\n" + TRAILER.replace("prod", "dev") + "\n",
        "Case\n\n" + TRAILER.replace("Vanta-A", "vanta-a") + "\n",
        "Short\n\nVanta-Approve: prod {digest}\n",
        "Star\n\n" + TRAILER.replace("prod", "*") + "\n",
        "Ever\n\nVanta-Approve: prod {digest} until=never\n",
        "Fold\n\n" + TRAILER.replace(" until", "\n until") + "\n",
        "Caps\n\nVanta-Approve: PROD {digest} until={until}\n",
    ],
)
def test_sentinels_said_twice_or_half(fund: Fund, message: str) -> None:
    proposal = fund.change(LOOSER, by="ada", approve=True)
    digest, until = fund.digest(fund.sim.files(proposal)), show_instant(fund.now + HOUR)
    text = message.replace("{digest}", digest).replace("{until}", until)
    fund.sim.commit(signer=fund.person("grace"), message=text)
    answer = knock(fund)
    assert answer == ("refused", "MALFORMED_APPROVAL", 1)
    assert answer.approvers == ["ada"]
    assert capital(answer.policy) == 1000
