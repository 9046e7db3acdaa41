"""How long an operator waits for the tracker when it holds ten thousand threads.

`python -m benchmarks.tracker` prints JSON. Each command is timed as it runs in a process that has
loaded what it needs, from its words to its last letter: reading the journal, folding it, asking
governance and verifying sign-offs again, writing durably, writing the view. What the interpreter
takes to start and to load is measured apart, by the same command asked for its help.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import typer

from benchmarks.spread import spread
from tests.alpha.building import Alpha
from tests.alpha.governed import copied, govern
from vanta.alpha.tracker import events, signing
from vanta.alpha.tracker.desk import Desk
from vanta.alpha.tracker.sign_off import owner_of
from vanta.alpha.tracker.threads import SEVERITIES
from vanta.cli.tracker import app

THREADS = 10_000
BUILDS = 200
"""Candidates that are before the reviewers, each signed off by two."""
PEOPLE = ("grace", "alan")


def run(*, threads: int = THREADS, builds: int = BUILDS, times: int = 15) -> dict[str, Any]:
    """Every figure.

    Args:
        threads: how many the tracker holds, each with a note.
        builds: candidates under review, each with two sign-offs, for some of the threads.
        times: how often each command is run.
    """
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as folder:
        alpha = copied(govern(Path(folder) / "fund"), Path(folder) / "alpha")
        filled(alpha, threads, builds)
        alpha.candidate("9.0.0")
        journal = alpha.layout.journal("tracker").stat().st_size
        took = {name: timed(alpha, words, times) for name, words in COMMANDS.items()}
        return {
            "threads": threads,
            "sign_offs": builds * len(PEOPLE),
            "live_segment_mb": round(journal / 1e6, 1),
            "view_mb": round(alpha.layout.view("thread_tracker").stat().st_size / 1e6, 1),
            "commands": {name: spread(found) for name, found in took.items()},
            "every_command": spread([each for found in took.values() for each in found]),
            "start": spread([started() for _ in range(times)]),
        }


def filled(alpha: Alpha, threads: int, builds: int) -> None:
    """A tracker as it is after some years: most is over, some is under review, two signed each."""
    alpha.now = time.time_ns()
    with Desk(alpha.layout, by="ada", actor="bench", clock=time.time_ns) as desk:
        for at in range(0, threads, 1000):
            _append(desk, [_opened(n) for n in range(at + 1, min(at + 1000, threads) + 1)])
        known = list(desk.state.threads.values())
        _append(
            desk,
            [
                event
                for one in known
                for event in (
                    events.ThreadNoted(one.id, "Seen twice on the second day; see its log.", "ada"),
                    *([] if one.number % 4 == 0 else [_closed(one.id)]),
                )
            ],
        )
        under_review = [one for one in desk.state.threads.values() if one.status == "open"]
        now = time.time_ns()
        for number in range(builds):
            build = alpha.candidate(f"0.{number}.0")
            desk.name(under_review[number], build)
            for who in PEOPLE:
                armour = alpha.armour(who, build).decode()
                signing.add(desk, build, armour, now, made_here=True)


def _opened(number: int) -> events.Event:
    return events.ThreadOpened(
        thread=f"T-{number}",
        module=f"module-{number % 40}",
        title=f"What was promised on page {number} is not what happens",
        severity=SEVERITIES[number % 4],
        owner=("", "ada", "grace", "alan")[number % 4],
        by="ada",
    )


def _closed(thread: str) -> events.Event:
    return events.ThreadMarked(thread, "closed", "", "ada")


def _append(desk: Desk, said: list[events.Event]) -> None:
    """Many events with one flush, which the desk itself never does."""
    size = desk._journal.position.size  # noqa: SLF001 - fills it faster than anybody types
    entries = [events.entry(one, ordinal=size + n) for n, one in enumerate(said)]
    for record in desk._journal.append(entries):  # noqa: SLF001
        desk.state.take(record)


COMMANDS: dict[str, tuple[str, ...]] = {
    "vt-add": ("add", "module-1", "One more", "--severity", "high"),
    "vt-note": ("note", "T-7", "And once more."),
    "vt-fix": ("fix", "T-4", "--candidate", "BUILD", "--owner", "ada"),
    "vt-sign": ("sign", "T-4", "--key", "KEY"),
    "vt-withdraw": ("withdraw", "T-4", "grace", "--why", "too early"),
    "vt-mark": ("mark", "T-8", "closed"),
    "vt-list": ("list",),
    "vt-list --all --json": ("list", "--all", "--json", "--limit", "0"),
    "vt-list --search": ("list", "--all", "--search", "page 4711"),
    "vt-open": ("open", "T-4"),
    "vanta tracker observe": ("observe",),
    "tracker_status_summary": ("summary",),
    "tracker_viewer": ("board",),
}
"""What is typed: every command, some of them in their longest form."""

_BEFORE = {"mark": ("mark", "T-8", "open"), "withdraw": ("sign", "T-4", "--key", "KEY")}
"""What makes a command possible once more."""


def timed(alpha: Alpha, words: tuple[str, ...], times: int) -> list[int]:
    """How long a command takes, nanoseconds; the first time is not counted: it loads."""
    took: list[int] = []
    for number in range(times + 1):
        if words[0] == "withdraw" or (number and words[0] in _BEFORE):
            typed(alpha, _BEFORE[words[0]])
        began = time.perf_counter_ns()
        typed(alpha, words)
        took.append(time.perf_counter_ns() - began)
    return took[1:]


def typed(alpha: Alpha, words: tuple[str, ...]) -> None:
    """Run a command in this process, its output to a file as `| cat` would have it.

    What a process remembers of signatures is forgotten: each command is a process of its own.
    """
    owner_of.cache_clear()
    stands_for = {"KEY": str(alpha.root / "grace"), "BUILD": _newest(alpha)}
    given = [stands_for.get(word, word) for word in words]
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        typer.main.get_command(app).main(
            [*given, "--node", str(alpha.root)], prog_name="tracker", standalone_mode=False
        )


def _newest(alpha: Alpha) -> str:
    return max(alpha.layout.root.glob("build/modules/9.0.0-*")).name


def started() -> int:
    """How long the interpreter takes to start, load the command line and say how it is used."""
    began = time.perf_counter_ns()
    subprocess.run(
        [Path(sys.executable).with_name("vt-list"), "--help"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1"},
        check=True,
    )
    return time.perf_counter_ns() - began


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
