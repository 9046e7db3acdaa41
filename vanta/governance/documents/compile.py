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
    Flip,
    OverlayPolicy,
    PersonaTerms,
    Policy,
    VaultPolicy,
)
from vanta.domain.switches import Switches
from vanta.governance.documents.derive import compile_onto
from vanta.governance.documents.kinds import (
    FlipEntry,
    OverlayDocument,
    SwitchEntry,
    VaultDocument,
)
from vanta.governance.documents.read import ENVIRONMENTS, Documents
from vanta.lattice.algebra import meet, unbounded
from vanta.lattice.direction import Table, table

_FROM_ELSEWHERE = frozenset({"persona", "account"})


def compile_policy(documents: Documents) -> Policy:
    """The policy a governed tree asks for.

    Raises:
        MalformedError: documents that read well alone do not fit together.
    """
    limits: Any = documents.ceiling.spec
    ceiling = compile_onto(unbounded(VaultPolicy()), limits, without=_FROM_ELSEWHERE)
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
    vault = compile_onto(VaultPolicy(), document.spec, without=_FROM_ELSEWHERE)
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


def _named(document: OverlayDocument, entries: Iterable[SwitchEntry | FlipEntry]) -> set[str]:
    names: set[str] = set()
    for entry in entries:
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
    seen: set[str] = set()
    for document in documents.overlays:
        named = _named(document, [*document.spec.switches, *document.spec.flips])
        if clash := named & seen:
            raise MalformedError(
                f"entry {min(clash)!r} stands in two overlays",
                code="DUPLICATE_ENTRY",
                place=document.metadata.name,
            )
        seen |= named
        switches.extend(document.spec.switches)
        flips.extend(document.spec.flips)
    personas = {name: _persona_of(vault) for name, vault in documents.vaults.items()}
    return msgspec.structs.replace(
        expand(switches, personas), flips=_flips(flips, documents, ceiling)
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
        flips[entry.vault] = Flip(
            until=entry.until,
            slice=min(entry.slice, ceiling.envelope.slice),
            amplifier=min(entry.amplifier, ceiling.envelope.amplifier),
            conviction=entry.conviction,
        )
    return flips


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
        ),
    )
