"""How fast a journal appends, durably, and is verified.

    python benchmarks/journal.py

Prints JSON: records per second, with date, CPU and the file system the temporary files are on
(`TMPDIR` chooses it: where that is memory, a flush costs nothing and the figures say nothing).
"""

import itertools
import json
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from vanta.domain.record import Entry
from vanta.journal.group import GroupCommit
from vanta.journal.verify import verify
from vanta.journal.writer import Journal

BODY = {f"field_{number:02d}": "v" * 18 for number in range(15)}
"""About 500 bytes of JSON."""
PRODUCERS = 64
BATCH = 64
VERIFIED = 200_000
"""Records of the journal that is verified: two segments, with bodies of that size."""


def run(seconds: float = 2.0) -> dict[str, object]:
    """Measure each way of appending for `seconds`, and verification once warm."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        figures = {
            "append_records_per_s": {
                "batch of 1": _append(directory / "one.jsonl", 1, seconds),
                f"batch of {BATCH}": _append(directory / "many.jsonl", BATCH, seconds),
                f"{PRODUCERS} producers": _produce(directory / "group.jsonl", seconds),
            },
            "verify_records_per_s": _verify(directory / "verify.jsonl"),
            "flushes_per_s": _flushes(directory / "flush", seconds / 4),
        }
        return {**_where(directory), **figures}


def _open(path: Path) -> Journal:
    return Journal.open(path, actor="benchmark@0.1.0", clock=time.time_ns)


def _entries(start: int, count: int) -> list[Entry]:
    return [
        Entry("order.filled", f"fill_{n}", BODY, parents=(f"order_{n}",), dag_id=f"dag_{n}")
        for n in range(start, start + count)
    ]


def _append(path: Path, batch: int, seconds: float) -> int:
    done = 0
    with _open(path) as journal:
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            journal.append(_entries(done, batch))
            done += batch
    return round(done / took)


def _produce(path: Path, seconds: float) -> int:
    """Each producer commits one record and waits for it, as a request would."""
    counts = [0] * PRODUCERS
    until = time.perf_counter() + seconds
    with _open(path) as journal:
        group = GroupCommit(journal)

        def produce(producer: int) -> None:
            for number in itertools.count():
                if time.perf_counter() >= until:
                    break
                group.commit(_entries(producer * 10**9 + number, 1))
                counts[producer] = number + 1

        threads = [threading.Thread(target=produce, args=(n,)) for n in range(PRODUCERS)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
    return round(sum(counts) / took)


def _verify(path: Path) -> dict[str, int]:
    with _open(path) as journal:
        for start in range(0, VERIFIED, 1000):
            journal.append(_entries(start, 1000))
    figures = {}
    for workers in (1, 2):

        def once(workers: int = workers) -> None:
            assert verify(path, workers=workers).records > VERIFIED

        figures[f"{workers} worker{'s' * (workers > 1)}"] = round(VERIFIED / _median(once, 3))
    return figures


def _median(work: Callable[[], None], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _flushes(path: Path, seconds: float) -> int:
    """What the disk allows at most: a bare write of one record's size and its flush."""
    done = 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            os.write(fd, b"x" * 700)
            os.fdatasync(fd)
            done += 1
    finally:
        os.close(fd)
    return round(done / took)


def _where(directory: Path) -> dict[str, object]:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    at = max((m for m in mounts if directory.is_relative_to(m[1])), key=lambda m: len(m[1]))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "file_system": at[2],
        "command": "python benchmarks/journal.py",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
