"""Where output goes: a disk that is full, a pipe, a device; said, and never replaced."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.founded import environment
from tests.executor.running import Node
from vanta.cli.output import write_to
from vanta.domain.errors import UnavailableError

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.is_char_device(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [("executor", "pnl"), ("executor", "pnl", "--json")])
def test_an_output_that_takes_no_more_is_an_error_with_a_remedy(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    node = Node(tmp_path)
    node.wants("AAPL")
    node.step(3)
    node.end()
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "vanta.cli", *words, "--node", str(tmp_path)],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: the output cannot be written: No space left on device [OUTPUT]",
        "  try: make room where it goes, or send it elsewhere",
    ]


def test_a_page_is_written_into_a_pipe_and_does_not_take_its_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write_to(pipe, b"a page")
    reader.join(10)
    assert heard == [b"a page"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_page_is_written_through_a_link_which_stays_one(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"before")
    link = tmp_path / "link"
    link.symlink_to("kept")
    write_to(link, b"a page")
    assert link.is_symlink()
    assert (tmp_path / "kept").read_bytes() == b"a page"


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "page.html"):
        with pytest.raises(UnavailableError) as caught:
            write_to(place, b"a page")
        assert caught.value.code == "WRITE_FAILED"
