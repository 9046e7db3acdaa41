"""Whether a candidate is approved now: its signatures verified again, by the policy now; pure."""

from collections.abc import Iterable

import msgspec

from vanta.alpha.tracker.candidate import Candidate
from vanta.alpha.tracker.sign_off import owner_of
from vanta.alpha.tracker.state import TrackerState
from vanta.alpha.tracker.threads import DONE, LOOKED_AT, Status, Thread
from vanta.governance.builders import BuildPermission
from vanta.governance.keys import PublicKey, parse_public_key

_WORDS = {
    "NO_GRANT": "no grant to review builds, or a key past its end",
    "BUILT_IT": "nobody reviews what they built",
    "BAD_SIGNATURE": "not over this build's manifest",
}


class Uncounted(msgspec.Struct, frozen=True):
    """A sign-off that is there and does not count."""

    person: str
    why: str
    """The reason's code."""

    @property
    def spoken(self) -> str:
        """The same for people."""
        return f"does not count: {_WORDS.get(self.why, 'the signature does not hold')} [{self.why}]"


class Approval(msgspec.Struct, frozen=True):
    """What a candidate's sign-offs come to."""

    build: str
    builder: str
    """Who built it; empty where whoever signed it may not build."""
    needed: int
    """How many people it takes."""
    askable: tuple[str, ...]
    """Those whose sign-off would count and is not there."""
    by: tuple[str, ...]
    """Those whose sign-off counts."""
    uncounted: tuple[Uncounted, ...]
    blocked_by: tuple[str, ...]
    """Its threads that say that it is not to run as it is."""

    @property
    def quorum(self) -> bool:
        """Whether somebody who may build built it, and enough people signed it off."""
        return bool(self.builder) and len(self.by) >= self.needed

    @property
    def met(self) -> bool:
        """Whether it may be released: enough signed, and no thread of its stands against it."""
        return self.quorum and not self.blocked_by


def approval(state: TrackerState, candidate: Candidate, permission: BuildPermission) -> Approval:
    """What the sign-offs of a candidate are worth.

    Args:
        state: the tracker's.
        candidate: one of its builds.
        permission: whose sign-offs count.
    """
    builder = permission.builder(_key(candidate)) or ""
    by, uncounted = counted(candidate, permission)
    return Approval(
        build=candidate.build,
        builder=builder,
        needed=permission.needed,
        askable=tuple(name for name in permission.askable if name not in {*by, builder}),
        by=by,
        uncounted=uncounted,
        blocked_by=tuple(
            name for name in candidate.threads if state.threads[name].status not in LOOKED_AT | DONE
        ),
    )


def counted(
    candidate: Candidate, permission: BuildPermission
) -> tuple[tuple[str, ...], tuple[Uncounted, ...]]:
    """The people whose sign-off counts, in the order they signed, and the others with why not."""
    builder = permission.builder(_key(candidate)) or ""
    by: list[str] = []
    others: list[Uncounted] = []
    for one in candidate.sign_offs:
        key = owner_of(candidate.manifest, one.signature)
        if not isinstance(key, PublicKey):
            others.append(Uncounted(one.person, key.code))
        elif one.person in permission.reviewers([key], builder=builder):
            by.append(one.person)
        else:
            others.append(
                Uncounted(one.person, "BUILT_IT" if one.person == builder else "NO_GRANT")
            )
    return tuple(by), tuple(others)


def quorum(candidate: Candidate, permission: BuildPermission) -> bool:
    """Whether a candidate has its quorum, whatever its threads say."""
    by, _ = counted(candidate, permission)
    return len(by) >= permission.needed and permission.builder(_key(candidate)) is not None


def _key(candidate: Candidate) -> PublicKey:
    return parse_public_key(candidate.manifest.builder, place=candidate.build)


def standing(
    state: TrackerState, threads: Iterable[Thread], permission: BuildPermission
) -> dict[str, Status]:
    """The status of threads as it is now: of those before the reviewers, asked again.

    Returns:
        By thread.
    """
    asked: dict[str, bool] = {}
    found: dict[str, Status] = {}
    for thread in threads:
        if thread.status not in LOOKED_AT:
            found[thread.id] = thread.status
            continue
        build = thread.candidate
        if build not in asked:
            candidate = state.candidates[build]
            asked[build] = bool(candidate.sign_offs) and quorum(candidate, permission)
        found[thread.id] = "approved" if asked[build] else "in_review"
    return found
