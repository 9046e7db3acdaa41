"""SSH signatures (PROTOCOL.sshsig), verified and made without a subprocess.

What holds after `verify` returns: the armour was the only thing in its bytes, the namespace is
the caller's, the hash is SHA-256 or SHA-512, the algorithm is one its key type may use today,
and, for a FIDO key, somebody touched it. Whose key it is, is for the authority to say.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from vanta.domain.errors import MalformedError, RefusedError
from vanta.governance.keys import PublicKey, public_key_of
from vanta.governance.ssh_wire import Wire, string

GIT_NAMESPACE = "git"
"""What `git commit -S` signs under."""

MAX_ARMOR = 8192
_MAGIC = b"SSHSIG"
_VERSION = 1
_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_END = b"\n-----END SSH SIGNATURE-----"
_LINE = 70
_ARMOR = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\n"
    rb"((?:[A-Za-z0-9+/]{1,76}\n)*[A-Za-z0-9+/]{1,76}={0,2})"
    rb"\n-----END SSH SIGNATURE-----\n?"
)
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_ED25519_BYTES = 64
_USER_PRESENT = 0x01
_ALGORITHMS: dict[str, tuple[str, ...]] = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""Signature algorithms a key type may use, where they are not the type's own name."""
_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    "rsa-sha2-256": hashes.SHA256(),
    "rsa-sha2-512": hashes.SHA512(),
}
_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """What an armoured signature says of itself; nothing of it is verified yet.

    Attributes:
        public_key: the key it claims to be made with.
        namespace: what it was made for, such as `git`.
        hash_algorithm: `sha256` or `sha512`, over the message.
        algorithm: signature algorithm, such as `ssh-ed25519` or `rsa-sha2-512`.
        value: the algorithm's own signature bytes; FIDO flags and counter included.
    """

    public_key: PublicKey
    namespace: str
    hash_algorithm: str
    algorithm: str
    value: bytes


def parse_armor(armor: bytes) -> Signature:
    """Read exactly one armoured signature and nothing else.

    Raises:
        MalformedError: codes `MALFORMED_SIGNATURE`, `MALFORMED_KEY`.
        RefusedError: codes `WRONG_HASH`, `WEAK_KEY`, `UNSUPPORTED_KEY`, and `FOREIGN_SIGNATURE`
            for the armour of another kind of signature (PGP, X.509).
    """
    if len(armor) > MAX_ARMOR:
        raise _malformed(f"larger than {MAX_ARMOR} bytes")
    match = _ARMOR.fullmatch(armor)
    if match is None:
        if armor.startswith(b"-----BEGIN ") and not armor.startswith(_BEGIN.rstrip()):
            raise RefusedError(
                "signed, but not with an SSH key",
                code="FOREIGN_SIGNATURE",
                remedy="git config gpg.format ssh, and sign again",
            )
        raise _malformed("not one SSH signature block")
    encoded = match.group(1).replace(b"\n", b"")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed("not base64") from error
    if base64.b64encode(blob) != encoded:
        raise _malformed("its base64 is not canonical")
    return _parse_blob(blob)


def _parse_blob(blob: bytes) -> Signature:
    wire = Wire(blob, code="MALFORMED_SIGNATURE")
    if wire.take(len(_MAGIC)) != _MAGIC or wire.uint32() != _VERSION:
        raise wire.malformed("not an SSH signature of version 1")
    public_key = PublicKey.from_blob(wire.string())
    namespace = wire.text()
    if not namespace:
        raise wire.malformed("the namespace is empty")
    if wire.string():
        raise wire.malformed("the reserved field is not empty")
    hash_algorithm = wire.text()
    inner = Wire(wire.string(), code="MALFORMED_SIGNATURE")
    wire.end()
    if hash_algorithm not in _HASHES:
        raise _wrong_hash(hash_algorithm)
    algorithm = inner.text()
    value = inner.string()
    if public_key.material.application:
        value += inner.take(5)
    inner.end()
    return Signature(public_key, namespace, hash_algorithm, algorithm, value)


def verify(signature: Signature, message: bytes, namespace: str) -> PublicKey:
    """The key that signed `message` for `namespace`; it raises what `verify_digest` does."""
    return verify_digest(signature, _HASHES[signature.hash_algorithm](message).digest(), namespace)


def verify_digest(signature: Signature, digest: bytes, namespace: str) -> PublicKey:
    """The key that signed a message for `namespace`, by its digest alone.

    Args:
        signature: as `parse_armor` read it.
        digest: of the message, by the signature's own `hash_algorithm`.
        namespace: what it must be made for.

    Raises:
        RefusedError: codes `BAD_SIGNATURE`, `WRONG_NAMESPACE`, `WRONG_HASH` (SHA-1 of old RSA
            signatures), `KEY_MISMATCH` (an algorithm its key cannot have used),
            `MALFORMED_SIGNATURE`, `USER_ABSENT` (a FIDO key nobody touched).
    """
    key = signature.public_key
    if signature.namespace != namespace:
        raise RefusedError(
            f"signed for {signature.namespace[:64]!r}, not for {namespace!r}",
            code="WRONG_NAMESPACE",
        )
    if signature.algorithm not in _ALGORITHMS.get(key.kind, (key.kind,)):
        if signature.algorithm == "ssh-rsa":
            raise _wrong_hash("SHA-1")
        raise RefusedError(
            f"a {signature.algorithm[:64]!r} signature under a {key.kind} key", code="KEY_MISMATCH"
        )
    signed = _signed_data(digest, namespace, signature.hash_algorithm)
    try:
        _check(signature, signed)
    except InvalidSignature as error:
        raise RefusedError(
            f"the signature is not {key.fingerprint}'s over these bytes", code="BAD_SIGNATURE"
        ) from error
    except MalformedError as error:
        raise RefusedError(error.message, code=error.code) from error
    return key


def sign(private_key: Ed25519PrivateKey, message: bytes, namespace: str) -> bytes:
    """Sign `message` for `namespace`; the armour is byte for byte what `ssh-keygen -Y sign` writes.

    Ed25519 is deterministic: equal inputs give equal bytes.
    """
    public_key = public_key_of(private_key)
    digest = _HASHES["sha512"](message).digest()
    value = private_key.sign(_signed_data(digest, namespace, "sha512"))
    blob = b"".join(
        (
            _MAGIC,
            _VERSION.to_bytes(4, "big"),
            string(public_key.blob),
            string(namespace.encode("ascii")),
            string(b""),
            string(b"sha512"),
            string(string(public_key.kind.encode("ascii")) + string(value)),
        )
    )
    return armor(blob)


def armor(blob: bytes) -> bytes:
    """A signature blob as text, in lines of 70."""
    encoded = base64.b64encode(blob)
    lines = [encoded[at : at + _LINE] for at in range(0, len(encoded), _LINE)]
    return _BEGIN + b"\n".join(lines) + _END + b"\n"


def _signed_data(digest: bytes, namespace: str, hash_algorithm: str) -> bytes:
    return b"".join(
        (
            _MAGIC,
            string(namespace.encode("ascii")),
            string(b""),
            string(hash_algorithm.encode("ascii")),
            string(digest),
        )
    )


def _check(signature: Signature, signed: bytes) -> None:
    """Return if the signature holds; `InvalidSignature` or `MalformedError` if not."""
    material = signature.public_key.material
    value = signature.value
    if material.application:
        value, flags, counter = value[:-5], value[-5:-4], value[-4:]
        if not flags[0] & _USER_PRESENT:
            raise RefusedError("the security key signed without a touch", code="USER_ABSENT")
        application = hashlib.sha256(material.application).digest()
        signed = application + flags + counter + hashlib.sha256(signed).digest()
    key = material.key
    if isinstance(key, rsa.RSAPublicKey):
        if len(value) != (key.key_size + 7) // 8:
            raise _malformed("an RSA signature is as long as its key")
        key.verify(value, signed, padding.PKCS1v15(), _RSA_HASHES[signature.algorithm])
    elif isinstance(key, ec.EllipticCurvePublicKey):
        wire = Wire(value, code="MALFORMED_SIGNATURE")
        pair = encode_dss_signature(wire.positive(), wire.positive())
        wire.end()
        key.verify(pair, signed, ec.ECDSA(_CURVE_HASHES[key.curve.name]))
    else:
        if len(value) != _ED25519_BYTES:
            raise _malformed("an Ed25519 signature has 64 bytes")
        key.verify(value, signed)


def _malformed(message: str) -> MalformedError:
    return MalformedError(message, code="MALFORMED_SIGNATURE")


def _wrong_hash(name: str) -> RefusedError:
    return RefusedError(
        f"the signature hashes with {name[:32]!r}",
        code="WRONG_HASH",
        remedy="sign with SHA-512: a current ssh-keygen does",
    )
