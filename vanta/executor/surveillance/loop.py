"""The comparison at work: readers beside it, whoever is told of an alert behind it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from queue import Empty, SimpleQueue

from vanta.executor.brokers.named import Compared
from vanta.executor.surveillance.comparing import Reading
from vanta.executor.surveillance.mismatch import MismatchFound
from vanta.executor.surveillance.reading import Reader
from vanta.executor.surveillance.service import Surveillance
from vanta.node.ending import Ending

LOOK_EVERY = 0.1
"""Seconds between two looks at the journals, where no statement came."""


def run(
    surveillance: Surveillance,
    brokers: Sequence[Compared],
    clock: Callable[[], int],
    stop: Ending,
    told: Callable[[MismatchFound], None],
    shown: Callable[[Sequence[Reading]], None],
) -> None:
    """Compare until `stop`.

    Args:
        surveillance: of the node; closed by whoever made it.
        brokers: what is read, and how often.
        clock: UTC nanoseconds.
        stop: when to end.
        told: called for each new alert, once it is on disk; it may not wait for anything.
        shown: called after each look, with the statements that came.
    """
    found: SimpleQueue[Reading | BaseException] = SimpleQueue()
    readers = [
        Reader(
            one.statements,
            one.every,
            lambda name=one.statements.name: surveillance.since(name),  # type: ignore[misc]
            clock,
            found,
            stop,
        )
        for one in brokers
    ]
    with closing(surveillance):
        for reader in readers:
            reader.start()
        while not stop.is_set():
            readings = _taken(found)
            for alert in surveillance.look(readings):
                told(alert)
            shown(readings)


def _taken(found: "SimpleQueue[Reading | BaseException]") -> list[Reading]:
    """What came, waiting a moment for the first; raises what broke a reader."""
    taken: list[Reading] = []
    try:
        one = found.get(timeout=LOOK_EVERY)
        while True:
            if isinstance(one, BaseException):
                raise one
            taken.append(one)
            one = found.get_nowait()
    except Empty:
        return taken
