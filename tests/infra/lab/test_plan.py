"""Which machines a lab has: names and addresses, before anything is booted."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from infra.lab.image import packages
from infra.lab.inventory import inventory_of
from infra.lab.plan import MACHINES, plan_of
from vanta.domain.errors import RefusedError


def test_two_labs_share_neither_bridge_nor_range_nor_folder(tmp_path: Path) -> None:
    one, other = plan_of("lab", tmp_path), plan_of("molecule", tmp_path)
    assert one.bridge != other.bridge
    assert not ip_network(one.network).overlaps(ip_network(other.network))
    assert one.folder("alpha") != other.folder("alpha")


@pytest.mark.parametrize("name", ["lab", "molecule", "a", "nine9nine"])
def test_machines_lie_in_the_labs_own_range_and_links_have_names_linux_takes(name: str) -> None:
    plan = plan_of(name)
    addresses = [plan.address(machine) for machine in MACHINES]
    assert len(set(addresses)) == len(MACHINES)
    assert all(ip_address(address) in ip_network(plan.network) for address in addresses)
    assert plan.host not in addresses
    assert len(plan.bridge) <= 15


@pytest.mark.parametrize("name", ["", "ten-letter", "a/b", "..", "tenletters", "ä"])
def test_a_name_that_no_bridge_can_have_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VANTA_LAB", raising=False)
    if not name:
        assert plan_of(name).name == "lab"
        return
    with pytest.raises(RefusedError, match="LAB_NAME"):
        plan_of(name)


def test_a_machine_nobody_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(RefusedError, match="jump, alpha, markets, executor"):
        plan_of("lab").address("beta")


def test_the_inventory_has_the_groups_of_every_other_environment() -> None:
    inventory = inventory_of(plan_of("lab"))
    assert set(inventory["nodes"]["children"]) == {"alpha", "workers"}
    assert set(inventory["workers"]["children"]) == {"markets", "executor"}
    for host, values in inventory["_meta"]["hostvars"].items():
        assert inventory[values["vanta_role"]]["hosts"] == [host]
        assert values["vanta_address"] == values["ansible_host"]


def test_the_packages_of_the_image_are_listed_once_and_sorted() -> None:
    listed = packages()
    assert listed == sorted(set(listed))
