"""What self-contained halts do to a policy, read apart from every other document; pure."""

from collections.abc import Iterable, Mapping

import msgspec

from vanta.domain.policy import OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.governance.documents.compile import consistent, expand, switches_of
from vanta.governance.documents.kinds import OverlayDocument
from vanta.governance.documents.read import read_document
from vanta.governance.walk import UNREADABLE
from vanta.lattice.algebra import meet

SCOPES = ("everywhere", "vaults", "venues", "strategies", "followers")
"""The parts of an overlay that hold switches."""

Personas = Mapping[str, str]
"""Vault to the persona it trades as."""


def read_halts(files: Mapping[str, bytes]) -> tuple[OverlayDocument, ...]:
    """The overlays among some halt files, by path; what cannot be read halts nothing."""
    found: list[OverlayDocument] = []
    for path in sorted(files):
        try:
            document = read_document(files[path], file=path)
        except UNREADABLE:
            continue
        if isinstance(document, OverlayDocument):
            found.append(document)
    return tuple(found)


def personas_of(policy: Policy) -> Personas:
    """Which vault trades as which persona."""
    return {name: vault.persona.name for name, vault in policy.vaults.items()}


def braked(policy: Policy, by: OverlayPolicy) -> Policy:
    """The policy with the switches of `by` on too; flips and everything else are left alone."""
    switched = msgspec.structs.replace(
        policy.overlay, **{scope: getattr(by, scope) for scope in SCOPES}
    )
    return consistent(msgspec.structs.replace(policy, overlay=meet(policy.overlay, switched)))


def halted(
    policy: Policy, documents: Iterable[OverlayDocument], personas: Iterable[Personas]
) -> Policy:
    """The policy with every switch of these documents on, over the vaults of each of `personas`."""
    maps = tuple(personas)
    for document in documents:
        for vaults in maps:
            policy = braked(policy, expand(document.spec.switches, dict(vaults)))
    return policy


def by_persona(documents: Iterable[OverlayDocument]) -> dict[str, Switches]:
    """The switches these documents turn on by persona."""
    entries = [entry for document in documents for entry in document.spec.switches]
    names = sorted({entry.scope.persona for entry in entries if entry.scope.persona is not None})
    return {
        name: switches_of(entry for entry in entries if entry.scope.persona == name)
        for name in names
    }
