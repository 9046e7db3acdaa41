"""A whole stack, for what no resource can be judged by alone: who depends on whom.

What leads from one resource to another is read from the graph, never from values: the id of what
does not exist yet is not known, and that something was made from it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import Severity

from vanta_policies.framework import Reference
from vanta_policies.rule import Policy, Resource, Schema


class Member(Resource):
    """A resource in its stack."""

    def __init__(
        self,
        kind: str,
        name: str,
        given: Mapping[str, Any],
        settings: Mapping[str, Any],
        *,
        urn: str,
        needs: Mapping[str, tuple[str, ...]],
        environment: str,
        protected: bool,
    ) -> None:
        super().__init__(kind, name, given, settings, environment=environment, protected=protected)
        self.urn = urn
        self.needs = needs


class Stack:
    """Every resource of a stack, and what the policy was told."""

    def __init__(self, members: Iterable[Member], settings: Mapping[str, Any]) -> None:
        self.members = tuple(members)
        self.settings = settings
        self._by_urn = {member.urn: member for member in self.members}

    def of(self, *kinds: str) -> Iterator[Member]:
        """Its resources of some kinds."""
        return (member for member in self.members if member.kind in kinds)

    def needed(self, member: Member, path: str, *kinds: str) -> tuple[Member, ...]:
        """The resources of some kinds that the input `path` was made from."""
        found = (self._by_urn.get(urn) for urn in member.needs.get(path, ()))
        return tuple(one for one in found if one is not None and one.kind in kinds)

    def needing(self, member: Member, path: str, *kinds: str) -> tuple[Member, ...]:
        """The resources of some kinds whose value at `path` was made from this one."""
        return tuple(
            one for one in self.of(*kinds) if member in self.needed(one, path, member.kind)
        )


@dataclass(frozen=True)
class Finding:
    """What is wrong, and with which resource; with the stack as a whole where with none."""

    says: str
    member: Member | None = None


StackJudge = Callable[[Stack], Iterable[Finding]]
"""Says what is wrong with a stack, once for each thing that is."""


@dataclass(frozen=True)
class StackRule(Policy[StackJudge]):
    """A policy over a whole stack: one that has any of its kinds, or every one if it has none."""


def stack_rule(
    name: str,
    *kinds: str,
    grounds: Reference | tuple[Reference, ...],
    severity: Severity,
    remedy: str,
    settings: Mapping[str, Schema] | None = None,
    in_production: bool = False,
) -> Callable[[StackJudge], StackRule]:
    """Make a policy of a judgement over a stack; its docstring is what it says."""

    def make(judge: StackJudge) -> StackRule:
        many = grounds if isinstance(grounds, tuple) else (grounds,)
        return StackRule(name, kinds, judge, many, severity, remedy, settings or {}, in_production)

    return make
