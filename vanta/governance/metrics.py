"""The controller's metrics for Prometheus: counted as things happen, shown as they stand."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import write_to_textfile

from vanta.domain.instant import SECOND
from vanta.governance.controller import Controller
from vanta.governance.exposition import serve
from vanta.governance.status import Status
from vanta.governance.watcher import Watcher

_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0)


class Metrics(Watcher):
    """Counts what the controller tells, and shows how it stands.

    Args:
        registry: where they are registered; a new one if not given.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._enforced = Histogram(
            "vanta_governance_push_to_enforced_seconds",
            "From a commit to its policy in the published files, since the time the commit "
            "claims, or since this node saw it.",
            ("since",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "vanta_governance_refusals",
            "Heads, commits and halts that were not taken as they stand.",
            ("reason",),
            registry=self.registry,
        )
        self._fetch_failures = Counter(
            "vanta_governance_fetch_failures",
            "Fetches of which a part did not come.",
            ("part", "reason"),
            registry=self.registry,
        )
        self._edits = Counter(
            "vanta_governance_hand_edits",
            "Hand edits of the published files, by what became of them.",
            ("outcome",),
            registry=self.registry,
        )
        self._gauges = {
            name: Gauge(f"vanta_governance_{name}", what, registry=self.registry)
            for name, what in _GAUGES.items()
        }
        self._conditions = Gauge(
            "vanta_governance_condition",
            "1 where the condition has the status it has when all is well, else 0.",
            ("type",),
            registry=self.registry,
        )

    def fetch_failed(self, part: str, code: str) -> None:
        self._fetch_failures.labels(part, code).inc()

    def refused(self, code: str) -> None:
        self._refusals.labels(code).inc()

    def enforced(self, claimed: int, seen: int, at: int) -> None:
        if claimed:
            self._enforced.labels("claimed").observe(max(0, at - claimed) / SECOND)
        self._enforced.labels("seen").observe(max(0, at - seen) / SECOND)

    def put_back(self, code: str) -> None:
        self._edits.labels(code).inc()

    def adopted(self) -> None:
        self._edits.labels("ADOPTED").inc()

    def show(self, controller: Controller, status: Status) -> None:
        """Show how a controller stands."""
        memory, now = controller.memory, controller.time.now
        values = {
            "last_confirmed_timestamp_seconds": status.confirmed / SECOND,
            "last_good_age_seconds": controller.time.age / SECOND,
            "publish_serial": memory.serial,
            "lane_halts": len(memory.state.lane) if memory.state else 0,
            "hand_edits_held": len(memory.restrained_by()),
            "latches": len(memory.latched_by()),
            "clock_healthy": not now.doubt,
            "reduce_only": memory.aged,
        }
        for name, value in values.items():
            self._gauges[name].set(float(value))
        for condition in status.conditions:
            self._conditions.labels(condition.type).set(float(condition.good))

    def serve(self, address: str) -> None:
        """Serve them over HTTP.

        Raises:
            MalformedError: `BAD_ADDRESS`.
            UnavailableError: `METRICS_ADDRESS`: it cannot be listened on.
        """
        serve(self.registry, address, field="governance.metrics")

    def write(self, path: Path) -> None:
        """Write them for node_exporter's textfile collector, atomically."""
        write_to_textfile(str(path), self.registry)


_GAUGES = {
    "last_confirmed_timestamp_seconds": "When a head was confirmed last, seconds since 1970.",
    "last_good_age_seconds": "How long ago that was.",
    "publish_serial": "Serial of the last publication.",
    "lane_halts": "Halts of the lane that stand.",
    "hand_edits_held": "Hand edits that hold until a quorum releases them.",
    "latches": "Halts of the latch that hold until a quorum releases them.",
    "clock_healthy": "1 while the clock is believed.",
    "reduce_only": "1 while no head was confirmed for so long that only reductions are allowed.",
}
