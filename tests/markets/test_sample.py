"""The bundled sample: the same bytes each time, quickly, in the folders the recorded feeds have."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

from vanta.markets.sample.compose import compose

IMPORT = "from vanta.markets.sample.compose import compose"
FOLDERS = {"twitter", "reddit", "sec", "news", "rss", "crypto", "options", "prices"}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_has_the_layout_of_the_recorded_feeds(sample: Path) -> None:
    assert {path.name for path in sample.iterdir()} == FOLDERS


def test_it_is_the_same_bytes_in_another_process(sample: Path, tmp_path: Path) -> None:
    script = f"import pathlib, sys; {IMPORT}; compose(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert digests(tmp_path) == digests(sample)


def test_it_takes_no_time_to_speak_of_and_writes_over_itself(tmp_path: Path) -> None:
    began = time.perf_counter()
    compose(tmp_path)
    assert time.perf_counter() - began < 2
    first = digests(tmp_path)
    compose(tmp_path)
    assert digests(tmp_path) == first


def test_nothing_of_it_is_large(sample: Path) -> None:
    assert sum(path.stat().st_size for path in sample.rglob("*") if path.is_file()) < 1_000_000
