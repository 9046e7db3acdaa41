"""Who can reach whom, computed from the graph, is what `ports.yaml` and `egress.yaml` declare."""

from dataclasses import replace

import pytest

from infra.topology import NODES, domains_of, flows
from tests.infra.reach import Network, Reach
from tests.infra.recording import ENVIRONMENTS, Recording, Resource, recorded

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_DECLARED = {Reach(source, flow.to, flow.port) for flow in flows() for source in flow.sources} | {
    Reach(node, "endpoint", 443) for node in NODES
}
"""With what needs no line of its own: AWS's services inside the network."""


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_reach_is_what_is_declared(stack: str) -> None:
    assert Network(recorded(stack)).inside() == _DECLARED


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_the_executor_opens_ssh_from_the_jump_host_and_nothing_else(stack: str) -> None:
    reached = {reach for reach in Network(recorded(stack)).inside() if reach.to == "executor"}
    assert reached == {Reach("jump", "executor", 22)}


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_nobody_outside_reaches_anything_but_the_entrance(stack: str) -> None:
    assert {(party, port) for party, port, _ in Network(recorded(stack)).from_outside()} == {
        ("entrance", 22)
    }


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_people_enter_from_the_ranges_of_the_stack_file_alone(stack: str) -> None:
    assert {cidr for _, _, cidr in Network(recorded(stack)).from_outside()} == {"8.8.4.0/28"}


@pytest.mark.parametrize("stack", ENVIRONMENTS)
@pytest.mark.parametrize("node", NODES)
def test_a_machine_reaches_its_own_names_outside(stack: str, node: str) -> None:
    assert sorted(Network(recorded(stack)).names_of(node)) == domains_of(node)  # type: ignore[arg-type]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_machines_leave_through_the_inspection(stack: str) -> None:
    network = Network(recorded(stack))
    zones = {subnet.name[-1] for subnet in recorded(stack).of("aws:ec2/subnet:Subnet")}
    for zone in zones:
        assert network.way_out("node", zone) == ["node", "firewall", "edge", "internet"]
        assert network.way_out("data", zone) == ["data", "nowhere"]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_answers_come_back_through_the_inspection_that_saw_the_question(stack: str) -> None:
    recording = recorded(stack)
    out = {
        route.name.removeprefix("node-").removesuffix("-out"): route.inputs["vpcEndpointId"]
        for route in recording.of("aws:ec2/route:Route")
        if route.name.startswith("node-")
    }
    back = {
        route.name.rpartition("-")[2]: route.inputs["vpcEndpointId"]
        for route in recording.of("aws:ec2/route:Route")
        if "-back-" in route.name
    }
    assert back == out


@pytest.mark.parametrize("stack", ENVIRONMENTS)
@pytest.mark.parametrize("port", [22, 3389])
def test_no_edge_lets_strangers_administer(stack: str, port: int) -> None:
    assert Network(recorded(stack)).wall_open_to_all(port) == set()


def _without(kind: str, name: str) -> Recording:
    found = recorded("dev")
    kept = [one for one in found.resources if (one.type, one.name) != (kind, name)]
    assert len(kept) == len(found.resources) - 1
    return replace(found, resources=tuple(kept))


def _with(kind: str, name: str, **changed: object) -> Recording:
    """The graph with one more resource, which is like another but for what is said."""
    found = recorded("dev")
    like = found.one(kind, name)
    inputs = {key: value for key, value in (like.inputs | changed).items() if value is not None}
    more: Resource = replace(like, name="more", inputs=inputs)
    return replace(found, resources=(*found.resources, more))


@pytest.mark.parametrize("kind", [_INGRESS, _EGRESS])
def test_a_rule_that_is_missing_is_missed(kind: str) -> None:
    rules = [rule.name for rule in recorded("dev").of(kind)]
    assert len(rules) > 20
    for rule in rules:
        assert Network(_without(kind, rule)).inside() < _DECLARED, rule


def test_a_rule_too_many_is_seen() -> None:
    wider = _with(_INGRESS, "redis-markets", toPort=6400.0)
    assert Network(wider).inside() == _DECLARED, "the other side does not open to those ports"
    both = replace(
        wider,
        resources=(
            *wider.resources,
            *_with(_EGRESS, "redis-markets", toPort=6400.0).resources[-1:],
        ),
    )
    assert Network(both).inside() - _DECLARED == {
        Reach("markets", "alpha", port) for port in range(6380, 6401)
    }


def test_an_open_executor_is_seen() -> None:
    changed = {"referencedSecurityGroupId": None, "cidrIpv4": "0.0.0.0/0"}
    opened = _with(_INGRESS, "ssh-executor-jump", **changed)
    assert ("executor", 22, "0.0.0.0/0") in Network(opened).from_outside()


def test_a_way_around_the_inspection_is_seen() -> None:
    found = recorded("dev")
    around = {"vpcEndpointId": None, "gatewayId": "igw-0"}
    route = _with("aws:ec2/route:Route", "node-a-out", **around).resources[-1]
    kept = [one for one in found.resources if one.name != "node-a-out"]
    assert Network(replace(found, resources=(*kept, route))).way_out("node", "a") == [
        "node",
        "internet",
    ]
