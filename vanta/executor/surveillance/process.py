"""Starting the comparison as a process of its own."""

import subprocess

from vanta.domain.instant import SECOND
from vanta.executor.companion import start_beside
from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
from vanta.governance.heartbeat import Silence
from vanta.node.build import vanta_command
from vanta.node.layout import Layout


def start(layout: Layout) -> subprocess.Popen[bytes]:
    """Start it, and return once it gives a sign of life.

    Raises:
        UnavailableError: `NO_SURVEILLANCE`: it did not.
    """
    layout.logs.mkdir(parents=True, exist_ok=True)
    silence = Silence(layout.memory, SECOND, name=SURVEILLANCE_SIGN)
    return start_beside(
        [*vanta_command(), "executor", "surveil", "--node", str(layout.root)],
        up=lambda: not silence.lasts(),
        log=layout.logs / "executor-surveillance.log",
        missing=("NO_SURVEILLANCE", "the comparison"),
    )
