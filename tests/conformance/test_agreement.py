"""Git and we, over generated commits: one verdict wherever Git is right, and one reading.

`test_git_is_wrong` holds what Git takes for good and we do not.
"""

import random
import stat
from pathlib import Path

import pytest

from tests.conformance.git_opinion import Opinion
from tests.conformance.mutations import mutated
from tests.conformance.oddities import ODDITIES
from tests.conformance.people import people
from tests.conformance.verdict import GOOD
from tests.conformance.world import World
from vanta.domain.errors import MalformedError
from vanta.domain.instant import SECOND
from vanta.governance.commits import parse_commit, parse_links, trailers

TOLERATED = {odd.ours for odd in ODDITIES.values() if odd.git == "G"} - {GOOD, "BAD_SIGNATURE"}
"""Why we refuse what Git calls good. That a signature does not hold is never among them: the one
oddity that says so (a malleated Ed25519 signature) does not come about by chance."""
AGREED = sorted(name for name, odd in ODDITIES.items() if odd.git != "G" or odd.ours == GOOD)


@pytest.fixture(scope="module")
def sha1(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("sha1"), "sha1")


@pytest.fixture(scope="module")
def sha256(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("sha256"), "sha256")


def assert_read_alike(oid: str, raw: bytes, git: Opinion) -> None:
    """Every field of a commit we accept is what Git shows."""
    commit = parse_commit(oid, raw)
    assert (commit.tree, commit.parents) == (git.tree, git.parents)
    # Git shows names without the spaces around them.
    assert commit.committer_name.strip() == git.committer_name
    assert commit.committer_email == git.committer_email
    assert commit.committer_time == int(git.committer_time) * SECOND
    assert commit.author.endswith(f"<{git.author_email}>")
    assert commit.author.removesuffix(f"<{git.author_email}>").strip() == git.author_name
    assert commit.message.encode() == git.message


def assert_one_verdict_on_varied_commits(world: World, seed: int, count: int) -> None:
    chance = random.Random(seed)
    drafts = [world.draft(chance) for _ in range(count)]
    signers = {draft.raw(): draft.signer for draft in drafts}
    for raw, git, (person, code), oid in world.both(world.write(signers)):
        signer = signers[raw]
        assert git is not None
        assert signer is not None
        assert (git.grade, git.principal) == ("G", signer.email), raw
        assert git.fingerprint == signer.fingerprint
        assert (person, code) == (signer.name, GOOD), raw
        assert_read_alike(oid, raw, git)


def assert_never_more_lenient_on_mutated_commits(world: World, seed: int, count: int) -> None:
    chance = random.Random(seed)
    raws = [mutated(chance, world.draft(chance).raw()) for _ in range(count)]
    verdicts: dict[str, int] = {}
    for raw, git, (person, code), oid in world.both(world.write(raws)):
        verdicts[code] = verdicts.get(code, 0) + 1
        if git is None:
            assert code != GOOD, raw
        elif code == GOOD:
            assert (git.grade, git.principal) == ("G", f"{person}@example.org"), raw
            assert_read_alike(oid, raw, git)
        elif git.grade == "G":
            assert code in TOLERATED, raw
        assert_links_are_git_s(world, oid, raw, git)
    assert len(verdicts) > 5, "the mutations reach too little"


def assert_links_are_git_s(world: World, oid: str, raw: bytes, git: Opinion | None) -> None:
    """`parse_links` follows what Git follows, and nothing where Git cannot."""
    try:
        links = parse_links(oid, raw)
    except MalformedError:
        assert git is None, raw
        return
    if git is not None:
        assert (links.tree, links.parents) == (git.tree, git.parents), raw
    else:
        # Git died over its armour or its date; it can walk through it.
        walked = world.git.run("rev-list", "--no-walk", "--parents", oid).stdout.decode().split()
        assert walked == [oid, *links.parents], raw


class TestQuick:
    """A few hundred: seconds."""

    def test_varied_commits(self, sha1: World) -> None:
        assert_one_verdict_on_varied_commits(sha1, seed=1, count=120)

    def test_varied_commits_of_a_sha256_repository(self, sha256: World) -> None:
        assert_one_verdict_on_varied_commits(sha256, seed=2, count=40)

    def test_mutated_commits(self, sha1: World) -> None:
        assert_never_more_lenient_on_mutated_commits(sha1, seed=3, count=150)

    def test_mutated_commits_of_a_sha256_repository(self, sha256: World) -> None:
        assert_never_more_lenient_on_mutated_commits(sha256, seed=4, count=50)


@pytest.mark.nightly
@pytest.mark.slow
class TestThorough:
    """Thousands: minutes."""

    @pytest.mark.parametrize("seed", range(100, 106))
    def test_varied_commits(self, sha1: World, seed: int) -> None:
        assert_one_verdict_on_varied_commits(sha1, seed, count=500)

    @pytest.mark.parametrize("seed", range(200, 202))
    def test_varied_commits_of_a_sha256_repository(self, sha256: World, seed: int) -> None:
        assert_one_verdict_on_varied_commits(sha256, seed, count=500)

    @pytest.mark.parametrize("seed", range(300, 308))
    def test_mutated_commits(self, sha1: World, seed: int) -> None:
        assert_never_more_lenient_on_mutated_commits(sha1, seed, count=500)

    @pytest.mark.parametrize("seed", range(400, 402))
    def test_mutated_commits_of_a_sha256_repository(self, sha256: World, seed: int) -> None:
        assert_never_more_lenient_on_mutated_commits(sha256, seed, count=500)


@pytest.mark.parametrize("name", AGREED)
def test_what_git_does_not_call_good_we_do_not_either(sha1: World, name: str) -> None:
    odd = ODDITIES[name]
    chance = random.Random(name)
    drafts = [draft for _ in range(40) if odd.fits(draft := sha1.draft(chance))][:2]
    for raw, git, (_, code), _ in sha1.both(sha1.write(odd.edit(each).raw() for each in drafts)):
        assert (git.grade if git else None, code) == (odd.git, odd.ours), raw


def test_verify_commit_says_what_the_grade_says(sha1: World) -> None:
    """`%G?` is asked above because it can be asked by the hundred; scripts ask `verify-commit`."""
    chance = random.Random(5)
    drafts = [sha1.draft(chance) for _ in range(4)]
    odd = [
        ODDITIES[name].edit(sha1.draft(chance))
        for name in ("no signature", "a stranger's signature", "a signature of another message")
    ]
    written = sha1.write(each.raw() for each in (*drafts, *odd))
    grades = {oid: each.grade for oid, each in sha1.git.opinions(written).items() if each}
    assert sorted(grades.values()) == ["B", "G", "G", "G", "G", "N", "U"]
    for oid, grade in grades.items():
        assert sha1.git.accepts(oid) == (grade == "G")


def test_what_is_checked_is_what_git_would_check(
    sha1: World, sha256: World, tmp_path: Path
) -> None:
    """The very bytes Git hands to `ssh-keygen`."""
    program = tmp_path / "keygen"
    program.write_text(
        '#!/bin/sh\ncase "$2" in find-principals) echo ada ;; *)\n'
        'for word; do case "$last" in -s) cp "$word" "$OUT.sig" ;; esac; last="$word"; done\n'
        'cat > "$OUT.payload" ;;\nesac\n'.replace("$OUT", str(tmp_path / "seen"))
    )
    program.chmod(stat.S_IRWXU)
    chance = random.Random(6)
    for world in (sha1, sha256):
        for oid, raw in world.write(world.draft(chance).raw() for _ in range(10)).items():
            world.git.run("verify-commit", oid, settings=[f"gpg.ssh.program={program}"])
            commit = parse_commit(oid, raw)
            assert commit.signature is not None
            assert (tmp_path / "seen.payload").read_bytes() == commit.signed_payload
            assert (tmp_path / "seen.sig").read_bytes().rstrip(b"\n") == commit.signature


def assert_trailers_are_git_s(world: World, seed: int, count: int) -> None:
    chance = random.Random(seed)
    words = (
        "a",
        "A: 1",
        "B-c: d",
        "Vanta-Approve: x",
        " ",
        "\n",
        "\n",
        "\n\n",
        "\n \n",
        "#",
        "\t",
        ":",
    )
    odd = (
        "\u00a0\n",
        "\u2028",
        "\x0b\n",
        "\r\n",
        "---\n",
        "(cherry picked from commit 1)\n",
        "x\n",
    )
    found = 0
    messages = [
        "S\n\n" + "".join(chance.choice(words + odd) for _ in range(chance.randrange(12)))
        for _ in range(count)
    ]
    written = {world.sim.commit(message=message, parents=[]): message for message in messages}
    shown = world.git.trailers(written)
    for oid, message in written.items():
        ours = trailers(message)
        found += bool(ours)
        if ours:
            written_out = "\n".join(f"{key}: {value}" for key, value in ours).split("\n")
            # Git keeps the spaces around lines.
            assert [line.strip() for line in written_out] == [
                line.strip() for line in shown[oid]
            ], message
    assert found > count // 20


def test_what_is_taken_for_a_trailer_git_takes_for_one_too(sha1: World) -> None:
    assert_trailers_are_git_s(sha1, seed=7, count=300)


@pytest.mark.nightly
@pytest.mark.slow
def test_a_thousand_messages(sha1: World) -> None:
    assert_trailers_are_git_s(sha1, seed=8, count=5_000)


def test_every_kind_of_key_takes_part() -> None:
    assert {who.algorithm for who in people()} == {
        "ssh-ed25519",
        *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)),
        *("rsa-sha2-256", "rsa-sha2-512"),
        *("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
    }
