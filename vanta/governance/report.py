"""The conformance door and the plan: a fold from the introduction, told as data and as text."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.policy import Policy
from vanta.domain.switches import SWITCHES
from vanta.governance.authority import Need
from vanta.governance.documents.compile import settled
from vanta.governance.documents.scalars import show
from vanta.governance.fold import in_force
from vanta.governance.lane import Delivered
from vanta.governance.revocation import authority_changes
from vanta.governance.rewalk import Walked, rewalk
from vanta.governance.trust import Trust
from vanta.governance.walk import State, Step
from vanta.lattice.algebra import changes, classify
from vanta.lattice.direction import DEFAULT, Change, Direction, Effect
from vanta.lattice.governed import Group

HALTED = "HALTED"
"""The reason of a verdict that only a halt of the lane explains."""

NEVER = frozenset({"AUTHORITY_NOT_ALONE", "NO_RULE"})
"""Reasons that no further approval can heal."""


_SNAKE = re.compile(r"_([a-z])")


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
    lane: tuple[Delivered, ...] = ()


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

    Raises:
        VantaError: there is no such repository, head or introduction.
    """
    walked = rewalk(repository, trust, environment, head=head, now=now)
    before = walked.at(applied) if applied else walked.before_last
    verdict, reason, message = _verdict(walked, before, relative=applied is not None, now=now)
    last = walked.steps[-1] if walked.steps else None
    return Report(
        verdict=verdict,
        reason=reason or None,
        message=message,
        head=walked.head,
        needs=last.needs if last else (),
        changes=last.changes if last else (),
        policy=in_force(walked.state),
        commits=tuple(_told(step) for step in walked.steps),
        lane=walked.lane,
    )


def _verdict(walked: Walked, before: State, *, relative: bool, now: int) -> tuple[str, str, str]:
    """Verdict, reason and message of the last step, or relative to what was in force `before`."""
    last = walked.steps[-1] if walked.steps else None
    reason, message = (last.reason, last.message) if last else ("", "")
    if walked.stopped is not None:
        reason, message = walked.stopped.code, str(walked.stopped)
    here = settled(in_force(walked.state), now)
    halted = changes(settled(walked.state.policy, now), here)
    if halted and not reason:
        reason, message = HALTED, "a halt of the lane stands"
    refused = walked.stopped is not None or (last is not None and last.verdict == "refused")
    if not relative:
        if halted:
            return "tightened", reason, message
        if refused or last is None:
            return ("refused" if refused else "unchanged"), reason, message
        return last.verdict, reason, message
    found = (
        *authority_changes(before.authority, walked.state.authority),
        *changes(settled(in_force(before), now), here),
    )
    if not found:
        return ("refused" if refused else "unchanged"), reason, message
    return ("tightened" if classify(found) is Effect.TIGHTENS else "applied"), reason, message


def _told(step: Step) -> dict[str, Any]:
    return {
        "commit": step.commit,
        "verdict": step.verdict,
        "reason": step.reason or None,
        "approvers": step.approvers,
        "signers": {seen.commit: seen.signer or seen.code for seen in step.seen},
        "approvals": {seen.commit: seen.approval for seen in step.seen if seen.approval},
    }


_FOLLOWING = frozenset({("releases", "builders"), ("releases", "reviewers")})


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

    A switch that changes everywhere changes in every scope's default too, which says nothing more;
    nor does who may build, beside the people, keys and roles it follows from.
    """
    authority = any(change.path[0] == "authority" for change in found)
    everywhere = {c.path[2] for c in found if c.path[:2] == ("overlay", "everywhere")}
    return tuple(
        change
        for change in found
        if not (
            change.path[0] == "overlay"
            and change.path[2:3] == (DEFAULT,)
            and change.path[-1] in everywhere
        )
        and not (authority and change.path in _FOLLOWING)
    )


def sentence(change: Change) -> str:
    """A change the way a risk officer would say it."""
    if change.path[0] == "authority":
        return _authority_sentence(change)
    where, unit = _written(change.path), unit_of(change.path)
    before, after = side(change.before, unit), side(change.after, unit)
    if change.path[0] == "overlay" and change.path[-1] in SWITCHES:
        before, after = _switched(before), _switched(after)
    if isinstance(change.after, dict) and not change.after:
        return f"{where} goes away"
    if isinstance(change.before, dict) and not change.before:
        return f"{where} is new"
    return f"{where}: {before} -> {after}"


def _written(path: tuple[str, ...]) -> str:
    """A policy path as the documents spell its fields; what people named stays as they did."""
    direction: Direction[Any] | None = Group(Policy)
    words = []
    for step in path:
        inside = direction.inside(step) if direction else None
        field = isinstance(direction, Group) and step not in SWITCHES
        words.append(_SNAKE.sub(lambda found: found[1].upper(), step) if field else step)
        direction = inside
    return ".".join(words)


def _switched(shown: str) -> str:
    """A switch by whether it is on, and until when where that has an end."""
    return {"off": "off", "forever": "on"}.get(shown, f"on until {shown}")


def _authority_sentence(change: Change) -> str:
    """A change to people, keys or roles."""
    match change.path[1:]:
        case ("keys", person, fingerprint):
            return f"key {fingerprint} of {person}: {change.before or 'none'} -> {change.after}"
        case ("people", person):
            if change.before is None:
                return f"{person} <{change.after}> joins"
            return f"{person} leaves" if change.after is None else f"{person} is {change.after} now"
        case ("roles", role):
            people = f"{side(change.before, '')} -> {side(change.after, '')}"
            return (
                f"role {role}: {people}"
                if change.before != change.after
                else f"role {role}: other rights"
            )
        case _:
            return f"quorum of root: {change.before} -> {change.after}"


def side(value: object, unit: str) -> str:
    """One side of a change, the way a person would write it."""
    if value is None:
        return "(none)"
    # From a journal a tuple comes back as a list.
    if isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
        bands = (f"from {show(edge, 'ratio')}: {show(size, 'ratio')}" for edge, size in value)
        return ", ".join(bands)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {value[name]}" for name in sorted(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(str(item) for item in value) + "]" if value else "(none)"
    return show(value, unit) or "(none)"
