"""What goes into a bundle, what never does, and that it is written whole or not at all."""

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.audit.bundles import checked, exported, unpacked
from tests.audit.fund import NODES, Fund, rewrite
from vanta.audit.export import export
from vanta.audit.verify import verify_nodes
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.node.layout import Layout


def members(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return {member.name: member for member in archive.getmembers()}


def test_a_bundle_holds_everything_it_takes_and_says_so(fund: Fund, tmp_path: Path) -> None:
    report = exported(fund, tmp_path / "b.tar.gz")
    names = {name.removeprefix("vanta-audit/") for name in members(tmp_path / "b.tar.gz")}
    assert len(names) == report.files
    assert report.left_out == ()
    assert names >= {
        "README.txt",
        "formats.md",
        "keys/nodes.allowed_signers",
        "keys/people.allowed_signers",
        "manifest.json",
        "nodes/alpha/governance.bundle",
        "nodes/executor/etc/trust.json",
        "nodes/executor/memory/open_orders.json",
        "nodes/executor/memory/trade_log.000001.jsonl",
        "nodes/executor/memory/trade_log.jsonl",
        "nodes/executor/memory/trade_log.jsonl.checkpoints",
        "nodes/markets/memory/harvest.jsonl",
        "verify_bundle.py",
    }
    for node in NODES:
        assert f"nodes/{node}/memory/governance.jsonl" in names


def test_the_same_nodes_make_the_same_bytes(fund: Fund, tmp_path: Path) -> None:
    one, other = tmp_path / "one.tar.gz", tmp_path / "other.tar.gz"
    assert exported(fund, one).manifest_sha256 == exported(fund, other).manifest_sha256
    assert one.read_bytes() == other.read_bytes()
    for member in members(one).values():
        assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
        assert (member.uname, member.gname, member.isreg()) == ("", "", True)


def test_nothing_secret_ever_enters(fund: Fund, tmp_path: Path) -> None:
    unpack = unpacked(fund, tmp_path)
    config = [fund.layout(node).config.read_bytes() for node in NODES]
    secrets = [fund.layout(node).key.read_bytes() for node in NODES]
    seeds = [fund.key(node).private_bytes_raw() for node in NODES]
    for path in unpack.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"\n-----BEGIN OPENSSH PRIVATE KEY" not in b"\n" + content
            assert not any(secret in content for secret in (*secrets, *seeds, *config))


@pytest.mark.parametrize("name", ["stray.json", "stray.jsonl", "trade_log.000002.jsonl"])
def test_a_link_to_a_key_is_refused(fund: Fund, tmp_path: Path, name: str) -> None:
    layout = fund.layout("executor")
    (layout.memory / name).symlink_to(layout.key)
    with pytest.raises(RefusedError) as refused:
        exported(fund, tmp_path / "b.tar.gz")
    assert refused.value.code == "NOT_PLAIN"
    assert not (tmp_path / "b.tar.gz").exists()


@pytest.mark.parametrize("name", ["mirror.jsonl", "intents.jsonl.checkpoints"])
def test_a_file_that_holds_a_key_is_refused_whatever_it_is_called(
    fund: Fund, tmp_path: Path, name: str
) -> None:
    layout = fund.layout("executor")
    shutil.copy(layout.key, layout.memory / name)
    with pytest.raises(RefusedError) as refused:
        exported(fund, tmp_path / "b.tar.gz")
    assert refused.value.code == "SECRET"
    assert list(tmp_path.glob("*.tar.gz*")) == []


def test_files_that_are_no_journal_and_no_view_stay_behind(fund: Fund, tmp_path: Path) -> None:
    memory = fund.layout("executor").memory
    (memory / "notes.json").write_text('{"password": "hunter2"}')
    (memory / "history.jsonl").write_text('{"password": "hunter2"}\n')
    (memory / "halt.latch").write_text("hunter2")
    names = members(_export(fund, tmp_path))
    assert not [name for name in names if "notes" in name or "history" in name or "latch" in name]


def test_a_tweet_that_looks_like_a_key_is_only_a_tweet(fund: Fund, tmp_path: Path) -> None:
    path = fund.layout("markets").journal("harvest")
    line = b"-----BEGIN OPENSSH PRIVATE KEY-----"
    rewrite(path, lambda data: data.replace(b"to the moon", b"x\\n" + line))
    assert members(_export(fund, tmp_path))


def test_an_output_that_is_there_is_not_overwritten(fund: Fund, tmp_path: Path) -> None:
    out = tmp_path / "b.tar.gz"
    out.write_text("mine")
    for path in (out, tmp_path / "dangling"):
        if path != out:
            path.symlink_to(tmp_path / "nowhere")
        with pytest.raises(RefusedError) as refused:
            exported(fund, path)
        assert refused.value.code == "OUTPUT_EXISTS"
    assert out.read_text() == "mine"


def test_an_output_that_cannot_be_written_leaves_nothing(fund: Fund, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as missing:
        exported(fund, tmp_path / "nowhere" / "b.tar.gz")
    assert missing.value.code == "WRITE_FAILED"


def test_an_export_that_fails_half_way_leaves_nothing(
    fund: Fund, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError) as failed:
        exported(fund, tmp_path / "b.tar.gz")
    assert failed.value.code == "WRITE_FAILED"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fund"]


def test_a_broken_journal_goes_along_as_evidence(fund: Fund, tmp_path: Path) -> None:
    layout = fund.layout("executor")
    (layout.memory / "trade_log.000001.jsonl").unlink()
    rewrite(layout.journal("governance"), lambda data: data.replace(b"journal.opened", b"journal."))
    with layout.journal("intents").open("ab") as file:
        file.write(b'{"seq": 9')
    report = exported(fund, tmp_path / "b.tar.gz")
    assert [line.split(":")[0] for line in report.left_out] == ["executor", "executor"]
    assert "the last 9 bytes of intents" in report.left_out[0]
    assert "vanta-audit/nodes/executor/memory/governance.jsonl" in members(tmp_path / "b.tar.gz")


def test_a_mirror_that_lacks_commits_is_named(fund: Fund, tmp_path: Path) -> None:
    mirror = fund.layout("alpha").mirror
    for path in (mirror / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(UnavailableError) as failed:
        exported(fund, tmp_path / "b.tar.gz")
    assert (failed.value.code, failed.value.place) == ("GIT_FAILED", str(mirror))


def test_an_unpacked_node_is_a_node_again(fund: Fund, tmp_path: Path) -> None:
    """With VANTA at hand, what was unpacked verifies like the nodes themselves."""
    unpack = unpacked(fund, tmp_path)
    reports = verify_nodes([Layout(unpack / "nodes" / node) for node in NODES])
    assert all(report.sound for report in reports)
    clone = ["git", "clone", "--quiet", "--bare", "--branch", "main"]
    subprocess.run([*clone, "governance.bundle", "governance.git"],
                   cwd=unpack / "nodes" / "alpha", check=True, timeout=30)  # fmt: skip
    report = verify_nodes([Layout(unpack / "nodes" / "alpha")])[0]
    assert report.sound


def test_the_keys_of_an_export_are_those_the_policies_registered(
    fund: Fund, tmp_path: Path
) -> None:
    unpack = unpacked(fund, tmp_path)
    lines = (unpack / "keys" / "nodes.allowed_signers").read_text().splitlines()
    assert [line.split()[0] for line in lines] == sorted(NODES)
    people = (unpack / "keys" / "people.allowed_signers").read_text().splitlines()
    assert [line.split()[0] for line in people] == [
        f"{name}@fund.example" for name in ("ada", "alan", "grace")
    ]
    manifest = json.loads((unpack / "manifest.json").read_bytes())
    assert manifest["nodes"]["executor"]["governance"]["head"] == fund.trust.introduction
    assert checked(unpack).returncode == 0


def _export(fund: Fund, tmp_path: Path) -> Path:
    export(fund.layouts, tmp_path / "b.tar.gz")
    return tmp_path / "b.tar.gz"
