"""The lab as an inventory of Ansible: the same groups and names as in any other environment."""

import json
from typing import Any

from infra.lab.image import USER
from infra.lab.plan import MACHINES, Plan


def inventory_of(plan: Plan) -> dict[str, Any]:
    """Every machine in the form `ansible-inventory --list` has, for scripts that print inventories.

    Args:
        plan: of the lab.
    """
    shared = {
        "vanta_environment": "dev",
        "vanta_cidr": plan.network,
        "vanta_operators": [f"{plan.host}/32"],
        "vanta_people": _people(plan),
        # Names are asked for here, where nobody answers unless a test does.
        "vanta_resolvers": [plan.host],
        "vanta_time_servers": [],
        # The kernel is this host's: what it refuses a container is left out, and said so.
        "vanta_container": True,
    }
    # Of each machine, and not of `all`: what the playbooks' own folder says of all would win.
    hosts = {
        f"{machine}-{plan.name}": {
            **shared,
            "ansible_host": plan.address(machine),
            "ansible_user": USER,
            "ansible_ssh_common_args": f"-F {plan.keys}/config",
            "vanta_role": machine,
            "vanta_address": plan.address(machine),
            **_of_the_fund(plan, machine),
        }
        for machine in MACHINES
    }
    return {
        **{machine: {"hosts": [f"{machine}-{plan.name}"]} for machine in MACHINES},
        "workers": {"children": ["markets", "executor"]},
        "nodes": {"children": ["alpha", "workers"]},
        "all": {"children": ["jump", "nodes"]},
        "_meta": {"hostvars": hosts},
    }


def _people(plan: Plan) -> list[dict[str, Any]]:
    """Ada operates the lab, by the key its host has; nobody does before there is a lab."""
    key = plan.keys / "operator.pub"
    return [{"name": "ada", "keys": [key.read_text().strip()]}] if key.exists() else []


def _of_the_fund(plan: Plan, machine: str) -> dict[str, Any]:
    """What is so because of the lab's practice fund, once it has one."""
    variables = plan.fund / "variables.json"
    said: dict[str, dict[str, Any]] = {}
    if variables.exists():
        said = json.loads(variables.read_text())
    return said.get(machine, {})
