"""Starting the judge as a process of its own."""

import subprocess

from vanta.domain.instant import SECOND
from vanta.executor.companion import start_beside
from vanta.executor.judge.signs import JUDGE_SIGN
from vanta.governance.heartbeat import Silence
from vanta.node.build import vanta_command
from vanta.node.layout import Layout


def start(layout: Layout) -> subprocess.Popen[bytes]:
    """Start the judge of a node, and return once it gives a sign of life.

    Raises:
        UnavailableError: `NO_JUDGE`: it did not.
    """
    layout.logs.mkdir(parents=True, exist_ok=True)
    silence = Silence(layout.memory, SECOND, name=JUDGE_SIGN)
    return start_beside(
        [*vanta_command(), "executor", "judge", "--node", str(layout.root)],
        up=lambda: not silence.lasts(),
        log=layout.logs / "executor-judge.log",
        missing=("NO_JUDGE", "the judge"),
    )
