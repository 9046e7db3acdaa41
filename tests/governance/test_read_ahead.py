"""What is read ahead of being needed changes how long a walk takes, and nothing it finds."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.governance.fund import HERE, Fund
from tests.governance.simulator import RepositorySimulator
from vanta.domain.errors import RefusedError, VantaError
from vanta.governance.batch import AHEAD, read_batch
from vanta.governance.bounds import Bounds
from vanta.governance.objects import ObjectStore
from vanta.governance.remembered import Remembered
from vanta.governance.repository import Repository

COMMITS = 150
DAMAGES = ["removed", "emptied", "another", "large", "type"]
PREFIX = "environments/prod"
GOVERNED = f"{PREFIX}/vaults/a.yaml"
BOUNDS = Bounds(object_bytes=20_000)


@pytest.fixture
def sim(tmp_path: Path) -> RepositorySimulator:
    return RepositorySimulator(tmp_path)


def grown(sim: RepositorySimulator) -> list[str]:
    """A line of commits, every second with the tree of the one before it."""
    ada = sim.person("ada")
    return [
        sim.commit({"README": str(n), GOVERNED: str(n // 2)}, signer=ada) for n in range(COMMITS)
    ]


def told(read: Callable[[], object]) -> object:
    """What reading gives, or why it does not."""
    try:
        return read()
    except VantaError as error:
        return error.code, error.place


def walked(repository: Repository, head: str) -> Iterator[object]:
    """Everything seen on the way down from a commit and up again."""
    line = [head]
    while isinstance(parents := told(lambda: repository.parents(line[-1])), tuple):
        yield parents
        if not parents or len(parents[0]) != len(head):
            break
        line.append(parents[0])
    for oid in reversed(line):
        yield told(lambda oid=oid: repository.commit(oid))  # type: ignore[misc]
        yield told(lambda oid=oid: content(repository, oid))  # type: ignore[misc]


def content(repository: Repository, oid: str) -> dict[str, bytes]:
    """The governed files of a commit."""
    listing = repository.tree_files(repository.links(oid).tree, PREFIX)
    return {path: repository.blob(file.oid) for path, file in listing.items()}


def spoilt(sim: RepositorySimulator, line: list[str], how: str, chance: random.Random) -> None:
    """Damage some object of a line of commits: it, a folder of it, or its file."""
    oid, spot = chance.choice(line), chance.choice(["", ":", f":{PREFIX}", f":{GOVERNED}"])
    found = sim.git("rev-parse", f"{oid}{spot}", check=False)
    if found.returncode:
        return
    target = found.stdout.strip()
    kind = {"": "commit", f":{GOVERNED}": "blob"}.get(spot, "tree")
    match how:
        case "removed":
            sim.remove(target)
        case "emptied":
            sim.object_path(target).write_bytes(b"")
        case "another":
            sim.corrupt(target, kind, b"tree " + b"0" * 40 + b"\n")
        case "large":
            sim.corrupt(target, kind, bytes(BOUNDS.object_bytes + 1))
        case "type":
            sim.corrupt(target, "tag", b"x")
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("how", ["packed", *DAMAGES])
def test_a_walk_sees_the_same_with_it_and_without(
    sim: RepositorySimulator, monkeypatch: pytest.MonkeyPatch, how: str, seed: int
) -> None:
    line = grown(sim)
    if how == "packed":
        sim.git("repack", "-adq")
    chance = random.Random(f"{how} {seed}")
    for _ in range(seed + 1 if how in DAMAGES else 0):
        spoilt(sim, line, how, chance)
    with Repository(sim.path, BOUNDS) as repository:
        ahead = list(walked(repository, line[-1]))
    monkeypatch.setattr(ObjectStore, "ahead", lambda _store, _names: {})
    with Repository(sim.path, BOUNDS) as repository:
        assert ahead == list(walked(repository, line[-1]))


@pytest.mark.parametrize("middle", ["commit", "tree"])
def test_what_is_too_large_alone_is_too_large_ahead(
    sim: RepositorySimulator, monkeypatch: pytest.MonkeyPatch, middle: str
) -> None:
    """Sound objects, each a byte smaller than the one below; the bound is the middle one's size."""
    sizes = range(COMMITS, 0, -1)
    name = f"{PREFIX}/{'a' * 500}"
    line = [sim.commit({f"{name}{'a' * n}": "x"}, message=f"{'x' * n}\n") for n in sizes]
    oid = line[COMMITS // 2]
    wanted = oid if middle == "commit" else sim.git("rev-parse", f"{oid}:{PREFIX}").stdout.strip()
    bounds = Bounds(object_bytes=int(sim.git("cat-file", "-s", wanted).stdout))
    with Repository(sim.path, bounds) as repository:
        ahead = list(walked(repository, line[-1]))
    monkeypatch.setattr(ObjectStore, "ahead", lambda _store, _names: {})
    with Repository(sim.path, bounds) as repository:
        assert ahead == list(walked(repository, line[-1]))
    refused = [each for each in ahead if isinstance(each, tuple) and "OBJECT_TOO_LARGE" in each]
    assert refused


def test_a_long_walk_waits_for_git_a_few_times_and_not_for_each_object(
    sim: RepositorySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = grown(sim)
    alone: list[str] = []
    read = ObjectStore.read

    def counted(store: ObjectStore, oid: str) -> tuple[str, bytes]:
        alone.append(oid)
        return read(store, oid)

    monkeypatch.setattr(ObjectStore, "read", counted)
    with Repository(sim.path) as repository:
        assert len(list(walked(repository, line[-1]))) == 3 * COMMITS
    assert len(alone) < COMMITS / 20


def test_one_new_commit_is_asked_for_alone(
    sim: RepositorySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = grown(sim)
    asked: list[list[str]] = []

    def ahead(_store: ObjectStore, names: list[str]) -> dict[str, tuple[str, bytes]]:
        asked.append(names)
        return {}

    with Repository(sim.path) as repository:
        list(walked(repository, line[-1]))
        monkeypatch.setattr(ObjectStore, "ahead", ahead)
        head = sim.change({GOVERNED: "new"}, signer=sim.person("ada"))
        assert repository.first_parents(head, line[-1]) == [head]
        assert content(repository, head) == {GOVERNED: b"new"}
    assert asked == []


class TestAnswers:
    """Git is on the other side of a pipe, and may be made to say anything."""

    def read(self, said: bytes, names: list[str]) -> tuple[dict[str, tuple[str, bytes]], bool]:
        """What is made of `said`, after which the other side hangs up."""
        asked, ask = os.pipe()
        answer, answers = os.pipe()
        os.write(answers, said)
        os.close(answers)
        try:
            return read_batch(ask, answer, names, 9, lambda kind, content: f"{kind} {content!r}")
        finally:
            for each in (asked, ask, answer):
                os.close(each)

    A, B = "a" * 40, "b" * 40

    @pytest.mark.parametrize(
        "said",
        [
            b"",
            b"\n",
            b"nonsense\n",
            b"blob b'x'",
            A.encode() + b" blob\n",
            A.encode() + b" blob -1\nx\n",
            A.encode() + b" blob 1e3\nx\n",
            A.encode() + b" blob 99999999999999999999\nx\n",
            A.encode() + b" blob 10\n0123456789\n",
            A.encode() + b" blob 1\nx\n",
            A.encode() + b" blob 2\nx\n",
            B.encode() + b" missing\n",
        ],
    )
    def test_what_is_not_an_answer_ends_it(self, said: bytes) -> None:
        assert self.read(said, [self.A]) == ({}, False)

    def test_what_is_missing_is_left_out(self) -> None:
        said = f"{self.A} missing\n{self.B}~3 missing\n".encode()
        assert self.read(said, [self.A, f"{self.B}~3"]) == ({}, True)

    def test_more_than_was_asked_for_ends_it(self) -> None:
        said = f"{self.A} missing\n{self.B} missing\n".encode()
        assert self.read(said, [self.A]) == ({}, False)

    @pytest.mark.parametrize(
        "name",
        ["HEAD", "--batch", "a" * 39, "a" * 40 + "^{tree}", "a" * 40 + "~0", "a" * 40 + "\n"],
    )
    def test_only_ids_and_what_is_below_them_are_asked_for(self, name: str) -> None:
        assert self.read(b"", [name]) == ({}, True)

    def test_no_more_is_asked_for_than_fits_into_a_pipe(self, sim: RepositorySimulator) -> None:
        names = [sim.write("blob", b"%d" % number) for number in range(AHEAD + 5)]
        store = ObjectStore(sim.path / "objects", "sha1", Bounds())
        with store:
            assert store.ahead(names).keys() == set(names[:AHEAD])
            assert store.read(names[-1]) == ("blob", b"%d" % (AHEAD + 4))


class TestMemory:
    def test_what_does_not_fit_is_forgotten_and_never_refused(self) -> None:
        memory = Remembered[int, str](room=1000)
        for number in range(100):
            assert memory.keep(number, f"value {number}", 100) == f"value {number}"
        held = [number for number in range(100) if memory.get(number) is not None]
        assert held
        assert len(held) <= 1000 / 100
        assert memory.keep(-1, "large", 10_000) == "large"
        assert memory.get(-1) is None

    def test_a_repository_may_be_far_larger_than_what_is_remembered_of_it(
        self, sim: RepositorySimulator
    ) -> None:
        line = grown(sim)
        with (
            Repository(sim.path) as roomy,
            Repository(sim.path, Bounds(remembered_bytes=2000)) as tight,
        ):
            assert list(walked(roomy, line[-1])) == list(walked(tight, line[-1]))

    def test_one_tree_cannot_take_all_memory(self, tmp_path: Path) -> None:
        fund = Fund(tmp_path)
        large = {f"{HERE}{number}.txt": bytes([number]) * 1_000_000 for number in range(17)}
        flood = fund.change(large, by=None)
        with pytest.raises(RefusedError) as caught:
            fund.history.candidate(flood)
        assert caught.value.code == "TREE_TOO_LARGE"
        assert fund.history.digest(flood).startswith("unreadable:")

    def test_an_error_told_again_and_again_does_not_grow(self, tmp_path: Path) -> None:
        fund = Fund(tmp_path)
        broken = fund.change({f"{HERE}vaults/momentum.yaml": "spec: ["}, by=None)
        depths = []
        for _ in range(3):
            with pytest.raises(VantaError) as caught:
                fund.history.candidate(broken)
            depths.append(len(caught.traceback))
        assert depths[0] >= depths[1] == depths[2]
