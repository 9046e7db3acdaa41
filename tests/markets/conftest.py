import os
from pathlib import Path

import pytest

from tests.markets.house import House
from vanta.markets.sample.compose import compose


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled sample, written once."""
    folder = tmp_path_factory.mktemp("sample")
    compose(folder)
    return folder


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The recorded public feeds, where the machine has them."""
    folder = os.environ.get("VANTA_FEEDS")
    if not folder:
        pytest.skip("VANTA_FEEDS names no recorded feeds")
    return Path(folder)


@pytest.fixture
def house(tmp_path: Path, sample: Path) -> House:
    return House(tmp_path, sample)
