"""The benchmark of the tracker runs every command there is, on a tracker that holds something."""

from benchmarks import tracker
from benchmarks.table import TRACKER, at
from vanta.cli.tracker import COMMANDS


def test_every_command_is_measured_and_every_row_has_its_figure() -> None:
    found = {"tracker": tracker.run(threads=80, builds=3, times=1)}
    assert all(at(found, row.figure) is not None for row in TRACKER)
    assert {row.figure for row in TRACKER} >= {
        f"tracker.commands.{name}" for name in found["tracker"]["commands"]
    }
    assert found["tracker"]["sign_offs"] == 6


def test_no_command_is_left_out() -> None:
    measured = {words[0] for words in tracker.COMMANDS.values()}
    assert measured == set(COMMANDS)
