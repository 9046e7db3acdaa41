"""Starting the paper broker as a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

from vanta.domain.errors import UnavailableError, VantaError
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.exchange import PaperTerms
from vanta.node.build import python_environment

START_TIMEOUT = 30.0
"""Seconds until it must answer; a first import of the exchange calendars takes some."""


def start(
    directory: Path, tape: Path, *, terms: PaperTerms | None = None, log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a paper broker in a session of its own, and return once it answers.

    Args:
        directory: of its socket and its journal; made where there is none.
        tape: the market.
        terms: how orders are treated.
        log: where its output goes; nowhere by default.

    Raises:
        UnavailableError: it did not come up.
    """
    directory.mkdir(parents=True, exist_ok=True)
    terms = terms or PaperTerms()
    options = [f"--{name}={getattr(terms, name)}" for name in PaperTerms.__struct_fields__]
    command = [sys.executable, "-m", "vanta.executor.brokers.paper", str(directory), str(tape)]
    with (log or Path("/dev/null")).open("ab") as output:
        process = subprocess.Popen(
            [*command, *options],
            env=python_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    broker = PaperBroker(directory, timeout=START_TIMEOUT)
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            broker.account()
        except VantaError:
            time.sleep(0.02)
            continue
        broker.close()
        return process
    process.kill()
    process.wait()
    raise UnavailableError(
        "the paper broker did not start",
        code="BROKER_UNAVAILABLE",
        place=str(directory),
        remedy=f"look into {log}" if log else "start it by hand to see why",
    )
