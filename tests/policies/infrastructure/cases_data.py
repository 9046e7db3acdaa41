"""Cases of machines, volumes, buckets, the database and copies, as tables."""

import base64

from tests.policies.infrastructure.change import ABSENT, Case, case
from tests.policies.infrastructure.estate import TLS_ONLY, allow, document
from vanta_policies import kinds as k

_DISK = {"volumes-of-machines-are-encrypted-and-copied"}

COMPUTE: tuple[Case, ...] = (
    case(
        "instance-metadata-needs-a-session",
        k.INSTANCE,
        "metadataOptions.httpTokens",
        ({"metadataOptions.httpTokens": "optional"}, "httpTokens is not 'required'"),
        ({"metadataOptions.httpTokens": ABSENT}, "httpTokens is not 'required'"),
    ),
    case(
        "instance-metadata-is-one-hop-away",
        k.INSTANCE,
        "metadataOptions.httpPutResponseHopLimit",
        ({"metadataOptions.httpPutResponseHopLimit": 2.0}, "HopLimit is 2"),
        ({"metadataOptions.httpPutResponseHopLimit": ABSENT}, "HopLimit is not set"),
    ),
    case(
        "instance-has-no-public-address",
        k.INSTANCE,
        "associatePublicIpAddress",
        ({"associatePublicIpAddress": True}, "is not False"),
        ({"associatePublicIpAddress": ABSENT}, "the subnet decides"),
    ),
    case(
        "instance-has-a-role",
        k.INSTANCE,
        "iamInstanceProfile",
        ({"iamInstanceProfile": ABSENT}, "iamInstanceProfile is not set"),
        enough=True,
    ),
    case(
        "instance-root-disk-is-encrypted",
        k.INSTANCE,
        "rootBlockDevice.encrypted",
        ({"rootBlockDevice.encrypted": False}, "encrypted is not True"),
        ({"rootBlockDevice": ABSENT}, "encrypted is not True"),
        ({"rootBlockDevice.kmsKeyId": ABSENT}, "kmsKeyId is not set"),
        (
            {"ebsBlockDevices": [{"deviceName": "/dev/sdz", "encrypted": False}]},
            "/dev/sdz is not encrypted",
        ),
    ),
    case(
        "instance-user-data-holds-no-secret",
        k.INSTANCE,
        "userData",
        ({"userData": "#cloud-config\nPASSWORD=correct-horse"}, "line 2"),
        ({"userData": "export KEY=AKIAIOSFODNN7EXAMPLE"}, "line 1"),
        ({"userData": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "looks like a secret"),
        (
            {"userDataBase64": base64.b64encode(b"api_key: 0123456789abcdef").decode()},
            "looks like a secret",
        ),
        ({"userDataBase64": "%%%"}, "is not base64"),
    ),
    case(
        "instance-is-watched-each-minute",
        k.INSTANCE,
        "monitoring",
        ({"monitoring": False}, "monitoring is not True"),
        ({"monitoring": ABSENT}, "monitoring is not True"),
    ),
    case(
        "instance-size-is-one-we-pay-for",
        k.INSTANCE,
        "instanceType",
        ({"instanceType": "p5.48xlarge"}, "p5.48xlarge is not on the list"),
        ({"instanceType": "m7i.metal-48xl"}, "not on the list"),
        ({"instanceType": ABSENT}, "not on the list"),
    ),
    case(
        "instance-survives-a-slip",
        k.INSTANCE,
        "disableApiTermination",
        ({"disableApiTermination": False}, "disableApiTermination is not True"),
    ),
    case(
        "instance-stops-when-it-shuts-down",
        k.INSTANCE,
        "instanceInitiatedShutdownBehavior",
        ({"instanceInitiatedShutdownBehavior": "terminate"}, "is not 'stop'"),
    ),
)

STORAGE: tuple[Case, ...] = (
    case(
        "volume-is-encrypted",
        k.VOLUME,
        "encrypted",
        ({"encrypted": False}, "encrypted is not True", _DISK),
        ({"encrypted": ABSENT}, "encrypted is not True", _DISK),
        ({"kmsKeyId": ABSENT}, "kmsKeyId is not set"),
    ),
    case(
        "bucket-has-no-acl",
        k.BUCKET,
        "acl",
        ({"acl": "public-read"}, "acl or grants"),
        ({"grants": [{"type": "Group", "permissions": ["READ"]}]}, "acl or grants"),
    ),
    case(
        "bucket-has-no-acl",
        k.BUCKET_ACL,
        "acl",
        ({"acl": "private"}, "an access list beside"),
        always=True,
    ),
    case(
        "bucket-is-kept-when-it-is-full",
        k.BUCKET,
        "forceDestroy",
        ({"forceDestroy": True}, "forceDestroy is True"),
    ),
    case(
        "bucket-blocks-public-access",
        k.BUCKET_ACCESS,
        "restrictPublicBuckets",
        ({"blockPublicAcls": False}, "blockPublicAcls: not True"),
        ({"blockPublicPolicy": ABSENT}, "blockPublicPolicy: not True"),
        ({"ignorePublicAcls": False}, "ignorePublicAcls: not True"),
        ({"restrictPublicBuckets": ABSENT}, "restrictPublicBuckets: not True"),
    ),
    case(
        "bucket-objects-are-its-owners",
        k.BUCKET_OWNERSHIP,
        "rule.objectOwnership",
        ({"rule.objectOwnership": "ObjectWriter"}, "is not 'BucketOwnerEnforced'"),
    ),
    case(
        "bucket-keeps-versions",
        k.BUCKET_VERSIONING,
        "versioningConfiguration.status",
        ({"versioningConfiguration.status": "Suspended"}, "is not 'Enabled'"),
        ({"versioningConfiguration": ABSENT}, "is not 'Enabled'"),
    ),
    case(
        "bucket-encrypts-with-our-key",
        k.BUCKET_ENCRYPTION,
        "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm",
        (
            {"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "AES256"},
            "is not 'aws:kms'",
        ),
        (
            {"rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId": ABSENT},
            "kmsMasterKeyId is not set",
        ),
        ({"rules": []}, "rules is empty"),
    ),
    case(
        "bucket-lifecycle-tidies-up",
        k.BUCKET_LIFECYCLE,
        "rules.0.status",
        ({"rules.0.abortIncompleteMultipartUpload": ABSENT}, "aborts incomplete uploads"),
        (
            {"rules.0.abortIncompleteMultipartUpload.daysAfterInitiation": 90.0},
            "within 7 days",
        ),
        ({"rules.0.noncurrentVersionExpiration": ABSENT}, "no longer current"),
        ({"rules.0.status": "Disabled"}, "no longer current"),
    ),
    case(
        "bucket-lock-holds-in-production",
        k.BUCKET_LOCK,
        "rule.defaultRetention.mode",
        ({"rule.defaultRetention.mode": "GOVERNANCE"}, "is not 'COMPLIANCE'"),
        ({"rule.defaultRetention": {"mode": "COMPLIANCE", "days": 7.0}}, "is 7 days"),
        ({"rule": ABSENT}, "is 0 days"),
    ),
    case(
        "bucket-policy-refuses-plain-http",
        k.BUCKET_POLICY,
        "policy",
        (
            {"policy": document({**TLS_ONLY, "Condition": {}})},
            "no statement denies",
        ),
        (
            {"policy": document({**TLS_ONLY, "Action": "s3:GetObject"})},
            "no statement denies",
        ),
        (
            {
                "policy": document(
                    {**TLS_ONLY, "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}
                )
            },
            "no statement denies",
        ),
        ({"policy": "{"}, "is not JSON", {"bucket-policy-gives-nothing-to-everybody"}),
        (
            {"policy": document({**TLS_ONLY, "Condition": ["aws:SecureTransport"]})},
            "has a statement that is not one",
            {"bucket-policy-gives-nothing-to-everybody"},
        ),
        ({"policy": "[]"}, "has no statements", {"bucket-policy-gives-nothing-to-everybody"}),
    ),
    case(
        "bucket-policy-gives-nothing-to-everybody",
        k.BUCKET_POLICY,
        "policy",
        (
            {
                "policy": document(
                    TLS_ONLY, allow(["s3:GetObject"], "arn:aws:s3:::one/*", Principal="*")
                )
            },
            "allows s3:GetObject to everybody",
        ),
        (
            {
                "policy": document(
                    TLS_ONLY,
                    allow(["s3:GetObject"], "arn:aws:s3:::one/*", Principal={"AWS": ["*"]}),
                )
            },
            "to everybody",
        ),
        (
            {
                "policy": document(
                    TLS_ONLY,
                    allow(
                        ["s3:GetObject"],
                        "arn:aws:s3:::one/*",
                        Principal="*",
                        Condition={"StringLike": {"aws:SourceArn": "*"}},
                    ),
                )
            },
            "to everybody",
        ),
    ),
    case(
        "replica-outlives-a-deletion",
        k.BUCKET_REPLICATION,
        "rules.0.deleteMarkerReplication.status",
        ({"rules.0.deleteMarkerReplication.status": "Enabled"}, "is not 'Disabled'"),
        ({"rules.0.deleteMarkerReplication": ABSENT}, "is not 'Disabled'"),
    ),
    case(
        "replica-is-encrypted",
        k.BUCKET_REPLICATION,
        "rules.0.sourceSelectionCriteria.sseKmsEncryptedObjects.status",
        ({"rules.0.status": "Disabled"}, "is not enabled"),
        ({"rules.0.sourceSelectionCriteria": ABSENT}, "leaves encrypted objects out"),
        ({"rules.0.destination.encryptionConfiguration": ABSENT}, "names no key"),
    ),
)

DATABASE: tuple[Case, ...] = (
    case(
        "database-is-encrypted",
        k.DATABASE,
        "storageEncrypted",
        ({"storageEncrypted": False}, "storageEncrypted is not True"),
        ({"kmsKeyId": ABSENT}, "kmsKeyId is not set"),
    ),
    case(
        "database-is-private",
        k.DATABASE,
        "publiclyAccessible",
        ({"publiclyAccessible": True}, "publiclyAccessible is not False"),
        ({"publiclyAccessible": ABSENT}, "publiclyAccessible is not False"),
    ),
    case(
        "database-takes-minor-upgrades",
        k.DATABASE,
        "autoMinorVersionUpgrade",
        ({"autoMinorVersionUpgrade": False}, "autoMinorVersionUpgrade is False"),
    ),
    case(
        "database-can-be-restored",
        k.DATABASE,
        "backupRetentionPeriod",
        (
            {"backupRetentionPeriod": 0.0},
            "is 0, less than 1",
            {"database-can-be-restored-for-a-month"},
        ),
    ),
    case(
        "database-can-be-restored-for-a-month",
        k.DATABASE,
        "backupRetentionPeriod",
        ({"backupRetentionPeriod": 29.0}, "is 29, less than 30"),
    ),
    case(
        "database-has-a-standby",
        k.DATABASE,
        "multiAz",
        ({"multiAz": False}, "multiAz is not True"),
    ),
    case(
        "database-survives-a-slip",
        k.DATABASE,
        "deletionProtection",
        ({"deletionProtection": False}, "deletionProtection is not True"),
    ),
    case(
        "database-leaves-a-last-snapshot",
        k.DATABASE,
        "skipFinalSnapshot",
        ({"skipFinalSnapshot": True}, "skipFinalSnapshot is True"),
        ({"finalSnapshotIdentifier": ABSENT}, "finalSnapshotIdentifier is not set"),
        ({"deleteAutomatedBackups": ABSENT}, "deleteAutomatedBackups is not False"),
    ),
    case(
        "database-password-is-nobodys",
        k.DATABASE,
        "manageMasterUserPassword",
        ({"manageMasterUserPassword": False}, "manageMasterUserPassword is not True"),
        ({"password": "correct horse battery"}, "a password is written"),
    ),
    case(
        "database-logs-leave-it",
        k.DATABASE,
        "enabledCloudwatchLogsExports",
        ({"enabledCloudwatchLogsExports": ["upgrade"]}, "lacks postgresql"),
        ({"enabledCloudwatchLogsExports": ABSENT}, "lacks postgresql"),
    ),
    case(
        "database-snapshots-carry-tags",
        k.DATABASE,
        "copyTagsToSnapshot",
        ({"copyTagsToSnapshot": False}, "copyTagsToSnapshot is not True"),
    ),
    case(
        "database-demands-tls",
        k.DATABASE_PARAMETERS,
        "parameters.0.value",
        ({"parameters": [{"name": "rds.force_ssl", "value": "0"}]}, "rds.force_ssl is not 1"),
        ({"parameters": ABSENT}, "rds.force_ssl is not 1"),
    ),
)

RECOVERY: tuple[Case, ...] = (
    case(
        "vault-is-encrypted",
        k.BACKUP_VAULT,
        "kmsKeyArn",
        ({"kmsKeyArn": ABSENT}, "kmsKeyArn is not set"),
        enough=True,
    ),
    case(
        "vault-is-kept-when-it-is-full",
        k.BACKUP_VAULT,
        "forceDestroy",
        ({"forceDestroy": True}, "forceDestroy is True"),
    ),
    case(
        "copies-are-made-and-end",
        k.BACKUP_PLAN,
        "rules.0.lifecycle.deleteAfter",
        ({"rules.0.lifecycle": ABSENT}, "deleteAfter is not set"),
        ({"rules.0.lifecycle.deleteAfter": 1.0}, "deleteAfter is 1"),
        ({"rules.0.schedule": ABSENT}, "has no schedule"),
        ({"rules": []}, "rules is empty", {"copies-outlive-the-region"}),
    ),
    case(
        "copies-outlive-the-region",
        k.BACKUP_PLAN,
        "rules.0.copyActions",
        (
            {"rules": [{"ruleName": "daily", "schedule": "x", "lifecycle": {"deleteAfter": 35.0}}]},
            "no rule copies",
        ),
        (
            {
                "rules": [
                    {
                        "ruleName": "daily",
                        "schedule": "x",
                        "lifecycle": {"deleteAfter": 35.0},
                        "copyActions": [{"lifecycle": {"deleteAfter": 8.0}}],
                    }
                ]
            },
            "less than 30 days",
        ),
    ),
    case(
        "vault-lock-has-a-floor",
        k.BACKUP_LOCK,
        "minRetentionDays",
        ({"minRetentionDays": ABSENT}, "minRetentionDays is not set"),
        ({"minRetentionDays": 1.0}, "minRetentionDays is 1"),
    ),
)
