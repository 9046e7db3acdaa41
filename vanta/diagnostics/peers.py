"""What nodes tell each other of how they stand: a small signed file each, and how it is believed.

Nothing else carries it: the bus has intents, the forge has what people signed. A node's own key
signs its status, so that whoever can write to the folder can withhold one, or put an older one
back, whose age shows; nobody can make one up.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.diagnostics.facts import NodeStatus, Peer
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.governance.keys import parse_public_key
from vanta.governance.sshsig import parse_armor, sign, verify
from vanta.journal.files import atomic_write

NAMESPACE = "vanta-node-status"
SUFFIX = ".status.json"
MAX_STATUS = 64 * 1024
"""Bytes of one file that are read."""
_MODE = 0o644


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A status as it lies in the folder."""

    node: str
    payload: str
    signature: str


def publish(folder: Path, status: NodeStatus, key: Ed25519PrivateKey) -> Path:
    """Put a node's status where others read it, in place of its last; the file.

    Raises:
        UnavailableError: `WRITE_FAILED`.
    """
    payload = encode(status)
    sealed = Sealed(status.node, payload.decode(), sign(key, payload, NAMESPACE).decode())
    path = folder / f"{status.node}{SUFFIX}"
    atomic_write(path, encode(sealed) + b"\n", mode=_MODE)
    return path


def peers(
    folders: tuple[Path, ...], nodes: Mapping[str, tuple[str, ...]], own: str, environment: str
) -> tuple[Peer, ...]:
    """Every other registered node with the newest status of it that holds, by name.

    Args:
        folders: where statuses lie.
        nodes: node name to its registered public keys, as in `Policy.nodes`.
        own: this node, which is not its own peer.
        environment: whose nodes these are.
    """
    return tuple(
        _peer(folders, name, keys, environment)
        for name, keys in sorted(nodes.items())
        if name != own
    )


def _peer(folders: tuple[Path, ...], name: str, keys: tuple[str, ...], environment: str) -> Peer:
    newest: NodeStatus | None = None
    trouble = ""
    for folder in folders:
        try:
            data = _read(folder / f"{name}{SUFFIX}")
            status = open_status(data, name, keys, environment) if data is not None else None
        except VantaError as error:
            trouble = error.code
            continue
        if status is not None and (newest is None or status.at > newest.at):
            newest = status
    return Peer(name, newest, "" if newest else trouble)


def _read(path: Path) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        data = file.read(MAX_STATUS + 1)
    if len(data) > MAX_STATUS:
        raise MalformedError("more than a status holds", code="STATUS_SIZE", place=str(path))
    return data


def open_status(data: bytes, name: str, keys: tuple[str, ...], environment: str) -> NodeStatus:
    """A status that the node of this name signed.

    Raises:
        MalformedError: it cannot be read.
        RefusedError: `STATUS_NOT_ITS_OWN`: another key's, node's or environment's.
    """
    sealed = decode(Sealed, data, place="status")
    payload = sealed.payload.encode()
    signer = verify(parse_armor(sealed.signature.encode()), payload, NAMESPACE)
    status = decode(NodeStatus, payload, place="status")
    known = {parse_public_key(key).blob for key in keys}
    ours = status.node == sealed.node == name and status.environment == environment
    if signer.blob not in known or not ours:
        raise RefusedError(
            f"not signed by {name} of {environment}", code="STATUS_NOT_ITS_OWN", place=name
        )
    return status
