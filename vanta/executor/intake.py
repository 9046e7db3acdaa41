"""What is let in: an intent that a registered node signed, still valid, and not seen before.

The order of the questions matters: nothing of a parcel is believed before its signature holds,
and nothing is decoded beyond its bounds.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.domain.exact import PPM
from vanta.domain.instant import DAY, SECOND
from vanta.domain.retired import FLAGS
from vanta.domain.trading import Envelope, Intent
from vanta.executor.fences.one_order import CLOCK_TOLERANCE
from vanta.governance.keys import parse_public_key
from vanta.governance.sshsig import parse_armor, verify

NAMESPACE = "vanta-intent"
"""What an intent is signed for."""

MAX_ENVELOPE = 16 * 1024
"""Bytes of one parcel."""

MAX_LIFE = 7 * DAY
"""Longest time between an intent's making and its expiry."""

_ID = re.compile(r"intent_[0-9a-f]{32}")
"""Derived from content; its order takes the same digest, so there is one form."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@+-]{0,127}")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An intent to decide on, with the bytes that prove where it is from."""

    envelope: Envelope
    intent: Intent


@dataclass(frozen=True, slots=True)
class Refused:
    """A parcel that is not let in, and why."""

    code: str
    reason: str
    node: str
    """Who it says it is from; empty when that could not be read."""
    digest: str
    """SHA-256 of the parcel, in hex."""


def accept(
    parcel: bytes, nodes: Mapping[str, tuple[str, ...]], seen: Container[str], now: int
) -> Accepted | Refused:
    """Judge one parcel; pure.

    Args:
        parcel: an encoded `Envelope`.
        nodes: node name to its registered public keys in OpenSSH form, as in `Policy.nodes`.
        seen: ids of the intents let in before.
        now: UTC nanoseconds.
    """
    node = ""
    try:
        if len(parcel) > MAX_ENVELOPE:
            return _refused(parcel, "TOO_LARGE", f"{len(parcel)} bytes", node)
        envelope = decode(Envelope, parcel, place="envelope")
        node = envelope.node
        payload = envelope.payload.encode()
        if node not in nodes:
            return _refused(parcel, "NODE_UNKNOWN", "no such node in Authority", node)
        _check_signature(envelope, payload, nodes[node])
        if flag := _retired(payload):
            return _refused(parcel, "RETIRED_FLAG", flag, node)
        intent = decode(Intent, payload, place="intent")
    except VantaError as error:
        return _refused(parcel, error.code, error.message, node)
    except UnicodeError:
        return _refused(parcel, "MALFORMED_JSON", "a payload that is no text", node)
    refusal = _fault(intent, payload, seen, now)
    if refusal:
        return _refused(parcel, *refusal, node)
    return Accepted(envelope, intent)


def _check_signature(envelope: Envelope, payload: bytes, keys: tuple[str, ...]) -> None:
    signature = parse_armor(envelope.signature.encode())
    signer = verify(signature, payload, NAMESPACE)
    if signer.blob not in {_blob(key) for key in keys}:
        raise _not_its_key(envelope.node)


def _retired(payload: bytes) -> str:
    """Why an intent is refused that uses a name which meant something once; empty for none."""
    if not FLAGS:
        return ""
    try:
        named = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return ""  # what is wrong with it is said by who reads it
    for name in sorted(named.keys() & FLAGS.keys()):
        return f"{name} was retired in {FLAGS[name].since}: {FLAGS[name].instead}"
    return ""


@lru_cache(maxsize=256)
def _blob(key: str) -> bytes:
    return parse_public_key(key, place="Policy.nodes").blob


def _not_its_key(node: str) -> VantaError:
    return VantaError(
        f"signed with a key that is not registered for {node}",
        code="KEY_NOT_REGISTERED",
        remedy="register the node's key in Authority",
    )


def _fault(
    intent: Intent, payload: bytes, seen: Container[str], now: int
) -> tuple[str, str] | None:
    """Code and reason of what is wrong with a signed intent; None for nothing."""
    if encode(intent) != payload:
        # Its bytes are what a decision is replayed from; there is one way to write them.
        return "NOT_CANONICAL", "not written the one way an intent is written"
    if not _ID.fullmatch(intent.id):
        return "INTENT_ID", f"{intent.id[:64]!r} is not an intent's id"
    if intent.id in seen:
        return "DUPLICATE", f"{intent.id} was let in before"
    for name in ("vault", "symbol", "asset_class", "strategy", "conviction_id", "dag_id", "build"):
        if not _NAME.fullmatch(getattr(intent, name)):
            return "INTENT_FIELD", f"{name} is not a name"
    if not 0 <= intent.conviction <= PPM:
        return "INTENT_FIELD", f"conviction {intent.conviction} is outside 0 to {PPM} ppm"
    if intent.created > now + CLOCK_TOLERANCE:
        ahead = (intent.created - now) / SECOND
        return "FROM_FUTURE", f"made {ahead:.1f} s from now; check both nodes' clocks"
    if intent.expires <= now:
        return "EXPIRED", f"expired {(now - intent.expires) / SECOND:.1f} s ago"
    if intent.expires - intent.created > MAX_LIFE:
        return "LIFE", "valid for longer than an intent may be"
    return None


def _refused(parcel: bytes, code: str, reason: str, node: str) -> Refused:
    return Refused(code, reason[:500], node[:128], sha256(parcel).hexdigest())
