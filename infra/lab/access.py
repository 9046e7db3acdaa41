"""The way into the machines: one key, host keys known beforehand, all through the jump host."""

import subprocess
from pathlib import Path

from infra.lab.image import USER
from infra.lab.plan import MACHINES, Plan
from infra.lab.programs import run


def make_keys(plan: Plan) -> None:
    """The operator's key, a host key for each machine, and the configuration that uses them."""
    plan.keys.mkdir(parents=True, exist_ok=True)
    plan.keys.chmod(0o700)
    for name in ("operator", *(f"host_{machine}" for machine in MACHINES)):
        if not (plan.keys / name).exists():
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {name}"]
            run([*words, "-f", plan.keys / name])
    hosts = [
        f"{plan.address(machine)} {(plan.keys / f'host_{machine}.pub').read_text().strip()}\n"
        for machine in MACHINES
    ]
    (plan.keys / "known_hosts").write_text("".join(hosts))
    (plan.keys / "config").write_text(_config(plan))


def _config(plan: Plan) -> str:
    """An SSH configuration in which `ssh -F FILE executor` is all one types."""
    hosts = []
    for machine in MACHINES:
        through = "" if machine == "jump" else "  ProxyJump jump\n"
        address = plan.address(machine)
        hosts.append(f"Host {machine} {address}\n  HostName {address}\n{through}")
    # OpenSSH goes by the first value it finds, so what holds for all comes last.
    return f"""{"".join(hosts)}Host *
  User {USER}
  IdentityFile {plan.keys}/operator
  IdentitiesOnly yes
  UserKnownHostsFile {plan.keys}/known_hosts
  StrictHostKeyChecking yes
  LogLevel ERROR
  ServerAliveInterval 15
  ControlMaster auto
  ControlPath {plan.keys}/%C
  ControlPersist 120
"""


def ssh(plan: Plan, machine: str, *words: str) -> list[str]:
    """The words that run something on a machine, as an operator would."""
    return ["ssh", "-F", str(plan.keys / "config"), machine, *words]


def shell(plan: Plan, machine: str) -> int:
    """A shell on a machine, until it ends; returns how."""
    return subprocess.run(ssh(plan, machine), check=False).returncode


def authorized(plan: Plan) -> str:
    """The line by which a machine knows the operator."""
    return Path(plan.keys / "operator.pub").read_text()
