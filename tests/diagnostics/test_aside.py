"""What hangs does not make the command hang, and says that it was not seen."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.founded import environment, vanta
from tests.diagnostics.house import House
from vanta.diagnostics.aside import Look, gather
from vanta.diagnostics.facts import Bus
from vanta.diagnostics.finding import Unseen
from vanta.domain.errors import RefusedError

_BUS = Bus("folder", 1, None, 0)


def hang() -> Bus:
    time.sleep(600)
    return _BUS


def refuse() -> Bus:
    raise RefusedError("no", code="NO_BUS", place="there", remedy="add one")


def fail(number: int) -> Bus:
    raise OSError(number, os.strerror(number), "file")


def test_facts_come_back_as_they_were_gathered() -> None:
    assert gather({"bus": Look(lambda: _BUS, Bus)}) == {"bus": _BUS}


def children() -> set[str]:
    """Processes of this one, by their numbers."""
    return {
        number
        for thread in Path("/proc/self/task").iterdir()
        for number in (thread / "children").read_text().split()
    }


def test_a_look_that_hangs_is_given_up_and_the_others_count() -> None:
    began, before = time.monotonic(), children()
    found = gather({"hangs": Look(hang, Bus), "bus": Look(lambda: _BUS, Bus)}, 0.5)
    assert time.monotonic() - began < 5
    assert found["bus"] == _BUS
    gone = found["hangs"]
    assert isinstance(gone, Unseen)
    assert (gone.code, gone.why) == (
        "NO_ANSWER", "no answer within 0.5 s: a disk or a mount may hang",
    )  # fmt: skip
    assert children() <= before, "a look left its process behind"


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EIO, "DISK_ERROR"), (errno.ESTALE, "DISK_ERROR"), (errno.EACCES, "CANNOT_READ")],
)
def test_a_disk_that_fails_is_told_apart_from_a_file_one_may_not_read(
    number: int, code: str
) -> None:
    found = gather({"bus": Look(lambda: fail(number), Bus)})["bus"]
    assert found == Unseen(code, f"file: {os.strerror(number)}")


def test_why_nothing_was_seen_is_said() -> None:
    found = gather({"bus": Look(refuse, Bus), "gone": Look(lambda: os._exit(9), Bus)})
    assert found["bus"] == Unseen("NO_BUS", "there: no [NO_BUS]", "add one")
    assert isinstance(found["gone"], Unseen)
    assert found["gone"].code == "LOOK_FAILED"


def test_whoever_reads_the_output_does_not_wait_for_what_hangs(tmp_path: Path) -> None:
    # The child ignores what would end it, as one that waits for a dead server does.
    code = (
        "import os, signal, time\n"
        "from vanta.diagnostics import aside\n"
        "os.kill = lambda pid, number: None\n"
        "print(aside.gather({'x': aside.Look(lambda: time.sleep(20), int)}, 0.2)['x'].code)\n"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "NO_ANSWER\n"
    assert time.monotonic() - began < 15


@pytest.mark.slow
def test_a_node_on_a_disk_that_hangs_is_an_error_in_time(house: House) -> None:
    config = house.layout("alpha").config
    config.unlink()
    # Nobody ever writes it: whoever opens it waits for ever.
    os.mkfifo(config)
    began = time.monotonic()
    done = vanta("diagnostics", "-n", "nodes/alpha", "--within", "1", at=house.root)
    assert (done.returncode, "[NO_ANSWER]" in done.stderr) == (1, True)
    assert time.monotonic() - began < 20


def test_a_part_that_hangs_is_unknown_and_the_rest_is_told(house: House) -> None:
    listed = house.layout("executor").root / "build"
    listed.mkdir()
    hooked = (
        "import sys, time\n"
        "from vanta.diagnostics.looks import export\n"
        "export.mount_at = lambda *_: time.sleep(600)\n"
        "from vanta.cli.diagnostics import run\n"
        "sys.argv = ['vanta-diagnostics', '-n', 'nodes/executor', '--within', '8', '--json']\n"
        "run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hooked],
        cwd=house.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    by_check = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert (by_check["export"]["severity"], by_check["export"]["code"]) == ("unknown", "NO_ANSWER")
    assert by_check["disk"]["code"] == "DISK_ROOM"
