"""Where Git says a commit is good and it must not count: each difference by itself.

First what is odd about a commit, then what somebody with the repository, or its host, can do
around one. If Git becomes stricter, a test here fails, and the difference may go.
"""

import hashlib
import random
import stat
import struct
from pathlib import Path

import pytest

from tests.conformance.git_opinion import Git, write_allowed
from tests.conformance.oddities import ODDITIES
from tests.conformance.signers import Signer, ed25519
from tests.conformance.verdict import GOOD, authority_over, judge
from tests.conformance.world import World
from tests.governance.simulator import Person, RepositorySimulator
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import DAY, parse_instant
from vanta.governance.commits import parse_commit
from vanta.governance.repository import Repository

WRONG = sorted(name for name, odd in ODDITIES.items() if odd.git == "G" and odd.ours != GOOD)


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp(request.param), request.param)


def assert_git_alone_accepts(world: World, name: str, count: int) -> None:
    odd = ODDITIES[name]
    chance = random.Random(name)
    drafts = [draft for _ in range(40 * count) if odd.fits(draft := world.draft(chance))][:count]
    written = world.write(odd.edit(draft).raw() for draft in drafts)
    for raw, git, (_, code), _ in world.both(written):
        assert (git.grade if git else None) == "G", raw
        assert code == odd.ours, raw


@pytest.mark.parametrize("name", WRONG)
def test_an_odd_commit(world: World, name: str) -> None:
    assert_git_alone_accepts(world, name, count=1)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_many_odd_commits(world: World, name: str) -> None:
    assert_git_alone_accepts(world, name, count=30)


class TestAroundACommit:
    """One good commit, `signed`, on a root; and a repository that says something else of it."""

    @pytest.fixture
    def sim(self, tmp_path: Path) -> RepositorySimulator:
        return RepositorySimulator(tmp_path)

    @pytest.fixture
    def ada(self, sim: RepositorySimulator) -> Person:
        return sim.person("ada")

    @pytest.fixture
    def git(self, sim: RepositorySimulator, ada: Person, tmp_path: Path) -> Git:
        allowed = tmp_path / "allowed"
        allowed.write_text(f"{ada.email} {ada.key.openssh}\n")
        return Git(sim.path, allowed)

    @staticmethod
    def grade(git: Git, oid: str) -> str | None:
        opinion = git.opinions([oid])[oid]
        return opinion.grade if opinion else None

    @staticmethod
    def verdict(sim: RepositorySimulator, oid: str) -> str:
        """Our verdict on what the repository holds under an id."""
        with Repository(sim.path) as repository:
            raw = repository._store.read(oid)[1]
        return judge(authority_over([ed25519("ada"), ed25519("bob")]), oid, raw)[1]

    def test_a_replacement_lends_its_signature(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        unsigned = sim.commit({"a.yaml": "cap: 1000000\n"})
        signed = sim.commit({"a.yaml": "cap: 1\n"}, signer=ada, parents=[])
        sim.replace(unsigned, by=signed)

        assert git.accepts(unsigned)
        assert self.grade(git, unsigned) == "G"
        assert self.verdict(sim, unsigned) == "UNSIGNED"

    def test_a_replacement_of_a_tree_changes_what_was_signed(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        signed = sim.commit({"a.yaml": "cap: 1\n"}, signer=ada)
        blob = sim.write("blob", b"cap: 1\n")
        sim.replace(blob, by=sim.write("blob", b"cap: 1000000\n"))

        assert git.accepts(signed)
        assert git.run("show", f"{signed}:a.yaml").stdout == b"cap: 1000000\n"
        with Repository(sim.path) as repository:
            listing = repository.tree_files(repository.links(signed).tree)
            assert repository.blob(listing["a.yaml"].oid) == b"cap: 1\n"

    def test_other_bytes_under_the_same_id(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        """The host's store lies; Git trusts its own store."""
        unsigned = sim.commit({"a.yaml": "cap: 1000000\n"})
        signed = sim.commit({"a.yaml": "cap: 1\n"}, signer=ada, parents=[])
        with Repository(sim.path) as repository:
            _, raw = repository._store.read(signed)
        sim.corrupt(unsigned, "commit", raw)

        assert self.grade(git, unsigned) == "G"
        with Repository(sim.path) as repository, pytest.raises(UnavailableError) as caught:
            repository.commit(unsigned)
        assert caught.value.code in {"OBJECT_MISMATCH", "CORRUPT_OBJECT"}

    def test_a_graft_gives_it_other_parents(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        halted = sim.commit({"halt": "on"}, signer=ada)
        signed = sim.commit({}, signer=ada)
        other = sim.commit({"halt": "off"}, signer=ada, parents=[])
        (sim.path / "info").mkdir(exist_ok=True)
        (sim.path / "info/grafts").write_text(f"{signed} {other}\n")

        opinion = git.opinions([signed])[signed]
        assert opinion is not None
        assert (opinion.grade, opinion.parents) == ("G", (other,))
        with Repository(sim.path) as repository:
            assert repository.parents(signed) == (halted,)

    def test_a_shallow_file_gives_it_none(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        halted = sim.commit({"halt": "on"}, signer=ada)
        signed = sim.commit({}, signer=ada)
        (sim.path / "shallow").write_text(f"{signed}\n")

        opinion = git.opinions([signed])[signed]
        assert opinion is not None
        assert (opinion.grade, opinion.parents) == ("G", ())
        with Repository(sim.path) as repository:
            assert repository.parents(signed) == (halted,)

    def test_a_commit_graph_that_lies(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        halted = sim.commit({"halt": "on"}, signer=ada)
        other = sim.commit({"halt": "off"}, signer=ada, parents=[], ref="refs/heads/other")
        signed = sim.commit({}, signer=ada, parents=[halted])
        assert git.run("commit-graph", "write", "--reachable").returncode == 0
        _forge_parent(sim.path / "objects/info/commit-graph", signed, parent=other)

        opinion = git.opinions([signed])[signed]
        assert opinion is not None
        assert (opinion.grade, opinion.parents) == ("G", (other,))
        with Repository(sim.path) as repository:
            assert repository.parents(signed) == (halted,)

    def test_the_repository_brings_its_own_verifier(
        self, sim: RepositorySimulator, git: Git, tmp_path: Path
    ) -> None:
        bob = ed25519("bob")
        payload = sim.payload(tree=sim.tree({}), message="Not what Bob signed\n")
        forged = sim.raw_commit(_signed(payload, bob, over=b"something else"))
        program = tmp_path / "yes"
        # It reads what it is given, as Git may not be done with writing it.
        program.write_text(
            '#!/bin/sh\ncase "$*" in *verify*) cat > /dev/null;; esac\n'
            f"echo 'Good \"git\" signature for bob with ED25519 key {bob.fingerprint}'\n"
        )
        program.chmod(stat.S_IRWXU)

        assert self.grade(git, forged) != "G"
        sim.git("config", "gpg.ssh.program", str(program))
        assert git.accepts(forged)
        assert self.verdict(sim, forged) == "BAD_SIGNATURE"

    def test_the_repository_brings_its_own_list_of_signers(
        self, sim: RepositorySimulator, tmp_path: Path
    ) -> None:
        mallory = ed25519("mallory")
        payload = sim.payload(tree=sim.tree({}))
        foreign = sim.raw_commit(_signed(payload, mallory))
        theirs = write_allowed(tmp_path / "theirs", [mallory])
        sim.git("config", "gpg.ssh.allowedSignersFile", str(theirs))

        # As a person asks, with the file of signers where `git config` says.
        assert sim.git("verify-commit", foreign, check=False).returncode == 0
        assert self.verdict(sim, foreign) == "UNKNOWN_SIGNER"

    def test_an_expired_key_dates_its_commits_back(
        self, sim: RepositorySimulator, ada: Person, git: Git, tmp_path: Path
    ) -> None:
        """Git judges expiry by the date the commit claims; we never read that date for it."""
        expiry = parse_instant("2026-06-01T00:00:00Z")
        now = expiry + 100 * DAY
        allowed = tmp_path / "allowed"
        allowed.write_text(f'{ada.email} valid-before="20260601Z" {ada.key.openssh}\n')
        honest = sim.commit({"a": "1"}, signer=ada, committer_time=now, parents=[])
        backdated = sim.commit({"a": "2"}, signer=ada, committer_time=expiry - DAY, parents=[])

        assert not git.accepts(honest)
        assert git.accepts(backdated)
        authority = authority_over([ed25519("ada"), ed25519("bob")], expires={"ada": expiry})
        for oid in (honest, backdated):
            with Repository(sim.path) as repository:
                raw = repository._store.read(oid)[1]
            # It may tighten for ever, and approves nothing once its time is over.
            assert judge(authority, oid, raw) == ("ada", GOOD)
            claimed = parse_commit(oid, raw).committer_time
            assert (claimed < expiry) == (oid == backdated)
            assert authority.approves_until(ada.key) == expiry < now

    def test_a_key_valid_later_dates_its_commits_forward(
        self, sim: RepositorySimulator, ada: Person, git: Git, tmp_path: Path
    ) -> None:
        (tmp_path / "allowed").write_text(
            f'{ada.email} valid-after="20990101Z" {ada.key.openssh}\n'
        )
        later = parse_instant("2099-06-01T00:00:00Z")
        assert not git.accepts(sim.commit({"a": "1"}, signer=ada))
        assert git.accepts(sim.commit({"a": "2"}, signer=ada, committer_time=later))

    def test_a_tag_is_not_the_commit_it_names(
        self, sim: RepositorySimulator, ada: Person, git: Git
    ) -> None:
        signed = sim.commit({"a": "1"}, signer=ada)
        tag = sim.write(
            "tag", f"object {signed}\ntype commit\ntag v1\ntagger T <t@t> 5 +0000\n\nx\n".encode()
        )
        assert git.run("log", "-1", "--format=%G?", tag).stdout == b"G\n"
        with Repository(sim.path) as repository, pytest.raises(RefusedError) as caught:
            repository.commit(tag)
        assert caught.value.code == "WRONG_TYPE"


def _signed(payload: bytes, signer: Signer, *, over: bytes | None = None) -> bytes:
    head, _, body = payload.partition(b"\n\n")
    armor = signer.sign(payload if over is None else over).rstrip(b"\n").replace(b"\n", b"\n ")
    return head + b"\ngpgsig " + armor + b"\n\n" + body


def _forge_parent(path: Path, oid: str, *, parent: str) -> None:
    """Make a commit-graph file say that `parent` is the first parent of `oid` (gitformat-graph)."""
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    data = bytearray(path.read_bytes())
    chunks = {}
    for number in range(data[6]):
        name, offset = struct.unpack_from(">4sQ", data, 8 + 12 * number)
        chunks[name] = offset
    total = struct.unpack_from(">I", data, chunks[b"OIDF"] + 255 * 4)[0]
    ids = [
        data[at : at + 20].hex() for at in range(chunks[b"OIDL"], chunks[b"OIDL"] + 20 * total, 20)
    ]
    # A record is the tree, two parents as positions in the list, generation and date.
    record = chunks[b"CDAT"] + 36 * ids.index(oid)
    struct.pack_into(">I", data, record + 20, ids.index(parent))
    data[-20:] = hashlib.sha1(data[:-20], usedforsecurity=False).digest()
    path.write_bytes(bytes(data))
