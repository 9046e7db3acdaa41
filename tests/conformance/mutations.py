"""Random edits of bytes, drawn towards what means something in a commit."""

import random
from typing import Final

_TOKENS: Final = (
    *(b"\n", b"\n ", b"\n\n", b" ", b"\0", b"\r\n", b"\t", b"<", b">", b"=", b"A", b"\xff"),
    *(b"parent ", b"\ngpgsig ", b"\ngpgsig-sha256 ", b"\nencoding x", b"\ncommitter ", b"tree "),
    *(b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----", b"+0000", b"0", b"f"),
)


def mutated(chance: random.Random, raw: bytes) -> bytes:
    """`raw` after one to three edits; half of them near its head."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 3))):
        reach = len(data) if chance.random() < 0.5 else min(len(data), 300)
        at = chance.randrange(max(1, reach))
        what = chance.choice(("flip", "flip", "drop", "cut", "put", "put", "line", "swap"))
        if what == "flip" and data:
            data[at] ^= 1 << chance.randrange(8)
        elif what == "drop":
            del data[at : at + 1]
        elif what == "cut":
            del data[at : at + chance.randrange(1, 60)]
        elif what == "put":
            data[at:at] = chance.choice(_TOKENS)
        else:
            data = _lines_moved(chance, data, double=what == "line")
    return bytes(data)


def _lines_moved(chance: random.Random, data: bytearray, *, double: bool) -> bytearray:
    """One line put elsewhere, or doubled there."""
    lines = bytes(data).split(b"\n")
    line = (
        lines[chance.randrange(len(lines))] if double else lines.pop(chance.randrange(len(lines)))
    )
    lines.insert(chance.randrange(len(lines) + 1), line)
    return bytearray(b"\n".join(lines))
