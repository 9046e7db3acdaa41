"""When things that end are over (R9); pure.

Halts and what loosens end by two different instants: a halt only by a clock that can be believed,
a flip by the latest clock anybody saw.
"""

from collections.abc import Iterator

import msgspec

from vanta.domain.instant import FOREVER, NEVER
from vanta.domain.policy import OverlayPolicy, Policy
from vanta.domain.switches import SWITCHES, Switches
from vanta.governance.halts import SCOPES
from vanta.lattice.direction import DEFAULT, Table, table


def in_term(policy: Policy, halts: int, loosenings: int) -> Policy:
    """The policy without what is over.

    Args:
        policy: as documents and people have it.
        halts: switches whose end is not after this are off.
        loosenings: flips whose end is not after this are gone.
    """
    overlay = policy.overlay
    return msgspec.structs.replace(
        policy,
        overlay=OverlayPolicy(
            everywhere=_on(overlay.everywhere, halts),
            vaults=_table(overlay.vaults, halts),
            venues=_table(overlay.venues, halts),
            strategies=_table(overlay.strategies, halts),
            followers=_table(overlay.followers, halts),
            flips={name: flip for name, flip in overlay.flips.items() if flip.until > loosenings},
        ),
    )


def over(policy: Policy, halts: int, loosenings: int) -> tuple[str, ...]:
    """Dotted paths, below `overlay`, of what ends by then."""
    ended = [path for path, until in _switches(policy.overlay) if NEVER < until <= halts]
    flips = policy.overlay.flips
    return (*ended, *(f"flips.{name}" for name in sorted(flips) if flips[name].until <= loosenings))


def next_ends(policy: Policy) -> tuple[int, int]:
    """When the first switch ends, and when the first flip does; `FOREVER` for none."""
    switches = (until for _, until in _switches(policy.overlay) if until != NEVER)
    flips = (flip.until for flip in policy.overlay.flips.values())
    return min(switches, default=FOREVER), min(flips, default=FOREVER)


def _on(switches: Switches, now: int) -> Switches:
    return Switches(
        **{name: end if (end := getattr(switches, name)) > now else NEVER for name in SWITCHES}
    )


def _table(switched: Table[Switches], now: int) -> Table[Switches]:
    entries = {name: _on(one, now) for name, one in switched.entries.items()}
    return table(_on(switched.default, now), entries)


def _switches(overlay: OverlayPolicy) -> Iterator[tuple[str, int]]:
    for scope in SCOPES:
        value = getattr(overlay, scope)
        named = {"": value} if isinstance(value, Switches) else {DEFAULT: value.default}
        for name, switches in {**named, **getattr(value, "entries", {})}.items():
            for switch in SWITCHES:
                yield ".".join(filter(None, (scope, name, switch))), getattr(switches, switch)
