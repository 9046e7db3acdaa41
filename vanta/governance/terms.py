"""When things that end are over (R9); pure.

Halts and what loosens end by two different instants: a halt only by a clock that can be believed,
a flip or a boost by the latest clock anybody saw.
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
        loosenings: flips and boosts whose end is not after this are gone.
    """
    overlay = policy.overlay
    return msgspec.structs.replace(
        policy,
        overlay=msgspec.structs.replace(
            overlay,
            everywhere=_on(overlay.everywhere, halts),
            vaults=_table(overlay.vaults, halts),
            venues=_table(overlay.venues, halts),
            strategies=_table(overlay.strategies, halts),
            followers=_table(overlay.followers, halts),
            flips={name: one for name, one in overlay.flips.items() if one.until > loosenings},
            boosts={name: one for name, one in overlay.boosts.items() if one.until > loosenings},
        ),
    )


def over(policy: Policy, halts: int, loosenings: int) -> tuple[str, ...]:
    """Dotted paths, below `overlay`, of what ends by then."""
    ended = [path for path, until in _switches(policy.overlay) if NEVER < until <= halts]
    return (*ended, *(path for path, until in _loosenings(policy.overlay) if until <= loosenings))


def next_ends(policy: Policy) -> tuple[int, int]:
    """When the first switch ends, and when the first flip or boost; `FOREVER` for none."""
    switches = (until for _, until in _switches(policy.overlay) if until != NEVER)
    loosenings = (until for _, until in _loosenings(policy.overlay))
    return min(switches, default=FOREVER), min(loosenings, default=FOREVER)


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


def _loosenings(overlay: OverlayPolicy) -> Iterator[tuple[str, int]]:
    for name, flip in sorted(overlay.flips.items()):
        yield f"flips.{name}", flip.until
    for name, boost in sorted(overlay.boosts.items()):
        yield f"boosts.{name}", boost.until
