"""Which build a process runs from, by where its code lies and not by what anybody says."""

import os
import sys
from hashlib import sha256
from pathlib import Path

import vanta

MANIFEST = "manifest.json"
_DIGITS = 12


def slot() -> Path | None:
    """The slot this process's code lies in; None in a checkout."""
    lib = Path(vanta.__file__).resolve().parents[1]
    found = lib.parent
    return found if lib.name == "lib" and (found / MANIFEST).is_file() else None


def running_build() -> str:
    """Name of the build this process runs; empty in a checkout.

    A slot is called after its manifest. One that was renamed, or whose manifest was changed, is no
    build.
    """
    found = slot()
    if found is None:
        return ""
    digest = sha256((found / MANIFEST).read_bytes()).hexdigest()[:_DIGITS]
    return found.name if found.name.endswith(f"-{digest}") else ""


def vanta_command() -> tuple[str, ...]:
    """How to start `vanta` of the same build once more."""
    found = slot()
    return (sys.executable, "-m", "vanta.cli") if found is None else (str(found / "bin/vanta"),)


def python_environment() -> dict[str, str]:
    """What a Python that is started by hand must find around it to run this same build."""
    found = slot()
    return {**os.environ} if found is None else {**os.environ, "PYTHONPATH": str(found / "lib")}
