"""`current` is one link that is never missing, and never on anything half done."""

import threading
from pathlib import Path

import pytest

from vanta.builds.flip import point, target_of
from vanta.domain.errors import UnavailableError


def test_whoever_reads_while_it_is_replaced_sees_the_old_or_the_new(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "slots" / name).mkdir(parents=True)
        (tmp_path / "slots" / name / "name").write_text(name)
    current = tmp_path / "current"
    point(current, "slots/one")
    stop, missed, seen = threading.Event(), list[str](), set[str]()

    def look() -> None:
        while not stop.is_set():
            try:
                seen.add((current / "name").read_text())
            except OSError as error:
                missed.append(str(error))

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(2000):
        point(current, f"slots/{'two' if number % 2 else 'one'}")
    stop.set()
    reader.join()
    assert missed == []
    assert seen == {"one", "two"}


def test_what_a_crash_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".current.new").symlink_to("slots/half")
    point(tmp_path / "current", "slots/one")
    assert target_of(tmp_path / "current") == "one"
    assert [each.name for each in tmp_path.iterdir()] == ["current"]


def test_where_it_cannot_be_replaced_the_old_one_stands(tmp_path: Path) -> None:
    point(tmp_path / "current", "slots/one")
    (tmp_path / ".current.new").mkdir()
    with pytest.raises(UnavailableError) as failed:
        point(tmp_path / "current", "slots/two")
    assert failed.value.code == "FLIP_FAILED"
    assert target_of(tmp_path / "current") == "one"
    assert target_of(tmp_path / "nothing") == ""
