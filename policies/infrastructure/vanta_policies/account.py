"""What there is one of in an account, and what everything must carry."""

from collections.abc import Iterator
from typing import Any

from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    ACCOUNT_ACCESS,
    ALARM,
    BACKUP_PLAN,
    BACKUP_VAULT,
    BALANCER,
    BUCKET,
    DATABASE,
    ENCRYPTION_DEFAULT,
    ENDPOINT,
    FIREWALL,
    GROUP,
    INSTANCE,
    KEY,
    LISTENER,
    LOG_GROUP,
    METADATA_DEFAULTS,
    PROVIDER,
    ROLE,
    SECRET,
    SNAPSHOT_ACCESS,
    SUBNET,
    TOPIC,
    TRAIL,
    VOLUME,
    VPC,
    ZONE,
)
from vanta_policies.rule import CRITICAL, HIGH, LOW, MEDIUM, Resource, numbers, rule, words


@rule(
    "account-encrypts-by-default",
    ENCRYPTION_DEFAULT,
    grounds=cis("5.1.1"),
    severity=HIGH,
    remedy="enabled=True, or leave it out",
    repair=lambda inputs: inputs.update(enabled=True),
)
def encrypts(one: Resource) -> Iterator[str]:
    """A volume that somebody makes by hand is encrypted, too."""
    if one.at("enabled") is False:
        yield "enabled is False"


@rule(
    "account-shares-no-snapshot",
    SNAPSHOT_ACCESS,
    grounds=design("volumes"),
    severity=HIGH,
    remedy="state='block-all-sharing'",
    repair=lambda inputs: inputs.update(state="block-all-sharing"),
)
def no_sharing(one: Resource) -> Iterator[str]:
    """No snapshot of a volume can be made public."""
    if one.at("state") != "block-all-sharing":
        yield "state is not 'block-all-sharing'"


def _sessions(inputs: dict[str, Any]) -> None:
    inputs["httpTokens"] = "required"


@rule(
    "account-metadata-needs-a-session",
    METADATA_DEFAULTS,
    grounds=cis("5.7"),
    severity=HIGH,
    remedy="http_tokens='required'",
    repair=_sessions,
)
def sessions(one: Resource) -> Iterator[str]:
    """A machine that somebody starts by hand gives its metadata to sessions only, too."""
    if one.at("httpTokens") != "required":
        yield "httpTokens is not 'required'"


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@rule(
    "account-blocks-public-buckets",
    ACCOUNT_ACCESS,
    grounds=cis("2.1.4"),
    severity=CRITICAL,
    remedy="all four of block_public_acls, block_public_policy, ignore_public_acls and"
    " restrict_public_buckets",
    repair=lambda inputs: inputs.update(dict.fromkeys(_BLOCKS, True)),
)
def no_public_buckets(one: Resource) -> Iterator[str]:
    """No bucket of the account can be made public, whoever makes it."""
    off = [name for name in _BLOCKS if one.at(name) is not True]
    if off:
        yield f"{', '.join(off)}: not True"


@rule(
    "entrance-is-the-only-one",
    BALANCER,
    grounds=design("reach"),
    severity=CRITICAL,
    remedy="internal=True; only the load balancer before the jump host is reached from outside",
    settings={"entrances": words("entrance", says="Balancers that may be reached from outside.")},
)
def one_entrance(one: Resource) -> Iterator[str]:
    """One load balancer is reached from outside, the one before the jump host, and has a group."""
    if one.at("internal") is not True and one.name not in one.settings["entrances"]:
        yield "internal is not True"
    if not one.states("securityGroups"):
        yield "securityGroups is not set: whoever finds it may come in"


@rule(
    "entrance-stands-in-production",
    BALANCER,
    grounds=design("protection"),
    severity=MEDIUM,
    remedy="enable_deletion_protection=True",
    in_production=True,
    repair=lambda inputs: inputs.update(enableDeletionProtection=True),
)
def entrance_stands(one: Resource) -> Iterator[str]:
    """In production a load balancer cannot be deleted by one command."""
    if one.at("enableDeletionProtection") is not True:
        yield "enableDeletionProtection is not True"


@rule(
    "entrance-listens-for-ssh-alone",
    LISTENER,
    grounds=design("reach"),
    severity=HIGH,
    remedy="port=22, protocol='TCP'",
    settings={"ports": numbers(22, says="Ports that a load balancer may listen on.")},
)
def ssh_alone(one: Resource) -> Iterator[str]:
    """A load balancer listens for SSH and for nothing else."""
    if one.number("port") not in one.settings["ports"] or one.at("protocol") != "TCP":
        yield f"port {one.number('port')}, {one.at('protocol')}"


@rule(
    "names-inside-stay-inside",
    ZONE,
    grounds=design("reach"),
    severity=MEDIUM,
    remedy="vpcs=[ZoneVpcArgs(vpc_id=...)]",
)
def private_zone(one: Resource) -> Iterator[str]:
    """A zone of names is known inside the network and nowhere else."""
    if not one.pending("vpcs") and not list(one.each("vpcs")):
        yield "vpcs is empty: the zone is public"


_TAGGED = (
    ALARM,
    BACKUP_PLAN,
    BACKUP_VAULT,
    BALANCER,
    BUCKET,
    DATABASE,
    ENDPOINT,
    FIREWALL,
    GROUP,
    INSTANCE,
    KEY,
    LOG_GROUP,
    ROLE,
    SECRET,
    SUBNET,
    TOPIC,
    TRAIL,
    VOLUME,
    VPC,
)


@rule(
    "everything-says-whose-it-is",
    *_TAGGED,
    grounds=design("costs"),
    severity=LOW,
    remedy="infra/naming.py puts them on; a resource made beside it lacks them",
    settings={
        "tags": words(
            "vanta:environment",
            "vanta:component",
            "vanta:owner",
            "vanta:cost-centre",
            says="Tags that everything has.",
        )
    },
)
def tagged(one: Resource) -> Iterator[str]:
    """Everything says of which environment it is, what it is part of, whose it is and who pays."""
    missing = [key for key in one.settings["tags"] if not one.tag(key)]
    if missing:
        yield f"tags: {', '.join(missing)} missing"


@rule(
    "everything-says-which-environment",
    *_TAGGED,
    grounds=design("costs"),
    severity=HIGH,
    remedy="tags['vanta:environment'] is the stack's name",
)
def own_environment(one: Resource) -> Iterator[str]:
    """What is tagged with an environment is in the stack of that environment."""
    said = one.tag("vanta:environment")
    if said is not None and said != one.environment:
        yield f"vanta:environment is {said}, in the stack {one.environment}"


@rule(
    "data-is-protected-in-production",
    BACKUP_VAULT,
    BUCKET,
    DATABASE,
    KEY,
    LOG_GROUP,
    SECRET,
    VOLUME,
    grounds=design("protection"),
    severity=HIGH,
    remedy="ResourceOptions(protect=True): vanta:protection.enabled in the stack's file",
    in_production=True,
)
def data_protected(one: Resource) -> Iterator[str]:
    """In production what holds data is marked, so that `pulumi destroy` refuses it."""
    if not one.protected:
        yield "protect is not set"


@rule(
    "provider-is-where-we-are",
    PROVIDER,
    grounds=design("costs"),
    severity=HIGH,
    remedy="a region of the list, or widen the list in the pack's configuration",
    settings={
        "regions": words(
            "us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-1", says="Regions."
        )
    },
)
def region_known(one: Resource) -> Iterator[str]:
    """Everything lies in regions that somebody has agreed to, where others would notice."""
    region = one.at("region")
    if region is not None and region not in one.settings["regions"]:
        yield f"region {region} is not on the list"
    if one.states("accessKey") or one.states("secretKey"):
        yield "a key is written down; the provider takes the credentials of whoever runs it"


RULES = (
    encrypts,
    no_sharing,
    sessions,
    no_public_buckets,
    one_entrance,
    entrance_stands,
    ssh_alone,
    private_zone,
    tagged,
    own_environment,
    data_protected,
    region_known,
)
