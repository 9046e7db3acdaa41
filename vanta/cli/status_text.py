"""What a node enforces, as data and as lines for a terminal."""

import time
from pathlib import Path
from typing import Any

from vanta.domain.errors import VantaError
from vanta.domain.instant import SECOND, show_instant
from vanta.domain.switches import SWITCHES
from vanta.governance.memory import recall
from vanta.governance.published import PolicyReader
from vanta.journal.reader import live_state
from vanta.node.layout import Layout


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
            "switches": [s for s in SWITCHES if getattr(overlay.everywhere, s) > now],
            "vault_switches": {
                vault: on
                for vault in sorted(published.policy.vaults)
                if (on := [s for s in SWITCHES if getattr(overlay.vaults.at(vault), s) > now])
            },
            "flips": sorted(v for v, flip in overlay.flips.items() if flip.until > now),
            "boosts": sorted(v for v, boost in overlay.boosts.items() if boost.until > now),
        }
    return {
        "environment": memory.state.environment if memory.state else None,
        "enforced": enforced or None,
        "hand_edits": memory.restrained_by(),
        "last_receipt": {"type": last.type, "at": show_instant(last.ts)} if last else None,
        "age_seconds": (time.time_ns() - last.ts) // SECOND if last else None,
        "trouble": trouble or None,
    }


def status_lines(found: dict[str, Any]) -> list[str]:
    """The status for a terminal, the worst first."""
    lines = [f"environment {found['environment']}"]
    if found["trouble"]:
        lines.append(f"NOTHING MAY TRADE: {found['trouble']}")
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
    return lines
