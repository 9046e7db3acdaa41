"""Machines: what they give to whoever asks their metadata, what they carry, what they cost."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from vanta_policies.framework import cis, design
from vanta_policies.kinds import INSTANCE
from vanta_policies.rule import CRITICAL, HIGH, LOW, MEDIUM, Resource, at_least, rule, words

_SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?i:(?:password|passwd|secret_?key|api_?key|token)\s*[:=]\s*['\"]?[^\s'\"$<{]{8,})"
)
"""Keys by their form, and assignments of something long to what is called like a secret."""


def _require_sessions(inputs: dict[str, Any]) -> None:
    inputs.setdefault("metadataOptions", {})["httpTokens"] = "required"


@rule(
    "instance-metadata-needs-a-session",
    INSTANCE,
    grounds=cis("5.7"),
    severity=CRITICAL,
    remedy="metadata_options=InstanceMetadataOptionsArgs(http_tokens='required', ...)",
    repair=_require_sessions,
)
def metadata_sessions(one: Resource) -> Iterator[str]:
    """A machine gives its metadata, its role's credentials among it, to sessions only (IMDSv2)."""
    if one.at("metadataOptions.httpTokens") != "required":
        yield "metadataOptions.httpTokens is not 'required': one forged request reads the role"


def _one_hop(inputs: dict[str, Any]) -> None:
    inputs.setdefault("metadataOptions", {})["httpPutResponseHopLimit"] = 1


@rule(
    "instance-metadata-is-one-hop-away",
    INSTANCE,
    grounds=design("metadata"),
    severity=HIGH,
    remedy="metadata_options=InstanceMetadataOptionsArgs(http_put_response_hop_limit=1, ...)",
    settings={"hops": at_least(1, "How far an answer may travel.", lowest=1)},
    repair=_one_hop,
)
def metadata_hops(one: Resource) -> Iterator[str]:
    """The answer with a session's token goes no further than the machine itself."""
    hops = one.number("metadataOptions.httpPutResponseHopLimit")
    if hops is None or hops > one.settings["hops"]:
        said = "is not set" if hops is None else f"is {hops}"
        yield f"metadataOptions.httpPutResponseHopLimit {said}: a container could ask for it"


@rule(
    "instance-has-no-public-address",
    INSTANCE,
    grounds=design("volumes"),
    severity=CRITICAL,
    remedy="associate_public_ip_address=False; people enter through the load balancer",
)
def no_public_address(one: Resource) -> Iterator[str]:
    """No machine takes a public address from its subnet; that it takes none is written down."""
    if one.at("associatePublicIpAddress") is not False:
        yield "associatePublicIpAddress is not False: the subnet decides"


@rule(
    "instance-has-a-role",
    INSTANCE,
    grounds=cis("1.17"),
    severity=HIGH,
    remedy="iam_instance_profile=... of the node's own role",
)
def has_a_role(one: Resource) -> Iterator[str]:
    """A machine has an instance profile, so that no key ever lies on it."""
    if not one.states("iamInstanceProfile"):
        yield "iamInstanceProfile is not set"


@rule(
    "instance-root-disk-is-encrypted",
    INSTANCE,
    grounds=(cis("5.1.1"), design("volumes")),
    severity=CRITICAL,
    remedy="root_block_device=InstanceRootBlockDeviceArgs(encrypted=True, kms_key_id=...)",
)
def root_encrypted(one: Resource) -> Iterator[str]:
    """A machine's root disk, and every disk it is launched with, is encrypted with a named key."""
    if one.at("rootBlockDevice.encrypted") is not True:
        yield "rootBlockDevice.encrypted is not True"
    elif not one.states("rootBlockDevice.kmsKeyId"):
        yield "rootBlockDevice.kmsKeyId is not set"
    for disk in one.each("ebsBlockDevices"):
        if disk.at("encrypted") is not True:
            yield f"ebsBlockDevices: {disk.at('deviceName')} is not encrypted"


@rule(
    "instance-user-data-holds-no-secret",
    INSTANCE,
    grounds=design("secrets"),
    severity=CRITICAL,
    remedy="let the machine read the secret with its role: user data is no secret",
    document=True,
)
def user_data_plain(one: Resource) -> Iterator[str]:
    """What a machine is started with holds no key and no password."""
    for field in ("userData", "userDataBase64"):
        text = one.at(field)
        if text is None:
            continue
        if field == "userDataBase64":
            try:
                text = base64.b64decode(text, validate=True).decode(errors="replace")
            except binascii.Error:
                yield "userDataBase64 is not base64, so nobody can say what is in it"
                continue
        found = _SECRETS.search(str(text))
        if found:
            line = str(text).count("\n", 0, found.start()) + 1
            yield f"{field}: line {line} holds what looks like a secret"


@rule(
    "instance-is-watched-each-minute",
    INSTANCE,
    grounds=design("observability"),
    severity=LOW,
    remedy="monitoring=True",
    in_production=True,
    repair=lambda inputs: inputs.update(monitoring=True),
)
def monitored(one: Resource) -> Iterator[str]:
    """In production a machine's metrics come each minute, not every five."""
    if one.at("monitoring") is not True:
        yield "monitoring is not True"


@rule(
    "instance-size-is-one-we-pay-for",
    INSTANCE,
    grounds=design("costs"),
    severity=MEDIUM,
    remedy="a family and a size of the list, or widen the list in the pack's configuration",
    settings={
        "families": words("t3", "t3a", "m6i", "m7i", "c6i", "c7i", "r6i", says="Families."),
        "sizes": words(
            "micro", "small", "medium", "large", "xlarge", "2xlarge", says="Sizes, largest last."
        ),
    },
)
def size_allowed(one: Resource) -> Iterator[str]:
    """A machine is of a family and a size that somebody has agreed to pay for."""
    family, _, size = str(one.at("instanceType") or "").partition(".")
    if family not in one.settings["families"] or size not in one.settings["sizes"]:
        yield f"instanceType {one.at('instanceType')} is not on the list"


@rule(
    "instance-survives-a-slip",
    INSTANCE,
    grounds=design("protection"),
    severity=MEDIUM,
    remedy="disable_api_termination=True",
    in_production=True,
    repair=lambda inputs: inputs.update(disableApiTermination=True),
)
def not_terminated(one: Resource) -> Iterator[str]:
    """In production a machine cannot be terminated before somebody says twice that it may."""
    if one.at("disableApiTermination") is not True:
        yield "disableApiTermination is not True"


@rule(
    "instance-stops-when-it-shuts-down",
    INSTANCE,
    grounds=design("protection"),
    severity=HIGH,
    remedy="instance_initiated_shutdown_behavior='stop', or leave it out",
    repair=lambda inputs: inputs.update(instanceInitiatedShutdownBehavior="stop"),
)
def stops(one: Resource) -> Iterator[str]:
    """A machine that is shut down from within is stopped, and never terminated with its disk."""
    if one.at("instanceInitiatedShutdownBehavior") not in (None, "stop"):
        yield "instanceInitiatedShutdownBehavior is not 'stop'"


RULES = (
    metadata_sessions,
    metadata_hops,
    no_public_address,
    has_a_role,
    root_encrypted,
    user_data_plain,
    monitored,
    size_allowed,
    not_terminated,
    stops,
)
