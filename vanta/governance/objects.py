"""Raw Git objects by id, each verified against the id it was asked for by."""

import contextlib
import hashlib
import os
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.batch import PATIENCE, Found, read_batch, readable
from vanta.governance.bounds import Bounds
from vanta.governance.commits import is_oid
from vanta.governance.git_process import command, environment, skeleton

SHA1 = "sha1"
SHA256 = "sha256"
_OID_LENGTH = {SHA1: 40, SHA256: 64}
_CHUNK = 65536


class _Header(NamedTuple):
    """What comes before an object's content, and where that starts and (newline too) ends."""

    kind: str
    start: int
    end: int


class ObjectStore:
    """A long-lived `git cat-file --batch` over one `objects` folder.

    What it returns hashes to the id that was asked for; who runs the store cannot change that.
    (Git itself refuses objects made to collide under SHA-1 when it fetches them. What approvals
    name is nevertheless a SHA-256 over content.)

    Args:
        objects: the folder; it may belong to a repository with hostile configuration.
        object_format: `sha1` or `sha256`.
        bounds: limits on one object and on waiting for it.
    """

    def __init__(self, objects: Path, object_format: str, bounds: Bounds) -> None:
        self.objects = objects
        self.object_format = object_format
        self._bounds = bounds
        self._lock = threading.Lock()
        self._home = tempfile.TemporaryDirectory(prefix="vanta-git-")
        skeleton(Path(self._home.name), object_format)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._close = weakref.finalize(self, _close, self._processes, self._home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the Git process and remove its folder."""
        self._close()

    def read(self, oid: str) -> tuple[str, bytes]:
        """The type (`commit`, `tree`, `blob`, `tag`) and content of an object.

        Raises:
            RefusedError: codes `BAD_OID` (not a full id of this format), `OBJECT_TOO_LARGE`: the
                same on every node, so the fold may judge by it.
            UnavailableError: codes `MISSING_OBJECT`, `CORRUPT_OBJECT`, `OBJECT_MISMATCH` (the
                store's bytes are not the object's), `GIT_STALLED`, `GIT_MISSING`: this store's
                fault, which says nothing about the object. Fetch afresh; never fold over it.
        """
        self._check(oid)
        with self._lock:
            try:
                kind, content = self._ask(oid)
            except BaseException:
                # The answer's rest would be taken for the next one's.
                self._stop()
                raise
        if self._id_of(kind, content) != oid:
            raise _mismatch(oid)
        return kind, content

    def stream(self, oid: str, take: Callable[[bytes], None]) -> str:
        """Give out the content of an object as it comes, however large within the bound.

        Nothing of it may be believed before this returns.

        Returns:
            The type of the object.

        Raises:
            As `read`, and whatever `take` raises.
        """
        self._check(oid)
        with self._lock:
            try:
                kind, found = self._give_out(oid, take)
            except BaseException:
                self._stop()
                raise
        if found != oid:
            raise _mismatch(oid)
        return kind

    def _give_out(self, oid: str, take: Callable[[bytes], None]) -> tuple[str, str]:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise UnavailableError("Git has no pipes", code="GIT_MISSING")
        output = process.stdout.fileno()
        received = b""
        try:
            os.write(process.stdin.fileno(), f"{oid}\n".encode("ascii"))
            while b"\n" not in received:
                received += self._chunk(oid, output)
            line, _, received = received.partition(b"\n")
            header = self._header(oid, line)
            left = header.end - header.start - 1
            digest = hashlib.new(self.object_format, f"{header.kind} {left}\0".encode())
            while left:
                chunk = received[:left] or self._chunk(oid, output)[:left]
                received = received[len(chunk) :]
                digest.update(chunk)
                take(chunk)
                left -= len(chunk)
        except BrokenPipeError as error:
            raise self._failed(oid) from error
        # The line end after it is still to come, or came: either way the next answer is another's.
        self._stop()
        return header.kind, digest.hexdigest()

    def _chunk(self, oid: str, output: int) -> bytes:
        if not readable(output, self._bounds.read_seconds):
            raise self._stalled(oid)
        received = os.read(output, _CHUNK)
        if not received:
            raise self._failed(oid)
        return received

    def ahead(self, names: Sequence[str]) -> Found:
        """What is likely to be asked for soon, by id; never an error.

        Like what `read` returns, every object hashes to its id. What is missing or not sound is
        left out, and may take others with it: `read` says why.

        Args:
            names: see `read_batch`.
        """
        with self._lock:
            process = self._running()
            if process.stdin is None or process.stdout is None:
                return {}
            asking, output = process.stdin.fileno(), process.stdout.fileno()
            whole = False
            try:
                largest = self._bounds.object_bytes
                found, whole = read_batch(asking, output, names, largest, self._id_of)
            finally:
                if not whole:
                    self._stop()
        return found

    def _check(self, oid: str) -> None:
        if not is_oid(oid) or len(oid) != _OID_LENGTH[self.object_format]:
            raise RefusedError(
                f"{oid[:64]!r} is not a full {self.object_format} object id", code="BAD_OID"
            )

    def _id_of(self, kind: str, content: bytes) -> str:
        digest = hashlib.new(self.object_format, f"{kind} {len(content)}\0".encode())
        digest.update(content)
        return digest.hexdigest()

    def _ask(self, oid: str) -> tuple[str, bytes]:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise UnavailableError("Git has no pipes", code="GIT_MISSING")
        asking, output = process.stdin.fileno(), process.stdout.fileno()
        answer = bytearray()
        header: _Header | None = None
        probe = b""
        try:
            os.write(asking, f"{oid}\n".encode("ascii"))
            while header is None or len(answer) < header.end:
                if not probe and not readable(output, PATIENCE):
                    # Over a damaged object Git may stop short and say no more, so it is asked
                    # for something nobody can have foreseen: after its answer comes nothing.
                    probe = os.urandom(16).hex().encode("ascii")
                    os.write(asking, probe + b"\n")
                if not readable(output, self._bounds.read_seconds):
                    raise self._stalled(oid)
                received = os.read(output, _CHUNK)
                answer += received
                if not received or (probe and answer.endswith(probe + b" missing\n")):
                    break
                if header is None and b"\n" in received:
                    header = self._header(oid, bytes(answer.partition(b"\n")[0]))
        except BrokenPipeError as error:
            raise self._failed(oid) from error
        if probe:
            # Its answer is still to come, or came with this one.
            self._stop()
        if header is None or answer[header.end - 1 : header.end] != b"\n":
            raise self._failed(oid)
        return header.kind, bytes(answer[header.start : header.end - 1])

    def _header(self, oid: str, line: bytes) -> "_Header":
        """Read the line before the content: `id type size`, or `id missing`."""
        fields = line.decode("latin-1").split(" ")
        if fields == [oid, "missing"]:
            raise _missing(oid)
        if len(fields) != 3 or fields[0] != oid or not fields[2].isdecimal():  # noqa: PLR2004 - as above
            raise self._failed(oid)
        size = int(fields[2])
        if size > self._bounds.object_bytes:
            raise self._too_large(oid, size)
        return _Header(fields[1], len(line) + 1, len(line) + 1 + size + 1)

    def _stalled(self, oid: str) -> UnavailableError:
        return UnavailableError(
            f"Git gave nothing for {self._bounds.read_seconds} s",
            code="GIT_STALLED",
            place=_place(oid),
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if not self._close.alive:
            raise UnavailableError("the repository is closed", code="REPOSITORY_CLOSED")
        if not self._processes:
            self._processes.append(
                subprocess.Popen(
                    command(["cat-file", "--batch"], bounds=self._bounds),
                    env=environment(Path(self._home.name), self.objects),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    cwd=self._home.name,
                )
            )
        return self._processes[0]

    def _stop(self) -> None:
        while self._processes:
            _end(self._processes.pop())

    def present(self, oids: Iterable[str]) -> set[str]:
        """Which of these objects the store has, whatever became of them there."""
        asked = [oid for oid in oids if is_oid(oid)]
        try:
            answer = self._described("%(objectname) here", asked)
        except subprocess.TimeoutExpired:
            return set()
        lines = answer.decode("latin-1").splitlines()
        return {line.partition(" ")[0] for line in lines if line.endswith(" here")}

    def _described(self, how: str, oids: Iterable[str]) -> bytes:
        """What another Git says of these objects without reading them."""
        return subprocess.run(
            command(["cat-file", f"--batch-check={how}"], bounds=self._bounds),
            env=environment(Path(self._home.name), self.objects),
            input="".join(f"{oid}\n" for oid in oids).encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=self._bounds.read_seconds,
            check=False,
            cwd=self._home.name,
        ).stdout

    def _failed(self, oid: str) -> UnavailableError | RefusedError:
        """Why Git died over `oid`: too large for its memory limit, or damaged."""
        self._stop()
        answer = self._described("%(objectsize)", [oid]).strip()
        if answer.isdigit() and int(answer) > self._bounds.object_bytes:
            return self._too_large(oid, int(answer))
        return UnavailableError(
            "Git cannot read the object",
            code="CORRUPT_OBJECT",
            place=_place(oid),
            remedy="the local copy is damaged: remove it and fetch again",
        )

    def _too_large(self, oid: str, size: int) -> RefusedError:
        return RefusedError(
            f"{size} bytes, more than {self._bounds.object_bytes}",
            code="OBJECT_TOO_LARGE",
            place=_place(oid),
        )


def _mismatch(oid: str) -> UnavailableError:
    return UnavailableError(
        "the object store's bytes do not hash to the id",
        code="OBJECT_MISMATCH",
        place=_place(oid),
        remedy="the local copy is damaged or tampered with: remove it and fetch again",
    )


def _missing(oid: str) -> UnavailableError:
    return UnavailableError(
        "the object is not in the repository",
        code="MISSING_OBJECT",
        place=_place(oid),
        remedy="fetch the whole history: a shallow or partial copy cannot be judged",
    )


def _close(
    processes: list[subprocess.Popen[bytes]], home: "tempfile.TemporaryDirectory[str]"
) -> None:
    while processes:
        _end(processes.pop())
    home.cleanup()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _place(oid: str) -> str:
    return f"object {oid[:12]}"
