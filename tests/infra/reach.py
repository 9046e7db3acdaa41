"""Who can reach whom on what, computed from a recorded graph as AWS would judge a connection.

Security groups say who may open one and who may be opened to; network ACLs say what may cross a
subnet's edge, there and back; route tables say where a packet goes. Nothing here reads the topology
files: tests compare.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any

from tests.infra.recording import Recording, Resource

NODES = ("jump", "alpha", "markets", "executor")
INTERNET = "internet"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_ANSWER_PORTS = (32768, 60999)


@dataclass(frozen=True, order=True)
class Reach:
    """A connection that can be opened."""

    source: str
    to: str
    port: int


class Network:
    """A recorded network."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._groups = {
            group.answers["id"]: group.name
            for group in recording.of("aws:ec2/securityGroup:SecurityGroup")
        }
        self._subnets = {
            subnet.answers["id"]: subnet for subnet in recording.of("aws:ec2/subnet:Subnet")
        }
        self.cidr = IPv4Network(recording.one("aws:ec2/vpc:Vpc", "network").inputs["cidrBlock"])

    def inside(self) -> set[Reach]:
        """Every connection between two parties of the network, and from people outside to it."""
        found = {
            Reach(source, to, port)
            for source, to, port in self._permitted()
            if self._crosses(source, to, port)
        }
        return set(self._through_entrance(found))

    def from_outside(self) -> set[tuple[str, int, str]]:
        """Who can be reached from where outside: party, port and range."""
        return {
            (self._groups[rule.inputs["securityGroupId"]], port, rule.inputs["cidrIpv4"])
            for rule in self._recording.of(_INGRESS)
            if "cidrIpv4" in rule.inputs
            for port in _ports(rule)
        }

    def names_of(self, node: str) -> set[str]:
        """Names outside that the firewall lets a machine through to."""
        address = self._instance(node).inputs["privateIp"]
        found: set[str] = set()
        for group in self._recording.of("aws:networkfirewall/ruleGroup:RuleGroup"):
            rules = group.inputs["ruleGroup"]
            homes = [
                definition
                for one in rules["ruleVariables"]["ipSets"]
                if one["key"] == "HOME_NET"
                for definition in one["ipSet"]["definitions"]
            ]
            if any(IPv4Address(address) in ip_network(home) for home in homes):
                listed = rules["rulesSource"]["rulesSourceList"]
                assert listed["generatedRulesType"] == "ALLOWLIST"
                assert listed["targetTypes"] == ["TLS_SNI"]
                found |= set(listed["targets"])
        return found

    def way_out(self, tier: str, zone: str) -> list[str]:
        """What a packet to the internet passes, tier by tier, from a subnet on."""
        passed = [tier]
        while True:
            route = self._default_route(f"{tier}-{zone}")
            if route is None:
                return [*passed, "nowhere"]
            if "gatewayId" in route:
                return [*passed, INTERNET]
            if "vpcEndpointId" in route:
                zone = route["vpcEndpointId"][-1]
                tier = "firewall"
            elif "natGatewayId" in route:
                nat = self._by_id("aws:ec2/natGateway:NatGateway", route["natGatewayId"])
                subnet = self._subnets[nat.inputs["subnetId"]]
                tier, _, zone = subnet.name.rpartition("-")
            else:
                raise AssertionError(f"a route to what? {route}")
            assert tier not in passed, f"in a circle: {passed}"
            passed.append(tier)

    def _permitted(self) -> Iterator[tuple[str, str, int]]:
        """Pairs of groups of which one may open, and the other be opened to."""
        opens = {
            (self._groups[rule.inputs["securityGroupId"]], peer, port)
            for rule in self._recording.of(_EGRESS)
            for peer in self._peers(rule)
            for port in _ports(rule)
        }
        for rule in self._recording.of(_INGRESS):
            to = self._groups[rule.inputs["securityGroupId"]]
            for port in _ports(rule):
                for source in self._peers(rule):
                    if source == "outside" or (source, to, port) in opens:
                        yield ("operators" if source == "outside" else source), to, port

    def _peers(self, rule: Resource) -> list[str]:
        """Who a rule speaks of, as names of groups; `outside` for whoever is in no group."""
        if group := rule.inputs.get("referencedSecurityGroupId"):
            return [self._groups[group]]
        named = ip_network(rule.inputs["cidrIpv4"])
        everybody = list(self._groups.values()) if named.overlaps(self.cidr) else []
        return [*everybody, *([] if named.subnet_of(self.cidr) else ["outside"])]  # type: ignore[arg-type]

    def _through_entrance(self, found: Iterable[Reach]) -> Iterator[Reach]:
        """With the load balancer left out: who reaches it reaches what lies behind its port."""
        behind = {
            int(group.inputs["port"]): next(
                node
                for node in NODES
                if self._instance(node).answers["id"]
                == self._recording.one(
                    "aws:lb/targetGroupAttachment:TargetGroupAttachment", group.name
                ).inputs["targetId"]
            )
            for group in self._recording.of("aws:lb/targetGroup:TargetGroup")
        }
        onward = {reach.port: reach.to for reach in found if reach.source == "entrance"}
        for reach in found:
            if reach.to == "entrance" and onward.get(reach.port) == behind.get(reach.port):
                yield Reach(reach.source, behind[reach.port], reach.port)
            elif "entrance" not in {reach.source, reach.to}:
                yield reach

    def _crosses(self, source: str, to: str, port: int) -> bool:
        """Whether the edges of the subnets let it there, and the answer back."""
        if source == "operators":
            people = [
                IPv4Network(cidr) for party, _, cidr in self.from_outside() if party == "entrance"
            ]
            addresses = [person[1] for person in people]
            return all(
                self._wall("entrance", "ingress", address, port)
                and self._wall("entrance", "egress", address, _ANSWER_PORTS[0])
                # The load balancer keeps their addresses: the target's edge judges them, too.
                and self._wall("node", "ingress", address, port)
                and self._wall("node", "egress", address, _ANSWER_PORTS[0])
                for address in addresses
            )
        here, there = self._tier(source), self._tier(to)
        ours = self.cidr[20]
        return (
            self._wall(here, "egress", ours, port)
            and self._wall(there, "ingress", ours, port)
            and self._wall(there, "egress", ours, _ANSWER_PORTS[0])
            and self._wall(here, "ingress", ours, _ANSWER_PORTS[0])
        )

    @staticmethod
    def _tier(party: str) -> str:
        apart = {"database": "data", "endpoint": "endpoint", "entrance": "entrance"}
        return apart.get(party, "node")

    def _wall(self, tier: str, direction: str, peer: IPv4Address, port: int) -> bool:
        acl = self._recording.one("aws:ec2/networkAcl:NetworkAcl", tier)
        for rule in sorted(acl.inputs[direction], key=lambda rule: float(rule["ruleNo"])):
            everything = rule["protocol"] == "-1"
            if peer in ip_network(rule["cidrBlock"]) and (
                everything or rule["fromPort"] <= port <= rule["toPort"]
            ):
                return bool(rule["action"] == "allow")
        return False

    def wall_open_to_all(self, port: int) -> set[str]:
        """Tiers whose edge lets anybody's packets to a port in."""
        stranger = IPv4Address("1.1.1.1")
        tiers = (acl.name for acl in self._recording.of("aws:ec2/networkAcl:NetworkAcl"))
        return {tier for tier in tiers if self._wall(tier, "ingress", stranger, port)}

    def _default_route(self, table_name: str) -> Mapping[str, Any] | None:
        table = self._recording.one("aws:ec2/routeTable:RouteTable", table_name).answers["id"]
        routes = [
            route.inputs
            for route in self._recording.of("aws:ec2/route:Route")
            if route.inputs["routeTableId"] == table
            and route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
        ]
        assert len(routes) <= 1, f"{table_name} has {len(routes)} ways out"
        return routes[0] if routes else None

    def _by_id(self, kind: str, identifier: str) -> Resource:
        return next(
            found for found in self._recording.of(kind) if found.answers["id"] == identifier
        )

    def _instance(self, node: str) -> Resource:
        return self._recording.one("aws:ec2/instance:Instance", node)


def _ports(rule: Resource) -> range:
    if rule.inputs["ipProtocol"] == "-1":
        return range(65536)
    return range(int(rule.inputs["fromPort"]), int(rule.inputs["toPort"]) + 1)
