"""The published files, brought to what the journal says; hand edits are judged on the way."""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.governance import receipts
from vanta.governance.drift import judge
from vanta.governance.hints import Allowance
from vanta.governance.ledger import Event, Ledger
from vanta.governance.published import note_of, parse, source_of
from vanta.governance.publisher import Publisher, publishing
from vanta.governance.receipts import Adopted, Reverted
from vanta.governance.watcher import Watcher

_LONGEST = 400
"""Characters of what is said of an edit, which may quote from it."""

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
        self._may_tell = Allowance(burst=20, per_second=0.1)
        self._untold: Reverted | None = None
        """The last one that has no record yet, with how many there were before it."""

    def publish(self, known: dict[str, bytes] | None, now: int) -> None:
        """Bring the files to what the last receipt says, and judge what a hand made of them.

        Args:
            known: what they should hold at this moment, before they are replaced; None where
                nothing was published yet.
            now: UTC nanoseconds.
        """
        self.tell()
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

    def tell(self, *, ending: bool = False) -> None:
        """Journal what was put back and not told yet, where it may be told already.

        Args:
            ending: tell it now, for there is no later.
        """
        if self._untold is not None and (ending or self._may_tell.wait() == 0):
            self._may_tell.take()
            told, self._untold = self._untold, None
            told = msgspec.structs.replace(told, serial=self._ledger.memory.serial)
            subject = f"edit:{secrets.token_hex(8)}"
            self._ledger.record([Event(receipts.REVERTED, subject, told)])

    def _judge(self, known: dict[str, bytes], now: int) -> dict[str, bytes]:
        """Judge what the files hold; what that is, as far as it could be read."""
        found: dict[str, bytes] = {}
        try:
            found = self._publisher.read()
            if found != known:
                self._judge_files(found, now)
            elif odd := self._publisher.odd():
                self._revert("EDITED_MODE", odd, now, found)
        except (UnavailableError, MalformedError) as error:
            self._revert(error.code, str(error), now, found)
        return found

    def _judge_late(self, late: dict[str, bytes], now: int) -> None:
        try:
            self._judge_files(late, now)
        except (UnavailableError, MalformedError) as error:
            self._revert(error.code, str(error), now, late)

    def _judge_files(self, found: dict[str, bytes], now: int) -> None:
        base = self._ledger.published_at(source_of(found).size)
        edited = parse(found)
        edit = judge(edited, base, self._ledger.memory.published)
        if not edit.holds:
            self._revert(edit.code, edit.message, now, found)
            return
        nonce = secrets.token_hex(8)
        said = note_of(found)
        body = Adopted(nonce, base.policy, edited.policy, said.reason, said.who)
        self._ledger.record([Event(receipts.ADOPTED, f"edit:{nonce}", body)])
        self._watcher.adopted()

    def _revert(self, code: str, message: str, now: int, found: Mapping[str, bytes]) -> None:
        """Note a hand edit that is put back; whoever goes on editing fills no disk."""
        digests = {name: sha256(data).hexdigest() for name, data in sorted(found.items())}
        more = 0 if self._untold is None else self._untold.more + 1
        self._untold = Reverted(code, message[:_LONGEST], digests, 0, more)
        self.put_back = (code, now)
        self._watcher.put_back(code)
        self.tell()
