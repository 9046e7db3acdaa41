"""Volumes and buckets: encrypted, kept, copied, and nobody's but ours."""

from collections.abc import Iterator
from typing import Any

from vanta_policies.document import open_to_anybody, refuses_plain_http
from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    BUCKET,
    BUCKET_ACCESS,
    BUCKET_ACL,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOCK,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_REPLICATION,
    BUCKET_VERSIONING,
    VOLUME,
)
from vanta_policies.rule import CRITICAL, HIGH, LOW, MEDIUM, Resource, at_least, rule

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@rule(
    "volume-is-encrypted",
    VOLUME,
    grounds=(cis("5.1.1"), design("volumes")),
    severity=CRITICAL,
    remedy="encrypted=True, kms_key_id=...; an existing volume is copied through a snapshot",
)
def volume_encrypted(one: Resource) -> Iterator[str]:
    """A volume is encrypted, with a key that is named."""
    if one.at("encrypted") is not True:
        yield "encrypted is not True"
    elif not one.states("kmsKeyId"):
        yield "kmsKeyId is not set: the account's default key cannot be taken from anybody"


@rule(
    "bucket-has-no-acl",
    BUCKET,
    BUCKET_ACL,
    grounds=cis("2.1.4"),
    severity=HIGH,
    remedy="leave ACLs out: ownership is enforced, and a bucket policy says who may what",
)
def bucket_no_acl(one: Resource) -> Iterator[str]:
    """No bucket has an access list; who may read it is said in one place, its policy."""
    if one.kind == BUCKET_ACL:
        yield "an access list beside the bucket's policy"
    elif one.states("acl") or one.states("grants"):
        yield "acl or grants are set on the bucket itself"


@rule(
    "bucket-is-kept-when-it-is-full",
    BUCKET,
    grounds=design("protection"),
    severity=HIGH,
    remedy="force_destroy=False, or leave it out",
    in_production=True,
    repair=lambda inputs: inputs.update(forceDestroy=False),
)
def bucket_kept(one: Resource) -> Iterator[str]:
    """In production no bucket is emptied so that it can be destroyed."""
    if one.at("forceDestroy") is True:
        yield "forceDestroy is True: `pulumi destroy` would delete every object first"


def _block_all(inputs: dict[str, Any]) -> None:
    inputs.update(dict.fromkeys(_BLOCKS, True))


@rule(
    "bucket-blocks-public-access",
    BUCKET_ACCESS,
    grounds=cis("2.1.4"),
    severity=CRITICAL,
    remedy="all four of block_public_acls, block_public_policy, ignore_public_acls and"
    " restrict_public_buckets",
    repair=_block_all,
)
def bucket_private(one: Resource) -> Iterator[str]:
    """Every kind of public access to a bucket is blocked: all four switches are on."""
    off = [name for name in _BLOCKS if one.at(name) is not True]
    if off:
        yield f"{', '.join(off)}: not True"


@rule(
    "bucket-objects-are-its-owners",
    BUCKET_OWNERSHIP,
    grounds=design("buckets"),
    severity=MEDIUM,
    remedy="object_ownership='BucketOwnerEnforced'",
)
def bucket_owner(one: Resource) -> Iterator[str]:
    """Whoever puts an object into a bucket, it is the bucket's owner's."""
    if one.at("rule.objectOwnership") != "BucketOwnerEnforced":
        yield "rule.objectOwnership is not 'BucketOwnerEnforced'"


def _version(inputs: dict[str, Any]) -> None:
    inputs.setdefault("versioningConfiguration", {})["status"] = "Enabled"


@rule(
    "bucket-keeps-versions",
    BUCKET_VERSIONING,
    grounds=design("buckets"),
    severity=HIGH,
    remedy="versioning_configuration=BucketVersioningVersioningConfigurationArgs(status='Enabled')",
    repair=_version,
)
def bucket_versions(one: Resource) -> Iterator[str]:
    """What is overwritten or deleted in a bucket can be had back."""
    if one.at("versioningConfiguration.status") != "Enabled":
        yield "versioningConfiguration.status is not 'Enabled'"


@rule(
    "bucket-encrypts-with-our-key",
    BUCKET_ENCRYPTION,
    grounds=design("buckets"),
    severity=HIGH,
    remedy="sse_algorithm='aws:kms', kms_master_key_id=..., bucket_key_enabled=True",
)
def bucket_encrypted(one: Resource) -> Iterator[str]:
    """A bucket encrypts with a key that is named, so that reading needs the key's consent too."""
    rules = list(one.each("rules"))
    if not rules:
        yield "rules is empty"
    for each in rules:
        by = "applyServerSideEncryptionByDefault"
        if each.at(f"{by}.sseAlgorithm") not in ("aws:kms", "aws:kms:dsse"):
            yield f"{by}.sseAlgorithm is not 'aws:kms'"
        elif not each.states(f"{by}.kmsMasterKeyId"):
            yield f"{by}.kmsMasterKeyId is not set"


@rule(
    "bucket-lifecycle-tidies-up",
    BUCKET_LIFECYCLE,
    grounds=design("buckets"),
    severity=LOW,
    remedy="a rule with abort_incomplete_multipart_upload and noncurrent_version_expiration",
    settings={"uploads": at_least(7, "Days after which half an upload is given up.", lowest=1)},
)
def bucket_lifecycle(one: Resource) -> Iterator[str]:
    """Half an upload and old versions do not cost for ever: an enabled rule ends both."""
    enabled = [each for each in one.each("rules") if each.at("status") == "Enabled"]
    uploads = [
        each.number("abortIncompleteMultipartUpload.daysAfterInitiation") for each in enabled
    ]
    if not any(days is not None and days <= one.settings["uploads"] for days in uploads):
        yield f"no rule aborts incomplete uploads within {one.settings['uploads']} days"
    if not any(each.states("noncurrentVersionExpiration") for each in enabled):
        yield "no rule ends versions that are no longer current"


@rule(
    "bucket-lock-holds-in-production",
    BUCKET_LOCK,
    grounds=design("buckets"),
    severity=CRITICAL,
    remedy="rule.default_retention: mode='COMPLIANCE', and days or years enough",
    settings={"days": at_least(30, "How long nothing can be deleted, at least.", lowest=1)},
    in_production=True,
)
def bucket_locked(one: Resource) -> Iterator[str]:
    """In production nobody shortens how long an object is kept, not even the account's root."""
    kept = "rule.defaultRetention"
    if one.at(f"{kept}.mode") != "COMPLIANCE":
        yield f"{kept}.mode is not 'COMPLIANCE'"
    days = (one.number(f"{kept}.days") or 0) + 365 * (one.number(f"{kept}.years") or 0)
    if days < one.settings["days"]:
        yield f"{kept} is {days} days, less than {one.settings['days']}"


@rule(
    "bucket-policy-refuses-plain-http",
    BUCKET_POLICY,
    grounds=cis("2.1.1"),
    severity=HIGH,
    remedy="a statement that denies s3:* to * where aws:SecureTransport is false",
    document=True,
)
def bucket_tls(one: Resource) -> Iterator[str]:
    """A bucket's policy denies everything to whoever comes without TLS."""
    if not refuses_plain_http(one, "policy"):
        yield "no statement denies s3:* to everybody where aws:SecureTransport is false"


@rule(
    "bucket-policy-gives-nothing-to-everybody",
    BUCKET_POLICY,
    grounds=cis("2.1.4"),
    severity=CRITICAL,
    remedy="name the principal, or bind it by aws:SourceArn, aws:SourceAccount or the like",
    document=True,
)
def bucket_closed(one: Resource) -> Iterator[str]:
    """A bucket's policy allows nothing to everybody."""
    for each in open_to_anybody(one, "policy"):
        yield f"{each.where} allows {', '.join(each.actions)} to everybody"


def _keep_markers_here(inputs: dict[str, Any]) -> None:
    for each in inputs["rules"]:
        each["deleteMarkerReplication"] = {"status": "Disabled"}


@rule(
    "replica-outlives-a-deletion",
    BUCKET_REPLICATION,
    grounds=design("buckets"),
    severity=HIGH,
    remedy="delete_marker_replication=...Args(status='Disabled') in every rule",
    repair=_keep_markers_here,
)
def replica_kept(one: Resource) -> Iterator[str]:
    """What is deleted in a bucket stays in its replica."""
    for each in one.each("rules"):
        if each.at("deleteMarkerReplication.status") != "Disabled":
            yield f"rule {each.at('id')}: deleteMarkerReplication.status is not 'Disabled'"


@rule(
    "replica-is-encrypted",
    BUCKET_REPLICATION,
    grounds=design("buckets"),
    severity=HIGH,
    remedy="source_selection_criteria.sse_kms_encrypted_objects='Enabled' and"
    " destination.encryption_configuration.replica_kms_key_id",
)
def replica_encrypted(one: Resource) -> Iterator[str]:
    """Objects under our key are replicated, and lie under a key at the other side as well."""
    for each in one.each("rules"):
        if each.at("status") != "Enabled":
            yield f"rule {each.at('id')} is not enabled"
        if each.at("sourceSelectionCriteria.sseKmsEncryptedObjects.status") != "Enabled":
            yield f"rule {each.at('id')} leaves encrypted objects out"
        if not each.states("destination.encryptionConfiguration.replicaKmsKeyId"):
            yield f"rule {each.at('id')} names no key for the replica"


RULES = (
    volume_encrypted,
    bucket_no_acl,
    bucket_kept,
    bucket_private,
    bucket_owner,
    bucket_versions,
    bucket_encrypted,
    bucket_lifecycle,
    bucket_locked,
    bucket_tls,
    bucket_closed,
    replica_kept,
    replica_encrypted,
)
