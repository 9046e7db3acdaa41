"""Telling systemd how the service is (`sd_notify`), where systemd asked to be told."""

import os
import socket
import time
from collections.abc import Callable, Mapping

_MICROSECONDS = 1_000_000


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send a state such as `READY=1`; whether anybody was told."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address[:1] not in {"/", "@"}:
        return False
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(state.encode(), address)
        except OSError:
            return False
    return True


class Watchdog:
    """Signs of life for systemd, given from a service's own work and as often as it wants them.

    A thread that only gives signs would keep a service alive that hangs.

    Args:
        environment: of the process.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        wanted = watchdog_seconds(environment)
        self._environment, self._clock = environment, clock
        # Three in the time it waits, so that one slow round kills nobody.
        self._every = None if wanted is None else wanted / 3
        self._due = 0.0

    def bark(self) -> None:
        """Give a sign, where one is due; call it from each round of work."""
        if self._every is None or (now := self._clock()) < self._due:
            return
        self._due = now + self._every
        notify("WATCHDOG=1", self._environment)


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often systemd wants a sign of life; None where it wants none from this process."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / _MICROSECONDS if text.isdecimal() and int(text) else None
