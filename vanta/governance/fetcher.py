"""What the controller fetches: the branch, the halts beside it, and when commits were first seen.

All three come in one connection. When that fails they are fetched one by one, and the halts and
the records piecemeal, so that whoever floods or breaks one of them keeps back that one and no
other. When the other side answers and what it has does not come all the same, it may be the mirror
that something happened to: then everything is fetched into a new one.
"""

import contextlib
import os
import select
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance.hints import Allowance
from vanta.governance.objects import SHA1, SHA256
from vanta.governance.piecemeal import Came, Piecemeal
from vanta.governance.repository import Repository
from vanta.governance.rewalk import LANE, RECEIPTS

_SHA1_DIGITS = 40
_NOT_THE_MIRROR = frozenset({"FETCH_ABORTED", "GIT_MISSING", "REF_MISSING"})
_BESIDE = {"lane": LANE, "notes": RECEIPTS}
_PARTS = frozenset({"branch", *_BESIDE})


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
    missed: Mapping[str, VantaError] = field(default_factory=dict)
    """Why some of a part did not come beside what did."""

    def failed(self) -> dict[str, VantaError]:
        """What did not come, or not all of it, by part."""
        parts = {"branch": self.head, "lane": self.halts, "notes": self.notes}
        found = {part: one for part, one in parts.items() if isinstance(one, VantaError)}
        return {**self.missed, **found}

    def troubles(self) -> dict[str, VantaError]:
        """What did not come, by part; only the branch where all failed for one and the same."""
        failed = self.failed()
        if len({error.code for error in failed.values()}) == 1 and len(failed) == len(_PARTS):
            return {"branch": failed["branch"]}
        return failed

    def came(self) -> set[str]:
        """What came, to be held against what came otherwise."""
        parts = (one for one in (self.halts, self.notes) if not isinstance(one, VantaError))
        return {*(_PARTS - self.failed().keys()), *(ref for refs in parts for ref in refs)}


class Fetcher:
    """Fetches into one mirror.

    Args:
        repository: the mirror.
        source: where from.
        renewals: how often everything may be fetched into a new mirror.
    """

    def __init__(
        self, repository: Repository, source: Source, *, renewals: Allowance | None = None
    ) -> None:
        self._repository = repository
        self._source = source
        self._beside = self._piecemeal()
        self._renewals = renewals or Allowance(burst=3, per_second=1 / 300)
        self._apart = False
        self._asked_afresh = 0
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
        self._asked_afresh = self._asked_afresh + 1 if self.afresh else 0
        if self._asked_afresh == 1:
            # What it is thought to have may be what it lacks.
            self._beside = self._piecemeal()
        fetched = self._fetch()
        if self._asked_afresh > 1 or self._may_be_ours(fetched):
            with contextlib.suppress(VantaError):
                return self._renewed(fetched)
        return fetched

    def _may_be_ours(self, fetched: Fetched) -> bool:
        """Whether what failed may have failed for what this mirror is."""
        failed = fetched.failed()
        if any(beside.waiting for beside in self._beside.values()) and "branch" not in failed:
            # What is at fault will be alone soon.
            return False
        return any(
            isinstance(error, UnavailableError) and error.code not in _NOT_THE_MIRROR
            for error in failed.values()
        )

    def _fetch(self) -> Fetched:
        if not self._apart:
            with contextlib.suppress(VantaError):
                parts = (self._source.ref, *(f"{prefix}/*" for prefix in _BESIDE.values()))
                found = self._ask(self._repository, *parts)
                return Fetched(
                    found[self._source.ref], _under(LANE, found), _under(RECEIPTS, found)
                )
        fetched = self._one_by_one(self._repository, self._beside)
        # Together again as soon as nothing is amiss.
        self._apart = 0 < len(fetched.failed()) < len(_PARTS)
        return fetched

    def _one_by_one(self, into: Repository, beside: Mapping[str, Piecemeal]) -> Fetched:
        head: str | VantaError
        try:
            head = self._ask(into, self._source.ref)[self._source.ref]
        except VantaError as error:
            head = error
        refs: dict[str, Refs | VantaError] = {}
        missed: dict[str, VantaError] = {}
        for part, prefix in _BESIDE.items():
            try:
                came = self._some(into, prefix, beside[part])
            except VantaError as error:
                refs[part] = error
                continue
            refs[part] = came.refs
            if came.missed:
                missed[part] = came.missed
        return Fetched(head, refs["lane"], refs["notes"], missed)

    def _some(self, into: Repository, prefix: str, piecemeal: Piecemeal) -> Came:
        """The refs under a prefix, as many of them as can be had."""
        self._go_on()
        remote = self._source.remote
        listed = into.listed(remote, [f"{prefix}/*"], abort=self._abort)

        def ask(refs: Sequence[str], seconds: float) -> dict[str, str]:
            return into.fetch_some(remote, refs, seconds, afresh=self.afresh, abort=self._abort)

        return piecemeal.look(listed, ask, _none if self.afresh else into.present)

    def _ask(self, into: Repository, *refs: str) -> dict[str, str]:
        self._go_on()
        remote, afresh = self._source.remote, self.afresh
        return into.fetch_refs(remote, refs, afresh=afresh, abort=self._abort)

    def _go_on(self) -> None:
        if select.select([self._abort], [], [], 0)[0]:
            raise UnavailableError("the fetch was given up", code="FETCH_ABORTED")

    def _renewed(self, before: Fetched) -> Fetched:
        """What comes into a new mirror, which takes the place of this one if more does.

        Raises:
            VantaError: it is not the mirror's fault, or there is no room for another.
        """
        if self._renewals.wait() > 0:
            return before
        remote, wanted = self._source.remote, [self._source.ref, f"{LANE}/*"]
        there = self._repository.listed(remote, wanted, abort=self._abort)
        if not there:
            return before
        self._renewals.take()
        width = len(next(iter(there.values())))
        with self._repository.beside(SHA1 if width == _SHA1_DIGITS else SHA256) as fresh:
            beside = self._piecemeal()
            until = time.monotonic() + self._repository.bounds.fetch_seconds
            after = self._one_by_one(fresh, beside)
            while any(each.waiting for each in beside.values()) and time.monotonic() < until:
                after = self._one_by_one(fresh, beside)
            more = after.came() > before.came()
            if more or (self._asked_afresh > 1 and after.came() == before.came()):
                self._repository.become(fresh)
                self._beside, self._asked_afresh = beside, 0
                return after
        return before

    def _piecemeal(self) -> dict[str, Piecemeal]:
        bounds = self._repository.bounds
        return {part: Piecemeal(bounds.refs_per_fetch, bounds.fetch_seconds) for part in _BESIDE}


def _none(_: Iterable[str]) -> set[str]:
    return set()


def _under(prefix: str, found: Refs) -> Refs:
    return {ref: oid for ref, oid in found.items() if ref.startswith(f"{prefix}/")}
