"""A service says which build it runs by where its code lies, and systemd hears of it."""

import os
import socket
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.builds.making import tree
from vanta.node.build import running_build, vanta_command
from vanta.node.readiness import Readiness, Ready, read_ready, ready_path


def test_a_service_says_that_it_is_ready_until_it_ends(tmp_path: Path) -> None:
    with Readiness(tmp_path / "run", "judge", build="b", clock=lambda: 7) as ready:
        assert read_ready(tmp_path / "run", "judge") is None
        ready.announce()
        ready.announce()
        assert read_ready(tmp_path / "run", "judge") == Ready("judge", os.getpid(), "b", 7)
    assert read_ready(tmp_path / "run", "judge") is None


def test_what_the_next_process_says_is_not_taken_back_by_the_last(tmp_path: Path) -> None:
    with Readiness(tmp_path, "judge", build="old") as ready:
        ready.announce()
        there = ready_path(tmp_path, "judge")
        there.write_text(there.read_text().replace(str(os.getpid()), "1"))
    found = read_ready(tmp_path, "judge")
    assert found is not None
    assert found.pid == 1


def test_a_folder_that_takes_nothing_keeps_no_service_from_its_work(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("no folder")
    with Readiness(tmp_path / "run", "judge") as ready:
        ready.announce()
    assert read_ready(tmp_path / "run", "judge") is None


@pytest.mark.parametrize("text", ["", "{}", '{"service":"judge","pid":"1"}', "\xff"])
def test_what_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    ready_path(tmp_path, "judge").write_text(text, encoding="latin-1")
    assert read_ready(tmp_path, "judge") is None


def test_systemd_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        Readiness(tmp_path, "judge", build="0.1.0-aaaaaaaaaaaa").announce()
        assert systemd.recv(200) == b"STATUS=build 0.1.0-aaaaaaaaaaaa"
        assert systemd.recv(200) == b"READY=1"


def says(slot: Path) -> str:
    """The build that code in a slot says it is of."""
    text = "import sys; sys.path.insert(0, sys.argv[1]); import vanta.node.build as b; "
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", f"{text}print(b.running_build())", slot / "lib"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_slot_is_called_after_its_manifest_or_is_no_build(tmp_path: Path) -> None:
    manifest = b'{"version":"0.1.0"}'
    name = f"0.1.0-{sha256(manifest).hexdigest()[:12]}"
    slot = tree(tmp_path / name, "well")
    assert says(slot) == ""
    (slot / "manifest.json").write_bytes(manifest)
    assert says(slot) == name
    (tmp_path / "current").symlink_to(slot)
    assert says(tmp_path / "current") == name
    moved = slot.rename(tmp_path / "0.1.0-ffffffffffff")
    assert says(moved) == ""


def test_a_checkout_is_no_build() -> None:
    assert running_build() == ""
    assert vanta_command() == (sys.executable, "-m", "vanta.cli")
