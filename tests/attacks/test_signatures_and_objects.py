"""Signatures and objects: what is not exactly one person's signature over these bytes is nobody's.

Most attacks here spoil one commit that would otherwise be the first of the two approvals of a
looser policy. It must say its own code, count for nothing, and be in nobody's way: two people
who name the same tree on top of it get what they want.
"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.attacks.changes import LOOSER
from tests.attacks.clone import Clone
from tests.attacks.door import arguments, knock, pin
from tests.attacks.planting import FILE, FOLDER, commit_of, planted
from tests.attacks.spoiling import (
    DUPLICATE,
    NAMES,
    OTHERS,
    SPOILT,
    UNKNOWN,
    WRONG,
    Spoil,
    approving,
    by_ada,
    renamed,
)
from tests.governance.fund import HERE, MOMENTUM, Fund, authority, capital, halted, switch, vault
from tests.governance.simulator import MAIN, Content, run_git
from vanta.cli.main import app
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.trust import Trust

# One commit, spoilt.


def check_spoilt(fund: Fund, spoil: Spoil, code: str) -> None:
    """It says its code, counts for nothing, and is in nobody's way."""
    payload, files = approving(fund)
    commit = fund.sim.raw_commit(spoil(fund, payload), files=files, ref=MAIN)
    answer = knock(fund)
    assert answer == ("refused", code, 1)
    assert answer.code_of(commit) == code
    assert capital(answer.policy) == 1000
    fund.approve("grace")
    fund.approve("alan")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert answer.verdicts[1] == ("refused", "QUORUM_MISSING")
    assert answer.told["commits"][1]["approvers"] == ["grace"]
    assert capital(answer.policy) == 2000


def spoilt(table: dict[str, tuple[Spoil, str]]) -> pytest.MarkDecorator:
    """Every row of a table."""
    return pytest.mark.parametrize(("spoil", "code"), table.values(), ids=table.keys())


@pytest.mark.parametrize("name", ["Ada", 'Ada "Root" L.', "O'Ada", "\u00c5da \u4e2d"])
def test_the_same_commit_unspoilt_is_the_first_of_two_approvals(fund: Fund, name: str) -> None:
    """Quotes in a name, and letters of any script, are nothing to stumble over."""
    payload, files = approving(fund)
    raw = by_ada(renamed(name.encode()))(fund, payload)
    fund.sim.raw_commit(raw, files=files, ref=MAIN)
    assert knock(fund) == ("refused", "QUORUM_MISSING", 1)
    fund.approve("grace")
    assert knock(fund) == ("applied", None, 0)


@spoilt(DUPLICATE)
def test_duplicate_parent_gpgsig_and_other_headers(fund: Fund, spoil: Spoil, code: str) -> None:
    check_spoilt(fund, spoil, code)


@pytest.mark.parametrize("first", ["what is approved", "what is in force"])
def test_duplicate_tree_headers(fund: Fund, first: str) -> None:
    """Git follows the first and no parent: such a commit is a root, and no head of ours."""
    payload, files = approving(fund)
    looser, now = payload.split(b"\n")[0], fund.history.commit(fund.introduction).tree
    in_force = b"tree " + now.encode()
    trees = (looser, in_force) if first == "what is approved" else (in_force, looser)
    raw = payload.replace(looser, b"\n".join(trees), 1)
    ada = fund.person("ada")
    commit = fund.sim.raw_commit(fund.sim.signed(raw, ada), files=files, ref=MAIN)
    assert fund.sim.git("rev-list", "--count", commit).stdout == "1\n"
    answer = knock(fund)
    assert answer == ("refused", "NOT_DESCENDANT", 1)
    assert capital(answer.policy) == 1000
    # Beside the main line it brings nothing either, and says why.
    fund.tree(files, by="grace", approve=True, parents=[fund.introduction, commit])
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.code_of(commit) == "DUPLICATE_HEADER"
    assert capital(answer.policy) == 1000


@spoilt(UNKNOWN)
def test_unknown_headers_mergetag_encoding_and_several_armour_blocks(
    fund: Fund, spoil: Spoil, code: str
) -> None:
    check_spoilt(fund, spoil, code)


@spoilt(WRONG)
def test_wrong_namespace_or_hash(fund: Fund, spoil: Spoil, code: str) -> None:
    check_spoilt(fund, spoil, code)


def test_wrong_namespace_by_ssh_keygen_itself(fund: Fund, tmp_path: Path) -> None:
    """A signature ada made over the very bytes, for a file that somebody sent her."""
    payload, files = approving(fund)
    (tmp_path / "release.txt").write_bytes(payload)
    key = fund.sim.export_key(fund.person("ada"))
    clone = Clone(fund, "ada")
    for namespace, code in (("file", "WRONG_NAMESPACE"), ("git", "")):
        clone.run("ssh-keygen", "-Y", "sign", "-f", key, "-n", namespace, tmp_path / "release.txt")
        armor = (tmp_path / "release.txt.sig").read_bytes()
        (tmp_path / "release.txt.sig").unlink()
        raw = fund.sim.signed(payload, fund.person("ada"), armor=armor)
        fund.sim.raw_commit(raw, files=files, ref=MAIN)
        assert knock(fund) == ("refused", code or "QUORUM_MISSING", 1)


@spoilt(OTHERS)
def test_signer_is_not_the_key_the_signature_names(fund: Fund, spoil: Spoil, code: str) -> None:
    check_spoilt(fund, spoil, code)


@spoilt(NAMES)
def test_newlines_and_control_characters_in_the_names_of_people(
    fund: Fund, spoil: Spoil, code: str
) -> None:
    check_spoilt(fund, spoil, code)


@spoilt({name: SPOILT[name] for name in ("two authors", "encoding", "for a file", "an escape")})
def test_a_halt_on_top_of_a_spoilt_commit_lands(fund: Fund, spoil: Spoil, code: str) -> None:
    payload, files = approving(fund)
    fund.sim.raw_commit(spoil(fund, payload), files=files, ref=MAIN)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert answer.verdicts[0] == ("refused", code)
    assert halted(answer.policy)


# Commits that are well-formed, and mean less than they seem to.


@pytest.mark.parametrize("head", ["signed", "approved by one", "approved by two who may not"])
def test_an_unsigned_commit_mid_range_under_a_signed_head(fund: Fund, head: str) -> None:
    fund.change({"README.md": "before\n"}, by="ada")
    unsigned = fund.change(LOOSER, by=None)
    if head == "signed":
        fund.change({"README.md": "after\n"}, by="ada")
    elif head == "approved by one":
        fund.approve("ada")
    else:
        fund.approve("olga")
        fund.approve("carol")
    answer = knock(fund, applied=fund.introduction)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.code_of(unsigned) == "UNSIGNED"
    assert capital(answer.policy) == 1000


def test_an_unsigned_commit_mid_range_comes_into_force_only_by_a_quorum_that_names_it(
    fund: Fund,
) -> None:
    unsigned = fund.change(LOOSER, by=None)
    fund.approve("ada")
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert answer.code_of(unsigned) == "UNSIGNED"
    assert capital(answer.policy) == 2000


def test_git_status_u_taken_for_good(fund: Fund) -> None:
    """`%G?` says U, a good signature, of anybody's key whatsoever."""
    commit = fund.change(LOOSER, by="mallory", approve=True)
    signers = fund.sim.path.parent / "signers"
    signers.write_text(f"ada@example.org {fund.keys['ada'][0]}\n")
    said = fund.sim.git(
        *("-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "-1", "--format=%G?", commit)
    )
    assert said.stdout == "U\n"
    answer = knock(fund)
    assert answer == ("refused", "UNKNOWN_SIGNER", 1)
    assert answer.code_of(commit) == "UNKNOWN_SIGNER"
    assert capital(answer.policy) == 1000


# Replacements: what Git shows in the place of what was asked for.


def test_refs_replace_making_an_unsigned_commit_verify(fund: Fund) -> None:
    unsigned = fund.change(LOOSER, by=None)
    signed = fund.change(
        LOOSER, by="ada", approve=True, parents=[fund.introduction], ref="refs/heads/side"
    )
    fund.sim.replace(unsigned, by=signed)
    assert fund.sim.git_accepts(unsigned)
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert answer.code_of(unsigned) == "UNSIGNED"
    assert capital(answer.policy) == 1000


def test_refs_replace_putting_another_file_in_the_place_of_the_approved_one(fund: Fund) -> None:
    """Two people approved what Git does not show any more."""
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    theirs, huge = str(LOOSER[MOMENTUM]), vault("momentum", capital=4999)
    approved = fund.sim.write("blob", theirs.encode())
    fund.sim.replace(approved, by=fund.sim.write("blob", huge.encode()))
    assert fund.sim.git("show", f"main:{MOMENTUM}").stdout == huge
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert capital(answer.policy) == 2000


@pytest.mark.parametrize("how", ["replace --graft", "info/grafts", "replacing the halt"])
def test_a_halt_that_git_hides_by_other_parents_is_read(fund: Fund, how: str) -> None:
    halt = fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    files = fund.sim.files(fund.introduction)
    head = fund.tree(files, by=None)
    if how == "replace --graft":
        fund.sim.git("replace", "--graft", head, fund.introduction)
    elif how == "info/grafts":
        (fund.sim.path / "info").mkdir(exist_ok=True)
        (fund.sim.path / "info" / "grafts").write_text(f"{head} {fund.introduction}\n")
    else:
        fund.sim.replace(halt, by=fund.introduction)
    seen = fund.sim.git("log", "--format=%H", head).stdout.split()
    assert halt not in seen or how == "replacing the halt"
    answer = knock(fund)
    assert answer.verdicts[0] == ("tightened", None)
    assert answer == ("refused", "UNSIGNED", 1)
    assert halted(answer.policy)


# Names in trees and documents.


@pytest.mark.parametrize(
    "name",
    [b'a".yaml', b"a\n.yaml", b"a\r.yaml", b"\x1b[2J.yaml", b"\x7f.yaml", b"a\\.yaml",
     "\u202e.yaml".encode(), b"\xff.yaml", b"a\t.yaml", b"<a>.yaml", b"a|b.yaml"],
)  # fmt: skip
def test_quotes_newlines_and_control_characters_in_the_names_of_files(
    fund: Fund, name: bytes
) -> None:
    files = {**fund.sim.files(fund.introduction), **LOOSER}
    plant = [(FILE, name, fund.sim.write("blob", b"x"))]
    commit_of(fund, planted(fund.sim, files, {f"{HERE}vaults": plant}), by="ada", files=files)
    answer = knock(fund)
    assert answer == ("refused", "BAD_NAME", 1)
    assert answer.message.isprintable()
    assert capital(answer.policy) == 1000
    for person in ("ada", "grace"):
        fund.change(by=person, approve=True)
    assert knock(fund) == ("applied", None, 0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ('"gr\\nace"', "INVALID_FIELD"),
        ("'gr\"ace'", "INVALID_FIELD"),
        ('"gr\\x1bace"', "HIDDEN_CHARACTER"),
        ('"gr\\u202eace"', "HIDDEN_CHARACTER"),
        ("gr\u0430ce", "INVALID_FIELD"),
        ("gr\u200bace", "HIDDEN_CHARACTER"),
        ("../grace", "INVALID_FIELD"),
    ],
)
def test_quotes_newlines_and_control_characters_in_the_names_of_documents(
    fund: Fund, name: str, code: str
) -> None:
    text = authority(fund.keys).replace("name: grace,", f"name: {name},")
    fund.change({AUTHORITY: text}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("refused", code, 1)
    assert answer.message.replace("\n", "").isprintable()
    assert "authority.yaml:" in answer.message
    # The same people still decide.
    fund.change({AUTHORITY: authority(fund.keys), **LOOSER}, by="ada", approve=True)
    fund.approve("grace")
    assert knock(fund) == ("applied", None, 0)


def test_what_a_person_reads_at_a_terminal_is_one_line_whatever_things_are_called(
    fund: Fund,
) -> None:
    """Nothing that can be pushed moves the cursor or adds a line that says `applied`."""
    evil = b"x\x1b[2K\rapplied at 000000000000\n.yaml"
    files = fund.sim.files(fund.introduction)
    plant = [(FILE, evil, fund.sim.write("blob", b"x"))]
    commit_of(fund, planted(fund.sim, files, {f"{HERE}vaults": plant}), by="ada", files=files)
    line = [part for part in arguments(fund.sim.path, pin(fund), now=fund.now) if part != "--json"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 1
    assert done.stdout.startswith("refused (BAD_NAME")
    assert done.stdout.count("\n") == 1
    assert done.stdout.removesuffix("\n").isprintable()


@pytest.mark.parametrize("name", ["a\nb", 'a"b', "a\x1bb", "a b", "\u202e"])
def test_refs_of_the_lane_with_such_names_hide_no_other(fund: Fund, name: str) -> None:
    """No `git push` makes them; whoever has the disk can."""
    files: dict[str, Content | None] = {fund.halt("stop"): switch("stop")}
    halt = fund.change(files, by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    (fund.sim.path / "refs" / "vanta" / "halts" / name).write_text(f"{fund.introduction}\n")
    answer = knock(fund)
    assert answer == ("tightened", "HALTED", 3)
    assert [each["commit"] for each in answer.told["lane"]] == [halt]


# Objects that are not what they are asked for as.


@pytest.mark.parametrize("kind", ["tag", "tree", "blob"])
def test_a_branch_that_is_no_commit(fund: Fund, kind: str) -> None:
    sim = fund.sim
    target = {
        "tag": sim.write(
            "tag",
            b"object %s\ntype commit\ntag v1\ntagger A <a@b.c> 1 +0000\n\nv1\n"
            % fund.introduction.encode(),
        ),
        "tree": fund.history.commit(fund.introduction).tree,
        "blob": sim.write("blob", b"x"),
    }[kind]
    sim.point(MAIN, target)
    answer = knock(fund)
    assert answer == ("refused", "WRONG_TYPE", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("folder", ["", "environments/prod/vaults", "ceilings"])
def test_a_tree_that_names_an_object_of_another_kind(fund: Fund, folder: str) -> None:
    """A commit where a file should be, a file where a folder should be."""
    files = fund.sim.files(fund.introduction)
    plants = {
        folder: [
            (FOLDER, b"personas" if not folder else b"zz", fund.sim.write("blob", b"x")),
        ]
    }
    commit_of(fund, planted(fund.sim, files, plants), by="ada", files=files)
    answer = knock(fund)
    assert answer == ("refused", "WRONG_TYPE", 1)
    assert answer.policy == knock(fund, applied=fund.introduction).policy


def test_the_repository_says_it_is_signed_by_its_own_word(fund: Fund) -> None:
    """Notes, configuration and signer files of the repository vouch for nobody."""
    commit = fund.change(LOOSER, by="mallory", approve=True)
    signers = fund.sim.path / "signers"
    signers.write_text(f"ada@example.org {fund.mallory.key.openssh}\n")
    fund.sim.git("config", "gpg.ssh.allowedSignersFile", str(signers))
    fund.sim.git("config", "gpg.ssh.program", "true")
    run_git(
        ["--git-dir", str(fund.sim.path), "notes", "add", "-m", "verified", commit],
        home=fund.sim.path.parent,
    )
    assert knock(fund) == ("refused", "UNKNOWN_SIGNER", 1)


def test_the_pin_names_who_introduced_it_and_nobody_else(fund: Fund) -> None:
    """Another history that somebody else introduced, whoever signed its later commits."""
    theirs = fund.tree(fund.sim.files(fund.introduction), by="mallory", parents=[])
    assert knock(fund) == ("refused", "NOT_DESCENDANT", 1)
    fund.trust = Trust(theirs, fund.trust.fingerprints)
    answer = knock(fund)
    assert answer == ("refused", "UNTRUSTED_INTRODUCTION", 1)
    assert answer.silent
    fund.change(LOOSER, by="ada", approve=True)
    assert knock(fund) == ("refused", "UNTRUSTED_INTRODUCTION", 1)
