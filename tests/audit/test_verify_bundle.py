"""The script an outsider runs: sound bundles pass, and every way of changing one is named."""

import ast
import json
import re
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.bundles import checked, manifest_again, unpacked
from tests.audit.fund import Fund, forge, rewrite
from vanta.audit.verify_bundle import ed25519
from vanta.domain.record import Record
from vanta.journal.chain import chain

SCRIPT = (files("vanta.audit") / "verify_bundle.py").read_text()


@pytest.fixture
def bundle(fund: Fund, tmp_path: Path) -> Path:
    return unpacked(fund, tmp_path / "outside")


def problems(folder: Path, *arguments: str, ssh_keygen: bool = True) -> list[str]:
    done = checked(folder, *arguments, ssh_keygen=ssh_keygen)
    assert done.stderr == ""
    found = [line for line in done.stdout.splitlines() if line.startswith("  PROBLEM")]
    assert (done.returncode == 0) == (not found)
    assert ("VERDICT: sound" in done.stdout) == (not found)
    return found


@pytest.mark.parametrize("ssh_keygen", [True, False])
def test_a_good_bundle_is_sound(bundle: Path, ssh_keygen: bool) -> None:  # noqa: FBT001 - parametrised
    done = checked(bundle, ssh_keygen=ssh_keygen)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "VERDICT: sound" in said
    assert ("ssh-keygen is not here" in said) == (not ssh_keygen)
    [records] = re.findall(r"executor +records: governance 2, intents 4, trade_log (\d+)", said)
    assert f"executor trade_log: signed up to {records} of {records} records" in said


def test_it_needs_nothing_but_an_old_python(bundle: Path) -> None:
    tree = ast.parse(SCRIPT, feature_version=(3, 9))
    nodes = list(ast.walk(tree))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert (bundle / "verify_bundle.py").read_text() == SCRIPT


def test_it_finds_its_own_folder_and_takes_another(bundle: Path, tmp_path: Path) -> None:
    assert problems(bundle) == []
    assert problems(bundle, str(bundle)) == []
    assert problems(bundle, str(tmp_path / "nowhere")) != []


def test_the_manifest_can_be_compared_with_what_one_was_told(bundle: Path) -> None:
    digest = checked(bundle).stdout.split("SHA-256 ")[1].split()[0]
    assert problems(bundle, "--manifest", digest) == []
    [problem] = problems(bundle, "--manifest", "0" * 64)
    assert "is not the one you were told of" in problem


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "nodes/executor/memory/trade_log.000001.jsonl",
        "nodes/executor/memory/trade_log.jsonl",
        "nodes/executor/memory/intents.jsonl",
        "nodes/markets/memory/harvest.jsonl",
        "nodes/markets/memory/reflection.jsonl",
        "nodes/alpha/memory/governance.jsonl",
        "nodes/executor/memory/trade_log.jsonl.checkpoints",
    ],
)
def test_one_flipped_byte_is_named(bundle: Path, name: str, again: bool) -> None:  # noqa: FBT001 - parametrised
    """With the manifest as it was, and with one that a forger made to fit."""
    path = bundle / name
    content = bytearray(path.read_bytes())
    # A forger's manifest vouches for a last line; the one before it is vouched for by that.
    at = content.index(b'"ts":') + 6 if name.endswith("jsonl") else len(content) // 2
    content[at] ^= 1
    path.write_bytes(content)
    if again:
        manifest_again(bundle)
    found = problems(bundle)
    assert found
    assert name in found[0] or Path(name).name.split(".")[0] in found[0]


def test_a_removed_record_is_named_where_the_chain_breaks(bundle: Path) -> None:
    path = bundle / "nodes/executor/memory/intents.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    manifest_again(bundle)
    found = problems(bundle)
    assert f"intents.jsonl:3 (byte {len(lines[0] + lines[1])}): does not follow" in found[0]


def test_a_cut_tail_is_caught_by_manifest_checkpoint_and_view(bundle: Path) -> None:
    path = bundle / "nodes/executor/memory/trade_log.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    manifest_again(bundle)
    said = "\n".join(problems(bundle))
    assert "does not end where the manifest says" in said
    assert "trade_log is not what it says" in said
    assert "open_orders.json: is derived from a journal that is not the one here" in said


def test_a_removed_segment_is_named(bundle: Path) -> None:
    (bundle / "nodes/executor/memory/trade_log.000001.jsonl").unlink()
    assert "is missing" in problems(bundle)[0]
    manifest_again(bundle)
    assert "is not in the manifest's files" in problems(bundle)[0]
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    del manifest["nodes"]["executor"]["journals"]["trade_log"]["segments"][0]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert "trade_log.jsonl:1 (byte 0): does not follow" in problems(bundle)[0]


def change(bundle: Path, name: str, record_id: str, swap: Callable[[bytes], bytes]) -> None:
    """Change one body, make the chain whole again, and the manifest with it."""

    def swapped(record: Record) -> Record:
        if record.id != record_id:
            return record
        return msgspec.structs.replace(record, body=msgspec.Raw(swap(bytes(record.body))))

    path = bundle / name
    forge(path, swapped)
    manifest_again(bundle)
    stated = json.loads((bundle / "manifest.json").read_bytes())
    journal = stated["nodes"][name.split("/")[1]]["journals"][path.stem]
    last = msgspec.json.decode(path.read_bytes().splitlines()[-1], type=Record)
    journal["head"] = chain(last.prev, path.read_bytes().splitlines()[-1])
    (bundle / "manifest.json").write_text(json.dumps(stated))


@pytest.mark.parametrize("ssh_keygen", [True, False])
def test_a_swapped_signature_is_named(bundle: Path, ssh_keygen: bool) -> None:  # noqa: FBT001 - parametrised
    """Everything hashes again, in both journals: only the signature itself is wrong."""
    path = bundle / "nodes/executor/memory/intents.jsonl"
    first, second = (
        msgspec.json.decode(line, type=Record) for line in path.read_bytes().splitlines()[1:3]
    )

    def signature(record: Record) -> bytes:
        found = msgspec.json.decode(record.body)["envelope"]["signature"]
        return msgspec.json.encode(found)

    for name in ("nodes/executor/memory/intents.jsonl", "nodes/markets/memory/reflection.jsonl"):
        change(
            bundle, name, first.id, lambda body: body.replace(signature(first), signature(second))
        )
    said = problems(bundle, ssh_keygen=ssh_keygen)
    signed = [line for line in said if "is not signed by a key that markets had" in line]
    assert len(signed) == 2
    # The view of the forged journal is another one's, and gives it away as well.
    assert any("trade_signals.json" in line for line in said)


def test_an_intent_changed_behind_its_signature_is_named(bundle: Path) -> None:
    name = "nodes/executor/memory/intents.jsonl"
    record = msgspec.json.decode((bundle / name).read_bytes().splitlines()[1], type=Record)
    change(bundle, name, record.id, lambda body: body.replace(b'"side":"buy"', b'"side":"sell"', 1))
    assert any("is not the intent that was signed" in line for line in problems(bundle))


def test_a_policy_nobody_published_is_named(bundle: Path) -> None:
    path = bundle / "nodes/executor/memory/intents.jsonl"
    forge(
        path, lambda record: msgspec.structs.replace(record, policy="f" * 40 * bool(record.policy))
    )
    manifest_again(bundle)
    said = "\n".join(problems(bundle))
    assert "which was never published" in said
    assert "is not signed by a key that markets had" in said


def test_a_record_without_its_cause_is_named(bundle: Path) -> None:
    path = bundle / "nodes/markets/memory/reflection.jsonl"

    def orphan(record: Record) -> Record:
        parents = ("sig_gone",) if record.type == "conviction.reflected" else record.parents
        return msgspec.structs.replace(record, parents=parents)

    forge(path, orphan)
    manifest_again(bundle)
    assert any("was caused by sig_gone, which harvest does not hold" in p for p in problems(bundle))


def test_a_stranger_among_the_files_is_named(bundle: Path) -> None:
    (bundle / "nodes" / "extra.txt").write_text("hello")
    (bundle / "link").symlink_to("/etc/passwd")
    said = "\n".join(problems(bundle))
    assert "nodes/extra.txt: is not in the manifest" in said
    assert "link: is not in the manifest" in said


def test_a_listed_file_that_is_a_link_is_not_read(bundle: Path) -> None:
    path = bundle / "README.txt"
    content = path.read_bytes()
    path.unlink()
    (bundle.parent / "elsewhere").write_bytes(content)
    path.symlink_to(bundle.parent / "elsewhere")
    assert any("README.txt: is missing, or is no plain file" in p for p in problems(bundle))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"format": "other", "files": {}, "nodes": {}}', b"\xff", b"[" * 100_000],
)
def test_whatever_the_manifest_is_there_is_a_verdict(bundle: Path, content: bytes) -> None:
    (bundle / "manifest.json").write_bytes(content)
    done = checked(bundle)
    assert done.returncode == 1
    assert "VERDICT: NOT SOUND" in done.stdout
    assert done.stderr == ""


def test_hostile_names_do_not_steer_the_terminal(bundle: Path) -> None:
    rewrite(bundle / "README.txt", lambda data: data + b"\n")
    (bundle / "a\x1b[31m\nVERDICT: sound").write_text("x")
    said = checked(bundle).stdout
    assert "\x1b" not in said
    assert "\nVERDICT: sound" not in said


def test_a_manifest_cannot_point_outside(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["files"]["../../etc/passwd"] = {"sha256": "0" * 64, "bytes": 1}
    manifest["nodes"]["executor"]["views"].append("/etc/passwd")
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    said = "\n".join(problems(bundle))
    assert "../../etc/passwd: is missing" in said
    assert "/etc/passwd is not in the manifest's files" in said


# RFC 8032, section 7.1: tests 1 and 3.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"  # noqa: ISC004 - one number
        "6bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6"  # noqa: ISC004 - one number
        "594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_its_own_ed25519_knows_the_vectors_of_the_rfc(
    key: str, message: str, signature: str
) -> None:
    public, text, made = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519(public, text, made)
    assert not ed25519(public, text + b"x", made)
    # The same signature with the group's order added is another spelling, and refused.
    order = 2**252 + 27742317777372353535851937790883648493
    s = (int.from_bytes(made[32:], "little") + order).to_bytes(32, "little")
    assert not ed25519(public, text, made[:32] + s)
    assert not ed25519(public, text, made[:63])
    assert not ed25519(public[:31], text, made)
    assert not ed25519(b"\xff" * 32, text, made)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.integers(0, 511))
def test_its_own_ed25519_agrees_with_a_real_one(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = private.sign(message)
    assert ed25519(public, message, signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not ed25519(public, message, bytes(flipped))


def test_it_asks_for_no_network_and_no_agent() -> None:
    assert "socket" not in SCRIPT
    assert "urllib" not in SCRIPT
