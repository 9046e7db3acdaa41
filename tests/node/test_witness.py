"""Alpha signs how far a worker's journals reach, and what goes back or aside is found by it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.governance.valkey import Valkey
from tests.journal.building import Ticks, facts
from vanta.bus.access import Access
from vanta.bus.board import Board, DirectoryBoard, RedisBoard
from vanta.domain.record import Position
from vanta.governance.keys import public_key_of
from vanta.journal.checkpoint import append_checkpoint, cosign, open_note, sign, split_notes
from vanta.journal.segment import checkpoints_path
from vanta.journal.verify import verify
from vanta.journal.writer import Journal
from vanta.node.layout import Layout
from vanta.node.witness import Boards, Witnessed, countersign, post, take

KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(name.ljust(32, ".").encode())
    for name in ("alpha", "executor", "markets", "stranger")
}
REGISTERED = {
    name: (public_key_of(KEYS[name]).openssh,) for name in ("alpha", "executor", "markets")
}


class Nodes:
    """Alpha and an Executor that share nothing but two boards."""

    def __init__(self, root: Path, make: Callable[[str], Board]) -> None:
        self.alpha, self.executor = Layout(root / "alpha"), Layout(root / "executor")
        for layout in (self.alpha, self.executor):
            layout.memory.mkdir(parents=True)
        self.boards = Boards(make("checkpoints"), make("countersigned"))
        self.journal = self.executor.journal("trade_log")
        self._clock = Ticks()
        self.written = 0

    def write(self, count: int) -> None:
        with Journal.open(self.journal, actor="executor@1", clock=self._clock) as journal:
            for _ in range(count):
                journal.append(facts([self.written]))
                self.written += 1

    def note(self, position: Position | None = None, of: str = "executor/trade_log") -> bytes:
        """A checkpoint of the Executor's, of its journal as it stands."""
        found = position or verify(self.journal).position
        return sign(found, of, "executor", KEYS["executor"])

    def checkpoint(self) -> bytes:
        note = self.note()
        append_checkpoint(self.journal, note)
        post(self.boards, "executor", [note])
        return note

    def countersign(self) -> list[Witnessed]:
        return countersign(self.alpha, self.boards, "alpha", REGISTERED, KEYS["alpha"])

    def take(self) -> list[tuple[str, int]]:
        found = take(self.executor, self.boards, "executor", REGISTERED)
        return [(one.origin, one.position.size) for one in found]

    def kept(self) -> list[bytes]:
        path = self.alpha.witnessed / "executor" / "trade_log.jsonl"
        return split_notes(checkpoints_path(path).read_bytes())


@pytest.fixture(params=["directory", "redis"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nodes]:
    if request.param == "directory":
        (tmp_path / "shared").mkdir()
        yield Nodes(tmp_path, lambda name: DirectoryBoard(tmp_path / "shared", f".{name}"))
        return
    (tmp_path / "redis").mkdir()
    with Valkey(tmp_path / "redis") as server:
        access = Access(server.url)
        yield Nodes(tmp_path, lambda name: RedisBoard(access, f"vanta:dev:{name}"))


def codes(found: list[Witnessed]) -> list[str]:
    return [one.refused.code if one.refused else "" for one in found]


def test_a_checkpoint_goes_to_alpha_and_comes_back_countersigned(nodes: Nodes) -> None:
    nodes.write(3)
    note = nodes.checkpoint()
    assert nodes.take() == [], "nobody countersigned it yet"
    assert codes(nodes.countersign()) == [""]
    assert nodes.take() == [("executor/trade_log", 3 + 1)]
    assert nodes.take() == [], "once"
    nodes.write(2)
    nodes.checkpoint()
    assert codes(nodes.countersign()) == [""]
    assert len(nodes.take()) == 1
    keys = {name: KEYS[name].public_key() for name in ("alpha", "executor")}
    held = verify(nodes.journal, checkpoints=checkpoints_path(nodes.journal), keys=keys)
    assert held.checkpoints == 4
    signers = [open_note(one, keys).signers for one in nodes.kept()]
    assert signers == [("executor", "alpha")] * 2
    assert nodes.kept()[0].startswith(note)


def test_looking_again_signs_nothing_again(nodes: Nodes) -> None:
    nodes.write(3)
    nodes.checkpoint()
    nodes.countersign()
    nodes.countersign()
    assert len(nodes.kept()) == 1
    assert nodes.take() == [("executor/trade_log", 4)]


def test_a_journal_that_was_cut_or_rewritten_is_not_countersigned(nodes: Nodes) -> None:
    nodes.write(5)
    end = verify(nodes.journal).position
    nodes.checkpoint()
    nodes.countersign()
    for position, code in (
        (Position(end.size - 2, "a" * 64), "CHECKPOINT_BEHIND"),
        (Position(end.size, "b" * 64), "CHECKPOINT_FORK"),
    ):
        post(nodes.boards, "executor", [nodes.note(position)])
        assert codes(nodes.countersign()) == [code]
    assert len(nodes.kept()) == 1, "what was signed stays"


@pytest.mark.parametrize("of", ["markets/trade_log", "trade_log", "executor/../alpha", "executor/"])
def test_a_node_has_its_own_journals_countersigned_and_no_others(nodes: Nodes, of: str) -> None:
    post(nodes.boards, "executor", [nodes.note(Position(4, "a" * 64), of)])
    assert codes(nodes.countersign()) == ["CHECKPOINT_ORIGIN"]
    assert not nodes.alpha.witnessed.exists()


def test_what_hangs_there_and_is_nobodys_is_refused_and_stops_nothing(nodes: Nodes) -> None:
    nodes.write(3)
    stranger = sign(Position(9, "a" * 64), "executor/trade_log", "executor", KEYS["stranger"])
    post(nodes.boards, "executor", [b"no note\n\nat all\n", stranger, nodes.note()])
    found = codes(nodes.countersign())
    assert found[-1] == ""
    assert set(found[:-1]) <= {"NOTE_MALFORMED", "NOTE_UNSIGNED"}
    assert len(found) > 1
    assert len(nodes.kept()) == 1


def test_a_worker_takes_nothing_it_did_not_sign_itself(nodes: Nodes) -> None:
    nodes.write(3)
    nodes.checkpoint()
    made_up = sign(Position(99, "a" * 64), "executor/trade_log", "alpha", KEYS["alpha"])
    alone = nodes.note()
    stranger = cosign(nodes.note(), "stranger", KEYS["stranger"])
    notes = b"".join(note + b"\n" for note in (made_up, alone, stranger))
    nodes.boards.countersigned.post("executor", notes)
    assert nodes.take() == []


def test_alpha_does_not_countersign_itself(nodes: Nodes) -> None:
    own = sign(Position(4, "a" * 64), "alpha/tracker", "alpha", KEYS["alpha"])
    nodes.boards.signed.post("alpha", own + b"\n")
    assert nodes.countersign() == []
