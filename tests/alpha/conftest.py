from pathlib import Path

import pytest

from tests.alpha.building import Alpha
from tests.alpha.governed import copied, govern


@pytest.fixture
def alpha(tmp_path: Path) -> Alpha:
    return Alpha.at(tmp_path / "alpha")


@pytest.fixture(scope="session")
def governed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return govern(tmp_path_factory.mktemp("governed") / "fund")


@pytest.fixture
def governed(governed_once: Path, tmp_path: Path) -> Alpha:
    """An Alpha with a policy of its own."""
    return copied(governed_once, tmp_path / "alpha")
