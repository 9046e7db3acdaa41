"""Cases of roles, the network, keys, what is watched and the account, as tables."""

from collections.abc import Mapping

from tests.policies.infrastructure.change import ABSENT, Case, case
from tests.policies.infrastructure.estate import ACCOUNT, OURS, allow, document, trust
from vanta_policies import kinds as k

_PLACED = ["arn:aws:s3:::one/redis/*"]
_FORGE = "token.actions.githubusercontent.com"


def _policy(*statements: Mapping[str, object]) -> dict[str, object]:
    return {"policy": document(*statements)}


def _entry(number: int, action: str, first: int, last: int) -> dict[str, object]:
    """An entry of a network list, about everybody."""
    return {
        "ruleNo": float(number),
        "action": action,
        "protocol": "tcp",
        "fromPort": float(first),
        "toPort": float(last),
        "cidrBlock": "0.0.0.0/0",
    }


def _federated(conditions: dict[str, object]) -> dict[str, object]:
    return {
        "assumeRolePolicy": document(
            {
                "Sid": "Forge",
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{_FORGE}"},
                "Condition": conditions,
            }
        )
    }


IDENTITY: tuple[Case, ...] = (
    case(
        "policy-has-no-wildcard-action",
        k.ROLE_POLICY,
        "policy",
        (_policy(allow(["s3:Get*"], _PLACED)), "Works allows s3:Get*"),
        (_policy(allow(["*"], _PLACED)), "Works allows *"),
        (_policy(allow(["s3:GetObjec?"], _PLACED)), "allows s3:GetObjec?"),
        (
            {"policy": "nothing"},
            "is not JSON",
            {
                "policy-allows-by-naming",
                "policy-cannot-raise-itself",
                "policy-names-its-resources",
            },
        ),
    ),
    case(
        "policy-names-its-resources",
        k.ROLE_POLICY,
        "policy",
        (_policy(allow(["s3:GetObject"], "*")), "allows s3:GetObject on everything"),
        (_policy(allow(["kms:Decrypt"], ["*"])), "allows kms:Decrypt on everything"),
    ),
    case(
        "policy-allows-by-naming",
        k.ROLE_POLICY,
        "policy",
        (
            _policy({"Sid": "All", "Effect": "Allow", "NotAction": "iam:*", "Resource": _PLACED}),
            "All allows by NotAction",
        ),
        (
            _policy(
                {
                    "Sid": "All",
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "NotResource": _PLACED,
                }
            ),
            "All allows by NotResource",
        ),
    ),
    case(
        "policy-cannot-raise-itself",
        k.ROLE_POLICY,
        "policy",
        (
            _policy(allow(["iam:PutRolePolicy"], [f"arn:aws:iam::{ACCOUNT}:role/one"])),
            "allows iam:PutRolePolicy",
        ),
        (
            _policy(allow(["iam:PassRole"], [f"arn:aws:iam::{ACCOUNT}:role/one"])),
            "allows iam:PassRole",
        ),
        (
            _policy(allow(["sts:AssumeRole"], [f"arn:aws:iam::{ACCOUNT}:role/one"])),
            "allows sts:AssumeRole",
        ),
    ),
    case(
        "role-trusts-nobody-it-does-not-name",
        k.ROLE,
        "assumeRolePolicy",
        ({"assumeRolePolicy": trust("lambda.amazonaws.com", OURS)}, "not on the list"),
        ({"assumeRolePolicy": trust("backup.amazonaws.com")}, "for whoever asks it"),
        (
            {"assumeRolePolicy": document({"Effect": "Allow", "Principal": "*"})},
            "trusts everybody",
        ),
        (
            {
                "assumeRolePolicy": document(
                    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}
                )
            },
            "without sts:ExternalId",
        ),
        ({"assumeRolePolicy": ABSENT}, "names nobody"),
    ),
    case(
        "federated-role-names-its-subject",
        k.ROLE,
        "assumeRolePolicy",
        (
            _federated({"StringEquals": {f"{_FORGE}:aud": "sts.amazonaws.com"}}),
            "whatever its sub",
        ),
        (
            _federated(
                {
                    "StringEquals": {f"{_FORGE}:aud": "sts.amazonaws.com"},
                    "StringLike": {f"{_FORGE}:sub": "repo:vanta/*"},
                }
            ),
            "whatever its sub",
        ),
        (
            _federated({"StringEquals": {f"{_FORGE}:sub": "repo:vanta/vanta:ref:refs/heads/main"}}),
            "whatever its aud",
        ),
    ),
    case(
        "role-session-is-short",
        k.ROLE,
        "maxSessionDuration",
        ({"maxSessionDuration": 43200.0}, "maxSessionDuration is 43200"),
    ),
    case(
        "role-has-no-broad-policy",
        k.ROLE_ATTACHMENT,
        "policyArn",
        ({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "AdministratorAccess"),
        ({"policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}, "ReadOnlyAccess"),
        enough=True,
    ),
    *(
        case("nobody-has-a-key", kind, field, ({}, "one is one"), always=True)
        for kind, field in (
            (k.USER, "name"),
            (k.USER_LOGIN, "user"),
            (k.ACCESS_KEY, "user"),
        )
    ),
    # What a role holds within itself is judged as what lies beside it.
    *(
        case(
            policy,
            k.ROLE,
            "inlinePolicies.0.policy",
            ({"inlinePolicies": [{"name": "x", "policy": text}]}, says, {*also}),
        )
        for policy, text, says, also in (
            (
                "policy-has-no-wildcard-action",
                document(allow(["s3:Get*"], _PLACED)),
                "allows s3:Get*",
                (),
            ),
            (
                "policy-names-its-resources",
                document(allow(["s3:GetObject"], "*")),
                "on everything",
                (),
            ),
            (
                "policy-allows-by-naming",
                document({"Effect": "Allow", "NotAction": "iam:*", "Resource": _PLACED}),
                "statement 1 allows by NotAction",
                (),
            ),
            (
                "policy-cannot-raise-itself",
                document(allow(["sts:AssumeRole"], _PLACED)),
                "allows sts:AssumeRole",
                (),
            ),
        )
    ),
    *(
        case(policy, k.POLICY, "policy", (_policy(statement), "Works allows"))
        for policy, statement in (
            ("policy-has-no-wildcard-action", allow(["s3:Get*"], _PLACED)),
            ("policy-names-its-resources", allow(["s3:GetObject"], "*")),
            ("policy-cannot-raise-itself", allow(["sts:AssumeRole"], _PLACED)),
            (
                "policy-allows-by-naming",
                {"Sid": "Works", "Effect": "Allow", "NotAction": "x", "Resource": _PLACED},
            ),
        )
    ),
    case(
        "role-has-no-broad-policy",
        k.ROLE,
        "managedPolicyArns",
        (
            {"managedPolicyArns": ["arn:aws:iam::aws:policy/PowerUserAccess"]},
            "managedPolicyArns: PowerUserAccess",
        ),
        enough=True,
    ),
)

NETWORK: tuple[Case, ...] = (
    case(
        "ingress-not-from-the-internet",
        k.INGRESS_RULE,
        "cidrIpv4",
        (
            {"cidrIpv4": "0.0.0.0/0"},
            "from 0.0.0.0/0: more than 256 addresses",
        ),
        ({"cidrIpv4": "8.8.0.0/16"}, "from 8.8.0.0/16"),
        ({"cidrIpv4": "anywhere"}, "cannot be read: 'anywhere'"),
        ({"cidrIpv4": ABSENT, "cidrIpv6": "::/0"}, "from ::/0"),
        name="ssh-operators-operators-0",
    ),
    case(
        "ingress-is-for-one-port",
        k.INGRESS_RULE,
        "fromPort",
        (
            {"ipProtocol": "-1", "fromPort": ABSENT, "toPort": ABSENT},
            "every port of every protocol",
            {"both-ends-of-a-flow-agree"},
        ),
        (
            {"fromPort": 0.0, "toPort": 65535.0},
            "ports 0 to 65535",
            {"both-ends-of-a-flow-agree"},
        ),
        name="ssh-alpha-jump",
    ),
    case(
        "ingress-says-from-whom",
        k.INGRESS_RULE,
        "referencedSecurityGroupId",
        ({"referencedSecurityGroupId": ABSENT}, "from nobody"),
        ({"prefixListId": "pl-0123456789abcdef0"}, "from a prefix list"),
        name="ssh-alpha-jump",
        enough=True,
    ),
    case(
        "egress-outside-is-https-alone",
        k.EGRESS_RULE,
        "cidrIpv4",
        ({"fromPort": 80.0, "toPort": 80.0}, "to 0.0.0.0/0 on ports 80 to 80"),
        ({"ipProtocol": "-1"}, "to 0.0.0.0/0 on every port"),
        ({"toPort": 444.0}, "on ports 443 to 444"),
        name="outside-alpha",
    ),
    case(
        "group-rules-stand-alone",
        k.GROUP,
        "ingress",
        (
            {
                "ingress": [
                    {
                        "protocol": "tcp",
                        "fromPort": 1.0,
                        "toPort": 9.0,
                        "cidrBlocks": ["8.8.8.8/32"],
                    }
                ]
            },
            "ingress rules within the group",
        ),
        (
            {"egress": [{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0}]},
            "egress rules within the group",
        ),
    ),
    case(
        "group-rules-stand-alone",
        k.GROUP_RULE,
        "type",
        ({"type": "ingress"}, "a rule of the old kind"),
        always=True,
    ),
    *(
        case(
            "group-says-what-it-is-for",
            kind,
            "description",
            ({"description": ABSENT}, "description is missing"),
        )
        for kind in (k.INGRESS_RULE, k.EGRESS_RULE)
    ),
    case(
        "default-group-allows-nothing",
        k.DEFAULT_GROUP,
        "ingress",
        ({"ingress": [{"protocol": "-1", "self": True}]}, "ingress has rules"),
        ({"egress": [{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}]}, "egress has rules"),
    ),
    case(
        "group-says-what-it-is-for",
        k.GROUP,
        "description",
        ({"description": ABSENT}, "description is missing"),
        ({"description": "Managed by Pulumi"}, "description is missing"),
    ),
    case(
        "subnet-gives-no-public-address",
        k.SUBNET,
        "mapPublicIpOnLaunch",
        ({"mapPublicIpOnLaunch": True}, "mapPublicIpOnLaunch is True"),
        ({"assignIpv6AddressOnCreation": True}, "assignIpv6AddressOnCreation is True"),
    ),
    case(
        "flow-log-leaves-nothing-out",
        k.FLOW_LOG,
        "trafficType",
        ({"trafficType": "REJECT"}, "trafficType is not 'ALL'"),
        ({"maxAggregationInterval": ABSENT}, "maxAggregationInterval is over 60"),
    ),
    case(
        "network-list-lets-no-stranger-administer",
        k.ACL_RULE,
        "cidrBlock",
        (
            {"cidrBlock": "0.0.0.0/0", "fromPort": 0.0, "toPort": 1024.0},
            "from 0.0.0.0/0 to port 22",
        ),
        ({"cidrBlock": "0.0.0.0/0", "protocol": "-1"}, "to port 3389"),
        (
            {"cidrBlock": ABSENT, "ipv6CidrBlock": "::/0", "fromPort": 3389.0, "toPort": 3389.0},
            "from ::/0 to port 3389",
        ),
    ),
    case(
        "network-list-lets-no-stranger-administer",
        k.ACL,
        "ingress",
        (
            {"ingress": [_entry(100, "allow", 0, 1024)]},
            "from 0.0.0.0/0 to port 22",
        ),
        (
            {"ingress": [_entry(110, "deny", 3389, 3389), _entry(100, "allow", 1024, 65535)]},
            "from 0.0.0.0/0 to port 3389",
        ),
        ({"ingress": [{**_entry(100, "allow", 0, 0), "protocol": "-1"}]}, "to port 22"),
    ),
    case(
        "default-list-allows-nothing",
        k.DEFAULT_ACL,
        "ingress",
        ({"ingress": [_entry(100, "allow", 0, 0)]}, "ingress has entries"),
        ({"egress": [_entry(100, "allow", 0, 0)]}, "egress has entries"),
    ),
    case(
        "firewall-drops-what-is-not-listed",
        k.FIREWALL_POLICY,
        "firewallPolicy.statefulEngineOptions.ruleOrder",
        (
            {"firewallPolicy.statefulEngineOptions.ruleOrder": "DEFAULT_ACTION_ORDER"},
            "is not 'STRICT_ORDER'",
        ),
        (
            {"firewallPolicy.statefulEngineOptions.streamExceptionPolicy": "CONTINUE"},
            "lets a broken connection go on",
        ),
        ({"firewallPolicy.statefulDefaultActions": ["aws:alert_strict"]}, "drops nothing"),
        ({"firewallPolicy.statelessDefaultActions": ["aws:pass"]}, "lets packets past"),
    ),
    case(
        "firewall-list-names-whole-names",
        k.FIREWALL_RULES,
        "ruleGroup.rulesSource.rulesSourceList.targets",
        (
            {"ruleGroup.rulesSource.rulesSourceList.targets": [".debian.org"]},
            ".debian.org is whatever",
        ),
        (
            {"ruleGroup.rulesSource.rulesSourceList.generatedRulesType": "DENYLIST"},
            "is not 'ALLOWLIST'",
        ),
        (
            {"ruleGroup.rulesSource.rulesSourceList.targetTypes": ["TLS_SNI", "HTTP_HOST"]},
            "is not TLS_SNI alone",
        ),
        (
            {"ruleGroup.rulesSource": {"rulesString": "pass ip any any -> any any (sid:1;)"}},
            "not a list of names",
        ),
    ),
    case(
        "firewall-stands-in-production",
        k.FIREWALL,
        "deleteProtection",
        ({"deleteProtection": False}, "deleteProtection: not True"),
        ({"subnetChangeProtection": ABSENT}, "subnetChangeProtection: not True"),
        ({"firewallPolicyChangeProtection": False}, "firewallPolicyChangeProtection: not True"),
    ),
    case(
        "name-server-fails-closed",
        k.DNS_CONFIG,
        "firewallFailOpen",
        ({"firewallFailOpen": "ENABLED"}, "is not 'DISABLED'"),
        ({"firewallFailOpen": ABSENT}, "is not 'DISABLED'"),
    ),
    case(
        "name-server-does-not-only-watch",
        k.DNS_RULE,
        "action",
        ({"action": "ALERT"}, "action is ALERT"),
        name="outside",
    ),
    case(
        "endpoint-lets-in-only-ours",
        k.ENDPOINT,
        "policy",
        ({"policy": ABSENT}, "policy is not set"),
        (
            _policy(allow(["ssm:UpdateInstanceInformation"], "*", Principal="*")),
            "is bound by no account",
        ),
        (
            _policy(
                allow(
                    ["ssm:*"],
                    "*",
                    Principal="*",
                    Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
                )
            ),
            "Works allows ssm:*",
        ),
    ),
)

_SERVICE = {"Service": "logs.us-east-1.amazonaws.com"}

ENCRYPTION: tuple[Case, ...] = (
    case(
        "key-rotates",
        k.KEY,
        "enableKeyRotation",
        ({"enableKeyRotation": False}, "enableKeyRotation is not True"),
        ({"enableKeyRotation": ABSENT}, "enableKeyRotation is not True"),
    ),
    case(
        "key-takes-a-month-to-die",
        k.KEY,
        "deletionWindowInDays",
        ({"deletionWindowInDays": 7.0}, "is 7, less than 30"),
        ({"deletionWindowInDays": ABSENT}, "is not set"),
    ),
    case(
        "key-is-for-those-it-names",
        k.KEY,
        "policy",
        ({"policy": ABSENT}, "policy is not set"),
        (_policy(allow(["kms:Decrypt"], "*", Principal={"AWS": "*"})), "to everybody"),
        (
            _policy(allow(["kms:*"], "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
            "Works allows kms:*",
        ),
    ),
    case(
        "key-serves-services-for-us-alone",
        k.KEY,
        "policy",
        (
            _policy(allow(["kms:Encrypt"], "*", Principal=_SERVICE)),
            "lets logs.us-east-1.amazonaws.com use it",
        ),
    ),
    case(
        "key-cannot-lock-us-out",
        k.KEY,
        "bypassPolicyLockoutSafetyCheck",
        (
            {"bypassPolicyLockoutSafetyCheck": True},
            "bypassPolicyLockoutSafetyCheck is True",
        ),
    ),
    case(
        "secret-is-kept-with-our-key",
        k.SECRET,
        "replicas",
        ({"kmsKeyId": ABSENT}, "kmsKeyId is not set"),
        ({"replicas": [{"region": "us-west-2"}]}, "the replica in us-west-2 names no key"),
    ),
    case(
        "secret-can-be-had-back",
        k.SECRET,
        "recoveryWindowInDays",
        ({"recoveryWindowInDays": 0.0}, "is 0, less than 7"),
    ),
    case(
        "secret-has-no-value-here",
        k.PARAMETER,
        "type",
        ({"type": "SecureString", "value": "correct horse"}, "a SecureString's value"),
    ),
    *(
        case(
            "secret-has-no-value-here",
            kind,
            field,
            ({}, "holds a value, and so would the stack's state"),
            always=True,
        )
        for kind, field in (
            (k.SECRET_VERSION, "secretString"),
            (k.RANDOM_PASSWORD, "length"),
            (k.TLS_KEY, "algorithm"),
        )
    ),
    case(
        "secret-is-not-shared-out",
        k.SECRET_POLICY,
        "policy",
        (
            _policy(
                allow(
                    ["secretsmanager:GetSecretValue"],
                    "*",
                    Principal={"AWS": "arn:aws:iam::111111111111:root"},
                )
            ),
            "lets arn:aws:iam::111111111111:root in",
        ),
        (_policy(allow(["secretsmanager:GetSecretValue"], "*")), "lets everybody in"),
    ),
)

OBSERVABILITY: tuple[Case, ...] = (
    case(
        "log-is-encrypted",
        k.LOG_GROUP,
        "kmsKeyId",
        ({"kmsKeyId": ABSENT}, "kmsKeyId is not set"),
        enough=True,
    ),
    case(
        "log-is-kept-and-ends",
        k.LOG_GROUP,
        "retentionInDays",
        (
            {"retentionInDays": 7.0},
            "is 7, less than 14",
            {"log-is-kept-for-a-year"},
        ),
        (
            {"retentionInDays": ABSENT},
            "is not set, less than 14",
            {"log-is-kept-for-a-year"},
        ),
    ),
    case(
        "log-is-kept-for-a-year",
        k.LOG_GROUP,
        "retentionInDays",
        ({"retentionInDays": 180.0}, "is 180, less than 365"),
    ),
    case(
        "trail-records-every-region",
        k.TRAIL,
        "isMultiRegionTrail",
        ({"isMultiRegionTrail": False}, "isMultiRegionTrail is not True"),
        ({"includeGlobalServiceEvents": False}, "includeGlobalServiceEvents is False"),
        ({"enableLogging": False}, "enableLogging is False"),
    ),
    case(
        "trail-shows-that-it-is-whole",
        k.TRAIL,
        "enableLogFileValidation",
        ({"enableLogFileValidation": False}, "enableLogFileValidation is not True"),
    ),
    case(
        "trail-is-encrypted",
        k.TRAIL,
        "kmsKeyId",
        ({"kmsKeyId": ABSENT}, "kmsKeyId is not set"),
        enough=True,
    ),
    case(
        "threats-are-looked-for",
        k.DETECTOR,
        "enable",
        ({"enable": False}, "enable is False"),
    ),
    case(
        "alarm-tells-somebody",
        k.ALARM,
        "actionsEnabled",
        ({"actionsEnabled": False}, "actionsEnabled is False"),
        ({"alarmActions": []}, "alarmActions is empty"),
        ({"alarmActions": ABSENT}, "alarmActions is empty"),
    ),
    case(
        "alarm-says-what-it-means",
        k.ALARM,
        "alarmDescription",
        ({"alarmDescription": "Too high"}, "alarmDescription is missing"),
        ({"treatMissingData": ABSENT}, "treatMissingData is not set"),
    ),
    case(
        "topic-is-encrypted",
        k.TOPIC,
        "kmsMasterKeyId",
        ({"kmsMasterKeyId": ABSENT}, "kmsMasterKeyId is not set"),
        enough=True,
    ),
    case(
        "topic-is-for-those-it-names",
        k.TOPIC_POLICY,
        "policy",
        (_policy(allow(["sns:Publish"], "*", Principal="*")), "allows sns:Publish to everybody"),
        (
            _policy(allow(["sns:Publish"], "*", Principal={"Service": "cloudwatch.amazonaws.com"})),
            "lets cloudwatch.amazonaws.com write for whoever asks",
        ),
    ),
    case(
        "topic-is-for-those-it-names",
        k.TOPIC,
        "policy",
        (_policy(allow(["sns:Publish"], "*", Principal="*")), "to everybody"),
    ),
    case(
        "budget-tells-before-it-is-spent",
        k.BUDGET,
        "limitAmount",
        ({"limitAmount": "0"}, "limitAmount is not set"),
        ({"notifications": []}, "nobody is told"),
        (
            {"notifications": [{"notificationType": "FORECASTED", "threshold": 100.0}]},
            "has no subscriber",
        ),
    ),
)

_TAGGED = (
    k.ALARM,
    k.BACKUP_PLAN,
    k.BACKUP_VAULT,
    k.BALANCER,
    k.BUCKET,
    k.DATABASE,
    k.ENDPOINT,
    k.FIREWALL,
    k.GROUP,
    k.INSTANCE,
    k.KEY,
    k.LOG_GROUP,
    k.ROLE,
    k.SECRET,
    k.SUBNET,
    k.TOPIC,
    k.TRAIL,
    k.VOLUME,
    k.VPC,
)
_BLOCKED = "blockPublicPolicy: not True"

ACCOUNT_CASES: tuple[Case, ...] = (
    case(
        "account-encrypts-by-default",
        k.ENCRYPTION_DEFAULT,
        "enabled",
        ({"enabled": False}, "enabled is False"),
    ),
    case(
        "account-shares-no-snapshot",
        k.SNAPSHOT_ACCESS,
        "state",
        ({"state": "unblocked"}, "is not 'block-all-sharing'"),
    ),
    case(
        "account-metadata-needs-a-session",
        k.METADATA_DEFAULTS,
        "httpTokens",
        ({"httpTokens": "optional"}, "httpTokens is not 'required'"),
    ),
    case(
        "account-blocks-public-buckets",
        k.ACCOUNT_ACCESS,
        "blockPublicPolicy",
        ({"blockPublicPolicy": False}, _BLOCKED),
        ({"blockPublicPolicy": ABSENT}, _BLOCKED),
    ),
    case(
        "entrance-is-the-only-one",
        k.BALANCER,
        "internal",
        ({"securityGroups": ABSENT}, "securityGroups is not set"),
    ),
    case(
        "entrance-stands-in-production",
        k.BALANCER,
        "enableDeletionProtection",
        ({"enableDeletionProtection": False}, "enableDeletionProtection is not True"),
    ),
    case(
        "entrance-listens-for-ssh-alone",
        k.LISTENER,
        "port",
        ({"port": 443.0}, "port 443"),
        ({"protocol": "UDP"}, "port 22, UDP"),
    ),
    case(
        "names-inside-stay-inside",
        k.ZONE,
        "vpcs",
        ({"vpcs": []}, "the zone is public"),
        ({"vpcs": ABSENT}, "the zone is public"),
        enough=True,
    ),
    *(
        case(
            "everything-says-whose-it-is",
            kind,
            "tags",
            ({"tags": {"vanta:environment": "prod", "vanta:backup": "hourly"}}, "vanta:component"),
            ({"tags": {"vanta:backup": "hourly"}}, "vanta:environment"),
        )
        for kind in _TAGGED
    ),
    *(
        case(
            "everything-says-which-environment",
            kind,
            "tags",
            ({"tags.vanta:environment": "dev"}, "vanta:environment is dev, in the stack prod"),
        )
        for kind in _TAGGED
    ),
    *(
        case(
            "data-is-protected-in-production",
            kind,
            "tags",
            ({"@protect": False}, "protect is not set"),
            enough=True,
        )
        for kind in (
            k.BACKUP_VAULT,
            k.BUCKET,
            k.DATABASE,
            k.KEY,
            k.LOG_GROUP,
            k.SECRET,
            k.VOLUME,
        )
    ),
    case(
        "provider-is-where-we-are",
        k.PROVIDER,
        "region",
        ({"region": "me-south-1"}, "me-south-1 is not on the list"),
        ({"accessKey": "AKIAIOSFODNN7EXAMPLE"}, "a key is written down"),
    ),
)
