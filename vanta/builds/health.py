"""The gate: whether the services of a node run a build, and go on running it.

A pass is: every service up, not started again by itself since, and its own process says that it is
ready and names the build. Several passes in a row open the gate; some findings shut it for good.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from vanta.builds.services import Look, Services
from vanta.node.readiness import Ready, read_ready


class Limits(NamedTuple):
    """How sure the gate must be, and how long it may take."""

    passes: int = 3
    """In a row."""
    within: float = 30.0
    """Seconds."""
    every: float = 0.2
    """Seconds between two looks."""


class Sick(NamedTuple):
    """Why the gate stays shut."""

    service: str
    code: str
    reason: str


class Finding(NamedTuple):
    """What one look at a service came to."""

    sick: Sick
    final: bool
    """Whether waiting cannot help."""


class Stand(NamedTuple):
    """A service at one moment."""

    look: Look
    build: str | None
    """The one it says it runs, empty for a checkout; None where it says nothing."""
    sick: Sick | None
    """What keeps it from passing just now."""


class Clock(NamedTuple):
    """Time, for waiting."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def judge(
    service: str, build: str, look: Look, ready: Ready | None, before: Look | None
) -> Finding | None:
    """What keeps a service from passing; None when nothing does. Pure.

    Args:
        service: its name.
        build: what it should run.
        look: at its process.
        ready: what it says of itself.
        before: the first look at it; None at that look.
    """

    def finding(code: str, reason: str, *, final: bool) -> Finding:
        return Finding(Sick(service, code, reason), final)

    if before is not None and look.restarts != before.restarts:
        return finding("RESTARTED", "it ended by itself and was started again", final=True)
    if look.condition == "down":
        return finding("NOT_UP", "it has ended", final=True)
    if look.condition == "starting":
        return finding("STARTING", "it is still starting", final=False)
    if before is not None and before.pid not in {0, look.pid}:
        return finding("RESTARTED", "it is another process by now", final=True)
    if ready is None or ready.pid != look.pid:
        return finding("NOT_READY", "it does not say that it is ready", final=False)
    if ready.build != build:
        return finding(
            "WRONG_BUILD", f"it runs {ready.build or 'a checkout'}, not {build}", final=True
        )
    return None


class Gate:
    """Gates the services of one node.

    Args:
        services: what runs them.
        run: the folder they say in that they are ready.
        limits: see `Limits`.
        clock: for waiting.
        every_look: called before each look.
    """

    def __init__(
        self,
        services: Services,
        run: Path,
        limits: Limits | None = None,
        *,
        clock: Clock | None = None,
        every_look: Callable[[], object] = lambda: None,
    ) -> None:
        self._services = services
        self._run = run
        self._limits = limits or Limits()
        self._clock = clock or Clock()
        self._every_look = every_look

    def look(self, names: Sequence[str], build: str) -> dict[str, Stand]:
        """How each service stands at this moment."""
        found = {}
        for name in names:
            look, ready = self._services.look(name), read_ready(self._run, name)
            said = ready.build if ready is not None and ready.pid == look.pid else None
            one = judge(name, build, look, ready, None)
            found[name] = Stand(look, said, one.sick if one else None)
        return found

    def wait(self, names: Sequence[str], build: str) -> Sick | None:
        """Look until it opens, or stays shut; None when it opens.

        Args:
            names: services.
            build: what they should run; empty for a checkout.
        """
        limits, clock = self._limits, self._clock
        until = clock.now() + limits.within
        before: dict[str, Look] = {}
        passed = 0
        while True:
            self._every_look()
            found = [one for _, one in self._see(names, build, before) if one is not None]
            final = next((one for one in found if one.final), None)
            if final is not None:
                return final.sick
            passed = 0 if found else passed + 1
            if passed >= limits.passes:
                return None
            if clock.now() >= until:
                if found:
                    return found[0].sick
                return Sick(names[0], "TOO_LATE", f"no {limits.passes} passes in {limits.within} s")
            clock.sleep(limits.every)

    def _see(
        self, names: Sequence[str], build: str, before: dict[str, Look]
    ) -> list[tuple[str, Finding | None]]:
        found = []
        for name in names:
            look = self._services.look(name)
            ready = read_ready(self._run, name)
            found.append((name, judge(name, build, look, ready, before.get(name))))
            before.setdefault(name, look)
        return found
