"""Fetching three things in one connection, and one by one where that fails."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.governance.fund import Fund
from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance import transport
from vanta.governance.bounds import Bounds
from vanta.governance.fetcher import Fetched, Fetcher, Source
from vanta.governance.repository import Repository


class Counted(Repository):
    """A mirror that notes what was asked for."""

    asked: list[tuple[str, ...]]

    def fetch_refs(self, remote_url: str, refs: Sequence[str], **more: Any) -> dict[str, str]:  # noqa: ANN401
        self.asked.append(tuple(refs))
        return super().fetch_refs(remote_url, refs, **more)


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Counted]:
    with Counted.create(tmp_path / "mirror.git", Bounds(refs_per_fetch=5)) as made:
        made.asked = []
        yield made


def stems(fetched: Fetched) -> set[str]:
    """The refs of the lane that came."""
    assert not isinstance(fetched.halts, VantaError)
    return set(fetched.halts)


def test_all_of_it_comes_in_one_connection(fund: Fund, mirror: Counted) -> None:
    oid = fund.lane("stop", by="olga")
    fund.sim.point("refs/vanta/receipts/prod", fund.introduction)
    fetched = Fetcher(mirror, Source(str(fund.sim.path))).fetch()
    assert fetched == Fetched(
        fund.sim.head(),
        {"refs/vanta/halts/stop": oid},
        {"refs/vanta/receipts/prod": fund.introduction},
    )
    assert fetched.troubles() == {}
    assert len(mirror.asked) == 1


def test_what_is_broken_is_fetched_apart_until_it_is_whole_again(
    fund: Fund, mirror: Counted
) -> None:
    fetcher = Fetcher(mirror, Source(str(fund.sim.path)))
    for number in range(9):
        fund.sim.point(f"refs/vanta/halts/{number}", fund.introduction)
    for _ in range(2):
        fetched = fetcher.fetch()
        assert fetched.head == fund.sim.head()
        assert fetched.halts == dict.fromkeys(
            (f"refs/vanta/halts/{number}" for number in range(9)), fund.introduction
        )
        assert fetched.notes == {}
        assert fetched.troubles()["lane"].code == "TOO_MANY_REFS"
    assert len(mirror.asked) == 1 + 1 + 1, "not together while it is known to fail"
    for ref in (fund.sim.path / "refs/vanta/halts").iterdir():
        ref.unlink()
    assert fetcher.fetch().troubles() == {}
    mirror.asked.clear()
    assert fetcher.fetch().troubles() == {}
    assert len(mirror.asked) == 1


def test_a_forge_that_is_gone_is_one_trouble(tmp_path: Path, mirror: Counted) -> None:
    fetched = Fetcher(mirror, Source(str(tmp_path / "nowhere"))).fetch()
    assert {part: error.code for part, error in fetched.troubles().items()} == {
        "branch": "FETCH_FAILED"
    }


def test_what_is_being_fetched_can_be_given_up(fund: Fund, mirror: Counted) -> None:
    fetcher = Fetcher(mirror, Source(str(fund.sim.path)))
    fetcher.abort()
    fetched = fetcher.fetch()
    assert isinstance(fetched.head, UnavailableError)
    assert fetched.head.code == "FETCH_ABORTED"
    fetcher.close()


def test_what_the_mirror_lost_of_a_crowded_lane_is_fetched_again(
    fund: Fund, mirror: Counted, tmp_path: Path
) -> None:
    """It is known to have come, and is not there: asking afresh asks for that too."""
    fetcher = Fetcher(mirror, Source(str(fund.sim.path)))
    for number in range(9):
        fund.lane(f"stop-{number}", by="olga")
    refs = stems(fetcher.fetch())
    lost = fund.sim.head("refs/vanta/halts/stop-3")
    for path in (tmp_path / "mirror.git" / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    assert not mirror.holds(lost)
    fetcher.afresh = True
    assert stems(fetcher.fetch()) == refs
    assert mirror.holds(lost)


def test_heads_that_are_remembered_are_no_more_than_can_be_looked_through(
    fund: Fund, mirror: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_MAX_REMEMBERED", 4)
    fetcher = Fetcher(mirror, Source(str(fund.sim.path)))
    for number in range(9):
        fund.lane(f"stop-{number}", by="olga")
    assert len(stems(fetcher.fetch())) == 9
    known = list((tmp_path / "mirror.git" / "refs/vanta/fetched").iterdir())
    assert len(known) == 4
    assert fund.sim.head() in {path.read_text().strip() for path in known}
