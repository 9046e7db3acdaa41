"""The conformance door and the plan: a fold from the introduction, told as data and as text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.errors import RefusedError
from vanta.domain.policy import Policy
from vanta.governance.authority import Need
from vanta.governance.commits import is_oid
from vanta.governance.documents.scalars import show
from vanta.governance.fold import State, Step, fold, introduce
from vanta.governance.history import History
from vanta.governance.repository import Repository
from vanta.governance.trust import Trust
from vanta.lattice.algebra import changes, classify
from vanta.lattice.direction import DEFAULT, Change, Direction, Effect
from vanta.lattice.governed import Group

NEVER = frozenset({"AUTHORITY_NOT_ALONE", "NO_RULE"})
"""Reasons that no further approval can heal."""


class Report(msgspec.Struct, frozen=True):
    """What a fold over a repository ends in."""

    verdict: str
    reason: str | None
    message: str
    head: str
    needs: tuple[Need, ...]
    changes: tuple[Change, ...]
    policy: Policy | None
    commits: tuple[dict[str, Any], ...]


EXIT = {"applied": 0, "unchanged": 0, "tightened": 3, "refused": 1}


def walk(
    repository: Path,
    trust: Trust,
    environment: str,
    *,
    head: str = "HEAD",
    applied: str | None = None,
    now: int,
) -> Report:
    """Fold a repository from its introduction and tell what it ends in.

    Args:
        repository: a clone or bare repository; nothing in it is trusted or configured.
        trust: the pinned introduction.
        environment: whose policy.
        head: a ref or a full commit id.
        applied: judge the outcome against the policy at this commit, not the last step alone.
        now: UTC nanoseconds.
    """
    with Repository(repository) as opened:
        tip = head if is_oid(head) else opened.resolve(head)
        history = History(opened, environment)
        state = introduce(trust.introduction, frozenset(trust.fingerprints), environment, history)
        steps = list(fold(state, tip, history, now))
    base = _policy_at(applied, state, steps) if applied else None
    return _report(state, steps, tip, base)


def _policy_at(commit: str, start: State, steps: Sequence[Step]) -> Policy:
    if commit == start.anchor:
        return start.policy
    found = next((step.state.policy for step in steps if step.commit == commit), None)
    if found is None:
        raise RefusedError(
            f"{commit[:12]} is not on the first-parent line of the head",
            code="UNKNOWN_COMMIT",
            remedy="--applied names a commit the nodes have evaluated",
        )
    return found


def _report(start: State, steps: list[Step], tip: str, base: Policy | None) -> Report:
    if not steps:
        return Report("unchanged", None, "", tip, (), (), start.policy, ())
    last = steps[-1]
    verdict, reason = last.verdict, last.reason
    if base is not None and verdict != "refused":
        effect = classify(changes(base, last.state.policy))
        if base == last.state.policy:
            verdict = "unchanged"
        elif verdict == "unchanged":
            verdict = "tightened" if effect is Effect.TIGHTENS else "applied"
    commits = tuple(
        {
            "commit": step.commit,
            "verdict": step.verdict,
            "reason": step.reason or None,
            "approvers": step.approvers,
            "signers": {seen.commit: seen.signer or seen.code for seen in step.seen},
        }
        for step in steps
    )
    return Report(
        verdict=verdict,
        reason=reason or None,
        message=last.message,
        head=tip,
        needs=last.needs,
        changes=last.changes,
        policy=last.state.policy,
        commits=commits,
    )


def plan_exit(report: Report) -> int:
    """0 when it may be applied as it stands, 3 when approvals are missing, 1 when never."""
    if report.verdict in {"applied", "unchanged"}:
        return 0
    unreadable = not report.changes
    return 1 if unreadable or report.reason in NEVER else 3


def unit_of(path: tuple[str, ...]) -> str:
    """What a number at a policy path counts."""
    direction: Direction[Any] = Group(Policy)
    for step in path:
        inside = direction.inside(step)
        if inside is None:
            break
        direction = inside
    return direction.unit


def told(found: Sequence[Change]) -> tuple[Change, ...]:
    """The changes worth a line each.

    A switch that changes everywhere changes in every scope's default too, which says nothing more.
    """
    everywhere = {c.path[2] for c in found if c.path[:2] == ("overlay", "everywhere")}
    return tuple(
        change
        for change in found
        if not (
            change.path[0] == "overlay"
            and change.path[2:3] == (DEFAULT,)
            and change.path[-1] in everywhere
        )
    )


def sentence(change: Change) -> str:
    """A change the way a risk officer would say it."""
    if change.path == ("authority",):
        return "people, roles or keys change"
    where, unit = ".".join(change.path), unit_of(change.path)
    before, after = _side(change.before, unit), _side(change.after, unit)
    if isinstance(change.after, dict) and not change.after:
        return f"{where} goes away"
    if isinstance(change.before, dict) and not change.before:
        return f"{where} is new"
    return f"{where}: {before} -> {after}"


def _side(value: object, unit: str) -> str:
    # From a journal a tuple comes back as a list.
    if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        bands = (f"from {show(edge, 'ratio')}: {show(size, 'ratio')}" for edge, size in value)
        return ", ".join(bands)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {value[name]}" for name in sorted(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(str(item) for item in value) + "]" if value else "(none)"
    return show(value, unit) or "(none)"
