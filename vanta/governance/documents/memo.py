"""What was made of some documents, kept for as long as those documents are remembered."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from vanta.governance.documents.kinds import Document

R = TypeVar("R")

_Key = tuple[int, ...]


class Memo(Generic[R]):
    """A pure function of documents that is worked out once for the same ones.

    A document that was read once is the same object in the next tree, and a commit changes one of
    many. Documents are told apart by which they are, not by what they say, and nothing is kept
    that somebody else does not keep too.

    Args:
        make: the function; what it raises is not kept.
    """

    def __init__(self, make: Callable[..., R]) -> None:
        self._make = make
        self._made: dict[_Key, tuple[tuple[weakref.ref[Document], ...], R]] = {}

    def __call__(self, *documents: Document) -> R:
        key = tuple(map(id, documents))
        found = self._made.get(key)
        # An id is given out again once its owner is gone.
        if found is None or any(
            ref() is not each for ref, each in zip(found[0], documents, strict=True)
        ):
            made = self._make(*documents)
            gone = self._forgetting(key)
            found = tuple(weakref.ref(each, gone) for each in documents), made
            self._made[key] = found
        return found[1]

    def _forgetting(self, key: _Key) -> Callable[["weakref.ref[Document]"], None]:
        made = self._made

        def gone(_: "weakref.ref[Document]") -> None:
            made.pop(key, None)

        return gone
