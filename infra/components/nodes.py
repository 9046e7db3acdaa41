"""The machines: the three nodes and the jump host. None has a public address."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.components import Component
from infra.components.network import Network
from infra.components.volumes import Volume
from infra.first_boot import first_boot
from infra.topology import Node


@dataclass(frozen=True)
class MachineArgs:
    """One machine, and what it is let in with."""

    region: str
    network: Network
    machine: settings.Machine
    address: IPv4Address
    image: str
    operator_keys: tuple[str, ...]
    agent: settings.Agent | None
    group: pulumi.Input[str]
    profile: pulumi.Input[str]
    key: pulumi.Input[str]
    volumes: Sequence[Volume]
    root_tags: dict[str, str]
    protect: bool


class Machine(Component):
    """One machine: its disk is its system's, what it must not lose is on a volume beside it."""

    def __init__(
        self, node: Node, args: MachineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node", opts, node)
        self._args = args
        self.node = node
        self.volumes = args.volumes
        self.instance = self._instance()
        for volume in self.volumes:
            self._attach(volume)
        self.register_outputs({})

    def _instance(self) -> aws.ec2.Instance:
        args = self._args
        return aws.ec2.Instance(
            self.node,
            ami=args.image,
            instance_type=args.machine.instance_type,
            subnet_id=args.network.subnets["node", args.machine.zone].id,
            private_ip=str(args.address),
            associate_public_ip_address=False,
            vpc_security_group_ids=[args.group],
            iam_instance_profile=args.profile,
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # A container or a proxy on the machine is one hop further, and gets nothing.
                http_put_response_hop_limit=1,
                instance_metadata_tags="disabled",
            ),
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                encrypted=True,
                kms_key_id=args.key,
                volume_type="gp3",
                volume_size=args.machine.root_gib,
                delete_on_termination=True,
                tags=args.root_tags,
            ),
            ebs_optimized=True,
            monitoring=True,
            disable_api_termination=args.protect,
            maintenance_options=aws.ec2.InstanceMaintenanceOptionsArgs(auto_recovery="default"),
            user_data=first_boot(
                args.region,
                args.operator_keys,
                args.agent,
                {volume.where: volume.volume.id for volume in self.volumes},
            ),
            # First boot is once: another key or agent is Ansible's to bring to a machine that runs.
            user_data_replace_on_change=False,
            tags={"vanta:node": self.node},
            opts=self.child(),
        )

    def _attach(self, volume: Volume) -> None:
        aws.ec2.VolumeAttachment(
            volume.name,
            instance_id=self.instance.id,
            volume_id=volume.volume.id,
            device_name=volume.device,
            # A machine is stopped before its disk is taken away.
            stop_instance_before_detaching=True,
            opts=self.child(),
        )
