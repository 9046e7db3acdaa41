"""Keys of every kind SSH signs with, held in software, so that a test can sign anything with them.

    ada = ed25519("ada")
    ada.sign(payload)                                    # what `ssh-keygen -Y sign` would write
    ada.sign(payload, namespace="file", hash_name="sha256")
    touched = security_key("olga", "ed25519")            # a FIDO key: flags and counter
    touched.sign(payload, flags=0)                       # nobody touched it

Ed25519 and ECDSA keys follow from their names; RSA keys are made once per run.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypedDict

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from vanta.domain.errors import VantaError
from vanta.governance.keys import parse_public_key
from vanta.governance.ssh_wire import mpint, string
from vanta.governance.sshsig import armor

CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
TOUCHED = 0x01
VERIFIED = 0x04

Raw = Callable[[bytes], bytes]
"""From what is to be signed to the algorithm's own bytes."""


class Options(TypedDict, total=False):
    """What `Signer.sign` may be told."""

    namespace: str
    hash_name: str
    flags: int
    counter: int


@dataclass(frozen=True)
class Signer:
    """Somebody with one key.

    Attributes:
        name: also the e-mail address, `name@example.org`.
        blob: the public key in SSH wire encoding.
        algorithm: the name its signatures carry.
        raw: makes the algorithm's own signature bytes.
        application: for a FIDO key, what it is bound to; empty for others.
        whole: `raw` makes everything after the algorithm's name.
        authority: for a certificate, the key that vouches for it.
    """

    name: str
    blob: bytes
    algorithm: str
    raw: Raw
    application: bytes = b""
    whole: bool = False
    authority: bytes = b""

    @property
    def acceptable(self) -> bool:
        """Whether an authority may list the key."""
        try:
            parse_public_key(self.openssh)
        except VantaError:
            return False
        return True

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def identity(self) -> str:
        """As in a commit's committer line."""
        return f"{self.name.title()} <{self.email}>"

    @property
    def openssh(self) -> str:
        """The public key as one line."""
        return _line(self.blob)

    @property
    def allowed(self) -> str:
        """As `allowed_signers` lets somebody sign commits."""
        if self.authority:
            return f'{self.email} cert-authority,namespaces="git" {_line(self.authority)}'
        return f'{self.email} namespaces="git" {self.openssh}'

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def sign(
        self,
        message: bytes,
        *,
        namespace: str = "git",
        hash_name: str = "sha512",
        flags: int = TOUCHED,
        counter: int = 7,
    ) -> bytes:
        """An armoured signature; flags and counter are a FIDO key's alone."""
        signed = to_be_signed(message, namespace=namespace, hash_name=hash_name)
        tail = b""
        if self.application:
            tail = bytes([flags]) + counter.to_bytes(4, "big")
            signed = (
                hashlib.sha256(self.application).digest() + tail + hashlib.sha256(signed).digest()
            )
        value = self.raw(signed) if self.whole else string(self.raw(signed)) + tail
        inner = string(self.algorithm.encode()) + value
        return armor(envelope(self.blob, inner, namespace=namespace, hash_name=hash_name))

    def using(self, algorithm: str, raw: Raw) -> "Signer":
        """The same key signing another way."""
        return replace(self, algorithm=algorithm, raw=raw)


def envelope(
    blob: bytes,
    inner: bytes,
    *,
    namespace: str = "git",
    hash_name: str = "sha512",
    reserved: bytes = b"",
    version: int = 1,
) -> bytes:
    """A signature blob around an algorithm's own signature."""
    parts = (blob, namespace.encode(), reserved, hash_name.encode(), inner)
    return b"SSHSIG" + version.to_bytes(4, "big") + b"".join(string(part) for part in parts)


def to_be_signed(message: bytes, *, namespace: str = "git", hash_name: str = "sha512") -> bytes:
    """What a key signs: never the message itself."""
    parts = (namespace.encode(), b"", hash_name.encode(), hashlib.new(hash_name, message).digest())
    return b"SSHSIG" + b"".join(string(part) for part in parts)


def ed25519(name: str) -> Signer:
    """Somebody with the key most people have."""
    private = _ed25519_private(name)
    kind = b"ssh-ed25519"
    blob = string(kind) + string(private.public_key().public_bytes_raw())
    return Signer(name, blob, kind.decode(), private.sign)


def ecdsa(name: str, curve: str) -> Signer:
    """Somebody with a NIST key."""
    private = _ecdsa_private(name, curve)
    kind = f"ecdsa-sha2-{curve}"
    blob = string(kind.encode()) + string(curve.encode()) + string(_point(private))
    return Signer(name, blob, kind, lambda signed: _pair(private, curve, signed))


def rsa_key(name: str, bits: int, algorithm: str = "rsa-sha2-512") -> Signer:
    """Somebody with an RSA key; `ssh-rsa` is the SHA-1 signature of old."""
    private = _rsa_private(name, bits)
    numbers = private.public_key().public_numbers()
    hash_algorithm: hashes.HashAlgorithm = {
        "rsa-sha2-512": hashes.SHA512(),
        "rsa-sha2-256": hashes.SHA256(),
        "ssh-rsa": hashes.SHA1(),  # noqa: S303 - what is to be refused
    }[algorithm]
    return Signer(
        name,
        string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n),
        algorithm,
        lambda signed: private.sign(signed, padding.PKCS1v15(), hash_algorithm),
    )


def security_key(name: str, kind: str, *, application: bytes = b"ssh:") -> Signer:
    """Somebody with a FIDO key, `ed25519` or `ecdsa`."""
    if kind == "ed25519":
        device = ed25519(name)
        algorithm = "sk-ssh-ed25519@openssh.com"
    else:
        device = ecdsa(name, "nistp256")
        algorithm = "sk-ecdsa-sha2-nistp256@openssh.com"
    # The same fields follow under another name, and what it is bound to after them.
    fields = device.blob[len(string(device.algorithm.encode())) :]
    blob = string(algorithm.encode()) + fields + string(application)
    return Signer(name, blob, algorithm, device.raw, application)


def webauthn(name: str, origin: str) -> Signer:
    """Somebody whose ECDSA security key is asked through a browser (PROTOCOL.u2f, webauthn)."""
    device = security_key(name, "ecdsa")
    device_key = ecdsa(name, "nistp256")

    def sign(message: bytes) -> bytes:
        """The whole inner signature: it holds what the browser made of the challenge."""
        challenge = base64.urlsafe_b64encode(message).decode().rstrip("=")
        client = json.dumps(
            {"type": "webauthn.get", "challenge": challenge, "origin": origin},
            separators=(",", ":"),
        ).encode()
        flags, counter = bytes([TOUCHED]), (7).to_bytes(4, "big")
        application = hashlib.sha256(device.application).digest()
        value = device_key.raw(application + flags + counter + hashlib.sha256(client).digest())
        tail = string(origin.encode()) + string(client) + string(b"")
        return string(value) + flags + counter + tail

    return Signer(name, device.blob, "webauthn-" + device.algorithm, sign, whole=True)


def certified(name: str) -> Signer:
    """Somebody whose key a certificate authority vouches for; the authority is `ca@name`."""
    who, issuer = ed25519(name), ed25519(f"ca@{name}")
    kind = b"ssh-ed25519-cert-v01@openssh.com"
    body = b"".join(
        (
            string(kind),
            string(b"n" * 32),
            who.blob[len(string(b"ssh-ed25519")) :],
            (1).to_bytes(8, "big"),
            (1).to_bytes(4, "big"),
            string(b"id"),
            string(string(who.email.encode())),
            (0).to_bytes(8, "big"),
            (2**64 - 1).to_bytes(8, "big"),
            *(string(b""), string(b""), string(b""), string(issuer.blob)),
        )
    )
    seal = string(string(b"ssh-ed25519") + string(issuer.raw(body)))
    return replace(who, blob=body + seal, authority=issuer.blob)


def private_file(name: str) -> bytes:
    """The private key of `ed25519(name)` as a file `ssh-keygen` accepts."""
    return _ed25519_private(name).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )


def _line(blob: bytes) -> str:
    size = int.from_bytes(blob[:4], "big")
    return f"{blob[4 : 4 + size].decode()} {base64.b64encode(blob).decode()}"


def _ed25519_private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def _rsa_private(_name: str, bits: int) -> rsa.RSAPrivateKey:
    """The same one whenever this run asks for that name."""
    return rsa.generate_private_key(65537, bits)


def _ecdsa_private(name: str, curve: str) -> ec.EllipticCurvePrivateKey:
    secret = int.from_bytes(hashlib.sha256(f"{name} {curve}".encode()).digest(), "big")
    return ec.derive_private_key(secret >> 1, CURVES[curve][0])


def _point(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _pair(private: ec.EllipticCurvePrivateKey, curve: str, signed: bytes) -> bytes:
    first, second = decode_dss_signature(private.sign(signed, ec.ECDSA(CURVES[curve][1])))
    return mpint(first) + mpint(second)
