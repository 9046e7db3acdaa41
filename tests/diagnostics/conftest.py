"""The nodes most tests of diagnostics begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.diagnostics.house import House, copy, found


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Nodes that traded for a day, to be copied and never changed."""
    return found(tmp_path_factory.mktemp("house") / "house")


@pytest.fixture
def house(founded: House, tmp_path: Path) -> Iterator[House]:
    """This test's own, whose services live."""
    with copy(founded, tmp_path / "house").living() as made:
        yield made
