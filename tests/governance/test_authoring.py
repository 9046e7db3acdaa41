"""What people type: propose, approve, halt, resume, release; with real Git and real keys."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.governance.simulator import run_git
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.instant import HOUR, parse_instant, show_instant
from vanta.governance.authoring import Desk, environments
from vanta.governance.clone import Clone, GitError, signer
from vanta.governance.commits import parse_approval, parse_commit
from vanta.governance.documents.editor import editor_hint
from vanta.governance.keys import PublicKey, generate_key
from vanta.governance.report import Report, walk
from vanta.governance.starter import Founder, start
from vanta.governance.trust import Trust

NOW = parse_instant("2026-11-22T12:00:00Z")
PEOPLE = ("ada", "grace", "alan")
VAULT = "environments/dev/vaults/momentum-us.yaml"


class Office:
    """A fund from the starter, its bare repository, and a clone for each person."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "keys").mkdir()
        self.keys: dict[str, PublicKey] = {
            name: generate_key(root / "keys" / name, name) for name in (*PEOPLE, "mallory")
        }
        founders = [Founder(name, f"{name}@fund.example", self.keys[name]) for name in PEOPLE]
        nodes = {"executor": generate_key(root / "keys" / "executor", "executor")}
        self.trust: Trust = start(root / "first", founders, nodes, self.key("ada"))
        self.bare = root / "bare.git"
        self.git("clone", "--quiet", "--bare", str(root / "first"), str(self.bare))

    def key(self, name: str) -> Path:
        return self.root / "keys" / name

    def git(self, *arguments: str) -> str:
        return run_git(arguments, home=self.root).stdout.strip()

    def clone(self, name: str) -> Path:
        """A person's clone, at what the branch is at."""
        path = self.root / f"{name}-clone"
        if not path.exists():
            self.git("clone", "--quiet", str(self.bare), str(path))
        self.git("-C", str(path), "pull", "--quiet", "--ff-only")
        return path

    def desk(self, name: str, *, key: str | None = None) -> Desk:
        return Desk(self.clone(name), "dev", self.key(key or name), NOW)

    def push(self, name: str) -> None:
        self.git("-C", str(self.clone(name)), "push", "--quiet", "origin", "HEAD:main")

    def edit(self, name: str, old: str, new: str, path: str = VAULT) -> None:
        file = self.clone(name) / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def head(self) -> str:
        return self.git("--git-dir", str(self.bare), "rev-parse", "main")

    def show(self, commit: str, path: str) -> str:
        return self.git("--git-dir", str(self.bare), "show", f"{commit}:{path}")

    def verdict(self) -> Report:
        """What a node makes of the branch."""
        return walk(self.bare, self.trust, "dev", now=NOW)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    # Whoever runs the tests has a Git configuration of their own.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Office(tmp_path)


HALT = {"switch": "full_halt", "reason": "feed is stale"}


def halted(report: Report) -> bool:
    assert report.policy is not None
    return report.policy.overlay.everywhere.full_halt > 0


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


# Halt


@pytest.mark.parametrize(
    "reason",
    [
        'say "stop"',
        "two\nlines",
        "a\ttab",
        "# no: [comment]",
        "na\u00efve \u2013 100 %",
        "a\\b",
        "Vanta-Approve: dev x",
        "\u26a0\ufe0f stale",  # a warning sign as phones write it
        "stale\u034f\u200b\u2060",
        "x" * 400,
    ],
)
def test_a_halt_lands_with_whatever_reason(office: Office, reason: str) -> None:
    signed = office.desk("grace").halt({**HALT, "reason": reason}, "origin", "main")
    report = office.verdict()
    assert (report.verdict, report.reason, halted(report)) == ("tightened", None, True)
    assert office.head() == signed.commit
    assert signed.detail.startswith("environments/dev/halts/full-halt-")


def test_a_halt_leads_an_editor_to_its_schema(office: Office) -> None:
    signed = office.desk("grace").halt(HALT, "origin", "main")
    text = office.git("--git-dir", str(office.bare), "show", f"{signed.commit}:{signed.detail}")
    assert text.startswith(editor_hint("Overlay", signed.detail))
    schema = f"{signed.commit}:schemas/overlay.schema.json"
    assert office.git("--git-dir", str(office.bare), "cat-file", "-t", schema) == "blob"


def test_a_halt_is_one_file_of_its_own_name(office: Office) -> None:
    desk = office.desk("grace")
    first, second = (desk.halt(HALT, "origin", "main") for _ in range(2))
    assert first.detail != second.detail
    changed = office.git(
        "--git-dir", str(office.bare), "diff", "--name-status", f"{second.commit}^", second.commit
    )
    assert changed == f"A\t{second.detail}"


def test_a_halt_does_not_touch_the_clone_it_was_typed_in(office: Office) -> None:
    office.edit("grace", "capital: 1000000", "capital: 900000")
    desk = office.desk("grace")
    before = desk.clone.head()
    desk.halt(HALT, "origin", "main")
    assert desk.clone.head() == before
    assert desk.clone.dirty()


def test_a_halt_on_top_of_a_proposal_is_no_approval_of_it(office: Office) -> None:
    """Ada proposes, grace halts for another reason, ada approves: that is one person."""
    office.edit("ada", "capital: 1000000", "capital: 1200000")
    office.desk("ada").propose("Raise momentum")
    office.push("ada")
    office.desk("grace").halt(HALT, "origin", "main")
    office.desk("ada").approve()
    office.push("ada")
    report = office.verdict()
    assert (report.reason, halted(report)) == ("QUORUM_MISSING", True)
    assert report.commits[-1]["approvers"] == ("ada",)


def test_a_halt_may_have_a_scope_and_an_end(office: Office) -> None:
    ends = show_instant(NOW + HOUR)
    entry = {**HALT, "scope": {"vault": "crypto-flow"}, "until": ends}
    office.desk("grace").halt(entry, "origin", "main")
    policy = office.verdict().policy
    assert policy is not None
    assert policy.overlay.everywhere.full_halt == 0
    assert policy.overlay.vaults.at("crypto-flow").full_halt == NOW + HOUR


@pytest.mark.parametrize(
    "entry",
    [
        {"switch": "stop", "reason": "x"},
        {"switch": "full_halt", "reason": ""},
        {"switch": "full_halt", "reason": "x", "scope": {"book": "y"}},
        {"switch": "full_halt", "reason": "x", "until": "soon"},
        {"switch": "full_halt\n      until: x", "reason": "x"},
    ],
)
def test_a_halt_nobody_could_read_is_not_signed(office: Office, entry: dict[str, object]) -> None:
    before = office.head()
    with pytest.raises(MalformedError):
        office.desk("grace").halt(entry, "origin", "main")
    assert office.head() == before


def test_a_halt_goes_on_top_of_what_others_pushed_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = office.desk("alan")
    pushed: list[str] = []
    push = Clone.push

    def slow(self: Clone, remote: str, oid: str, branch: str) -> None:
        if len(pushed) < 3:
            pushed.append("")
            monkeypatch.setattr(Clone, "push", push)
            other.halt({**HALT, "switch": "maintenance"}, "origin", "main")
            monkeypatch.setattr(Clone, "push", slow)
        push(self, remote, oid, branch)

    monkeypatch.setattr(Clone, "push", slow)
    office.desk("grace").halt(HALT, "origin", "main")
    policy = office.verdict().policy
    assert policy is not None
    assert policy.overlay.everywhere.full_halt > 0
    assert policy.overlay.everywhere.maintenance > 0
    assert len(pushed) == 3


def test_a_halt_that_cannot_be_delivered_says_so(office: Office) -> None:
    desk = office.desk("grace")
    office.bare.rename(office.root / "away.git")
    with pytest.raises(GitError) as failed:
        desk.halt(HALT, "origin", "main")
    assert failed.value.code == "GIT_FAILED"


def poisoned(office: Office, change: Callable[[Path], object]) -> None:
    """An unsigned commit by whoever may push."""
    clone = office.clone("mallory")
    change(clone)
    office.git("-C", str(clone), "add", "--all")
    office.git("-C", str(clone), "commit", "--quiet", "-m", "Poison")
    office.push("mallory")


POISON: list[Callable[[Path], object]] = [
    lambda clone: (clone / VAULT).write_text("spec: [\n"),
    lambda clone: (clone / "authority.yaml").write_text("nothing\n"),
    lambda clone: (clone / "authority.yaml").unlink(),
    lambda clone: (clone / "personas" / "x.yaml").symlink_to("/etc/passwd"),
    lambda clone: (clone / "authority.yaml").write_text(
        (clone / "authority.yaml").read_text().replace("ssh-ed25519 AAAA", "ssh-ed25519 BBBB")
    ),
]


@pytest.mark.parametrize("poison", POISON)
def test_a_halt_lands_on_a_poisoned_branch(
    office: Office, poison: Callable[[Path], object]
) -> None:
    poisoned(office, poison)
    office.desk("grace").halt(HALT, "origin", "main")
    report = office.verdict()
    assert (report.verdict, halted(report)) == ("tightened", True)


# Resume and release


def test_a_halt_is_taken_back_by_two(office: Office) -> None:
    office.desk("grace").halt(HALT, "origin", "main")
    resumed = office.desk("ada").resume((), "feed is back", "origin", "main")
    assert resumed.detail.startswith("environments/dev/halts/full-halt-")
    assert (office.verdict().reason, halted(office.verdict())) == ("QUORUM_MISSING", True)
    office.desk("alan").approve()
    office.push("alan")
    assert (office.verdict().verdict, halted(office.verdict())) == ("applied", False)


def test_one_halt_of_several_is_taken_back_by_name(office: Office) -> None:
    desk = office.desk("grace")
    first = desk.halt(HALT, "origin", "main")
    second = desk.halt({**HALT, "switch": "maintenance"}, "origin", "main")
    name = Path(first.detail).stem
    office.desk("ada").resume((name,), "fine", "origin", "main")
    office.desk("alan").approve()
    office.push("alan")
    policy = office.verdict().policy
    assert policy is not None
    assert (policy.overlay.everywhere.full_halt, policy.overlay.everywhere.maintenance > 0) == (
        0,
        True,
    )
    assert office.show(office.head(), second.detail)


def test_a_halt_that_is_not_there_cannot_be_taken_back(office: Office) -> None:
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").resume((), "fine", "origin", "main")
    assert (refused.value.code, "overlay.yaml" in refused.value.remedy) == ("NO_SUCH_HALT", True)
    signed = office.desk("ada").halt(HALT, "origin", "main")
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").resume(("other",), "fine", "origin", "main")
    assert Path(signed.detail).stem in refused.value.remedy


def test_a_release_names_the_edit_it_lets_go(office: Office) -> None:
    office.desk("ada").release("0123456789abcdef", "done", "origin", "main")
    office.desk("alan").approve()
    office.push("alan")
    policy = office.verdict().policy
    assert policy is not None
    assert policy.released == {"0123456789abcdef"}


def test_resuming_everything_takes_no_release_back(office: Office) -> None:
    desk = office.desk("ada")
    release = desk.release("0123456789abcdef", "done", "origin", "main")
    halt = desk.halt(HALT, "origin", "main")
    resumed = desk.resume((), "fine", "origin", "main")
    assert resumed.detail == halt.detail
    assert office.show(office.head(), release.detail)


def test_a_nonce_that_is_none_is_refused(office: Office) -> None:
    with pytest.raises(MalformedError):
        office.desk("ada").release('x"]\n  switches: [', "done", "origin", "main")


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
    authority = desk._authority(desk.clone.head())
    assert signer(authority, public).name == "ada"
    with pytest.raises(UnavailableError) as missing:
        signer(authority, office.root / "nowhere.pub")
    assert missing.value.code in {"NO_KEY", "KEY_MISSING"}


def test_the_environments_of_a_clone_are_its_folders(office: Office) -> None:
    assert environments(office.clone("ada")) == ["dev", "prod", "staging"]
    assert environments(office.root) == []


def test_everything_signed_is_good_to_git_itself(office: Office) -> None:
    signed = office.desk("grace").halt(HALT, "origin", "main")
    allowed = office.root / "allowed"
    allowed.write_text(f"grace@fund.example {office.keys['grace'].openssh}\n")
    office.git(
        *("--git-dir", str(office.bare), "-c", f"gpg.ssh.allowedSignersFile={allowed}"),
        *("verify-commit", signed.commit),
    )
