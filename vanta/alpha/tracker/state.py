"""The fold of `tracker.jsonl`: every thread, every candidate; pure.

An approval is never among the facts. It follows here from the sign-offs that were recorded, by what
counted under the policy that each record names; whoever acts on it asks again (`approval`).
"""

from collections.abc import Iterable

import msgspec

from vanta.alpha.tracker import events
from vanta.alpha.tracker.candidate import Candidate, SignOff, Withdrawn
from vanta.alpha.tracker.events import Event
from vanta.alpha.tracker.threads import LOOKED_AT, Note, Status, Thread
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Record
from vanta.journal.segment import ROTATED

_replace = msgspec.structs.replace


class TrackerState(msgspec.Struct, forbid_unknown_fields=True):
    """Everything the tracker knows; what the view shows and a snapshot keeps."""

    threads: dict[str, Thread] = {}
    """By id, oldest first."""
    candidates: dict[str, Candidate] = {}
    """By name of the build, in the order they were named first."""

    @property
    def next_id(self) -> str:
        """The id of the next thread."""
        return f"T-{len(self.threads) + 1}"

    def thread(self, known: str) -> Thread:
        """The thread of an id, whichever letters it is typed in.

        Raises:
            UnavailableError: `NO_THREAD`.
        """
        found = self.threads.get(known.upper()) or self.threads.get(f"T-{known}")
        if found is None:
            raise UnavailableError(
                f"there is no thread {known[:40]!r}",
                code="NO_THREAD",
                place="tracker",
                remedy="vt-list --all names them",
            )
        return found

    def candidate(self, thread: Thread) -> Candidate:
        """The build a thread names.

        Raises:
            UnavailableError: `NO_CANDIDATE`: it names none.
        """
        if not thread.candidate:
            raise UnavailableError(
                "no build is named here",
                code="NO_CANDIDATE",
                place=thread.id,
                remedy=f"vt-fix {thread.id} --candidate BUILD",
            )
        return self.candidates[thread.candidate]

    def take(self, record: Record) -> None:
        """Go on by one record; of a snapshot nothing is new.

        Raises:
            MalformedError: it cannot be read, or does not follow from what came before.
        """
        event = events.read(record)
        if event is not None:
            try:
                self.apply(event, record)
            except KeyError as error:
                raise MalformedError(
                    f"it is about {error}, which nothing before it named",
                    code="EVENT_ORDER",
                    place=record.id,
                    remedy="keep the journal as evidence: it was changed, or is not whole",
                ) from error

    def apply(self, event: Event, record: Record) -> None:
        """Go on by the event of a record."""
        at = record.ts
        match event:
            case events.ThreadOpened():
                self.threads[event.thread] = Thread(
                    id=event.thread,
                    record=record.id,
                    module=event.module,
                    title=event.title,
                    severity=event.severity,
                    owner=event.owner,
                    by=event.by,
                    opened=at,
                    since=at,
                    changed=at,
                )
            case events.ThreadMarked():
                self._mark(event, at)
            case events.ThreadNoted():
                thread = self.threads[event.thread]
                notes = (*thread.notes, Note(at, event.by, event.text))
                self.threads[thread.id] = _replace(thread, notes=notes, changed=at)
            case events.ThreadCorrected():
                self._correct(event, at)
            case events.CandidateNamed():
                self._name(event, record)
            case events.CommitLinked():
                thread = self.threads[event.thread]
                commits = (*thread.commits, event.commit)
                self.threads[thread.id] = _replace(thread, commits=commits, changed=at)
            case events.SignOffAdded():
                self._sign(event, record)
            case events.SignOffWithdrawn():
                self._withdraw(event, at)

    def _mark(self, event: events.ThreadMarked, at: int) -> None:
        thread = self.threads[event.thread]
        status = self._derived(thread, event.status)
        self.threads[thread.id] = _replace(
            thread, status=status, why=event.why, since=at, changed=at
        )

    def _derived(self, thread: Thread, status: Status) -> Status:
        """In review, or approved: that is for the sign-offs to say."""
        if status not in LOOKED_AT:
            return status
        return "approved" if self.candidates[thread.candidate].approved else "in_review"

    def _correct(self, event: events.ThreadCorrected, at: int) -> None:
        thread = self.threads[event.thread]
        self.threads[thread.id] = _replace(
            thread,
            module=event.module or thread.module,
            title=event.title or thread.title,
            severity=event.severity or thread.severity,
            owner=thread.owner if event.owner is None else event.owner,
            changed=at,
        )

    def _name(self, event: events.CandidateNamed, record: Record) -> None:
        thread, at = self.threads[event.thread], record.ts
        before = self.candidates.get(thread.candidate)
        if before is not None:
            left = tuple(one for one in before.threads if one != thread.id)
            self.candidates[before.build] = _replace(before, threads=left)
        known = self.candidates.get(event.build) or Candidate(
            build=event.build, record=record.id, named=at, manifest=event.manifest
        )
        threads = (*known.threads, thread.id)
        self.candidates[event.build] = _replace(known, manifest=event.manifest, threads=threads)
        another = thread.candidate not in {"", event.build}
        earlier = (*thread.earlier, thread.candidate) if another else thread.earlier
        named = _replace(thread, candidate=event.build, earlier=earlier)
        status = self._derived(named, "in_review")
        self.threads[thread.id] = _replace(named, status=status, why="", since=at, changed=at)

    def _sign(self, event: events.SignOffAdded, record: Record) -> None:
        candidate = self.candidates[event.build]
        others = tuple(one for one in candidate.sign_offs if one.person != event.person)
        signed = SignOff(event.person, event.key, event.signature, record.ts)
        self._move(
            _replace(
                candidate,
                sign_offs=(*others, signed),
                counted=event.counted,
                needed=event.needed,
                policy=record.policy,
            ),
            record.ts,
        )

    def _withdraw(self, event: events.SignOffWithdrawn, at: int) -> None:
        candidate = self.candidates[event.build]
        gone = Withdrawn(event.person, event.signature, event.by, event.why, at)
        self._move(
            _replace(
                candidate,
                sign_offs=tuple(x for x in candidate.sign_offs if x.person != event.person),
                withdrawn=(*candidate.withdrawn, gone),
                counted=tuple(x for x in candidate.counted if x != event.person),
            ),
            at,
        )

    def _move(self, candidate: Candidate, at: int) -> None:
        """Keep a candidate, and let the threads that wait for its reviewers follow."""
        self.candidates[candidate.build] = candidate
        for name in candidate.threads:
            thread = self.threads[name]
            status = self._derived(thread, thread.status)
            since = thread.since if status == thread.status else at
            self.threads[name] = _replace(thread, status=status, since=since, changed=at)


class _Opening(msgspec.Struct, frozen=True):
    state: TrackerState | None = None


_opening = msgspec.json.Decoder(_Opening)


def opened_with(opening: Record) -> TrackerState:
    """The state a segment opens with.

    Raises:
        MalformedError: `SNAPSHOT`: it holds something else.
    """
    if opening.type != ROTATED:
        return TrackerState()
    try:
        state = _opening.decode(opening.body).state or TrackerState()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(
            f"not a state of the tracker: {error}", code="SNAPSHOT", place=opening.id
        ) from error
    # A snapshot is written with its names in the order of their letters.
    return TrackerState(
        dict(sorted(state.threads.items(), key=lambda item: item[1].number)),
        dict(sorted(state.candidates.items(), key=lambda item: item[1].named)),
    )


def fold(opening: Record, records: Iterable[Record]) -> TrackerState:
    """The state after a segment's opening record and what was appended since."""
    state = opened_with(opening)
    for record in records:
        state.take(record)
    return state
