"""What `governance.jsonl` holds, and the controller's memory as a fold of it.

Every outcome is a record, refusals included. Nothing else is remembered: what the controller knows
after a restart is what these records say, so a crash between two of them loses nothing.
"""

from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.policy import Policy, Provenance, Published
from vanta.domain.record import Position, Record
from vanta.governance.authority import Need
from vanta.governance.documents.compile import consistent
from vanta.governance.fold import in_force
from vanta.governance.walk import Seen, State, Step
from vanta.journal.reader import live_state
from vanta.lattice.algebra import tighten, tightenings

EVALUATED = "policy.evaluated"
ADOPTED = "edit.adopted"
REVERTED = "edit.reverted"
HEAD_REFUSED = "head.refused"
INTRODUCED = "policy.introduced"


class ChangeNote(msgspec.Struct, frozen=True):
    """A change as it is journalled: values by their JSON."""

    path: tuple[str, ...]
    before: Any
    after: Any
    effect: str


class Evaluated(msgspec.Struct, frozen=True):
    """One step of the fold, or the introduction."""

    commit: str
    tree: str
    verdict: str
    reason: str
    message: str
    changes: tuple[ChangeNote, ...]
    needs: tuple[Need, ...]
    approvers: tuple[str, ...]
    signers: tuple[Seen, ...]
    observed: int
    """When the head that brought it was seen, UTC nanoseconds: the `now` it was judged by."""
    released: tuple[str, ...]
    """Nonces of hand edits a quorum had let go by then; a later commit may forget them again."""
    state: State | None
    """After the step; left out where a later record of the same batch has it."""
    published: Published | None
    """What the node enforces from here on; left out with `state`."""


class Adopted(msgspec.Struct, frozen=True):
    """A hand edit that only tightened, and holds until a quorum releases its nonce."""

    nonce: str
    before: Policy
    after: Policy
    published: Published


class Reverted(msgspec.Struct, frozen=True):
    """A hand edit that was put back."""

    code: str
    message: str
    published: Published


class HeadRefused(msgspec.Struct, frozen=True):
    """A head, or an answer of the remote, that could not be walked at all."""

    head: str
    code: str
    message: str


class Restraint(msgspec.Struct, frozen=True):
    """What a hand edit tightened, as the two policies it lies between."""

    before: Policy
    after: Policy


class Memory(msgspec.Struct, frozen=True):
    """All the controller knows."""

    state: State | None = None
    restraints: dict[str, Restraint] = {}
    published: Published | None = None
    at: Position | None = None
    """The record that stated `published`: where the published files derive from."""

    @property
    def serial(self) -> int:
        """Of the last publication."""
        return self.published.provenance.serial if self.published else 0

    def publication(self, state: State, restraints: dict[str, Restraint]) -> Published:
        """What to enforce when Git says `state` and these hand edits hold."""
        policy = in_force(state)
        for nonce in sorted(restraints):
            if nonce not in policy.released:
                held = restraints[nonce]
                policy = consistent(tighten(policy, tightenings(held.before, held.after)))
        serial = self.serial
        if self.published is None or self.published.policy != policy:
            serial += 1
        where = Provenance(commit=state.anchor, tree=state.tree, serial=serial)
        return Published(policy=policy, provenance=where)

    def restrained_by(self) -> tuple[str, ...]:
        """Nonces of the hand edits that still hold."""
        released = self.state.policy.released if self.state else frozenset()
        return tuple(sorted(set(self.restraints) - released))


def remember(memory: Memory, record: Record, position: Position) -> Memory:
    """The memory after one more record.

    Args:
        memory: before it.
        record: any record of `governance.jsonl`.
        position: of the journal, up to and with it.
    """
    match record.type:
        case "policy.evaluated" | "policy.introduced":
            step = decode(Evaluated, bytes(record.body), place=record.id)
            kept = {n: r for n, r in memory.restraints.items() if n not in step.released}
            if step.state is None or step.published is None:
                return msgspec.structs.replace(memory, restraints=kept)
            return Memory(step.state, kept, step.published, position)
        case "edit.adopted":
            edit = decode(Adopted, bytes(record.body), place=record.id)
            held = {**memory.restraints, edit.nonce: Restraint(edit.before, edit.after)}
            return Memory(memory.state, held, edit.published, position)
        case "journal.rotated" | "journal.opened":
            opened = decode(_Opened, bytes(record.body), place=record.id)
            return memory if opened.state is None else opened.state
        case _:
            return memory


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


class _Opened(msgspec.Struct, frozen=True):
    state: Memory | None = None


class _Publishes(msgspec.Struct, frozen=True):
    published: Published | None = None


def published_by(record: Record) -> Published | None:
    """What a record of the governance journal published, if anything."""
    if record.type in {EVALUATED, INTRODUCED, ADOPTED}:
        return decode(_Publishes, bytes(record.body), place=record.id).published
    return None


def evaluated(step: Step, observed: int, published: Published | None) -> Evaluated:
    """The receipt of a step; with what it publishes, or without if a later step follows."""
    return Evaluated(
        commit=step.commit,
        tree=step.tree,
        verdict=step.verdict,
        reason=step.reason,
        message=step.message,
        changes=tuple(ChangeNote(c.path, c.before, c.after, c.effect.value) for c in step.changes),
        needs=step.needs,
        approvers=step.approvers,
        signers=step.seen,
        observed=observed,
        released=tuple(sorted(step.state.policy.released)),
        state=step.state if published else None,
        published=published,
    )
