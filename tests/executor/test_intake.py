"""Intake: what a registered node signed, whole, valid and new; nothing else."""

from collections.abc import Container, Mapping
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.executor.building import KEY, NODE, NOW, envelope, intent, policy
from vanta.domain.encoding import encode
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Envelope, Intent
from vanta.executor.intake import MAX_ENVELOPE, MAX_LIFE, Accepted, Refused, accept
from vanta.governance.keys import public_key_of
from vanta.governance.sshsig import sign

NODES = policy().nodes
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


def judged(
    parcel: bytes,
    *,
    nodes: Mapping[str, tuple[str, ...]] = NODES,
    seen: Container[str] = (),
    now: int = NOW,
) -> Accepted | Refused:
    return accept(parcel, nodes, seen, now)


def code(
    parcel: bytes,
    *,
    nodes: Mapping[str, tuple[str, ...]] = NODES,
    seen: Container[str] = (),
) -> str:
    found = judged(parcel, nodes=nodes, seen=seen)
    assert isinstance(found, Refused), found
    assert found.reason
    return found.code


def sealed(payload: bytes, *, namespace: str = "vanta-intent", node: str = NODE) -> bytes:
    signature = sign(KEY, payload, namespace).decode()
    return encode(Envelope(payload.decode(), signature, node))


def test_a_signed_intent_of_a_registered_node_is_let_in() -> None:
    wanted = intent()
    parcel = envelope(wanted)
    found = judged(parcel)
    assert isinstance(found, Accepted)
    assert found.intent == wanted
    assert encode(found.envelope) == parcel
    assert found.envelope.payload == encode(wanted).decode()


def test_an_id_is_let_in_once() -> None:
    wanted = intent()
    assert code(envelope(wanted), seen={wanted.id}) == "DUPLICATE"


def test_a_node_that_is_not_registered_is_refused() -> None:
    assert code(envelope(intent()), nodes={}) == "NODE_UNKNOWN"
    assert code(envelope(intent(), node="alpha-1")) == "NODE_UNKNOWN"


def test_a_key_of_another_node_is_refused() -> None:
    assert code(envelope(intent(), key=STRANGER)) == "KEY_NOT_REGISTERED"
    others = {NODE: policy().nodes[NODE], "other": ()}
    assert code(envelope(intent(), node="other"), nodes=others) == "KEY_NOT_REGISTERED"


def test_an_old_key_that_is_still_registered_is_taken() -> None:
    both = {NODE: (public_key_of(STRANGER).openssh, *NODES[NODE])}
    for key in (KEY, STRANGER):
        assert isinstance(judged(envelope(intent(), key=key), nodes=both), Accepted)


def test_a_signature_for_something_else_is_refused() -> None:
    assert code(sealed(encode(intent()), namespace="git")) == "WRONG_NAMESPACE"


def test_one_changed_byte_is_refused() -> None:
    wanted = intent()
    sent = msgspec.json.decode(envelope(wanted), type=Envelope)
    larger = sent.payload.replace('"conviction":800000', '"conviction":900000')
    assert larger != sent.payload
    assert code(encode(msgspec.structs.replace(sent, payload=larger))) == "BAD_SIGNATURE"


def test_another_way_to_write_the_same_intent_is_refused() -> None:
    wanted = intent()
    assert code(sealed(msgspec.json.format(encode(wanted)))) == "NOT_CANONICAL"
    doubled = encode(wanted).replace(b'{"id"', b'{"id":"x_00000000","id"', 1)
    assert code(sealed(doubled)) == "NOT_CANONICAL"


@pytest.mark.parametrize(
    "parcel",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"payload":"","signature":"","node":"","more":1}',
        b'{"payload":1,"signature":"","node":""}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_envelope_is_refused(parcel: bytes) -> None:
    assert code(parcel) == "MALFORMED_JSON"


def test_what_is_no_intent_is_refused_even_signed() -> None:
    assert code(sealed(b"{}")) == "MALFORMED_JSON"
    extra = encode(intent())[:-1] + b',"quantity":1}'
    assert code(sealed(extra)) == "MALFORMED_JSON"
    floating = encode(intent()).replace(b'"conviction":800000', b'"conviction":8e5')
    assert code(sealed(floating)) in {"MALFORMED_JSON", "NOT_CANONICAL"}


def test_a_large_parcel_is_refused_unread() -> None:
    assert code(b" " * (MAX_ENVELOPE + 1)) == "TOO_LARGE"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"created": NOW + 5 * SECOND + 1}, "FROM_FUTURE"),
        ({"expires": NOW}, "EXPIRED"),
        ({"expires": NOW + MAX_LIFE + 1, "created": NOW}, "LIFE"),
        ({"conviction": 1_000_001}, "INTENT_FIELD"),
        ({"conviction": -1}, "INTENT_FIELD"),
        ({"symbol": ""}, "INTENT_FIELD"),
        ({"vault": "a\nb"}, "INTENT_FIELD"),
        ({"strategy": "x" * 200}, "INTENT_FIELD"),
        ({"id": "no"}, "INTENT_ID"),
        ({"id": "intent_../../etc"}, "INTENT_ID"),
    ],
)
def test_a_signed_intent_has_its_bounds(changes: dict[str, Any], wanted: str) -> None:
    assert code(envelope(intent(**changes))) == wanted


def test_it_is_let_in_up_to_its_limits() -> None:
    ahead = intent(created=NOW + 5 * SECOND, expires=NOW + DAY)
    assert isinstance(judged(envelope(ahead)), Accepted)
    last = intent(created=NOW - 600 * SECOND, expires=NOW + 1)
    assert isinstance(judged(envelope(last)), Accepted)


def test_every_refusal_names_the_parcel() -> None:
    found = judged(b"junk")
    assert isinstance(found, Refused)
    assert found.digest == sha256(b"junk").hexdigest()
    named = judged(envelope(intent(), node="x" * 1000))
    assert isinstance(named, Refused)
    assert named.node == "x" * 128


def test_an_intent_survives_its_envelope() -> None:
    wanted = intent("BTC-USD", flip=True, side="sell", reducing=True)
    found = judged(envelope(wanted))
    assert isinstance(found, Accepted)
    assert msgspec.json.decode(found.envelope.payload, type=Intent) == wanted
