"""Many answers of `git cat-file --batch` to one question, read ahead of being needed.

Waiting for Git after each object costs more than everything else that is done with it. Nothing
here decides: what is not exactly as it should be ends the reading, and who needs that object asks
for it alone and is told why.
"""

import os
import re
import select
import sys
from collections.abc import Callable, Sequence

AHEAD = 64
"""Most objects asked for in one go: their names fit into a pipe, so asking never waits."""
PATIENCE = 0.5
"""Seconds after which a Git that says nothing may have nothing to say."""
_BYTES = 4 * 1024 * 1024
"""Most bytes of all answers together."""
_CHUNK = 65536
_NEWLINE = ord("\n")
_NAME = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})(?:~[1-9][0-9]?)?\Z")

Found = dict[str, tuple[str, bytes]]
"""Type and content of objects, by id."""


def read_batch(
    asking: int,
    output: int,
    names: Sequence[str],
    largest: int,
    identify: Callable[[str, bytes], str],
) -> tuple[Found, bool]:
    """Ask for objects and read the answers.

    Args:
        asking: descriptor of Git's standard input.
        output: descriptor of its standard output.
        names: at most `AHEAD` full ids, or `<id>~<n>` for the n-th commit below one by first
            parents.
        largest: bytes of the largest object there may be; one beyond it must be refused by whoever
            asks for it alone, so it is not read here either.
        identify: the id of an object of this type and content.

    Returns:
        What was read, each under the id it hashes to, and whether Git now has nothing more to
        say; if not, its next answer would be taken for another one's, and it must be ended.
    """
    found: Found = {}
    wanted = [name for name in names if _NAME.match(name)][:AHEAD]
    received = bytearray()
    at = 0
    try:
        os.write(asking, "".join(f"{name}\n" for name in wanted).encode("ascii"))
        for name in wanted:
            while (end := received.find(b"\n", at)) < 0:
                if not _more(output, received):
                    return found, False
            line = received[at:end].decode("latin-1")
            at = end + 1
            if line == f"{name} missing":
                continue
            oid, kind, size = _described(line)
            if size > largest or at + size > _BYTES:
                return found, False
            while len(received) <= at + size:
                if not _more(output, received):
                    return found, False
            content = bytes(received[at : at + size])
            at += size + 1
            if received[at - 1] != _NEWLINE or identify(kind, content) != oid:
                return found, False
            found[oid] = kind, content
    except OSError:
        return found, False
    return found, at == len(received)


def readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or the end of it, within so many seconds."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _described(line: str) -> tuple[str, str, int]:
    """Id, type and size of a line `id type size`; a size no object has where it is none."""
    oid, _, rest = line.partition(" ")
    kind, _, size = rest.partition(" ")
    if not size.isdecimal() or len(size) > len(str(_BYTES)):
        return "", "", sys.maxsize
    return oid, kind, int(size)


def _more(output: int, received: bytearray) -> bool:
    """Read on; False when nothing more comes, or too much came."""
    if len(received) > _BYTES + _CHUNK or not readable(output, PATIENCE):
        return False
    chunk = os.read(output, _CHUNK)
    received += chunk
    return bool(chunk)
