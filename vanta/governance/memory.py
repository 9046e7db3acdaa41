"""What the controller knows: the fold of its journal, and the publication that follows from it.

Nothing else is remembered, so a crash between two records loses nothing, and whoever has the
journal can compute every publication again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.instant import FOREVER
from vanta.domain.policy import Policy, Provenance, Published
from vanta.domain.record import Position, Record
from vanta.domain.switches import Switches
from vanta.governance import receipts
from vanta.governance.documents.compile import consistent
from vanta.governance.fold import in_force
from vanta.governance.receipts import PUBLISHING, published_by
from vanta.governance.terms import in_term
from vanta.governance.walk import State
from vanta.journal.reader import live_state
from vanta.lattice.algebra import meet, tighten, tightenings


class Restraint(msgspec.Struct, frozen=True):
    """What a hand edit tightened, as the two policies it lies between."""

    before: Policy
    after: Policy
    reason: str = ""
    who: str = ""


class LatchNote(msgspec.Struct, frozen=True):
    """A halt of the latch."""

    reason: str
    who: str
    at: int
    covers: str
    """What of the latch it stands for where that has no nonce of its own."""
    released: bool = False
    """A quorum let it go; it is forgotten once the latch is gone."""


class Floor(msgspec.Struct, frozen=True):
    """What was published before, by what other files say."""

    serial: int = 0
    commits: dict[str, str] = {}
    """Commit to where it was found."""


class Memory(msgspec.Struct, frozen=True):
    """All the controller knows."""

    state: State | None = None
    restraints: dict[str, Restraint] = {}
    """Hand edits by nonce."""
    latches: dict[str, LatchNote] = {}
    """Halts of the latch by nonce."""
    confirmed: int = 0
    """When a head was confirmed last, as far as there is a record of it; UTC nanoseconds."""
    aged: bool = False
    """No head was confirmed for too long."""
    halts: int = 0
    """The instant up to which halts are over."""
    loosenings: int = 0
    """The instant up to which what loosens is over."""
    floor: Floor = Floor()
    published: Published | None = None
    at: Position | None = None
    """The record that stated `published`: where the published files derive from."""

    @property
    def serial(self) -> int:
        """Of the last publication."""
        return self.published.provenance.serial if self.published else 0

    def publication(self, *, anew: bool = False) -> Published | None:
        """What to enforce by all of this; None before there is anything.

        Args:
            anew: give it a serial of its own even where the policy is the published one, for a
                reader that went its own way meanwhile.
        """
        state, policy = self.state, self.enforced()
        if state is None or policy is None:
            return None
        serial = self.serial
        same = self.published is not None and self.published.policy == policy
        if anew or not same or serial <= self.floor.serial:
            serial = max(serial, self.floor.serial) + 1
        where = Provenance(commit=state.anchor, tree=state.tree, serial=serial)
        return Published(policy=policy, provenance=where)

    def under(self, documents: Policy) -> Policy | None:
        """What would be enforced by all of this, had the main line said `documents`.

        None before there is anything.
        """
        if self.state is None:
            return None
        state = msgspec.structs.replace(self.state, policy=documents)
        latches = _released(self.latches, tuple(documents.released))
        return msgspec.structs.replace(self, state=state, latches=latches).enforced()

    def enforced(self) -> Policy | None:
        """The policy that follows from all of this; None before there is anything."""
        if self.state is None:
            return None
        policy = in_force(self.state)
        for nonce in self.restrained_by():
            held = self.restraints[nonce]
            policy = consistent(tighten(policy, tightenings(held.before, held.after)))
        if self.latched_by():
            policy = switched(policy, Switches(full_halt=FOREVER))
        if self.aged:
            policy = switched(policy, Switches(reduce_only=FOREVER))
        return in_term(policy, self.halts, self.loosenings)

    def restrained_by(self) -> tuple[str, ...]:
        """Nonces of the hand edits that still hold."""
        released = self.state.policy.released if self.state else frozenset()
        return tuple(sorted(set(self.restraints) - released))

    def latched_by(self) -> tuple[str, ...]:
        """Nonces of the halts in the latch that nobody released."""
        return tuple(sorted(n for n, note in self.latches.items() if not note.released))


def switched(policy: Policy, on: Switches) -> Policy:
    """The policy with these switches on too, everywhere."""
    everywhere = meet(policy.overlay.everywhere, on)
    overlay = msgspec.structs.replace(policy.overlay, everywhere=everywhere)
    return consistent(msgspec.structs.replace(policy, overlay=overlay))


def remember(memory: Memory, record: Record, position: Position) -> Memory:
    """The memory after one more record.

    Args:
        memory: before it.
        record: any record of `governance.jsonl`.
        position: of the journal, up to and with it.
    """
    after = learn(memory, record)
    if record.type in PUBLISHING:
        published = published_by(record)
        if published is not None:
            after = msgspec.structs.replace(after, published=published, at=position)
    return after


def learn(memory: Memory, record: Record) -> Memory:
    """What a record adds, but for the publication that follows from it."""
    if record.type not in _ADDS:
        return memory
    body = decode(_ADDS[record.type][0], bytes(record.body), place=record.id)
    return add(memory, record.type, body)


def add(memory: Memory, kind: str, body: object) -> Memory:
    """The same of a body that is no record yet."""
    return _ADDS[kind][1](memory, body) if kind in _ADDS else memory


def _judged(memory: Memory, step: receipts.Evaluated) -> Memory:
    return msgspec.structs.replace(
        memory,
        state=step.state or memory.state,
        confirmed=max(memory.confirmed, step.observed),
        restraints={n: r for n, r in memory.restraints.items() if n not in step.released},
        latches=_released(memory.latches, step.released),
    )


def _released(latches: dict[str, LatchNote], nonces: tuple[str, ...]) -> dict[str, LatchNote]:
    """A later commit may forget a release, which counts all the same."""
    return {
        nonce: msgspec.structs.replace(note, released=True) if nonce in nonces else note
        for nonce, note in latches.items()
    }


def _delivered(memory: Memory, halt: receipts.HaltDelivered) -> Memory:
    if memory.state is None:
        return memory
    lane = {**memory.state.lane, halt.commit: halt.halt}
    return msgspec.structs.replace(memory, state=msgspec.structs.replace(memory.state, lane=lane))


def _adopted(memory: Memory, edit: receipts.Adopted) -> Memory:
    held = {
        **memory.restraints,
        edit.nonce: Restraint(edit.before, edit.after, edit.reason, edit.who),
    }
    return msgspec.structs.replace(memory, restraints=held)


def _latched(memory: Memory, found: receipts.LatchSet) -> Memory:
    note = LatchNote(found.reason, found.who, found.at, found.covers)
    return msgspec.structs.replace(memory, latches={**memory.latches, found.nonce: note})


def _lifted(memory: Memory, gone: receipts.LatchLifted) -> Memory:
    left = {n: note for n, note in memory.latches.items() if n not in gone.nonces}
    return msgspec.structs.replace(memory, latches=left)


def _ended(memory: Memory, term: receipts.TermEnded) -> Memory:
    return msgspec.structs.replace(memory, halts=term.halts, loosenings=term.loosenings)


def _aged(memory: Memory, _: receipts.HeadAged) -> Memory:
    return msgspec.structs.replace(memory, aged=True)


def _confirmed(memory: Memory, head: receipts.HeadConfirmed) -> Memory:
    return msgspec.structs.replace(memory, aged=False, confirmed=max(memory.confirmed, head.at))


def _floored(memory: Memory, found: receipts.FloorFound) -> Memory:
    floor = Floor(max(memory.floor.serial, found.serial), found.commits)
    return msgspec.structs.replace(memory, floor=floor)


class _Opened(msgspec.Struct, frozen=True):
    state: Memory | None = None


def _opened(memory: Memory, opening: _Opened) -> Memory:
    return memory if opening.state is None else opening.state


_ADDS: dict[str, tuple[Any, Callable[[Memory, Any], Memory]]] = {
    receipts.INTRODUCED: (receipts.Evaluated, _judged),
    receipts.EVALUATED: (receipts.Evaluated, _judged),
    receipts.HALT_DELIVERED: (receipts.HaltDelivered, _delivered),
    receipts.ADOPTED: (receipts.Adopted, _adopted),
    receipts.LATCH_SET: (receipts.LatchSet, _latched),
    receipts.LATCH_LIFTED: (receipts.LatchLifted, _lifted),
    receipts.TERM_ENDED: (receipts.TermEnded, _ended),
    receipts.HEAD_AGED: (receipts.HeadAged, _aged),
    receipts.HEAD_CONFIRMED: (receipts.HeadConfirmed, _confirmed),
    receipts.FLOOR_FOUND: (receipts.FloorFound, _floored),
    "journal.opened": (_Opened, _opened),
    "journal.rotated": (_Opened, _opened),
}
"""By type: the body, and what it adds; a type that is not here adds nothing."""


def recall(path: Path) -> Memory:
    """What a governance journal says, from its live segment alone."""
    live = live_state(path)
    sizes = range(live.position.size - len(live.records) + 1, live.position.size + 1)
    # A record's chain value is the `prev` of the one after it.
    heads = [*(record.prev for record in live.records), live.position.head]
    memory = remember(Memory(), live.opening, Position(sizes.start - 1, heads[0]))
    for record, size, head in zip(live.records, sizes, heads[1:], strict=True):
        memory = remember(memory, record, Position(size, head))
    return memory
