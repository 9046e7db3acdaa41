"""Which line is at fault when two neighbours do not fit.

A chain breaks between two lines, and either may be the one that was changed. What comes after the
second decides: where it vouches for the second line, the first was changed; where it vouches for
the second line with the value it should have carried, only that value was changed. Where nothing
decides, the earlier line is named: nothing vouches for it.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError
from vanta.journal.chain import BrokenLineError, Spot, chain, decode_line
from vanta.journal.segment import complete_lines, last_line, open_segment


class _Carried(msgspec.Struct):
    """The one field of a line that names another, as it is written."""

    prev: msgspec.Raw


def fault(
    error: MalformedError, spot: Spot, *, fd: int, files: Sequence[Path], head: str
) -> BrokenLineError:
    """What `Walk.step` said about the line at `spot`, naming the line that is at fault.

    Args:
        error: what it said.
        spot: the line it said it about.
        fd: the open file of that line.
        files: every segment of the journal, in order.
        head: chain value of the line before `spot`, as its bytes are now.
    """
    if error.code in ("LINE_CHAIN", "LINE_TIME") and not _alone(spot, fd, files, head):
        return BrokenLineError(
            "the line is not the one the next line was written after",
            code="LINE_CHAIN",
            spot=_line_before(spot, fd, files),
        )
    return BrokenLineError(error.message, code=error.code, spot=spot)


def _alone(spot: Spot, fd: int, files: Sequence[Path], head: str) -> bool:
    """Whether the line at `spot` is at fault and the line before it, of value `head`, is not."""
    following = complete_lines(fd, spot.offset)
    _, line = next(following)
    after = next((text for _, text in following), None) or _first_line_after(spot.file, files)
    with contextlib.suppress(MalformedError, ValueError):
        carried = decode_line(line).prev
        if carried == head:
            return True
        wanted = decode_line(after or b"").prev
        written = bytes(msgspec.json.decode(line, type=_Carried).prev)
        return chain(head, line.replace(written, f'"{head}"'.encode())) == wanted
    return False


def _first_line_after(file: Path, files: Sequence[Path]) -> bytes | None:
    """The first line of the segment after `file`, if there is one."""
    later = files[files.index(file) + 1 :]
    if not later:
        return None
    fd = open_segment(later[0])
    try:
        return next((line for _, line in complete_lines(fd)), None)
    finally:
        os.close(fd)


def _line_before(spot: Spot, fd: int, files: Sequence[Path]) -> Spot:
    """Where the line before `spot` is; `spot` itself when it is the journal's first."""
    if spot.offset:
        start = 0
        for offset, _ in complete_lines(fd, 0, spot.offset):
            start = offset
        return Spot(spot.file, spot.line - 1, start)
    earlier = files[: files.index(spot.file)]
    if not earlier:
        return spot
    before = open_segment(earlier[-1])
    try:
        last = last_line(before, earlier[-1])
        lines = sum(1 for _ in complete_lines(before))
    finally:
        os.close(before)
    return Spot(earlier[-1], lines, last[0] if last else 0)
