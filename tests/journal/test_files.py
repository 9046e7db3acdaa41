"""A file is replaced whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from tests.journal.building import spy
from vanta.domain.errors import UnavailableError
from vanta.journal import files
from vanta.journal.files import atomic_exchange, atomic_write


def test_the_file_holds_the_data_and_has_the_mode(tmp_path: Path) -> None:
    file = tmp_path / "vault.json"
    before = os.umask(0o077)
    try:
        atomic_write(file, b"one")
        assert file.stat().st_mode & 0o777 == 0o640
        atomic_write(file, b"two", mode=0o444)
    finally:
        os.umask(before)
    assert file.read_bytes() == b"two"
    assert file.stat().st_mode & 0o777 == 0o444
    assert list(tmp_path.iterdir()) == [file]


def test_who_has_the_old_file_open_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "vault.json"
    atomic_write(file, b"old")
    with file.open("rb") as reader:
        atomic_write(file, b"new")
        assert reader.read() == b"old"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"kept")
    link.symlink_to(target)
    atomic_write(link, b"new")
    assert (target.read_bytes(), link.read_bytes(), link.is_symlink()) == (b"kept", b"new", False)


def test_data_owner_and_mode_are_on_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = spy(monkeypatch, "fchmod", "fchown", "write", "fsync", "replace")
    # Whoever runs this may give a file to nobody else: -1 leaves it as it is.
    atomic_write(tmp_path / "f", b"data", owner=(-1, -1))
    assert [name for name, _ in calls] == [
        "fchmod",
        "fchown",
        "write",
        "fsync",
        "replace",
        "fsync",
    ]


def test_a_file_that_is_its_owners_already_is_given_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandboxed service may not give files away, and need not."""
    calls = spy(monkeypatch, "fchown")
    atomic_write(tmp_path / "f", b"data", owner=(os.geteuid(), tmp_path.stat().st_gid))
    assert calls == []


@pytest.mark.parametrize("call", ["fchmod", "write", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "vault.json"
    atomic_write(file, b"old")
    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(UnavailableError, match="No space") as caught:
        atomic_write(file, b"new")
    monkeypatch.undo()
    assert (caught.value.code, caught.value.place) == ("WRITE_FAILED", str(file))
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        atomic_write(tmp_path / "no" / "file", b"")


@pytest.mark.parametrize("able", [True, False])
def test_an_exchange_tells_what_it_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, able: object
) -> None:
    if not able:
        monkeypatch.setattr(files, "_exchange", lambda _one, _other: False)
    file = tmp_path / "vault.json"
    assert atomic_exchange(file, b"one") is None
    assert atomic_exchange(file, b"two", mode=0o600) == b"one"
    assert file.read_bytes() == b"two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_an_exchange_follows_no_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"kept")
    link.symlink_to(target)
    assert atomic_exchange(link, b"new") is None
    assert (link.read_bytes(), target.read_bytes()) == (b"new", b"kept")
    assert not link.is_symlink()


def test_an_exchange_moves_a_folder_in_the_files_place_aside(tmp_path: Path) -> None:
    folder = tmp_path / "vault.json"
    folder.mkdir()
    (folder / "inside").touch()
    assert atomic_exchange(folder, b"x") is None
    assert folder.read_bytes() == b"x"
    (aside,) = set(tmp_path.iterdir()) - {folder}
    assert (aside / "inside").exists()


def test_an_exchange_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        atomic_exchange(tmp_path / "gone" / "vault.json", b"x")
