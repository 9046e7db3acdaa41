"""When a commit was first seen, vouched for by nodes that saw it (R2, R9); pure.

Whether an approval was given in time is judged when the commit that brings it is new. A node that
comes later, or lost its journal, takes that instant from what two nodes signed; without that it
takes the present, by which old approvals have run out.

The record is a signed note (C2SP): `vanta.dev/first-seen/v1 <environment>`, then a line
`<commit id> <UTC nanoseconds>` for each commit, oldest first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.domain.instant import FOREVER, MINUTE
from vanta.governance.keys import parse_public_key
from vanta.journal import note as signed_note

WITNESSES = 2
"""Distinct nodes that must have signed; one node alone could make old approvals young."""

COMMITS_PER_NOTE = 1_000
TOLERANCE = 10 * MINUTE
"""How much earlier than the countersigning node another may say it saw a commit."""

_TITLE = "vanta.dev/first-seen/v1"
_LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64}) ([1-9][0-9]{0,18})\Z")

Nodes = Mapping[str, Sequence[str]]
"""Node name to its public keys in OpenSSH form, by the authority in force."""


class Sightings:
    """One note, read and not yet believed.

    Args:
        note: its bytes.
        environment: which environment it must be of.

    Raises:
        MalformedError: code `NOTE_MALFORMED`.
        RefusedError: code `WRONG_ENVIRONMENT`.
    """

    def __init__(self, note: bytes, environment: str) -> None:
        self._note = signed_note.parse(note)
        self._signers: dict[tuple[tuple[str, tuple[str, ...]], ...], frozenset[str]] = {}
        title, *lines = self._note.text.removesuffix("\n").split("\n")
        if title != f"{_TITLE} {environment}":
            raise RefusedError(
                f"{title[:80]!r} is not a record of {environment!r}", code="WRONG_ENVIRONMENT"
            )
        self.seen: dict[str, int] = {}
        for line in lines:
            match = _LINE.match(line)
            if match is None or match[1] in self.seen or int(match[2]) >= FOREVER:
                raise MalformedError(
                    f"{line[:80]!r} is not a commit and an instant", code="NOTE_MALFORMED"
                )
            self.seen[match[1]] = int(match[2])

    def witnesses(self, nodes: Nodes) -> frozenset[str]:
        """Names of the nodes that signed it."""
        known = tuple(sorted((name, tuple(keys)) for name, keys in nodes.items()))
        if known not in self._signers:
            self._signers[known] = frozenset(
                name for name, keys in known if any(self._signed(name, key) for key in keys)
            )
        return self._signers[known]

    def _signed(self, name: str, key: str) -> bool:
        public = parse_public_key(key).material.key
        if not isinstance(public, Ed25519PublicKey):
            return False
        try:
            signed_note.signers(self._note, {name: public})
        except VantaError:
            return False
        return True


class FirstSeen:
    """Everything that was said about when commits were first seen.

    Args:
        notes: read, and believed only as far as the authority in force lets them be.
    """

    def __init__(self, notes: Iterable[Sightings] = ()) -> None:
        self._notes = tuple(notes)

    def at(self, oid: str, nodes: Nodes) -> int | None:
        """The latest instant enough nodes vouch for, UTC nanoseconds; `None` when none do."""
        said = [
            note.seen[oid]
            for note in self._notes
            if oid in note.seen and len(note.witnesses(nodes)) >= WITNESSES
        ]
        return max(said, default=None)


def write_notes(
    environment: str, seen: Mapping[str, int], node: str, key: Ed25519PrivateKey
) -> list[bytes]:
    """Sign what a node saw, in notes of a bounded number of commits each."""
    lines = [f"{oid} {instant}\n" for oid, instant in seen.items()]
    return [
        signed_note.sign_text(
            f"{_TITLE} {environment}\n{''.join(lines[at : at + COMMITS_PER_NOTE])}", node, key
        )
        for at in range(0, len(lines), COMMITS_PER_NOTE)
    ]


def countersign(
    note: bytes, environment: str, own: Mapping[str, int], node: str, key: Ed25519PrivateKey
) -> bytes:
    """Vouch for another node's note, as far as this node saw the same.

    Args:
        note: signed by another node.
        environment: of both.
        own: when this node saw each commit.
        node: this node's name.
        key: its private key.

    Raises:
        RefusedError: code `NOT_SEEN`, or `SEEN_LATER`: it makes a commit older than this node
            knows it to be.
        MalformedError: code `NOTE_MALFORMED`.
    """
    for oid, instant in Sightings(note, environment).seen.items():
        if oid not in own:
            raise RefusedError(
                f"this node has not seen {oid[:12]}",
                code="NOT_SEEN",
                remedy="let its controller fetch first, then countersign",
            )
        if instant < own[oid] - TOLERANCE:
            raise RefusedError(
                f"{oid[:12]} is said to be older than this node knows it to be",
                code="SEEN_LATER",
                remedy="find out why the other node's clock or journal differs before signing",
            )
    return signed_note.add_signature(note, node, key)
