"""Recorded answers of real brokers, where the machine has them."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded data."""
    folder = os.environ.get("VANTA_FEEDS")
    if not folder:
        pytest.skip("VANTA_FEEDS names no recorded feeds")
    return Path(folder)
