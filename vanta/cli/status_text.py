"""What a node enforces and how it stands, as data and as lines for a terminal."""

import time
from pathlib import Path
from typing import Any

from vanta.domain.errors import VantaError
from vanta.domain.instant import NEVER, SECOND, show_instant
from vanta.domain.switches import SWITCHES, Switches
from vanta.governance.conditions import Condition
from vanta.governance.heartbeat import Silence
from vanta.governance.latch import latched
from vanta.governance.memory import recall
from vanta.governance.published import PolicyReader
from vanta.governance.status import read_status
from vanta.journal.reader import live_state
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
            "vault_switches": {
                vault: on
                for vault in sorted(published.policy.vaults)
                if (on := _on(overlay.vaults.at(vault)))
            },
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
        "lane_halts": {
            oid: {"file": halt.file, "person": halt.person}
            for oid, halt in (memory.state.lane.items() if memory.state else ())
        },
        "controller": "silent" if Silence(layout.memory, _SILENT).lasts() else "running",
        "conditions": shown.conditions if (shown := read_status(layout.memory)) else (),
        "last_receipt": {"type": last.type, "at": show_instant(last.ts)} if last else None,
        "age_seconds": (time.time_ns() - last.ts) // SECOND if last else None,
        "trouble": trouble or None,
    }


def _on(switches: Switches) -> list[str]:
    return [name for name in SWITCHES if getattr(switches, name) != NEVER]


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
    lines += [
        f"halt {halt['file']} of the lane stands, signed by {halt['person']} ({oid[:12]})"
        for oid, halt in found["lane_halts"].items()
    ]
    enforced = found["enforced"]
    if enforced:
        lines.append(f"enforcing commit {enforced['commit'][:12]}, serial {enforced['serial']}")
        if enforced["switches"]:
            lines.append(f"ON everywhere: {', '.join(enforced['switches'])}")
        lines += [f"ON for {v}: {', '.join(on)}" for v, on in enforced["vault_switches"].items()]
        lines.append(f"vaults: {', '.join(enforced['vaults'])}")
        if enforced["flips"]:
            lines.append(f"flipped: {', '.join(enforced['flips'])}")
        if enforced["boosts"]:
            lines.append(f"boosted: {', '.join(enforced['boosts'])}")
    lines += [
        f"hand edit {nonce} holds; `vanta resume --edit {nonce}` starts its release"
        for nonce in found["hand_edits"]
    ]
    if found["last_receipt"]:
        lines.append(
            f"last receipt: {found['last_receipt']['type']} at {found['last_receipt']['at']}"
        )
    lines += [_condition_line(one) for one in sorted(found["conditions"], key=lambda c: c.good)]
    return lines


def _condition_line(condition: Condition) -> str:
    mark = " " if condition.good else "!"
    return (
        f"{mark} {condition.type:<13} {condition.status:<7} {condition.reason:<16} "
        f"since {show_instant(condition.since // SECOND * SECOND)}: {condition.message}"
    )
