"""How every test runs: properties without a stopwatch, and in CI the same examples for all."""

import os

from hypothesis import HealthCheck, settings

# A loaded machine is no reason to fail a property; `pytest-timeout` bounds each test instead.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("here", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
