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
    OverlayPolicy,
    PersonaTerms,
    Policy,
    VaultPolicy,
)
from vanta.domain.switches import Switches
from vanta.governance.documents.derive import compile_onto
from vanta.governance.documents.kinds import (
    CeilingDocument,
    OverlayDocument,
    Path,
    PersonaDocument,
    SwitchEntry,
    VaultDocument,
)
from vanta.governance.documents.loosened import boosts, flips, under, within
from vanta.governance.documents.memo import Memo
from vanta.governance.documents.read import Documents
from vanta.governance.documents.releases import release_policy
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
    ceiling = _ceiling(documents.ceiling)
    return Policy(
        environment=documents.environment,
        account=compile_onto(AccountPolicy(), limits.account),
        ceiling=ceiling,
        vaults={
            name: _vault(vault, _persona(vault, documents), documents.ceiling)
            for name, vault in sorted(documents.vaults.items())
        },
        overlay=_overlay(documents, ceiling),
        released=frozenset().union(*(o.spec.released for o in documents.overlays)),
        nodes={
            node.name: tuple(node.keys)
            for node in sorted(documents.authority.spec.nodes, key=lambda node: node.name)
        },
        releases=release_policy(
            documents.authority.spec, documents.overlays, documents.environment
        ),
    )


def _persona_of(document: VaultDocument) -> str:
    spec: Any = document.spec
    return str(spec.persona)


def _persona(document: VaultDocument, documents: Documents) -> PersonaDocument:
    name = _persona_of(document)
    if name not in documents.personas:
        raise MalformedError(
            f"persona {name!r} has no document",
            code="UNKNOWN_PERSONA",
            place=document.place("spec", "persona"),
            remedy=f"use one of {', '.join(sorted(documents.personas))}",
        )
    return documents.personas[name]


def _compiled_ceiling(document: CeilingDocument) -> VaultPolicy:
    limits: Any = document.spec
    return compile_onto(unbounded(VaultPolicy()), limits)


def _compiled_vault(
    document: VaultDocument, persona: PersonaDocument, ceiling: CeilingDocument
) -> VaultPolicy:
    """A vault with its persona, within the ceiling."""
    terms = compile_onto(PersonaTerms(name=_persona_of(document)), persona.spec)
    vault = compile_onto(VaultPolicy(), document.spec, without=_NAMED_ELSEWHERE)
    return meet(msgspec.structs.replace(vault, persona=terms), _ceiling(ceiling))


_ceiling = Memo(_compiled_ceiling)
_vault = Memo(_compiled_vault)


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


def _overlay(documents: Documents, ceiling: VaultPolicy) -> OverlayPolicy:
    named: dict[str, tuple[OverlayDocument, Path]] = {}
    for document in documents.overlays:
        for entry, path in document.entries():
            if entry.name in named:
                other, where = named[entry.name]
                raise MalformedError(
                    f"an entry is called {entry.name!r} already, at {other.place(*where, 'name')}",
                    code="DUPLICATE_ENTRY",
                    place=document.place(*path, "name"),
                    remedy="give every entry a name of its own, so that each is taken back alone",
                )
            named[entry.name] = document, path
    personas = {name: _persona_of(vault) for name, vault in documents.vaults.items()}
    switches = (entry for document in documents.overlays for entry in document.spec.switches)
    return msgspec.structs.replace(
        expand(switches, personas),
        flips=flips(documents.overlays, documents.vaults, ceiling),
        boosts=boosts(documents.overlays, documents.vaults, ceiling),
    )


def expand(entries: Iterable[SwitchEntry], personas: dict[str, str]) -> OverlayPolicy:
    """Switch entries as one table for each kind of scope, wider scopes joined into narrower.

    Args:
        entries: what is switched on.
        personas: vault to the persona it trades as.
    """
    # Grouped in one pass: somebody may push as many entries as a file takes.
    grouped: dict[tuple[str, str], list[SwitchEntry]] = {}
    for entry in entries:
        scope = next(((kind, name) for kind, name in entry.scope if name is not None), ("", ""))
        grouped.setdefault(scope, []).append(entry)
    by_scope = {scope: switches_of(group) for scope, group in grouped.items()}
    everywhere = by_scope.get(("", ""), Switches())

    def tabled(kind: str) -> Table[Switches]:
        named = {name: one for (of, name), one in by_scope.items() if of == kind}
        return table(everywhere, {name: _join(everywhere, one) for name, one in named.items()})

    def scoped(kind: str, name: str) -> Switches:
        return by_scope.get((kind, name), Switches())

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


def consistent(policy: Policy) -> Policy:
    """The policy with every wider bound carried into what it is wider than, whatever led to it.

    Compiled policies are so already. One that was tightened field by field may not be: its ceiling
    was lowered by somebody who has no say over a vault, or a switch is on everywhere but where
    somebody without a say had pretended that it was.
    """
    ceiling = policy.ceiling
    return msgspec.structs.replace(
        policy,
        vaults={name: meet(vault, ceiling) for name, vault in policy.vaults.items()},
        overlay=consistent_overlay(policy.overlay, ceiling),
    )


def consistent_overlay(overlay: OverlayPolicy, ceiling: VaultPolicy) -> OverlayPolicy:
    """The overlay's part of `consistent`, for who changed nothing else."""

    def carried(switched: Table[Switches]) -> Table[Switches]:
        entries = {name: _join(overlay.everywhere, one) for name, one in switched.entries.items()}
        return table(_join(overlay.everywhere, switched.default), entries)

    return OverlayPolicy(
        everywhere=overlay.everywhere,
        vaults=carried(overlay.vaults),
        venues=carried(overlay.venues),
        strategies=carried(overlay.strategies),
        followers=carried(overlay.followers),
        flips={name: within(flip, ceiling) for name, flip in overlay.flips.items()},
        boosts={name: under(boost, ceiling) for name, boost in overlay.boosts.items()},
    )


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
