"""What cloud-init does once, so that Ansible and Session Manager can do the rest."""

import json
from collections.abc import Mapping

import pulumi

from infra.settings import Agent

_OPTIONS = (
    "noatime,nodev,nosuid,nofail,"
    # The file system is made where there is none, and grows with its volume.
    "x-systemd.makefs,x-systemd.growfs,x-systemd.device-timeout=15min"
)


def first_boot(
    region: str,
    keys: tuple[str, ...],
    agent: Agent | None,
    mounts: Mapping[str, pulumi.Input[str]],
) -> pulumi.Output[str]:
    """The text of cloud-init.

    Args:
        region: where AWS's agent is fetched from.
        keys: public keys that may log in first.
        agent: of Session Manager, if it is to be there.
        mounts: ids of volumes by where they are mounted. They are attached while the machine
            boots, so what mounts them waits for them, and boot does not wait for it.
    """

    def text(ids: list[str]) -> str:
        config = _config(region, keys, agent, dict(zip(mounts, ids, strict=True)))
        return f"#cloud-config\n{json.dumps(config, indent=2)}\n"

    return pulumi.Output.all(*mounts.values()).apply(text)


def _config(
    region: str, keys: tuple[str, ...], agent: Agent | None, volumes: Mapping[str, str]
) -> dict[str, object]:
    commands: list[list[str]] = []
    if volumes:
        units = [where.strip("/").replace("/", "-") + ".mount" for where in sorted(volumes)]
        commands += [
            ["systemctl", "daemon-reload"],
            ["systemctl", "start", "--no-block", *units],
        ]
    if agent is not None:
        commands += _install(region, agent)
    return {
        "ssh_pwauth": False,
        "disable_root": True,
        "ssh_authorized_keys": list(keys),
        "mounts": [
            [_device(volume), where, "ext4", _OPTIONS, "0", "2"]
            for where, volume in sorted(volumes.items())
        ],
        "runcmd": commands,
    }


def _device(volume: str) -> str:
    """The name that udev gives a volume, whatever letter the machine found it under."""
    return f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def _install(region: str, agent: Agent) -> list[list[str]]:
    file = "/var/tmp/amazon-ssm-agent.deb"  # noqa: S108 - nobody else is on the machine yet
    source = (
        f"https://s3.{region}.amazonaws.com/amazon-ssm-{region}/{agent.version}"
        "/debian_amd64/amazon-ssm-agent.deb"
    )
    checked = f"echo '{agent.sha256}  {file}' | sha256sum --check && dpkg --install {file}"
    return [
        ["curl", "--fail", "--silent", "--show-error", "--output", file, source],
        ["sh", "-euc", checked],
    ]
