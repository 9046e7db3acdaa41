"""`vanta build status`: from the processes that run back to who answers for their build."""

from typing import TYPE_CHECKING, Any

import typer

from vanta.cli.build_export import on_export
from vanta.cli.columns import table
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say

if TYPE_CHECKING:
    from vanta.builds.node import BuildsOfNode
    from vanta.builds.permission import Permission

_UNSETTLED = 3


@command
def status(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Which build runs, who answers for it, what is staged, and what its services say.

    Exit 0: every service runs `current`. 3: one does not, nothing was ever promoted, or a flip is
    half done. 1: an error. 2: usage.
    """
    from vanta.builds.node import builds_of

    found = _status(builds_of(node))
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            say(line)
    raise typer.Exit(0 if found["well"] else _UNSETTLED)


def _status(here: "BuildsOfNode") -> dict[str, Any]:
    from vanta.builds.flip import target_of
    from vanta.builds.log import JOURNAL, remember
    from vanta.domain.errors import VantaError

    now, failures = remember(here.layout.journal(JOURNAL))
    permission: Permission | None = None
    trouble = None
    try:
        permission = here.in_force().permission
    except VantaError as error:
        trouble = error.code
    stands = here.gate.look(here.names, now.current) if now.current else {}
    services = [
        {
            "service": name,
            "condition": one.look.condition,
            "pid": one.look.pid or None,
            "restarts": one.look.restarts,
            "build": one.build,
            "trouble": one.sick.code if one.sick else None,
        }
        for name, one in stands.items()
    ]
    link = target_of(here.layout.current)
    return {
        "node": here.config.node,
        "well": bool(now.current)
        and now.pending is None
        and link == now.current
        and all(one["trouble"] is None for one in services),
        "current": _build(here, now.current, permission),
        "link": link or None,
        "previous": now.previous or None,
        "last_good": now.last_good or None,
        "pending": now.pending,
        "slots": now.letters,
        "staged": now.staged,
        "bad": now.bad,
        "failures": {
            name: {**one._asdict(), "evidence": _lies(here, one.evidence)}
            for name, one in failures.items()
        },
        "frozen": permission.frozen(here.config.node) if permission else None,
        "policy_trouble": trouble,
        "services": services,
        "export": on_export(here.export),
    }


def _build(
    here: "BuildsOfNode", build: str, permission: "Permission | None"
) -> dict[str, Any] | None:
    from vanta.domain.errors import VantaError

    if not build:
        return None
    found: dict[str, Any] = {"build": build, "commit": None, "builder": None, "reviewers": []}
    try:
        release = here.slots.read(build)
        found["commit"] = release.manifest.commit
        if permission is not None:
            builder = permission.builder(release.builders_key())
            keys, _ = release.reviewers_keys()
            found["builder"] = builder
            found["reviewers"] = sorted(permission.reviewers(keys, builder=builder or ""))
    except VantaError as error:
        found["trouble"] = error.code
    return found


def _lies(here: "BuildsOfNode", evidence: str) -> str | None:
    """Where what was seen of a build lies; None where nothing was kept, or not until now."""
    folder = here.layout.logs / evidence
    return str(folder) if evidence and folder.is_dir() else None


def _lines(found: dict[str, Any]) -> list[str]:
    current = found["current"]
    if current is None:
        lines = [f"{found['node']}: no build was promoted here yet"]
        if found["link"]:
            lines.append(f"  `current` is on {found['link']}, and no record says so: restore "
                         "memory/builds.jsonl from its off-node copy")  # fmt: skip
    else:
        people = " and ".join(current["reviewers"]) or "nobody whose word counts now"
        lines = [
            f"{found['node']}: {current['build']} is current",
            f"  commit {current['commit'] or 'unknown'}",
            f"  built by {current['builder'] or 'nobody who may now'}, signed off by {people}",
        ]
        if found["link"] != current["build"]:
            lines.append(f"  the link is on {found['link'] or 'nothing'}: `vanta build recover`")
    if found["pending"] is not None:
        lines.append(f"  a flip to {found['pending'].build} is half done: `vanta build recover`")
    if found["frozen"]:
        lines.append("  frozen by policy: it stays as it is")
    if found["policy_trouble"]:
        lines.append(f"  no policy can be read, so nothing is promoted [{found['policy_trouble']}]")
    for build in found["staged"]:
        lines.append(f"  {_placed(build, found)}")
        lines += _why(found["failures"].get(build))
    export = found["export"]
    if export is None:
        lines.append("  the export is away: nothing can be staged")
    elif new := [each for each in export if each not in found["staged"]]:
        lines.append(f"  on the export: {', '.join(new)}")
    rows: list[tuple[str, ...]] = [("service", "is", "pid", "runs", "trouble")]
    rows += [
        (
            one["service"],
            one["condition"],
            str(one["pid"] or "-"),
            _runs(one["build"]),
            one["trouble"] or "",
        )
        for one in found["services"]
    ]
    return [*lines, *table(rows, left=(0, 1, 3, 4))] if len(rows) > 1 else lines


def _placed(build: str, found: dict[str, Any]) -> str:
    words = [letter for letter, held in sorted(found["slots"].items()) if held == build]
    words += [
        word for word, name in (("previous", "previous"), ("last good", "last_good"))
        if found[name] == build
    ]  # fmt: skip
    if build in found["bad"]:
        words.append(f"bad: {found['bad'][build]}")
    return f"{build} is staged{': ' if words else ''}{', '.join(words)}"


def _why(failure: dict[str, Any] | None) -> list[str]:
    from vanta.domain.instant import SECOND, show_instant
    from vanta.domain.printable import printable

    if failure is None:
        return []
    at = show_instant(failure["at"] // SECOND * SECOND)
    lines = [f"    {printable(failure['reason'])}, at {at}"]
    return [*lines, f"    seen: {failure['evidence']}"] if failure["evidence"] else lines


def _runs(build: str | None) -> str:
    if build is None:
        return "says nothing"
    return build or "a checkout"
