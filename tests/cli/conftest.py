"""The fund that most tests of the command line begin with."""

from pathlib import Path

import pytest

from tests.cli.founded import copy, found


@pytest.fixture(scope="session")
def founded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found(tmp_path_factory.mktemp("founded") / "fund")


@pytest.fixture
def founded(founded_once: Path, tmp_path: Path) -> Path:
    """A fund of one's own, made with the commands themselves."""
    return copy(founded_once, tmp_path / "fund")
