"""Who may open a connection to whom: `topology/ports.yaml`, as security groups.

A flow becomes two rules, one at each end, so that neither side relies on the other's.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.topology import HTTPS, NODES, Flow, flows

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class SecurityGroupsArgs:
    """The network, where people come from, and the provider's list of its object store."""

    vpc: pulumi.Input[str]
    operators: tuple[IPv4Network, ...]


class SecurityGroups(Component):
    """One group a party of a flow, and one each for the way in and for AWS's own services."""

    def __init__(
        self, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("security-groups", opts)
        self._args = args
        self.groups = {
            party: self._group(party, purpose)
            for party, purpose in (
                ("jump", "The jump host."),
                ("alpha", "Alpha."),
                ("markets", "Markets."),
                ("executor", "The Executor."),
                ("database", "The managed Postgres."),
                ("entrance", "The load balancer that people enter through."),
                ("endpoint", "AWS services inside the network."),
            )
        }
        for flow in flows():
            self._open(flow)
        for node in NODES:
            self._ingress(
                f"aws-{node}", "endpoint", node, HTTPS, "AWS services, inside the network."
            )
            self._egress(
                f"outside-{node}",
                node,
                HTTPS,
                "AWS services inside, and names outside: which, the firewall judges.",
                cidr=_ANYWHERE,
            )
        self.register_outputs({})

    def group(self, party: str) -> pulumi.Output[str]:
        """The id of a party's group."""
        return self.groups[party].id

    def _group(self, party: str, purpose: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            party, vpc_id=self._args.vpc, description=purpose, opts=self.child()
        )

    def _open(self, flow: Flow) -> None:
        for source in flow.sources:
            name = f"{flow.name}-{source}"
            if source == "operators":
                # People are let in at the entrance, and it alone is let in at the jump host. The
                # load balancer keeps their address, which the group of a target never sees.
                for index, network in enumerate(self._args.operators):
                    aws.vpc.SecurityGroupIngressRule(
                        f"{name}-{index}",
                        security_group_id=self.group("entrance"),
                        description=flow.why,
                        ip_protocol=flow.protocol,
                        from_port=flow.port,
                        to_port=flow.port,
                        cidr_ipv4=str(network),
                        opts=self.child(),
                    )
                self._pair(name, "entrance", flow.to, flow.port, flow.why)
            else:
                self._pair(name, source, flow.to, flow.port, flow.why)

    def _pair(self, name: str, source: str, to: str, port: int, why: str) -> None:
        self._ingress(name, to, source, port, why)
        self._egress(name, source, port, why, group=to)

    def _ingress(self, name: str, to: str, source: str, port: int, why: str) -> None:
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=self.group(to),
            referenced_security_group_id=self.group(source),
            description=why,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self.child(),
        )

    def _egress(
        self, name: str, source: str, port: int, why: str, *, group: str = "", cidr: str = ""
    ) -> None:
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=self.group(source),
            referenced_security_group_id=self.group(group) if group else None,
            cidr_ipv4=cidr or None,
            description=why,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self.child(),
        )
