"""What a node enforces and how it stands, as data and as lines for a terminal."""

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vanta.domain.errors import VantaError
from vanta.domain.instant import NEVER, SECOND, show_instant
from vanta.domain.switches import SWITCHES, Switches
from vanta.governance.conditions import Condition
from vanta.governance.documents.kinds import SwitchEntry
from vanta.governance.halts import switched_on
from vanta.governance.heartbeat import Silence
from vanta.governance.latch import latched
from vanta.governance.memory import recall
from vanta.governance.published import PolicyReader
from vanta.governance.repository import Repository
from vanta.governance.status import read_status
from vanta.governance.walk import LaneHalt, Written
from vanta.journal.reader import live_state
from vanta.lattice.direction import Table
from vanta.node.layout import Layout

_SILENT = 5 * SECOND
"""Without a sign of the controller, until it counts as not running."""


def node_status(node: Path) -> dict[str, Any]:
    """What the node's journal and published files say.

    Raises:
        VantaError: there is no governance journal.
    """
    layout = Layout(node.resolve())
    journal = layout.journal("governance")
    memory = recall(journal)
    last = next(iter(reversed(live_state(journal).records)), None)
    enforced: dict[str, Any] = {}
    trouble = ""
    try:
        published = PolicyReader(layout.memory)()
    except VantaError as error:
        trouble = str(error)
    else:
        overlay = published.policy.overlay
        now = time.time_ns()
        enforced = {
            "commit": published.provenance.commit,
            "serial": published.provenance.serial,
            "vaults": sorted(published.policy.vaults),
            "switches": _on(overlay.everywhere),
            "vault_switches": _scoped(overlay.vaults, published.policy.vaults),
            "venue_switches": _scoped(overlay.venues),
            "strategy_switches": _scoped(overlay.strategies),
            "follower_switches": _scoped(overlay.followers),
            "flips": sorted(v for v, flip in overlay.flips.items() if flip.until > now),
            "boosts": sorted(v for v, boost in overlay.boosts.items() if boost.until > now),
        }
    return {
        "environment": memory.state.environment if memory.state else None,
        "enforced": enforced or None,
        "hand_edits": memory.restrained_by(),
        "latched": latched(layout.memory),
        "latches": {
            nonce: {"reason": note.reason, "who": note.who, "at": show_instant(note.at)}
            for nonce, note in memory.latches.items()
            if not note.released
        },
        "lane_halts": _lane_halts(layout.mirror, memory.state.lane if memory.state else {}),
        "controller": "silent" if Silence(layout.memory, _SILENT).lasts() else "running",
        "conditions": shown.conditions if (shown := read_status(layout.memory)) else (),
        "last_receipt": {"type": last.type, "at": show_instant(last.ts)} if last else None,
        "age_seconds": (time.time_ns() - last.ts) // SECOND if last else None,
        "trouble": trouble or None,
    }


def _on(switches: Switches) -> list[str]:
    return [name for name in SWITCHES if getattr(switches, name) != NEVER]


def _scoped(switched: Table[Switches], names: Iterable[str] = ()) -> dict[str, list[str]]:
    """What is on for each of these, and for each that has switches of its own."""
    every = sorted({*names, *switched.entries})
    return {name: on for name in every if (on := _on(switched.at(name)))}


def _lane_halts(mirror: Path, lane: Mapping[str, LaneHalt]) -> dict[str, dict[str, str]]:
    """The standing halts by commit, the first given first, as far as the mirror tells of them."""
    found = {
        oid: {"file": halt.file, "person": halt.person, "at": "", "reason": "", "what": ""}
        for oid, halt in lane.items()
    }
    if not lane:
        return found
    times = dict.fromkeys(lane, 0)
    try:
        with Repository(mirror) as repository:
            for oid, halt in lane.items():
                with contextlib.suppress(VantaError):
                    commit = repository.commit(oid)
                    times[oid] = commit.committer_time
                    found[oid]["at"] = show_instant(commit.committer_time)
                    content = repository.blob(
                        repository.tree_files(commit.tree, halt.file)[halt.file].oid
                    )
                    entries = switched_on({halt.file: Written(content)})
                    found[oid]["reason"] = "; ".join(entry.reason for entry in entries)
                    found[oid]["what"] = "; ".join(map(_stops, entries))
    except VantaError:
        # The halts stand, whatever became of the mirror.
        return found
    return {oid: found[oid] for oid in sorted(found, key=lambda each: (times[each], each))}


def _stops(entry: SwitchEntry) -> str:
    """A switch and where it is on: what it stops."""
    scope = [
        f"{kind} {name}"
        for kind in ("vault", "venue", "persona", "strategy", "follower")
        if (name := getattr(entry.scope, kind))
    ]
    where = f"for {' '.join(scope)}" if scope else "everywhere"
    if entry.until is None:
        return f"{entry.switch} {where}"
    over = entry.until <= time.time_ns()
    return f"{entry.switch} {where}, {'ENDED' if over else 'until'} {show_instant(entry.until)}"


def _halt_line(oid: str, halt: Mapping[str, str]) -> str:
    """A halt of the lane: who, when, what and why, as far as it is known."""
    since = f" since {halt['at']}" if halt["at"] else ""
    what = f": {halt['what']}" if halt["what"] else ""
    why = f', "{halt["reason"]}"' if halt["reason"] else ""
    return f"HALT of {halt['person']}{since}{what}{why} ({halt['file']}, {oid[:12]})"


def status_lines(found: dict[str, Any]) -> list[str]:
    """The status for a terminal, the worst first."""
    lines = [f"environment {found['environment']}"]
    if found["trouble"]:
        lines.append(f"NOTHING MAY TRADE: {found['trouble']}")
    if found["latched"]:
        lines.append("HALTED: the latch is set; no order leaves")
    lines += [
        f"  {nonce} by {note['who'] or 'somebody'} at {note['at']}: {note['reason']}; "
        f"`vanta resume --edit {nonce}` starts its release"
        for nonce, note in found["latches"].items()
    ]
    if found["controller"] == "silent":
        lines.append("THE CONTROLLER IS NOT RUNNING: what was last verified stays in force")
    lines += [_halt_line(oid, halt) for oid, halt in found["lane_halts"].items()]
    lines += _enforced_lines(found["enforced"]) if found["enforced"] else []
    lines += [
        f"hand edit {nonce} holds; `vanta resume --edit {nonce}` starts its release"
        for nonce in found["hand_edits"]
    ]
    if found["last_receipt"]:
        lines.append(
            f"last receipt: {found['last_receipt']['type']} at {found['last_receipt']['at']}"
        )
    lines += [_condition_line(one) for one in found["conditions"] if not one.good]
    lines += _fine_line([one for one in found["conditions"] if one.good])
    return lines


def _enforced_lines(enforced: dict[str, Any]) -> list[str]:
    """What is in force, each switch once."""
    lines = [f"enforcing commit {enforced['commit'][:12]}, serial {enforced['serial']}"]
    if enforced["switches"]:
        lines.append(f"ON everywhere: {', '.join(enforced['switches'])}")
    for kind in ("vault", "venue", "strategy", "follower"):
        for name, switches in enforced[f"{kind}_switches"].items():
            # What is on everywhere is said once.
            if on := [each for each in switches if each not in enforced["switches"]]:
                lines.append(f"ON for {kind} {name}: {', '.join(on)}")
    lines.append(f"vaults: {', '.join(enforced['vaults'])}")
    if enforced["flips"]:
        lines.append(f"flipped: {', '.join(enforced['flips'])}")
    if enforced["boosts"]:
        lines.append(f"boosted: {', '.join(enforced['boosts'])}")
    return lines


def _fine_line(good: Sequence[Condition]) -> list[str]:
    """What is as it should be, which is no news: by name, those of which there is none apart."""
    there = ", ".join(one.type for one in good if one.status == "True")
    absent = ", ".join(one.type for one in good if one.status != "True")
    line = "; none of: ".join(filter(None, (there, absent)))
    return [f"  fine: {line}"] if good else []


def _condition_line(condition: Condition) -> str:
    return (
        f"! {condition.type:<13} {condition.status:<7} {condition.reason:<16} "
        f"since {show_instant(condition.since // SECOND * SECOND)}: {condition.message}"
    )
