"""The fund every attack is made on, the node that enforces it, and what must never run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import Fund
from tests.governance.station import Station


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    yield made
    made.stop()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What must never come to be."""
    return tmp_path / "canary"


@pytest.fixture
def script(tmp_path: Path, canary: Path) -> Path:
    """A program that leaves the canary behind."""
    path = tmp_path / "script"
    path.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    path.chmod(0o755)
    return path
