"""The comparison's metrics for Prometheus."""

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import write_to_textfile

from vanta.domain.instant import SECOND
from vanta.executor.surveillance.comparing import Reading
from vanta.executor.surveillance.mismatch import MismatchFound, Standing

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0)


class Metrics:
    """Counts alerts as they are told, and shows what stands.

    Args:
        brokers: names of those that are compared.
    """

    def __init__(self, brokers: Sequence[str]) -> None:
        self.registry = CollectorRegistry()
        self._alerts = Counter(
            "vanta_surveillance_alerts",
            "Mismatches that were told.",
            ("code", "broker"),
            registry=self.registry,
        )
        self._waited = Histogram(
            "vanta_surveillance_seen_to_told_seconds",
            "From the first sight of a mismatch to its alert.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._standing = Gauge(
            "vanta_surveillance_standing",
            "Mismatches that stand: neither over nor settled.",
            registry=self.registry,
        )
        self._statements = Counter(
            "vanta_surveillance_statements",
            "Statements that came; or why they did not.",
            ("broker", "reason"),
            registry=self.registry,
        )
        self._latest = Gauge(
            "vanta_surveillance_statement_timestamp_seconds",
            "When a broker's statement came last, seconds since 1970.",
            ("broker",),
            registry=self.registry,
        )
        self._hook = Gauge(
            "vanta_surveillance_command_failures",
            "Runs of the alert command that failed.",
            registry=self.registry,
        )
        for name in brokers:
            self._statements.labels(name, "")

    def told(self, alert: MismatchFound) -> None:
        """Count an alert."""
        self._alerts.labels(alert.mismatch.code, alert.mismatch.broker).inc()
        self._waited.observe(max(0, alert.at - alert.seen) / SECOND)

    def show(self, readings: Sequence[Reading], standing: Standing, failed: int) -> None:
        """Show how it stands after a look."""
        for one in readings:
            self._statements.labels(one.broker, one.why).inc()
            if one.statement is not None:
                self._latest.labels(one.broker).set(one.answered / SECOND)
        self._standing.set(len(standing.found))
        self._hook.set(failed)

    def write(self, path: Path) -> None:
        """Write them for node_exporter's textfile collector, atomically."""
        write_to_textfile(str(path), self.registry)
