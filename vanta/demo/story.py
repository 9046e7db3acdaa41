"""The story as it is told: acts, what was typed, what came back, and whether a promise held."""

import time
from dataclasses import dataclass, field

from rich.console import Console


@dataclass
class Promise:
    """Something VANTA promises, and what was seen."""

    text: str
    held: bool
    seen: str


@dataclass
class Line:
    """One line of an act: `typed` at a prompt, `said` by a command, or `told` by the story."""

    kind: str
    text: str


@dataclass
class Act:
    """One chapter."""

    title: str
    lines: list[Line] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    seconds: float = 0.0


class Story:
    """Tells the acts in the terminal as they happen, and keeps them for the report."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.acts: list[Act] = []
        self.figures: dict[str, str] = {}
        self._began = time.monotonic()

    def act(self, title: str) -> Act:
        """Begin a chapter."""
        self._close()
        act = Act(title)
        self.acts.append(act)
        self._act_began = time.monotonic()
        self._console.print(f"\n[bold cyan]{len(self.acts)}. {title}[/]")
        return act

    def _close(self) -> None:
        if self.acts and not self.acts[-1].seconds:
            self.acts[-1].seconds = time.monotonic() - self._act_began

    def tell(self, text: str) -> None:
        """Say something in the story's own voice."""
        self.acts[-1].lines.append(Line("told", text))
        self._console.print(f"   {text}", markup=False, soft_wrap=True)

    def typed(self, command: str) -> None:
        """Show a command as somebody types it."""
        self.acts[-1].lines.append(Line("typed", command))
        self._console.print(f"   $ {command}", style="dim", markup=False, soft_wrap=True)

    def said(self, text: str) -> None:
        """Show what a command answered."""
        for line in text.strip().splitlines():
            self.acts[-1].lines.append(Line("said", line))
            self._console.print(f"     {line}", style="dim", markup=False, soft_wrap=True)

    def promise(self, text: str, *, held: bool, seen: str) -> None:
        """Check a promise and say how it went."""
        self.acts[-1].promises.append(Promise(text, held, seen))
        mark = "[bold green]held[/]" if held else "[bold red]BROKEN[/]"
        self._console.print(f"   {mark}  ", end="")
        self._console.print(f"{text}: {seen}", markup=False, soft_wrap=True)

    def figure(self, name: str, value: str) -> None:
        """Keep a measured figure."""
        self.figures[name] = value

    @property
    def promises(self) -> list[Promise]:
        """Every promise checked so far."""
        return [promise for act in self.acts for promise in act.promises]

    @property
    def held(self) -> bool:
        """Whether every promise held."""
        return bool(self.promises) and all(promise.held for promise in self.promises)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._began

    def end(self) -> None:
        """Close the last chapter."""
        self._close()
