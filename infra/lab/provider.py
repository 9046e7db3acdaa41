"""The lab's machines as resources of Pulumi: `up -s lab` boots them, `destroy` removes them.

A dynamic provider: Pulumi starts a process of this checkout's Python, which makes what `make
lab` makes. Everything that needs root happens there.
"""

from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
)

from infra.lab import network
from infra.lab.image import image_of
from infra.lab.lab import Lab
from infra.lab.plan import MACHINES, known, plan_of
from vanta.domain.errors import VantaError

_FIXED = ("lab", "machine", "image")
"""What makes it another machine: it is thrown away and booted anew."""


class MachineProvider(ResourceProvider):
    """Boots, reads and removes one machine of a lab.

    Inputs: `lab`, `machine`. Outputs: these, `address` and `image`, the image it was booted from.
    """

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        failures = []
        for field, look in (("lab", plan_of), ("machine", known)):
            try:
                look(news[field])
            except VantaError as error:
                failures.append(CheckFailure(field, str(error)))
        return CheckResult(news, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        wanted = {**news, "image": image_of(plan_of(news["lab"])).name}
        replaces = [field for field in _FIXED if olds.get(field) != wanted[field]]
        return DiffResult(
            changes=bool(replaces), replaces=replaces, stables=[], delete_before_replace=True
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        lab, machine = Lab(plan_of(props["lab"])), props["machine"]
        lab.up([machine])
        return CreateResult(f"{props['lab']}/{machine}", _outputs(lab, machine))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        name, _, machine = id_.partition("/")
        lab = Lab(plan_of(name))
        if lab.machine(machine).leader is None:
            return ReadResult("", {})
        # The image it was booted from is known from then; the disk does not say.
        return ReadResult(id_, {**_outputs(lab, machine), "image": props.get("image", "")})

    def delete(self, id_: str, _props: dict[str, Any]) -> None:
        name, _, machine = id_.partition("/")
        lab = Lab(plan_of(name))
        lab.off([machine])
        lab.machine(machine).reset()
        if all(lab.machine(other).leader is None for other in MACHINES):
            network.down(lab.plan)


def _outputs(lab: Lab, machine: str) -> dict[str, Any]:
    return {
        "lab": lab.plan.name,
        "machine": machine,
        "address": lab.plan.address(machine),
        "image": image_of(lab.plan).name,
    }


class LabMachine(Resource, module="lab", name="Machine"):
    """A machine of a lab.

    Args:
        name: of the resource.
        lab: which lab.
        machine: `jump`, `alpha`, `markets` or `executor`.
    """

    lab: Output[str]
    machine: Output[str]
    address: Output[str]
    image: Output[str]

    def __init__(
        self,
        name: str,
        *,
        lab: Input[str],
        machine: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {"lab": lab, "machine": machine, "address": None, "image": None}
        super().__init__(MachineProvider(), name, props, opts)
