"""The `vanta` that pages are typed with says what the installed one says, and ends as it does."""

from pathlib import Path

from tests.cli.warm import warm
from tests.docs.pages import INSTALLED, run

COMMANDS = [
    "vanta --version",
    "vanta governance --help",
    "vanta governance schema Vault | head -n 3",
    "vanta governance plan -e dev",
    "vanta halt -m why",
    "vanta halt --now -m why -n nowhere",
    "VANTA_NODE=nowhere vanta governance status",
    "vanta no-such-command 2>/dev/null",
    "vanta governance schema Vault > file; wc -l < file",
]


def test_it_is_the_installed_one_started_before(tmp_path: Path) -> None:
    folder = tmp_path / "fund"
    folder.mkdir()
    with warm(tmp_path / "bin") as path:
        assert run(COMMANDS, folder, path) == run(COMMANDS, folder, INSTALLED)
        (here,) = run(["type -p vanta"], folder, path)
        assert here.output == str(path / "vanta")
    (gone,) = run(["vanta --version"], folder, path)
    assert gone.code == 1
