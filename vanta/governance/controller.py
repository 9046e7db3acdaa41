"""The controller: from the head of a branch to the two published files, and a receipt for it.

What it knows is what its journal says (`ledger`). The order is always the same: evaluate, write
the receipt, replace the files. A crash anywhere leaves the last good policy published or the
receipt of a newer one, and the next start brings the files to what the receipt says.

`settle` does all that needs no forge, and is quick; `absorb` takes in what a fetch brought.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from vanta.domain.errors import VantaError
from vanta.domain.record import Position
from vanta.governance import floor, receipts
from vanta.governance.clock import NodeClock
from vanta.governance.fetcher import Fetched, Fetcher, Source
from vanta.governance.hints import Allowance
from vanta.governance.latch_watch import LatchWatch
from vanta.governance.ledger import Event, Ledger
from vanta.governance.memory import Memory
from vanta.governance.publisher import Publisher, check_folder
from vanta.governance.receipts import FloorFound, HaltDelivered, HeadRefused
from vanta.governance.repository import Repository
from vanta.governance.timekeeping import Ages, Timekeeping
from vanta.governance.trust import Trust
from vanta.governance.upkeep import Upkeep
from vanta.governance.walk import Step
from vanta.governance.walker import STORE_FAULTS, Around, Walked, Walker
from vanta.governance.watcher import Watcher

Troubles = dict[str, VantaError]
"""What is amiss, by `branch`, `lane` and `notes`."""


class Controller:
    """One node's controller; the only writer of its journal and of the published files.

    Args:
        memory_dir: the node's memory folder.
        repository: the node's mirror.
        source: what to fetch.
        environment: which environment this node enforces.
        trust: the pinned introduction.
        clock: the node's time.
        ages: how old things may grow.
        group: id of the group that may read the published files.
        watcher: told of what happens.
        actor: service and build.
        crash: called with the name of each step it is about to take; tests stop there.

    Raises:
        RefusedError: `MEMORY_WRITABLE`, `WRONG_ENVIRONMENT`.
        UnavailableError: another controller runs, or the disk refuses.
        MalformedError: the journal was changed by somebody.
    """

    def __init__(
        self,
        memory_dir: Path,
        repository: Repository,
        source: Source,
        environment: str,
        trust: Trust,
        *,
        clock: NodeClock | None = None,
        ages: Ages | None = None,
        group: int | None = None,
        watcher: Watcher | None = None,
        actor: str = "governance",
        crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        check_folder(memory_dir)
        clock, self._watcher = clock or NodeClock(), watcher or Watcher()
        self.fetcher = Fetcher(repository, source)
        self._walker = Walker(repository, environment, trust)
        self._publisher = Publisher(memory_dir, group=group, crash=crash)
        self.refusals: Troubles = {}
        """What is amiss with `branch`, `lane` or `notes`, for as long as it is."""
        self._told: dict[str, tuple[str, str]] = {}
        self._may_tell = Allowance(burst=50, per_second=0.1)
        self.steps: tuple[Step, ...] = ()
        """Of the last look that took any."""
        self.looked = False
        """Whether anything was fetched yet, or failed to be."""
        self.environment = environment
        self.held_back: dict[str, str] = {}
        """Commits that were enforced before, and where it says so: nothing is published until a
        head has them below itself (R8)."""
        self._ledger = Ledger(memory_dir, environment, actor=actor, clock=clock.now, crash=crash)
        self.upkeep = Upkeep(memory_dir, self._ledger, self._publisher, self._watcher)
        self.latch = LatchWatch(memory_dir, self._ledger, self._watcher, crash)
        try:
            self.time = Timekeeping(memory_dir, self._ledger, clock, ages or Ages())
            self._find_floor(memory_dir)
            self.settle()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up the journal."""
        with contextlib.suppress(VantaError):
            self.upkeep.tell(ending=True)
            self.latch.tell(ending=True)
        self._ledger.close()
        self.fetcher.close()

    @property
    def memory(self) -> Memory:
        """All that is known."""
        return self._ledger.memory

    @property
    def position(self) -> Position:
        """Of the journal."""
        return self._ledger.position

    @property
    def trouble(self) -> str:
        """What kept the last look from reading the branch; empty when nothing did."""
        error = self.refusals.get("branch")
        return str(error) if error else ""

    def settle(self) -> None:
        """Take in what happened on the node, and bring the published files to what is known.

        Raises:
            UnavailableError: the journal or the folder takes nothing.
        """
        known = self._ledger.files()
        self.time.look()
        self.latch.look(self.time.now.time)
        self.time.settle()
        self._publish(known)
        known = self._ledger.files()
        if self.time.leave_signs():
            self._publish(known)

    def tick(self) -> tuple[Step, ...]:
        """Settle, fetch, and take in what came; the steps taken.

        Raises:
            UnavailableError: the journal or the folder takes nothing.
        """
        self.settle()
        return self.absorb(self.fetcher.fetch())

    def absorb(self, fetched: Fetched) -> tuple[Step, ...]:
        """Take in what a fetch brought; the steps taken.

        Raises:
            UnavailableError: the journal or the folder takes nothing.
        """
        self.time.look()
        self.looked = True
        troubles = fetched.troubles()
        for part, error in troubles.items():
            self._watcher.fetch_failed(part, error.code)
        known = self._ledger.files()
        halts = self._hear_lane(fetched, troubles)
        # Before the main line is even looked at: nothing on it can delay a halt.
        self._publish(known)
        known = self._ledger.files()
        walked = self._walk(fetched, troubles)
        if walked.events:
            self._ledger.record(walked.events)
            self.steps = walked.steps
            halts += _halts(walked)
            halts += self._hear_lane(fetched, troubles)
        if "branch" not in troubles and self.memory.state is not None:
            self.held_back = {}
            self.time.confirm()
        # Not before: what came since may have halted what the introduction allowed.
        self._publish(known)
        self._tell(walked.steps, halts)
        self._note(troubles, "" if isinstance(fetched.head, VantaError) else fetched.head)
        return walked.steps

    def _publish(self, known: dict[str, bytes] | None) -> None:
        if not self.held_back:
            self.upkeep.publish(known, self.time.now.time)
            self.latch.lift()

    def _walk(self, fetched: Fetched, troubles: Troubles) -> Walked:
        state = self.memory.state
        if isinstance(fetched.head, VantaError):
            return Walked([])
        if state is not None and (error := self._walker.distrust(state)):
            troubles["branch"] = error
            return Walked([])
        if state is not None and fetched.head == state.anchor and not self.held_back:
            return Walked([])
        around = Around(
            frozenset()
            if isinstance(fetched.halts, VantaError)
            else frozenset(fetched.halts.values()),
            {} if isinstance(fetched.notes, VantaError) else fetched.notes,
        )
        walked = self._walker.main(self.memory, fetched.head, around, self.time.now.latest)
        if walked.trouble is not None:
            troubles["branch"] = walked.trouble
        return walked

    def _hear_lane(self, fetched: Fetched, troubles: Troubles) -> list[str]:
        """The commits of the lane that halt from here on."""
        if self.memory.state is None or isinstance(fetched.halts, VantaError):
            return []
        heard = self._walker.lane(self.memory.state, fetched.halts, self.time.now.latest)
        if heard.events:
            self._ledger.record(heard.events)
        if heard.trouble is not None:
            troubles["lane"] = heard.trouble
        return _halts(heard)

    def _tell(self, steps: tuple[Step, ...], halts: list[str]) -> None:
        if not steps and not halts:
            return
        for step in steps:
            if step.reason:
                self._watcher.refused(step.reason)
        seen = self.time.now.time
        self.time.look()
        done = [step.commit for step in steps if step.verdict in {"applied", "tightened"}]
        for commit in (*done, *halts):
            self._watcher.enforced(self._walker.claimed(commit), seen, self.time.now.time)

    def _note(self, troubles: Troubles, head: str) -> None:
        """Journal what could not be taken in, each once for as long as it lasts.

        Told apart by code and head: the other side may word each complaint otherwise. A forge that
        shows another bad head at every look fills no disk: the journal has some.
        """
        self.refusals = troubles
        self.fetcher.afresh = any(error.code in STORE_FAULTS for error in troubles.values())
        self._told = {part: said for part, said in self._told.items() if part in troubles}
        for part, error in troubles.items():
            said = (error.code, head if part == "branch" else "")
            if self._told.get(part) == said or self._may_tell.wait() > 0:
                continue
            self._may_tell.take()
            self._told[part] = said
            body = HeadRefused(error.place, error.code, str(error), part)
            self._ledger.record([Event(receipts.HEAD_REFUSED, f"refused:{part}", body)])
            self._watcher.refused(error.code)

    def _find_floor(self, memory_dir: Path) -> None:
        """Learn what was enforced on this node before this journal knew of it (R8)."""
        files = floor.of_files(self._ledger, self._publisher)
        found = floor.together([floor.of_journals(memory_dir), files])
        known = self.memory.floor
        lacks = self._walker.lacks({**known.commits, **found.commits}, self.memory.state)
        if found.serial > max(self.memory.serial, known.serial) or lacks.keys() - known.commits:
            body = FloorFound(found.serial, lacks)
            self._ledger.record([Event(receipts.FLOOR_FOUND, "floor", body)])
        self.held_back = lacks


def _halts(walked: Walked) -> list[str]:
    return [one.body.commit for one in walked.events if isinstance(one.body, HaltDelivered)]
