"""A report for Prometheus, as node_exporter's textfile collector reads it."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import write_to_textfile

from vanta.diagnostics.examine import Report
from vanta.diagnostics.finding import Severity
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import SECOND

SUFFIX = ".prom"
"""What node_exporter looks for."""


def registry(report: Report) -> CollectorRegistry:
    """Its metrics: one for each check, one for each finding that is not fine, and every figure."""
    found = CollectorRegistry()
    verdict = Gauge(
        "vanta_diagnostics_verdict",
        "Rank of the worst finding: 0 ok, 1 note, 2 unknown, 3 warn, 4 critical.",
        registry=found,
    )
    verdict.set(report.verdict.rank)
    Gauge(
        "vanta_diagnostics_timestamp_seconds",
        "When the node was examined, seconds since 1970.",
        registry=found,
    ).set(report.at / SECOND)
    checks = Gauge(
        "vanta_diagnostics_check",
        "Rank of the worst finding of a check.",
        ("check",),
        registry=found,
    )
    for name in dict.fromkeys(one.check for one in report.findings):
        ranks = [one.severity.rank for one in report.findings if one.check == name]
        checks.labels(name).set(max(ranks))
    bad = Gauge(
        "vanta_diagnostics_finding",
        "Rank of a finding that is not fine.",
        ("check", "code", "subject"),
        registry=found,
    )
    figures = Gauge(
        "vanta_diagnostics_figure",
        "What a check measured, by a name that ends in its unit.",
        ("check", "subject", "figure"),
        registry=found,
    )
    for one in report.findings:
        if one.severity is not Severity.OK:
            bad.labels(one.check, one.code, one.subject).set(one.severity.rank)
        for name, value in one.figures.items():
            figures.labels(one.check, one.subject, name).set(value)
    return found


def write(report: Report, path: Path) -> None:
    """Write them, atomically.

    Raises:
        UnavailableError: `METRICS_UNWRITABLE`.
    """
    try:
        write_to_textfile(str(path), registry(report))
    except OSError as error:
        raise UnavailableError(
            f"metrics cannot be written: {error.strerror}",
            code="METRICS_UNWRITABLE",
            place=str(path),
            remedy="name a file in a folder that exists, such as node_exporter's textfile folder",
        ) from error
