"""What a sender and a receiver may rely on, whatever carries the records between them.

Delivery is at least once and oldest first. A parcel is the receiver's until it says `done`, so a
crash on either side repeats a parcel and never loses one; the receiver is idempotent by id. A
carrier that may lose what it was given says so with `forgot`, and the sender hands over again.
"""

import re
from typing import NamedTuple, Protocol

from vanta.domain.errors import RefusedError

MAX_PAYLOAD = 64 * 1024
"""Bytes of one payload; an intent in its envelope has less than three thousand."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


AWAY = frozenset({"BUS_UNAVAILABLE", "BUS_REFUSED", "BUS_FULL"})
"""Codes of a carrier that takes nothing just now: one tries again later."""


class Parcel(NamedTuple):
    """One record on its way."""

    id: str
    payload: bytes


def is_parcel_id(text: str) -> bool:
    """Whether a parcel can be called so: a name that no carrier takes for anything else."""
    return _ID.fullmatch(text) is not None


def check_parcel(parcel_id: str, payload: bytes) -> None:
    """Refuse what no carrier takes.

    Raises:
        RefusedError: `PARCEL_ID`, `PARCEL_SIZE`.
    """
    if not is_parcel_id(parcel_id):
        raise RefusedError(
            f"{parcel_id[:64]!r} cannot name a parcel",
            code="PARCEL_ID",
            remedy="use letters, digits, points, dashes and underscores, at most 120",
        )
    if len(payload) > MAX_PAYLOAD:
        raise RefusedError(
            f"{len(payload)} bytes; a parcel has at most {MAX_PAYLOAD}",
            code="PARCEL_SIZE",
            place=parcel_id,
        )


def taken(parcel_id: str) -> RefusedError:
    """The refusal of a second payload under an id that waits with another."""
    return RefusedError(
        "another payload waits under this id",
        code="PARCEL_TAKEN",
        place=parcel_id,
        remedy="derive the id from the content",
    )


class Outbox(Protocol):
    """The sender's end."""

    def send(self, id: str, payload: bytes) -> None:  # noqa: A002 - the parcel's own field
        """Hand `payload` over; again with the same id and payload is nothing.

        Raises:
            RefusedError: `PARCEL_ID`, `PARCEL_SIZE`, or `PARCEL_TAKEN` when another payload was
                sent under this id and has not been taken yet.
            UnavailableError: the carrier did not say that it has it; send it again. `BUS_FULL`
                when nobody takes what waits.
        """

    def forgot(self) -> bool:
        """Whether the carrier may have lost what was sent since this was last asked.

        Raises:
            UnavailableError: it cannot be asked.
        """


class Inbox(Protocol):
    """The receiver's end."""

    def poll(self, limit: int) -> list[Parcel]:
        """The oldest parcels not yet done, at most `limit`.

        Raises:
            UnavailableError: the carrier cannot be read.
        """

    def done(self, *ids: str) -> None:
        """Take parcels off; once more is nothing.

        Raises:
            UnavailableError: it could not be made durable; the parcel comes again.
        """
