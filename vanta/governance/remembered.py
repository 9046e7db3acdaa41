"""What was read once and may be wanted again, within a number of bytes."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_APIECE = 200
"""Bytes that remembering anything takes, however small it is."""


class Remembered(Generic[K, V]):
    """Values by key; a full memory is emptied, which costs reading again and no more.

    Objects never change, so nothing in it is ever out of date. How much somebody else's repository
    may make a node remember is bounded by weight, for a few bytes fetched can be a large object.

    Args:
        room: bytes.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._held: dict[K, V] = {}
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The value, while it is remembered."""
        return self._held.get(key)

    def keep(self, key: K, value: V, size: int) -> V:
        """Remember `value`, which holds about `size` bytes; returns it.

        What is larger than the whole room is not kept.
        """
        weight = size + _APIECE
        if self._weight + weight > self._room:
            self._held.clear()
            self._weight = 0
        if weight <= self._room and key not in self._held:
            self._held[key] = value
            self._weight += weight
        return value
