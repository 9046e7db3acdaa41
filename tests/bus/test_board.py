"""Boards: the newest of each name, bounded, by whichever carrier."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.valkey import Valkey, free_port
from vanta.bus.access import Access
from vanta.bus.board import Board, DirectoryBoard, RedisBoard
from vanta.bus.port import MAX_PAYLOAD
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError


@pytest.fixture(params=["directory", "redis"])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Board]:
    if request.param == "directory":
        yield DirectoryBoard(tmp_path / "board", ".json")
        return
    with Valkey(tmp_path) as server:
        yield RedisBoard(Access(server.url), "vanta:dev:statuses")


def test_the_newest_takes_the_place_of_the_one_before(board: Board) -> None:
    assert board.read("markets") is None
    board.post("markets", b"one")
    board.post("executor", b"other")
    board.post("markets", bytes(range(256)))
    assert board.read("markets") == bytes(range(256))
    assert board.read("executor") == b"other"
    board.post("most", b"x" * MAX_PAYLOAD)
    assert board.read("most") == b"x" * MAX_PAYLOAD


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", "x" * 121])
def test_a_name_that_could_be_a_path_is_refused(board: Board, name: str) -> None:
    with pytest.raises(RefusedError) as posted:
        board.post(name, b"")
    with pytest.raises(RefusedError) as read:
        board.read(name)
    assert posted.value.code == read.value.code == "PARCEL_ID"


def test_more_than_anybody_says_is_not_taken_and_not_believed(board: Board, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        board.post("a", b"x" * (MAX_PAYLOAD + 1))
    assert refused.value.code == "PARCEL_SIZE"
    if isinstance(board, DirectoryBoard):
        (tmp_path / "board").mkdir()
        (tmp_path / "board" / "a.json").write_bytes(b"x" * (MAX_PAYLOAD + 1))
    else:
        assert isinstance(board, RedisBoard)
        board._access.connect().set("vanta:dev:statuses:a", b"x" * (MAX_PAYLOAD + 1))
    with pytest.raises(MalformedError) as wrong:
        board.read("a")
    assert wrong.value.code == "NOTICE_SIZE"


def test_where_nobody_can_be_told_it_says_so(tmp_path: Path) -> None:
    gone = RedisBoard(Access(f"redis://127.0.0.1:{free_port()}/0"), "vanta:dev:statuses")
    deep = DirectoryBoard(tmp_path / "not" / "mounted", ".json")
    for board in (gone, deep):
        with pytest.raises(UnavailableError) as away:
            board.post("a", b"1")
        assert (away.value.code, bool(away.value.remedy)) == ("BUS_UNAVAILABLE", True)
