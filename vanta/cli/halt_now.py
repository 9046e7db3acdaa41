"""`vanta halt --now`: the halt that asks nobody. It imports little, because it is waited for."""

import re
import time
from pathlib import Path

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.latch import latched, set_latch, wait_for_sends
from vanta.node.layout import Layout

_FULL = "full_halt"


def halt_now(
    node: Path,
    reason: str,
    switch: str,
    scope: dict[str, str],
    *,
    until: str | None = None,
    as_json: bool = False,
) -> None:
    """Halt this node, or one scope of it, and return when no order is on its way.

    Raises:
        RefusedError: `NO_NODE`, `NOT_ON_THE_SPOT`, and what `tighten_overlay` refuses.
        UnavailableError: `NOT_HALTED`: it does not hold. `NOT_CONFIRMED`: it holds, and an order
            may be on its way all the same.
    """
    memory = Layout(node.resolve()).memory
    if not memory.is_dir():
        raise RefusedError(
            "no node is here", code="NO_NODE", place=str(memory), remedy="name it with --node"
        )
    if until or "persona" in scope:
        raise RefusedError(
            "a halt on the spot has no end, and knows vaults and no personas",
            code="NOT_ON_THE_SPOT",
            remedy="leave --until out; halt each vault, or everything and sign the finer halt then",
        )
    began = time.monotonic()
    said = (
        _latch(memory, reason)
        if switch == _FULL and not scope
        else _edit(memory, switch, scope, reason)
    )
    held = time.monotonic() - began
    unconfirmed: UnavailableError | None = None
    try:
        wait_for_sends(memory)
    except UnavailableError as error:
        unconfirmed = error
    # Not before it holds.
    role = _role(Layout(node.resolve()).config)
    from vanta.cli.output import print_json, say

    if as_json:
        print_json(
            {
                **said,
                "holds": True,
                "seconds": round(held, 6),
                "confirmed": unconfirmed is None,
                "role": role or None,
                "why": str(unconfirmed) if unconfirmed else None,
            }
        )
    else:
        say(f"{said['what']}, after {held * 1000:.1f} ms")
        if role not in {"", "executor"}:
            say(f"  this node is {role} and sends no orders: the Executor goes on, halt it there")
        elif unconfirmed is None:
            say("  no order is on its way")
        say(f"  next: {said['next']}")
    if unconfirmed is not None:
        raise unconfirmed


def _role(config: Path) -> str:
    """What a node is, by the one line that says so: the whole is a second's work to read."""
    try:
        found = re.search(r"^role: *([a-z]+) *$", config.read_text(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return ""
    return found[1] if found else ""


def _latch(memory: Path, reason: str) -> dict[str, str]:
    halted = set_latch(memory, reason, time.time_ns())
    if not latched(memory):
        raise UnavailableError(
            "the latch was taken away at once",
            code="NOT_HALTED",
            place=str(memory),
            remedy="stop the Executor's service, and find out who did it",
        )
    nonce = halted.line.nonce
    release = f"`vanta resume --edit {nonce}` starts its release, which takes the quorum"
    if halted.trouble:
        what = f"HALTED; the latch is set and could not take this halt's line: {halted.trouble}"
        return {"what": what, "next": "vanta governance status names what to release"}
    return {"what": f"HALTED under {nonce}", "nonce": nonce, "next": release}


def _edit(memory: Path, switch: str, scope: dict[str, str], reason: str) -> dict[str, str]:
    from vanta.governance.break_glass import tighten_overlay

    where = next(iter(scope.items()), None)
    news = tighten_overlay(memory, switch, where, reason=reason)
    name = f"{where[0]} {where[1]}" if where else "everything"
    if not news:
        return {
            "what": f"NOTHING ADDED: {switch} is on for {name} already, and ends with what set it",
            "next": "vanta governance status says what that is; halt everything to add a latch",
        }
    return {
        "what": f"{switch} is on for {name}",
        "next": "vanta governance status shows the nonce under which the controller adopts it",
    }
