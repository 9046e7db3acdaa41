"""What was seen of builds that did not pass, for people; the latest of it is kept."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from vanta.builds.health import Sick
from vanta.domain.errors import VantaError
from vanta.domain.printable import printable
from vanta.journal.files import atomic_write

FOLDER = "builds"
KEPT = 20
"""Folders of evidence that stay; the journal keeps every finding."""
_LONGEST = 160
"""Letters of what a service printed last."""
_NAME = re.compile(r"[^/]+-(?P<number>[0-9]+)\Z")


def keep(logs: Path, build: str, number: int, sick: Sick, printed: Mapping[str, str]) -> str:
    """Keep what was seen of a sick build; the folder below the node's logs, empty if none could be.

    Args:
        logs: of the node.
        build: its name.
        number: that no other evidence here has, and that is greater than theirs.
        sick: what the gate found.
        printed: service to the end of what it printed.
    """
    name = f"{FOLDER}/{build}-{number}"
    try:
        (logs / name).mkdir(mode=0o750, parents=True, exist_ok=True)
        for service, text in printed.items():
            _write(logs / name / f"{service}.log", text)
        _write(logs / name / "gate.txt", f"{sick.service}: {sick.reason} [{sick.code}]\n")
        collect(logs)
    except (OSError, VantaError):
        # Going back does not wait for a disk that is full.
        return ""
    return name


def surplus(logs: Path) -> tuple[str, ...]:
    """Folders that are beyond those that stay, the oldest first: by number, and never by age."""
    try:
        found = [(_NAME.match(each.name), each) for each in (logs / FOLDER).iterdir()]
    except OSError:
        return ()
    numbered = sorted((int(match["number"]), each.name) for match, each in found if match)
    return tuple(f"{FOLDER}/{name}" for _, name in numbered[: max(0, len(numbered) - KEPT)])


def collect(logs: Path) -> tuple[str, ...]:
    """Take away what is beyond those that stay.

    Raises:
        OSError: the disk does not let go.
    """
    gone = surplus(logs)
    for name in gone:
        shutil.rmtree(logs / name)
    return gone


def last_words(printed: str) -> str:
    """The line of what a service printed that says most: its error, or else its last one."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    return printable((errors or lines or [""])[-1], most=_LONGEST)


def _write(path: Path, text: str) -> None:
    atomic_write(path, text.encode(errors="replace"))
