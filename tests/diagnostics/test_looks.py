"""What looks read of the kernel, of systemd and of journals' ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.journal.building import ACTOR, Ticks
from vanta.diagnostics.facts import Unit
from vanta.diagnostics.looks import machine
from vanta.diagnostics.looks.export import Mount, mount_at
from vanta.diagnostics.looks.journals import writer
from vanta.diagnostics.looks.machine import only_read
from vanta.diagnostics.looks.pipeline import _lag
from vanta.diagnostics.looks.processes import lives, ready
from vanta.diagnostics.looks.services import read_unit
from vanta.diagnostics.looks.tail import tail
from vanta.diagnostics.words import listed, size, span
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.domain.record import GENESIS, Position
from vanta.governance.clock import KernelClock
from vanta.governance.status import STATUS_FILE, Status
from vanta.journal.view import write_view
from vanta.journal.writer import Journal
from vanta.node.layout import Layout

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
30 27 8:1 / /opt/vanta/build rw - ext4 /dev/sda1 rw
31 30 0:50 / /opt/vanta/build ro,relatime shared:9 master:2 - nfs4 alpha:/opt/vanta/build ro,vers=4.2
32 27 0:51 / /srv/with\\040space rw - nfs4 alpha:/a\\040b rw
"""  # noqa: E501 - as the kernel writes it


def test_the_last_mount_over_a_folder_counts() -> None:
    found = mount_at(MOUNTS, Path("/opt/vanta/build"))
    assert found == Mount("nfs4", "alpha:/opt/vanta/build", read_only=True)
    assert mount_at(MOUNTS, Path("/opt/vanta")) is None
    spaced = mount_at(MOUNTS, Path("/srv/with space"))
    assert spaced == Mount("nfs4", "alpha:/a b", read_only=False)


def test_a_folder_mounted_to_be_read_is_no_disk_that_takes_nothing() -> None:
    confined = "60 27 8:1 / /opt/vanta ro,nosuid shared:3 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    assert only_read(confined, os.makedev(8, 1)) is False
    broken = confined.replace("rw,errors", "ro,errors")
    assert only_read(broken, os.makedev(8, 1)) is True
    assert only_read(broken, os.makedev(8, 2)) is None
    here = Path("/proc").stat().st_dev
    assert only_read(Path("/proc/self/mountinfo").read_text(), here) is False


def test_who_may_not_ask_the_kernel_of_its_clock_believes_the_controller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path)
    layout.memory.mkdir()
    monkeypatch.setattr(machine, "kernel_clock", lambda: None)

    def told(written: int, said: KernelClock | None) -> None:
        status = Status("dev", "", "", 0, 0, written, (), said)
        place = layout.memory / STATUS_FILE
        write_view(place, status, source="governance.jsonl", position=Position(0, GENESIS))

    said = KernelClock(synchronised=True, offset=5, error=7)
    told(time.time_ns(), said)
    found = machine.clock(layout, "alpha")
    assert (found.synchronised, found.offset, found.error) == (True, 5, 7)
    for written, known in ((time.time_ns() - 3 * MINUTE, said), (time.time_ns(), None)):
        told(written, known)
        with pytest.raises(UnavailableError) as caught:
            machine.clock(layout, "alpha")
        assert caught.value.code == "NO_ADJTIMEX"


def test_a_unit_as_systemd_tells_it() -> None:
    said = "LoadState=loaded\nActiveState=failed\nSubState=failed\nNRestarts=5\nResult=exit-code\n"
    assert read_unit(said) == Unit("failed", "failed", 5, "exit-code")
    assert read_unit("LoadState=not-found\nActiveState=inactive\n") is None
    assert read_unit("") is None


def test_a_process_is_the_one_it_was() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert lives(process.pid, time.time_ns())
        assert lives(process.pid, 0)
        assert not lives(process.pid, time.time_ns() - HOUR)
        process.kill()
        eventually_gone(process.pid)
    finally:
        process.kill()
        process.communicate()
    assert not lives(process.pid, 0)


def eventually_gone(pid: int) -> None:
    """A process that ended and was not waited for yet does not run any more."""
    deadline = time.monotonic() + 10
    while lives(pid, 0):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"pid":"x"}', b"\xff"])
def test_a_ready_file_that_says_nothing_is_none(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "api.ready.json").write_bytes(said)
    assert ready(tmp_path, "api") is None
    assert ready(tmp_path, "other") is None


def test_the_end_of_a_journal_is_read_in_bounded_bytes(tmp_path: Path) -> None:
    path = tmp_path / "trade_log.jsonl"
    lines = [
        msgspec.json.encode({"seq": n, "ts": n, "type": "x", "body": {"n": n}}) for n in range(100)
    ]
    path.write_bytes(b"\n".join(lines) + b'\n{"seq":')
    whole = tail(path)
    assert (len(whole.lines), whole.whole, whole.size, whole.since) == (100, True, 100, 0)
    end = tail(path, 1000)
    assert (end.whole, end.lines[-1].seq) == (False, 99)
    assert 0 < len(end.lines) < 100
    assert end.since == end.lines[0].ts > 0
    assert tail(tmp_path / "none.jsonl").lines == ()


def test_percentiles_are_of_the_nearest_rank() -> None:
    found = _lag(range(1, 101))
    assert (found.count, found.median, found.p95, found.longest) == (100, 50, 95, 100)
    assert _lag([7]).p95 == 7
    assert _lag([]).count == 0


def test_who_holds_a_journal_is_known_without_asking_for_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "trade_log.jsonl"
    assert writer(path) == 0
    with Journal.open(path, actor=ACTOR, clock=Ticks()):
        assert writer(path) in {os.getpid(), 0}
    assert writer(path) == 0


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (0, "0 ms"), (250_000, "0.25 ms"), (7_000_000, "7 ms"), (SECOND * 3 // 2, "1.5 s"),
        (5 * SECOND, "5 s"), (3 * HOUR, "3 h"), (9 * DAY, "9 d"), (-3 * SECOND, "-3 s"),
    ],
)  # fmt: skip
def test_lengths_of_time(length: int, said: str) -> None:
    assert span(length) == said


def test_sizes_and_lists() -> None:
    assert [size(n) for n in (5, 2048, 2**30)] == ["5 B", "2.0 KiB", "1.0 GiB"]
    assert listed("abcdefgh") == "a, b, c, d, e, f and 2 more"
