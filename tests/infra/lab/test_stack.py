"""The stack `lab`, run as Pulumi runs it, before a recorder (graph-verified)."""

import pytest

from infra.lab.plan import MACHINES
from tests.infra.recording import Recording, record


@pytest.fixture(scope="module")
def lab() -> Recording:
    return record("lab", config={"vanta:lab": "lab"})


def test_it_has_every_machine_and_nothing_else(lab: Recording) -> None:
    machines = [each for each in lab.resources if each.type != "pulumi:pulumi:Stack"]
    assert {each.type for each in machines} == {"pulumi-python:dynamic/lab:Machine"}
    assert sorted(each.name for each in machines) == sorted(MACHINES)


def test_each_says_which_it_is_and_brings_its_provider(lab: Recording) -> None:
    for each in lab.resources:
        if each.name in MACHINES:
            assert (each.inputs["lab"], each.inputs["machine"]) == ("lab", each.name)
            assert each.inputs["__provider"]


def test_it_tells_ansible_what_every_environment_does(lab: Recording) -> None:
    assert lab.outputs["environment"] == "lab"
    assert set(lab.outputs["inventory"]["nodes"]["children"]) == {"alpha", "workers"}
