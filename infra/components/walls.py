"""Network ACLs: what may cross the edge of each tier at all, whatever a security group says.

They know no connections, so an answer needs a rule of its own: the ports that Linux opens
connections from, and for NAT every high one. A tier that is not listed here may nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.addresses import TIERS, Tier
from infra.components import Component
from infra.components.network import Network
from infra.topology import HTTPS

_ANYWHERE = "0.0.0.0/0"
_SSH = 22
_REMOTE_DESKTOP = 3389
_LINUX = (32768, 60999)
"""Ports that a machine opens connections from."""
_NAT = (1024, 65535)
"""Ports that NAT opens connections from."""


@dataclass(frozen=True)
class Rule:
    """What may, or may not, cross in one direction; `ports` of TCP, or everything."""

    direction: Literal["in", "out"]
    peer: str
    ports: tuple[int, int] | None = None
    action: Literal["allow", "deny"] = "allow"

    @property
    def protocol(self) -> str:
        """In the words of AWS, where everything is -1."""
        return "tcp" if self.ports else "-1"

    @property
    def low(self) -> int:
        """The lowest port."""
        return self.ports[0] if self.ports else 0

    @property
    def high(self) -> int:
        """The highest port."""
        return self.ports[1] if self.ports else 0


def rules_of(tier: Tier, network: IPv4Network, operators: tuple[IPv4Network, ...]) -> list[Rule]:
    """The rules of one tier, the first that matches deciding."""
    inside = [Rule("in", str(network)), Rule("out", str(network))]
    people = [str(range_) for range_ in operators]
    match tier:
        case "data" | "endpoint":
            return inside
        case "node":
            return [
                *inside,
                # The entrance keeps people's own addresses.
                *(Rule("in", person, (_SSH, _SSH)) for person in people),
                *(Rule("out", person, _NAT) for person in people),
                Rule("in", _ANYWHERE, _LINUX),
                Rule("out", _ANYWHERE, (HTTPS, HTTPS)),
            ]
        case "firewall":
            return [
                *inside,
                Rule("in", _ANYWHERE, _LINUX),
                Rule("out", _ANYWHERE, (HTTPS, HTTPS)),
            ]
        case "edge":
            return [
                *inside,
                # Within the ports that NAT opens connections from, and nobody's business here.
                Rule("in", _ANYWHERE, (_REMOTE_DESKTOP, _REMOTE_DESKTOP), "deny"),
                Rule("in", _ANYWHERE, _NAT),
                Rule("out", _ANYWHERE, (HTTPS, HTTPS)),
            ]
        case "entrance":
            return [
                *inside,
                *(Rule("in", person, (_SSH, _SSH)) for person in people),
                *(Rule("out", person, _NAT) for person in people),
            ]


@dataclass(frozen=True)
class WallsArgs:
    """The network, and from where people enter it."""

    network: Network
    operators: tuple[IPv4Network, ...]


class Walls(Component):
    """One list a tier, and an empty one for whatever has none."""

    def __init__(self, args: WallsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("walls", opts)
        network = args.network
        aws.ec2.DefaultNetworkAcl(
            "default",
            default_network_acl_id=network.vpc.default_network_acl_id,
            ingress=[],
            egress=[],
            opts=self.child(),
        )
        for tier in TIERS:
            rules = rules_of(tier, network.args.cidr, args.operators)
            aws.ec2.NetworkAcl(
                tier,
                vpc_id=network.vpc.id,
                subnet_ids=[subnet.id for (of, _), subnet in network.subnets.items() if of == tier],
                ingress=[
                    aws.ec2.NetworkAclIngressArgs(
                        rule_no=number,
                        action=rule.action,
                        protocol=rule.protocol,
                        cidr_block=rule.peer,
                        from_port=rule.low,
                        to_port=rule.high,
                    )
                    for number, rule in _numbered(rules, "in")
                ],
                egress=[
                    aws.ec2.NetworkAclEgressArgs(
                        rule_no=number,
                        action=rule.action,
                        protocol=rule.protocol,
                        cidr_block=rule.peer,
                        from_port=rule.low,
                        to_port=rule.high,
                    )
                    for number, rule in _numbered(rules, "out")
                ],
                opts=self.child(),
            )
        self.register_outputs({})


def _numbered(rules: list[Rule], direction: str) -> Iterator[tuple[int, Rule]]:
    chosen = (rule for rule in rules if rule.direction == direction)
    return ((100 + 10 * index, rule) for index, rule in enumerate(chosen))
