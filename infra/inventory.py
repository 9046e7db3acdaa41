"""What a stack says, as Ansible reads it.

`pulumi stack output --json | python -m infra.inventory`

It writes `stack.json` into the environment's folder of `ansible/inventories`, beside the groups
that are there: addresses, the way in, and the ranges people come from. No secret is in it, so it
can be committed and its changes read.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vanta.domain.errors import MalformedError, VantaError

INVENTORIES = Path(__file__).parents[1] / "ansible" / "inventories"


class _Node(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    address: str
    volumes: dict[str, str]
    services: list[str]


class _Metrics(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    namespace: str
    region: str


class _Outputs(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    environment: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    entrance: str
    network: str
    operators: list[str]
    nodes: dict[str, _Node]
    buckets: dict[str, str]
    backups: str
    metrics: _Metrics


def inventory_of(outputs: object) -> tuple[str, dict[str, Any]]:
    """The environment's name, and what Ansible has to know of its machines.

    Raises:
        MalformedError: they are not the outputs of one of our stacks.
    """
    try:
        stack = _Outputs.model_validate(outputs)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedError(
            first["msg"],
            code="STACK_OUTPUTS",
            place=".".join(str(part) for part in first["loc"]),
            remedy="give it what `pulumi stack output --json` prints after an `up`",
        ) from error
    return stack.environment, {
        "all": {
            "hosts": {
                f"{node}-{stack.environment}": _variables(stack, node) for node in stack.nodes
            }
        }
    }


def _variables(stack: _Outputs, node: str) -> dict[str, Any]:
    """Of each machine and not of `all`: what the playbooks' own folder says of all would win."""
    machine = stack.nodes[node]
    found: dict[str, Any] = {
        "vanta_environment": stack.environment,
        "vanta_role": node,
        "vanta_cidr": stack.network,
        "vanta_operators": stack.operators,
        "vanta_address": machine.address,
        "vanta_name": machine.name,
        "vanta_volumes": machine.volumes,
        "vanta_buckets": stack.buckets,
        "vanta_cloud": _cloud(stack, node),
        "ansible_host": stack.entrance if node == "jump" else machine.address,
    }
    if node != "jump":
        user = "{{ ansible_user }}"
        found["ansible_ssh_common_args"] = f"-o ProxyJump={user}@{stack.entrance}"
    return found


def _cloud(stack: _Outputs, node: str) -> dict[str, Any]:
    """What of the cloud's own services a machine uses; nobody but Alpha has backups.

    Of the jump host nothing is told: it runs none of what tells.
    """
    services = stack.nodes[node].services
    found: dict[str, Any] = {"services": services} if services else {}
    if node != "jump":
        found["metrics"] = stack.metrics.model_dump()
    return found | ({"backups": stack.backups} if node == "alpha" else {})


def write(text: str, folder: Path = INVENTORIES) -> Path:
    """Write the inventory of whichever stack the text is of.

    Raises:
        MalformedError: the text is not a stack's outputs, or nothing is known of its environment.
    """
    try:
        outputs = json.loads(text)
    except ValueError as error:
        raise MalformedError(
            "not JSON",
            code="STACK_OUTPUTS",
            place="standard input",
            remedy="pulumi stack output --json | python -m infra.inventory",
        ) from error
    environment, inventory = inventory_of(outputs)
    home = folder / environment
    if not home.is_dir():
        raise MalformedError(
            "no inventory of that environment",
            code="NO_INVENTORY",
            place=str(home),
            remedy="copy another environment's folder first: docs/how-to/add-an-environment.md",
        )
    path = home / "stack.json"
    waiting = path.with_suffix(".tmp")
    waiting.write_text(json.dumps(inventory, indent=2, sort_keys=True) + "\n")
    waiting.replace(path)
    return path


def _main() -> int:
    try:
        path = write(sys.stdin.read())
    except VantaError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 1
    print(os.path.relpath(path))  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(_main())
