"""The way in: one address that people's SSH arrives at, before a jump host that has none.

A load balancer rather than a public address on the machine, so that no machine has one and the
jump host's own traffic leaves through the inspection like everybody's. It keeps the address that
people come from: sshd and nftables on the jump host judge and log by it.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.network import Network

_SSH = 22


@dataclass(frozen=True)
class EntranceArgs:
    """The network, the group that says from where, and the machine behind it."""

    network: Network
    group: pulumi.Input[str]
    jump: pulumi.Input[str]
    protect: bool


class Entrance(Component):
    """A network load balancer for one port and one machine."""

    def __init__(self, args: EntranceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("entrance", opts)
        self.balancer = aws.lb.LoadBalancer(
            "entrance",
            load_balancer_type="network",
            internal=False,
            subnets=[args.network.subnets["entrance", zone].id for zone in args.network.args.zones],
            security_groups=[args.group],
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=args.protect,
            opts=self.child(after=[args.network.gateway]),
        )
        target = aws.lb.TargetGroup(
            "jump",
            vpc_id=args.network.vpc.id,
            port=_SSH,
            protocol="TCP",
            target_type="instance",
            preserve_client_ip="true",
            health_check=aws.lb.TargetGroupHealthCheckArgs(protocol="TCP", port=str(_SSH)),
            opts=self.child(),
        )
        aws.lb.TargetGroupAttachment(
            "jump", target_group_arn=target.arn, target_id=args.jump, port=_SSH, opts=self.child()
        )
        aws.lb.Listener(
            "ssh",
            load_balancer_arn=self.balancer.arn,
            port=_SSH,
            protocol="TCP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target.arn)
            ],
            opts=self.child(),
        )
        self.register_outputs({})
