"""What a vendor says in words, made fit for a journal that is kept for ever and shown to people.

Every text of a vendor that is written down goes through `vendor_words`. It is on one line, short,
and has nothing that moves a cursor. A credential that a vendor repeats is hidden: one this process
was given, wherever it stands, and whatever else looks like one.
"""

import re
import unicodedata

from vanta.node.credentials import HIDDEN, without_secrets

MOST = 200
"""Characters of a reason."""
MOST_OF_CODE = 40

_NAMED = re.compile(
    r"(?i)\b(bearer|basic|authorization|(?:api|access)[-_ ]?(?:key|token|sign|signature)|token"
    r"|secret|password|signature)(\s*[:=]\s*|\s+)(?:(?:bearer|basic)\s+)?(?=\S*[0-9])[^\s,;\"'<>]{8,}"
)
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_OF_AN_ORDER = re.compile(
    r"ord[_-][0-9a-f]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)


def vendor_words(text: str, most: int = MOST) -> str:
    """`text` as it may be written down, at most `most` characters long."""
    seen = "".join(map(_shown, text[: 16 * most]))
    flat = " ".join(seen.split())
    hidden = _LONG.sub(_opaque, _NAMED.sub(rf"\1\2{HIDDEN}", without_secrets(flat)))
    return hidden if len(hidden) <= most else hidden[: most - 1] + "…"


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if kind.startswith("C") else character


def _opaque(found: re.Match[str]) -> str:
    """Letters and digits without a break are a key; but ids of orders are worth knowing."""
    text = found.group()
    is_mixed = any(one.isdigit() for one in text) and any(one.isalpha() for one in text)
    return HIDDEN if is_mixed and not _OF_AN_ORDER.fullmatch(text) else text
