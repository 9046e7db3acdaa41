"""Processes beside the Executor where no systemd starts them: judge, comparison, paper broker."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vanta.domain.errors import UnavailableError

START_TIMEOUT = 30.0
"""Seconds until it must be up; a first import of the exchange calendars takes some."""


def start_beside(
    command: Sequence[str],
    *,
    up: Callable[[], bool],
    log: Path | None,
    missing: tuple[str, str],
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, and return once it is up.

    It is ended with whoever started it, however that ends; where `setpriv` is not installed, as on
    a Mac, only by whoever calls for its end.

    Args:
        command: of the process.
        up: whether it is, asked every 20 ms.
        log: where its output goes; nowhere where there is none.
        missing: the code and the words of what there is not where it does not come up.
        environment: this process's own by default.

    Raises:
        UnavailableError: it did not come up; it is gone.
    """
    with (log or Path(os.devnull)).open("ab") as output:
        process = subprocess.Popen(
            [*_with_its_parent(), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if up():
            return process
        time.sleep(0.02)
    process.kill()
    process.wait()
    code, what = missing
    raise UnavailableError(
        f"{what} did not start",
        code=code,
        place=str(log) if log else command[-1],
        remedy=f"look into {log}" if log else "start it by hand to see why",
    )


def _with_its_parent() -> list[str]:
    """What tells the kernel to end the process with the one that started it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
