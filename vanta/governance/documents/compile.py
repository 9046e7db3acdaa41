"""From documents to the one policy an environment enforces; pure.

Personas are compiled into the vaults that name them, ceilings are met into every vault, and
switches are expanded, so that two policies can be compared for what they do.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import FOREVER, NEVER
from vanta.domain.policy import (
    AccountPolicy,
    Boost,
    Flip,
    OverlayPolicy,
    PersonaTerms,
    Policy,
    VaultPolicy,
)
from vanta.domain.switches import Switches
from vanta.governance.documents.derive import compile_onto
from vanta.governance.documents.kinds import (
    BoostEntry,
    FlipEntry,
    OverlayDocument,
    SwitchEntry,
    VaultDocument,
)
from vanta.governance.documents.read import ENVIRONMENTS, Documents
from vanta.lattice.algebra import meet, unbounded
from vanta.lattice.direction import Table, table

_NAMED_ELSEWHERE = frozenset({"persona"})
"""A vault names its persona; what that means stands in the persona's own document."""


def compile_policy(documents: Documents) -> Policy:
    """The policy a governed tree asks for.

    Raises:
        MalformedError: documents that read well alone do not fit together.
    """
    limits: Any = documents.ceiling.spec
    ceiling = compile_onto(unbounded(VaultPolicy()), limits)
    return Policy(
        environment=documents.environment,
        account=compile_onto(AccountPolicy(), limits.account),
        ceiling=ceiling,
        vaults={
            name: meet(_vault(vault, documents), ceiling)
            for name, vault in sorted(documents.vaults.items())
        },
        overlay=_overlay(documents, ceiling),
        released=frozenset().union(*(o.spec.released for o in documents.overlays)),
        nodes={
            node.name: tuple(node.keys)
            for node in sorted(documents.authority.spec.nodes, key=lambda node: node.name)
        },
    )


def _persona_of(document: VaultDocument) -> str:
    spec: Any = document.spec
    return str(spec.persona)


def _vault(document: VaultDocument, documents: Documents) -> VaultPolicy:
    name = _persona_of(document)
    if name not in documents.personas:
        raise MalformedError(
            f"persona {name!r} has no document",
            code="UNKNOWN_PERSONA",
            place=f"{ENVIRONMENTS}{documents.environment}/vaults/{document.metadata.name}.yaml",
            remedy=f"use one of {', '.join(sorted(documents.personas))}",
        )
    persona = compile_onto(PersonaTerms(name=name), documents.personas[name].spec)
    vault = compile_onto(VaultPolicy(), document.spec, without=_NAMED_ELSEWHERE)
    return msgspec.structs.replace(vault, persona=persona)


def _join(a: Switches, b: Switches) -> Switches:
    """Both sets of switches on; for switches the tighter of two is both."""
    return meet(a, b)


def switches_of(entries: Iterable[SwitchEntry]) -> Switches:
    """The switches that a group of entries turns on together."""
    on = Switches()
    for entry in entries:
        until = FOREVER if entry.until is None else entry.until
        on = _join(on, Switches(**{entry.switch: until}))
    return on


def _named(document: OverlayDocument) -> set[str]:
    """The names of every entry of an overlay."""
    names: set[str] = set()
    spec = document.spec
    entries: list[SwitchEntry | FlipEntry | BoostEntry] = [*spec.switches, *spec.flips]
    for entry in (*entries, *spec.boosts):
        if entry.name in names:
            raise MalformedError(
                f"two entries are called {entry.name!r}",
                code="DUPLICATE_ENTRY",
                place=document.metadata.name,
                remedy="every entry has a name of its own, so that one can be taken back alone",
            )
        names.add(entry.name)
    return names


def _overlay(documents: Documents, ceiling: VaultPolicy) -> OverlayPolicy:
    switches: list[SwitchEntry] = []
    flips: list[FlipEntry] = []
    boosts: list[BoostEntry] = []
    seen: set[str] = set()
    for document in documents.overlays:
        named = _named(document)
        if clash := named & seen:
            raise MalformedError(
                f"entry {min(clash)!r} stands in two overlays",
                code="DUPLICATE_ENTRY",
                place=document.metadata.name,
            )
        seen |= named
        switches.extend(document.spec.switches)
        flips.extend(document.spec.flips)
        boosts.extend(document.spec.boosts)
    personas = {name: _persona_of(vault) for name, vault in documents.vaults.items()}
    return msgspec.structs.replace(
        expand(switches, personas),
        flips=_flips(flips, documents, ceiling),
        boosts=_boosts(boosts, documents, ceiling),
    )


def expand(entries: Iterable[SwitchEntry], personas: dict[str, str]) -> OverlayPolicy:
    """Switch entries as one table for each kind of scope, wider scopes joined into narrower.

    Args:
        entries: what is switched on.
        personas: vault to the persona it trades as.
    """
    entries = list(entries)
    everywhere = switches_of(entry for entry in entries if not entry.scope.model_fields_set)

    def scoped(kind: str, name: str) -> Switches:
        return switches_of(entry for entry in entries if getattr(entry.scope, kind) == name)

    def tabled(kind: str) -> Table[Switches]:
        names = {getattr(entry.scope, kind) for entry in entries} - {None}
        return table(everywhere, {n: _join(everywhere, scoped(kind, n)) for n in names})

    vaults = {
        vault: _join(everywhere, _join(scoped("vault", vault), scoped("persona", persona)))
        for vault, persona in personas.items()
    }
    named = tabled("vault")
    return OverlayPolicy(
        everywhere=everywhere,
        vaults=table(everywhere, {**named.entries, **vaults}),
        venues=tabled("venue"),
        strategies=tabled("strategy"),
        followers=tabled("follower"),
    )


def _flips(entries: list[FlipEntry], documents: Documents, ceiling: VaultPolicy) -> dict[str, Flip]:
    flips: dict[str, Flip] = {}
    for entry in entries:
        if entry.vault not in documents.vaults or entry.vault in flips:
            problem = "has two flips" if entry.vault in flips else "does not exist"
            raise MalformedError(
                f"flip {entry.name!r}: vault {entry.vault!r} {problem}",
                code="BAD_FLIP",
                place=f"{ENVIRONMENTS}{documents.environment}/overlay.yaml",
            )
        flip = Flip(
            until=entry.until,
            slice=entry.slice,
            amplifier=entry.amplifier,
            conviction=entry.conviction,
        )
        flips[entry.vault] = _clamped(flip, ceiling)
    return flips


def _clamped(flip: Flip, ceiling: VaultPolicy) -> Flip:
    """A flip within the ceiling's envelope; how long it lasts is bounded where it is opened."""
    return msgspec.structs.replace(
        flip,
        slice=min(flip.slice, ceiling.envelope.slice),
        amplifier=min(flip.amplifier, ceiling.envelope.amplifier),
    )


def _boosts(
    entries: list[BoostEntry], documents: Documents, ceiling: VaultPolicy
) -> dict[str, Boost]:
    boosts: dict[str, Boost] = {}
    for entry in entries:
        if entry.vault not in documents.vaults or entry.vault in boosts:
            problem = "has two boosts" if entry.vault in boosts else "does not exist"
            raise MalformedError(
                f"boost {entry.name!r}: vault {entry.vault!r} {problem}",
                code="BAD_BOOST",
                place=f"{ENVIRONMENTS}{documents.environment}/overlay.yaml",
            )
        boost = Boost(until=entry.until, multiplier=entry.multiplier)
        boosts[entry.vault] = _under(boost, ceiling)
    return boosts


def _under(boost: Boost, ceiling: VaultPolicy) -> Boost:
    """A boost no larger than the ceiling lets any persona be."""
    multiplier = min(boost.multiplier, ceiling.persona.multiplier)
    return msgspec.structs.replace(boost, multiplier=multiplier)


def consistent(policy: Policy) -> Policy:
    """The policy with every wider bound carried into what it is wider than, whatever led to it.

    Compiled policies are so already. One that was tightened field by field may not be: its ceiling
    was lowered by somebody who has no say over a vault, or a switch is on everywhere but where
    somebody without a say had pretended that it was.
    """
    overlay, ceiling = policy.overlay, policy.ceiling

    def within(switched: Table[Switches]) -> Table[Switches]:
        entries = {name: _join(overlay.everywhere, one) for name, one in switched.entries.items()}
        return table(_join(overlay.everywhere, switched.default), entries)

    return msgspec.structs.replace(
        policy,
        vaults={name: meet(vault, ceiling) for name, vault in policy.vaults.items()},
        overlay=OverlayPolicy(
            everywhere=overlay.everywhere,
            vaults=within(overlay.vaults),
            venues=within(overlay.venues),
            strategies=within(overlay.strategies),
            followers=within(overlay.followers),
            flips={name: _clamped(flip, ceiling) for name, flip in overlay.flips.items()},
            boosts={name: _under(boost, ceiling) for name, boost in overlay.boosts.items()},
        ),
    )


def halt_tables(document: OverlayDocument, in_force: Policy) -> OverlayPolicy:
    """What one self-contained halt switches on over the vaults in force, read on its own."""
    personas = {name: vault.persona.name for name, vault in in_force.vaults.items()}
    return expand(document.spec.switches, personas)


def _settled_switches(switches: Switches, now: int) -> Switches:
    return Switches(
        **{
            name: until if (until := getattr(switches, name)) > now else NEVER
            for name in Switches.__struct_fields__
        }
    )


def _settled_table(switched: Table[Switches], now: int) -> Table[Switches]:
    default = _settled_switches(switched.default, now)
    return table(default, {n: _settled_switches(s, now) for n, s in switched.entries.items()})


def settled(policy: Policy, now: int) -> Policy:
    """The policy as it acts from `now` on: what has expired is off, so it compares as off."""
    overlay = policy.overlay
    return msgspec.structs.replace(
        policy,
        overlay=OverlayPolicy(
            everywhere=_settled_switches(overlay.everywhere, now),
            vaults=_settled_table(overlay.vaults, now),
            venues=_settled_table(overlay.venues, now),
            strategies=_settled_table(overlay.strategies, now),
            followers=_settled_table(overlay.followers, now),
            flips={name: flip for name, flip in overlay.flips.items() if flip.until > now},
            boosts={name: boost for name, boost in overlay.boosts.items() if boost.until > now},
        ),
    )
