"""A node's own configuration, `etc/node.yaml`: who it is, and where its neighbours are."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.governance.strict_yaml import place_of, plain, read_yaml

Text = Annotated[StrictStr, Field(min_length=1, max_length=400)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GovernanceConfig(_Part):
    """Where the governed branch comes from."""

    remote: Text
    branch: Text = "main"
    poll_ms: Annotated[int, Field(ge=20, le=600_000)] = 500


class NodeConfig(_Part):
    """One node."""

    node: Text
    """The name its key is registered under in `Authority`."""
    role: Literal["alpha", "markets", "executor"]
    environment: Text
    governance: GovernanceConfig
    bus: Text = ""
    """Folder intents travel through: Markets writes it, the Executor reads it."""
    broker: Text = ""
    """Folder of the paper broker, whose socket the Executor talks to."""


def read_config(path: Path) -> NodeConfig:
    """The configuration of a node.

    Raises:
        UnavailableError: there is none.
        MalformedError: with file, line, field and remedy.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"no node configuration: {error.strerror}",
            code="NO_CONFIG",
            place=str(path),
            remedy="name a node folder, such as one `make demo` made",
        ) from error
    tree = read_yaml(data, file=str(path))
    try:
        return NodeConfig.model_validate(plain(tree))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedError(
            first["msg"], code="INVALID_FIELD", place=str(place_of(tree, first["loc"]))
        ) from error
