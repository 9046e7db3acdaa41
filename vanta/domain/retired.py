"""Names that meant something once: never given to anything else, and refused where one turns up.

A flag that is used again for something new makes an old machine do something old: what reads a
document or an intent refuses such a name by name, however long nobody has written it.

To retire a name, take it out of its type and add it here in the same change; a test holds that what
ever was live is live or here, and never both.
"""

from typing import NamedTuple


class Retired(NamedTuple):
    """A name that is gone."""

    since: str
    """The version that was first without it."""
    instead: str
    """What to write now, for whoever still has it."""


FIELDS: dict[str, Retired] = {}
"""Governed fields, as `Type.field`: `OrderLimits.per_minute`."""

FLAGS: dict[str, Retired] = {}
"""Fields of an intent."""

SWITCHES: dict[str, Retired] = {}
CODES: dict[str, Retired] = {}
"""Codes of fences."""

FENCES: dict[str, Retired] = {}
"""Numbers and names of fences, as `13 WITHIN_RATE`."""


def by_kind() -> dict[str, dict[str, Retired]]:
    """Every register, by what its names are of."""
    return {
        "field": FIELDS, "flag": FLAGS, "switch": SWITCHES, "code": CODES, "fence": FENCES,
    }  # fmt: skip
