"""The governance commits this node's controller has judged, as its journal tells them.

Two nodes publish one policy at different commits: the one that heard a halt before the branch, or
three pushes in one look, publishes once where the other publishes twice. What Markets names as the
policy of an intent may so never have been published here, and is known here all the same.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from vanta.domain.errors import VantaError
from vanta.governance.receipts import EVALUATED
from vanta.journal.reader import Tail

KEPT = 256
"""Commits of a first look at a journal that are told."""


class _Evaluated(msgspec.Struct):
    commit: str


class Passed:
    """Follows the controller's journal.

    Args:
        journal: `governance.jsonl` of this node; it may not be there yet.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._tail = Tail(journal)
        self._waiting: list[str] = []

    def close(self) -> None:
        """Let go of the journal."""
        self._tail.close()

    def look(self, known: Callable[[str], bool]) -> tuple[str, ...]:
        """The commits judged since the last that is known, oldest first.

        A journal that cannot be read tells nothing: what it would have told is then unknown.
        """
        try:
            for record in self._tail.poll():
                if record.type == EVALUATED:
                    body = msgspec.json.decode(record.body, type=_Evaluated)
                    self._waiting.append(body.commit)
        except (VantaError, msgspec.MsgspecError):
            self._tail.close()
            self._tail = Tail(self._journal)
        at = [number for number, commit in enumerate(self._waiting) if known(commit)]
        after = self._waiting[at[-1] + 1 :] if at else self._waiting
        self._waiting = []
        return tuple(after[-KEPT:])
