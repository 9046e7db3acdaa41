"""Who may reach whom on what port, and which names outside may be reached: the one source of both.

The two files beside this one are plain YAML, so that Ansible's roles read the same bytes. Here they
are read strictly: an unknown key, a second rule of the same name, or a flow nobody could take is an
error with its place, and no rule is made of any of it.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vanta.domain.errors import MalformedError
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import place_of, plain

Node = Literal["jump", "alpha", "markets", "executor"]
NODES: tuple[Node, ...] = ("jump", "alpha", "markets", "executor")
"""Every machine, in the order in which each gets its address."""

Party = Literal["operators", "database", "jump", "alpha", "markets", "executor"]
"""Whoever can be at the end of a flow: a machine, people outside, or the managed Postgres."""

Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Reason = Annotated[str, Field(min_length=10, max_length=200)]
Domain = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$")]
"""A whole name in lower case: no wildcard, no leading dot, so it can mean one thing only."""

HTTPS = 443
"""The one port on which anything outside is reached."""

_FOLDER = Path(__file__).parent


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Flow(_Part):
    """Connections that `sources` may open to `to`."""

    name: Label
    sources: Annotated[tuple[Party, ...], Field(alias="from", min_length=1)]
    to: Party
    port: Annotated[int, Field(ge=1, le=65535)]
    protocol: Literal["tcp"]
    why: Reason

    @model_validator(mode="after")
    def _can_be_taken(self) -> Self:
        if self.to == "operators":
            raise ValueError("nothing in the network opens a connection to operators")
        if "database" in self.sources:
            raise ValueError("the database opens no connection")
        if self.to in self.sources:
            raise ValueError(f"{self.to} reaches itself without a rule")
        if "operators" in self.sources and self.to != "jump":
            raise ValueError("operators enter at the jump host and nowhere else")
        if len(set(self.sources)) != len(self.sources):
            raise ValueError("a source is named twice")
        return self


class Outside(_Part):
    """A name outside that `nodes` may reach by HTTPS."""

    domain: Domain
    nodes: Annotated[tuple[Node, ...], Field(min_length=1)]
    why: Reason


class _Ports(_Part):
    flows: Annotated[tuple[Flow, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [flow.name for flow in self.flows]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two flows are called {', '.join(twice)}")
        return self


class _Egress(_Part):
    domains: Annotated[tuple[Outside, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [entry.domain for entry in self.domains]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"listed twice: {', '.join(twice)}")
        return self


_Shape = TypeVar("_Shape", bound=_Part)


def _read(shape: type[_Shape], path: Path) -> _Shape:
    tree = read_yaml(path.read_bytes(), file=f"infra/topology/{path.name}")
    try:
        return shape.model_validate(plain(tree))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedError(
            first["msg"],
            code="TOPOLOGY",
            place=str(place_of(tree, first["loc"])),
            remedy="the head of the file says what an entry is",
        ) from error


def read_ports(path: Path) -> tuple[Flow, ...]:
    """The flows that a file declares.

    Raises:
        MalformedError: with file, line, field and remedy.
    """
    return _read(_Ports, path).flows


def read_egress(path: Path) -> tuple[Outside, ...]:
    """The names outside that a file declares.

    Raises:
        MalformedError: with file, line, field and remedy.
    """
    return _read(_Egress, path).domains


@cache
def flows() -> tuple[Flow, ...]:
    """Who may reach whom, by `ports.yaml`."""
    return read_ports(_FOLDER / "ports.yaml")


@cache
def outside() -> tuple[Outside, ...]:
    """Which names outside may be reached, by `egress.yaml`."""
    return read_egress(_FOLDER / "egress.yaml")


def domains_of(node: Node) -> list[str]:
    """The names outside that one node may reach, sorted."""
    return sorted(entry.domain for entry in outside() if node in entry.nodes)
