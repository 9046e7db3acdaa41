"""What nodes tell a cloud's monitoring: the names that who publishes and who alarms share; pure.

An alarm listens for one metric with exactly these dimensions. One letter that differs at either end
is an alarm that is on for ever, so `infra` takes the names from here.
"""

from collections.abc import Mapping
from typing import NamedTuple

from vanta.diagnostics.finding import Severity
from vanta.domain.instant import SECOND

NAMESPACE = "Vanta"
"""What a machine's role in the cloud lets it put metrics into, and nothing else."""
HEALTHY = "Healthy"
"""1 while a node is well, 0 otherwise; one a look."""
SNAPSHOT_AGE = "RedisSnapshotAgeSeconds"
"""Age of Redis' newest dump that lies outside Alpha."""


def of_node(environment: str, role: str) -> dict[str, str]:
    """The dimensions of what is said of one node: there is one of each role."""
    return {"Environment": environment, "Node": role}


def of_environment(environment: str) -> dict[str, str]:
    """The dimensions of what there is once in an environment."""
    return {"Environment": environment}


class Datum(NamedTuple):
    """One value of one metric."""

    name: str
    dimensions: Mapping[str, str]
    value: float
    at: int
    """UTC nanoseconds."""
    unit: str = "None"
    """As CloudWatch spells it."""


def health(environment: str, role: str, verdict: Severity, at: int) -> Datum:
    """How a node was when it was looked at; what could not be looked at is nobody's all-clear."""
    well = verdict.rank <= Severity.NOTE.rank
    return Datum(HEALTHY, of_node(environment, role), float(well), at)


def snapshot_age(environment: str, written: int, now: int) -> Datum:
    """How old the dump is that was written then."""
    age = max(0, now - written) / SECOND
    return Datum(SNAPSHOT_AGE, of_environment(environment), age, now, "Seconds")
