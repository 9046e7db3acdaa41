"""Copies: encrypted, kept, elsewhere, and nobody's to delete."""

from collections.abc import Iterator

from vanta_policies.framework import design
from vanta_policies.kinds import BACKUP_LOCK, BACKUP_PLAN, BACKUP_VAULT
from vanta_policies.rule import HIGH, MEDIUM, Resource, at_least, rule


@rule(
    "vault-is-encrypted",
    BACKUP_VAULT,
    grounds=design("backups"),
    severity=HIGH,
    remedy="kms_key_arn=...",
)
def vault_encrypted(one: Resource) -> Iterator[str]:
    """A vault of copies lies under a key that is named."""
    if not one.states("kmsKeyArn"):
        yield "kmsKeyArn is not set"


@rule(
    "vault-is-kept-when-it-is-full",
    BACKUP_VAULT,
    grounds=design("backups"),
    severity=HIGH,
    remedy="force_destroy=False, or leave it out",
    repair=lambda inputs: inputs.update(forceDestroy=False),
)
def vault_kept(one: Resource) -> Iterator[str]:
    """No vault is emptied so that it can be destroyed."""
    if one.at("forceDestroy") is True:
        yield "forceDestroy is True"


@rule(
    "copies-are-made-and-end",
    BACKUP_PLAN,
    grounds=design("backups"),
    severity=HIGH,
    remedy="schedule=..., lifecycle=PlanRuleLifecycleArgs(delete_after=...) in every rule",
    settings={"days": at_least(2, "How long the shortest-lived copy stays.", lowest=1)},
)
def copies_made(one: Resource) -> Iterator[str]:
    """A plan makes copies by a schedule, and says how long each stays."""
    rules = list(one.each("rules"))
    if not rules:
        yield "rules is empty"
    for each in rules:
        if not each.at("schedule"):
            yield f"{each.at('ruleName')} has no schedule"
        days = each.number("lifecycle.deleteAfter")
        if days is None or days < one.settings["days"]:
            yield f"{each.at('ruleName')}: lifecycle.deleteAfter is {days or 'not set'}"


@rule(
    "copies-outlive-the-region",
    BACKUP_PLAN,
    grounds=design("backups"),
    severity=HIGH,
    remedy="copy_actions=[PlanRuleCopyActionArgs(destination_vault_arn=...)], kept a month",
    settings={"days": at_least(30, "How long the longest-lived far copy stays.", lowest=7)},
    in_production=True,
)
def copies_far(one: Resource) -> Iterator[str]:
    """In production a rule of each plan copies to another vault, where the copy stays a month."""
    kept = [
        copy.number("lifecycle.deleteAfter")
        for each in one.each("rules")
        for copy in each.each("copyActions")
    ]
    if not kept:
        yield "no rule copies to another vault"
    elif max(days or 10**6 for days in kept) < one.settings["days"]:
        yield f"the copy elsewhere stays less than {one.settings['days']} days"


@rule(
    "vault-lock-has-a-floor",
    BACKUP_LOCK,
    grounds=design("backups"),
    severity=MEDIUM,
    remedy="min_retention_days=...",
    settings={"days": at_least(2, "The shortest time a copy in a locked vault stays.", lowest=1)},
)
def lock_floor(one: Resource) -> Iterator[str]:
    """A lock says for how long no copy can be deleted."""
    days = one.number("minRetentionDays") or 0
    if days < one.settings["days"]:
        yield f"minRetentionDays is {days or 'not set'}, less than {one.settings['days']}"


RULES = (vault_encrypted, vault_kept, copies_made, copies_far, lock_floor)
