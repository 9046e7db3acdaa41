"""Fuzz target: armoured SSH signatures, the blobs inside them, and public keys."""

import base64
from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fuzz.attempts import attempt, twice
from tests.governance.simulator import person
from vanta.domain.errors import VantaError
from vanta.governance.keys import PublicKey, parse_public_key
from vanta.governance.ssh_wire import string
from vanta.governance.sshsig import GIT_NAMESPACE, Signature, armor, parse_armor, sign, verify

TOKENS = (
    *(b"SSHSIG\0\0\0\1", b"\0\0\0\3git", b"\0\0\0\0", b"\0\0\0\6sha512", b"\0\0\0\6sha256"),
    *(b"\0\0\0\x0bssh-ed25519", b"\0\0\0\7ssh-rsa", b"\0\0\0\x13ecdsa-sha2-nistp256"),
    *(b"\0\0\0\x08nistp256", b"\0\0\0\x1ask-ssh-ed25519@openssh.com", b"\0\0\0\4ssh:", b"\0\0\0 "),
    *(b"\0\0\0\x22sk-ecdsa-sha2-nistp256@openssh.com", b"\0\0\0\x0crsa-sha2-512", b"\0\0\0@"),
    *(b"-----BEGIN SSH SIGNATURE-----\n", b"\n-----END SSH SIGNATURE-----", b"ssh-ed25519 AAAA"),
)
MESSAGE = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
"""The one message the seeds' keys have signed."""


@cache
def ours() -> bytes:
    """The signature of a key whose private half no input can hold."""
    return sign(person("fuzz").private_key, MESSAGE, GIT_NAMESPACE)


def one_input(data: bytes) -> None:
    """Read it as armour, as what armour holds, as a key's bytes and as a line of a `.pub` file."""
    for text in (data, armor(data)):
        signature = twice(parse_armor, text)
        if isinstance(signature, Signature):
            _check_signature(signature, text)
    key = twice(PublicKey.from_blob, data)
    if isinstance(key, PublicKey):
        assert attempt(parse_public_key, key.openssh) == key
        assert _key_blob(key) == data
    line = data.decode("latin-1")
    key = twice(parse_public_key, line, place="here")
    if isinstance(key, PublicKey):
        assert line == key.openssh or line.startswith(f"{key.openssh} ")
        assert key.blob.startswith(len(key.kind).to_bytes(4, "big") + key.kind.encode())


def _check_signature(signature: Signature, text: bytes) -> None:
    assert signature.hash_algorithm in {"sha256", "sha512"}
    assert signature.namespace
    # One spelling only: nobody can make another signature of this one by rewriting it.
    assert base64.b64encode(_blob(signature)) == b"".join(text.splitlines()[1:-1])
    signer = attempt(verify, signature, MESSAGE, GIT_NAMESPACE)
    if not isinstance(signer, VantaError):
        assert signer == signature.public_key
        for message, namespace in (
            (MESSAGE + b"x", "git"),
            (MESSAGE[:-1], "git"),
            (MESSAGE, "file"),
        ):
            assert isinstance(attempt(verify, signature, message, namespace), VantaError)
    if signature.public_key == person("fuzz").key and not isinstance(signer, VantaError):
        assert signature == parse_armor(ours())


def _key_blob(key: PublicKey) -> bytes:
    """The only bytes of this key, by another encoder than ours."""
    text = key.material.key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    plain = base64.b64decode(text.split()[1])
    if not key.material.application:
        return plain
    kind = int.from_bytes(plain[:4], "big")
    return string(key.kind.encode()) + plain[4 + kind :] + string(key.material.application)


def _blob(signature: Signature) -> bytes:
    """The bytes that say what the parsed signature says."""
    cut = len(signature.value) - (5 if signature.public_key.material.application else 0)
    inner = string(signature.algorithm.encode()) + string(signature.value[:cut])
    fields = (
        signature.public_key.blob,
        signature.namespace.encode(),
        b"",
        signature.hash_algorithm.encode(),
        inner + signature.value[cut:],
    )
    return b"SSHSIG\0\0\0\1" + b"".join(string(field) for field in fields)
