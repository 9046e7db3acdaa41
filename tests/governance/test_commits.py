"""Commit objects: read as they are, and nothing Git would shrug at is let through."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.governance.simulator import RepositorySimulator, person, run_git
from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.domain.instant import SECOND, parse_instant
from vanta.domain.name import NAME
from vanta.governance import sshsig
from vanta.governance.commits import (
    MAX_COMMIT,
    Approval,
    Commit,
    Links,
    parse_approval,
    parse_commit,
    parse_links,
    trailers,
)
from vanta.governance.repository import Repository

OID = "a" * 40
TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
FIRST, SECOND_PARENT = "1" * 40, "2" * 40
DIGEST = "0123456789abcdef" * 4
WHO = b"Ada <ada@example.org> 1795305600 +0000"
PGP = b"-----BEGIN PGP SIGNATURE-----\n \n iQEz\n =x\n -----END PGP SIGNATURE-----\n "
SIGNATURE = b"-----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----"


def raw(
    *extra: bytes,
    tree: bytes = b"tree " + TREE.encode(),
    parents: tuple[bytes, ...] = (b"parent " + FIRST.encode(),),
    author: bytes = b"author " + WHO,
    committer: bytes = b"committer " + WHO,
    message: bytes = b"A change\n",
) -> bytes:
    return b"\n".join([tree, *parents, author, committer, *extra]) + b"\n\n" + message


def code_of(content: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        parse_commit(OID, content)
    assert caught.value.place == f"commit {OID[:12]}"
    return caught.value.code


def commit_saying(message: str) -> Commit:
    return parse_commit(OID, raw(message=message.encode()))


class TestReading:
    def test_every_field(self) -> None:
        content = raw(
            b"gpgsig " + SIGNATURE,
            parents=(b"parent " + FIRST.encode(), b"parent " + SECOND_PARENT.encode()),
            author=b"author Bob O'Neil <bob@example.org> 5 -0130",
            message="Réduire\n\nbody\n".encode(),
        )
        commit = parse_commit(OID, content)

        assert commit == Commit(
            oid=OID,
            tree=TREE,
            parents=(FIRST, SECOND_PARENT),
            author="Bob O'Neil <bob@example.org>",
            author_email="bob@example.org",
            committer_name="Ada",
            committer_email="ada@example.org",
            committer_time=1_795_305_600 * SECOND,
            message="Réduire\n\nbody\n",
            signature=SIGNATURE.replace(b"\n ", b"\n"),
            signed_payload=content.replace(b"\ngpgsig " + SIGNATURE, b""),
        )
        assert parse_links(OID, content) == Links(TREE, (FIRST, SECOND_PARENT))

    def test_an_unsigned_commit_has_no_signed_payload(self) -> None:
        commit = parse_commit(OID, raw(parents=()))
        assert (commit.parents, commit.signature, commit.signed_payload) == ((), None, None)

    def test_an_empty_message_and_an_empty_name_are_git_s_own(self) -> None:
        commit = parse_commit(OID, raw(author=b"author <> 0 +0000", message=b""))
        assert (commit.author, commit.message) == ("<>", "")

    def test_a_forge_s_pgp_signature_is_read_so_that_it_can_be_called_foreign(self) -> None:
        commit = parse_commit(OID, raw(b"gpgsig " + PGP))
        assert commit.signature is not None
        with pytest.raises(RefusedError) as caught:
            sshsig.parse_armor(commit.signature)
        assert caught.value.code == "FOREIGN_SIGNATURE"

    def test_a_sha256_repository_has_long_ids_and_its_own_signature_header(self) -> None:
        """As Git writes there; `gpgsig` is there what it neither checks nor counts as signed."""
        tree, parents = b"tree " + b"b" * 64, (b"parent " + b"c" * 64,)
        content = raw(b"gpgsig-sha256 " + SIGNATURE, tree=tree, parents=parents)
        commit = parse_commit("a" * 64, content)
        assert commit.parents == ("c" * 64,)
        assert commit.signature == SIGNATURE.replace(b"\n ", b"\n")
        assert commit.signed_payload == raw(tree=tree, parents=parents)
        for other in (b"gpgsig ", b"gpgsig-sha512 "):
            with pytest.raises(MalformedError) as caught:
                parse_commit("a" * 64, raw(other + SIGNATURE, tree=tree, parents=parents))
            assert caught.value.code == "UNKNOWN_HEADER"

    def test_a_name_may_hold_what_is_merely_unusual(self) -> None:
        commit = parse_commit(OID, raw(author="author Ada\u00a0L. <a@b> 5 +0000".encode()))
        assert commit.author == "Ada\u00a0L. <a@b>"
        assert commit.legible

    @pytest.mark.parametrize("name", ["Ada\x1b[2J", "A\rda", "A\u202eda", "A\u200dda", "A\u2028da"])
    def test_a_name_with_what_cannot_be_seen_is_told_of(self, name: str) -> None:
        who = f"{name} <ada@example.org> 5 +0000".encode()
        for content in (raw(author=b"author " + who), raw(committer=b"committer " + who)):
            commit = parse_commit(OID, content)
            assert not commit.legible
            assert commit.committer_email == "ada@example.org"


PARENT = b"parent " + FIRST.encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(
            raw(tree=b"tree " + TREE.encode() + b"\ntree " + TREE.encode()),
            "DUPLICATE_HEADER",
            id="two trees",
        ),
        pytest.param(raw(b"tree " + TREE.encode()), "DUPLICATE_HEADER", id="a tree at the end"),
        pytest.param(raw(parents=(PARENT, PARENT)), "DUPLICATE_HEADER", id="a parent twice"),
        pytest.param(raw(b"author " + WHO), "DUPLICATE_HEADER", id="two authors"),
        pytest.param(raw(b"committer " + WHO), "DUPLICATE_HEADER", id="two committers"),
        pytest.param(
            raw(b"gpgsig " + SIGNATURE, b"gpgsig " + SIGNATURE),
            "DUPLICATE_HEADER",
            id="two signatures",
        ),
        pytest.param(raw(PARENT), "MALFORMED_COMMIT", id="a parent after the committer"),
        pytest.param(
            raw(author=b"committer " + WHO, committer=b"author " + WHO),
            "MALFORMED_COMMIT",
            id="order",
        ),
        pytest.param(
            raw(b"gpgsig " + SIGNATURE, b"encoding x"), "UNKNOWN_HEADER", id="after the signature"
        ),
        pytest.param(raw(b"encoding ISO-8859-1"), "UNKNOWN_HEADER", id="encoding"),
        pytest.param(raw(b"mergetag object x\n type commit"), "UNKNOWN_HEADER", id="mergetag"),
        pytest.param(raw(b"gpgsig-sha256 " + SIGNATURE), "UNKNOWN_HEADER", id="gpgsig-sha256"),
        pytest.param(raw(b"HG:extra x"), "UNKNOWN_HEADER", id="any other"),
        pytest.param(raw(b"gpgsig"), "MALFORMED_COMMIT", id="an empty signature"),
        pytest.param(
            raw(b"gpgsig " + SIGNATURE + b"\n " + SIGNATURE),
            "SEVERAL_SIGNATURES",
            id="two armour blocks",
        ),
        pytest.param(
            raw(b"gpgsig " + PGP + b"\n " + SIGNATURE), "SEVERAL_SIGNATURES", id="PGP and SSH"
        ),
        pytest.param(
            raw(b"gpgsig x\n " + SIGNATURE), "MALFORMED_COMMIT", id="text before the armour"
        ),
        pytest.param(
            raw(b"gpgsig " + SIGNATURE + b"\n x"), "MALFORMED_COMMIT", id="text after the armour"
        ),
        pytest.param(
            raw(b"gpgsig " + SIGNATURE[:-9]), "MALFORMED_COMMIT", id="armour without an end"
        ),
        pytest.param(
            raw(b" continuation of nothing"), "MALFORMED_COMMIT", id="a stray continuation"
        ),
        pytest.param(b"", "MALFORMED_COMMIT", id="nothing"),
        pytest.param(b"\n\n", "MALFORMED_COMMIT", id="no headers"),
        pytest.param(raw().partition(b"\n\n")[0], "MALFORMED_COMMIT", id="no message separator"),
        pytest.param(raw(message=b"a\0b"), "MALFORMED_COMMIT", id="NUL in the message"),
        pytest.param(raw(message=b"\xff"), "MALFORMED_COMMIT", id="a message that is not UTF-8"),
        pytest.param(
            raw(tree=b"tree " + TREE.upper().encode()), "MALFORMED_COMMIT", id="capital hex"
        ),
        pytest.param(
            raw(tree=b"tree " + b"b" * 64), "MALFORMED_COMMIT", id="an id of another length"
        ),
        pytest.param(raw(tree=b"tree HEAD"), "MALFORMED_COMMIT", id="a ref for an id"),
        pytest.param(
            raw(parents=(b"parent  " + FIRST.encode(),)), "MALFORMED_COMMIT", id="two spaces"
        ),
        pytest.param(raw(committer=b"committer Ada <a@b> now +0000"), "BAD_IDENTITY", id="no time"),
        pytest.param(
            raw(committer=b"committer Ada <a@b> -5 +0000"), "BAD_IDENTITY", id="before 1970"
        ),
        pytest.param(
            raw(committer=b"committer Ada <a@b> 05 +0000"), "BAD_IDENTITY", id="octal-looking time"
        ),
        pytest.param(
            raw(committer=b"committer Ada <a@b> 9999999999 +0000"), "BAD_IDENTITY", id="beyond 2116"
        ),
        pytest.param(raw(committer=b"committer Ada <a@b> 5"), "BAD_IDENTITY", id="no zone"),
        pytest.param(
            raw(committer=b"committer Ada <a@b> <c@d> 5 +0000"), "BAD_IDENTITY", id="two addresses"
        ),
        pytest.param(
            raw(committer="committer Ada <a\u200d@b> 5 +0000".encode()),
            "BAD_IDENTITY",
            id="unseen in an address",
        ),
        pytest.param(
            raw(author=b"author Ada <a\r@b> 5 +0000"), "BAD_IDENTITY", id="return in an address"
        ),
        pytest.param(
            raw(author=b"author \xff <a@b> 5 +0000"), "BAD_IDENTITY", id="a name that is not UTF-8"
        ),
    ],
)
def test_refuses(content: bytes, code: str) -> None:
    assert code_of(content) == code


LINE = b"tree " + TREE.encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"tree x\n" + bytes(60), id="a ref for a tree"),
        pytest.param(b"author " + WHO, id="no tree"),
        pytest.param(LINE[:-1], id="an open tree line"),
        pytest.param(LINE, id="nothing after the tree"),
        pytest.param(b"tree " + b"b" * 64 + b"\nauthor", id="a tree of the other format"),
        pytest.param(LINE + PARENT + b"\n", id="nothing after the parent"),
        pytest.param(LINE + PARENT + b" \nauthor", id="a space after the parent"),
        pytest.param(LINE + PARENT + b"\n" + b"parent " + b"g" * 40 + b"\nx", id="not an id"),
        pytest.param(LINE + b"parent " + b"c" * 64 + b"\nx", id="a parent of the other format"),
    ],
)
def test_what_git_could_not_walk_has_no_links(tmp_path: Path, content: bytes) -> None:
    sim = RepositorySimulator(tmp_path)
    oid = sim.raw_commit(content)
    assert sim.git("rev-list", "--no-walk", oid, check=False).returncode != 0
    with pytest.raises(MalformedError) as caught:
        parse_links(oid, content)
    assert caught.value.code == "MALFORMED_COMMIT"


def test_ids_of_no_format_name_nothing() -> None:
    with pytest.raises(MalformedError):
        parse_links("a" * 41, raw())
    with pytest.raises(MalformedError):
        parse_commit("a" * 41, raw())


def test_links_of_an_unreadable_commit_are_those_git_follows(tmp_path: Path) -> None:
    """Duplicate and late headers do not move the walk away from where Git's own goes."""
    sim = RepositorySimulator(tmp_path)
    root = sim.commit({"a": "1"})
    other = sim.commit({"a": "2"}, parents=[])
    good = sim.payload(tree=sim.tree({}), parents=[root])
    author = good.index(b"\nauthor")
    committer_end = good.index(b"\n\n")
    late_parent = f"\nparent {other}".encode()
    for content in (
        good[:committer_end] + late_parent + good[committer_end:],
        good[:author] + b"\ntree " + TREE.encode() + good[author:],
        good[:author] + late_parent.replace(b"parent", b"parents") + good[author:],
        good[:committer_end] + b"\nencoding x" + good[committer_end:],
        # Too short for a parent: Git takes it for another header.
        good[:author] + b"\nparent 2",
        good[:author] + b"\nparent " + other.encode(),
    ):
        oid = sim.raw_commit(content)
        walked = sim.git("rev-list", "--parents", "-1", oid).stdout.split()[1:]
        assert list(parse_links(oid, content).parents) == walked


class TestTrailers:
    @pytest.mark.parametrize(
        ("message", "expected"),
        [
            ("", []),
            ("Key: value\n", []),
            ("Subject\n\nKey: value\n", [("Key", "value")]),
            ("Subject\n\nKey: value\n\n\n \n", [("Key", "value")]),
            ("Subject\n\nA: 1\nB-c:2\nA: 3", [("A", "1"), ("B-c", "2"), ("A", "3")]),
            ("Subject\n\nA: 1\n\nprose\n", []),
            ("Subject\n\nprose\nA: 1\n", []),
            ("Subject\n\nA: 1\nprose\n", []),
            ("Subject\n\n> A: 1\n", []),
            ("Subject\n\n    A: 1\n", []),
            ("Subject\n\nHe wrote A: 1\n", []),
            ("Subject\n\nA: 1\n  more\n", [("A", "1\nmore")]),
            ("Subject\n\nA: 1\r\n", []),
            ("Subject\n\nA: \u202e1\n", []),
            ("Subject\n\nA: 1\u2028B: 2\n", []),
            ("Subject\n\nA: 1\n \u202e2\n", []),
            ("Subject\n\nprose\n\u00a0\nA: 1\n", []),
            ("Subject\n\x0c\nA: 1\n", []),
        ],
    )
    def test_only_the_last_paragraph_and_only_if_it_is_nothing_else(
        self, message: str, expected: list[tuple[str, str]]
    ) -> None:
        assert trailers(message) == expected

    def test_agrees_with_git_on_plain_messages(self, tmp_path: Path) -> None:
        sim = RepositorySimulator(tmp_path)
        for message in (
            "Subject\n\nA: 1\nB: 2\n",
            "Subject\n\nbody\n\nSigned-off-by: Ada <ada@example.org>\n",
            "Subject\n\nbody\n",
            "Subject only\n",
        ):
            oid = sim.commit(message=message)
            shown = sim.git("log", "-1", "--format=%(trailers:only,unfold)", oid).stdout.split("\n")
            assert [f"{key}: {value}" for key, value in trailers(message)] == [*filter(None, shown)]


STATED = f"Vanta-Approve: prod {DIGEST} until=2026-11-25T00:00:00Z"


@given(st.from_regex(rf"\A{NAME}\Z"))
def test_whatever_an_environment_may_be_called_can_be_approved(environment: str) -> None:
    """Also one that begins with a digit, such as `2prod`."""
    stated = f"Vanta-Approve: {environment} {DIGEST} until=2026-11-24T12:00:00Z"
    approval = parse_approval(commit_saying(f"Approve\n\n{stated}\n"))
    assert approval is not None
    assert approval.environment == environment


class TestApprovals:
    @pytest.mark.parametrize(
        "message",
        [
            f"Approve\n\n{STATED}\n",
            f"Approve\n\nbody\n\nReviewed-by: Bob\n{STATED}\n",
            f"Approve\n\n{STATED.replace('T00:00:00Z', 'T02:00:00+02:00')}",
            f"Approve\n\n> {STATED.replace('prod', 'dev')}\n\n{STATED}\n",
        ],
    )
    def test_exactly_one_trailer_approves(self, message: str) -> None:
        assert parse_approval(commit_saying(message)) == Approval(
            "prod", DIGEST, parse_instant("2026-11-25T00:00:00Z")
        )

    @pytest.mark.parametrize(
        "message",
        [
            "Fix typo\n",
            "",
            STATED,
            f"Subject\n\n> {STATED}\n",
            f"Subject\n\n    {STATED}\n",
            f"Subject\n\n```\n{STATED}\n```\n",
            f"Subject\n\n{STATED}\n\nbut that is quoted from the manual\n",
            f"Subject\n\nAs bob said:\n{STATED}\n",
            f"Subject\n\n* {STATED}\n",
            f"Subject\n\n{STATED}\r\n",
            'Revert "Approve"\n\nThis reverts commit 1.\n',
        ],
    )
    def test_quoting_or_mentioning_one_does_not(self, message: str) -> None:
        assert parse_approval(commit_saying(message)) is None

    @pytest.mark.parametrize(
        "value",
        [
            f"{STATED}\n{STATED}",
            f"{STATED}\n{STATED.replace('prod', 'staging')}",
            STATED.replace("Vanta-Approve", "vanta-approve"),
            STATED.replace("Vanta-Approve", "VANTA-APPROVE"),
            f"{STATED}\n{STATED.replace('Vanta-Approve', 'vanta-approve')}",
            STATED.replace(DIGEST, DIGEST[:-1]),
            STATED.replace(DIGEST, DIGEST + "0"),
            STATED.replace(DIGEST, DIGEST.upper()),
            STATED.replace("prod", "Prod"),
            STATED.replace("prod", "../prod"),
            STATED.replace("prod ", ""),
            STATED.replace("until=", ""),
            STATED.replace(" until=2026-11-25T00:00:00Z", ""),
            STATED.replace("2026-11-25T00:00:00Z", "forever"),
            STATED.replace("2026-11-25T00:00:00Z", "2026-11-25"),
            STATED.replace("2026-11-25T00:00:00Z", "2026-11-25T00:00:00"),
            STATED.replace("2026-11-25T00:00:00Z", "2026-02-30T00:00:00Z"),
            STATED.replace("2026-11-25T00:00:00Z", "9999-01-01T00:00:00Z"),
            STATED.replace("2026-11-25T00:00:00Z", "1969-01-01T00:00:00Z"),
            STATED.replace("2026", "\uff12026"),
            STATED + " and more",
            STATED.replace(" until", "  until"),
            STATED.replace(" until", "\n until"),
            "Vanta-Approve:",
        ],
    )
    def test_an_approval_that_is_not_exactly_one_is_an_error(self, value: str) -> None:
        with pytest.raises(MalformedError) as caught:
            parse_approval(commit_saying(f"Approve\n\n{value}\n"))
        assert caught.value.code == "MALFORMED_APPROVAL"
        assert caught.value.remedy


class TestAgreementWithGit:
    """The in-process verdict against `git verify-commit` over the same people."""

    def verdict(self, sim: RepositorySimulator, repository: Repository, oid: str) -> bool:
        keys = {who.key for who in sim.people.values()}
        try:
            commit = repository.commit(oid)
            if commit.signature is None or commit.signed_payload is None:
                return False
            signature = sshsig.parse_armor(commit.signature)
            return sshsig.verify(signature, commit.signed_payload, "git") in keys
        except VantaError:
            return False

    def test_on_well_formed_commits(self, tmp_path: Path) -> None:
        sim = RepositorySimulator(tmp_path)
        people = [sim.person(name) for name in ("ada", "bob", "eve")]
        stranger = person("stranger")
        expected: dict[str, bool] = {}
        for number in range(8):
            ada = people[number % 3]
            bob = people[(number + 1) % 3]
            files = {"a.yaml": f"n: {number}\n"}
            payload = sim.payload(
                tree=sim.tree(files), committer=ada, message=f"Number {number}\n\nLonger: é\n"
            )
            good = sim.signed(payload, ada)
            expected[sim.raw_commit(good)] = True
            expected[sim.raw_commit(payload)] = False
            expected[sim.raw_commit(good.replace(b"Number", b"number"))] = False
            expected[sim.raw_commit(sim.signed(payload, ada, namespace="file"))] = False
            expected[sim.raw_commit(sim.signed(payload, ada, claimed=bob))] = False
            expected[sim.raw_commit(sim.signed(payload, stranger, claimed=ada))] = False
            # What Git shows as `U`: a good signature of somebody nobody lists.
            expected[sim.raw_commit(sim.signed(payload, stranger))] = False

        with Repository(sim.path) as repository:
            for oid, good_one in expected.items():
                assert self.verdict(sim, repository, oid) == good_one
                assert sim.git_accepts(oid) == good_one

    def test_never_more_lenient_on_hostile_ones(self, tmp_path: Path) -> None:
        """Some of these Git accepts: it signs and shows headers that nobody reads."""
        sim = RepositorySimulator(tmp_path)
        ada = sim.person("ada")
        payload = sim.payload(tree=sim.tree({"a": "1"}), committer=ada)
        end = payload.index(b"\n\n")
        hostile = [
            sim.signed(payload[:end] + b"\nencoding ISO-8859-1" + payload[end:], ada),
            sim.signed(payload[:end] + b"\nHG:rename x" + payload[end:], ada),
            sim.signed(payload[:end] + b"\nauthor Eve <eve@e> 5 +0000" + payload[end:], ada),
            sim.signed(payload[:end] + b"\nmergetag object 1\n x" + payload[end:], ada),
            sim.signed(payload.replace(b"\nauthor Ada <", b"\nauthor Ada <\x1b"), ada),
            sim.signed(sim.signed(payload, ada), ada),
        ]
        accepted_by_git = 0
        with Repository(sim.path) as repository:
            for content in hostile:
                oid = sim.raw_commit(content)
                accepted_by_git += sim.git_accepts(oid)
                with pytest.raises(MalformedError):
                    repository.commit(oid)
        assert accepted_by_git, "Git is stricter than it was: see whether these still matter"

    def test_git_s_own_signed_commits_merges_and_amendments_are_read(self, tmp_path: Path) -> None:
        sim = RepositorySimulator(tmp_path)
        ada = sim.person("ada")
        key = sim.export_key(ada)
        work = tmp_path / "work"
        settings = (
            *("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"),
            *("-c", "user.name=Ada", "-c", "user.email=ada@example.org"),
        )

        def git(*arguments: str) -> None:
            run_git(["-C", str(work), *settings, *arguments], home=tmp_path)

        run_git(["init", "--quiet", "--initial-branch=main", str(work)], home=tmp_path)
        git("commit", "--allow-empty", "-S", "-m", "Introduce")
        git("branch", "side")
        git("commit", "--allow-empty", "-S", "-m", "On main\n\nReviewed-by: Bob")
        git("switch", "--quiet", "side")
        git("commit", "--allow-empty", "-S", "-m", "Côté")
        git("switch", "--quiet", "main")
        git("merge", "--quiet", "--no-ff", "-S", "-m", "Merge", "side")
        git("commit", "--amend", "--allow-empty", "-S", "-m", "Merge, amended")
        with Repository(work) as repository:
            head = repository.resolve()
            line = [head]
            while parents := repository.commit(line[-1]).parents:
                line.append(parents[0])
            assert len(line) == 3
            assert len(repository.commit(head).parents) == 2
            assert all(self.verdict(sim, repository, oid) for oid in line)


VALID = raw(
    b"gpgsig "
    + sshsig.sign(person("ada").private_key, raw(), "git").strip().replace(b"\n", b"\n "),
    message=f"Approve\n\n{STATED}\n".encode(),
)


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda at, length, new: VALID[:at] + new + VALID[at + length :],
        st.integers(0, len(VALID)),
        st.integers(0, 60),
        st.binary(max_size=20) | st.sampled_from([b"\nparent ", b"\n ", b"\ngpgsig ", b"\n\n"]),
    )
)
def test_any_bytes_are_a_commit_or_a_malformed_error(content: bytes) -> None:
    with contextlib.suppress(MalformedError):
        parse_links(OID, content)
    try:
        commit = parse_commit(OID, content)
    except MalformedError:
        return
    assert parse_links(OID, content) == Links(commit.tree, commit.parents)
    with contextlib.suppress(MalformedError):
        parse_approval(commit)


@given(st.text())
def test_ordinary_messages_never_raise(message: str) -> None:
    trailers(message)


def test_a_commit_larger_than_any_message_is_not_taken_apart() -> None:
    with pytest.raises(MalformedError) as large:
        parse_commit(OID, raw(message=b"x" * MAX_COMMIT))
    assert large.value.code == "COMMIT_TOO_LARGE"
