"""A stack is recorded once for all workers, and what they read is what was recorded."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.infra.recording import Recording, recorded
from tests.infra.sharing import made_once_in


def test_who_asks_first_makes_it_and_the_others_wait_for_the_same(tmp_path: Path) -> None:
    made: list[Recording] = []

    def make() -> Recording:
        made.append(recorded("dev"))
        return made[-1]

    with ThreadPoolExecutor(4) as workers:
        asked = [workers.submit(made_once_in, tmp_path, "dev", make) for _ in range(4)]
    assert len(made) == 1
    assert made[0].resources
    for one in asked:
        assert one.result() == made[0]
        assert [found.answers for found in one.result().resources] == [
            found.answers for found in made[0].resources
        ]


def test_what_could_not_be_made_is_made_by_the_next(tmp_path: Path) -> None:
    def fail() -> str:
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        made_once_in(tmp_path, "dev", fail)
    assert made_once_in(tmp_path, "dev", lambda: "whole") == "whole"
    assert made_once_in(tmp_path, "dev", fail) == "whole"


def test_another_session_shares_nothing(tmp_path: Path) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    for session in (before, now):
        session.mkdir()
    made_once_in(before, "dev", lambda: "old")
    assert made_once_in(now, "dev", lambda: "new") == "new"
