"""What the provider would say of a new resource: its id, its ARN, and what else is computed.

All of it is made up from names, so that two runs agree and a value shows where it came from.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT = "210987654321"
REGION = "us-east-1"

Properties = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A resource that is registered."""

    kind: str
    name: str
    inputs: Mapping[str, Any]

    @property
    def region(self) -> str:
        """Where it is made."""
        return str(self.inputs.get("region") or REGION)

    @property
    def physical(self) -> str:
        """Its name in the account, by our pattern of auto-naming."""
        return f"vanta-{self.name}-{self.hex(6)}"

    def hex(self, length: int = 17) -> str:
        """Digits that are this resource's."""
        return hashlib.sha256(f"{self.kind}/{self.name}".encode()).hexdigest()[:length]

    def arn(self, service: str, rest: str, *, everywhere: bool = False) -> str:
        """An ARN in the account."""
        return f"arn:aws:{service}:{'' if everywhere else self.region}:{ACCOUNT}:{rest}"


Answer = Callable[[Asked], tuple[str, Properties]]


def made_up(asked: Asked) -> tuple[str, Properties]:
    """The id, and whatever else the provider would say."""
    short = asked.kind.rsplit(":", 1)[-1].lower()
    service = asked.kind.removeprefix("aws:").partition("/")[0]
    known: Properties = {
        "arn": asked.arn(service, f"{short}/{asked.physical}"),
        "name": asked.physical,
        "region": asked.region,
    }
    identifier, own = _OWN.get(asked.kind, _prefixed(short))(asked)
    return identifier, known | own | dict(asked.inputs)


def _prefixed(prefix: str) -> Answer:
    return lambda asked: (f"{prefix}-{asked.hex()}", {})


def _bucket(asked: Asked) -> tuple[str, Properties]:
    return asked.physical, {"bucket": asked.physical, "arn": f"arn:aws:s3:::{asked.physical}"}


def _key(asked: Asked) -> tuple[str, Properties]:
    digest = asked.hex(32)
    key = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
    return key, {"keyId": key, "arn": asked.arn("kms", f"key/{key}")}


def _role(asked: Asked) -> tuple[str, Properties]:
    return asked.physical, {"arn": asked.arn("iam", f"role/{asked.physical}", everywhere=True)}


def _log_group(asked: Asked) -> tuple[str, Properties]:
    name = asked.inputs["name"]
    return name, {"arn": asked.arn("logs", f"log-group:{name}")}


def _secret(asked: Asked) -> tuple[str, Properties]:
    arn = asked.arn("secretsmanager", f"secret:{asked.inputs['name']}-a1B2c3")
    return arn, {"arn": arn}


def _topic(asked: Asked) -> tuple[str, Properties]:
    arn = asked.arn("sns", asked.physical)
    return arn, {"arn": arn}


def _subnet(asked: Asked) -> tuple[str, Properties]:
    # The zone is in the id, for the firewall to find its own again.
    return f"subnet-{asked.hex()}@{asked.inputs['availabilityZone']}", {}


def _firewall(asked: Asked) -> tuple[str, Properties]:
    zones = [mapping["subnetId"].split("@")[-1] for mapping in asked.inputs["subnetMappings"]]
    states = [
        {
            "availabilityZone": zone,
            "attachments": [{"endpointId": f"vpce-{asked.hex()}@{zone}", "subnetId": ""}],
        }
        for zone in zones
    ]
    return f"firewall-{asked.hex()}", {"firewallStatuses": [{"syncStates": states}]}


def _database(asked: Asked) -> tuple[str, Properties]:
    secret = {
        "secretArn": asked.arn("secretsmanager", f"secret:rds!db-{asked.hex()}-a1B2c3"),
        "secretStatus": "active",
        "kmsKeyId": asked.inputs["kmsKeyId"],
    }
    return asked.physical, {
        "arn": asked.arn("rds", f"db:{asked.physical}"),
        "address": f"{asked.physical}.abcdefghijkl.{asked.region}.rds.amazonaws.com",
        "masterUserSecrets": [secret],
    }


def _balancer(asked: Asked) -> tuple[str, Properties]:
    arn = asked.arn("elasticloadbalancing", f"loadbalancer/net/{asked.physical}/{asked.hex(16)}")
    return arn, {"arn": arn, "dnsName": f"{asked.physical}.elb.{asked.region}.amazonaws.com"}


def _vpc(asked: Asked) -> tuple[str, Properties]:
    return f"vpc-{asked.hex()}", {"defaultNetworkAclId": f"acl-{asked.hex()}"}


def _eip(asked: Asked) -> tuple[str, Properties]:
    allocation = f"eipalloc-{asked.hex()}"
    return allocation, {"allocationId": allocation}


def _zone(asked: Asked) -> tuple[str, Properties]:
    zone = f"Z{asked.hex(13).upper()}"
    return zone, {"zoneId": zone}


_OWN: dict[str, Answer] = {
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:ebs/volume:Volume": _prefixed("vol"),
    "aws:ec2/eip:Eip": _eip,
    "aws:ec2/instance:Instance": _prefixed("i"),
    "aws:ec2/internetGateway:InternetGateway": _prefixed("igw"),
    "aws:ec2/natGateway:NatGateway": _prefixed("nat"),
    "aws:ec2/routeTable:RouteTable": _prefixed("rtb"),
    "aws:ec2/securityGroup:SecurityGroup": _prefixed("sg"),
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:iam/role:Role": _role,
    "aws:kms/key:Key": _key,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:networkfirewall/firewall:Firewall": _firewall,
    "aws:rds/instance:Instance": _database,
    "aws:route53/zone:Zone": _zone,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:sns/topic:Topic": _topic,
}
