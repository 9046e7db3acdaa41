"""The five kinds of governed document, as pydantic models at the edge."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    PrivateAttr,
    StrictBool,
    StringConstraints,
    Tag,
    create_model,
    model_validator,
)

from vanta.domain.policy import AccountPolicy, PersonaTerms, VaultPolicy
from vanta.governance import strict_yaml
from vanta.governance.documents.derive import Shape, bounds, shape
from vanta.governance.documents.mistakes import MistakeError
from vanta.governance.documents.scalars import (
    Count,
    Label,
    LabelName,
    Line,
    Members,
    Name,
    Nonces,
    Paths,
    Ratio,
    Text,
    Until,
)


class Metadata(Shape):
    """What a document is called."""

    name: Name
    labels: dict[LabelName, Label] = Field(default_factory=dict)


class Document(Shape):
    """What every document opens with."""

    api_version: Literal["vanta.dev/v1"]
    kind: str
    metadata: Metadata
    _source: strict_yaml.Node | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, source: strict_yaml.Node) -> Self:
        """The document that stands in a file; raises `ValidationError` when it is none."""
        document = cls.model_validate(strict_yaml.plain(source))
        document._source = source  # noqa: SLF001 - its own class
        return document

    def place(self, *path: str | int) -> str:
        """Where a value of this document stands in its file, for an error about it."""
        if self._source is None:
            return self.metadata.name
        return str(strict_yaml.place_of(self._source, path))


_VaultShape = shape(VaultPolicy, without=(("persona", "write the name of a persona"),))
_CeilingShape = bounds(VaultPolicy)
_AccountShape = shape(AccountPolicy)
_PersonaShape = shape(
    PersonaTerms, without=(("name", "remove it: a persona is called what its file is called"),)
)

# What is derived at run time cannot be named to the type checker; `Any` says so honestly.
VaultSpec: Any = create_model("VaultSpec", __base__=_VaultShape, persona=(Name, ...))
CeilingSpec: Any = create_model("CeilingSpec", __base__=_CeilingShape, account=(_AccountShape, ...))
PersonaSpec: Any = _PersonaShape


class VaultDocument(Document):
    """A vault's rules."""

    kind: Literal["Vault"]
    spec: VaultSpec


class CeilingDocument(Document):
    """What no vault of the environment it is named after may exceed; silent fields do not clamp."""

    kind: Literal["Ceiling"]
    spec: CeilingSpec


class PersonaDocument(Document):
    """How a persona trades."""

    kind: Literal["Persona"]
    spec: PersonaSpec


class Scope(Shape):
    """Where a switch holds; nothing said means everywhere."""

    vault: Name | None = None
    venue: Name | None = None
    persona: Name | None = None
    strategy: Name | None = None
    follower: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> "Scope":
        if len(self.model_fields_set) > 1:
            raise MistakeError("a switch has one scope", "write one entry for each")
        return self


SwitchName = Literal[
    "reduce_only", "orders_disabled", "maintenance", "external_calls_disabled", "full_halt"
]


class SwitchEntry(Shape):
    """One switch that is on."""

    name: Name
    switch: SwitchName
    scope: Scope = Scope()
    reason: Line
    until: Until | None = None


class FlipEntry(Shape):
    """One vault's flip branch."""

    name: Name
    vault: Name
    until: Until
    slice: Ratio
    amplifier: Ratio
    conviction: Ratio
    reason: Line


class BoostEntry(Shape):
    """One vault's persona, sized up for a while."""

    name: Name
    vault: Name
    until: Until
    multiplier: Ratio
    reason: Line


Entry = SwitchEntry | FlipEntry | BoostEntry


class OverlaySpec(Shape):
    """What is switched on, flipped, boosted or released."""

    switches: list[SwitchEntry] = Field(default_factory=list)
    flips: list[FlipEntry] = Field(default_factory=list)
    boosts: list[BoostEntry] = Field(default_factory=list)
    released: Nonces = frozenset()


class OverlayDocument(Document):
    """The switches of an environment, or one self-contained halt."""

    kind: Literal["Overlay"]
    spec: OverlaySpec

    def entries(self) -> Iterator[tuple[Entry, tuple[str | int, ...]]]:
        """Every entry with its path, switches first."""
        lists: dict[str, list[Any]] = {
            name: getattr(self.spec, name) for name in ("switches", "flips", "boosts")
        }
        for name, entries in lists.items():
            for at, entry in enumerate(entries):
                yield entry, ("spec", name, at)


KeyLine = Annotated[Text, StringConstraints(min_length=1, max_length=2000)]


class KeyEntry(Shape):
    """A public key with terms: until when it may approve, and whether it was revoked."""

    key: KeyLine
    expires: Until | None = None
    revoked: StrictBool = False


def _key_form(value: object) -> str:
    return "entry" if isinstance(value, dict | KeyEntry) else "line"


Key = Annotated[
    Annotated[KeyLine, Tag("line")] | Annotated[KeyEntry, Tag("entry")],
    Discriminator(_key_form),
]

Keys = Annotated[list[Key], Field(min_length=1)]
"""Public keys as lines of `.pub` files, or as entries with terms."""


class Person(Shape):
    """Somebody who may sign."""

    name: Name
    email: Line
    keys: Keys


class Node(Shape):
    """A machine whose records are trusted."""

    name: Name
    keys: Annotated[list[KeyLine], Field(min_length=1)]


class Grant(Shape):
    """What a role may do, where, and how many of its people it takes."""

    environments: Members
    vaults: Members
    paths: Paths = frozenset({"*"})
    """Parts of a compiled policy, such as `overlay` or `vaults.*.exposure`; all if not said."""
    tighten: Count | None = None
    activate: Count | None = None
    loosen: Count | None = None


class Role(Shape):
    """People who may do the same things."""

    name: Name
    people: list[Name] = Field(min_length=1)
    quorum: Count | None = None
    """For `root` alone: how many change authority, nodes and ceilings."""
    grants: list[Grant] = Field(default_factory=list)


class AuthoritySpec(Shape):
    """Who may change what."""

    people: list[Person] = Field(min_length=1)
    nodes: list[Node] = Field(default_factory=list)
    roles: list[Role] = Field(min_length=1)


class AuthorityDocument(Document):
    """The people, machines and roles of the fund."""

    kind: Literal["Authority"]
    spec: AuthoritySpec


KINDS: dict[str, type[Document]] = {
    "Authority": AuthorityDocument,
    "Ceiling": CeilingDocument,
    "Persona": PersonaDocument,
    "Vault": VaultDocument,
    "Overlay": OverlayDocument,
}
