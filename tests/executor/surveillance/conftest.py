"""What the tests of the comparison start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.surveillance.comparing import Compared


@pytest.fixture
def compared(tmp_path: Path) -> Iterator[Compared]:
    made = Compared(tmp_path)
    yield made
    made.close()
