"""What must stand beside what: roles beside machines, keys beside data, copies beside originals."""

from collections.abc import Iterator

from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    ALARM,
    ANALYZER,
    BACKUP_LOCK,
    BACKUP_PLAN,
    BACKUP_SELECTION,
    BACKUP_VAULT,
    BUCKET,
    BUCKET_ACCESS,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOCK,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_REPLICATION,
    BUCKET_VERSIONING,
    BUDGET,
    DATABASE,
    DATABASE_REPLICA,
    DETECTOR,
    INSTANCE,
    KEY,
    LOG_GROUP,
    PROFILE,
    ROLE,
    ROLE_ATTACHMENT,
    ROLE_POLICY,
    SECRET,
    SUBSCRIPTION,
    TOPIC,
    TRAIL,
    VOLUME,
    VOLUME_ATTACHMENT,
)
from vanta_policies.rule import CRITICAL, HIGH, MEDIUM, words
from vanta_policies.stack import Finding, Member, Stack, stack_rule


@stack_rule(
    "each-machine-has-a-role-of-its-own",
    INSTANCE,
    grounds=(cis("1.17"), design("identity")),
    severity=CRITICAL,
    remedy="a Role, its RolePolicy and its InstanceProfile for each machine",
)
def own_role(stack: Stack) -> Iterator[Finding]:
    """Each machine has exactly one role, with a policy, and no two machines have the same."""
    taken: dict[str, Member] = {}
    for machine in stack.of(INSTANCE):
        profiles = stack.needed(machine, "iamInstanceProfile", PROFILE)
        roles = [role for one in profiles for role in stack.needed(one, "role", ROLE)]
        if len(profiles) != 1 or len(roles) != 1:
            yield Finding(f"has {len(roles)} roles of this stack", machine)
        for role in roles:
            if role.urn in taken:
                yield Finding(f"shares {role.name} with {taken[role.urn].name}", machine)
            taken[role.urn] = machine
            if not stack.needing(role, "role", ROLE_POLICY):
                yield Finding(f"{role.name} has no policy of its own", machine)
            if stack.needing(role, "role", ROLE_ATTACHMENT):
                yield Finding(f"{role.name} has a policy that is not its own", machine)


@stack_rule(
    "volumes-of-machines-are-encrypted-and-copied",
    VOLUME,
    grounds=(design("volumes"), design("backups")),
    severity=HIGH,
    remedy="encrypted=True, and the tag that a backup selection of the stack asks for",
)
def volumes(stack: Stack) -> Iterator[Finding]:
    """Each volume is a machine's, is encrypted, and bears a tag that a backup plan selects."""
    selected = {
        (one.at("key"), one.at("value"))
        for selection in stack.of(BACKUP_SELECTION)
        for one in selection.each("selectionTags")
    }
    for volume in stack.of(VOLUME):
        if not stack.needing(volume, "volumeId", VOLUME_ATTACHMENT):
            yield Finding("belongs to no machine", volume)
        if volume.at("encrypted") is not True:
            yield Finding("is not encrypted", volume)
        if not any(volume.tag(str(key)) == value for key, value in selected):
            yield Finding("bears no tag that a backup plan selects", volume)


@stack_rule(
    "backup-plans-select-something",
    BACKUP_PLAN,
    grounds=design("backups"),
    severity=HIGH,
    remedy="a Selection with plan_id and selection_tags",
)
def plans(stack: Stack) -> Iterator[Finding]:
    """Each plan selects something: one that does not looks like a backup until it is needed."""
    for plan in stack.of(BACKUP_PLAN):
        if not stack.needing(plan, "planId", BACKUP_SELECTION):
            yield Finding("selects nothing", plan)


_WHOLE = {
    "a block on public access": BUCKET_ACCESS,
    "versions": BUCKET_VERSIONING,
    "a key": BUCKET_ENCRYPTION,
    "an owner of its objects": BUCKET_OWNERSHIP,
    "a policy": BUCKET_POLICY,
    "a lifecycle": BUCKET_LIFECYCLE,
    "a lock": BUCKET_LOCK,
}


@stack_rule(
    "buckets-are-whole",
    BUCKET,
    grounds=(cis("2.1.1"), cis("2.1.4"), design("buckets")),
    severity=CRITICAL,
    remedy="make it with infra/components/buckets.py, which makes all of it",
)
def whole(stack: Stack) -> Iterator[Finding]:
    """Each bucket has what makes it safe: versions, key, lock, owner, lifecycle, policy, block."""
    for bucket in stack.of(BUCKET):
        for what, kind in _WHOLE.items():
            if not stack.needing(bucket, "bucket", kind):
                yield Finding(f"lacks {what}", bucket)


_UNDER = {
    BACKUP_VAULT: ("kmsKeyArn",),
    BUCKET_ENCRYPTION: ("rules",),
    DATABASE: ("kmsKeyId", "masterUserSecretKmsKeyId"),
    INSTANCE: ("rootBlockDevice",),
    LOG_GROUP: ("kmsKeyId",),
    SECRET: ("kmsKeyId",),
    TOPIC: ("kmsMasterKeyId",),
    TRAIL: ("kmsKeyId",),
    VOLUME: ("kmsKeyId",),
}


@stack_rule(
    "data-lies-under-keys-of-this-stack",
    *_UNDER,
    grounds=(cis("2.2.1"), cis("3.5"), design("volumes")),
    severity=HIGH,
    remedy="kms_key_id=keys.PURPOSE.arn: an output of a Key of this program, not a literal",
    settings={"foreign": words(says="Names of resources whose key lies in another stack.")},
)
def our_keys(stack: Stack) -> Iterator[Finding]:
    """Whatever holds data lies under a key that this stack made: who may read it is said here."""
    for member in stack.of(*_UNDER):
        if member.name in stack.settings["foreign"]:
            continue
        for path in _UNDER[member.kind]:
            if not stack.needed(member, path, KEY):
                yield Finding(f"{path} is made from no key of this stack", member)


@stack_rule(
    "secrets-and-data-do-not-share-a-key",
    KEY,
    grounds=design("identity"),
    severity=MEDIUM,
    remedy="a key a purpose: infra/components/keys.py",
)
def apart(stack: Stack) -> Iterator[Finding]:
    """A key that secrets lie under serves nothing else: who reads logs cannot read secrets."""
    for key in stack.of(KEY):
        purposes = {
            member.kind
            for kind, paths in _UNDER.items()
            for path in paths
            for member in stack.needing(key, path, kind)
        }
        if SECRET in purposes and len(purposes) > 1:
            others = ", ".join(sorted(one.partition(":")[2] for one in purposes - {SECRET}))
            yield Finding(f"secrets lie under it, and so do: {others}", key)


def _region(member: Member) -> str:
    """Where it lies; empty where its provider says."""
    return str(member.at("region") or "")


@stack_rule(
    "replicas-lie-in-another-region",
    BUCKET_REPLICATION,
    grounds=design("buckets"),
    severity=HIGH,
    remedy="region=... of the replica's bucket, other than that of the original",
)
def elsewhere(stack: Stack) -> Iterator[Finding]:
    """A replica lies in another region than its original, and both have versions."""
    for replication in stack.of(BUCKET_REPLICATION):
        sources = stack.needed(replication, "bucket", BUCKET)
        copies = [one for one in stack.needed(replication, "rules", BUCKET) if one not in sources]
        if not sources or not copies:
            yield Finding("does not lead from one bucket of this stack to another", replication)
        for source in sources:
            for copy in copies:
                if _region(source) == _region(copy):
                    yield Finding(f"{source.name} and {copy.name} share a region", replication)


@stack_rule(
    "data-outlives-the-region",
    BUCKET,
    DATABASE,
    grounds=design("backups"),
    severity=HIGH,
    remedy="vanta:storage.replicated and vanta:database.replicated in the stack's file",
    settings={"alone": words("trail", says="What needs no replica.")},
    in_production=True,
)
def replicated(stack: Stack) -> Iterator[Finding]:
    """In production each bucket and each database has a replica, but for those on the list."""
    copied = {
        bucket.urn
        for one in stack.of(BUCKET_REPLICATION)
        for path in ("bucket", "rules")
        for bucket in stack.needed(one, path, BUCKET)
    }
    for bucket in stack.of(BUCKET):
        if bucket.urn not in copied and bucket.name not in stack.settings["alone"]:
            yield Finding("has no replica", bucket)
    for database in stack.of(DATABASE):
        alone = database.name in stack.settings["alone"]
        if not alone and not stack.needing(database, "sourceDbInstanceArn", DATABASE_REPLICA):
            yield Finding("has no replica of its backups", database)


@stack_rule(
    "vaults-are-locked-in-production",
    BACKUP_VAULT,
    grounds=design("backups"),
    severity=HIGH,
    remedy="vanta:backups.locked in the stack's file",
    in_production=True,
)
def vaults_locked(stack: Stack) -> Iterator[Finding]:
    """In production nobody can delete a copy before its time."""
    for vault in stack.of(BACKUP_VAULT):
        if not stack.needing(vault, "backupVaultName", BACKUP_LOCK):
            yield Finding("has no lock", vault)


@stack_rule(
    "topics-have-readers",
    TOPIC,
    ALARM,
    grounds=design("observability"),
    severity=HIGH,
    remedy="vanta:observability.mail in the stack's file",
)
def readers(stack: Stack) -> Iterator[Finding]:
    """Each topic has a reader, and each alarm tells a topic of this stack."""
    for topic in stack.of(TOPIC):
        if not stack.needing(topic, "topic", SUBSCRIPTION):
            yield Finding("has no reader", topic)
    for alarm in stack.of(ALARM):
        if not stack.needed(alarm, "alarmActions", TOPIC):
            yield Finding("tells no topic of this stack", alarm)


@stack_rule(
    "spending-is-watched",
    grounds=design("costs"),
    severity=MEDIUM,
    remedy="a Budget over the environment's tag",
)
def budgeted(stack: Stack) -> Iterator[Finding]:
    """Each environment has a budget."""
    if not list(stack.of(BUDGET)):
        yield Finding("there is no budget")


@stack_rule(
    "account-is-watched-in-production",
    grounds=(cis("3.1"), cis("1.19"), design("observability")),
    severity=HIGH,
    remedy="vanta:account.owned in the stack's file",
    settings={
        "watchers": words(
            TRAIL, DETECTOR, ANALYZER, says="Kinds of which production's account has one."
        )
    },
    in_production=True,
)
def account_watched(stack: Stack) -> Iterator[Finding]:
    """In production the account has a trail, a detector of threats and an analyzer of access."""
    for kind in stack.settings["watchers"]:
        if not list(stack.of(kind)):
            yield Finding(f"there is no {kind.rpartition(':')[2]}")


RULES = (
    own_role,
    volumes,
    plans,
    whole,
    our_keys,
    apart,
    elsewhere,
    replicated,
    vaults_locked,
    readers,
    budgeted,
    account_watched,
)
