"""Run every benchmark once, print the figures, and keep the raw JSON with machine and date."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import (
    builds,
    decisions,
    demo,
    durable_peer,
    enforcement,
    executor,
    governance,
    journal,
    markets,
    surveillance,
    tracker,
)
from benchmarks.figures import RESULTS
from benchmarks.table import text

SUITES: dict[str, Callable[[], dict[str, Any]]] = {
    "journal": journal.run,
    "journal peer": durable_peer.run,
    "governance": governance.run,
    "enforcement": enforcement.run,
    "markets": markets.run,
    "executor": executor.run,
    "decisions": decisions.run,
    "surveillance": surveillance.run,
    "tracker": tracker.run,
    "builds": builds.run,
    "demo": demo.run,
}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "git": subprocess.run(
            ["git", "version"],  # noqa: S607 - the Git that is measured is the one on the path
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[-1],
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=sorted(SUITES), action="append")
    chosen = parser.parse_args().only or list(SUITES)
    found: dict[str, Any] = {"machine": machine()}
    for name in chosen:
        print(f"running {name} ...", file=sys.stderr)
        began = time.perf_counter()
        found[name] = SUITES[name]() | {"seconds": round(time.perf_counter() - began, 1)}
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{found['machine']['date'].replace(':', '')}.json"
    written = json.dumps(found, indent=2)
    kept.write_text(written + "\n")
    print(written)
    print(f"\n{text(found)}\n\n{found['machine']}\nraw figures: {kept}")


if __name__ == "__main__":
    main()
