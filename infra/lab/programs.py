"""Other programs: run as argument lists, with what they said where they fail."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from vanta.domain.errors import UnavailableError

_PATIENCE = 120.0
_TAIL = 12


def run(
    words: Sequence[str | Path],
    *,
    check: bool = True,
    patience: float = _PATIENCE,
    typed: str | None = None,
    log: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end.

    Args:
        words: the program and its arguments.
        check: an exit other than 0 is an error.
        patience: seconds it may take.
        typed: its standard input.
        log: file to append to what it says, as it says it.

    Raises:
        UnavailableError: `PROGRAM`: it is missing, failed or took too long.
    """
    spelled = [str(word) for word in words]
    try:
        if log is not None:
            with log.open("a") as out:
                done = subprocess.run(
                    spelled, stdout=out, stderr=subprocess.STDOUT, input=typed, text=True,
                    check=False, timeout=patience,
                )  # fmt: skip
            said = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL:])
        else:
            done = subprocess.run(
                spelled, capture_output=True, input=typed, text=True, check=False, timeout=patience
            )
            said = (done.stderr or done.stdout).strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error), code="PROGRAM", place=" ".join(spelled[:3])) from error
    if check and done.returncode:
        raise UnavailableError(
            f"ended with {done.returncode}: {said or 'and said nothing'}",
            code="PROGRAM",
            place=" ".join(spelled[:6]),
        )
    return done
