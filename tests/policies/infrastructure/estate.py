"""A small production stack, written by hand, that every policy is content with.

Each kind of resource that a policy judges is here with the inputs that policies read, and made from
what it is made from in the program: cases are this, with one thing changed.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.policies.infrastructure.engine import UNKNOWN, Made
from vanta_policies import kinds as k

ACCOUNT = "210987654321"
STACK = "prod"
_DATA = {k.BACKUP_VAULT, k.BUCKET, k.DATABASE, k.KEY, k.LOG_GROUP, k.SECRET, k.VOLUME}
NODES = ("jump", "alpha", "executor")

Reference = tuple[str, str]
"""A kind and a name."""


def urn(kind: str, name: str) -> str:
    """Where it is in the small stack."""
    return f"urn:pulumi:{STACK}::vanta::{kind}::{name}"


def document(*statements: Mapping[str, Any]) -> str:
    """A document of permission."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: list[str], resources: list[str] | str, **more: object) -> dict[str, Any]:
    """A statement that allows."""
    return {"Sid": "Works", "Effect": "Allow", "Action": actions, "Resource": resources, **more}


OURS = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
TLS_ONLY = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["s3:*"],
    "Resource": ["arn:aws:s3:::one", "arn:aws:s3:::one/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def trust(service: str, conditions: Mapping[str, Any] | None = None) -> str:
    """A role's trust in a service."""
    return document(
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": service},
            "Condition": dict(conditions or {}),
        }
    )


def _made(kind: str, name: str, inputs: Mapping[str, Any], **needs: list[Reference]) -> Made:
    tags = {
        "vanta:environment": STACK,
        "vanta:component": "part",
        "vanta:owner": "platform@vanta.fund",
        "vanta:cost-centre": "trading",
    }
    given = {**inputs, "tags": tags | dict(inputs.get("tags", {}))}
    # What is made from something that does not exist is not known, in a preview at least.
    for path in needs:
        given.setdefault(path, UNKNOWN)
    return Made(
        kind,
        given,
        name,
        {path: tuple(urn(*one) for one in many) for path, many in needs.items()},
        STACK,
        protect=kind in _DATA,
    )


def _key(name: str, *statements: Mapping[str, Any]) -> Made:
    administer = allow(["kms:PutKeyPolicy", "kms:DescribeKey"], "*")
    administer["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return _made(
        k.KEY,
        name,
        {
            "enableKeyRotation": True,
            "deletionWindowInDays": 30.0,
            "policy": document(administer, *statements),
        },
    )


def _network() -> list[Made]:
    found = [
        _made(k.VPC, "network", {"cidrBlock": "10.40.0.0/16"}),
        _made(k.DEFAULT_GROUP, "default", {"ingress": [], "egress": []}, vpcId=[_VPC]),
        _made(
            k.FLOW_LOG,
            "flows",
            {"trafficType": "ALL", "maxAggregationInterval": 60.0},
            vpcId=[_VPC],
        ),
        _made(k.DNS_CONFIG, "names", {"firewallFailOpen": "DISABLED"}, resourceId=[_VPC]),
        _made(k.DNS_GROUP, "names", {}),
        _made(k.DNS_ASSOCIATION, "names", {"priority": 101.0}, vpcId=[_VPC]),
        _made(k.DNS_LOG_ASSOCIATION, "queries", {}, resourceId=[_VPC]),
        _made(k.INTERNET_GATEWAY, "internet", {}, vpcId=[_VPC]),
        _made(k.ADDRESS, "nat-a", {"domain": "vpc"}),
        _made(k.NAT, "nat-a", {}, allocationId=[(k.ADDRESS, "nat-a")]),
        _made(
            k.FIREWALL_POLICY,
            "egress",
            {
                "firewallPolicy": {
                    "statelessDefaultActions": ["aws:forward_to_sfe"],
                    "statelessFragmentDefaultActions": ["aws:forward_to_sfe"],
                    "statefulEngineOptions": {
                        "ruleOrder": "STRICT_ORDER",
                        "streamExceptionPolicy": "DROP",
                    },
                    "statefulDefaultActions": ["aws:drop_established"],
                }
            },
        ),
        _made(
            k.FIREWALL_RULES,
            "alpha",
            {
                "ruleGroup": {
                    "rulesSource": {
                        "rulesSourceList": {
                            "generatedRulesType": "ALLOWLIST",
                            "targetTypes": ["TLS_SNI"],
                            "targets": ["deb.debian.org"],
                        }
                    }
                }
            },
        ),
        _made(
            k.FIREWALL,
            "egress",
            {
                "deleteProtection": True,
                "subnetChangeProtection": True,
                "firewallPolicyChangeProtection": True,
            },
            vpcId=[_VPC],
        ),
        _made(k.FIREWALL_LOG, "egress", {}, firewallArn=[(k.FIREWALL, "egress")]),
        _made(
            k.ENDPOINT,
            "ssm",
            {
                "policy": document(
                    allow(
                        ["ssm:UpdateInstanceInformation"],
                        "*",
                        Principal="*",
                        Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
                    )
                )
            },
        ),
        _made(k.ZONE, "inside", {"vpcs": [{"vpcId": UNKNOWN}]}),
    ]
    for name, zone in (("node-a", "a"), ("data-a", "a"), ("data-b", "b"), ("entrance-a", "a")):
        found += [
            _made(
                k.SUBNET,
                name,
                {"availabilityZone": f"us-east-1{zone}", "mapPublicIpOnLaunch": False},
                vpcId=[_VPC],
            ),
            _made(k.ROUTE_TABLE, name, {}, vpcId=[_VPC]),
            _made(
                k.ROUTE_ASSOCIATION,
                name,
                {},
                subnetId=[(k.SUBNET, name)],
                routeTableId=[(k.ROUTE_TABLE, name)],
            ),
        ]
    everywhere = {"destinationCidrBlock": "0.0.0.0/0"}
    found += [
        _made(
            k.ROUTE,
            "node-a-out",
            everywhere,
            routeTableId=[(k.ROUTE_TABLE, "node-a")],
            vpcEndpointId=[(k.FIREWALL, "egress")],
        ),
        _made(
            k.ROUTE,
            "entrance-a-out",
            everywhere,
            routeTableId=[(k.ROUTE_TABLE, "entrance-a")],
            gatewayId=[(k.INTERNET_GATEWAY, "internet")],
        ),
    ]
    for priority, (name, domains, action) in enumerate(
        (("outside", ["deb.debian.org."], "ALLOW"), ("rest", ["*."], "BLOCK")), 1
    ):
        found += [
            _made(k.DNS_LIST, name, {"domains": domains}),
            _made(
                k.DNS_RULE,
                name,
                {"priority": 100.0 * priority, "action": action},
                firewallRuleGroupId=[(k.DNS_GROUP, "names")],
                firewallDomainListId=[(k.DNS_LIST, name)],
            ),
        ]
    return found


_VPC = (k.VPC, "network")


def _groups() -> list[Made]:
    found = [
        _made(k.GROUP, name, {"description": f"The {name}."}, vpcId=[_VPC])
        for name in (*NODES, "entrance", "database")
    ]
    ssh = {
        "ipProtocol": "tcp",
        "fromPort": 22.0,
        "toPort": 22.0,
        "description": "Administration, through the jump host.",
    }
    found.append(
        _made(
            k.INGRESS_RULE,
            "ssh-operators-operators-0",
            {**ssh, "cidrIpv4": "8.8.4.0/28"},
            securityGroupId=[(k.GROUP, "entrance")],
        )
    )
    for name, source, to in (
        ("ssh-operators-operators", "entrance", "jump"),
        ("ssh-alpha-jump", "jump", "alpha"),
        ("ssh-executor-jump", "jump", "executor"),
    ):
        for kind, here, there in (
            (k.INGRESS_RULE, to, source),
            (k.EGRESS_RULE, source, to),
        ):
            found.append(
                _made(
                    kind,
                    name,
                    ssh,
                    securityGroupId=[(k.GROUP, here)],
                    referencedSecurityGroupId=[(k.GROUP, there)],
                )
            )
    found.append(
        _made(
            k.EGRESS_RULE,
            "outside-alpha",
            {
                "ipProtocol": "tcp",
                "fromPort": 443.0,
                "toPort": 443.0,
                "cidrIpv4": "0.0.0.0/0",
                "description": "Names outside: which, the firewall judges.",
            },
            securityGroupId=[(k.GROUP, "alpha")],
        )
    )
    return found


def _machines() -> list[Made]:
    found: list[Made] = []
    for node in NODES:
        found += [
            _made(
                k.ROLE,
                node,
                {
                    "assumeRolePolicy": trust("ec2.amazonaws.com"),
                    "maxSessionDuration": 3600.0,
                },
            ),
            _made(
                k.ROLE_POLICY,
                node,
                {
                    "policy": document(
                        allow(["ssm:UpdateInstanceInformation"], "*"),
                        allow(["s3:PutObject"], ["arn:aws:s3:::one/redis/*"]),
                    )
                },
                role=[(k.ROLE, node)],
            ),
            _made(k.PROFILE, node, {}, role=[(k.ROLE, node)]),
            _made(
                k.INSTANCE,
                node,
                {
                    "instanceType": "m7i.xlarge",
                    "associatePublicIpAddress": False,
                    "metadataOptions": {
                        "httpEndpoint": "enabled",
                        "httpTokens": "required",
                        "httpPutResponseHopLimit": 1.0,
                    },
                    "rootBlockDevice": {"encrypted": True, "kmsKeyId": UNKNOWN},
                    "monitoring": True,
                    "disableApiTermination": True,
                    "userData": "#cloud-config\n{}\n",
                },
                subnetId=[(k.SUBNET, "node-a")],
                vpcSecurityGroupIds=[(k.GROUP, node)],
                iamInstanceProfile=[(k.PROFILE, node)],
                rootBlockDevice=[(k.KEY, "volumes")],
            ),
        ]
    return [
        *found,
        _made(
            k.VOLUME,
            "alpha-data",
            {"encrypted": True, "tags": {"vanta:backup": "hourly"}},
            kmsKeyId=[(k.KEY, "volumes")],
        ),
        _made(
            k.VOLUME_ATTACHMENT,
            "alpha-data",
            {},
            volumeId=[(k.VOLUME, "alpha-data")],
            instanceId=[(k.INSTANCE, "alpha")],
        ),
        _made(
            k.BALANCER,
            "entrance",
            {"internal": False, "enableDeletionProtection": True},
            securityGroups=[(k.GROUP, "entrance")],
        ),
        _made(k.BALANCER_TARGET, "jump", {}, targetId=[(k.INSTANCE, "jump")]),
        _made(k.LISTENER, "ssh", {"port": 22.0, "protocol": "TCP"}),
        _made(
            k.ROLE_ATTACHMENT,
            "backup-make",
            {
                "policyArn": "arn:aws:iam::aws:policy/service-role"
                "/AWSBackupServiceRolePolicyForBackup"
            },
            role=[(k.ROLE, "backup")],
        ),
        _made(k.ROLE, "backup", {"assumeRolePolicy": trust("backup.amazonaws.com", OURS)}),
    ]


def _buckets() -> list[Made]:
    found: list[Made] = []
    for name, region, key in (
        ("journals", None, "storage"),
        ("journals-replica", "us-west-2", "replica"),
    ):
        bucket = [(k.BUCKET, name)]
        where = {"region": region} if region else {}
        found += [
            _made(k.BUCKET, name, {"objectLockEnabled": True, "forceDestroy": False, **where}),
            _made(
                k.BUCKET_VERSIONING,
                name,
                {"versioningConfiguration": {"status": "Enabled"}},
                bucket=bucket,
            ),
            _made(
                k.BUCKET_ENCRYPTION,
                name,
                {
                    "rules": [
                        {
                            "applyServerSideEncryptionByDefault": {
                                "sseAlgorithm": "aws:kms",
                                "kmsMasterKeyId": UNKNOWN,
                            }
                        }
                    ]
                },
                bucket=bucket,
                rules=[(k.KEY, key)],
            ),
            _made(
                k.BUCKET_OWNERSHIP,
                name,
                {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
                bucket=bucket,
            ),
            _made(
                k.BUCKET_ACCESS,
                name,
                {
                    "blockPublicAcls": True,
                    "blockPublicPolicy": True,
                    "ignorePublicAcls": True,
                    "restrictPublicBuckets": True,
                },
                bucket=bucket,
            ),
            _made(k.BUCKET_POLICY, name, {"policy": document(TLS_ONLY)}, bucket=bucket),
            _made(
                k.BUCKET_LIFECYCLE,
                name,
                {
                    "rules": [
                        {
                            "id": "age",
                            "status": "Enabled",
                            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7.0},
                            "noncurrentVersionExpiration": {"noncurrentDays": 60.0},
                        }
                    ]
                },
                bucket=bucket,
            ),
            _made(
                k.BUCKET_LOCK,
                name,
                {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 35.0}}},
                bucket=bucket,
            ),
        ]
    return [
        *found,
        _made(
            k.BUCKET_REPLICATION,
            "journals",
            {
                "rules": [
                    {
                        "id": "everything",
                        "status": "Enabled",
                        "deleteMarkerReplication": {"status": "Disabled"},
                        "sourceSelectionCriteria": {
                            "sseKmsEncryptedObjects": {"status": "Enabled"}
                        },
                        "destination": {
                            "bucket": UNKNOWN,
                            "encryptionConfiguration": {"replicaKmsKeyId": UNKNOWN},
                        },
                    }
                ]
            },
            bucket=[(k.BUCKET, "journals")],
            rules=[(k.BUCKET, "journals-replica"), (k.KEY, "replica")],
        ),
    ]


def _database() -> list[Made]:
    return [
        _made(
            k.DATABASE,
            "database",
            {
                "storageEncrypted": True,
                "publiclyAccessible": False,
                "autoMinorVersionUpgrade": True,
                "backupRetentionPeriod": 35.0,
                "multiAz": True,
                "deletionProtection": True,
                "skipFinalSnapshot": False,
                "finalSnapshotIdentifier": "vanta-prod-database-last",
                "deleteAutomatedBackups": False,
                "manageMasterUserPassword": True,
                "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
                "copyTagsToSnapshot": True,
            },
            kmsKeyId=[(k.KEY, "database")],
            masterUserSecretKmsKeyId=[(k.KEY, "database")],
            dbSubnetGroupName=[(k.DATABASE_SUBNETS, "database")],
            vpcSecurityGroupIds=[(k.GROUP, "database")],
        ),
        _made(
            k.DATABASE_SUBNETS,
            "database",
            {},
            subnetIds=[(k.SUBNET, "data-a"), (k.SUBNET, "data-b")],
        ),
        _made(
            k.DATABASE_PARAMETERS,
            "database",
            {"parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        ),
        _made(
            k.DATABASE_REPLICA,
            "database",
            {"retentionPeriod": 35.0},
            sourceDbInstanceArn=[(k.DATABASE, "database")],
        ),
    ]


def _watching() -> list[Made]:
    topic = [(k.TOPIC, "alarms")]
    return [
        _made(
            k.LOG_GROUP,
            "alpha",
            {"retentionInDays": 400.0},
            kmsKeyId=[(k.KEY, "logs")],
        ),
        _made(k.TOPIC, "alarms", {}, kmsMasterKeyId=[(k.KEY, "logs")]),
        _made(
            k.TOPIC_POLICY,
            "alarms",
            {
                "policy": document(
                    allow(
                        ["sns:Publish"],
                        "arn:aws:sns:us-east-1:210987654321:alarms",
                        Principal={"Service": "cloudwatch.amazonaws.com"},
                        Condition=OURS,
                    )
                )
            },
            arn=topic,
        ),
        _made(k.SUBSCRIPTION, "alarms-0", {"protocol": "email"}, topic=topic),
        _made(
            k.ALARM,
            "redis-snapshot-age",
            {
                "alarmDescription": "Redis' newest snapshot outside Alpha is too old.",
                "treatMissingData": "breaching",
                "alarmActions": [UNKNOWN],
            },
            alarmActions=topic,
        ),
        _made(
            k.BUDGET,
            "month",
            {
                "limitAmount": "4500",
                "notifications": [
                    {
                        "notificationType": "FORECASTED",
                        "threshold": 100.0,
                        "subscriberSnsTopicArns": [UNKNOWN],
                    }
                ],
            },
        ),
        _made(
            k.TRAIL,
            "trail",
            {
                "isMultiRegionTrail": True,
                "includeGlobalServiceEvents": True,
                "enableLogFileValidation": True,
            },
            kmsKeyId=[(k.KEY, "storage")],
        ),
        _made(k.DETECTOR, "threats", {"enable": True}),
        _made(k.ANALYZER, "access", {"type": "ACCOUNT"}),
        _made(k.ENCRYPTION_DEFAULT, "volumes", {"enabled": True}),
        _made(k.SNAPSHOT_ACCESS, "snapshots", {"state": "block-all-sharing"}),
        _made(k.METADATA_DEFAULTS, "metadata", {"httpTokens": "required"}),
        _made(
            k.ACCOUNT_ACCESS,
            "buckets",
            {
                "blockPublicAcls": True,
                "blockPublicPolicy": True,
                "ignorePublicAcls": True,
                "restrictPublicBuckets": True,
            },
        ),
    ]


def _backups() -> list[Made]:
    return [
        _made(
            k.BACKUP_VAULT,
            "hourly",
            {"forceDestroy": False},
            kmsKeyArn=[(k.KEY, "volumes")],
        ),
        _made(
            k.BACKUP_LOCK,
            "hourly",
            {"minRetentionDays": 7.0},
            backupVaultName=[(k.BACKUP_VAULT, "hourly")],
        ),
        _made(
            k.BACKUP_PLAN,
            "volumes",
            {
                "rules": [
                    {
                        "ruleName": "daily",
                        "schedule": "cron(30 22 * * ? *)",
                        "lifecycle": {"deleteAfter": 35.0},
                        "copyActions": [{"lifecycle": {"deleteAfter": 35.0}}],
                    }
                ]
            },
        ),
        _made(
            k.BACKUP_SELECTION,
            "volumes",
            {"selectionTags": [{"type": "STRINGEQUALS", "key": "vanta:backup", "value": "hourly"}]},
            planId=[(k.BACKUP_PLAN, "volumes")],
        ),
        _made(
            k.SECRET,
            "redis-password",
            {
                "recoveryWindowInDays": 30.0,
                "replicas": [{"region": "us-west-2", "kmsKeyId": UNKNOWN}],
            },
            kmsKeyId=[(k.KEY, "secrets")],
        ),
    ]


def _beside() -> list[Made]:
    """What the program makes none of, harmless where policies allow it at all."""
    return [
        _made(k.POLICY, "own", {"policy": document(allow(["s3:GetObject"], ["arn:aws:s3:::a/b"]))}),
        _made(
            k.ACL,
            "data",
            {
                "ingress": [
                    {
                        "ruleNo": 120.0,
                        "action": "allow",
                        "protocol": "tcp",
                        "fromPort": 1024.0,
                        "toPort": 65535.0,
                        "cidrBlock": "0.0.0.0/0",
                    },
                    {
                        "ruleNo": 110.0,
                        "action": "deny",
                        "protocol": "tcp",
                        "fromPort": 3389.0,
                        "toPort": 3389.0,
                        "cidrBlock": "0.0.0.0/0",
                    },
                ]
            },
        ),
        _made(k.DEFAULT_ACL, "default", {"ingress": [], "egress": []}),
        _made(
            k.ACL_RULE,
            "data",
            {
                "egress": False,
                "ruleAction": "allow",
                "protocol": "tcp",
                "fromPort": 5432.0,
                "toPort": 5432.0,
                "cidrBlock": "10.40.0.0/16",
            },
        ),
        _made(
            k.PARAMETER,
            "build",
            {"type": "String", "value": "2026.11"},
        ),
        _made(
            k.SECRET_POLICY,
            "redis-password",
            {
                "policy": document(
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "secretsmanager:GetSecretValue",
                        "Resource": "*",
                    }
                )
            },
        ),
        _made(k.PROVIDER, "aws", {"region": "us-east-1"}),
    ]


ESTATE: tuple[Made, ...] = (
    *(_key(name) for name in ("volumes", "database", "storage", "secrets", "replica")),
    _key(
        "logs",
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": ["kms:Encrypt"],
            "Resource": "*",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Condition": OURS,
        },
    ),
    *_network(),
    *_groups(),
    *_machines(),
    *_buckets(),
    *_database(),
    *_watching(),
    *_backups(),
    *_beside(),
)


def first(kind: str, members: tuple[Made, ...] = ESTATE, name: str = "") -> Made:
    """The first resource of a kind, or the one of that name."""
    return next(one for one in members if one.kind == kind and name in {"", one.name})
