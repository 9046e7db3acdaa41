"""Verifying a whole journal, on every core, with an answer that does not depend on how many.

The chain alone catches a change of any byte but those of the very last line: what vouches for a
line is the next one. A signed checkpoint vouches for the last line it covers, and for the journal
not having been cut short or rewritten; `Verified.covered` says how far one does.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain as joined
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.record import GENESIS, Position
from vanta.journal.blame import fault
from vanta.journal.chain import BrokenLineError, Spot, Walk
from vanta.journal.checkpoint import Checkpoint, read_checkpoints
from vanta.journal.chunk import Stretch, Verdict, verify_stretch
from vanta.journal.chunk import stretches as cut
from vanta.journal.segment import (
    Files,
    closed_path,
    last_line,
    open_files,
    open_segment,
    read_opening,
)

STRETCH = 4 * 1024 * 1024
"""Bytes one process verifies at a time, more or less a line."""
WORTH_A_PROCESS = 16 * 1024 * 1024
"""Bytes to verify for which one more process pays for its start."""
_SETTLE = 0.5
"""Seconds in which a running writer ends the line it is writing."""
_NAP = 0.01


class Verified(NamedTuple):
    """A journal in which nothing is amiss."""

    records: int
    bytes: int
    head: str
    segments: tuple[Path, ...]
    checkpoints: int
    """Signed checkpoints it agrees with."""
    covered: int
    """Records the furthest of them vouches for."""

    @property
    def position(self) -> Position:
        """How far it reaches, as a checkpoint would state it."""
        return Position(self.records, self.head)


def verify(
    path: Path,
    *,
    workers: int = os.cpu_count() or 1,
    checkpoints: Path | None = None,
    keys: Mapping[str, Ed25519PublicKey] | None = None,
    origin: str | None = None,
) -> Verified:
    """Check every line of every segment: schema, sequence, time, chain, and signed checkpoints.

    Runs beside the writer; what is appended after it began is not looked at.

    Args:
        path: the journal's live file.
        workers: most processes to use; a small journal is verified in this one.
        checkpoints: file of signed checkpoints the journal must agree with; None for none.
        keys: who may have signed them, by name.
        origin: the origin they must state; None for any, but the same.

    Raises:
        BrokenLineError: the first line that nothing vouches for, whatever `workers`.
        MalformedError: `SEGMENT_MISSING`; `CHECKPOINT_AHEAD` when the journal is shorter than a
            checkpoint; `NOTE_MALFORMED`.
        RefusedError: `NOTE_UNSIGNED`, `NOTE_SIGNATURE`, `CHECKPOINT_ORIGIN`.
        UnavailableError: something cannot be read.
    """
    signed = read_checkpoints(checkpoints, keys or {}) if checkpoints else []
    _check_origin(signed, origin, checkpoints)
    wanted = frozenset(checkpoint.position.size for checkpoint in signed)
    walk = Walk()
    lines: dict[int, tuple[str, Spot]] = {}
    with open_files(path) as files:
        spans = _spans(files)
        stretches = [_stretches(files, index, span.end) for index, span in enumerate(spans)]
        with _verdicts(list(joined(*stretches)), wanted, workers) as verdicts:
            for index, span in enumerate(spans):
                line = 1
                for stretch in stretches[index]:
                    verdict = next(verdicts)
                    _join(walk, verdict, Spot(span.file, line, stretch.start), files)
                    for size, mark in verdict.marks.items():
                        spot = Spot(span.file, line + mark.line, stretch.start + mark.offset)
                        lines[size] = (mark.head, spot)
                    line += verdict.lines
                if span.torn:
                    raise _torn(Spot(span.file, line, span.end), span.torn)
        _check_openings(files)
    _check_signed(signed, walk, lines, path)
    total = sum(span.end for span in spans)
    covered = max(wanted, default=0)
    return Verified(walk.size, total, walk.head, files.paths, len(signed), covered)


class _Span(NamedTuple):
    """What there is to verify of one file."""

    file: Path
    end: int
    """Bytes of its whole lines."""
    torn: int
    """Bytes after them that did not become a line."""


def _spans(files: Files) -> list[_Span]:
    spans = []
    for path in files.closed:
        fd = open_segment(path)
        try:
            spans.append(_span(fd, path, settle=0))
        finally:
            os.close(fd)
    return [*spans, _span(files.fd, files.live, settle=_SETTLE)]


def _span(fd: int, path: Path, *, settle: float) -> _Span:
    """What an open file holds now; a writer may be in the middle of its last line."""
    patience = time.monotonic() + settle
    while True:
        size = os.fstat(fd).st_size
        found = last_line(fd, path)
        end = found[0] + len(found[1]) + 1 if found else 0
        if end >= size or time.monotonic() >= patience:
            return _Span(path, end, max(size - end, 0))
        time.sleep(_NAP)


def _stretches(files: Files, index: int, end: int) -> list[Stretch]:
    path = files.paths[index]
    fd = open_segment(path) if index < len(files.closed) else os.dup(files.fd)
    try:
        return list(cut(path, closed_path(files.live, index + 1), fd, end, STRETCH))
    finally:
        os.close(fd)


@contextmanager
def _verdicts(
    plan: Sequence[Stretch], wanted: frozenset[int], workers: int
) -> Iterator[Iterator[Verdict]]:
    """The verdict on each stretch, in order, from this process or from several."""
    judge = partial(verify_stretch, wanted=wanted)
    work = sum(stretch.end - stretch.start for stretch in plan)
    workers = min(workers, len(plan), work // WORTH_A_PROCESS)
    if workers <= 1:
        yield map(judge, plan)
        return
    # Not forked: a copy of a threaded service may hang, and would share its writer's lock.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as executor:
        try:
            yield executor.map(judge, plan)
        except BrokenExecutor as error:
            raise UnavailableError(
                "a verifying process died",
                code="VERIFY_DIED",
                remedy="verify with one worker to see where",
            ) from error
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _join(walk: Walk, verdict: Verdict, spot: Spot, files: Files) -> None:
    """Move `walk` over a stretch that begins at `spot`, or raise the first fault in it."""
    if verdict.code.startswith("JOURNAL_"):
        raise UnavailableError(
            verdict.message, code=verdict.code, place=str(spot.file), remedy="verify it again"
        )
    error = MalformedError(verdict.message, code=verdict.code) if verdict.code else None
    if verdict.lines:
        try:
            walk.meet(verdict.seq, verdict.ts, verdict.prev)
        except MalformedError as unmet:
            error = unmet
        else:
            walk.size, walk.head, walk.ts = verdict.size, verdict.head, verdict.last_ts
            spot = Spot(spot.file, spot.line + verdict.lines, spot.offset + verdict.offset)
    if error is None:
        return
    fd = os.dup(files.fd) if spot.file == files.live else open_segment(spot.file)
    try:
        raise fault(error, spot, fd=fd, files=files.paths, head=walk.head) from error
    finally:
        os.close(fd)


def _torn(spot: Spot, torn: int) -> BrokenLineError:
    return BrokenLineError(
        f"the last line has no end: {torn} bytes of a write that was never acknowledged, or a"
        " line that was cut",
        code="TORN_TAIL",
        spot=spot,
    )


def _check_openings(files: Files) -> None:
    """Check that every file opens as the segment it stands for."""
    for index, path in enumerate(files.paths):
        fd = open_segment(path) if index < len(files.closed) else os.dup(files.fd)
        try:
            opening = read_opening(fd, path)
        finally:
            os.close(fd)
        previous = files.paths[index - 1].name if index else ""
        if (opening.segment, opening.previous) != (index, previous):
            raise BrokenLineError(
                f"segment {opening.segment} where {index} belongs",
                code="SEGMENT_OPENING",
                spot=Spot(path, 1, 0),
            )


def _check_origin(
    signed: Sequence[Checkpoint], origin: str | None, checkpoints: Path | None
) -> None:
    """Check that all checkpoints are of one journal, and of the one that is meant."""
    for number, checkpoint in enumerate(signed, 1):
        expected = signed[0].origin if origin is None else origin
        if checkpoint.origin != expected:
            raise RefusedError(
                f"a checkpoint of {checkpoint.origin}, not of {expected}",
                code="CHECKPOINT_ORIGIN",
                place=f"{checkpoints} note {number}",
            )


def _check_signed(
    signed: Sequence[Checkpoint], walk: Walk, lines: Mapping[int, tuple[str, Spot]], path: Path
) -> None:
    """Check that the journal was, at each signed size, what was signed."""
    vouched = 0
    for checkpoint in sorted(signed, key=lambda known: known.position):
        size, head = checkpoint.position.size, checkpoint.position.head
        by = ", ".join(checkpoint.signers)
        if size > walk.size:
            raise MalformedError(
                f"holds {walk.size} records; {by} signed that it held {size}",
                code="CHECKPOINT_AHEAD",
                place=str(path),
                remedy="it was cut short: keep it as evidence and restore its off-node copy",
            )
        found, spot = lines.get(size, (GENESIS, Spot(path, 1, 0)))
        if found != head:
            raise BrokenLineError(
                f"record {size - 1} is not the one {by} signed; nothing vouches for a line from"
                f" record {vouched} on",
                code="CHECKPOINT_HEAD",
                spot=spot,
            )
        vouched = size
