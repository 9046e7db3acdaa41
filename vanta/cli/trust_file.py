"""Where the pinned introduction is found when nobody names it."""

from pathlib import Path

import typer

from vanta.governance.trust import Trust, read_trust

UNJUDGED = "warning: not judged: no trust file (--trust, VANTA_TRUST, or beside the clone)"
"""What a command says that signs without the pin."""


def beside(repo: Path) -> Path | None:
    """`<clone>.trust.json` beside the clone, as `vanta governance init` writes it.

    Never a file inside the clone: who proposes a change must not choose who is trusted.
    """
    here = repo.resolve()
    top = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    found = top.with_name(f"{top.name}.trust.json")
    return found if found.is_file() else None


def find_trust(named: Path | None, repo: Path) -> Trust | None:
    """The pin that was named, or the one beside the clone; `None` without either.

    Raises:
        VantaError: it cannot be read.
    """
    path = named or beside(repo)
    return read_trust(path) if path else None


def need_trust(named: Path | None, repo: Path) -> Trust:
    """As `find_trust`; raises a usage error without either."""
    found = find_trust(named, repo)
    if found is None:
        raise typer.BadParameter(
            "--trust is needed: no trust file is beside the clone, and VANTA_TRUST is not set"
        )
    return found
