"""One conversation of Git with somebody else's machine: confined, bounded, and given up in time."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance.bounds import Bounds
from vanta.governance.git_process import command

_ERROR_BYTES = 2000


def converse(
    arguments: Sequence[str],
    git_dir: Path,
    variables: Mapping[str, str],
    url: str,
    bounds: Bounds,
    abort: int | None,
    *,
    answer: Path | None = None,
) -> None:
    """Run one Git command that talks to `url`.

    Args:
        arguments: of Git.
        git_dir: a repository made for it.
        variables: its whole environment.
        url: for the error's place.
        bounds: how long, and how many bytes a file may grow to.
        abort: a descriptor; the command is given up when it can be read.
        answer: the file its output goes to; nowhere without one.

    Raises:
        RefusedError: codes `FETCH_TOO_LARGE`, `FOREIGN_OWNER`.
        UnavailableError: codes `FETCH_FAILED`, `FETCH_TIMEOUT`, `FETCH_ABORTED`, `REF_MISSING`.
    """
    complaint = git_dir / "complaint"
    # To a file, under the size limit: the other side writes to it, and pipes are read into memory.
    with complaint.open("wb") as errors, (answer or Path(os.devnull)).open("wb") as output:
        process = subprocess.Popen(
            command(
                arguments,
                bounds=bounds,
                configuration=(f"protocol.{variables['GIT_ALLOW_PROTOCOL']}.allow=always",),
            ),
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=git_dir,
            start_new_session=True,
        )
        try:
            ended = _ended(process, bounds.fetch_seconds, abort)
        finally:
            if process.returncode is None:
                # The whole session: ssh and index-pack are Git's children, not ours.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if not ended:
        if abort is not None and select.select([abort], [], [], 0)[0]:
            raise UnavailableError("the fetch was given up", code="FETCH_ABORTED", place=url)
        raise UnavailableError(
            f"the fetch took longer than {bounds.fetch_seconds} s", code="FETCH_TIMEOUT", place=url
        )
    if process.returncode:
        with complaint.open("rb") as file:
            said = file.read(_ERROR_BYTES).decode("utf-8", "replace")
        raise _failure(said, url, bounds)


def _ended(process: subprocess.Popen[bytes], seconds: float, abort: int | None) -> bool:
    """Wait for a process; `Popen.wait` with a timeout looks only every 50 ms."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if abort is not None:
            poll.register(abort, select.POLLIN)
        if descriptor not in {ready for ready, _ in poll.poll(seconds * 1000)}:
            return False
    finally:
        os.close(descriptor)
    process.wait()
    return True


def _failure(said: str, url: str, bounds: Bounds) -> VantaError:
    if "signal 25" in said or "File too large" in said:
        return RefusedError(
            f"the other side sent more than {bounds.fetch_bytes} bytes",
            code="FETCH_TOO_LARGE",
            place=url,
        )
    if "couldn't find remote ref" in said:
        return UnavailableError("no such ref there", code="REF_MISSING", place=url)
    if "dubious ownership" in said:
        return RefusedError(
            "the repository there belongs to another user",
            code="FOREIGN_OWNER",
            place=url,
            remedy="fetch it over ssh://, or let this service's user own it",
        )
    printable = "".join(letter if letter.isprintable() else " " for letter in said)
    return UnavailableError(
        f"git fetch failed: {' '.join(printable.split())[:500]}", code="FETCH_FAILED", place=url
    )
