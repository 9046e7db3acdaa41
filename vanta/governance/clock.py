"""The node's time, and whether to believe it (R9).

The wall clock can be set; the time since boot cannot. Where the two move apart the wall clock was
set, and from then on it is doubted: time goes on by the other clock, and no halt ends by it. A
clock that is back where it was reckoned to be is believed again, and so is one the kernel has
called synchronised, at one and the same place, for an hour.
"""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.domain.instant import HOUR, SECOND

TOLERANCE = 2 * SECOND
"""How far the wall clock may be off: a leap second passes."""

SETTLED = HOUR
"""For how long a clock that was set must be called synchronised to be believed."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5
_STA_UNSYNC = 0x40
_STA_NANO = 0x2000
_MICRO = 1000


class Now(NamedTuple):
    """One look at the clock; UTC nanoseconds."""

    time: int
    """The wall clock's while it is believed, else reckoned from before it was set."""
    latest: int
    """The latest any look has seen: by it, what loosens is over."""
    halts: int
    """By it, halts may end; it stands still while the clock is doubted."""
    doubt: str
    """Why the clock is not believed; empty when it is."""


class Reference(NamedTuple):
    """What is known of the clocks of one boot."""

    boot: str
    """Which boot of the machine."""
    offset: int
    """Wall clock less time since boot, nanoseconds; only setting the clock changes it."""


class NodeClock:
    """Looks at both clocks, and remembers how they stood to each other.

    Args:
        wall: UTC nanoseconds.
        since_boot: nanoseconds since boot, suspended time included.
        boot: which boot this is.
        synchronised: what the kernel says of the wall clock.
        sync_required: doubt a clock that the kernel does not call synchronised.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        since_boot: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        *,
        boot: str | None = None,
        synchronised: Callable[[], bool] | None = None,
        sync_required: bool = False,
    ) -> None:
        self._wall = wall
        self._since_boot = since_boot
        self._boot = boot_id() if boot is None else boot
        self._synchronised = synchronised or kernel_synchronised
        self._sync_required = sync_required
        self._offset: int | None = None
        self._latest = 0
        self._halts = 0
        self._steady: tuple[int, int] | None = None
        self.doubt = ""
        """As of the last look."""

    @classmethod
    def steady(cls, wall: Callable[[], int]) -> "NodeClock":
        """A clock that nobody can set: both of its clocks are `wall`."""
        return cls(wall, wall, boot="", synchronised=lambda: True)

    def start(self, written: int, latest: int = 0, reference: Reference | None = None) -> None:
        """Tell it what earlier processes saw.

        Args:
            written: the last time in the journal; an earlier clock was set back.
            latest: the latest time seen.
            reference: how the clocks stood; of no use after another boot.
        """
        self._latest = max(self._latest, latest, written)
        if reference is not None and reference.boot == self._boot:
            self._offset = reference.offset
        else:
            self._offset = max(self._wall(), written) - self._since_boot()

    @property
    def reference(self) -> Reference:
        """How the clocks stand to each other."""
        return Reference(self._boot, self._offset or 0)

    def since_boot(self) -> int:
        """Nanoseconds since boot; nobody can set it."""
        return self._since_boot()

    def now(self) -> int:
        """The time, for what is only written down."""
        return self.look().time

    def look(self) -> Now:
        """Look at the clocks."""
        wall, since_boot = self._wall(), self._since_boot()
        if self._offset is None:
            self._offset = wall - since_boot
        self._latest = max(self._latest, wall)
        step = wall - since_boot - self._offset
        if abs(step) > TOLERANCE and self._settled(wall - since_boot, since_boot):
            self._offset, step = wall - since_boot, 0
        if abs(step) <= TOLERANCE:
            self._steady = None
        self.doubt = self._doubts(step)
        if not self.doubt:
            self._halts = max(self._halts, wall)
        reckoned = wall if abs(step) <= TOLERANCE else since_boot + self._offset
        return Now(reckoned, self._latest, self._halts, self.doubt)

    def _doubts(self, step: int) -> str:
        if abs(step) > TOLERANCE:
            way = "ahead of" if step > 0 else "behind"
            return f"the clock is {abs(step) / SECOND:.1f} s {way} the time since boot: it was set"
        if self._sync_required and not self._synchronised():
            return "the kernel does not call the clock synchronised"
        return ""

    def _settled(self, offset: int, since_boot: int) -> bool:
        """Whether a clock that was set has been synchronised at its new place for long enough."""
        if not self._synchronised():
            self._steady = None
            return False
        if self._steady is None or abs(offset - self._steady[0]) > TOLERANCE:
            self._steady = (offset, since_boot)
        return since_boot - self._steady[1] >= SETTLED


def boot_id() -> str:
    """Which boot of this machine; empty where the kernel does not say."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


class KernelClock(msgspec.Struct, frozen=True):
    """What the kernel says of the wall clock."""

    synchronised: bool
    offset: int
    """What it still has to make up for, nanoseconds, either way."""
    error: int
    """How far off the clock may be at most, nanoseconds."""


def kernel_clock() -> KernelClock | None:
    """What the kernel says of its clock (`adjtimex`); None when it does not say."""
    try:
        timex = _Timex()
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (AttributeError, OSError):
        return None
    if state < 0:
        return None
    unit = 1 if timex.status & _STA_NANO else _MICRO
    synchronised = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return KernelClock(synchronised, timex.offset * unit, timex.maxerror * _MICRO)


def kernel_synchronised() -> bool:
    """Whether the kernel calls its clock synchronised; no when it does not say."""
    found = kernel_clock()
    return found is not None and found.synchronised
