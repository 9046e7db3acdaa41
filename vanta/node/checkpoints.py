"""A node signs how far its journals reach, so that cutting or rewriting them shows."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import UnavailableError
from vanta.domain.record import Position
from vanta.journal.checkpoint import append_checkpoint, read_notes, sign
from vanta.journal.segment import checkpoints_path
from vanta.journal.verify import verify
from vanta.node.config import read_config
from vanta.node.key import load_node_key
from vanta.node.layout import Layout


class Signed(NamedTuple):
    """A journal's newest checkpoint."""

    position: Position
    note: bytes


def journals(layout: Layout) -> list[Path]:
    """The live segment of every journal of a node."""
    return sorted(
        path for path in layout.memory.glob("*.jsonl") if not path.stem.rpartition(".")[0]
    )


def origin(node: str, journal: str) -> str:
    """What a checkpoint says it is of."""
    return f"{node}/{journal}"


def checkpoint_all(
    layout: Layout, *, told: Callable[[str, Position], None] = lambda _journal, _at: None
) -> dict[str, Signed]:
    """Verify and sign every journal of a node as it stands.

    What does not verify is not signed: signing it would vouch for whoever changed it.

    Raises:
        MalformedError: a journal was changed.
        UnavailableError: the node has no journal.
    """
    config = read_config(layout.config)
    found = journals(layout)
    if not found:
        raise UnavailableError(
            "the node has no journal yet",
            code="NO_JOURNAL",
            place=str(layout.memory),
            remedy="start its services first",
        )
    key = load_node_key(layout)
    signed: dict[str, Signed] = {}
    for path in found:
        position = verify(path).position
        note = sign(position, origin(config.node, path.stem), config.node, key)
        # A timer signs every minute; a journal that stood still is signed already.
        if note not in read_notes(checkpoints_path(path)):
            append_checkpoint(path, note)
        signed[path.stem] = Signed(position, note)
        told(path.stem, position)
    return signed
