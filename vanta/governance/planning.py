"""Making a plan: a head judged as it is, or as it would be once a forge had merged it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from vanta.domain.errors import UnavailableError, VantaError
from vanta.domain.instant import show_instant
from vanta.governance.approvals import BAD_IDENTITY, EXPIRED_KEY, carried
from vanta.governance.authority import Need
from vanta.governance.documents.compile import settled
from vanta.governance.documents.loosened import idle
from vanta.governance.documents.read import read_documents
from vanta.governance.history import History
from vanta.governance.lane import under
from vanta.governance.plan import (
    MAY,
    MISSING,
    NEVER_AS_IT_STANDS,
    Approval,
    Ask,
    Halt,
    Line,
    Plan,
    Silent,
)
from vanta.governance.report import NEVER, sentence, side, told, unit_of
from vanta.governance.repository import Repository
from vanta.governance.revocation import authority_changes
from vanta.governance.rewalk import RECEIPTS, Walked, read_receipts, receipts_ref, rewalk
from vanta.governance.trust import Trust
from vanta.governance.walk import COUNTS, Seen, State, Step
from vanta.governance.would_be import WouldBe, would_be_merge
from vanta.lattice.algebra import changes
from vanta.lattice.direction import Change, Effect

CONFLICT = "MERGE_CONFLICT"

_TIGHTER = frozenset({Effect.TIGHTENS, Effect.NEUTRAL})
_RUN_OUT = frozenset({"APPROVAL_EXPIRED", EXPIRED_KEY})
_SILENT = {
    "UNSIGNED": "it is not signed",
    "UNKNOWN_SIGNER": "nobody in force has the key it is signed with",
    "COMMITTER_MISMATCH": "its committer's address is not its signer's",
}
_VOID = {
    "APPROVAL_EXPIRED": "it had run out when it was first seen",
    EXPIRED_KEY: "the key it is signed with has expired",
    "APPROVAL_NOT_OWN": "its author is not its committer: somebody rebased or amended it",
    BAD_IDENTITY: "a name in it holds characters that cannot be seen",
    "APPROVAL_OTHER_TREE": "it names another tree than its own",
    "MALFORMED_APPROVAL": "it is not one well-formed approval",
}
_FELL = "something happened to the governed tree after it"
_NO_SAY = "they have no say in what this changes"


def make_plan(
    repository: Path,
    trust: Trust,
    environment: str,
    *,
    head: str,
    base: str = "",
    now: int,
) -> Plan:
    """Judge a head as it is, or as it would be merged.

    Args:
        repository: a clone with the whole history.
        trust: the pinned introduction.
        environment: whose policy.
        head: full commit id.
        base: full id of the commit the governed branch is at, to judge the merge a forge would
            make; empty to judge the head as what is pushed to the branch.
        now: UTC nanoseconds.

    Raises:
        VantaError: it cannot be judged at all.
    """
    try:
        if not base:
            walked = _walk(repository, trust, environment, head, now)
            return _plan(repository, walked, head, now)
        return _merge_plan(repository, trust, environment, head, base, now)
    except UnavailableError as error:
        if error.code != "MISSING_OBJECT":
            raise
        raise UnavailableError(
            error.message,
            code=error.code,
            place=error.place,
            remedy="fetch the whole history: git fetch --unshallow",
        ) from error


def _merge_plan(
    repository: Path, trust: Trust, environment: str, head: str, base: str, now: int
) -> Plan:
    with would_be_merge(repository, base, head) as would:
        if would.conflicts:
            return _conflict(environment, head, base, would)
        walked = _walk(would.repository, trust, environment, would.merge, now)
        judged = _plan(
            would.repository, walked, head, now, made="" if would.merged else would.merge
        )
        with Repository(would.repository) as opened:
            history = History(opened, environment)
            same = history.digest(would.merge) == history.digest(head)
    notes = (*_merge_notes(would, judged, same=same), *judged.notes)
    return msgspec.structs.replace(
        judged, base=base, moved=would.moved, same_tree=same, notes=notes
    )


def _walk(repository: Path, trust: Trust, environment: str, head: str, now: int) -> Walked:
    walked = rewalk(repository, trust, environment, head=head, now=now)
    if isinstance(walked.stopped, UnavailableError):
        raise walked.stopped
    return walked


def _plan(repository: Path, walked: Walked, head: str, now: int, *, made: str = "") -> Plan:
    """The plan of a walk's last step; `made` is the merge that nobody has made yet."""
    last = walked.steps[-1] if walked.steps else None
    proposal = _proposal(walked.steps)
    before = _before(walked, len(walked.steps) - len(proposal))
    with Repository(repository) as opened:
        history = History(opened, before.environment)
        came = [each for step in proposal for each in step.seen if each.commit != made]
        approvals = tuple(_approvals(last, came, history, walked.state)) if last else ()
        notes = (
            *_receipt_notes(walked, opened, made),
            *_idle_notes(history, walked.head, before.environment),
        )
        # What lies below the head it takes back itself, and is among its changes.
        taken = under(walked.state, walked.head, history) if last else frozenset[str]()
    reason, message = (last.reason, last.message) if last else ("", "")
    if walked.stopped is not None:
        reason, message = walked.stopped.code, str(walked.stopped)
    found = last.changes if last and walked.stopped is None else ()
    ended = _exit(last, walked.stopped)
    return Plan(
        environment=before.environment,
        head=head,
        exit=ended,
        only_tightens=ended != NEVER_AS_IT_STANDS
        and all(change.effect in _TIGHTER for change in found),
        verdict="refused" if walked.stopped else last.verdict if last else "unchanged",
        reason=reason or None,
        message=message,
        changes=lines(found),
        needs=tuple(_ask(need) for need in last.needs) if last else (),
        approvals=approvals,
        silent=tuple(_silent(each) for each in came if not each.signer),
        meanwhile=() if ended == MAY else lines(_in_force_already(before, walked, now)),
        lane=tuple(
            Halt(oid, halt.person, halt.file)
            for oid, halt in sorted(walked.state.lane.items())
            if oid not in taken
        ),
        notes=notes,
    )


def whole(step: Step) -> bool:
    """Whether all of a step's governed tree is in force after it."""
    return step.state.whole == step.tree


def _exit(last: Step | None, stopped: VantaError | None) -> int:
    if stopped is not None:
        return NEVER_AS_IT_STANDS
    if last is None or whole(last):
        return MAY
    unreadable = not last.changes
    return NEVER_AS_IT_STANDS if unreadable or last.reason in NEVER else MISSING


def _proposal(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The last steps, back to what was in force as a whole before them."""
    start = len(steps) - 1
    while start > 0 and not whole(steps[start - 1]):
        start -= 1
    return tuple(steps[max(start, 0) :])


def _before(walked: Walked, at: int) -> State:
    return walked.steps[at - 1].state if at > 0 else walked.start


def _in_force_already(before: State, walked: Walked, now: int) -> tuple[Change, ...]:
    after = walked.steps[-1].state if walked.steps else walked.start
    return (
        *authority_changes(before.authority, after.authority),
        *changes(settled(before.policy, now), settled(after.policy, now)),
    )


def lines(found: Sequence[Change]) -> tuple[Line, ...]:
    """Changes as people read them."""
    return tuple(
        Line(
            ".".join(change.path),
            side(change.before, unit_of(change.path)),
            side(change.after, unit_of(change.path)),
            change.effect.value,
            sentence(change),
        )
        for change in told(found)
    )


def _ask(need: Need) -> Ask:
    return Ask(
        need.action,
        need.scope,
        need.role,
        need.quorum,
        need.approved,
        need.missing,
        need.met,
        need.fields,
    )


def _silent(seen: Seen) -> Silent:
    why = _SILENT.get(seen.code, "its bytes or its signature cannot be relied on")
    return Silent(seen.commit, seen.code, why)


def _approvals(
    last: Step, came: Sequence[Seen], history: History, after: State
) -> Iterator[Approval]:
    """Every approval that was given, those that stood before the proposal too."""
    standing = {at: each for at, each in last.state.approvals.items() if each.tree == last.tree}
    asked = {person for need in last.needs for person in (*need.approved, *need.missing)}
    given = {each.commit: each for each in came if each.approval}
    for commit in (*(oid for oid in standing if oid not in given), *given):
        person = standing[commit].person if commit in standing else given[commit].signer
        why = ""
        late = commit in standing and standing[commit].late
        if commit not in standing or late:
            code = given[commit].approval if commit in given else "APPROVAL_EXPIRED"
            why = _FELL if code == COUNTS else _VOID.get(code, code)
        elif asked and person not in asked:
            why = _NO_SAY
        stated = carried(commit, history, after.environment)
        until = show_instant(stated.until_ns) if stated else ""
        yield Approval(commit, person, until, not why, why)


def _receipt_notes(walked: Walked, repository: Repository, made: str) -> Iterator[str]:
    """What an approval that ran out may mean on a clone that was not there when it came."""
    environment = walked.start.environment
    said = repository.refs(RECEIPTS).get(receipts_ref(environment))
    first_seen = read_receipts(repository, said, environment)
    late = 0
    for number, step in enumerate(walked.steps):
        nodes = _before(walked, number).policy.nodes
        if step.commit != made and not whole(step) and first_seen.at(step.commit, nodes) is None:
            late += sum(each.approval in _RUN_OUT for each in step.seen)
    if late:
        yield (
            f"{late} approval(s) had run out by now and were not counted: no first-seen receipt "
            "of two nodes says that they came in time. If the nodes took them, fetch the receipts "
            "(git fetch origin '+refs/vanta/*:refs/vanta/*'); otherwise approve again"
        )


def _idle_notes(history: History, head: str, environment: str) -> Iterator[str]:
    """What a tree says of vaults it does not have."""
    try:
        documents = read_documents(history.files(head), environment)
    except VantaError:
        return
    yield from idle(documents.overlays, documents.vaults)


def _merge_notes(would: WouldBe, judged: Plan, *, same: bool) -> Iterator[str]:
    if would.merged:
        yield "this head is merged already"
        return
    if would.moved:
        yield (
            f"the branch moved: it has {would.moved} commit(s) that this head has not, so the "
            "merge was judged with them in it"
        )
        if not same:
            yield (
                "the merge's governed tree is not the one in this head, and approvals of this "
                "head do not count for it: merge the branch into this one, then approve that"
            )
    if judged.approvals:
        yield "merge it with a merge commit: squashing or rebasing leaves the approvals behind"


def _conflict(environment: str, head: str, base: str, would: WouldBe) -> Plan:
    paths = ", ".join(would.conflicts)
    return Plan(
        environment=environment,
        head=head,
        base=base,
        moved=would.moved,
        same_tree=False,
        exit=NEVER_AS_IT_STANDS,
        only_tightens=False,
        verdict="refused",
        reason=CONFLICT,
        message=f"it cannot be merged without a choice in {paths}",
        notes=("merge the branch into this one, resolve that, then approve the result",),
    )
