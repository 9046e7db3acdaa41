"""Other people's words, made safe to show: a tweet must not steer the terminal it is read on."""

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories that move the cursor, turn the writing direction, or show nothing."""
_JOINER = "\u200d"
"""Holds emoji together; harmless."""

MOST = 280
"""Characters of one text that are shown."""


def printable(text: str, *, most: int = MOST) -> str:
    r"""`text` on one line, cut to `most` characters, its unseen characters as `\uXXXX`.

    It is not escaped for HTML or markup; that belongs to whoever puts it there.
    """
    flat = " ".join(text.split())
    if flat.isascii() and flat.isprintable():
        # Nearly all there is, and a page may hold ten thousand of them.
        return f"{flat[:most]}…" if len(flat) > most else flat
    shown = "".join(_shown(character) for character in flat[:most])
    return f"{shown}…" if len(flat) > most else shown


def _shown(character: str) -> str:
    if unicodedata.category(character) in _UNSEEN and character != _JOINER:
        return f"\\u{ord(character):04x}"
    return character
