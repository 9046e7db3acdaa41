"""Keys: only sound keys become a `PublicKey`, and a private key is the node's alone."""

import base64
import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tests.governance.simulator import person
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.governance.keys import (
    PublicKey,
    generate_key,
    load_private_key,
    parse_public_key,
    public_key_of,
)
from vanta.governance.ssh_wire import mpint, string

ADA = person("ada").key
P = 2**255 - 19


def ssh_keygen(*arguments: str) -> str:
    done = subprocess.run(
        ["ssh-keygen", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def ed25519_line(raw: bytes) -> str:
    blob = string(b"ssh-ed25519") + string(raw)
    return line("ssh-ed25519", blob)


def line(kind: str, blob: bytes) -> str:
    return f"{kind} {base64.b64encode(blob).decode()}"


def rsa_line(exponent: int, modulus: int) -> str:
    return line("ssh-rsa", string(b"ssh-rsa") + mpint(exponent) + mpint(modulus))


@pytest.mark.parametrize(
    ("kind", "bits"),
    [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "3072")],
)
def test_reads_what_ssh_keygen_makes_and_agrees_on_its_fingerprint(
    tmp_path: Path, kind: str, bits: str
) -> None:
    path = tmp_path / "key"
    ssh_keygen("-q", "-t", kind, "-b", bits, "-N", "", "-C", "ada@desk", "-f", str(path))
    text = path.with_suffix(".pub").read_text().strip()

    key = parse_public_key(text)

    assert f"{key.openssh} ada@desk" == text
    assert key.fingerprint == ssh_keygen("-l", "-f", str(path)).split()[1]
    assert parse_public_key(key.openssh) == key
    assert len({key, parse_public_key(text)}) == 1


def _short_rsa() -> str:
    return rsa_line(65537, rsa.generate_private_key(65537, 2048).public_key().public_numbers().n)


def _text(text: str) -> Callable[[], str]:
    return lambda: text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(_text(""), "MALFORMED_KEY", id="empty"),
        pytest.param(_text("ssh-ed25519"), "MALFORMED_KEY", id="no base64"),
        pytest.param(_text(f" {ADA.openssh}"), "UNSUPPORTED_KEY", id="leading space"),
        pytest.param(_text(f"{ADA.openssh}\n"), "MALFORMED_KEY", id="newline"),
        pytest.param(_text(f"{ADA.openssh} a\nssh-rsa"), "MALFORMED_KEY", id="two lines"),
        pytest.param(_text(f"{ADA.openssh} \u202eada"), "MALFORMED_KEY", id="bidi comment"),
        pytest.param(_text(f'command="x" {ADA.openssh}'), "UNSUPPORTED_KEY", id="options"),
        pytest.param(_text("ssh-ed25519 AAA!"), "MALFORMED_KEY", id="not base64"),
        pytest.param(_text("ssh-ed25519 AAAAé"), "MALFORMED_KEY", id="not ASCII"),
        pytest.param(_text(f"{ADA.openssh}AAAA"), "MALFORMED_KEY", id="trailing bytes"),
        pytest.param(_text(f"{ADA.openssh[:-4]}"), "MALFORMED_KEY", id="short"),
        pytest.param(_text("ssh-ed25519 " + "A" * 9000), "MALFORMED_KEY", id="too long"),
        pytest.param(
            _text(line("ssh-rsa", ADA.blob)), "MALFORMED_KEY", id="another kind than it says"
        ),
        pytest.param(_text(line("ssh-dss", string(b"ssh-dss"))), "UNSUPPORTED_KEY", id="DSA"),
        pytest.param(
            _text(line("ssh-ed25519-cert-v01@openssh.com", b"x")), "UNSUPPORTED_KEY", id="cert"
        ),
        pytest.param(_text(ed25519_line(bytes(31))), "MALFORMED_KEY", id="31 bytes"),
        pytest.param(_text(ed25519_line(bytes(32))), "WEAK_KEY", id="order 4"),
        pytest.param(_text(ed25519_line(b"\1" + bytes(31))), "WEAK_KEY", id="the identity"),
        pytest.param(_text(ed25519_line((P - 1).to_bytes(32, "little"))), "WEAK_KEY", id="order 2"),
        pytest.param(
            _text(ed25519_line((P + 3).to_bytes(32, "little"))), "MALFORMED_KEY", id="y above p"
        ),
        pytest.param(_short_rsa, "WEAK_KEY", id="RSA 2048"),
        pytest.param(_text(rsa_line(3, 2**3071 + 1)), "WEAK_KEY", id="exponent 3"),
        pytest.param(_text(rsa_line(65538, 2**3071 + 1)), "WEAK_KEY", id="even exponent"),
        pytest.param(_text(rsa_line(65537, 2**3071)), "WEAK_KEY", id="even modulus"),
        pytest.param(_text(rsa_line(65537, 2**9000 + 1)), "UNSUPPORTED_KEY", id="RSA 9001"),
        pytest.param(
            _text(
                line(
                    "ssh-rsa",
                    string(b"ssh-rsa") + string(b"\0\1\0\1") + mpint(2**3071 + 1),
                )
            ),
            "MALFORMED_KEY",
            id="mpint with spare zero",
        ),
        pytest.param(
            _text(
                line(
                    "ecdsa-sha2-nistp256",
                    string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\4" * 65),
                )
            ),
            "MALFORMED_KEY",
            id="off the curve",
        ),
        pytest.param(
            _text(
                line(
                    "ecdsa-sha2-nistp256",
                    string(b"ecdsa-sha2-nistp256") + string(b"nistp384") + string(b"\4" * 97),
                )
            ),
            "MALFORMED_KEY",
            id="another curve",
        ),
        pytest.param(
            _text(
                line(
                    "ecdsa-sha2-nistp256",
                    string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\2" * 33),
                )
            ),
            "MALFORMED_KEY",
            id="compressed point",
        ),
        pytest.param(
            _text(
                line(
                    "sk-ssh-ed25519@openssh.com",
                    string(b"sk-ssh-ed25519@openssh.com")
                    + ADA.blob[15:]
                    + string(b"https://example.org"),
                )
            ),
            "UNSUPPORTED_KEY",
            id="a web site's security key",
        ),
    ],
)
def test_refuses_a_key_line_and_says_where(text: Callable[[], str], code: str) -> None:
    with pytest.raises(VantaError) as caught:
        parse_public_key(text(), place="authority.yaml:7: spec.principals[0].keys[0]")

    assert caught.value.code == code
    assert caught.value.place == "authority.yaml:7: spec.principals[0].keys[0]"
    assert caught.value.remedy


def test_the_spare_bits_of_base64_are_not_another_spelling() -> None:
    """One key is one text: two lines that differ are two keys, or an error."""
    key = public_key_of_curve()
    assert key.openssh.endswith("=")
    last = key.openssh.rstrip("=")[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(last) + 1]
    changed = key.openssh.rstrip("=")[:-1] + other + "=" * key.openssh.count("=")
    assert base64.b64decode(changed.split()[1]) == key.blob
    with pytest.raises(MalformedError) as caught:
        parse_public_key(changed)
    assert caught.value.code == "MALFORMED_KEY"


def public_key_of_curve() -> PublicKey:
    """A key whose base64 has padding, as that of Ed25519 never has."""
    text = (
        ec.derive_private_key(7, ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    return parse_public_key(text.decode())


def test_a_key_of_any_size_is_not_read() -> None:
    with pytest.raises(MalformedError) as caught:
        PublicKey.from_blob(ADA.blob + bytes(5000))
    assert "too large" in caught.value.message


def test_the_bytes_of_a_kind_nobody_accepts_are_not_a_key() -> None:
    with pytest.raises(RefusedError) as caught:
        PublicKey.from_blob(string(b"ssh-dss") + mpint(7))
    assert caught.value.code == "UNSUPPORTED_KEY"


def test_no_public_key_exists_under_another_kind() -> None:
    with pytest.raises(MalformedError) as caught:
        PublicKey("ssh-rsa", ADA.blob)
    assert caught.value.code == "MALFORMED_KEY"


def test_all_small_order_points_are_refused_because_they_verify_anything() -> None:
    """Under the identity point the all-identity signature holds for every message."""
    identity = b"\1" + bytes(31)
    Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), b"any message")
    with pytest.raises(RefusedError) as caught:
        parse_public_key(ed25519_line(identity))
    assert caught.value.code == "WEAK_KEY"


@given(st.text(max_size=200) | st.binary(max_size=120).map(lambda blob: line("ssh-rsa", blob)))
def test_any_text_is_a_key_or_a_vanta_error(text: str) -> None:
    with contextlib.suppress(VantaError):
        key = parse_public_key(text)
        assert parse_public_key(key.openssh) == key


def test_a_generated_key_is_one_ssh_keygen_reads_and_only_its_owner_may(tmp_path: Path) -> None:
    path = tmp_path / "node.key"

    public = generate_key(path, "executor@vanta")

    assert path.stat().st_mode & 0o777 == 0o600
    assert ssh_keygen("-y", "-f", str(path)).split()[:2] == public.openssh.split()
    assert (tmp_path / "node.key.pub").read_text() == f"{public.openssh} executor@vanta\n"
    assert public_key_of(load_private_key(path)) == public
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["node.key", "node.key.pub"]


@pytest.mark.parametrize("taken", ["node.key", "node.key.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")

    with pytest.raises(RefusedError) as caught:
        generate_key(tmp_path / "node.key", "")

    assert caught.value.code == "KEY_EXISTS"
    assert [entry.name for entry in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "precious"


def test_a_public_key_that_cannot_be_written_takes_the_private_one_with_it(tmp_path: Path) -> None:
    """A link to nothing is no file, and its name is taken all the same."""
    (tmp_path / "node.key.pub").symlink_to("nowhere")

    with pytest.raises(RefusedError) as caught:
        generate_key(tmp_path / "node.key", "")

    assert caught.value.code == "KEY_EXISTS"
    assert [entry.name for entry in tmp_path.iterdir()] == ["node.key.pub"]


def test_a_key_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        generate_key(tmp_path / "absent" / "node.key", "")
    assert caught.value.code == "KEY_UNWRITABLE"


def test_a_comment_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        generate_key(tmp_path / "node.key", "a\nssh-ed25519 AAAA")
    assert caught.value.code == "BAD_COMMENT"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_private_key_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "node.key"
    generate_key(path, "")
    path.chmod(mode)

    with pytest.raises(RefusedError) as caught:
        load_private_key(path)

    assert caught.value.code == "KEY_EXPOSED"
    assert caught.value.remedy == f"chmod 600 {path}"


def _encrypted(path: Path) -> None:
    ssh_keygen("-q", "-t", "ed25519", "-N", "secret", "-f", str(path))


def _not_ed25519(path: Path) -> None:
    ssh_keygen("-q", "-t", "ecdsa", "-N", "", "-f", str(path))


def _unheard_of(path: Path) -> None:
    ssh_keygen(
        *("-q", "-t", "ed25519", "-N", "passphrase", "-Z", "chacha20-poly1305@openssh.com"),
        *("-f", str(path)),
    )


def _garbage(path: Path) -> None:
    path.write_bytes(hashlib.sha512(b"").digest())
    path.chmod(0o600)


def _pem(path: Path) -> None:
    path.write_bytes(
        person("ada").private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)


def _fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


def _huge(path: Path) -> None:
    path.write_bytes(b"x" * 10_000)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda _: None, "KEY_MISSING"),
        (_encrypted, "KEY_ENCRYPTED"),
        (_not_ed25519, "UNSUPPORTED_KEY"),
        (_unheard_of, "UNSUPPORTED_KEY"),
        (_garbage, "MALFORMED_KEY"),
        (_pem, "MALFORMED_KEY"),
        (_fifo, "MALFORMED_KEY"),
        (_huge, "MALFORMED_KEY"),
    ],
)
def test_what_is_no_private_key_is_refused(
    tmp_path: Path, make: Callable[[Path], None], code: str
) -> None:
    path = tmp_path / "node.key"
    make(path)

    with pytest.raises(VantaError) as caught:
        load_private_key(path)

    assert caught.value.code == code
    assert caught.value.place == str(path)
