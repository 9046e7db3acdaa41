"""The two files a node's services read their policy from, and how they are read and written.

`vault.json` holds limits as scaled integers. `vault_overlay.json` holds the switches the way an
operator expects to find them: `true`, `false`, or the time until which one is on. A switch at the
top holds everywhere, whatever stands below it.
"""

import os
import time
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError, UnavailableError, VantaError
from vanta.domain.instant import FOREVER, NEVER, parse_instant, show_instant
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy, Provenance, Published
from vanta.domain.record import Position, Record
from vanta.domain.switches import SWITCHES, Switches
from vanta.governance.heartbeat import Silence
from vanta.governance.latch_lines import plain
from vanta.governance.memory import recall, switched
from vanta.governance.receipts import published_by
from vanta.journal.reader import Tail, live_state
from vanta.lattice.algebra import meet, restrain
from vanta.lattice.direction import Table, table

VAULT_FILE = "vault.json"
OVERLAY_FILE = "vault_overlay.json"
_SCOPES = ("vaults", "venues", "strategies", "followers")

SwitchText = bool | str
_RECEIPTS_KEPT = 64
_LOST = frozenset({"POSITION_LOST", "JOURNAL_MISSING"})


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record a publication derives from: journal, its size with that record, its head."""

    journal: str
    size: int
    head: str


class _Derived(msgspec.Struct, frozen=True):
    derived_from: Source


class _VaultFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    derived_from: Source
    provenance: Provenance
    policy: Policy


class _OverlayFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    derived_from: Source
    provenance: Provenance
    reduce_only: SwitchText
    orders_disabled: SwitchText
    maintenance: SwitchText
    external_calls_disabled: SwitchText
    full_halt: SwitchText
    vaults: dict[str, dict[str, SwitchText]]
    venues: dict[str, dict[str, SwitchText]]
    strategies: dict[str, dict[str, SwitchText]]
    followers: dict[str, dict[str, SwitchText]]
    flips: dict[str, Flip]
    boosts: dict[str, Boost] = {}
    reason: str = ""
    """Why a hand edited it, by that hand; nothing is enforced by it."""
    who: str = ""


class Note(msgspec.Struct, frozen=True):
    """What a hand edit says of itself; it proves nothing, and nothing depends on it."""

    reason: str = ""
    who: str = ""


def _shown(until: int) -> SwitchText:
    if until >= FOREVER:
        return True
    return show_instant(until) if until > NEVER else False


def _read_until(value: object, place: str) -> int:
    if isinstance(value, bool):
        return FOREVER if value else NEVER
    if isinstance(value, str):
        return parse_instant(value, place=place)
    raise MalformedError(
        f"{value!r} is not a switch", code="SWITCH", place=place, remedy="write true or false"
    )


def _switch_map(switches: Switches) -> dict[str, SwitchText]:
    return {name: _shown(getattr(switches, name)) for name in SWITCHES}


def _switches(values: dict[str, SwitchText], place: str) -> Switches:
    if unknown := sorted(values.keys() - set(SWITCHES)):
        raise MalformedError(
            f"{unknown[0]!r} is not a switch",
            code="SWITCH",
            place=place,
            remedy=f"use {', '.join(SWITCHES)}",
        )
    return Switches(**{name: _read_until(value, place) for name, value in values.items()})


def render(published: Published, position: Position, journal: str) -> dict[str, bytes]:
    """File name to content of a publication; the same bytes for the same arguments."""
    source = {"journal": journal, "size": position.size, "head": position.head}
    head: dict[str, Any] = {"derived_from": source, "provenance": published.provenance}
    overlay = published.policy.overlay
    switched: dict[str, Any] = {
        **head,
        **_switch_map(overlay.everywhere),
        "flips": overlay.flips,
        "boosts": overlay.boosts,
    }
    for scope in _SCOPES:
        entries: Table[Switches] = getattr(overlay, scope)
        names = published.policy.vaults if scope == "vaults" else entries.entries
        switched[scope] = {name: _switch_map(entries.at(name)) for name in names}
        switched[scope] |= {name: _switch_map(one) for name, one in entries.entries.items()}
    limits = msgspec.structs.replace(published.policy, overlay=OverlayPolicy())
    return {
        VAULT_FILE: _pretty({**head, "policy": limits}),
        OVERLAY_FILE: _pretty(switched),
    }


def _pretty(value: object) -> bytes:
    return msgspec.json.format(encode(value), indent=2) + b"\n"


def parse(files: dict[str, bytes]) -> Published:
    """The publication two files hold.

    Raises:
        MalformedError: a file is not what this module writes.
        UnavailableError: the files are of different publications.
    """
    vault = decode(_VaultFile, files[VAULT_FILE], place=VAULT_FILE)
    overlay = decode(_OverlayFile, files[OVERLAY_FILE], place=OVERLAY_FILE)
    if vault.provenance != overlay.provenance:
        raise UnavailableError(
            "the two published files are of different publications",
            code="TORN_PUBLICATION",
            place=OVERLAY_FILE,
            remedy="wait for the controller to publish again; see `vanta governance status`",
        )
    everywhere = _switches({name: getattr(overlay, name) for name in SWITCHES}, OVERLAY_FILE)

    def tabled(scope: str) -> Table[Switches]:
        entries: dict[str, dict[str, SwitchText]] = getattr(overlay, scope)
        place = f"{OVERLAY_FILE}: {scope}"
        return table(
            everywhere,
            {name: meet(everywhere, _switches(one, place)) for name, one in entries.items()},
        )

    policy = msgspec.structs.replace(
        vault.policy,
        overlay=OverlayPolicy(
            everywhere=everywhere,
            vaults=tabled("vaults"),
            venues=tabled("venues"),
            strategies=tabled("strategies"),
            followers=tabled("followers"),
            flips=overlay.flips,
            boosts=overlay.boosts,
        ),
    )
    return Published(policy=policy, provenance=vault.provenance)


def note_of(files: dict[str, bytes]) -> Note:
    """What a hand that edited the overlay says of it."""
    said = decode(Note, files[OVERLAY_FILE], place=OVERLAY_FILE)
    return Note(plain(said.reason), plain(said.who))


def source_of(files: dict[str, bytes]) -> Source:
    """Which record the files say they were made from."""
    return decode(_Derived, files[VAULT_FILE], place=VAULT_FILE).derived_from


def read_files(memory: Path) -> dict[str, bytes]:
    """Both published files as they are on disk, links not followed.

    Raises:
        UnavailableError: one cannot be read.
    """
    return {name: _read(memory / name) for name in (VAULT_FILE, OVERLAY_FILE)}


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            return file.read()
    except OSError as error:
        raise _no_policy(path, error) from error


class PolicyReader:
    """The published policy, read again whenever a file changed.

    A look costs two `stat` calls while nothing changes, so it can be taken before every order.
    The files alone are not believed: they must name a receipt and are met with the newest one, so
    an edit of them, or an older pair put in their place, can tighten at once and can never loosen,
    whether or not the controller is there to undo it.

    Args:
        memory: the node's memory folder.
        patience: seconds to wait for the second file of a publication that is being replaced.
        silence: nanoseconds without a sign of the controller after which only reductions are
            allowed; None for no limit. It costs one more `stat`.
    """

    def __init__(self, memory: Path, *, patience: float = 0.2, silence: int | None = None) -> None:
        self._memory = memory
        self._silence = None if silence is None else Silence(memory, silence)
        self._quiet: tuple[Published, Published] | None = None
        self._patience = patience
        self._stamp: tuple[tuple[int, int, int, int], ...] = ()
        self._last: Published | None = None
        self._receipts = Receipts(memory / "governance.jsonl")

    def __call__(self) -> Published:
        """The policy to enforce now.

        Raises:
            UnavailableError: it is missing, torn or without a receipt; then do nothing.
            MalformedError: it cannot be understood; the same holds.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                found = self._look()
            except VantaError:
                # Two files are replaced one after the other; between the two is not an error yet.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.002)
            else:
                return self._reduced(found) if self._silence and self._silence.lasts() else found

    def _reduced(self, found: Published) -> Published:
        """The policy of a controller that is gone; the same object while nothing changes."""
        if self._quiet is None or self._quiet[0] is not found:
            policy = switched(found.policy, Switches(reduce_only=FOREVER))
            self._quiet = (found, Published(policy, found.provenance))
        return self._quiet[1]

    def _look(self) -> Published:
        stamp = tuple(_stamp(self._memory / name) for name in (VAULT_FILE, OVERLAY_FILE))
        if self._last is None or stamp != self._stamp:
            self._last = None
            files = read_files(self._memory)
            found, source = parse(files), source_of(files)
            self._receipts.published_at(source.size)
            # Files put back from an older publication have a receipt too, and a newer one counts.
            newest = self._receipts.newest()
            policy = restrain(newest.policy, found.policy)
            # The stamp from before reading: a change during it is seen at the next look.
            self._last, self._stamp = Published(policy, newest.provenance), stamp
        return self._last


def _stamp(path: Path) -> tuple[int, int, int, int]:
    try:
        found = path.lstat()
    except OSError as error:
        raise _no_policy(path, error) from error
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_ctime_ns


def _no_policy(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"no published policy: {error.strerror}",
        code="NO_POLICY",
        place=str(path),
        remedy="start `vanta governance controller` on this node",
    )


class Receipts:
    """The publications a governance journal vouches for, followed as it grows.

    A journal that was lost and begun again is followed from its start, once it has come as far as
    the one that was lost: what it publishes before is older than what was seen.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._tail: Tail | None = None
        self._published: dict[int, Published] = {}
        self._serial = 0

    def published_at(self, size: int) -> Published:
        """What the record that made the journal `size` long published.

        Raises:
            UnavailableError: that record is not there, or published nothing.
        """
        self._follow()
        found = self._published.get(size)
        if found is None:
            raise UnavailableError(
                f"no receipt at {size} vouches for the published policy",
                code="UNBACKED_POLICY",
                place=str(self._journal),
                remedy="let `vanta governance controller` publish again",
            )
        return found

    def close(self) -> None:
        """Let go of the journal; a later question opens it again."""
        if self._tail is not None:
            self._tail.close()

    def newest(self) -> Published:
        """The last publication, once `published_at` has found one.

        Raises:
            UnavailableError: `ROLLED_BACK`: a journal begun again has not come so far yet.
        """
        found = self._published[max(self._published)]
        if found.provenance.serial < self._serial:
            raise UnavailableError(
                f"serial {self._serial} was published before, and now {found.provenance.serial} is",
                code="ROLLED_BACK",
                place=str(self._journal),
                remedy="let `vanta governance controller` fetch; see its status",
            )
        self._serial = found.provenance.serial
        return found

    def _follow(self) -> None:
        try:
            self._read_on()
        except VantaError as error:
            if error.code not in _LOST:
                raise
            self.close()
            self._tail = None
            self._published.clear()
            self._read_on()

    def _read_on(self) -> None:
        if self._tail is None:
            memory = recall(self._journal)
            live = live_state(self._journal)
            if memory.published and memory.at:
                self._published[memory.at.size] = memory.published
            self._read(live.records)
            self._tail = Tail(self._journal, live.position)
        while records := self._tail.poll():
            self._read(records)

    def _read(self, records: list[Record]) -> None:
        for record in records:
            published = published_by(record)
            if published is not None:
                self._published[record.seq + 1] = published
        # Files name a recent receipt; the rest of history is in the journal.
        for old in sorted(self._published)[:-_RECEIPTS_KEPT]:
            del self._published[old]
