"""SSH keys: the public keys people and nodes are known by, and a node's own private key."""

import base64
import binascii
import hashlib
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.governance.ssh_wire import Wire, string

VerifyingKey = Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

CURVES: dict[str, ec.EllipticCurve] = {
    "nistp256": ec.SECP256R1(),
    "nistp384": ec.SECP384R1(),
    "nistp521": ec.SECP521R1(),
}
_SECURITY_KEYS = frozenset({"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"})
KINDS = frozenset(
    {"ssh-ed25519", "ssh-rsa", *(f"ecdsa-sha2-{curve}" for curve in CURVES)} | _SECURITY_KEYS
)

MAX_KEY_BYTES = 4096
MAX_LINE = 8192
MIN_RSA_BITS = 3072
MAX_RSA_BITS = 8192
"""Above this one verification costs milliseconds, and a pushed commit chooses the key."""
_MIN_RSA_EXPONENT = 65537
_MAX_RSA_EXPONENT = 2**32

_P = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            "little",
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            "little",
        ),
    }
)
"""The y coordinates of Curve25519's eight points of small order: under such a "key" one
signature holds for many messages, so a signature would name nothing."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a public key verifies with.

    Attributes:
        key: the key in `cryptography`'s terms.
        application: for a FIDO security key, the origin its signatures are bound to; else empty.
    """

    key: VerifyingKey
    application: bytes


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One SSH public key; no instance exists whose bytes are not a sound key of `kind`.

    Attributes:
        kind: SSH key type, such as `ssh-ed25519`.
        blob: the key in SSH wire encoding, type included.
    """

    kind: str
    blob: bytes

    def __post_init__(self) -> None:
        if _read(self.blob)[0] != self.kind:
            raise MalformedError(f"the key's bytes are not {self.kind}", code="MALFORMED_KEY")

    @classmethod
    def from_blob(cls, blob: bytes) -> "PublicKey":
        """The key in these wire bytes; `MalformedError` or `RefusedError` if it is not sound."""
        return cls(_read(blob)[0], blob)

    @property
    def material(self) -> Material:
        """What to verify signatures of this key with."""
        return _read(self.blob)[1]

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")

    @property
    def openssh(self) -> str:
        """The key as one line of text without a comment: `ssh-ed25519 AAAA...`."""
        return f"{self.kind} {base64.b64encode(self.blob).decode('ascii')}"

    @property
    def hardware(self) -> bool:
        """Whether it lies in a security key, which somebody touches for each signature."""
        return self.kind.startswith("sk-")


def public_key_of(private_key: Ed25519PrivateKey) -> PublicKey:
    """The public half of a node's or person's Ed25519 key."""
    raw = private_key.public_key().public_bytes_raw()
    return PublicKey("ssh-ed25519", string(b"ssh-ed25519") + string(raw))


def parse_public_key(text: str, *, place: str = "") -> PublicKey:
    """Read one line as found in a `.pub` file: `kind base64 [comment]`.

    Raises:
        MalformedError: code `MALFORMED_KEY`: not such a line, or the bytes are not a key.
        RefusedError: code `WEAK_KEY` or `UNSUPPORTED_KEY`: a key that must not be relied on.
    """
    kind, _, rest = text.partition(" ")
    encoded, _, comment = rest.partition(" ")
    try:
        if len(text) > MAX_LINE or not encoded or not comment.isprintable():
            raise MalformedError("not a line `kind base64 [comment]`", code="MALFORMED_KEY")
        if kind not in KINDS:
            raise _unsupported(f"{kind[:64]!r} keys are not accepted")
        try:
            blob = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise MalformedError("the key is not base64", code="MALFORMED_KEY") from error
        if base64.b64encode(blob).decode("ascii") != encoded:
            raise MalformedError("the key's base64 is not canonical", code="MALFORMED_KEY")
        return PublicKey(kind, blob)
    except VantaError as error:
        remedy = error.remedy or "paste the whole line of the .pub file"
        raise type(error)(error.message, code=error.code, place=place, remedy=remedy) from error


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read an OpenSSH Ed25519 private key that nobody but its owner can read.

    Raises:
        UnavailableError: code `KEY_MISSING`: no such file, or it cannot be opened.
        RefusedError: codes `KEY_EXPOSED` (others can read it), `KEY_ENCRYPTED`,
            `UNSUPPORTED_KEY`.
        MalformedError: code `MALFORMED_KEY`.
    """
    place = str(path)
    try:
        # Non-blocking, so that a FIFO in the key's place cannot hang the caller.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnavailableError(
            f"the private key cannot be opened ({error.strerror})", code="KEY_MISSING", place=place
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MalformedError("not a regular file", code="MALFORMED_KEY", place=place)
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise RefusedError(
                "the private key can be read by others",
                code="KEY_EXPOSED",
                place=place,
                remedy=f"chmod 600 {path}",
            )
        data = file.read(MAX_LINE + 1)
    if len(data) > MAX_LINE:
        raise MalformedError("too large for a private key", code="MALFORMED_KEY", place=place)
    return _private_key(data, place)


def generate_key(path: Path, comment: str) -> PublicKey:
    """Make an Ed25519 key: `path` (mode 0600, OpenSSH format) and `path.pub`; never overwrites.

    Raises:
        RefusedError: code `KEY_EXISTS`, or `BAD_COMMENT` when the comment is not one line.
        UnavailableError: code `KEY_UNWRITABLE`; nothing is left behind.
    """
    public_path = path.with_name(path.name + ".pub")
    if not comment.isprintable() or len(comment) > 255:  # noqa: PLR2004 - one line of a .pub file
        raise RefusedError("a key's comment is one printable line", code="BAD_COMMENT")
    private = Ed25519PrivateKey.generate()
    public = public_key_of(private)
    text = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    line = " ".join(part for part in (public.openssh, comment) if part) + "\n"
    if public_path.exists():
        raise _exists(public_path)
    try:
        _write_new(path, text, 0o600)
        try:
            _write_new(public_path, line.encode(), 0o644)
        except (OSError, VantaError):
            path.unlink()
            raise
    except OSError as error:
        raise UnavailableError(
            f"the key cannot be written ({error.strerror})", code="KEY_UNWRITABLE", place=str(path)
        ) from error
    return public


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Put a complete, synced file at `path`, or fail because something is there already."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        # A link, unlike a rename, fails when the name is taken.
        os.link(draft, path)
    except FileExistsError as error:
        raise _exists(path) from error
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _exists(path: Path) -> RefusedError:
    return RefusedError(
        "a key is there already",
        code="KEY_EXISTS",
        place=str(path),
        remedy="choose another path, or move the old key away",
    )


def _private_key(data: bytes, place: str) -> Ed25519PrivateKey:
    encrypted = RefusedError(
        "the private key needs a passphrase, and a service has nobody to ask",
        code="KEY_ENCRYPTED",
        place=place,
        remedy="make a key without one: ssh-keygen -t ed25519 -N ''",
    )
    try:
        key = serialization.load_ssh_private_key(data, None)
    except TypeError as error:
        raise encrypted from error
    except UnsupportedAlgorithm as error:
        raise _unsupported("not an Ed25519 private key", place) from error
    except ValueError as error:
        raise MalformedError(
            "not an OpenSSH private key",
            code="MALFORMED_KEY",
            place=place,
            remedy="make one with: ssh-keygen -t ed25519 -N ''",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unsupported("not an Ed25519 private key", place)
    return key


def _unsupported(message: str, place: str = "") -> RefusedError:
    return RefusedError(
        message,
        code="UNSUPPORTED_KEY",
        place=place,
        remedy="use an Ed25519 key: ssh-keygen -t ed25519",
    )


def _weak(message: str) -> RefusedError:
    return RefusedError(
        message, code="WEAK_KEY", remedy="use an Ed25519 key: ssh-keygen -t ed25519"
    )


@lru_cache(maxsize=4096)
def _read(blob: bytes) -> tuple[str, Material]:
    """The kind and verifying key of a wire blob; the same few keys sign thousands of commits."""
    if len(blob) > MAX_KEY_BYTES:
        raise MalformedError("too large for a key", code="MALFORMED_KEY")
    wire = Wire(blob, code="MALFORMED_KEY")
    kind = wire.text()
    if kind not in KINDS:
        raise _unsupported(f"{kind[:64]!r} keys are not accepted")
    key: VerifyingKey
    if kind == "ssh-rsa":
        key = _rsa(wire)
    elif "ecdsa" in kind:
        key = _ecdsa(wire, kind)
    else:
        key = _ed25519(wire)
    application = b""
    if kind in _SECURITY_KEYS:
        application = wire.string()
        # Other origins are web sites: a key a browser can be made to sign with.
        if not application.startswith(b"ssh:"):
            raise _unsupported("a security key that is not bound to SSH")
    wire.end()
    return kind, Material(key, application)


def _ed25519(wire: Wire) -> Ed25519PublicKey:
    raw = wire.string()
    if len(raw) != 32:  # noqa: PLR2004 - RFC 8032
        raise wire.malformed("an Ed25519 key has 32 bytes")
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P:
        raise wire.malformed("the Ed25519 point is not in its canonical encoding")
    if y in _SMALL_ORDER_Y:
        raise _weak("an Ed25519 point of small order, under which signatures can be made up")
    return Ed25519PublicKey.from_public_bytes(raw)


def _ecdsa(wire: Wire, kind: str) -> ec.EllipticCurvePublicKey:
    curve = wire.text()
    if curve not in CURVES or f"ecdsa-sha2-{curve}" not in kind:
        raise wire.malformed(f"the curve {curve[:32]!r} is not that of {kind}")
    point = wire.string()
    if point[:1] != b"\x04":
        raise wire.malformed("the ECDSA point is not in its uncompressed encoding")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve], point)
    except ValueError as error:
        raise wire.malformed("the ECDSA point is not on its curve") from error


def _rsa(wire: Wire) -> rsa.RSAPublicKey:
    exponent = wire.positive()
    modulus = wire.positive()
    bits = modulus.bit_length()
    if bits < MIN_RSA_BITS:
        raise _weak(f"an RSA key of {bits} bits; at least {MIN_RSA_BITS} are needed")
    if bits > MAX_RSA_BITS:
        raise _unsupported(f"an RSA key of {bits} bits; at most {MAX_RSA_BITS} are accepted")
    if not _MIN_RSA_EXPONENT <= exponent < _MAX_RSA_EXPONENT or not exponent & modulus & 1:
        raise _weak("an RSA key whose exponent or modulus is not sound")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()
