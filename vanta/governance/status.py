"""The controller's status as a file: written by the controller, read by whoever asks.

`governance_status.json` is a view: lost, it is written again at the next round.
"""

from pathlib import Path

import msgspec

from vanta.domain.errors import VantaError
from vanta.domain.instant import SECOND
from vanta.governance.clock import KernelClock, kernel_clock
from vanta.governance.conditions import Condition, Facts, conditions
from vanta.governance.controller import Controller
from vanta.governance.ledger import JOURNAL
from vanta.journal.view import read_view, write_view

STATUS_FILE = "governance_status.json"
REFRESH = 15 * SECOND
"""How often it is written where nothing changed."""


class Status(msgspec.Struct, frozen=True):
    """What the file holds."""

    environment: str
    commit: str
    """The last one evaluated; empty before there is one."""
    tree: str
    serial: int
    confirmed: int
    """When a head was confirmed last, UTC nanoseconds."""
    written: int
    """UTC nanoseconds."""
    conditions: tuple[Condition, ...]
    kernel_clock: KernelClock | None = None
    """What the kernel says of the clock, for those whose sandbox keeps them from asking it."""


class StatusView:
    """Keeps the file.

    Args:
        memory_dir: the node's memory folder.
        controller: whose status.
    """

    def __init__(self, memory_dir: Path, controller: Controller) -> None:
        self._path = memory_dir / STATUS_FILE
        self._controller = controller
        self._last: Status | None = None
        before = read_status(memory_dir)
        self.conditions: tuple[Condition, ...] = before.conditions if before else ()
        """As of the last refresh."""

    def refresh(self) -> Status:
        """Judge how things stand, and write it down where that is news."""
        controller = self._controller
        now, state = controller.time.now.time, controller.memory.state
        self.conditions = conditions(facts_of(controller), self.conditions, now)
        status = Status(
            environment=controller.environment,
            commit=state.anchor if state else "",
            tree=state.tree if state else "",
            serial=controller.memory.serial,
            confirmed=controller.time.confirmed,
            written=now,
            conditions=self.conditions,
            kernel_clock=kernel_clock(),
        )
        if self._is_news(status):
            write_view(self._path, status, source=JOURNAL, position=controller.position)
            self._last = status
        return status

    def _is_news(self, status: Status) -> bool:
        if self._last is None or abs(status.written - self._last.written) >= REFRESH:
            return True
        return _lasting(status) != _lasting(self._last)


def _lasting(status: Status) -> tuple[object, ...]:
    """What of a status is worth writing at once: not how old something is to the second."""
    shown = tuple(
        (one.type, one.status, one.reason, one.message if one.good or one.type != "Fresh" else "")
        for one in status.conditions
    )
    return status.commit, status.serial, shown


def facts_of(controller: Controller) -> Facts:
    """What a controller's conditions follow from."""
    return Facts(
        memory=controller.memory,
        troubles=controller.refusals,
        looked=controller.looked,
        steps=controller.steps,
        held_back=controller.held_back,
        age=controller.time.age,
        alert_after=controller.time.ages.alert_after,
        doubt=controller.time.now.doubt,
        put_back=controller.upkeep.put_back,
        latch_trouble=controller.latch.trouble,
    )


def read_status(memory_dir: Path) -> Status | None:
    """What a controller wrote last; None where nothing can be read."""
    try:
        return read_view(memory_dir / STATUS_FILE, Status).data
    except VantaError:
        return None
