"""What the controller fetches: the branch, the halts beside it, and when commits were first seen.

All three come in one connection. When that fails they are fetched one by one, so that whoever
floods or breaks one of them keeps back that one and no other.
"""

import contextlib
import os
import select
from collections.abc import Mapping
from dataclasses import dataclass

from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance.repository import Repository
from vanta.governance.rewalk import LANE, RECEIPTS


@dataclass(frozen=True)
class Source:
    """Where the governed branch comes from."""

    remote: str
    branch: str = "main"

    @property
    def ref(self) -> str:
        """The branch as a full ref."""
        return f"refs/heads/{self.branch}"


Refs = Mapping[str, str]
"""Ref to the commit it points to."""


@dataclass(frozen=True)
class Fetched:
    """What came, each part by itself or with why it did not come."""

    head: str | VantaError
    halts: Refs | VantaError
    notes: Refs | VantaError

    def troubles(self) -> dict[str, VantaError]:
        """What did not come, by part; only the branch where all failed for one and the same."""
        parts = {"branch": self.head, "lane": self.halts, "notes": self.notes}
        failed = {part: one for part, one in parts.items() if isinstance(one, VantaError)}
        if len({error.code for error in failed.values()}) == 1 and len(failed) == len(parts):
            return {"branch": failed["branch"]}
        return failed


class Fetcher:
    """Fetches into one mirror.

    Args:
        repository: the mirror.
        source: where from.
    """

    def __init__(self, repository: Repository, source: Source) -> None:
        self._repository = repository
        self._source = source
        self._apart = False
        self._abort = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.afresh = False
        """Ask for everything again, after the mirror turned out to lack something."""

    def close(self) -> None:
        """Let go of what `abort` needs."""
        os.close(self._abort)

    def abort(self) -> None:
        """Give up what is being fetched, and everything after it; from any thread."""
        os.eventfd_write(self._abort, 1)

    def fetch(self) -> Fetched:
        """Fetch everything; never raises what the other side can bring about."""
        parts = (self._source.ref, f"{LANE}/*", f"{RECEIPTS}/*")
        if not self._apart:
            with contextlib.suppress(VantaError):
                return self._told(self._ask(*parts))
        return self._one_by_one(parts)

    def _one_by_one(self, parts: tuple[str, str, str]) -> Fetched:
        found: dict[str, str] = {}
        failed: dict[str, VantaError] = {}
        for part in parts:
            if select.select([self._abort], [], [], 0)[0]:
                failed[part] = UnavailableError("the fetch was given up", code="FETCH_ABORTED")
                continue
            try:
                found |= self._ask(part)
            except VantaError as error:
                failed[part] = error
        # Together again as soon as nothing is amiss.
        self._apart = bool(failed) and len(failed) < len(parts)
        told = self._told(found)
        branch, lane, notes = (failed.get(part) for part in parts)
        return Fetched(branch or told.head, lane or told.halts, notes or told.notes)

    def _ask(self, *refs: str) -> dict[str, str]:
        return self._repository.fetch_refs(
            self._source.remote, refs, afresh=self.afresh, abort=self._abort
        )

    def _told(self, found: Refs) -> Fetched:
        return Fetched(
            head=found.get(self._source.ref, ""),
            halts={ref: oid for ref, oid in found.items() if ref.startswith(f"{LANE}/")},
            notes={ref: oid for ref, oid in found.items() if ref.startswith(f"{RECEIPTS}/")},
        )
