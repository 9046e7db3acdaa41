"""R7: the latch halts by being there; no halt in it is lost, and only released ones go."""

import fcntl
import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

from vanta.domain.errors import UnavailableError
from vanta.governance import latch
from vanta.governance.latch import (
    LATCH,
    LOCK,
    LatchLine,
    append,
    latched,
    open_gate_lock,
    set_latch,
    wait_for_sends,
)
from vanta.governance.latch_lines import Latch, lift, read_latch

NOW = 1_700_000_000_000_000_000


def nonces(memory: Path) -> list[str]:
    found = read_latch(memory)
    return [line.nonce for line in found.lines] if found else []


def test_without_a_latch_nothing_is_latched(tmp_path: Path) -> None:
    assert not latched(tmp_path)
    assert read_latch(tmp_path) is None
    assert lift(tmp_path, lambda _latch: True)


def test_a_halt_says_who_why_and_when_under_a_nonce_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "grace")
    first, second = (set_latch(tmp_path, f"reason {n}", NOW + n) for n in range(2))
    found = read_latch(tmp_path)
    assert found == Latch((first.line, second.line), "")
    assert (first.line.who, first.line.reason, first.line.at) == ("grace", "reason 0", NOW)
    assert len(first.line.nonce) == 16
    assert first.line.nonce != second.line.nonce
    assert first.trouble == second.trouble == ""
    assert latched(tmp_path)


@pytest.mark.parametrize("reason", ["", 'say "stop"\\', "two\nlines", "\u00e9\U0001f525", "\udcff"])
def test_a_halt_is_read_again_whatever_its_reason_is(tmp_path: Path, reason: str) -> None:
    """A command line may be any bytes, and those that are no text still halt under a nonce."""
    halted = set_latch(tmp_path, reason, NOW)
    found = read_latch(tmp_path)
    assert found is not None
    assert found.rest == ""
    (line,) = found.lines
    assert (line.nonce, line.at) == (halted.line.nonce, NOW)
    assert line.reason == reason.replace("\n", " ").replace("\udcff", "?")


@pytest.mark.parametrize(
    ("content", "readable"),
    [
        (b"", 0),
        (b"\n\n", 0),
        (b"stop\n", 0),
        (b"\xff\xfe", 0),
        (b'{"nonce": ""}\n', 0),
        (b'{"nonce": "  ", "reason": "", "who": "", "at": 1}\n', 0),
        (b'{"nonce": "../../x", "reason": "", "who": "", "at": 1}\n', 0),
        (b'{"nonce": "0123456789abcdef", "reason": "r", "who": "w", "at": 1}\nstop\n', 1),
        (b'{"nonce": "0123456789abcdef", "reason": "r", "who": "w", "at": 1}', 1),
        (b"x" * 100_000, 0),
    ],
)
def test_what_cannot_be_read_is_there_and_told_apart(
    tmp_path: Path, content: bytes, readable: int
) -> None:
    (tmp_path / LATCH).write_bytes(content)
    found = read_latch(tmp_path)
    assert found is not None
    assert len(found.lines) == readable
    assert bool(found.rest) is (readable == 0 or b"stop" in content)
    assert latched(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_a_latch_that_is_no_file_is_set_and_never_followed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / LATCH
    secret = tmp_path / "secret"
    secret.write_text('{"nonce": "0123456789abcdef", "reason": "r", "who": "w", "at": 1}\n')
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(secret)
    else:
        os.mkfifo(path)
    found = read_latch(tmp_path)
    assert found is not None
    assert (found.lines, bool(found.rest)) == ((), True)
    halted = set_latch(tmp_path, "stop", NOW)
    assert halted.trouble
    assert latched(tmp_path)
    assert secret.read_text().count("\n") == 1
    assert not lift(tmp_path, lambda _latch: False)
    assert latched(tmp_path)
    assert lift(tmp_path, lambda found: found.rest != "")
    assert not latched(tmp_path)
    assert secret.exists()


def test_a_line_after_a_torn_one_is_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / LATCH).write_bytes(b'{"nonce": "0123')
    halted = set_latch(tmp_path, "stop", NOW)
    found = read_latch(tmp_path)
    assert found is not None
    assert found.lines == (halted.line,)
    assert found.rest


def test_where_nothing_can_be_written_it_says_that_nothing_is_halted(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        set_latch(tmp_path / "gone", "stop", NOW)
    assert refused.value.code == "NOT_HALTED"
    assert "root" in refused.value.remedy


def test_a_full_disk_halts_and_says_that_the_line_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(latch, "write_all", full)
    halted = set_latch(tmp_path, "stop", NOW)
    assert "No space" in halted.trouble
    assert latched(tmp_path)


def test_where_no_file_may_be_linked_it_halts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    halted = set_latch(tmp_path, "stop", NOW)
    assert halted.trouble == ""
    assert nonces(tmp_path) == [halted.line.nonce]
    assert [each.name for each in tmp_path.iterdir()] == [LATCH]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
def test_what_root_makes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 4321)
    set_latch(tmp_path, "stop", NOW)
    os.close(open_gate_lock(tmp_path))
    for name in (LATCH, LOCK):
        found = (tmp_path / name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1234, 4321, 0o660)


def test_it_is_lifted_only_when_all_of_it_is_released(tmp_path: Path) -> None:
    first, second = (set_latch(tmp_path, "stop", NOW).line.nonce for _ in range(2))

    def released(*names: str) -> bool:
        return lift(
            tmp_path,
            lambda found: not found.rest and {one.nonce for one in found.lines} <= set(names),
        )

    assert not released(first)
    assert nonces(tmp_path) == [first, second]
    assert released(first, second)
    assert not latched(tmp_path)


def _halt_often(memory: str, count: int) -> None:
    for number in range(count):
        set_latch(Path(memory), f"halt {number}", NOW)


def test_no_halt_is_lost_to_another_or_to_the_removal(tmp_path: Path) -> None:
    """Four processes halt while the controller takes away whatever it has seen before.

    It never sees a latch whose line is still to come: that would be a halt that nobody set.
    """
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=_halt_often, args=(str(tmp_path), 40)) for _ in range(4)]
    for person in people:
        person.start()
    seen: set[str] = set()
    lifted: set[str] = set()

    def all_seen(found: Latch) -> bool:
        assert not found.rest
        here = {line.nonce for line in found.lines}
        if here <= seen:
            lifted.update(here)
            return True
        return False

    while any(person.is_alive() for person in people):
        found = read_latch(tmp_path)
        assert found is None or not found.rest
        seen.update(line.nonce for line in (found.lines if found else ()))
        lift(tmp_path, all_seen)
    for person in people:
        person.join(30)
        assert person.exitcode == 0
    assert len(lifted | set(nonces(tmp_path))) == 160


def test_a_line_can_be_put_back(tmp_path: Path) -> None:
    line = LatchLine("0123456789abcdef", "stop", "grace", NOW)
    append(tmp_path, [line])
    assert read_latch(tmp_path) == Latch((line,), "")


# Waiting for sends


def test_a_halt_returns_when_no_send_is_on_its_way(tmp_path: Path) -> None:
    fd = open_gate_lock(tmp_path)
    fcntl.flock(fd, fcntl.LOCK_SH)
    returned = threading.Event()

    def halt() -> None:
        wait_for_sends(tmp_path)
        returned.set()

    halting = threading.Thread(target=halt)
    halting.start()
    assert not returned.wait(0.05)
    os.close(fd)
    assert returned.wait(5)
    halting.join()


def test_a_send_that_does_not_end_is_told_and_not_waited_for_for_ever(tmp_path: Path) -> None:
    fd = open_gate_lock(tmp_path)
    fcntl.flock(fd, fcntl.LOCK_SH)
    began = time.monotonic()
    with pytest.raises(UnavailableError) as refused:
        wait_for_sends(tmp_path, patience=0.05)
    assert refused.value.code == "NOT_CONFIRMED"
    assert "may be on its way" in refused.value.message
    assert time.monotonic() - began < 5
    os.close(fd)


def test_a_lock_that_cannot_be_taken_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        wait_for_sends(tmp_path / "gone")
    assert refused.value.code == "NOT_CONFIRMED"
