"""What runs beside the Executor begins with it, and ends with it."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vanta.domain.errors import UnavailableError
from vanta.executor import companion
from vanta.executor.companion import start_beside

MISSING = ("NO_SLEEPER", "the sleeper")
STARTS_ONE = """
import sys, time
from pathlib import Path
from vanta.executor.companion import start_beside
up = Path(sys.argv[1])
command = ["sh", "-c", 'touch "$0"; exec sleep 100', str(up)]
started = start_beside(command, up=up.exists, log=None, missing=("", ""))
print(started.pid, flush=True)
time.sleep(100)
"""


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
def test_it_ends_with_who_started_it_however_that_ends(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE, str(tmp_path / "up")],
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert lives(pid)
        parent.kill()
    until = time.monotonic() + 30
    while lives(pid):
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.01)


def test_without_setpriv_it_is_started_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    started = start_beside(["sleep", "100"], up=lambda: True, log=None, missing=MISSING)
    assert lives(started.pid)
    started.kill()
    started.wait()


def test_what_it_says_is_in_its_log_and_the_error_names_it(tmp_path: Path) -> None:
    log = tmp_path / "sleeper.log"
    command = [sys.executable, "-c", "print('no bed'); exit(1)"]
    with pytest.raises(UnavailableError) as raised:
        start_beside(command, up=lambda: False, log=log, missing=MISSING)
    assert (raised.value.code, raised.value.place) == ("NO_SLEEPER", str(log))
    assert "the sleeper did not start" in str(raised.value)
    assert log.read_text() == "no bed\n"


def test_what_does_not_come_up_in_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companion, "START_TIMEOUT", 0.1)
    begun = list[subprocess.Popen[bytes]]()
    real = subprocess.Popen

    def popen(*words: object, **of: object) -> "subprocess.Popen[bytes]":
        begun.append(real(*words, **of))  # type: ignore[call-overload]
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(UnavailableError, match="NO_SLEEPER"):
        start_beside(["sleep", "100"], up=lambda: False, log=None, missing=MISSING)
    assert [one.returncode for one in begun] == [-9]
