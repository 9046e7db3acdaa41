"""A node as a witness: what its journal says it saw when, signed for nodes that come later."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import RefusedError
from vanta.governance.clone import Clone
from vanta.governance.firstseen import countersign, write_notes
from vanta.governance.keys import load_private_key
from vanta.governance.receipts import EVALUATED
from vanta.governance.rewalk import receipts_ref
from vanta.journal.reader import read


class _Seen(msgspec.Struct, frozen=True):
    commit: str
    observed: int


def seen_by(journal: Path) -> dict[str, int]:
    """When a node first saw each commit it judged, UTC nanoseconds, oldest first.

    Raises:
        UnavailableError: there is no such journal.
        MalformedError: it was changed.
    """
    seen: dict[str, int] = {}
    for record in read(journal):
        if record.type == EVALUATED:
            step = decode(_Seen, bytes(record.body), place=record.id)
            seen.setdefault(step.commit, step.observed)
    return seen


def sign_records(journal: Path, environment: str, node: str, key: Path) -> list[bytes]:
    """What this node saw, as signed notes.

    Raises:
        RefusedError: code `NOTHING_SEEN`.
    """
    seen = seen_by(journal)
    if not seen:
        raise RefusedError(
            "this node has judged no commit yet",
            code="NOTHING_SEEN",
            place=str(journal),
            remedy="let `vanta governance controller` run first",
        )
    return write_notes(environment, seen, node, load_private_key(key))


def countersign_records(
    notes: Sequence[bytes], journal: Path, environment: str, node: str, key: Path
) -> list[bytes]:
    """Another node's notes with this node's signature; all or none, see `countersign`."""
    seen, private = seen_by(journal), load_private_key(key)
    return [countersign(note, environment, seen, node, private) for note in notes]


def publish_records(clone: Clone, notes: Sequence[bytes], environment: str, remote: str) -> str:
    """Put notes where nodes and `plan` look for them; the commit that holds them.

    Nobody trusts the commit or who may push it: the notes are signed.
    """
    files = {f"{environment}/{number:04d}.note": note for number, note in enumerate(notes)}
    commit = clone.alone(clone.tree_of(files), f"First-seen records of {environment}\n")
    clone.push_ref(remote, f"+{commit}", receipts_ref(environment))
    return commit
