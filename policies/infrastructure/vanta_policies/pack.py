"""Every policy there is, in the order of the reference."""

from pulumi_policy import Policy

from vanta_policies import (
    account,
    compute,
    custody,
    database,
    encryption,
    identity,
    network,
    observability,
    reach,
    recovery,
    storage,
)
from vanta_policies.enforce import resource_policy, stack_policy
from vanta_policies.rule import Rule
from vanta_policies.scope import scope
from vanta_policies.stack import StackRule

NAME = "vanta-infrastructure"

CONCERNS: dict[str, tuple[Rule, ...]] = {
    "Machines": compute.RULES,
    "Volumes and buckets": storage.RULES,
    "Database": database.RULES,
    "Identity": identity.RULES,
    "Network": network.RULES,
    "Keys and secrets": encryption.RULES,
    "Observability and costs": observability.RULES,
    "Copies": recovery.RULES,
    "Account": account.RULES,
}
"""Policies over one resource at a time."""

RULES = tuple(rule for rules in CONCERNS.values() for rule in rules)

STACK_CONCERNS: dict[str, tuple[StackRule, ...]] = {
    "Who reaches whom": reach.RULES,
    "What stands beside what": custody.RULES,
    "What nobody looks at": (scope((*RULES, *reach.RULES, *custody.RULES)),),
}
"""Policies over a whole stack."""

STACK_RULES = tuple(rule for rules in STACK_CONCERNS.values() for rule in rules)
EVERY: tuple[Rule | StackRule, ...] = (*RULES, *STACK_RULES)


def policies() -> list[Policy]:
    """All of them, for Pulumi."""
    return [*map(resource_policy, RULES), *map(stack_policy, STACK_RULES)]
