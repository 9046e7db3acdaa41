"""The bus over a directory: whole files only, and nothing in the way stops it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.bus.port import MAX_PAYLOAD, Parcel
from vanta.domain.errors import RefusedError, UnavailableError


@pytest.fixture
def bus(tmp_path: Path) -> Path:
    path = tmp_path / "bus"
    path.mkdir()
    return path


def test_what_is_refused_leaves_no_file(bus: Path) -> None:
    outbox = DirectoryOutbox(bus)
    outbox.send("a", b"1")
    with pytest.raises(RefusedError):
        outbox.send("a", b"2")
    with pytest.raises(RefusedError):
        outbox.send("../up", b"2")
    assert sorted(path.name for path in bus.iterdir()) == ["a.parcel"]


def test_what_is_no_parcel_is_set_aside_and_stops_nothing(bus: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"key")
    (bus / "note.txt").write_bytes(b"hello")
    (bus / "..parcel").write_bytes(b"")
    (bus / "huge.parcel").write_bytes(b"x" * (MAX_PAYLOAD + 1))
    (bus / "link.parcel").symlink_to(secret)
    os.mkfifo(bus / "pipe.parcel")
    (bus / "folder.parcel").mkdir()
    DirectoryOutbox(bus).send("good", b"1")
    inbox = DirectoryInbox(bus)
    assert inbox.poll(10) == [Parcel("good", b"1")]
    assert inbox.set_aside == 6
    assert sorted(path.name for path in (bus / "aside").iterdir()) == [
        "..parcel",
        "folder.parcel",
        "huge.parcel",
        "link.parcel",
        "note.txt",
        "pipe.parcel",
    ]
    assert DirectoryInbox(bus).poll(10) == [Parcel("good", b"1")]


def test_what_a_killed_sender_left_is_never_received(bus: Path) -> None:
    (bus / ".half.123.sending").write_bytes(b"half a payl")
    assert DirectoryInbox(bus).poll(10) == []
    DirectoryOutbox(bus).send("half", b"half a payload")
    assert DirectoryInbox(bus).poll(10) == [Parcel("half", b"half a payload")]


def test_a_sender_killed_anywhere_leaves_whole_parcels(bus: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom vanta.bus.directory import DirectoryOutbox\n"
        "outbox = DirectoryOutbox(Path(sys.argv[1]))\nn = 0\n"
        "while True:\n    outbox.send(f'p{n:06d}', str(n).encode() * 1000)\n"
        "    n += 1\n    print(n, flush=True)\n"
    )
    sender = subprocess.Popen([sys.executable, "-c", script, str(bus)], stdout=subprocess.PIPE)
    assert sender.stdout is not None
    told = 0
    for line in sender.stdout:
        told = int(line)
        if told >= 40:
            break
    sender.kill()
    told = max([told, *[int(line) for line in sender.stdout if line.endswith(b"\n")]])
    sender.wait()
    sender.stdout.close()
    received = DirectoryInbox(bus).poll(10_000)
    assert len(received) >= told
    for n, parcel in enumerate(received):
        assert parcel == Parcel(f"p{n:06d}", str(n).encode() * 1000)


def test_without_its_directory_the_bus_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as poll:
        DirectoryInbox(tmp_path / "gone").poll(1)
    with pytest.raises(UnavailableError) as send:
        DirectoryOutbox(tmp_path / "gone").send("a", b"")
    assert poll.value.code == send.value.code == "BUS_UNAVAILABLE"
