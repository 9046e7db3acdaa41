"""Starting the paper broker as a process of its own."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from vanta.domain.errors import VantaError
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.exchange import PaperTerms
from vanta.executor.companion import START_TIMEOUT, start_beside
from vanta.node.build import python_environment


def start(
    directory: Path, tape: Path, *, terms: PaperTerms | None = None, log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a paper broker, and return once it answers.

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
    broker = PaperBroker(directory, timeout=START_TIMEOUT)

    def answers() -> bool:
        try:
            broker.account()
        except VantaError:
            return False
        return True

    with closing(broker):
        return start_beside(
            [*command, *options],
            up=answers,
            log=log,
            missing=("BROKER_UNAVAILABLE", "the paper broker"),
            environment=python_environment(),
        )
