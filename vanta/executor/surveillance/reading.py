"""Reading statements: a thread for each broker, so that one that is slow delays no other."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from vanta.executor.brokers.port import BrokerAwayError, Statements
from vanta.executor.surveillance.comparing import Reading
from vanta.node.ending import Ending


def read_statement(broker: Statements, watermark: int, clock: Callable[[], int]) -> Reading:
    """One statement, or why there is none."""
    began = clock()
    try:
        statement = broker.statement(watermark)
    except BrokerAwayError as error:
        return Reading(broker.name, began, clock(), None, error.code)
    return Reading(broker.name, began, clock(), statement)


class Reader(threading.Thread):
    """Reads one broker's statement in turn until `stop`.

    Args:
        broker: over a session of its own; closed at the end.
        every: seconds from one question to the next.
        since: the watermark to read from.
        clock: UTC nanoseconds.
        found: where readings go.
        stop: when to end.
    """

    def __init__(
        self,
        broker: Statements,
        every: float,
        since: Callable[[], int],
        clock: Callable[[], int],
        found: "SimpleQueue[Reading | BaseException]",
        stop: Ending,
    ) -> None:
        super().__init__(name=f"statement of {broker.name}", daemon=True)
        self._broker, self._every, self._since = broker, every, since
        self._clock, self._found, self._stop_event = clock, found, stop

    def run(self) -> None:
        """Read until told to stop; what breaks in here ends the whole process."""
        try:
            while not self._stop_event.is_set():
                began = self._clock()
                self._found.put(read_statement(self._broker, self._since(), self._clock))
                spent = (self._clock() - began) / 1e9
                self._stop_event.wait(max(0.0, min(self._every, self._every - spent)))
        except BaseException as error:  # noqa: BLE001 - told where somebody hears it
            self._found.put(error)
        finally:
            self._broker.close()
