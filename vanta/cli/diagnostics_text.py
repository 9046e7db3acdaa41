"""A report on one screen: the verdict, what is wrong with what to do, then what is fine."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vanta.cli.columns import wrapped
from vanta.diagnostics.examine import Report
from vanta.diagnostics.finding import Finding, Severity
from vanta.diagnostics.words import listed
from vanta.domain.instant import SECOND, show_instant

_STYLES = {
    Severity.OK: "green",
    Severity.NOTE: "cyan",
    Severity.UNKNOWN: "magenta",
    Severity.WARN: "yellow",
    Severity.CRITICAL: "bold red",
}
_SHOWN = 3
"""What a check is shown to say at one severity; the rest is counted."""
_INDENT = 21
_VERDICTS = {
    Severity.OK: "all is well",
    Severity.NOTE: "all is well",
    Severity.UNKNOWN: "not everything could be looked at",
    Severity.WARN: "somebody should look",
    Severity.CRITICAL: "somebody must act",
}


class Line(NamedTuple):
    """A line and how it is coloured where there are colours."""

    text: str
    style: str | None = None


def report_lines(report: Report) -> Iterator[Line]:
    """The report, the worst first."""
    at = show_instant(report.at // SECOND * SECOND)
    yield Line(f"{report.node} ({report.role}, {report.environment}) at {at}")
    verdict = report.verdict
    yield Line(f"{verdict.value.upper()}: {_VERDICTS[verdict]}", _STYLES[verdict])
    for severity in sorted(Severity, key=lambda one: -one.rank):
        found = [one for one in report.findings if one.severity is severity]
        for name in dict.fromkeys(one.check for one in found):
            yield from _check([one for one in found if one.check == name])


def _check(found: Sequence[Finding]) -> Iterator[Line]:
    """What one check says at one severity; what it says of several is said once, and a remedy."""
    remedies: dict[str, None] = {}
    alike = _alike(found)
    for names, rest, one in alike[:_SHOWN]:
        yield from _finding(one, f"{listed(names)}: {rest}" if names else rest)
        remedies[one.remedy] = None
    if len(alike) > _SHOWN:
        yield Line(f"{'':{_INDENT}}and {len(alike) - _SHOWN} more; `--json` has all")
    for remedy in remedies:
        if remedy and found[0].severity.rank >= Severity.UNKNOWN.rank:
            for text in wrapped(remedy, _INDENT):
                yield Line(text, "dim")


def _alike(found: Sequence[Finding]) -> list[tuple[list[str], str, Finding]]:
    """Subjects of which the very same is said, what that is, and the first such finding."""
    groups: dict[tuple[str, str], tuple[list[str], str, Finding]] = {}
    for one in found:
        rest = one.says.removeprefix(f"{one.subject}: ")
        named = bool(one.subject) and rest != one.says
        names, _, _ = groups.setdefault((one.code, rest), ([], rest, one))
        names += [one.subject] if named else []
    return list(groups.values())


def _finding(one: Finding, says: str) -> Iterator[Line]:
    first, *more = wrapped(says, _INDENT)
    head = f"{one.severity.value:<9} {one.check:<11}"
    yield Line(head + first[_INDENT:], _STYLES[one.severity])
    yield from (Line(text, _STYLES[one.severity]) for text in more)
