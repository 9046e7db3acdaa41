"""Bytecode of what a build's services import, so that none of them compiles at its start.

It is written by the compiler of the Python that the build is for, and by `importing`, which writes
the same code the same way each time. A compiler of another micro version may make other code of a
few files, so the manifest says which one it was.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from vanta.builds import importing
from vanta.domain.errors import UnavailableError

Run = Callable[[list[str]], str]


def write_bytecode(lib: Path, package: str, python: str, run: Run) -> str:
    """Write it beside the sources; returns the version of the compiler, such as `3.11.7`.

    Args:
        lib: what a build starts from; nothing is imported from elsewhere but Python's own.
        package: whose modules are imported, one by one.
        python: what the build is for, such as `3.11`.
        run: runs a program and returns what it prints.

    Raises:
        UnavailableError: `NO_PYTHON`, or as `run` does.
    """
    program = [_interpreter(python), "-I", "-S", "-B", str(Path(importing.__file__).resolve())]
    return run([*program, str(lib), package]).strip()


def _interpreter(python: str) -> str:
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    if found := shutil.which(f"python{python}"):
        return found
    raise UnavailableError(
        f"python{python}, which the build is for, is not installed: only it writes its bytecode",
        code="NO_PYTHON",
        remedy=f"install it, with `uv python install {python}` for example",
    )
