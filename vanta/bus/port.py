"""What a sender and a receiver may rely on, whatever carries the records between them.

Delivery is at least once and oldest first. A parcel is the receiver's until it says `done`, so a
crash on either side repeats a parcel and never loses one; the receiver is idempotent by id.
"""

from typing import NamedTuple, Protocol

MAX_PAYLOAD = 64 * 1024
"""Bytes of one payload; an intent in its envelope has less than three thousand."""


class Parcel(NamedTuple):
    """One record on its way."""

    id: str
    payload: bytes


class Outbox(Protocol):
    """The sender's end."""

    def send(self, id: str, payload: bytes) -> None:  # noqa: A002 - the parcel's own field
        """Hand `payload` over, durable on return; again with the same id and payload is nothing.

        Raises:
            RefusedError: `PARCEL_ID`, `PARCEL_SIZE`, or `PARCEL_TAKEN` when another payload was
                sent under this id and has not been taken yet.
            UnavailableError: it could not be made durable; nothing was sent.
        """


class Inbox(Protocol):
    """The receiver's end."""

    def poll(self, limit: int) -> list[Parcel]:
        """The oldest parcels not yet done, at most `limit`.

        Raises:
            UnavailableError: the carrier cannot be read.
        """

    def done(self, *ids: str) -> None:
        """Take parcels off, durably; once more is nothing.

        Raises:
            UnavailableError: it could not be made durable; the parcel comes again.
        """
