"""The machines: the three nodes and the jump host. None has a public address."""

import json
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.components import Component
from infra.components.network import Network
from infra.topology import Node

DATA_DEVICE = "/dev/sdf"
NFS_DEVICE = "/dev/sdg"


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
    protect: bool


class Machine(Component):
    """One machine: its disk is its system's, what it must not lose is on a volume beside it."""

    def __init__(
        self, node: Node, args: MachineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node", opts, node)
        self._args = args
        self.node = node
        self.instance = self._instance()
        self.data = self.volume("data", args.machine.data_gib, DATA_DEVICE)
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
            ),
            ebs_optimized=True,
            monitoring=True,
            disable_api_termination=args.protect,
            maintenance_options=aws.ec2.InstanceMaintenanceOptionsArgs(auto_recovery="default"),
            user_data=first_boot(args.region, args.operator_keys, args.agent),
            # First boot is once: another key or agent is Ansible's to bring to a machine that runs.
            user_data_replace_on_change=False,
            tags={"vanta:node": self.node},
            opts=self.child(),
        )

    def volume(self, purpose: str, gib: int, device: str) -> aws.ebs.Volume | None:
        """An encrypted volume that outlives the machine; none where it has no size."""
        if not gib:
            return None
        args = self._args
        name = f"{self.node}-{purpose}"
        volume = aws.ebs.Volume(
            name,
            availability_zone=f"{args.region}{args.machine.zone}",
            size=gib,
            type="gp3",
            encrypted=True,
            kms_key_id=args.key,
            tags={"vanta:node": self.node, "vanta:backup": "hourly"},
            opts=self.child(),
        )
        aws.ec2.VolumeAttachment(
            name,
            instance_id=self.instance.id,
            volume_id=volume.id,
            device_name=device,
            # A machine is stopped before its disk is taken away.
            stop_instance_before_detaching=True,
            opts=self.child(),
        )
        return volume


def first_boot(region: str, keys: tuple[str, ...], agent: settings.Agent | None) -> str:
    """What cloud-init does once, so that Ansible and Session Manager can do the rest."""
    config: dict[str, object] = {
        "ssh_pwauth": False,
        "disable_root": True,
        "ssh_authorized_keys": list(keys),
        "packages": ["python3"],
    }
    if agent is not None:
        file = "/var/tmp/amazon-ssm-agent.deb"  # noqa: S108 - of the machine's first boot, as root
        source = (
            f"https://amazon-ssm-{region}.s3.{region}.amazonaws.com/{agent.version}"
            "/debian_amd64/amazon-ssm-agent.deb"
        )
        config["runcmd"] = [
            ["curl", "--fail", "--silent", "--show-error", "--output", file, source],
            ["sh", "-euc", f"echo '{agent.sha256}  {file}' | sha256sum --check && dpkg -i {file}"],
        ]
    return "#cloud-config\n" + json.dumps(config, indent=2) + "\n"
