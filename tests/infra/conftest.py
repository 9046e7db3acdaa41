"""Stacks are recorded once for all workers."""

from tests.infra.sharing import workers_share  # noqa: F401 - a fixture
