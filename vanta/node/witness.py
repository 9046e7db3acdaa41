"""A second node signs how far a journal reached, and keeps that: its own node alone cannot cut it.

A worker hangs up its newest checkpoints. Alpha signs those that go on from what it signed before,
keeps each, and hangs them up again; the worker takes them in beside its own. Alpha sees no records:
a journal that was rewritten below what it signed is found by whoever holds it against these.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vanta.bus.board import Board
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.domain.record import Position
from vanta.governance.keys import parse_public_key
from vanta.journal.checkpoint import (
    Checkpoint,
    append_checkpoint,
    cosign,
    open_note,
    read_notes,
    split_notes,
    stated,
)
from vanta.journal.note import key_id, parse
from vanta.journal.segment import checkpoints_path
from vanta.node.checkpoints import journals, origin
from vanta.node.layout import Layout

Registered = Mapping[str, tuple[str, ...]]
"""Node name to its public keys in OpenSSH form, as in `Policy.nodes`."""

_JOURNAL = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Boards(NamedTuple):
    """The two boards between workers and Alpha.

    Attributes:
        signed: what each worker signed last.
        countersigned: the same with Alpha's signature, by the worker's name.
    """

    signed: Board
    countersigned: Board


class Witnessed(NamedTuple):
    """What looking at one checkpoint came to."""

    origin: str
    position: Position
    refused: VantaError | None
    """Why it is not countersigned; None where it is."""


def post(boards: Boards, node: str, notes: list[bytes]) -> None:
    """Hang up a node's newest checkpoints, one for each journal.

    Raises:
        UnavailableError: the board cannot be written.
    """
    boards.signed.post(node, b"".join(note + b"\n" for note in notes))


def countersign(
    layout: Layout, boards: Boards, own: str, registered: Registered, key: Ed25519PrivateKey
) -> list[Witnessed]:
    """Sign every other node's checkpoints that go on from what was signed before, and keep them.

    Args:
        layout: this node's.
        boards: where they hang.
        own: this node's name.
        registered: every node's keys, by the policy in force.
        key: this node's.

    Raises:
        UnavailableError: a board cannot be reached, or the disk refuses.
    """
    found: list[Witnessed] = []
    for node in sorted(registered):
        said = boards.signed.read(node) if node != own else None
        if not said:
            continue
        signed: list[bytes] = []
        for note in split_notes(said):
            one, countersigned = _judge(layout, note, node, registered[node], (own, key))
            found.append(one)
            if countersigned is not None:
                signed.append(countersigned)
        if signed:
            boards.countersigned.post(node, b"".join(note + b"\n" for note in signed))
    return found


def take(layout: Layout, boards: Boards, own: str, registered: Registered) -> list[Checkpoint]:
    """Keep what came back countersigned beside the checkpoints it is of; those that are new.

    What this node did not sign itself, or no other registered node did, is left where it is.

    Raises:
        UnavailableError: the board cannot be read, or the disk refuses.
    """
    live = {origin(own, path.stem): path for path in journals(layout)}
    taken: list[Checkpoint] = []
    for note in split_notes(boards.countersigned.read(own) or b""):
        try:
            checkpoint = open_note(note, _notaries(note, registered))
        except (MalformedError, RefusedError):
            continue
        path = live.get(checkpoint.origin)
        both = own in checkpoint.signers and len(checkpoint.signers) > 1
        if path is None or not both or note in read_notes(checkpoints_path(path)):
            continue
        append_checkpoint(path, note)
        taken.append(checkpoint)
    return taken


def _judge(
    layout: Layout,
    note: bytes,
    node: str,
    keys: tuple[str, ...],
    signer: tuple[str, Ed25519PrivateKey],
) -> tuple[Witnessed, bytes | None]:
    """What one checkpoint is worth, and the same countersigned where it goes on from the last."""
    nothing = Position(0, "")
    try:
        checkpoint = open_note(note, _notaries(note, {node: keys}))
    except (MalformedError, RefusedError) as error:
        return Witnessed(node, nothing, error), None
    name, _, journal = checkpoint.origin.rpartition("/")
    if name != node or not _JOURNAL.fullmatch(journal):
        why = f"{node} signed a checkpoint of {checkpoint.origin!r}"
        refused = RefusedError(why, code="CHECKPOINT_ORIGIN", place=node)
        return Witnessed(node, checkpoint.position, refused), None
    path = layout.witnessed / node / f"{journal}.jsonl"
    kept = read_notes(checkpoints_path(path))
    last = stated(kept[-1])[1] if kept else nothing
    wrong = _goes_back(checkpoint.position, last, checkpoint.origin)
    if wrong is not None:
        return Witnessed(checkpoint.origin, checkpoint.position, wrong), None
    if checkpoint.position == last:
        return Witnessed(checkpoint.origin, last, None), kept[-1]
    countersigned = cosign(note, *signer)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"no checkpoint can be kept: {error.strerror}",
            code="WRITE_FAILED",
            place=str(path.parent),
        ) from error
    append_checkpoint(path, countersigned)
    return Witnessed(checkpoint.origin, checkpoint.position, None), countersigned


def _goes_back(said: Position, last: Position, of: str) -> VantaError | None:
    """Why a checkpoint does not go on from the last one; None where it does."""
    if said.size < last.size:
        return MalformedError(
            f"holds {said.size} records; it was signed and countersigned that it held {last.size}",
            code="CHECKPOINT_BEHIND",
            place=of,
            remedy="it was cut short, or an old copy was restored: see its off-node copy",
        )
    if said.size == last.size and said.head != last.head:
        return MalformedError(
            f"record {said.size - 1} is not the one that was countersigned",
            code="CHECKPOINT_FORK",
            place=of,
            remedy="it was rewritten: keep it as evidence and see its off-node copy",
        )
    return None


def _notaries(note: bytes, registered: Registered) -> dict[str, Ed25519PublicKey]:
    """The registered key of each name on a note, of those it has the one the note names."""
    found: dict[str, Ed25519PublicKey] = {}
    for signature in parse(note).signatures:
        for text in registered.get(signature.name, ()):
            key = parse_public_key(text).material.key
            if (
                isinstance(key, Ed25519PublicKey)
                and key_id(signature.name, key) == signature.key_id
            ):
                found[signature.name] = key
    return found
