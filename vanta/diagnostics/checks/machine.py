"""Whether the machine under a node holds: disks, clock, and the mount of Alpha's export."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Clock, Disk, Export, Volume
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed, seconds, size, span
from vanta.domain.instant import MINUTE, SECOND

_MIB = 1024 * 1024
_MILLI = 1_000_000

ROOM = Says("DISK_ROOM", Severity.OK, "{subject}: {free} free ({percent} %)")
LOW = Says(
    "DISK_LOW",
    Severity.WARN,
    "{subject}: {free} left ({percent} %)",
    "Make room: `vanta build gc`, old logs, a larger disk. Journals are never thrown away.",
)
FULL = Says(
    "DISK_FULL",
    Severity.CRITICAL,
    "{subject}: {free} left ({percent} %)",
    "Make room now: without any the judge halts the node. Journals are never thrown away.",
)
INODES = Says(
    "INODES_LOW",
    Severity.WARN,
    "{subject}: {inodes} more files can be made ({percent} %)",
    "Find the folder with the many small files: `du --inodes -x -d2`.",
)
READ_ONLY = Says(
    "DISK_READ_ONLY",
    Severity.CRITICAL,
    "{subject}: can only be read, so no journal can be written",
    "See `dmesg` for why the kernel made it so; nothing leaves meanwhile.",
)
ERRORS = Says(
    "DISK_ERRORS",
    Severity.CRITICAL,
    "{subject}: the kernel counted {errors} errors of that file system",
    "See `dmesg`; copy the journals away, and check the disk.",
)


class DiskLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    low_percent: int = 10
    """Of what a disk holds."""
    low: int = 1024 * _MIB
    """Bytes left; low is what is below either."""
    full_percent: int = 2
    """Of what a disk holds."""
    full: int = 256 * _MIB
    """Bytes left; the judge of the Executor halts below 64 MiB."""
    inodes_percent: int = 10
    """Of the files a disk can hold."""


DISK_LIMITS = DiskLimits()


def judge_disk(found: Disk, _moment: Moment, limits: DiskLimits = DISK_LIMITS) -> Iterator[Told]:
    """Room for journals, files and bytes alike, on disks that take and keep them."""
    for one in found.volumes:
        subject = "/".join(one.folders)
        percent = 100 * one.free // one.total if one.total else 0
        values = {"free": size(one.free), "percent": percent}
        figures = {"free_bytes": one.free, "free_inodes": one.free_inodes}
        bad = list(_volume(one, subject, limits))
        full = one.free < limits.full or percent < limits.full_percent
        if full or one.free < limits.low or percent < limits.low_percent:
            bad.append(Told(FULL if full else LOW, subject, values, figures))
        yield from bad
        if not bad:
            yield Told(ROOM, subject, values, figures)


def _volume(one: Volume, subject: str, limits: DiskLimits) -> Iterator[Told]:
    if one.read_only:
        yield Told(READ_ONLY, subject)
    if one.errors:
        yield Told(ERRORS, subject, {"errors": one.errors}, {"errors": one.errors})
    if one.inodes and 100 * one.free_inodes // one.inodes < limits.inodes_percent:
        percent = 100 * one.free_inodes // one.inodes
        values = {"inodes": one.free_inodes, "percent": percent}
        yield Told(INODES, subject, values, {"free_inodes": one.free_inodes})


RIGHT = Says("CLOCK_RIGHT", Severity.OK, "synchronised, off by {offset}, at most {error}")
UNSYNCED = Says(
    "CLOCK_UNSYNCED",
    Severity.WARN,
    "the kernel does not call the clock synchronised",
    "Start chrony (`systemctl start chrony`) and see `chronyc tracking`.",
)
OFF = Says(
    "CLOCK_OFF",
    Severity.WARN,
    "the clock is off by {offset}, and by {error} at most",
    "See `chronyc tracking`; it makes up for it slowly.",
)
DOUBTED = Says(
    "CLOCK_DOUBTED",
    Severity.WARN,
    "{why}",
    "No halt ends meanwhile. It is believed once it is back, or in sync for an hour.",
)
SKEWED = Says(
    "BROKER_SKEW",
    Severity.CRITICAL,
    "the clock of {names} is too far from this one: no new orders go there",
    "Compare `chronyc tracking`; one of the two is wrong.",
)


class ClockLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    offset: int = 100 * _MILLI
    """What the kernel still has to make up for, nanoseconds."""
    error: int = SECOND
    """How far off it may be by the kernel's own estimate, nanoseconds."""


CLOCK_LIMITS = ClockLimits()


def judge_clock(
    found: Clock, _moment: Moment, limits: ClockLimits = CLOCK_LIMITS
) -> Iterator[Told]:
    """The kernel has it synchronised, and neither the controller nor a broker disagrees."""
    figures = {"offset_seconds": seconds(found.offset), "error_seconds": seconds(found.error)}
    values = {"offset": span(found.offset), "error": span(found.error)}
    bad: list[Told] = []
    if found.skewed:
        bad.append(Told(SKEWED, values={"names": listed(found.skewed)}))
    if found.doubt:
        bad.append(Told(DOUBTED, values={"why": found.doubt}))
    if not found.synchronised:
        bad.append(Told(UNSYNCED, figures=figures))
    elif abs(found.offset) > limits.offset or found.error > limits.error:
        bad.append(Told(OFF, values=values, figures=figures))
    yield from bad
    if not bad:
        yield Told(RIGHT, values=values, figures=figures)


MOUNTED = Says("EXPORT_MOUNTED", Severity.OK, "{source} ({mount}), read-only, told {age} ago")
NO_EXPORT = Says(
    "EXPORT_NONE",
    Severity.NOTE,
    "this node has no build/: no release can be staged",
    "Mount Alpha's export there; what runs goes on without it.",
)
UNMOUNTED = Says(
    "EXPORT_UNMOUNTED",
    Severity.WARN,
    "build/ is a folder of this node: Alpha's export is not mounted",
    "`findmnt /opt/vanta/build` and `systemctl status opt-vanta-build.mount` say more; what runs "
    "goes on without it.",
)
WRITABLE = Says(
    "EXPORT_WRITABLE",
    Severity.WARN,
    "build/ is mounted so that this node can write to it",
    "Mount it with `ro`, and export it so.",
)
STALE = Says(
    "EXPORT_STALE",
    Severity.WARN,
    "Alpha last put its status into build/ {age} ago",
    "Run `vanta diagnostics` on Alpha; mount a stale export again (`umount -l`, `mount`).",
)
AGELESS = Says(
    "EXPORT_AGELESS",
    Severity.UNKNOWN,
    "nothing in build/ says how fresh it is",
    "Run `vanta diagnostics --publish` on Alpha, every minute.",
)
SLOW = Says(
    "EXPORT_SLOW",
    Severity.WARN,
    "listing build/ took {took}",
    "Look at the network between this node and Alpha, and at Alpha's disk.",
)


class ExportLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    old: int = 5 * MINUTE
    """Age of Alpha's status in it, nanoseconds."""
    took: int = SECOND
    """For listing it, nanoseconds."""


EXPORT_LIMITS = ExportLimits()


def judge_export(
    found: Export, moment: Moment, limits: ExportLimits = EXPORT_LIMITS
) -> Iterator[Told]:
    """`build/` is a mount, read-only, answers at once, and Alpha's own status in it is young."""
    if not found.there:
        yield Told(NO_EXPORT)
        return
    age = moment.now - found.alpha if found.alpha is not None else 0
    figures: dict[str, int | float] = {
        "releases": found.releases,
        "listed_seconds": seconds(found.took),
    }
    figures |= {"age_seconds": seconds(age)} if found.alpha is not None else {}
    bad: list[Told] = []
    if not found.mount:
        bad.append(Told(UNMOUNTED, figures=figures))
    elif not found.read_only:
        bad.append(Told(WRITABLE, figures=figures))
    if found.took > limits.took:
        bad.append(Told(SLOW, values={"took": span(found.took)}, figures=figures))
    if found.alpha is None:
        bad.append(Told(AGELESS))
    elif age > limits.old:
        bad.append(Told(STALE, values={"age": span(age)}, figures=figures))
    yield from bad
    if not bad:
        values = {"source": found.source, "mount": found.mount, "age": span(max(0, age))}
        yield Told(MOUNTED, values=values, figures=figures)


CHECKS = (
    Check("disk", "disk", (FULL, READ_ONLY, ERRORS, LOW, INODES, ROOM), DISK_LIMITS, judge_disk),
    Check("clock", "clock", (SKEWED, DOUBTED, UNSYNCED, OFF, RIGHT), CLOCK_LIMITS, judge_clock),
    Check(
        "export",
        "export",
        (UNMOUNTED, WRITABLE, STALE, SLOW, AGELESS, NO_EXPORT, MOUNTED),
        EXPORT_LIMITS,
        judge_export,
        ("markets", "executor"),
    ),
)
