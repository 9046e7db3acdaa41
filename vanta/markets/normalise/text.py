"""Text as a person would read it: unescaped, repaired where that is certain, on one line."""

import html
import re

LONGEST = 4000
"""Characters of a signal's text; the whole stands in its raw item."""

REMOVED = frozenset({"[removed]", "[deleted]", "[ removed by reddit ]"})
"""What a source writes where a text was; that it is gone was known only later."""

_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_CP1252 = {
    byte: chr(byte) if byte in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0x100)
}
"""Windows-1252 as browsers read it: its five holes are the control characters of Latin-1."""
_BYTES = {character: byte for byte, character in _CP1252.items()}
_RUN = re.compile("[" + "".join(re.escape(character) for character in _BYTES) + "]{2,}")


def _decoded(run: re.Match[str]) -> str:
    raw = bytes(_BYTES[character] for character in run[0])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return run[0]


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 (`â€™` for an apostrophe).

    Certain only where a whole run of such characters is valid UTF-8; any other run stays.
    """
    return _RUN.sub(_decoded, text)


def clean(text: str) -> str:
    """Unescape, repair, drop invisible and control characters, and put on one line."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = repair(text)
    return " ".join(_CONTROL.sub("", text).split())[:LONGEST]


def plain(markup: str) -> str:
    """The text of an HTML fragment, which a feed may have escaped once more."""
    return clean(_TAG.sub(" ", html.unescape(markup)))


def joined(title: str, body: str) -> str:
    """A post's title and body, without a body that was removed."""
    body = "" if body.strip() in REMOVED else body
    return clean(f"{title}\n{body}")
