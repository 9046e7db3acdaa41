"""Halting whatever stands in the way, and taking halts back; with real Git and real keys."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.governance.office import HALT, NOW, VAULT, Office, halted
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.instant import HOUR, show_instant
from vanta.governance.authoring import Desk
from vanta.governance.clone import Clone, Signer
from vanta.governance.halting import _halt_document


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    # Whoever runs the tests has a Git configuration of their own.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Office(tmp_path)


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
    ],
)
def test_a_halt_lands_with_whatever_reason(office: Office, reason: str) -> None:
    signed = office.desk("grace").halt({**HALT, "reason": reason}, "origin", "main")
    report = office.verdict()
    assert (report.verdict, report.reason, halted(report)) == ("tightened", None, True)
    assert office.head() == signed.commit
    assert signed.detail.startswith("environments/dev/halts/full-halt-")


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


AIMLESS: dict[str, tuple[str, dict[str, object], str]] = {
    "an environment nobody has": ("nosuch", {}, "use one of dev, prod, staging"),
    "a vault nobody has": ("dev", {"scope": {"vault": "momentum"}}, "momentum-us"),
    "a persona nobody has": ("dev", {"scope": {"persona": "zeus"}}, "use one of "),
    "an end that is past": ("dev", {"until": show_instant(NOW)}, "name a later time"),
}


@pytest.mark.parametrize(("environment", "entry", "remedy"), AIMLESS.values(), ids=AIMLESS)
def test_a_halt_that_would_stop_nothing_is_not_signed(
    office: Office, environment: str, entry: dict[str, object], remedy: str
) -> None:
    before = office.git("--git-dir", str(office.bare), "for-each-ref")
    desk = Desk(office.clone("grace"), environment, office.key("grace"), NOW)
    with pytest.raises(RefusedError) as raised:
        desk.halt({**HALT, **entry}, "origin", "main")
    assert remedy in raised.value.remedy
    assert office.git("--git-dir", str(office.bare), "for-each-ref") == before


def test_a_halt_of_what_exists_somewhere_on_the_line_is_signed(office: Office) -> None:
    """Nobody keeps a vault from being halted by taking it out of the documents."""
    poisoned(office, lambda clone: (clone / VAULT).unlink())
    entry = {**HALT, "scope": {"vault": "momentum-us"}}
    desk = office.desk("grace")
    desk.halt(entry, "origin", "main", trust=office.trust)
    policy = office.verdict().policy
    assert policy is not None
    assert policy.overlay.vaults.at("momentum-us").full_halt


def test_a_tree_that_cannot_be_looked_through_refuses_no_halt(office: Office) -> None:
    poisoned(office, lambda clone: (clone / "personas" / "x.yaml").symlink_to("/etc/passwd"))
    office.desk("grace").halt({**HALT, "scope": {"persona": "zeus"}}, "origin", "main")


def test_a_halt_goes_on_top_of_what_others_pushed_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = office.desk("alan")
    pushed: list[str] = []
    push = Clone.push_ref

    def slow(self: Clone, remote: str, oid: str, ref: str) -> None:
        if ref == "refs/heads/main" and len(pushed) < 3:
            pushed.append("")
            monkeypatch.setattr(Clone, "push_ref", push)
            other.halt({**HALT, "switch": "maintenance"}, "origin", "main")
            monkeypatch.setattr(Clone, "push_ref", slow)
        push(self, remote, oid, ref)

    monkeypatch.setattr(Clone, "push_ref", slow)
    signed = office.desk("grace").halt(HALT, "origin", "main")
    policy = office.verdict().policy
    assert policy is not None
    assert policy.overlay.everywhere.full_halt > 0
    assert policy.overlay.everywhere.maintenance > 0
    assert len(pushed) == 3
    assert all(each.taken for each in signed.deliveries)


# The halt lane


def parents(office: Office, commit: str) -> list[str]:
    return office.git("-C", str(office.clone("grace")), "rev-parse", f"{commit}^@").split()


def test_a_halt_on_a_good_branch_is_one_commit_on_both_ways(office: Office) -> None:
    before = office.head()
    signed = office.desk("grace").halt(HALT, "origin", "main")
    (ref,) = signed.lane
    assert office.lane() == {ref: signed.commit}
    assert office.head() == signed.commit
    assert parents(office, signed.commit) == [before]
    assert ref.removeprefix("refs/vanta/halts/") == Path(signed.detail).stem


def test_a_halt_lands_where_the_branch_is_protected(office: Office) -> None:
    office.protect()
    before = office.head()
    signed = office.desk("grace").halt(HALT, "origin", "main")
    assert office.head() == before
    assert office.lane() == {signed.lane[0]: signed.commit}
    lane, main = signed.deliveries
    assert (lane.where, lane.taken) == (f"origin {signed.lane[0]}", True)
    assert (main.where, main.taken) == ("origin refs/heads/main", False)
    assert "pre-receive hook declined" in main.said
    report = office.verdict()
    assert (report.verdict, report.reason, halted(report)) == ("tightened", "HALTED", True)


def test_a_halt_lands_without_the_forge(office: Office) -> None:
    """By the node's own repository, on what the clone remembers of the branch."""
    node = office.root / "node.git"
    office.git("clone", "--quiet", "--bare", str(office.bare), str(node))
    desk = office.desk("grace")
    before = office.head()
    office.bare.rename(office.root / "away.git")
    signed = desk.halt(HALT, "origin", "main", also=(str(node),))
    assert office.lane(node) == {signed.lane[0]: signed.commit}
    assert office.git("--git-dir", str(node), "rev-parse", f"{signed.commit}^") == before
    assert [each.taken for each in signed.deliveries] == [False, True, False]


def test_a_forge_that_hangs_does_not_hold_up_the_way_past_it(office: Office) -> None:
    node = office.root / "node.git"
    office.git("clone", "--quiet", "--bare", str(office.bare), str(node))
    hook = office.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    # The forge answers only once the node has it.
    listing = f"env -u GIT_QUARANTINE_PATH git --git-dir={node} for-each-ref refs/vanta/halts"
    hook.write_text(
        f'#!/bin/sh\nfor _ in $(seq 200); do [ -n "$({listing})" ] && exit 0; sleep 0.1; done\n'
        "exit 1\n"
    )
    hook.chmod(0o755)
    signed = office.desk("grace").halt(HALT, "origin", "main", also=(str(node),))
    assert all(each.taken for each in signed.deliveries)


def test_a_halt_that_nobody_took_says_so(office: Office) -> None:
    desk = office.desk("grace")
    office.bare.rename(office.root / "away.git")
    with pytest.raises(UnavailableError) as failed:
        desk.halt(HALT, "origin", "main", also=("https://ada:secret@127.0.0.1:1/x",))
    assert failed.value.code == "NOT_DELIVERED"
    assert "--also" in failed.value.remedy
    assert "127.0.0.1" in failed.value.message
    assert "secret" not in failed.value.message
    assert desk.clone.refs("refs/vanta") == {}


def test_a_halt_typed_in_a_hook_works_on_the_clone_that_was_named(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = office.desk("grace")
    monkeypatch.setenv("GIT_DIR", str(office.root / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(office.root / "no-index"))
    signed = desk.halt(HALT, "origin", "main")
    assert office.head() == signed.commit


def test_a_broken_hook_of_the_clone_stops_no_halt(office: Office) -> None:
    hook = office.clone("grace") / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    signed = office.desk("grace").halt(HALT, "origin", "main")
    assert all(each.taken for each in signed.deliveries)


def raised(clone: Path) -> None:
    text = (clone / VAULT).read_text()
    (clone / VAULT).write_text(text.replace("capital: 1000000", "capital: 1400000"))


def test_the_lane_starts_at_the_last_commit_that_reads(office: Office) -> None:
    good = office.head()
    poisoned(office, POISON[0])
    signed = office.desk("grace").halt(HALT, "origin", "main")
    assert parents(office, signed.commit) == [good]
    assert office.head() != signed.commit
    assert office.show(office.head(), signed.detail) == office.show(signed.commit, signed.detail)


def test_with_the_pin_the_lane_starts_at_the_last_commit_the_nodes_took(office: Office) -> None:
    """A raise that reads and that nobody signed may be rewritten tomorrow."""
    good = office.head()
    poisoned(office, raised)
    signed = office.desk("grace").halt(HALT, "origin", "main", trust=office.trust)
    assert parents(office, signed.commit) == [good]
    without = office.desk("grace").halt(HALT, "origin", "main")
    assert parents(office, without.commit) != [good]


def test_the_lane_starts_on_the_old_line_where_the_branch_was_rewritten(office: Office) -> None:
    desk = office.desk("grace")
    good = office.head()
    office.git("init", "--quiet", "--initial-branch=main", str(office.root / "other"))
    office.git("-C", str(office.root / "other"), "commit", "--quiet", "--allow-empty", "-m", "x")
    office.git(
        *("-C", str(office.root / "other"), "push", "--quiet", "--force"),
        *(str(office.bare), "HEAD:main"),
    )
    signed = desk.halt(HALT, "origin", "main", trust=office.trust)
    assert parents_in(office, desk.clone, signed.commit) == [good]


def parents_in(office: Office, clone: Clone, commit: str) -> list[str]:
    return office.git("-C", str(clone.path), "rev-parse", f"{commit}^@").split()


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


def test_a_resume_merges_what_stands_on_the_lane(office: Office) -> None:
    """Only what is merged is let go: nobody takes back a halt they have not seen."""
    poisoned(office, raised)
    signed = office.desk("grace").halt(HALT, "origin", "main", trust=office.trust)
    tip = office.head()
    resumed = office.desk("ada").resume((), "feed is back", "origin", "main")
    assert parents(office, resumed.commit) == [tip, signed.commit]
    assert resumed.lane == signed.lane
    assert resumed.detail == signed.detail
    assert signed.lane[0] in office.lane()


def test_a_halt_that_is_only_on_the_lane_is_taken_back_by_its_name(office: Office) -> None:
    office.protect()
    first, second = (office.desk("grace").halt(HALT, "origin", "main") for _ in range(2))
    (office.bare / "hooks" / "pre-receive").unlink()
    tip = office.head()
    name = Path(first.detail).stem
    resumed = office.desk("ada").resume((name,), "feed is back", "origin", "main")
    assert parents(office, resumed.commit) == [tip, first.commit]
    again = office.desk("ada").resume((), "both are", "origin", "main")
    assert parents(office, again.commit) == [resumed.commit, second.commit]


def test_the_lane_lets_go_when_a_quorum_resumed(office: Office) -> None:
    office.protect()
    office.desk("grace").halt(HALT, "origin", "main")
    (office.bare / "hooks" / "pre-receive").unlink()
    office.desk("ada").resume((), "feed is back", "origin", "main")
    assert halted(office.verdict())
    office.desk("alan").approve()
    office.push("alan")
    report = office.verdict()
    assert (report.verdict, halted(report)) == ("applied", False)


def test_a_halt_by_nobody_is_not_merged(office: Office) -> None:
    """It restrains nothing, and whatever its author put below it would come along."""
    desk = office.desk("mallory", key="mallory")
    stem = "full-halt-0"
    path = f"environments/dev/halts/{stem}.yaml"
    head = desk.clone.head()
    tree = desk.clone.tree_with(head, {path: _halt_document(path, stem, HALT)})
    forged = desk.sign(tree, [head], "Halt", Signer("ada", "ada@fund.example", desk._key))
    desk.clone.push_ref("origin", forged, f"refs/vanta/halts/{stem}")
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").resume((), "fine", "origin", "main")
    assert refused.value.code == "NO_SUCH_HALT"


def test_what_lies_on_the_lane_and_is_no_halt_of_ours_is_not_merged(office: Office) -> None:
    clone = office.clone("mallory")
    for name, value in (("x", office.head()), ("y", office.head("main^{tree}"))):
        office.git(
            "-C", str(clone), "push", "--quiet", "origin", f"{value}:refs/vanta/halts/{name}"
        )
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").resume((), "fine", "origin", "main")
    assert refused.value.code == "NO_SUCH_HALT"


def test_a_resume_of_a_protected_branch_says_how_to_take_it_there(office: Office) -> None:
    office.desk("grace").halt(HALT, "origin", "main")
    office.protect()
    desk = office.desk("ada")
    with pytest.raises(UnavailableError) as refused:
        desk.resume((), "fine", "origin", "main")
    assert refused.value.code == "NOT_DELIVERED"
    words = refused.value.remedy.split()
    at = words.index("push")
    office.git("-C", str(desk.clone.path), *words[at : at + 2], words[at + 2])
    assert office.git("--git-dir", str(office.bare), "branch", "--list", "dev-*")


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
