"""What people type to change the fund: propose and approve; with real Git and real keys."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.governance.office import HALT, NOW, VAULT, Office
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.instant import HOUR
from vanta.governance.authoring import Desk
from vanta.governance.clone import Clone, signer
from vanta.governance.commits import parse_approval, parse_commit
from vanta.governance.signing import environments


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    # Whoever runs the tests has a Git configuration of their own.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Office(tmp_path)


# Propose and approve


def test_a_proposal_and_an_approval_change_the_policy(office: Office) -> None:
    office.edit("ada", "capital: 1000000", "capital: 1200000")
    proposed = office.desk("ada").propose("Raise momentum")
    office.push("ada")
    assert (proposed.signer, office.head()) == ("ada", proposed.commit)
    assert office.verdict().reason == "QUORUM_MISSING"
    approved = office.desk("alan").approve()
    office.push("alan")
    assert (approved.signer, approved.digest) == ("alan", proposed.digest)
    report = office.verdict()
    assert report.verdict == "applied"
    assert report.policy is not None
    assert report.policy.vaults["momentum-us"].capital == 1_200_000 * 10**8


def test_a_proposal_is_one_signed_commit_that_approves_its_own_tree_for_72_hours(
    office: Office,
) -> None:
    office.edit("ada", "capital: 1000000", "capital: 900000")
    signed = office.desk("ada").propose("Lower momentum\n\nBecause of the drawdown.\n")
    office.push("ada")
    raw = subprocess.run(
        ["git", "--git-dir", str(office.bare), "cat-file", "commit", signed.commit],
        capture_output=True,
        check=True,
    ).stdout
    commit = parse_commit(signed.commit, raw)
    approval = parse_approval(commit)
    assert approval is not None
    assert (approval.environment, approval.tree_digest) == ("dev", signed.digest)
    assert approval.until_ns == NOW + 72 * HOUR
    assert commit.message.startswith("Lower momentum\n\nBecause of the drawdown.\n\nVanta-Approve:")
    assert (commit.committer_name, commit.committer_email) == ("ada", "ada@fund.example")


def test_a_proposal_leaves_a_clean_clone_behind(office: Office) -> None:
    office.edit("ada", "capital: 1000000", "capital: 900000")
    desk = office.desk("ada")
    assert desk.clone.dirty()
    signed = desk.propose("Lower momentum")
    assert not desk.clone.dirty()
    assert desk.clone.head() == signed.commit
    assert desk.clone.branch() == "main"


def test_new_and_removed_files_are_part_of_a_proposal(office: Office) -> None:
    clone = office.clone("ada")
    (clone / VAULT).unlink()
    (clone / "notes.txt").write_text("why\n")
    signed = office.desk("ada").propose("Drop momentum")
    listed = office.git("-C", str(clone), "ls-tree", "-r", "--name-only", signed.commit)
    assert "notes.txt" in listed.splitlines()
    assert VAULT not in listed.splitlines()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("capital: 1000000", "capital: -1", "INVALID_FIELD"),
        ("persona: ares", "persona: zeus", "UNKNOWN_PERSONA"),
        ("kind: Vault", "kind: Valt", "UNKNOWN_KIND"),
    ],
)
def test_nothing_is_signed_that_a_node_could_not_read(
    office: Office, old: str, new: str, code: str
) -> None:
    office.edit("ada", old, new)
    desk = office.desk("ada")
    before = desk.clone.head()
    with pytest.raises(MalformedError) as refused:
        desk.propose("Oops")
    assert refused.value.code == code
    assert refused.value.place.startswith("environments/dev/vaults/momentum-us.yaml")
    assert desk.clone.head() == before


def test_a_proposal_of_nothing_is_none(office: Office) -> None:
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").propose("A slip of the editor")
    assert refused.value.code == "NOTHING_CHANGED"


@pytest.mark.parametrize("message", ["", "  \n\n"])
def test_a_proposal_says_what_it_is(office: Office, message: str) -> None:
    """Without a subject the approval would be the subject, which approves nothing."""
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").propose(message)
    assert refused.value.code == "NO_MESSAGE"


def test_a_key_of_nobody_signs_nothing(office: Office) -> None:
    desk = office.desk("ada", key="mallory")
    acts: list[Callable[[], object]] = [
        lambda: desk.propose("Mine"),
        desk.approve,
        lambda: desk.halt(HALT, "origin", "main"),
    ]
    for act in acts:
        with pytest.raises(RefusedError) as refused:
            act()
        assert refused.value.code == "UNKNOWN_SIGNER"
        assert "--key" in refused.value.remedy


def test_a_new_colleague_cannot_approve_with_a_key_only_the_proposal_knows(office: Office) -> None:
    text = (office.clone("ada") / "authority.yaml").read_text()
    key = office.keys["mallory"].openssh
    added = f'    - name: mallory\n      email: "m@x"\n      keys: ["{key}"]\n'
    (office.clone("ada") / "authority.yaml").write_text(
        text.replace("  nodes:\n", f"{added}  nodes:\n")
    )
    desk = Desk(office.clone("ada"), "dev", office.key("mallory"), NOW)
    with pytest.raises(RefusedError, match="belongs to nobody"):
        desk.propose("Let me in")


# The clone


def test_a_folder_that_is_no_clone_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as missing:
        Clone(tmp_path)
    assert missing.value.code == "GIT_FAILED"


def test_a_signer_is_who_the_authority_says(office: Office) -> None:
    desk = office.desk("ada")
    who = desk.signer(desk.clone.head())
    assert (who.name, who.email) == ("ada", "ada@fund.example")
    public = office.root / "ada.pub"
    public.write_text(office.keys["ada"].openssh + "\n")
    authority = desk.authority(desk.clone.head())
    assert signer(authority, public).name == "ada"
    with pytest.raises(UnavailableError) as missing:
        signer(authority, office.root / "nowhere.pub")
    assert missing.value.code in {"NO_KEY", "KEY_MISSING"}


def test_the_environments_of_a_clone_are_the_folders_of_its_head(office: Office) -> None:
    (office.clone("ada") / "environments" / "mine").mkdir()
    for clone in (office.clone("ada"), office.clone("ada") / "personas", office.bare):
        assert environments(Clone(clone)) == ("dev", "prod", "staging")


def test_everything_signed_is_good_to_git_itself(office: Office) -> None:
    signed = office.desk("grace").halt(HALT, "origin", "main")
    allowed = office.root / "allowed"
    allowed.write_text(f"grace@fund.example {office.keys['grace'].openssh}\n")
    office.git(
        *("--git-dir", str(office.bare), "-c", f"gpg.ssh.allowedSignersFile={allowed}"),
        *("verify-commit", signed.commit),
    )
