"""The gate: the single place that says whether an order may leave now.

It is asked at the last point before the wire, under a lock it shares with every other send and
holds until the send is over. A halt sets its latch and then takes that lock alone, so when the
halt returns, no order is on its way and none will be. What cannot be read is shut.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from vanta.domain.errors import VantaError
from vanta.domain.policy import Published
from vanta.domain.switches import Action
from vanta.domain.trading import Order
from vanta.executor.mandate import Mandates

LOCK = "gate.lock"
LATCH = "halt.latch"
LATCHED = "HALT_LATCHED"
"""The reason a latch gives."""


class Gate:
    """Looks at the switches of the policy published now, and at the latch.

    Args:
        memory: the node's memory folder, which holds the lock and the latch.
        policy: the policy published now; raises where there is none to read.
        clock: UTC nanoseconds.
    """

    def __init__(
        self, memory: Path, policy: Callable[[], Published], clock: Callable[[], int]
    ) -> None:
        self._memory = memory
        self._policy = policy
        self._clock = clock
        self._mandates: tuple[Published, Mandates] | None = None
        self.hold: tuple[str, ...] = ()
        """Reasons of the service's own to keep everything in, such as a drifting book."""

    @contextlib.contextmanager
    def look(self, order: Order) -> Iterator[tuple[str, ...]]:
        """Look whether `order` may leave; send it inside, or not at all.

        Yields:
            Codes of everything that keeps it in; empty when it may leave before the block ends.
        """
        try:
            fd = os.open(self._memory / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError:
            yield ("GATE_LOCK",)
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            yield self._shut(order)
        finally:
            os.close(fd)

    def halted(self) -> bool:
        """Whether the latch is set, or cannot be looked at."""
        return not _absent(self._memory / LATCH)

    def _shut(self, order: Order) -> tuple[str, ...]:
        codes = list(self.hold)
        if self.halted():
            codes.append(LATCHED)
        action = Action.REDUCE if order.reducing else Action.OPEN
        try:
            brake = self._current().of(order.vault).brake(order.broker, order.strategy)
            codes.extend(switch.upper() for _, switch in brake.forbidding(action, self._clock()))
        except VantaError as error:
            codes.append(error.code)
        except Exception as error:  # noqa: BLE001 - a judge that breaks is itself a halt
            codes.append(f"GATE_{type(error).__name__}".upper())
        return tuple(dict.fromkeys(codes))

    def _current(self) -> Mandates:
        published = self._policy()
        if self._mandates is None or self._mandates[0] is not published:
            self._mandates = (published, Mandates(published.policy))
        return self._mandates[1]


def _absent(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def wait_for_sends(memory: Path) -> None:
    """Return once no send is on its way: what was shut before this stays shut after it.

    Raises:
        OSError: the lock cannot be taken; a halt must then say that it is not confirmed.
    """
    fd = os.open(memory / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    finally:
        os.close(fd)
