"""What an overlay loosens for a while: flips and boosts, one a vault, each under its ceiling."""

from collections.abc import Collection, Iterator
from typing import TypeVar

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.policy import Boost, Flip, VaultPolicy
from vanta.governance.documents.kinds import BoostEntry, FlipEntry, OverlayDocument

E = TypeVar("E", FlipEntry, BoostEntry)


def flips(
    overlays: Collection[OverlayDocument], vaults: Collection[str], ceiling: VaultPolicy
) -> dict[str, Flip]:
    """Every flip by vault; raises `MalformedError` with code `BAD_FLIP`."""
    return {
        vault: within(
            Flip(
                until=entry.until,
                slice=entry.slice,
                amplifier=entry.amplifier,
                conviction=entry.conviction,
            ),
            ceiling,
        )
        for vault, entry in _by_vault(FlipEntry, "flip", overlays, vaults).items()
    }


def boosts(
    overlays: Collection[OverlayDocument], vaults: Collection[str], ceiling: VaultPolicy
) -> dict[str, Boost]:
    """Every boost by vault; raises `MalformedError` with code `BAD_BOOST`."""
    return {
        vault: under(Boost(until=entry.until, multiplier=entry.multiplier), ceiling)
        for vault, entry in _by_vault(BoostEntry, "boost", overlays, vaults).items()
    }


def _by_vault(
    kind: type[E], what: str, overlays: Collection[OverlayDocument], vaults: Collection[str]
) -> dict[str, E]:
    found: dict[str, E] = {}
    for document in overlays:
        for entry, path in document.entries():
            # Of a vault that is gone it can loosen nothing. Were it an error, nobody could delete
            # a vault without finding every entry that names it, and deleting is a way to stop.
            if not isinstance(entry, kind) or entry.vault not in vaults:
                continue
            if entry.vault in found:
                raise MalformedError(
                    f"{what} {entry.name!r}: vault {entry.vault!r} has two {what}s",
                    code=f"BAD_{what.upper()}",
                    place=document.place(*path, "vault"),
                    remedy="remove one of the two",
                )
            found[entry.vault] = entry
    return found


def idle(overlays: Collection[OverlayDocument], vaults: Collection[str]) -> Iterator[str]:
    """What flips and boosts of vaults that do not exist are, for people to read."""
    for document in overlays:
        for entry, _ in document.entries():
            if isinstance(entry, FlipEntry | BoostEntry) and entry.vault not in vaults:
                what = "flip" if isinstance(entry, FlipEntry) else "boost"
                yield f"{what} {entry.name!r} does nothing: there is no vault {entry.vault!r}"


def within(flip: Flip, ceiling: VaultPolicy) -> Flip:
    """A flip within the ceiling's envelope; how long it lasts is bounded where it is opened."""
    return msgspec.structs.replace(
        flip,
        slice=min(flip.slice, ceiling.envelope.slice),
        amplifier=min(flip.amplifier, ceiling.envelope.amplifier),
    )


def under(boost: Boost, ceiling: VaultPolicy) -> Boost:
    """A boost no larger than the ceiling lets any persona be."""
    multiplier = min(boost.multiplier, ceiling.persona.multiplier)
    return msgspec.structs.replace(boost, multiplier=multiplier)
