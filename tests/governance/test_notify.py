"""Telling systemd, over a real socket, and only where it asked."""

import os
import socket
from pathlib import Path

import pytest

from vanta.governance.notify import notify, watchdog_seconds


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_where_it_asked(tmp_path: Path, abstract: object) -> None:
    name = f"vanta-notify-{os.getpid()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}" if abstract else name)
        assert notify("READY=1", {"NOTIFY_SOCKET": f"@{name}" if abstract else name})
        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all"])
def test_nobody_is_told_where_nobody_asked_or_listens(address: str) -> None:
    assert not notify("READY=1", {"NOTIFY_SOCKET": address} if address else {})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_this_processes_own(
    environment: dict[str, str], expected: float | None
) -> None:
    assert watchdog_seconds(environment) == expected
