"""What a policy is before Pulumi hears of it: a judgement over a resource, and its reasons."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pulumi_policy import Severity

from vanta_policies.framework import Reference
from vanta_policies.part import Part

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL

Schema = Mapping[str, Any]
"""A JSON schema with a default."""

COMMON: Mapping[str, Schema] = {
    "exempt": {
        "type": "array",
        "description": "Resources that this policy does not judge, why, and until when.",
        "default": [],
        "items": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "reason": {"type": "string", "minLength": 15},
                "until": {"type": "string", "pattern": "^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"},
            },
            "required": ["name", "reason", "until"],
            "additionalProperties": False,
        },
    },
}
"""What every policy can be told."""

PRODUCTION: Mapping[str, Schema] = {
    "production": {
        "type": "array",
        "description": "The environments that trade with money.",
        "default": ["prod"],
        "items": {"type": "string"},
        "minItems": 1,
    },
}
"""What those can be told that hold in production alone."""


def at_least(default: int, says: str, *, lowest: int = 0) -> Schema:
    """A whole number."""
    return {"type": "integer", "default": default, "minimum": lowest, "description": says}


def words(*default: str, says: str) -> Schema:
    """A list of words."""
    return {
        "type": "array",
        "default": list(default),
        "items": {"type": "string"},
        "description": says,
    }


def numbers(*default: int, says: str) -> Schema:
    """A list of whole numbers."""
    return {
        "type": "array",
        "default": list(default),
        "items": {"type": "integer"},
        "description": says,
    }


class Resource(Part):
    """One resource as it is to be made: its inputs, and what its policy was told."""

    def __init__(
        self,
        kind: str,
        name: str,
        given: Mapping[str, Any],
        settings: Mapping[str, Any],
        *,
        environment: str = "",
        protected: bool = False,
        provider: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(given)
        self.environment = environment
        self.kind = kind
        self.name = name
        self.settings = settings
        self.protected = protected
        self.provider = Part(provider or {})

    def tag(self, key: str) -> str | None:
        """A tag's value: its own, or what its provider puts on everything."""
        for tags in (self.at("tags"), self.provider.at("defaultTags.tags")):
            if isinstance(tags, Mapping) and key in tags:
                return str(tags[key])
        return None


Judge = Callable[[Resource], Iterable[str]]
"""Says what is wrong with a resource, once for each thing that is."""

Repair = Callable[[dict[str, Any]], None]
"""Puts a resource's inputs right, in place."""


JudgeT = TypeVar("JudgeT", bound=Callable[..., object])


@dataclass(frozen=True)
class Policy(Generic[JudgeT]):
    """What every policy says of itself, whatever it judges."""

    name: str
    kinds: tuple[str, ...]
    judge: JudgeT
    grounds: tuple[Reference, ...]
    severity: Severity
    remedy: str
    """What to write in the program."""
    settings: Mapping[str, Schema] = field(default_factory=dict)
    in_production: bool = False
    """Whether it holds in production alone."""

    @property
    def says(self) -> str:
        """What must hold, in one or two sentences."""
        return " ".join(inspect.cleandoc(self.judge.__doc__ or "").split())

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """Everything it can be told."""
        production = PRODUCTION if self.in_production else {}
        return {name: dict(one) for name, one in {**self.settings, **production, **COMMON}.items()}


@dataclass(frozen=True)
class Rule(Policy[Judge]):
    """A policy over one resource at a time."""

    repair: Repair | None = None
    """Only where it changes nothing but what is wrong, replaces nothing, and interrupts nothing."""
    document: bool = False
    """Whether it reads a document that names other resources.

    Such a document is not known as a whole before they are made. A preview says so and goes on; the
    update judges it before the resource is made.
    """


def rule(
    name: str,
    *kinds: str,
    grounds: Reference | tuple[Reference, ...],
    severity: Severity,
    remedy: str,
    settings: Mapping[str, Schema] | None = None,
    in_production: bool = False,
    repair: Repair | None = None,
    document: bool = False,
) -> Callable[[Judge], Rule]:
    """Make a policy of a judgement; its docstring is what it says."""

    def make(judge: Judge) -> Rule:
        many = grounds if isinstance(grounds, tuple) else (grounds,)
        return Rule(
            name,
            kinds,
            judge,
            many,
            severity,
            remedy,
            settings or {},
            in_production,
            repair,
            document,
        )

    return make
