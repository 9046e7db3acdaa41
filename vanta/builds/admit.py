"""Whether a build may run on a node: every refusal there is, each with its code; pure."""

from typing import NamedTuple

from vanta.builds.manifest import Manifest
from vanta.builds.permission import Permission
from vanta.builds.release import Release
from vanta.domain.errors import RefusedError
from vanta.domain.instant import show_instant


class Machine(NamedTuple):
    """What runs builds here."""

    node: str
    python: str
    """Such as `3.11`."""
    platform: str
    """Such as `linux_x86_64`."""
    schema: str
    """Edition of the governance documents that are in force."""


class Running(NamedTuple):
    """The build that runs now."""

    build: str
    manifest: Manifest


class Approved(NamedTuple):
    """Who answers for a build."""

    builder: str
    reviewers: tuple[str, ...]


def signed_for(release: Release, permission: Permission) -> str:
    """The person who built it, by the policy in force.

    Raises:
        RefusedError: `UNSIGNED`, `UNKNOWN_BUILDER`, or what is wrong with the signature.
    """
    key = release.builders_key()
    builder = permission.builder(key)
    if builder is None:
        raise RefusedError(
            f"{key.fingerprint} may not sign builds for this environment",
            code="UNKNOWN_BUILDER",
            place=release.name,
            remedy="let somebody with a `build` grant in authority.yaml build it",
        )
    return builder


def fits(release: Release, machine: Machine) -> None:
    """Refuse what this machine cannot run.

    Raises:
        RefusedError: `OTHER_SCHEMA`, `OTHER_PYTHON`, `OTHER_PLATFORM`.
    """
    manifest = release.manifest
    for code, what, made, here in (
        ("OTHER_SCHEMA", "governance documents of", manifest.schema, machine.schema),
        ("OTHER_PYTHON", "Python", manifest.python, machine.python),
        ("OTHER_PLATFORM", "platform", manifest.platform, machine.platform),
    ):
        if made != here:
            raise RefusedError(
                f"made for {what} {made}, and here it is {here}",
                code=code,
                place=release.name,
                remedy="build it for what this node has",
            )


def approved(release: Release, permission: Permission) -> Approved:
    """Who built it and who signed it off, once that is enough.

    Raises:
        RefusedError: `UNAPPROVED`, or what `signed_for` raises.
    """
    builder = signed_for(release, permission)
    keys, wrong = release.reviewers_keys()
    people = sorted(permission.reviewers(keys, builder=builder))
    if len(people) < permission.needed:
        left = [one for one in permission.askable if one not in {builder, *people}]
        more = permission.needed - len(people)
        said = f"; not counted: {wrong[0].place} [{wrong[0].code}]" if wrong else ""
        raise RefusedError(
            f"signed off by {len(people)} of {permission.needed} people{said}",
            code="UNAPPROVED",
            place=release.name,
            remedy=f"{more} more of {', '.join(left) or 'nobody: no role reviews builds'}: "
            "`vt-sign` on Alpha, then release and stage it again",
        )
    return Approved(builder, tuple(people))


def admit(
    release: Release,
    permission: Permission,
    machine: Machine,
    running: Running | None,
    *,
    bad: str = "",
    rollback: bool = False,
    again: bool = False,
) -> Approved:
    """Whether a staged build may be promoted.

    Args:
        release: as it lies in its slot.
        permission: of the policy in force.
        machine: the node.
        running: what runs now; None where nothing does yet.
        bad: code of what was wrong with it when it last ran here.
        rollback: whether it may be older than what runs, and need not follow it.
        again: whether it may be tried although it was bad.

    Raises:
        RefusedError: `FROZEN`, `ALREADY_RUNS`, `MARKED_BAD`, `OLDER`, `DOES_NOT_FOLLOW`, or what
            `fits` and `approved` raise.
    """
    refuse_frozen(permission, machine.node)
    if running is not None and running.build == release.name:
        raise already_runs(release.name)
    fits(release, machine)
    found = approved(release, permission)
    if bad and not again:
        raise RefusedError(
            f"it was tried here and is marked bad: {bad}",
            code="MARKED_BAD",
            place=release.name,
            remedy="`vanta build status` says why: build a better one; or `--again`, where it was "
            "not the build that was wrong",
        )
    if running is not None and not rollback:
        _goes_forward(release, running)
    return found


def already_runs(build: str) -> RefusedError:
    """What `current` is on is asked for."""
    return RefusedError(
        "`current` is on it already",
        code="ALREADY_RUNS",
        place=build,
        remedy="`vanta build status` says whether its services run; `vanta node start` starts them",
    )


def refuse_frozen(permission: Permission, node: str) -> None:
    """Refuse any change of a node whose build is frozen.

    Raises:
        RefusedError: `FROZEN`.
    """
    if permission.frozen(node):
        raise RefusedError(
            "the policy in force says that this node's build stays as it is",
            code="FROZEN",
            place=node,
            remedy="take it out of `frozen` in the environment's overlay.yaml first",
        )


def _goes_forward(release: Release, running: Running) -> None:
    manifest = release.manifest
    if manifest.committed < running.manifest.committed:
        raise RefusedError(
            f"its commit of {show_instant(manifest.committed)} is older than that of "
            f"{running.build}, which runs: {show_instant(running.manifest.committed)}",
            code="OLDER",
            place=release.name,
            remedy="`--rollback`, if going back is what you want",
        )
    if manifest.follows not in {"", running.build}:
        raise RefusedError(
            f"made to follow {manifest.follows}, and {running.build} runs",
            code="DOES_NOT_FOLLOW",
            place=release.name,
            remedy=f"promote {manifest.follows} first",
        )
