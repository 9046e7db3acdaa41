"""A report for Prometheus, as node_exporter's textfile collector reads it."""

from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from vanta.diagnostics.examine import Report
from vanta.diagnostics.finding import Severity
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import SECOND

SUFFIX = ".prom"
"""What node_exporter looks for."""
_VERDICT = "vanta_diagnostics_verdict"
_AT = "vanta_diagnostics_timestamp_seconds"


class Looked(NamedTuple):
    """What a look came to, as far as metrics say."""

    verdict: Severity
    at: int
    """UTC nanoseconds."""


def registry(report: Report) -> CollectorRegistry:
    """Its metrics: one for each check, one for each finding that is not fine, and every figure."""
    found = CollectorRegistry()
    verdict = Gauge(
        _VERDICT,
        "Rank of the worst finding: 0 ok, 1 note, 2 unknown, 3 warn, 4 critical.",
        registry=found,
    )
    verdict.set(report.verdict.rank)
    Gauge(
        _AT,
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


def read(path: Path) -> Looked:
    """What was written last.

    Raises:
        UnavailableError: `METRICS_UNREADABLE`: there is none, or it cannot be read.
        MalformedError: `METRICS_UNREADABLE`: it says no verdict.
    """
    remedy = "name what `vanta diagnostics --prometheus` writes on this node"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UnavailableError(
            f"no look can be read: {why}",
            code="METRICS_UNREADABLE",
            place=str(path),
            remedy=remedy,
        ) from error
    try:
        said = {
            one.name: one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
            if not one.labels
        }
        ranks = {float(severity.rank): severity for severity in Severity}
        return Looked(ranks[said[_VERDICT]], int(said[_AT] * SECOND))
    except (ValueError, KeyError, OverflowError) as error:
        raise MalformedError(
            "it says no verdict of a look",
            code="METRICS_UNREADABLE",
            place=str(path),
            remedy=remedy,
        ) from error
