"""One node as its builds see it: journal, slots, links, services; what changes them holds it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vanta.builds import evidence
from vanta.builds.events import BuildRefused, Event
from vanta.builds.flip import point, target_of
from vanta.builds.health import Gate, Limits, Sick
from vanta.builds.log import BuildLog
from vanta.builds.services import Services
from vanta.builds.slots import Slots
from vanta.builds.state import BuildState
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.node.layout import Layout

_LIMITS = Limits()
_SILENT = frozenset({"NOT_UP", "RESTARTED", "STARTING", "NOT_READY"})
"""What a gate finds of a service, and only the service itself can say why."""
_LONGEST = 1000


def nowhere(_name: str) -> None:
    """No checkpoint."""


@dataclass(frozen=True)
class Site:
    """A node whose builds are about to be changed, by the one who holds its journal."""

    layout: Layout
    log: BuildLog
    services: Services
    names: tuple[str, ...]
    """Services of the node, each after what it needs."""
    limits: Limits = _LIMITS
    checkpoint: Callable[[str], object] = nowhere
    """Called between any two steps; a test ends the process there."""

    @property
    def now(self) -> BuildState:
        """The node's builds."""
        return self.log.now

    @property
    def slots(self) -> Slots:
        """The folder of slots."""
        return Slots(self.layout.slots, self.checkpoint)

    @property
    def gate(self) -> Gate:
        """What a build must pass."""
        return Gate(
            self.services,
            self.layout.run,
            self.limits,
            every_look=lambda: self.checkpoint("is about to look"),
        )

    def state(self, event: Event) -> None:
        """Journal an event, and put the links of the two live slots where it says they are."""
        self.log.state(event)
        self.checkpoint(f"journalled {event.type}")
        self.letter()

    def letter(self) -> None:
        """Put the links of the two live slots where the journal says they are."""
        for letter, build in self.now.letters.items():
            link = self.layout.slots / letter
            if target_of(link) != build:
                point(link, build, self.checkpoint)

    def flip(self, build: str) -> None:
        """Put `current` on a build.

        Raises:
            UnavailableError: `FLIP_FAILED`; the old one stands.
        """
        point(self.layout.current, f"slots/{build}", self.checkpoint)

    def start(self, build: str) -> Sick | None:
        """Start every service from `current` and gate them; what is wrong, if something is."""
        try:
            self.services.restart(*self.names)
        except UnavailableError as error:
            named = error.place if error.place in self.names else self.names[0]
            return Sick(named, error.code, error.message)
        self.checkpoint("restarted the services")
        return self.gated(build)

    def gated(self, build: str) -> Sick | None:
        """Gate every service as it runs; what is wrong, with what the service said of it."""
        sick = self.gate.wait(self.names, build) if self.names else None
        if sick is None or sick.code not in _SILENT:
            return sick
        words = evidence.last_words(self._printed(sick.service))
        return sick._replace(reason=f"{sick.reason}; it printed last: {words}") if words else sick

    def keep_evidence(self, build: str, sick: Sick) -> str:
        """Keep what was seen of a sick build; the folder below the node's logs."""
        printed = {name: self._printed(name) for name in self.names}
        return evidence.keep(self.layout.logs, build, self.log.position, sick, printed)

    def _printed(self, service: str) -> str:
        try:
            return self.services.said(service)
        except UnavailableError:
            return ""

    @contextmanager
    def refusals(self, build: str, step: str) -> Iterator[None]:
        """Journal what is refused inside, and let it be told."""
        try:
            yield
        except (RefusedError, MalformedError) as error:
            self.state(BuildRefused(build, step, error.code, str(error)[:_LONGEST]))
            raise

    def wrong(self, build: str) -> list[str]:
        """Which services run, and do not run this build."""
        stands = self.gate.look(self.names, build)
        return [
            name
            for name, one in stands.items()
            if one.look.condition != "down" and one.sick is not None
        ]
