"""What nodes tell each other of how they stand: a small signed text each, and how it is believed.

A node's own key signs its status, so that whoever can write to the board can withhold one, or put
an older one back, whose age shows; nobody can make one up.
"""

from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.bus.board import Board
from vanta.diagnostics.facts import NodeStatus, Peer
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance.keys import parse_public_key
from vanta.governance.sshsig import parse_armor, sign, verify

NAMESPACE = "vanta-node-status"
SUFFIX = ".status.json"
"""Of the file of a status, where the board is a folder."""


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A status as it hangs on the board."""

    node: str
    payload: str
    signature: str


def publish(board: Board, status: NodeStatus, key: Ed25519PrivateKey) -> None:
    """Put a node's status where others read it, in place of its last.

    Raises:
        UnavailableError: it cannot be written.
    """
    payload = encode(status)
    sealed = Sealed(status.node, payload.decode(), sign(key, payload, NAMESPACE).decode())
    board.post(status.node, encode(sealed) + b"\n")


def peers(
    boards: tuple[Board, ...], nodes: Mapping[str, tuple[str, ...]], own: str, environment: str
) -> tuple[Peer, ...]:
    """Every other registered node with the newest status of it that holds, by name.

    Args:
        boards: where statuses hang.
        nodes: node name to its registered public keys, as in `Policy.nodes`.
        own: this node, which is not its own peer.
        environment: whose nodes these are.
    """
    return tuple(
        _peer(boards, name, keys, environment)
        for name, keys in sorted(nodes.items())
        if name != own
    )


def _peer(boards: tuple[Board, ...], name: str, keys: tuple[str, ...], environment: str) -> Peer:
    newest: NodeStatus | None = None
    trouble = ""
    for board in boards:
        try:
            data = board.read(name)
            status = open_status(data, name, keys, environment) if data is not None else None
        except UnavailableError:
            continue  # nothing was said that is wrong
        except VantaError as error:
            trouble = error.code
            continue
        if status is not None and (newest is None or status.at > newest.at):
            newest = status
    return Peer(name, newest, "" if newest else trouble)


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
