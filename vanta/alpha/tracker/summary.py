"""How far each module has come; pure."""

from collections.abc import Iterable, Mapping

import msgspec

from vanta.alpha.tracker.threads import DONE, SEVERITIES, STATUSES, Severity, Status, Thread
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND

_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One module, or all of them together."""

    module: str
    threads: int
    done: int
    """Threads that were promoted or closed."""
    by_status: dict[Status, int]
    worst: Severity | None
    """The highest severity among what is not done."""
    oldest: int | None
    """When the oldest thread that is not done was opened."""
    changed: int
    """When anything about it was last said."""

    @property
    def percent(self) -> int:
        """How much is done, rounded down: 100 is all of it and nothing less."""
        return self.done * 100 // self.threads if self.threads else 100


def progress(
    threads: Iterable[Thread], standing: Mapping[str, Status]
) -> tuple[Progress, list[Progress]]:
    """All modules together, and each by name.

    Args:
        threads: any number of them.
        standing: by thread, the status it has now.
    """
    by_module: dict[str, list[Thread]] = {}
    for one in threads:
        by_module.setdefault(one.module, []).append(one)
    each = [_of(module, found, standing) for module, found in sorted(by_module.items())]
    everything = [one for found in by_module.values() for one in found]
    return _of("", everything, standing), each


def _of(module: str, threads: list[Thread], standing: Mapping[str, Status]) -> Progress:
    counts: dict[Status, int] = dict.fromkeys(STATUSES, 0)
    worst, oldest, changed = -1, None, 0
    for one in threads:
        status = standing[one.id]
        counts[status] += 1
        changed = max(changed, one.changed)
        if status not in DONE:
            worst = max(worst, _RANK[one.severity])
            oldest = one.opened if oldest is None else min(oldest, one.opened)
    return Progress(
        module=module,
        threads=len(threads),
        done=sum(counts[status] for status in DONE),
        by_status=counts,
        worst=SEVERITIES[worst] if worst >= 0 else None,
        oldest=oldest,
        changed=changed,
    )


def age(since: int, now: int) -> str:
    """How long ago, in the one unit that tells most: `3 d`, `5 h`, `12 min`, `8 s`."""
    ago = max(0, now - since)
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if ago >= unit:
            return f"{ago // unit} {name}"
    return f"{ago // SECOND} s"
