"""Whether the services of a node run."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Service, Services
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed, seconds, span
from vanta.domain.instant import SECOND

RUNNING = Says("SERVICES_RUN", Severity.OK, "{names} run")
FAILED = Says(
    "SERVICE_FAILED",
    Severity.CRITICAL,
    "{subject}: failed, says systemd ({result})",
    "`journalctl -u {unit}` says why; then `systemctl restart {unit}`.",
)
ABSENT = Says(
    "SERVICE_ABSENT",
    Severity.CRITICAL,
    "{subject}: no sign of life since this machine started",
    "Start it; see runbooks/a-service-does-not-run.md.",
)
SILENT = Says(
    "SERVICE_SILENT",
    Severity.CRITICAL,
    "{subject}: no sign of life for {silent}",
    "Look at its log, then start it again; see runbooks/a-service-does-not-run.md.",
)
DIED = Says(
    "SERVICE_DIED",
    Severity.CRITICAL,
    "{subject}: pid {pid}, ready {since} ago, is gone without a word",
    "Look at its log, then start it again; see runbooks/a-service-does-not-run.md.",
)
RESTARTED = Says(
    "SERVICE_RESTARTS",
    Severity.WARN,
    "{subject}: restarted {restarts} times by systemd",
    "`journalctl -u {unit}` says what ended it.",
)


UNASKED = Says(
    "SYSTEMD_SILENT",
    Severity.UNKNOWN,
    "{why}",
    "See `systemctl status` and `journalctl -p err`.",
)


class Limits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    silent: int = 5 * SECOND
    """Without a sign of life, nanoseconds."""
    restarts: int = 3
    """By systemd, since somebody started it."""


LIMITS = Limits()


def judge(found: Services, moment: Moment, limits: Limits = LIMITS) -> Iterator[Told]:
    """What is expected gives signs of life, and what said it was ready still runs.

    Where there is no systemd, signs of life and ready files are all there is to go by.
    """
    there = [one for one in found.services if one.expected or one.ready or _active(one)]
    bad = [told for one in there for told in _service(one, moment.now, limits)]
    yield from bad
    if found.systemd:
        yield Told(UNASKED, values={"why": found.systemd})
    fine = [one.name for one in there if one.name not in {told.subject for told in bad}]
    if fine:
        ages = {
            f"{one.name}_uptime_seconds": seconds(moment.now - one.ready.since)
            for one in found.services
            if one.name in fine and one.ready is not None and one.ready.since
        }
        yield Told(RUNNING, values={"names": listed(fine)}, figures=ages)


def _active(one: Service) -> bool:
    """Whether systemd runs it, or tried to; one that only a timer starts is no matter meanwhile."""
    return one.unit is not None and one.unit.active != "inactive"


def _service(one: Service, now: int, limits: Limits) -> Iterator[Told]:
    unit, ready = one.unit, one.ready
    if unit is not None and unit.active == "failed":
        yield Told(FAILED, one.name, {"result": unit.result or unit.sub, "unit": unit.name})
        return
    if unit is not None and unit.restarts > limits.restarts:
        told = {"restarts": unit.restarts, "unit": unit.name}
        yield Told(RESTARTED, one.name, told, {"restarts": unit.restarts})
    if ready is not None and not ready.alive:
        since = span(now - ready.since) if ready.since else "some time"
        yield Told(DIED, one.name, {"pid": ready.pid, "since": since})
        return
    if one.signs:
        if one.silent is None:
            yield Told(ABSENT, one.name)
        elif one.silent > limits.silent:
            figures = {"silent_seconds": seconds(one.silent)}
            yield Told(SILENT, one.name, {"silent": span(one.silent)}, figures)
    elif ready is None and one.expected:
        yield Told(ABSENT, one.name)


CHECKS = (
    Check(
        "services",
        "services",
        (FAILED, ABSENT, SILENT, DIED, RESTARTED, UNASKED, RUNNING),
        LIMITS,
        judge,
    ),
)
