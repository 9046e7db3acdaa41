"""The published files, brought to what the journal says; hand edits are judged on the way."""

import secrets
from pathlib import Path

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.policy import Published
from vanta.governance import receipts
from vanta.governance.drift import judge
from vanta.governance.ledger import Event, Ledger
from vanta.governance.published import parse, source_of
from vanta.governance.publisher import Publisher, publishing
from vanta.governance.receipts import Adopted, Reverted
from vanta.governance.watcher import Watcher

_PASSES = 5
"""How often in a row an edit of the last instant is heard before the next round hears it."""


class Upkeep:
    """Keeps the published files.

    Args:
        memory_dir: the node's memory folder.
        ledger: the journal.
        publisher: writes the files.
        watcher: told of hand edits.
    """

    def __init__(
        self, memory_dir: Path, ledger: Ledger, publisher: Publisher, watcher: Watcher
    ) -> None:
        self._dir = memory_dir
        self._ledger = ledger
        self._publisher = publisher
        self._watcher = watcher
        self.put_back: tuple[str, int] = ("", 0)
        """Code of the last hand edit that was undone, and when."""

    def publish(self, known: dict[str, bytes] | None, now: int) -> None:
        """Bring the files to what the last receipt says, and judge what a hand made of them.

        Args:
            known: what they should hold at this moment, before they are replaced; None where
                nothing was published yet.
            now: UTC nanoseconds.
        """
        wanted = self._ledger.files()
        if wanted is None or (known == wanted and self._publisher.untouched()):
            return
        with publishing(self._dir):
            found = {} if known is None else self._judge(known, now)
            for _ in range(_PASSES):
                written = self._ledger.files() or wanted
                late = {**found, **self._publisher.write(written)}
                if not found or late == found:
                    return
                # Somebody wrote between the look and the writing.
                self._judge_late(late, now)
                found = written

    def _judge(self, known: dict[str, bytes], now: int) -> dict[str, bytes]:
        """Judge what the files hold; what that is, as far as it could be read."""
        found: dict[str, bytes] = {}
        try:
            found = self._publisher.read()
            if found != known:
                self._judge_files(found, now)
            elif odd := self._publisher.odd():
                self._revert("EDITED_MODE", odd, now)
        except (UnavailableError, MalformedError) as error:
            self._revert(error.code, str(error), now)
        return found

    def _judge_late(self, late: dict[str, bytes], now: int) -> None:
        try:
            self._judge_files(late, now)
        except (UnavailableError, MalformedError) as error:
            self._revert(error.code, str(error), now)

    def _judge_files(self, found: dict[str, bytes], now: int) -> None:
        base = self._ledger.published_at(source_of(found).size)
        self._judge_edit(parse(found), base, now)

    def _judge_edit(self, edited: Published, base: Published, now: int) -> None:
        edit = judge(edited, base, self._ledger.memory.published)
        if not edit.holds:
            self._revert(edit.code, edit.message, now)
            return
        nonce = secrets.token_hex(8)
        body = Adopted(nonce, base.policy, edited.policy)
        self._ledger.record([Event(receipts.ADOPTED, f"edit:{nonce}", body)])
        self._watcher.adopted()

    def _revert(self, code: str, message: str, now: int) -> None:
        published = self._ledger.memory.published
        if published is not None:
            body = Reverted(code, message, published)
            subject = f"edit:{secrets.token_hex(8)}"
            self._ledger.record([Event(receipts.REVERTED, subject, body)])
            self.put_back = (code, now)
            self._watcher.put_back(code)
