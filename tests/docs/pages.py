"""Pages that are typed as they stand: their commands run, and their output is held against them.

A page's ```sh blocks run in order in one shell, in a folder of its own. A ```text block straight
after one is what its reader sees: every line of it, but for `...`, which stands for any lines, or
at the end of a line for the rest of it. `[exit 3]` as its last line says that the last command
ends with 3. Ids, fingerprints and keys differ each time; the same one must be the same wherever
the page shows it, and two must differ. Times, serials and how long something took differ too.

`python -m tools.pages how-to/halt.md` runs a page and writes what it printed into it.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"

FUND = "tutorial/practice-fund.md"

STARTS: dict[str, str] = {
    "tutorial/first-day.md": "",
    "how-to/answer-an-auditor.md": "tutorial/first-day.md",
    "how-to/diagnose-a-node.md": "tutorial/first-day.md",
    "how-to/look-after-the-executor.md": "tutorial/first-day.md",
    "how-to/run-a-shadow.md": "tutorial/first-day.md",
    "how-to/run-markets.md": "tutorial/first-day.md",
    "how-to/what-if.md": "tutorial/first-day.md",
    FUND: "",
    "tutorial/governance.md": FUND,
    "how-to/set-up-signing.md": FUND,
    "how-to/set-up-a-forge.md": FUND,
    "how-to/raise-a-cap.md": FUND,
    "how-to/when-main-moved.md": FUND,
    "how-to/several-pull-requests.md": FUND,
    "how-to/halt.md": FUND,
    "how-to/resume.md": FUND,
    "how-to/revert-a-change.md": FUND,
    "how-to/flip-mode.md": FUND,
    "how-to/add-a-person.md": FUND,
    "how-to/rotate-a-key.md": FUND,
    "how-to/connect-a-broker.md": FUND,
    "how-to/collect-live-feeds.md": FUND,
    "how-to/review-a-candidate.md": FUND,
    "how-to/promote-a-build.md": FUND,
    "runbooks/lost-key.md": FUND,
    "runbooks/poisoned-main.md": FUND,
    "runbooks/break-glass.md": FUND,
}
"""Page to the page whose end it starts from; an empty folder where there is none."""

INSTALLED = Path(sys.executable).parent
"""Where the installed `vanta` is."""

HOME = "/home/you/fund"
"""What a page calls the folder it runs in, where a command prints it."""

_SECONDS = 300
BLOCK = re.compile(
    r"^```sh\n(?P<sh>.*?)^```$(?:\n+```text\n(?P<text>.*?)^```$)?", re.MULTILINE | re.DOTALL
)
_EXIT = re.compile(r"\[exit ([0-9]+)\]\Z")
TOKEN = re.compile(
    r"(?P<id>\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{16}|[0-9a-f]{12})\b)"
    r"|(?P<print>SHA256:[A-Za-z0-9+/]{43})"
    r"|(?P<key>AAAA[A-Za-z0-9+/]{60,}={0,2})"
    r"|(?P<span>\b[0-9]+(?:\.[0-9]+)? ms\b)"
    r"|(?P<serial>\bserial [0-9]+\b)"
    r"|(?P<time>\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z)"
)
_ID_LETTERS = 12
"""Ids are shown in full or by their beginning; the beginning tells them apart."""


@dataclass(frozen=True)
class Block:
    """Some commands, and what they are said to print."""

    commands: str
    shown: str | None
    line: int
    """Where the block stands in the page."""


@dataclass(frozen=True)
class Ran:
    """What became of a block: everything printed, and how its last command ended."""

    output: str
    code: int
    early: bool
    """Whether a command before the last one failed."""


@dataclass
class Names:
    """Which real id, fingerprint or key a page's own stands for; a bijection."""

    real: dict[str, str] = field(default_factory=dict)

    def bind(self, shown: str, real: str) -> bool:
        """Whether the two may be one and the same, given all that was said before."""
        if shown in self.real:
            return self.real[shown] == real
        if real in self.real.values():
            return False
        self.real[shown] = real
        return True


def blocks(text: str) -> list[Block]:
    """The commands of a page in order."""
    return [
        Block(found["sh"], found["text"], text.count("\n", 0, found.start()) + 1)
        for found in BLOCK.finditer(text)
    ]


def run(commands: Sequence[str], folder: Path, found_in: Path = INSTALLED) -> list[Ran]:
    """Run blocks in order in one shell, as somebody types them.

    Args:
        commands: the blocks.
        folder: where.
        found_in: where the shell finds `vanta`.
    """
    mark = f"mark-{secrets.token_hex(8)}"
    lines = ["set -uo pipefail", f"trap 'echo; echo {mark} failed' ERR"]
    for block in commands:
        lines += [block.rstrip("\n"), f'ended=$?; echo; echo "{mark} end $ended"']
    home = folder.with_name("home")
    home.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env={
            **kept,
            "PATH": f"{found_in}:{INSTALLED}:{kept['PATH']}",
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    ended = re.compile(rf"\n?^{mark} end ([0-9]+)\n", re.MULTILINE)
    failed = re.compile(rf"\n?^{mark} failed\n", re.MULTILINE)
    *pieces, _rest = ended.split(done.stdout)
    ran = []
    for output, code in zip(pieces[::2], pieces[1::2], strict=True):
        early = len(failed.findall(output)) > (code != "0")
        told = failed.sub("", output).replace(str(folder), HOME)
        ran.append(Ran(told.rstrip("\n"), int(code), early))
    return ran


def lie(block: Block, ran: Ran, names: Names) -> str:
    """What a block says that is not so; empty when all of it is."""
    if ran.early:
        return "a command before the last one failed"
    shown, code = shown_by(block)
    if ran.code != code:
        return f"it ended with {ran.code}"
    if block.shown is None:
        return ""
    found = aligned(shown, ran.output.split("\n"), names)
    return found if isinstance(found, str) else ""


def shown_by(block: Block) -> tuple[list[str], int]:
    """The lines a block is said to print, and what it is said to end with."""
    lines = (block.shown or "").rstrip("\n").split("\n")
    said = _EXIT.match(lines[-1])
    return (lines[:-1], int(said[1])) if said else (lines, 0)


def aligned(shown: list[str], real: list[str], names: Names) -> list[int] | str:
    """Which line was printed for each line shown, -1 for `...`; or what does not fit."""
    found: list[int] = []
    at, loose = 0, False
    while len(found) < len(shown):
        if shown[len(found)].strip() == "...":
            found.append(-1)
            loose = True
            continue
        part = list(takewhile(lambda line: line.strip() != "...", shown[len(found) :]))
        last = len(found) + len(part) == len(shown)
        # After dots, the last part is what it all ends with.
        first = len(real) - len(part) if loose and last else at
        starts = range(max(first, at), len(real)) if loose else (at,)
        fits = (_fitting(part, real[start:], names) for start in starts)
        good = next((n for n, fit in zip(starts, fits, strict=True) if fit == len(part)), None)
        if good is None:
            return _misfit(part, real[at:], names, loose=loose)
        found += range(good, good + len(part))
        at, loose = good + len(part), False
    if loose or at == len(real):
        return found
    return f"it prints {real[at]!r}, which is not shown"


def _fitting(part: list[str], real: list[str], names: Names) -> int:
    """How many lines of a part fit; names are bound only when all do."""
    trial = Names(dict(names.real))
    for number, line in enumerate(part):
        if number == len(real) or not _same(line, real[number], trial):
            return number
    names.real.update(trial.real)
    return len(part)


def _misfit(part: list[str], real: list[str], names: Names, *, loose: bool) -> str:
    fit = 0 if loose else _fitting(part, real, names)
    if loose or fit == len(real):
        return f"it shows {part[fit]!r}{' and on' if loose else ''}, which is not printed"
    return f"it shows {part[fit]!r} and prints {real[fit]!r}"


def _same(shown: str, real: str, names: Names) -> bool:
    """Whether a line is what was printed, whatever its ids and times are."""
    cut = shown.removesuffix(" ...")
    here, there = list(TOKEN.finditer(cut)), list(TOKEN.finditer(real))
    if cut != shown:
        there = there[: len(here)]
    else:
        cut, real = f"{cut}\n", f"{real}\n"
    if [token.lastgroup for token in here] != [token.lastgroup for token in there]:
        return False
    plain_here = TOKEN.sub("\0", cut)
    plain_there = TOKEN.sub("\0", real)
    if not plain_there.startswith(plain_here):
        return False
    pairs = [
        (_known(mine), _known(other))
        for mine, other in zip(here, there, strict=True)
        if mine.lastgroup not in {"time", "span", "serial"}
    ]
    trial = Names(dict(names.real))
    if not all(trial.bind(mine, other) for mine, other in pairs):
        return False
    names.real.update(trial.real)
    return True


def _known(token: re.Match[str]) -> str:
    return token[0][:_ID_LETTERS] if token.lastgroup == "id" else token[0]


def prepare(page: str, folder: Path, found_in: Path = INSTALLED) -> None:
    """Make the folder a page starts in.

    Raises:
        AssertionError: the page it starts from does not work.
    """
    folder.mkdir(parents=True)
    if start := STARTS[page]:
        kept = folder.with_name(f"{Path(start).stem}.end")
        if not kept.exists():
            folder.rmdir()
            prepare(start, folder, found_in)
            found = blocks((DOCS / start).read_text())
            typed = run([block.commands for block in found], folder, found_in)
            for block, ran in zip(found, typed, strict=True):
                said = lie(block, ran, Names())
                broken = ran.early or said.startswith("it ended")
                assert not broken, f"{start}:{block.line}: {said}\n{ran.output}"
            folder.rename(kept)
        sockets = shutil.ignore_patterns("*.sock")
        shutil.copytree(kept, folder, symlinks=True, ignore=sockets, dirs_exist_ok=True)
