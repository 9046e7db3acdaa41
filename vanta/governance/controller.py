"""The controller: from the head of a branch to the two published files, and a receipt for it.

What it knows is what its journal says (`receipts`). The order is always the same: evaluate, write
the receipt, replace the files. A crash anywhere leaves the last good policy published or the
receipt of a newer one, and the next start brings the files to what the receipt says.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.domain.policy import Published
from vanta.domain.record import Entry, Record
from vanta.governance import receipts
from vanta.governance.fold import fold, introduce
from vanta.governance.history import History
from vanta.governance.published import (
    OVERLAY_FILE,
    VAULT_FILE,
    Receipts,
    parse,
    read_files,
    render,
    source_of,
)
from vanta.governance.receipts import Evaluated, Memory, evaluated, recall, remember
from vanta.governance.repository import Repository
from vanta.governance.trust import Trust
from vanta.governance.walk import State, Step
from vanta.journal.files import atomic_write
from vanta.journal.writer import Journal
from vanta.lattice.algebra import changes, tightenings
from vanta.lattice.direction import Effect

JOURNAL = "governance"
PUBLISHED_MODE = 0o640
STORE_FAULTS = frozenset({"MISSING_OBJECT", "CORRUPT_OBJECT", "OBJECT_MISMATCH"})


@dataclass(frozen=True)
class Source:
    """Where the governed branch comes from."""

    remote: str
    branch: str = "main"

    @property
    def ref(self) -> str:
        """The branch as a full ref."""
        return f"refs/heads/{self.branch}"


class Controller:
    """One node's controller; the only writer of its journal and of the published files.

    Args:
        memory_dir: the node's memory folder.
        repository: the node's mirror.
        source: what to fetch.
        environment: which environment this node enforces.
        trust: the pinned introduction.
        clock: UTC nanoseconds.
        crash: called with the name of each step it is about to take; tests stop there.
    """

    def __init__(
        self,
        memory_dir: Path,
        repository: Repository,
        source: Source,
        environment: str,
        trust: Trust,
        *,
        clock: Callable[[], int] = time.time_ns,
        actor: str = "governance",
        crash: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._dir = memory_dir
        self._repository = repository
        self._source = source
        self._environment = environment
        self._trust = trust
        self._clock = clock
        self._crash = crash
        self._history = History(repository, environment)
        self._refused = ""
        self._store_failed = False
        self.memory = Memory()
        path = memory_dir / f"{JOURNAL}.jsonl"
        self._journal = Journal.open(path, actor=actor, clock=clock, snapshot=lambda: self.memory)
        self._receipts = Receipts(path)
        try:
            self._recall(path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up the journal."""
        self._receipts.close()
        self._journal.close()

    def _recall(self, path: Path) -> None:
        self.memory = recall(path)
        if self.memory.state and self.memory.state.environment != self._environment:
            raise RefusedError(
                f"this journal is of environment {self.memory.state.environment!r}",
                code="WRONG_ENVIRONMENT",
                place=str(path),
                remedy="a node keeps its environment for life; use a new folder",
            )
        if self.memory.published:
            self._settle(self._expected())

    def tick(self) -> tuple[Step, ...]:
        """Settle the published files, then evaluate what is new; the steps taken.

        Raises:
            VantaError: nothing may be published: no trust root, journal not writable.
        """
        if self.memory.published:
            self._settle(self._expected())
        try:
            # After a fault of the store everything is fetched again, not only what seems new.
            found = self._repository.fetch_refs(
                self._source.remote, [self._source.ref], afresh=self._store_failed
            )
            steps = self._evaluate(found[self._source.ref], self._clock())
        except UnavailableError as error:
            self._store_failed = error.code in STORE_FAULTS
            self._refuse("", error)
        except (RefusedError, MalformedError) as error:
            self._refuse(error.place, error)
        else:
            self._store_failed = False
            return steps
        return ()

    def _evaluate(self, head: str, observed: int) -> tuple[Step, ...]:
        introduced = self.memory.state is None
        if introduced:
            self._introduce(observed)
        state = self.memory.state
        if state is None or head == state.anchor:
            if introduced:
                self._write_files(self._expected())
            self._refused = ""
            return ()
        steps = tuple(fold(state, head, self._history, observed))
        last = steps[-1]
        gone = frozenset().union(*(step.state.policy.released for step in steps))
        held = {n: r for n, r in self.memory.restraints.items() if n not in gone}
        published = self.memory.publication(last.state, held)
        bodies = [evaluated(step, observed, published if step is last else None) for step in steps]
        before = self._expected()
        self._crash("receipt")
        self._record(
            [
                Entry(receipts.EVALUATED, f"{s.commit}:{observed}", b)
                for s, b in zip(steps, bodies, strict=True)
            ]
        )
        self._crash("publish")
        if introduced:
            # Not before: what came since may have halted what the introduction allowed.
            self._write_files(self._expected())
        else:
            self._settle(before)
        self._refused = ""
        return steps

    def _introduce(self, observed: int) -> None:
        state: State = introduce(
            self._trust.introduction,
            frozenset(self._trust.fingerprints),
            self._environment,
            self._history,
        )
        published = self.memory.publication(state, {})
        body = Evaluated(
            commit=state.anchor,
            tree=state.tree,
            verdict="applied",
            reason="",
            message="",
            changes=(),
            needs=(),
            approvers=(),
            signers=(),
            observed=observed,
            released=(),
            state=state,
            published=published,
        )
        self._record([Entry(receipts.INTRODUCED, f"{state.anchor}:introduction", body)])

    def _record(self, entries: Sequence[Entry]) -> list[Record]:
        anchor = self.memory.state.anchor if self.memory.state else ""
        stamped = [msgspec.structs.replace(entry, policy=anchor) for entry in entries]
        written = self._journal.append(stamped)
        end = self._journal.position
        for record in written:
            # Only the last record of a batch states a publication, and it ends the journal.
            self.memory = remember(self.memory, record, end)
        return written

    def _refuse(self, head: str, error: VantaError) -> None:
        """Journal what could not be walked, once for as long as it lasts."""
        said = f"{head} {error.code} {error.message}"
        if said != self._refused:
            self._refused = said
            body = receipts.HeadRefused(head, error.code, str(error))
            self._record([Entry(receipts.HEAD_REFUSED, f"refused:{secrets.token_hex(8)}", body)])

    @property
    def trouble(self) -> str:
        """What kept the last tick from reading the branch; empty when nothing did."""
        return self._refused

    def _expected(self) -> dict[str, bytes]:
        if self.memory.published is None or self.memory.at is None:
            raise UnavailableError("nothing was published yet", code="NO_POLICY")
        return render(self.memory.published, self.memory.at, JOURNAL)

    def _write_files(self, files: dict[str, bytes]) -> None:
        for name in (OVERLAY_FILE, VAULT_FILE):
            path = self._dir / name
            try:
                same = path.read_bytes() == files[name]
            except OSError:
                same = False
            if not same:
                atomic_write(path, files[name], mode=PUBLISHED_MODE)
                self._crash(f"published {name}")

    def _settle(self, known: dict[str, bytes]) -> None:
        """Bring the files to what the last receipt says, and judge what a hand made of them.

        Args:
            known: what they should hold at this moment, before they are replaced.
        """
        try:
            found = read_files(self._dir)
            if found != known:
                self._judge(parse(found), self._receipts.published_at(source_of(found).size))
        except (UnavailableError, MalformedError) as error:
            self._revert(error.code, str(error))
        self._write_files(self._expected())

    def _judge(self, edited: Published, base: Published) -> None:
        """Adopt a hand edit that only tightens; every other one is put back.

        Args:
            edited: what the files hold.
            base: what they were made from; an edit is judged by what it changed.
        """
        if edited.provenance != base.provenance:
            self._revert("EDITED_PROVENANCE", "the provenance was edited")
            return
        effects = {change.effect for change in changes(base.policy, edited.policy)}
        if effects == {Effect.TIGHTENS}:
            self._adopt(base, edited)
        elif base != self.memory.published and edited == base:
            self._revert("STALE_PUBLICATION", "the files were of an older publication")
        elif effects & {Effect.TIGHTENS} and tightenings(base.policy, edited.policy):
            self._revert("MIXED_EDIT", "the edit tightened and loosened at once")
        else:
            self._revert("LOOSENING_EDIT", "the edit loosened, or changed no limit")

    def _adopt(self, base: Published, edited: Published) -> None:
        nonce = secrets.token_hex(8)
        state = self.memory.state
        if state is None:
            raise UnavailableError("nothing is in force", code="NO_POLICY")
        held = {**self.memory.restraints, nonce: receipts.Restraint(base.policy, edited.policy)}
        body = receipts.Adopted(
            nonce, base.policy, edited.policy, self.memory.publication(state, held)
        )
        self._record([Entry(receipts.ADOPTED, f"edit:{nonce}", body)])
        self._crash("publish")

    def _revert(self, code: str, message: str) -> None:
        if self.memory.published is None:
            return
        body = receipts.Reverted(code, message, self.memory.published)
        self._record([Entry(receipts.REVERTED, f"edit:{secrets.token_hex(8)}", body)])
        self._crash("publish")
