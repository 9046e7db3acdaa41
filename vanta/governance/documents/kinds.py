"""The five kinds of governed document, as pydantic models at the edge."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    StrictBool,
    StringConstraints,
    Tag,
    create_model,
    model_validator,
)

from vanta.domain.policy import AccountPolicy, Boost, Flip, PersonaTerms, Policy, VaultPolicy
from vanta.governance.documents.derive import Shape, bounds, shape
from vanta.governance.documents.mistakes import MistakeError
from vanta.governance.documents.written import (
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
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import Node as YamlNode
from vanta.governance.yaml_tree import place_of, plain

Path = tuple[str | int, ...]
"""Names and list positions from a document's top down to a value."""


class Metadata(Shape):
    """What a document is called."""

    name: Name
    """What the file is called, without `.yaml`."""
    labels: dict[LabelName, Label] = Field(default_factory=dict, examples=[{"desk": "equities"}])
    """For people and their tools; nothing here reads them."""


API_VERSION = "vanta.dev/v1"
"""The edition of the documents that is read; a build says which one it reads."""


class Document(Shape):
    """What every document opens with."""

    api_version: Literal["vanta.dev/v1"]
    """Which edition of these documents it is written in."""
    kind: str
    """What the document is about."""
    metadata: Metadata
    _file: tuple[bytes, str] = PrivateAttr(default=(b"", ""))

    @classmethod
    def of(cls, node: YamlNode, data: bytes, file: str) -> Self:
        """The document that stands in a file; raises `ValidationError` when it is none."""
        document = cls.model_validate(plain(node))
        document._file = data, file  # noqa: SLF001 - its own class
        return document

    def place(self, *path: str | int) -> str:
        """Where a value of this document stands in its file, for an error about it."""
        data, file = self._file
        # Read again: errors are few, and documents are remembered by the thousand.
        node = read_yaml(data, file=file) if data else None
        return str(place_of(node, path)) if node else self.metadata.name


_VaultShape = shape(VaultPolicy, without=(("persona", "write the name of a persona"),))
_CeilingShape = bounds(VaultPolicy)
_AccountShape = shape(AccountPolicy)
_PersonaShape = shape(
    PersonaTerms, without=(("name", "remove it: a persona is called what its file is called"),)
)

# What is derived at run time cannot be named to the type checker; `Any` says so honestly.
VaultSpec: Any = create_model(
    "VaultSpec",
    __base__=_VaultShape,
    __doc__="One vault's rules. What is not granted is not allowed.",
    persona=(Name, Field(description="The persona it trades as, by name.", examples=["athena"])),
)
CeilingSpec: Any = create_model(
    "CeilingSpec",
    __base__=_CeilingShape,
    __doc__="What clamps every vault of the environment; a field that is left out clamps nothing.",
    account=(_AccountShape, ...),
)
PersonaSpec: Any = _PersonaShape


class VaultDocument(Document):
    """A vault's rules. What it leaves out is closed: it allows nothing."""

    kind: Literal["Vault"]
    spec: VaultSpec


class CeilingDocument(Document):
    """What no vault of the environment it is named after may exceed, whatever its quorum.

    A field that is left out clamps nothing, but for the bounds of the account, which are 0 then.
    Fields without an order cannot be bounded, and have no place here.
    """

    kind: Literal["Ceiling"]
    spec: CeilingSpec


class PersonaDocument(Document):
    """How a persona trades, in every vault that names it."""

    kind: Literal["Persona"]
    spec: PersonaSpec


class Scope(Shape):
    """Where a switch holds; nothing said means everywhere."""

    vault: Name | None = None
    """A vault, there already or not."""
    venue: Name | None = None
    """A broker."""
    persona: Name | None = None
    """Every vault that trades as this persona."""
    strategy: Name | None = None
    """The model that leads a view."""
    follower: Name | None = None
    """One follower of the mirror."""

    model_config = ConfigDict(json_schema_extra={"maxProperties": 1})

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
    """What the entry is called; no other of the environment is."""
    switch: SwitchName
    """Mildest first: each forbids at least what the one before it does. On is tighter."""
    scope: Scope = Field(default_factory=Scope)
    reason: Line
    """Why; it is kept for ever."""
    until: Until | None = None
    """When it ends by itself; left out, it stays until a quorum takes it back. Later is tighter."""


class FlipEntry(Shape):
    """One vault's flip branch. It loosens, so it ends."""

    governs = Flip

    name: Name
    """What the entry is called; no other of the environment is."""
    vault: Name
    """The vault; it has one flip at a time. Where there is no such vault it does nothing."""
    until: Until
    slice: Ratio
    amplifier: Ratio
    conviction: Ratio
    reason: Line
    """Why; it is kept for ever."""


class BoostEntry(Shape):
    """One vault's persona, sized up for a while. It loosens, so it ends."""

    governs = Boost

    name: Name
    """What the entry is called; no other of the environment is."""
    vault: Name
    """The vault; it has one boost at a time. Where there is no such vault it does nothing."""
    until: Until
    multiplier: Ratio
    reason: Line
    """Why; it is kept for ever."""


Entry = SwitchEntry | FlipEntry | BoostEntry


class OverlaySpec(Shape):
    """What is switched on, flipped, boosted or released."""

    governs = Policy

    switches: list[SwitchEntry] = Field(default_factory=list)
    """What is off, whatever else is allowed."""
    flips: list[FlipEntry] = Field(default_factory=list)
    """Vaults whose flip branch is open."""
    boosts: list[BoostEntry] = Field(default_factory=list)
    """Vaults whose persona takes larger sizes."""
    released: Nonces = Field(default=frozenset(), examples=[["3f9c2a7d41b80e65"]])
    """Break-glass restraints that are let go, each by its nonce."""
    frozen: Members = Field(default=frozenset(), examples=[["executor"]])
    """Nodes whose build stays as it is; `*` for all."""


class OverlayDocument(Document):
    """The switches of an environment, or one self-contained halt."""

    kind: Literal["Overlay"]
    spec: OverlaySpec

    def entries(self) -> Iterator[tuple[Entry, Path]]:
        """Every entry with its path, switches first."""
        lists: dict[str, list[Any]] = {
            name: getattr(self.spec, name) for name in ("switches", "flips", "boosts")
        }
        for name, entries in lists.items():
            for at, entry in enumerate(entries):
                yield entry, ("spec", name, at)


KeyLine = Annotated[
    Text,
    StringConstraints(min_length=1, max_length=2000),
    Field(examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... ada"]),
]


class KeyEntry(Shape):
    """A public key with terms: until when it may approve, and whether it was revoked."""

    key: KeyLine
    """The line of the `.pub` file."""
    expires: Until | None = None
    """From when it may only tighten."""
    revoked: StrictBool = Field(default=False, examples=[True])
    """Whether it signs for nobody any more; a revoked key stays listed for the record."""


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
    """What the person is called in roles."""
    email: Line = Field(examples=["ada@fund.example"])
    """The address on their commits."""
    keys: Keys
    """What they sign with."""


class Node(Shape):
    """A machine whose records are trusted."""

    name: Name
    """What the machine is called."""
    keys: Annotated[list[KeyLine], Field(min_length=1)]
    """What it signs its records with."""


class Grant(Shape):
    """What a role may do, where, and how many of its people it takes."""

    environments: Members = Field(examples=[["prod"]])
    """Where: names of environments."""
    vaults: Members = Field(examples=[["momentum-us"]])
    """For which vaults; what is about none of them is about all, and takes `*`."""
    paths: Paths = frozenset({"*"})
    """Parts of a compiled policy, such as `overlay` or `vaults.*.exposure`; all if not said."""
    tighten: Count | None = Field(default=None, examples=[1])
    """How many people a tightening takes; left out, the role may not."""
    activate: Count | None = Field(default=None, examples=[1])
    """How many people it takes to open a flip inside its envelope; left out, the role may not."""
    loosen: Count | None = Field(default=None, examples=[2])
    """How many people a loosening takes; left out, the role may not."""
    build: Count | None = Field(default=None, examples=[1])
    """Said, each of its people may sign builds: how many it takes is 1. Takes vaults `*`."""
    review: Count | None = Field(default=None, examples=[2])
    """How many people sign a build off before it may run; left out, the role may not. Takes
    vaults `*`; where several roles review, the largest number is asked of all of them together."""


class Role(Shape):
    """People who may do the same things."""

    name: Name
    """What the role is called; `root` is the one that changes this document."""
    people: list[Name] = Field(min_length=1)
    """Names of its people."""
    quorum: Count | None = Field(default=None, examples=[2])
    """For `root` alone: how many change authority, nodes and ceilings."""
    grants: list[Grant] = Field(default_factory=list)
    """What it may do; `root` needs none."""


class AuthoritySpec(Shape):
    """Who may change what."""

    governs = Policy

    people: list[Person] = Field(min_length=1)
    """Everybody who may sign anything."""
    nodes: list[Node] = Field(default_factory=list)
    """The machines whose intents, receipts and checkpoints are trusted."""
    roles: list[Role] = Field(min_length=1)
    """What people may do; `root` is needed."""


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
