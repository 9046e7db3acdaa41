"""The stack `lab`: what `make lab` makes, as resources of Pulumi, for those who have its command.

`pulumi up -s lab` boots the machines and `pulumi destroy -s lab` throws them away; between the two
it is Ansible's, like any other environment.
"""

import pulumi

from infra.lab.inventory import inventory_of
from infra.lab.plan import DEFAULT, MACHINES, plan_of
from infra.lab.provider import LabMachine

LAB = "lab"
"""The name of the stack."""


def make() -> None:
    """Ask for every machine, and export what Ansible reads."""
    name = pulumi.Config("vanta").get("lab") or DEFAULT
    made = {machine: LabMachine(machine, lab=name, machine=machine) for machine in MACHINES}
    pulumi.export("environment", LAB)
    pulumi.export("addresses", {machine: each.address for machine, each in made.items()})
    pulumi.export("inventory", inventory_of(plan_of(name)))
