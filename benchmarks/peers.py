"""The programs the benchmarks compare with, each in an environment of its own."""

import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
HOME = CHECKOUT / ".venv-peers"
"""Git ignores it, and `make clean` removes it."""


class PeerMissingError(Exception):
    """A peer cannot be installed here; what it says is why."""


def install(name: str, wanted: str) -> Path:
    """The folder of a peer's programs; made once.

    Args:
        name: of its environment.
        wanted: the requirement, with its version.

    Raises:
        PeerMissingError: there is no uv, or PyPI is out of reach.
    """
    home = HOME / name
    programs = home / "bin"
    done = home / "installed"
    if done.exists() and done.read_text() == wanted:
        return programs
    shutil.rmtree(home, ignore_errors=True)
    uv = shutil.which("uv") or str(CHECKOUT / ".uv" / "bin" / "uv")
    for command in (
        [uv, "venv", "--quiet", "--python", "python3", str(home)],
        [uv, "pip", "install", "--quiet", "--python", str(programs / "python"), wanted],
    ):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(home, ignore_errors=True)
            said = getattr(error, "stderr", None) or str(error)
            raise PeerMissingError(f"{wanted} was not installed: {said.strip()[-300:]}") from error
    done.write_text(wanted)
    return programs
