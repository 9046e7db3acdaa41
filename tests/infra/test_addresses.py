"""The plan of the network: everything has room, nothing overlaps, machines stay where they are."""

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.addresses import TIERS, address, resolver, subnet
from infra.topology import NODES
from tests.infra.recording import ENVIRONMENTS, recorded

_LEAST = 28
"""The smallest subnet there can be."""


@given(st.integers(16, 20), st.integers(0, 255))
def test_no_two_ranges_overlap_and_each_is_large_enough(prefix: int, second: int) -> None:
    network = IPv4Network((f"10.{second}.0.0", prefix))
    ranges = [subnet(network, zone, tier) for zone in range(4) for tier in TIERS]
    assert all(one.subnet_of(network) and one.prefixlen <= _LEAST for one in ranges)
    assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))


@given(st.integers(16, 20), st.integers(0, 3))
def test_a_machine_has_an_address_that_is_free_in_its_subnet(prefix: int, zone: int) -> None:
    network = IPv4Network(("10.40.0.0", prefix))
    home = subnet(network, zone, "node")
    found = [address(network, zone, node) for node in NODES]
    assert len(set(found)) == len(NODES)
    taken = {home[0], home[1], home[2], home[3], home[-1], resolver(network)}
    assert all(one in home and one not in taken for one in found)


def test_an_address_is_known_by_heart() -> None:
    network = IPv4Network("10.40.0.0/16")
    assert [address(network, 0, node) for node in NODES] == [
        IPv4Address(f"10.40.0.{last}") for last in (10, 11, 12, 13)
    ]
    assert address(network, 2, "executor") == IPv4Address("10.40.32.13")


def test_environments_could_be_joined() -> None:
    networks = [
        IPv4Network(recorded(stack).one("aws:ec2/vpc:Vpc", "network").inputs["cidrBlock"])
        for stack in ENVIRONMENTS
    ]
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_subnet_and_no_machine_has_a_public_address(stack: str) -> None:
    recording = recorded(stack)
    subnets = recording.of("aws:ec2/subnet:Subnet")
    assert all(one.inputs["mapPublicIpOnLaunch"] is False for one in subnets)
    machines = recording.of("aws:ec2/instance:Instance")
    assert {one.name for one in machines} == set(NODES)
    assert all(one.inputs["associatePublicIpAddress"] is False for one in machines)
    addresses = recording.of("aws:ec2/eip:Eip")
    assert all(one.name.startswith("nat-") for one in addresses)
