"""Tree objects, Git's reading and ours: what we list is what Git lists, and we list less."""

import random
from pathlib import Path

import pytest

from tests.conformance.git_opinion import Git
from tests.governance.simulator import RepositorySimulator
from vanta.domain.errors import MalformedError
from vanta.governance.trees import parse_tree

Entry = tuple[str, bytes, str]

NAMES = (
    b"a",
    b"a.yaml",
    b"a0",
    b"b",
    b"prod",
    b"prod.yaml",
    b".git",
    b"..",
    b"\xc3\xa9",
    b"x y",
    b"A",
)
MODES = ("100644", "40000", "100755", "120000", "160000", "040000", "100664", "0100644", "644", "1")


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def sim(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> RepositorySimulator:
    folder = tmp_path_factory.mktemp(request.param)
    return RepositorySimulator(folder, object_format=request.param)


def written(chance: random.Random, sim: RepositorySimulator) -> bytes:
    """A tree: often in order and of ordinary modes, and then perhaps damaged."""
    blob, folder = sim.write("blob", b"x"), sim.tree({"y": "1"})
    modes = MODES if chance.random() < 0.4 else MODES[:2]
    entries = [
        (mode, name, folder if mode.endswith("40000") else blob)
        for name in chance.sample(NAMES, chance.randrange(6))
        for mode in [chance.choice(modes)]
    ]
    entries.sort(key=lambda entry: entry[1] + (b"/" if entry[0] == "40000" else b""))
    if chance.random() < 0.2:
        chance.shuffle(entries)
    raw = bytearray(
        b"".join(
            mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries
        )
    )
    if raw and chance.random() < 0.3:
        at = chance.randrange(len(raw))
        raw[at : at + chance.randrange(3)] = chance.choice(
            (b"", b"\0", b" ", b"7", b"/", b"\n", b"0")
        )
    return bytes(raw)


def git_lists(git: Git, oid: str) -> list[Entry] | None:
    """The entries by `git ls-tree`; `None` where Git stops."""
    done = git.run("ls-tree", "-z", oid)
    if done.returncode:
        return None
    found: list[Entry] = []
    for line in done.stdout.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _, object_id = facts.decode().split(" ")
        found.append((mode.lstrip("0"), name, object_id))
    return found


def assert_listed_alike(sim: RepositorySimulator, tmp_path: Path, seed: int, count: int) -> None:
    chance = random.Random(seed)
    git = Git(sim.path, tmp_path / "nobody")
    both = git_only = neither = 0
    for _ in range(count):
        raw = written(chance, sim)
        oid = sim.write("tree", raw)
        theirs = git_lists(git, oid)
        try:
            entries = parse_tree(oid, raw)
        except MalformedError:
            git_only += theirs is not None
            neither += theirs is None
            continue
        both += 1
        # Git shows every regular file as 644 or 755 and every folder alike; the mode as written
        # is the stricter reading, and only two spellings may be governed.
        assert theirs is not None, raw
        assert [entry[1:] for entry in theirs] == [(entry.name, entry.oid) for entry in entries]
        for (shown, _, _), entry in zip(theirs, entries, strict=True):
            if entry.mode in {"100644", "40000", "100755", "120000", "160000"}:
                assert shown == entry.mode, raw
    assert min(both, git_only, neither) > count // 30, (both, git_only, neither)


def test_a_few_trees(sim: RepositorySimulator, tmp_path: Path) -> None:
    assert_listed_alike(sim, tmp_path, seed=1, count=120)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 14))
def test_many_trees(sim: RepositorySimulator, tmp_path: Path, seed: int) -> None:
    assert_listed_alike(sim, tmp_path, seed, count=1_500)
