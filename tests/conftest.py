"""How every test runs: properties without a stopwatch, and in CI the same examples for all."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is no reason to fail a property; `pytest-timeout` bounds each test instead.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("here", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_warm() -> Iterator[None]:
    """What `tests.cli.founded` started for many commands ends with the tests."""
    yield
    # Few tests type commands, and to import what does would take the others a second.
    if (founded := sys.modules.get("tests.cli.founded")) is not None:
        founded.cool()
