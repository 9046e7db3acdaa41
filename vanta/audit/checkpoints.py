"""The checkpoints a node kept of a journal, each opened with the key that signed it.

A node's key changes and its old checkpoints stay; so each note is opened with those keys, of all
the node ever had, that it names by id.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vanta.audit.keyring import Keyring
from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.domain.record import GENESIS
from vanta.journal.chain import BrokenLineError, Spot
from vanta.journal.checkpoint import Checkpoint, open_note
from vanta.journal.note import parse


def stated_size(note: bytes) -> int | None:
    """The size a note states, believing nothing; None when it states none."""
    lines = note.split(b"\n", 2)
    size = lines[1] if len(lines) > 2 else b""  # noqa: PLR2004 - origin, size, the rest
    return int(size) if size.isdigit() and len(size) < 20 else None  # noqa: PLR2004 - 2^63 has 19


def opened(notes: list[bytes], path: Path, keyring: Keyring) -> Iterator[Checkpoint | VantaError]:
    """Each note as a checkpoint, or why it is none that counts; all must be of one journal."""
    origin = ""
    for number, note in enumerate(notes, 1):
        place = f"{path} note {number}"
        try:
            keys: dict[str, Ed25519PublicKey] = {}
            for signature in parse(note).signatures:
                key = keyring.notary(signature.name, signature.key_id)
                if key is not None:
                    keys[signature.name] = key
            checkpoint = open_note(note, keys)
        except (MalformedError, RefusedError) as error:
            yield type(error)(error.message, code=error.code, place=place, remedy=error.remedy)
            continue
        origin = origin or checkpoint.origin
        if checkpoint.origin != origin:
            yield RefusedError(
                f"a checkpoint of {checkpoint.origin}, not of {origin}",
                code="CHECKPOINT_ORIGIN",
                place=place,
            )
            continue
        yield checkpoint


def agrees(
    signed: Checkpoint, size: int, heads: Mapping[int, tuple[str, Spot]], journal: Path
) -> VantaError | None:
    """Why a journal is not what a checkpoint says it was; None when it is.

    Args:
        signed: the checkpoint.
        size: how many records the journal holds.
        heads: its chain value at the checkpoint's size, and the line that made it so.
        journal: its live file.
    """
    by = ", ".join(signed.signers)
    position = signed.position
    if position.size > size:
        return MalformedError(
            f"holds {size} records; {by} signed that it held {position.size}",
            code="CHECKPOINT_AHEAD",
            place=str(journal),
            remedy="it was cut short: keep it as evidence and restore its off-node copy",
        )
    head, spot = heads.get(position.size, (GENESIS, Spot(journal, 1, 0)))
    if head != position.head:
        return BrokenLineError(
            f"record {position.size - 1} is not the one {by} signed",
            code="CHECKPOINT_HEAD",
            spot=spot,
        )
    return None
