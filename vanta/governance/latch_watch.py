"""The controller's watch over the latch: each halt has a record, and goes when released."""

from collections.abc import Callable
from pathlib import Path

from vanta.governance import receipts
from vanta.governance.break_glass import all_released, lost_halts, unknown_halts
from vanta.governance.hints import Allowance
from vanta.governance.latch import append
from vanta.governance.latch_lines import lift, read_latch
from vanta.governance.ledger import Event, Ledger
from vanta.governance.receipts import LatchLifted, LatchRestored
from vanta.governance.watcher import Watcher


class LatchWatch:
    """Keeps latch and journal together.

    Args:
        memory_dir: the node's memory folder.
        ledger: the journal.
        watcher: told of what was put back.
        crash: called with the name of each step it is about to take.
    """

    def __init__(
        self, memory_dir: Path, ledger: Ledger, watcher: Watcher, crash: Callable[[str], None]
    ) -> None:
        self._dir = memory_dir
        self._ledger = ledger
        self._watcher = watcher
        self._crash = crash
        self.trouble = ""
        """Why the latch is not as it should be; it halts all the same."""
        self._may_tell = Allowance(burst=20, per_second=0.1)
        self._untold: LatchRestored | None = None
        """The last putting back that has no record yet, and how many there were before it."""

    def look(self, now: int) -> None:
        """Journal what is new in the latch, and put back what was taken from it."""
        self.trouble = ""
        self.tell()
        found = read_latch(self._dir)
        if found is None and not self._ledger.memory.latches:
            return
        for halt in unknown_halts(found, self._ledger.memory, now) if found else ():
            self._ledger.record([Event(receipts.LATCH_SET, f"latch:{halt.nonce}", halt)])
        lost = lost_halts(found, self._ledger.memory)
        if not lost:
            return
        self._crash("restore")
        try:
            append(self._dir, lost)
        except OSError as error:
            self.trouble = f"a halt cannot be put back into the latch: {error.strerror or error}"
            return
        more = 0 if self._untold is None else self._untold.more + 1
        self._untold = LatchRestored(tuple(line.nonce for line in lost), more)
        self._watcher.put_back("LATCH_REMOVED")
        self.tell()

    def tell(self, *, ending: bool = False) -> None:
        """Journal what was put back; whoever goes on taking the latch away fills no disk.

        Args:
            ending: tell it now, for there is no later.
        """
        if self._untold is not None and (ending or self._may_tell.wait() == 0):
            self._may_tell.take()
            told, self._untold = self._untold, None
            self._ledger.record([Event(receipts.LATCH_RESTORED, "latch:restored", told)])

    def lift(self) -> None:
        """Take the latch away once a quorum has released all of it."""
        memory = self._ledger.memory
        gone = tuple(nonce for nonce, note in memory.latches.items() if note.released)
        if not gone or memory.latched_by():
            return
        self._crash("lift")
        if lift(self._dir, lambda found: all_released(found, memory)):
            self._crash("lifted")
            self._ledger.record([Event(receipts.LATCH_LIFTED, "latch:lifted", LatchLifted(gone))])
