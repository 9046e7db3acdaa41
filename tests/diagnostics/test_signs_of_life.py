"""What every service tells systemd over a real socket, from its own work and while it works."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.cli.founded import environment
from tests.diagnostics.house import House, running
from tests.governance.live import Systemd
from vanta.node.readiness import read_ready

pytestmark = pytest.mark.timeout(600)
"""Whole processes on a machine that others use too: nothing here is about how long it takes."""

SERVICES = {
    "judge": ("executor", ("executor", "judge")),
    "surveillance": ("executor", ("executor", "surveil")),
    "executor": ("executor", ("executor", "run", "--with-paper-broker")),
    "markets": ("markets", ("markets", "follow", "--feeds", "feeds")),
    "promoter": ("markets", ("markets", "promote")),
}


@contextmanager
def told(house: House, service: str) -> Iterator[tuple["subprocess.Popen[bytes]", Systemd]]:
    """A service as systemd starts it, and what it is told."""
    node, words = SERVICES[service]
    folder = house.root / "systemd"
    folder.mkdir()
    systemd = Systemd(folder)
    with (house.root / f"{service}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vanta.cli", *words, "-n", f"nodes/{node}"],
            cwd=house.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(NOTIFY_SOCKET=str(systemd.path), WATCHDOG_USEC="3000000"),
        )
    try:
        yield process, systemd
    finally:
        process.kill()
        process.wait()
        systemd.close()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_ready_works_and_ends_in_order(house: House, service: str) -> None:
    with ExitStack() as stack:
        if service in {"executor", "surveillance"}:
            stack.enter_context(running(house, "executor", "judge", "-n", "nodes/executor"))
        if service == "surveillance":
            words = ("executor", "run", "--with-paper-broker", "-n", "nodes/executor")
            stack.enter_context(running(house, *words))
            time.sleep(3)
        process, systemd = stack.enter_context(told(house, service))
        assert systemd.hears("READY=1", 300), (house.root / f"{service}.log").read_text()
        ready = read_ready(house.layout(SERVICES[service][0]).run, service)
        assert ready is not None
        assert ready.pid == process.pid
        systemd.said.clear()
        assert systemd.hears("WATCHDOG=1")
        systemd.said.clear()
        assert systemd.hears("WATCHDOG=1"), "and again"
        process.send_signal(signal.SIGTERM)
        assert systemd.hears("STOPPING=1")
        assert process.wait(30) == 0, (house.root / f"{service}.log").read_text()
    assert read_ready(house.layout(SERVICES[service][0]).run, service) is None


def test_work_that_hangs_gives_no_sign_of_life(house: House) -> None:
    """The look at the journals waits for a named pipe that nobody writes to."""
    with told(house, "judge") as (process, systemd):
        assert systemd.hears("WATCHDOG=1")
        journal = house.layout("executor").journal("trade_log")
        journal.unlink()
        os.mkfifo(journal)
        later = time.monotonic() + 30
        while time.monotonic() < later:
            systemd.said.clear()
            if not systemd.hears("WATCHDOG=1", seconds=3.0):
                break
        else:
            raise AssertionError("it gave signs while it hung")
        assert process.poll() is None
