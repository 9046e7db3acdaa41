"""SSH signatures: the same verdict as `ssh-keygen`, and stricter where it is lenient."""

import base64
import contextlib
import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from tests.governance.simulator import person
from vanta.domain.errors import RefusedError, VantaError
from vanta.governance.keys import PublicKey, parse_public_key
from vanta.governance.ssh_wire import mpint, string
from vanta.governance.sshsig import MAX_ARMOR, armor, parse_armor, sign, verify

ADA = person("ada")
MESSAGE = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
FLAGS_TOUCHED = b"\x01"


def keygen(*arguments: str, message: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["ssh-keygen", *arguments],
        input=message,
        capture_output=True,
        check=False,
    )


def keygen_accepts(
    folder: Path, key: PublicKey, signature: bytes, message: bytes, namespace: str
) -> bool:
    """What `ssh-keygen -Y verify` says of a signature under one allowed key."""
    (folder / "allowed").write_text(f"ada {key.openssh}\n")
    (folder / "signature").write_bytes(signature)
    done = keygen(
        *("-Y", "verify", "-f", str(folder / "allowed"), "-I", "ada", "-n", namespace),
        *("-s", str(folder / "signature")),
        message=message,
    )
    return done.returncode == 0


def accepts(signature: bytes, message: bytes = MESSAGE, namespace: str = "git") -> bool:
    try:
        verify(parse_armor(signature), message, namespace)
    except VantaError:
        return False
    return True


def code_of(signature: bytes, message: bytes = MESSAGE, namespace: str = "git") -> str:
    with pytest.raises(VantaError) as caught:
        verify(parse_armor(signature), message, namespace)
    return caught.value.code


def blob(
    key: bytes,
    inner: bytes,
    *,
    namespace: bytes = b"git",
    reserved: bytes = b"",
    hash_name: bytes = b"sha512",
    version: int = 1,
) -> bytes:
    """A signature blob with every field in the test's hand."""
    parts = (key, namespace, reserved, hash_name, inner)
    return b"SSHSIG" + version.to_bytes(4, "big") + b"".join(string(part) for part in parts)


def to_be_signed(
    message: bytes = MESSAGE, namespace: bytes = b"git", hash_name: str = "sha512"
) -> bytes:
    digest = hashlib.new(hash_name, message).digest()
    parts = (namespace, b"", hash_name.encode(), digest)
    return b"SSHSIG" + b"".join(string(part) for part in parts)


def wire_key(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> PublicKey:
    text = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return parse_public_key(text.decode())


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


class TestAgainstSshKeygen:
    @pytest.mark.parametrize(
        ("kind", "bits", "hash_name"),
        [
            ("ed25519", "256", "sha512"),
            ("ed25519", "256", "sha256"),
            ("ecdsa", "256", "sha512"),
            ("ecdsa", "384", "sha256"),
            ("ecdsa", "521", "sha512"),
            ("rsa", "3072", "sha512"),
        ],
    )
    def test_its_signatures_verify_here(
        self, tmp_path: Path, kind: str, bits: str, hash_name: str
    ) -> None:
        path = tmp_path / "key"
        made = keygen("-q", "-t", kind, "-b", bits, "-N", "", "-f", str(path))
        assert made.returncode == 0
        key = parse_public_key(path.with_suffix(".pub").read_text().strip())
        for attempt in range(8):
            message = MESSAGE * attempt
            signature = keygen(
                *("-Y", "sign", "-f", str(path), "-n", "git", "-O", f"hashalg={hash_name}"),
                message=message,
            ).stdout

            assert verify(parse_armor(signature), message, "git") == key
            assert parse_armor(signature).hash_algorithm == hash_name
            assert code_of(signature, message + b"x") == "BAD_SIGNATURE"
            assert code_of(signature, message, "file") == "WRONG_NAMESPACE"

    @pytest.mark.parametrize("size", [0, 1, 4096])
    def test_ours_are_its_own_byte_for_byte(self, tmp_path: Path, size: int) -> None:
        path = tmp_path / "key"
        path.write_bytes(
            ADA.private_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
        )
        path.chmod(0o600)
        message = b"x" * size

        ours = sign(ADA.private_key, message, "git")

        theirs = keygen("-Y", "sign", "-f", str(path), "-n", "git", message=message).stdout
        assert ours == theirs
        assert keygen_accepts(tmp_path, ADA.key, ours, message, "git")
        assert not keygen_accepts(tmp_path, ADA.key, ours, message, "file")
        assert accepts(ours, message)

    @pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512"])
    def test_both_rsa_hashes_are_accepted_by_both(
        self, tmp_path: Path, rsa_key: rsa.RSAPrivateKey, algorithm: str
    ) -> None:
        chosen = hashes.SHA256() if algorithm.endswith("256") else hashes.SHA512()
        value = rsa_key.sign(to_be_signed(), padding.PKCS1v15(), chosen)
        key = wire_key(rsa_key.public_key())
        signature = armor(blob(key.blob, string(algorithm.encode()) + string(value)))

        assert keygen_accepts(tmp_path, key, signature, MESSAGE, "git")
        assert verify(parse_armor(signature), MESSAGE, "git") == key


class TestSecurityKeys:
    """FIDO keys, whose signatures cover an application, flags and a counter as well."""

    APPLICATION = b"ssh:"

    def signed_by_device(self, flags: bytes, counter: bytes) -> bytes:
        application = hashlib.sha256(self.APPLICATION).digest()
        return application + flags + counter + hashlib.sha256(to_be_signed()).digest()

    def ed25519(self, flags: bytes = FLAGS_TOUCHED) -> tuple[PublicKey, bytes]:
        kind = b"sk-ssh-ed25519@openssh.com"
        device = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
        key = string(kind) + string(device.public_key().public_bytes_raw())
        key += string(self.APPLICATION)
        counter = (7).to_bytes(4, "big")
        value = device.sign(self.signed_by_device(flags, counter))
        return PublicKey.from_blob(key), blob(key, string(kind) + string(value) + flags + counter)

    def ecdsa(self, flags: bytes = FLAGS_TOUCHED) -> tuple[PublicKey, bytes]:
        kind = b"sk-ecdsa-sha2-nistp256@openssh.com"
        device = ec.generate_private_key(ec.SECP256R1())
        point = device.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        key = string(kind) + string(b"nistp256") + string(point) + string(self.APPLICATION)
        counter = (7).to_bytes(4, "big")
        pair = device.sign(self.signed_by_device(flags, counter), ec.ECDSA(hashes.SHA256()))
        value = b"".join(mpint(number) for number in decode_dss_signature(pair))
        return PublicKey.from_blob(key), blob(key, string(kind) + string(value) + flags + counter)

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
    def test_a_touched_key_is_accepted_as_ssh_keygen_does(self, tmp_path: Path, kind: str) -> None:
        key, made = getattr(self, kind)()

        assert keygen_accepts(tmp_path, key, armor(made), MESSAGE, "git")
        assert verify(parse_armor(armor(made)), MESSAGE, "git") == key
        assert code_of(armor(made), MESSAGE + b"x") == "BAD_SIGNATURE"

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
    def test_nobody_touched_it(self, kind: str) -> None:
        _, made = getattr(self, kind)(flags=b"\x00")
        assert code_of(armor(made)) == "USER_ABSENT"

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
    def test_flags_and_counter_are_covered(self, kind: str) -> None:
        _, made = getattr(self, kind)()
        assert code_of(armor(made[:-1] + b"\x08")) == "BAD_SIGNATURE"
        assert code_of(armor(made[:-5] + b"\x05" + made[-4:])) == "BAD_SIGNATURE"

    def test_flags_are_needed(self) -> None:
        key, made = self.ed25519()
        inner = string(b"sk-ssh-ed25519@openssh.com") + string(b"x" * 64)
        assert code_of(armor(blob(key.blob, inner))) == "MALFORMED_SIGNATURE"
        assert accepts(armor(made))


def test_a_signature_of_another_key_than_it_names() -> None:
    bob = person("bob")
    inner = string(b"ssh-ed25519") + string(bob.private_key.sign(to_be_signed()))
    assert code_of(armor(blob(ADA.key.blob, inner))) == "BAD_SIGNATURE"


def test_the_hash_it_names_is_the_hash_it_is_over() -> None:
    inner = string(b"ssh-ed25519") + string(ADA.private_key.sign(to_be_signed()))
    assert code_of(armor(blob(ADA.key.blob, inner, hash_name=b"sha256"))) == "BAD_SIGNATURE"


@pytest.mark.parametrize("name", [b"sha1", b"md5", b"sha384", b"SHA512", b""])
def test_other_hashes_are_refused_even_if_the_signature_holds(name: bytes) -> None:
    digest = hashlib.sha1(MESSAGE, usedforsecurity=False).digest()
    over = b"SSHSIG" + string(b"git") + string(b"") + string(name) + string(digest)
    inner = string(b"ssh-ed25519") + string(ADA.private_key.sign(over))
    assert code_of(armor(blob(ADA.key.blob, inner, hash_name=name))) == "WRONG_HASH"


def test_an_old_rsa_signature_with_sha1_is_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    value = rsa_key.sign(to_be_signed(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - what is refused
    key = wire_key(rsa_key.public_key())
    assert code_of(armor(blob(key.blob, string(b"ssh-rsa") + string(value)))) == "WRONG_HASH"


@pytest.mark.parametrize(
    "algorithm", [b"rsa-sha2-512", b"ssh-rsa2", b"ecdsa-sha2-nistp256", b"", b"ssh-ed448"]
)
def test_an_algorithm_its_key_cannot_have_used(algorithm: bytes) -> None:
    inner = string(algorithm) + string(ADA.private_key.sign(to_be_signed()))
    assert code_of(armor(blob(ADA.key.blob, inner))) == "KEY_MISMATCH"


def test_a_weak_key_is_refused_whatever_it_signed() -> None:
    weak = rsa.generate_private_key(65537, 2048)
    numbers = weak.public_key().public_numbers()
    key = string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n)
    value = weak.sign(to_be_signed(), padding.PKCS1v15(), hashes.SHA512())
    made = armor(blob(key, string(b"rsa-sha2-512") + string(value)))
    with pytest.raises(RefusedError) as caught:
        parse_armor(made)
    assert caught.value.code == "WEAK_KEY"


def _value(size: int) -> bytes:
    return string(b"ssh-ed25519") + string(ADA.private_key.sign(to_be_signed())[:size])


def body(made: bytes) -> bytes:
    return base64.b64decode(b"".join(made.splitlines()[1:-1]))


ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
GOOD = sign(ADA.private_key, MESSAGE, "git")
GOOD_BLOB = body(GOOD)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GOOD + GOOD, id="two blocks"),
        pytest.param(GOOD + b"\n", id="a line after"),
        pytest.param(GOOD + b"x", id="bytes after"),
        pytest.param(b"\n" + GOOD, id="a line before"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(GOOD.replace(b"\nU", b"\n U", 1), id="spaces inside"),
        pytest.param(GOOD.replace(b"-----END", b"----END"), id="no end"),
        pytest.param(b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n", id="empty"),
        pytest.param(armor(b"").replace(b"\n\n", b"\nAAAAA\n"), id="not base64"),
        pytest.param(armor(GOOD_BLOB + b"x"), id="bytes after the last field"),
        pytest.param(armor(GOOD_BLOB[:-1]), id="truncated"),
        pytest.param(armor(b"SSHSIH" + GOOD_BLOB[6:]), id="magic"),
        pytest.param(armor(blob(ADA.key.blob, _value(64), version=2)), id="version 2"),
        pytest.param(armor(blob(ADA.key.blob, _value(64), version=0)), id="version 0"),
        pytest.param(armor(blob(ADA.key.blob, _value(64), reserved=b"x")), id="reserved"),
        pytest.param(armor(blob(ADA.key.blob, _value(64), namespace=b"")), id="no namespace"),
        pytest.param(armor(blob(ADA.key.blob, _value(64), namespace=b"g\nt")), id="control"),
        pytest.param(armor(blob(ADA.key.blob, _value(64), namespace=b"g\xc3\xa9")), id="ASCII"),
        pytest.param(armor(blob(ADA.key.blob, _value(64) + b"\0")), id="inner bytes after"),
        pytest.param(armor(blob(ADA.key.blob, _value(63))), id="63 bytes"),
        pytest.param(armor(blob(ADA.key.blob, _value(64) + bytes(MAX_ARMOR))), id="too large"),
    ],
)
def test_what_is_not_exactly_one_signature_is_malformed(made: bytes) -> None:
    assert code_of(made) == "MALFORMED_SIGNATURE"


def test_spare_bits_of_base64_are_not_another_spelling() -> None:
    namespaces = ("a", "ab", "abc")
    made = next(
        text
        for name in namespaces
        if b"=" in (text := armor(blob(ADA.key.blob, _value(64), namespace=name.encode())))
    )
    last = made.index(b"=") - 1
    changed = made[:last] + ALPHABET[ALPHABET.index(made[last]) + 1 :][:1] + made[last + 1 :]
    assert body(changed) == body(made)
    assert code_of(changed) == "MALFORMED_SIGNATURE"


def test_another_kind_of_signature_is_foreign_not_malformed() -> None:
    made = GOOD.replace(b"SSH SIGNATURE", b"PGP SIGNATURE")
    assert code_of(made) == "FOREIGN_SIGNATURE"


def test_an_rsa_signature_is_as_long_as_its_key(rsa_key: rsa.RSAPrivateKey) -> None:
    value = rsa_key.sign(to_be_signed(), padding.PKCS1v15(), hashes.SHA512())
    key = wire_key(rsa_key.public_key())
    for wrong in (value[1:], b"\0" + value):
        made = armor(blob(key.blob, string(b"rsa-sha2-512") + string(wrong)))
        assert code_of(made) == "MALFORMED_SIGNATURE"


def test_an_ecdsa_signature_is_two_shortest_positive_numbers() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    key = wire_key(private.public_key())
    first, second = decode_dss_signature(private.sign(to_be_signed(), ec.ECDSA(hashes.SHA256())))
    name = string(key.kind.encode())
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def made(value: bytes) -> bytes:
        return armor(blob(key.blob, name + string(value)))

    assert accepts(made(mpint(first) + mpint(second)))
    spare = string(b"\0" + mpint(first)[4:])
    negative = string(b"\xff")
    zero = string(b"")
    for value in (spare + mpint(second), negative + mpint(second), zero + mpint(second)):
        assert code_of(made(value)) == "MALFORMED_SIGNATURE"
    assert code_of(made(mpint(first) + mpint(second) + b"x")) == "MALFORMED_SIGNATURE"
    assert code_of(made(mpint(first + order) + mpint(second))) == "BAD_SIGNATURE"


def test_every_refusal_of_verify_is_a_refusal() -> None:
    """`verify` promises `RefusedError`, whatever is wrong inside."""
    signature = replace(parse_armor(GOOD), value=b"short")
    with pytest.raises(RefusedError) as caught:
        verify(signature, MESSAGE, "git")
    assert caught.value.code == "MALFORMED_SIGNATURE"


@given(st.binary(max_size=300) | st.binary(max_size=200).map(armor))
def test_any_bytes_are_a_signature_or_a_vanta_error(made: bytes) -> None:
    with contextlib.suppress(VantaError):
        assert parse_armor(made).hash_algorithm in {"sha256", "sha512"}


@given(at=st.integers(0, len(GOOD_BLOB) - 1), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_can_be_changed(at: int, bit: int) -> None:
    changed = bytearray(GOOD_BLOB)
    changed[at] ^= 1 << bit
    assert not accepts(armor(bytes(changed)))


@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.sampled_from(["drop", "double", "flip"])),
        min_size=1,
        max_size=4,
    )
)
def test_no_edit_of_the_armour_verifies_as_something_else(edits: list[tuple[int, str]]) -> None:
    changed = bytearray(GOOD)
    change: dict[str, Callable[[int], None]] = {
        "drop": changed.__delitem__,
        "double": lambda at: changed.insert(at, changed[at]),
        "flip": lambda at: changed.__setitem__(at, changed[at] ^ 1),
    }
    for at, what in edits:
        if at < len(changed):
            change[what](at)
    try:
        signature = parse_armor(bytes(changed))
    except VantaError:
        return
    assert accepts(bytes(changed)) == (signature == parse_armor(GOOD))
