"""What switches do to a policy where they are read apart from every other document; pure."""

from collections.abc import Iterable, Mapping

import msgspec

from vanta.domain.instant import NEVER
from vanta.domain.policy import OverlayPolicy, Policy
from vanta.domain.switches import SWITCHES, Switches
from vanta.governance.documents.compile import consistent_overlay, expand, switches_of
from vanta.governance.documents.kinds import OverlayDocument, SwitchEntry
from vanta.governance.documents.read import read_document
from vanta.governance.walk import UNREADABLE, Written
from vanta.lattice.algebra import meet
from vanta.lattice.direction import Table, table

SCOPES = ("everywhere", "vaults", "venues", "strategies", "followers")
"""The parts of an overlay that hold switches."""

Personas = Mapping[str, str]
"""Vault to the persona it trades as."""

Entries = tuple[SwitchEntry, ...]


_BOM = b"\xef\xbb\xbf"


def among_halts(path: str) -> bool:
    """Whether a file lies among the halts; the overlay beside them is the main line's."""
    return path.rpartition("/")[0].endswith("/halts")


def switched_on(files: Mapping[str, Written]) -> Entries:
    """The switch entries these files have and had not before; what cannot be read halts nothing."""
    found: list[SwitchEntry] = []
    for path in sorted(files):
        before = set(_entries(files[path].before, path))
        found += [entry for entry in _entries(files[path].after, path) if entry not in before]
    return tuple(found)


def _entries(data: bytes, path: str) -> list[SwitchEntry]:
    if not data:
        return []
    if among_halts(path):
        # As an editor in a hurry leaves it. The tree is refused for it; the halt it holds lands.
        data = data.removeprefix(_BOM).replace(b"\r\n", b"\n")
    try:
        document = read_document(data, file=path)
    except UNREADABLE:
        return []
    return document.spec.switches if isinstance(document, OverlayDocument) else []


def personas_of(policy: Policy) -> Personas:
    """Which vault trades as which persona."""
    return {name: vault.persona.name for name, vault in policy.vaults.items()}


def braked(policy: Policy, by: OverlayPolicy) -> Policy:
    """The policy with the switches of `by` on too; flips and everything else are left alone."""
    switched = msgspec.structs.replace(
        policy.overlay, **{scope: getattr(by, scope) for scope in SCOPES}
    )
    overlay = consistent_overlay(meet(policy.overlay, switched), policy.ceiling)
    return msgspec.structs.replace(policy, overlay=overlay)


def halted(policy: Policy, entries: Entries, personas: Iterable[Personas]) -> Policy:
    """The policy with every one of these switches on, over the vaults of each of `personas`."""
    for vaults in personas:
        policy = braked(policy, expand(entries, dict(vaults)))
    return policy


def by_persona(entries: Entries) -> dict[str, Switches]:
    """The switches these entries turn on by persona."""
    names = sorted({entry.scope.persona for entry in entries if entry.scope.persona is not None})
    return {
        name: switches_of(entry for entry in entries if entry.scope.persona == name)
        for name in names
    }


def ended(overlay: OverlayPolicy, since: int, now: int) -> OverlayPolicy:
    """The switches that came to their end after `since` and by `now`, and nothing else."""

    def of(switches: Switches) -> Switches:
        return Switches(
            **{
                name: until if since < (until := getattr(switches, name)) <= now else NEVER
                for name in SWITCHES
            }
        )

    def tabled(switched: Table[Switches]) -> Table[Switches]:
        return table(of(switched.default), {n: of(one) for n, one in switched.entries.items()})

    return OverlayPolicy(
        everywhere=of(overlay.everywhere),
        vaults=tabled(overlay.vaults),
        venues=tabled(overlay.venues),
        strategies=tabled(overlay.strategies),
        followers=tabled(overlay.followers),
    )
