"""Starting the comparison as a process of its own."""

import subprocess
import time

from vanta.domain.errors import UnavailableError
from vanta.domain.instant import SECOND
from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
from vanta.governance.heartbeat import Silence
from vanta.node.build import vanta_command
from vanta.node.layout import Layout

START_TIMEOUT = 30.0
"""Seconds until it must give a sign of life."""


def start(layout: Layout) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, and return once it gives a sign of life.

    Raises:
        UnavailableError: `NO_SURVEILLANCE`: it did not.
    """
    layout.logs.mkdir(parents=True, exist_ok=True)
    log = layout.logs / "executor-surveillance.log"
    silence = Silence(layout.memory, SECOND, name=SURVEILLANCE_SIGN)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*vanta_command(), "executor", "surveil", "--node", str(layout.root)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if not silence.lasts():
            return process
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise UnavailableError(
        "the comparison did not start",
        code="NO_SURVEILLANCE",
        place=str(log),
        remedy=f"look into {log}",
    )
