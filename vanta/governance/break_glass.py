"""Break-glass on the controller's side, and halts of one scope on the node's (R7).

Pure but for `tighten_overlay`: what a latch that was found says beside what the journal knows.
"""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.errors import RefusedError
from vanta.domain.switches import SWITCHES
from vanta.governance.latch import LatchLine, who
from vanta.governance.latch_lines import Latch
from vanta.governance.memory import Memory
from vanta.governance.published import OVERLAY_FILE, parse, read_files
from vanta.governance.publisher import publishing
from vanta.governance.receipts import LatchSet
from vanta.journal.files import atomic_write
from vanta.lattice.algebra import changes
from vanta.lattice.direction import Effect

SCOPES = {"vault": "vaults", "venue": "venues", "strategy": "strategies", "follower": "followers"}
"""What a halt on the node may be of, and where that stands in the overlay."""

_AGAIN = "released before: "


def unknown_halts(found: Latch, memory: Memory, now: int) -> Iterator[LatchSet]:
    """What stands in a latch and not in the journal, each under a nonce.

    What has no nonce that can be read gets one, and so does a nonce that a quorum let go before
    it was found here: an old latch put back is a new halt.
    """
    released = memory.state.policy.released if memory.state else frozenset()
    known = set(memory.latches)
    covered = {note.covers for note in memory.latches.values()}
    for line in found.lines:
        if line.nonce in known:
            continue
        if line.nonce not in released:
            known.add(line.nonce)
            yield LatchSet(line.nonce, line.reason, line.who, line.at, "")
        elif f"{_AGAIN}{line.nonce}" not in covered:
            covered.add(f"{_AGAIN}{line.nonce}")
            yield LatchSet(
                secrets.token_hex(8), line.reason, line.who, line.at, f"{_AGAIN}{line.nonce}"
            )
    if found.rest and found.rest not in covered:
        why = "the latch holds something without a nonce that can be read"
        yield LatchSet(secrets.token_hex(8), why, "", now, found.rest)


def lost_halts(found: Latch | None, memory: Memory) -> list[LatchLine]:
    """What the journal knows to hold, and the latch does not say any more."""
    nonces = {line.nonce for line in found.lines} if found else set()
    there = nonces | {f"{_AGAIN}{nonce}" for nonce in nonces} | ({found.rest} if found else set())
    return [
        LatchLine(nonce, note.reason, note.who, note.at)
        for nonce, note in sorted(memory.latches.items())
        if not note.released
        and nonce not in there
        and (not note.covers or note.covers not in there)
    ]


def all_released(found: Latch, memory: Memory) -> bool:
    """Whether a quorum let go of everything that stands in a latch."""
    gone = {nonce for nonce, note in memory.latches.items() if note.released}
    gone |= {note.covers for note in memory.latches.values() if note.released and note.covers}
    lines = all(line.nonce in gone or f"{_AGAIN}{line.nonce}" in gone for line in found.lines)
    return lines and (not found.rest or found.rest in gone)


def tighten_overlay(
    memory: Path, switch: str, scope: tuple[str, str] | None = None, *, reason: str = ""
) -> bool:
    """Turn a switch on in the published overlay, as a careful hand would; whether it was off.

    Readers obey at once, and the controller adopts it.

    Args:
        memory: the node's memory folder.
        switch: its name.
        scope: one of `SCOPES` and a name; None for everywhere.
        reason: why; the controller keeps it with the edit.

    Raises:
        RefusedError: `NO_SUCH_SWITCH`, `NO_SUCH_VAULT`.
        UnavailableError, MalformedError: there is no policy to tighten: nothing may trade anyway.
    """
    if switch not in SWITCHES:
        raise RefusedError(
            f"there is no switch {switch!r}",
            code="NO_SUCH_SWITCH",
            remedy=f"use one of {', '.join(SWITCHES)}",
        )
    with publishing(memory):
        files = read_files(memory)
        before = parse(files)
        if scope and scope[0] == "vault" and scope[1] not in before.policy.vaults:
            raise RefusedError(
                f"there is no vault {scope[1]!r}",
                code="NO_SUCH_VAULT",
                remedy=f"use one of {', '.join(sorted(before.policy.vaults))}",
            )
        content = json.loads(files[OVERLAY_FILE])
        if scope is None:
            content[switch] = True
        else:
            content[SCOPES[scope[0]]].setdefault(scope[1], {})[switch] = True
        # Of several edits before the controller looks, each has its say.
        said = [content.get("reason", ""), reason.encode("utf-8", "replace").decode()]
        content["reason"], content["who"] = "; ".join(filter(None, said)), who()
        text = msgspec.json.format(encode(content), indent=2) + b"\n"
        after = parse({**files, OVERLAY_FILE: text})
        effects = {change.effect for change in changes(before.policy, after.policy)}
        if not effects:
            return False
        if effects != {Effect.TIGHTENS}:
            raise RefusedError("the edit would not only tighten", code="NOT_A_TIGHTENING")
        path = memory / OVERLAY_FILE
        found = path.lstat()
        owner = (found.st_uid, found.st_gid) if os.geteuid() == 0 else None
        atomic_write(path, text, mode=found.st_mode & 0o777, owner=owner)
    return True
