"""Cases of policies over a whole stack: the small stack of `estate.py` with something broken.

The names are those of the program, so that the same is broken in the program's own stack.
"""

from tests.policies.infrastructure.change import (
    ABSENT,
    StackCase,
    added,
    both,
    changed,
    dropped,
    rewired,
    stack_case,
)
from tests.policies.infrastructure.engine import UNKNOWN
from vanta_policies import kinds as k

_SSH = {
    "ipProtocol": "tcp",
    "fromPort": 22.0,
    "toPort": 22.0,
    "description": "From somewhere else.",
}
_AGREE = "both-ends-of-a-flow-agree"
_EVERYWHERE = {"destinationCidrBlock": "0.0.0.0/0"}


REACH: tuple[StackCase, ...] = (
    stack_case(
        "internet-reaches-the-jump-host-alone",
        (
            added(
                k.INGRESS_RULE,
                "from-outside",
                {**_SSH, "cidrIpv4": "8.8.8.8/32"},
                {"securityGroupId": [(k.GROUP, "alpha")]},
            ),
            "8.8.8.8/32 reaches alpha on 22",
        ),
        (
            changed(
                k.INGRESS_RULE,
                {"fromPort": 443.0, "toPort": 443.0},
                "ssh-operators-operators-0",
            ),
            "reaches entrance on 443",
        ),
        (
            added(
                k.INGRESS_RULE,
                "through",
                _SSH,
                {
                    "securityGroupId": [(k.GROUP, "alpha")],
                    "referencedSecurityGroupId": [(k.GROUP, "entrance")],
                },
            ),
            "alpha is reached from outside through entrance, on 22",
            {_AGREE},
        ),
        (
            added(k.INGRESS_RULE, "of-no-group", {**_SSH, "cidrIpv4": "10.0.0.1/32"}),
            "belongs to no security group",
        ),
        unknown=changed(k.INGRESS_RULE, {"cidrIpv4": UNKNOWN}, "ssh-operators-operators-0"),
    ),
    stack_case(
        "executor-opens-ssh-to-the-jump-host-alone",
        (
            both(
                *(
                    added(
                        kind,
                        "console",
                        {**_SSH, "fromPort": 8443.0, "toPort": 8443.0},
                        {
                            "securityGroupId": [(k.GROUP, here)],
                            "referencedSecurityGroupId": [(k.GROUP, there)],
                        },
                    )
                    for kind, here, there in (
                        (k.INGRESS_RULE, "executor", "alpha"),
                        (k.EGRESS_RULE, "alpha", "executor"),
                    )
                )
            ),
            "alpha reaches it on 8443",
        ),
        (
            rewired(
                k.INGRESS_RULE,
                "referencedSecurityGroupId",
                (k.GROUP, "alpha"),
                name="ssh-executor-jump",
            ),
            "alpha reaches it on 22",
            {_AGREE},
        ),
        unknown=changed(k.INGRESS_RULE, {"fromPort": UNKNOWN}, "ssh-executor-jump"),
    ),
    stack_case(
        _AGREE,
        (dropped(k.EGRESS_RULE, "ssh-executor-jump"), "jump may not send what executor may"),
        (
            dropped(k.INGRESS_RULE, "ssh-executor-jump"),
            "executor may not receive what jump may",
        ),
        unknown=changed(k.EGRESS_RULE, {"toPort": UNKNOWN}, "ssh-executor-jump"),
    ),
    stack_case(
        "machines-lie-inside",
        (
            both(
                rewired(
                    k.ROUTE,
                    "gatewayId",
                    (k.INTERNET_GATEWAY, "internet"),
                    name="node-a-out",
                ),
                rewired(k.ROUTE, "vpcEndpointId", name="node-a-out"),
            ),
            "node-a is open to the internet",
        ),
        (
            both(
                rewired(k.ROUTE, "natGatewayId", (k.NAT, "nat-a"), name="node-a-out"),
                rewired(k.ROUTE, "vpcEndpointId", name="node-a-out"),
            ),
            "node-a leads out past the firewall",
        ),
        (rewired(k.INSTANCE, "subnetId", name="alpha"), "lies in no subnet"),
        (dropped(k.ROUTE_ASSOCIATION, "node-a"), "node-a has no table of its own"),
        unknown=rewired(k.INSTANCE, "subnetId", name="alpha"),
    ),
    stack_case(
        "databases-lie-deep-inside",
        (
            added(
                k.ROUTE,
                "data-a-out",
                _EVERYWHERE,
                {"routeTableId": [(k.ROUTE_TABLE, "data-a")], "natGatewayId": [(k.NAT, "nat-a")]},
            ),
            "data-a leads outside",
        ),
        (
            rewired(k.DATABASE_SUBNETS, "subnetIds", (k.SUBNET, "data-a"), name="database"),
            "spans 1 zone",
        ),
        (rewired(k.DATABASE, "dbSubnetGroupName", name="database"), "lies in no subnet group"),
        unknown=changed(k.SUBNET, {"availabilityZone": UNKNOWN}, "data-a"),
    ),
    stack_case(
        "public-addresses-are-for-the-way-out",
        (added(k.ADDRESS, "spare", {"domain": "vpc"}), "is no NAT gateway's"),
        (changed(k.ADDRESS, {"instance": "i-0123456789abcdef0"}, "nat-a"), "is a machine's"),
        unknown=changed(k.ADDRESS, {"instance": UNKNOWN}, "nat-a"),
    ),
    stack_case(
        "entrance-leads-to-the-jump-host-alone",
        (
            rewired(k.BALANCER_TARGET, "targetId", (k.INSTANCE, "executor"), name="jump"),
            "leads to executor",
        ),
        (rewired(k.BALANCER_TARGET, "targetId", name="jump"), "what is not of this stack"),
        unknown=rewired(k.BALANCER_TARGET, "targetId", name="jump"),
    ),
    stack_case(
        "networks-are-watched",
        (dropped(k.FLOW_LOG, "flows"), "lacks a log of its flows"),
        (dropped(k.DEFAULT_GROUP, "default"), "lacks a default group"),
        (dropped(k.DNS_CONFIG, "names"), "lacks a name server that fails closed"),
        (dropped(k.DNS_ASSOCIATION, "names"), "lacks rules of its name server"),
        (dropped(k.DNS_LOG_ASSOCIATION, "queries"), "lacks a log of the names"),
        (dropped(k.FIREWALL_LOG, "egress"), "lacks a log"),
        (added(k.VPC, "second", {"cidrBlock": "10.41.0.0/16"}), "second: lacks"),
        unknown=rewired(k.FLOW_LOG, "vpcId", name="flows"),
    ),
    stack_case(
        "name-server-blocks-the-rest",
        (changed(k.DNS_RULE, {"action": "ALLOW"}, "rest"), "rest, does not block everything"),
        (
            changed(k.DNS_LIST, {"domains": ["example.com."]}, "rest"),
            "rest, does not block everything",
        ),
        (changed(k.DNS_RULE, {"priority": 1.0}, "rest"), "does not block everything"),
        unknown=changed(k.DNS_RULE, {"priority": UNKNOWN}, "rest"),
    ),
    stack_case(
        "machines-have-groups-of-their-own",
        (
            rewired(k.INSTANCE, "vpcSecurityGroupIds", (k.GROUP, "executor"), name="alpha"),
            "shares executor with",
        ),
        (
            rewired(
                k.INSTANCE,
                "vpcSecurityGroupIds",
                (k.GROUP, "alpha"),
                (k.GROUP, "database"),
                name="alpha",
            ),
            "is in 2 groups",
        ),
        (rewired(k.BALANCER, "securityGroups", name="entrance"), "is in 0 groups"),
        unknown=rewired(k.INSTANCE, "vpcSecurityGroupIds", name="alpha"),
    ),
)

_KEYS = "data-lies-under-keys-of-this-stack"

CUSTODY: tuple[StackCase, ...] = (
    stack_case(
        "each-machine-has-a-role-of-its-own",
        (
            rewired(k.INSTANCE, "iamInstanceProfile", (k.PROFILE, "executor"), name="alpha"),
            "shares executor with",
        ),
        (rewired(k.INSTANCE, "iamInstanceProfile", name="alpha"), "has 0 roles"),
        (dropped(k.ROLE_POLICY, "alpha"), "alpha has no policy of its own"),
        (
            added(
                k.ROLE_ATTACHMENT,
                "more",
                {"policyArn": UNKNOWN},
                {"role": [(k.ROLE, "alpha")]},
            ),
            "alpha has a policy that is not its own",
        ),
        unknown=rewired(k.PROFILE, "role", name="alpha"),
    ),
    stack_case(
        "volumes-of-machines-are-encrypted-and-copied",
        (dropped(k.VOLUME_ATTACHMENT, "alpha-data"), "belongs to no machine"),
        (
            changed(k.VOLUME, {"tags.vanta:backup": "never"}, "alpha-data"),
            "bears no tag that a backup plan selects",
        ),
        (
            changed(k.VOLUME, {"encrypted": False}, "alpha-data"),
            "is not encrypted",
            {"volume-is-encrypted"},
        ),
        unknown=changed(k.VOLUME, {"encrypted": UNKNOWN}, "alpha-data"),
    ),
    stack_case(
        "backup-plans-select-something",
        (
            rewired(k.BACKUP_SELECTION, "planId", name="volumes"),
            "selects nothing",
        ),
        unknown=rewired(k.BACKUP_SELECTION, "planId", name="volumes"),
    ),
    stack_case(
        "buckets-are-whole",
        *(
            (dropped(kind, "journals"), f"journals: lacks {what}")
            for kind, what in (
                (k.BUCKET_ACCESS, "a block on public access"),
                (k.BUCKET_VERSIONING, "versions"),
                (k.BUCKET_ENCRYPTION, "a key"),
                (k.BUCKET_OWNERSHIP, "an owner"),
                (k.BUCKET_POLICY, "a policy"),
                (k.BUCKET_LIFECYCLE, "a lifecycle"),
                (k.BUCKET_LOCK, "a lock"),
            )
        ),
        unknown=rewired(k.BUCKET_POLICY, "bucket", name="journals"),
    ),
    stack_case(
        _KEYS,
        *(
            (rewired(kind, path, name=name), f"{path} is made from no key of this stack")
            for kind, path, name in (
                (k.BACKUP_VAULT, "kmsKeyArn", "hourly"),
                (k.BUCKET_ENCRYPTION, "rules", "journals"),
                (k.DATABASE, "kmsKeyId", "database"),
                (k.DATABASE, "masterUserSecretKmsKeyId", "database"),
                (k.INSTANCE, "rootBlockDevice", "alpha"),
                (k.LOG_GROUP, "kmsKeyId", "alpha"),
                (k.SECRET, "kmsKeyId", "redis-password"),
                (k.TOPIC, "kmsMasterKeyId", "alarms"),
                (k.TRAIL, "kmsKeyId", "trail"),
                (k.VOLUME, "kmsKeyId", "alpha-data"),
            )
        ),
        unknown=rewired(k.VOLUME, "kmsKeyId", name="alpha-data"),
    ),
    stack_case(
        "secrets-and-data-do-not-share-a-key",
        (
            rewired(k.SECRET, "kmsKeyId", (k.KEY, "logs"), name="redis-password"),
            "logs: secrets lie under it, and so do: ",
        ),
        unknown=rewired(k.SECRET, "kmsKeyId", (k.KEY, "logs"), name="redis-password"),
    ),
    stack_case(
        "replicas-lie-in-another-region",
        (
            changed(k.BUCKET, {"region": ABSENT}, "journals-replica"),
            "journals and journals-replica share a region",
        ),
        (
            rewired(k.BUCKET_REPLICATION, "rules", (k.KEY, "replica"), name="journals"),
            "does not lead from one bucket",
            {"data-outlives-the-region"},
        ),
        unknown=changed(k.BUCKET, {"region": UNKNOWN}, "journals-replica"),
    ),
    stack_case(
        "data-outlives-the-region",
        (dropped(k.BUCKET_REPLICATION, "journals"), "journals: has no replica"),
        (dropped(k.DATABASE_REPLICA, "database"), "has no replica of its backups"),
        unknown=rewired(k.BUCKET_REPLICATION, "bucket", (k.KEY, "replica"), name="journals"),
    ),
    stack_case(
        "vaults-are-locked-in-production",
        (dropped(k.BACKUP_LOCK, "hourly"), "hourly: has no lock"),
        unknown=rewired(k.BACKUP_LOCK, "backupVaultName", name="hourly"),
    ),
    stack_case(
        "topics-have-readers",
        (
            rewired(k.SUBSCRIPTION, "topic", name="alarms-0"),
            "alarms: has no reader",
        ),
        (
            rewired(k.ALARM, "alarmActions", name="redis-snapshot-age"),
            "tells no topic of this stack",
        ),
        unknown=rewired(k.ALARM, "alarmActions", name="redis-snapshot-age"),
    ),
    stack_case(
        "spending-is-watched",
        (dropped(k.BUDGET, "month"), "there is no budget"),
        # A budget is there or it is not: nothing of it is asked that could be unknown.
        unknown=dropped(k.BUDGET, "month"),
    ),
    stack_case(
        "account-is-watched-in-production",
        *(
            (dropped(kind, name), f"there is no {what}")
            for kind, name, what in (
                (k.TRAIL, "trail", "Trail"),
                (k.DETECTOR, "threats", "Detector"),
                (k.ANALYZER, "access", "Analyzer"),
            )
        ),
        unknown=dropped(k.TRAIL, "trail"),
    ),
)

SCOPE: tuple[StackCase, ...] = (
    stack_case(
        "nothing-is-made-that-nobody-judges",
        (
            added("aws:lambda/function:Function", "new", {"name": "new"}),
            "no policy judges aws:lambda/function:Function",
        ),
        (
            added("aws:ec2/spotInstanceRequest:SpotInstanceRequest", "new", {}),
            "no policy judges aws:ec2/spotInstanceRequest",
        ),
        unknown=added("aws:lambda/function:Function", "new", {"name": UNKNOWN}),
    ),
)
