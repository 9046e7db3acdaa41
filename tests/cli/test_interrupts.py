"""A command that is stopped hears it once, puts back what it began, and hands nothing on."""

import os
import signal
import subprocess
import sys

import pytest

from vanta.cli.interrupts import stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_is_stopped_it_hears_it(number: int) -> None:
    before = signal.getsignal(number)
    with stoppable() as stops:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        stops.hold_off()
        # Somebody presses the key again, in the middle of putting things back.
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_what_is_started_meanwhile_can_be_stopped() -> None:
    with stoppable():
        started = subprocess.run(
            [sys.executable, "-I", "-c", "import signal; print(signal.getsignal(1).name)"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert started.stdout == "SIG_DFL\n"
