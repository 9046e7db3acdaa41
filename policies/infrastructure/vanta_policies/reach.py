"""Who can reach whom, computed from the whole network: groups, subnets, routes and names."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    ADDRESS,
    BALANCER,
    BALANCER_TARGET,
    DATABASE,
    DATABASE_SUBNETS,
    DEFAULT_GROUP,
    DNS_ASSOCIATION,
    DNS_CONFIG,
    DNS_GROUP,
    DNS_LIST,
    DNS_LOG_ASSOCIATION,
    DNS_RULE,
    EGRESS_RULE,
    FIREWALL,
    FIREWALL_LOG,
    FLOW_LOG,
    GROUP,
    INGRESS_RULE,
    INSTANCE,
    INTERNET_GATEWAY,
    NAT,
    ROUTE,
    ROUTE_ASSOCIATION,
    ROUTE_TABLE,
    SUBNET,
    VPC,
)
from vanta_policies.rule import CRITICAL, HIGH, MEDIUM, numbers, words
from vanta_policies.stack import Finding, Member, Stack, stack_rule

_DEFAULTS = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class _Flow:
    """A rule of a security group: from a group, or from addresses, to a group, on a port."""

    rule: Member
    here: str
    """The group whose rule it is."""
    there: str
    """The group at the other end; empty where that is addresses."""
    port: int | None

    @property
    def addresses(self) -> tuple[str, ...]:
        return (*self.rule.texts("cidrIpv4"), *self.rule.texts("cidrIpv6"))


def _flows(stack: Stack, kind: str) -> Iterator[_Flow]:
    for one in stack.of(kind):
        here = stack.needed(one, "securityGroupId", GROUP)
        there = stack.needed(one, "referencedSecurityGroupId", GROUP)
        first, last = one.number("fromPort"), one.number("toPort")
        yield _Flow(
            one,
            here[0].name if here else "",
            there[0].name if there else "",
            first if first == last else None,
        )


@stack_rule(
    "internet-reaches-the-jump-host-alone",
    INGRESS_RULE,
    grounds=(cis("5.3"), design("reach")),
    severity=CRITICAL,
    remedy="a flow in infra/topology/ports.yaml whose source is another machine; operators come to"
    " the entrance, and the entrance to the jump host",
    settings={
        "entrances": words("entrance", says="Groups that people come to from outside."),
        "behind": words("jump", says="Groups that may be reached from an entrance."),
        "ports": numbers(22, says="Ports on which that may be."),
    },
)
def internet(stack: Stack) -> Iterator[Finding]:
    """From outside there is one way: operators' addresses, SSH, the entrance, the jump host."""
    told = stack.settings
    for flow in _flows(stack, INGRESS_RULE):
        if not flow.here:
            yield Finding("belongs to no security group of this stack", flow.rule)
            continue
        outside = [text for text in flow.addresses if not ip_network(text, strict=False).is_private]
        if outside and (flow.here not in told["entrances"] or flow.port not in told["ports"]):
            yield Finding(
                f"{', '.join(outside)} reaches {flow.here} on {flow.port or 'many ports'}",
                flow.rule,
            )
        through = flow.there in told["entrances"]
        if through and (flow.here not in told["behind"] or flow.port not in told["ports"]):
            yield Finding(
                f"{flow.here} is reached from outside through {flow.there}, on"
                f" {flow.port or 'many ports'}",
                flow.rule,
            )


@stack_rule(
    "executor-opens-ssh-to-the-jump-host-alone",
    INGRESS_RULE,
    grounds=design("executor"),
    severity=CRITICAL,
    remedy="let the Executor reach out: it fetches, pushes and asks, and nobody asks it",
    settings={
        "nodes": words("executor", says="Groups of machines that open no port but SSH."),
        "jump": words("jump", says="Groups that administer."),
    },
)
def executor(stack: Stack) -> Iterator[Finding]:
    """The Executor opens no port but SSH, and that to the jump host alone."""
    for flow in _flows(stack, INGRESS_RULE):
        if flow.here not in stack.settings["nodes"]:
            continue
        if flow.there not in stack.settings["jump"] or flow.port != 22:  # noqa: PLR2004 - SSH
            whom = flow.there or ", ".join(flow.addresses) or "nobody known"
            yield Finding(f"{whom} reaches it on {flow.port or 'many ports'}", flow.rule)


@stack_rule(
    "both-ends-of-a-flow-agree",
    INGRESS_RULE,
    EGRESS_RULE,
    grounds=design("reach"),
    severity=HIGH,
    remedy="infra/components/security_groups.py makes both rules of a flow; make none beside it",
)
def both_ends(stack: Stack) -> Iterator[Finding]:
    """What one group may send another may receive, and the other way round."""
    arriving = {(flow.there, flow.here, flow.port): flow for flow in _flows(stack, INGRESS_RULE)}
    leaving = {(flow.here, flow.there, flow.port): flow for flow in _flows(stack, EGRESS_RULE)}
    everywhere = {
        (flow.here, flow.port)
        for flow in leaving.values()
        if any(text in _DEFAULTS for text in flow.addresses)
    }
    for ends, flow in arriving.items():
        if flow.there and ends not in leaving and (flow.there, flow.port) not in everywhere:
            yield Finding(f"{flow.there} may not send what {flow.here} may receive", flow.rule)
    for ends, flow in leaving.items():
        if flow.there and ends not in arriving:
            yield Finding(f"{flow.there} may not receive what {flow.here} may send", flow.rule)


def _ways_out(stack: Stack, subnet: Member) -> Iterator[Member]:
    """The routes of a subnet to everywhere."""
    for association in stack.needing(subnet, "subnetId", ROUTE_ASSOCIATION):
        for table in stack.needed(association, "routeTableId", ROUTE_TABLE):
            for route in stack.needing(table, "routeTableId", ROUTE):
                to = (
                    *route.texts("destinationCidrBlock"),
                    *route.texts("destinationIpv6CidrBlock"),
                )
                if any(text in _DEFAULTS for text in to):
                    yield route


@stack_rule(
    "machines-lie-inside",
    INSTANCE,
    grounds=(design("volumes"), design("egress")),
    severity=CRITICAL,
    remedy="subnet_id=... of a subnet whose table leads to the firewall, or nowhere",
)
def inside(stack: Stack) -> Iterator[Finding]:
    """A machine lies in a subnet of ours, whose one way out leads through the firewall."""
    for machine in stack.of(INSTANCE):
        subnets = stack.needed(machine, "subnetId", SUBNET)
        if not subnets:
            yield Finding("lies in no subnet of this stack", machine)
        for subnet in subnets:
            if not stack.needing(subnet, "subnetId", ROUTE_ASSOCIATION):
                yield Finding(f"{subnet.name} has no table of its own", machine)
            for route in _ways_out(stack, subnet):
                if stack.needed(route, "gatewayId", INTERNET_GATEWAY):
                    yield Finding(f"{subnet.name} is open to the internet", machine)
                elif not stack.needed(route, "vpcEndpointId", FIREWALL):
                    yield Finding(f"{subnet.name} leads out past the firewall", machine)


@stack_rule(
    "databases-lie-deep-inside",
    DATABASE,
    grounds=(cis("2.2.3"), design("reach")),
    severity=CRITICAL,
    remedy="a subnet group of subnets whose tables lead nowhere, in two zones or more",
)
def database_inside(stack: Stack) -> Iterator[Finding]:
    """A database lies in subnets of two zones that lead nowhere outside."""
    for database in stack.of(DATABASE):
        groups = stack.needed(database, "dbSubnetGroupName", DATABASE_SUBNETS)
        if not groups:
            yield Finding("lies in no subnet group of this stack", database)
        for group in groups:
            subnets = stack.needed(group, "subnetIds", SUBNET)
            zones = {subnet.at("availabilityZone") for subnet in subnets}
            if len(zones) < 2:  # noqa: PLR2004 - a standby needs another
                yield Finding(f"{group.name} spans {len(zones)} zone", database)
            for subnet in subnets:
                if list(_ways_out(stack, subnet)):
                    yield Finding(f"{subnet.name} leads outside", database)


@stack_rule(
    "public-addresses-are-for-the-way-out",
    ADDRESS,
    grounds=design("volumes"),
    severity=CRITICAL,
    remedy="an address belongs to a NAT gateway; machines have none, and people enter through the"
    " load balancer",
)
def addresses(stack: Stack) -> Iterator[Finding]:
    """A public address belongs to a NAT gateway and to nothing else."""
    for address in stack.of(ADDRESS):
        if address.states("instance") or address.states("networkInterface"):
            yield Finding("is a machine's", address)
        elif not stack.needing(address, "allocationId", NAT):
            yield Finding("is no NAT gateway's", address)


@stack_rule(
    "entrance-leads-to-the-jump-host-alone",
    BALANCER_TARGET,
    grounds=design("reach"),
    severity=CRITICAL,
    remedy="target_id=... of the jump host",
    settings={"behind": words("jump", says="Machines that people reach through the entrance.")},
)
def entrance(stack: Stack) -> Iterator[Finding]:
    """What people reach through the load balancer is the jump host."""
    for target in stack.of(BALANCER_TARGET):
        machines = [one.name for one in stack.needed(target, "targetId", INSTANCE)]
        if not machines or not {*machines} <= {*stack.settings["behind"]}:
            yield Finding(f"leads to {', '.join(machines) or 'what is not of this stack'}", target)


@stack_rule(
    "networks-are-watched",
    VPC,
    grounds=(cis("3.7"), cis("5.5"), design("egress")),
    severity=HIGH,
    remedy="infra/components/network.py and firewall.py make them; one made beside them lacks them",
)
def watched(stack: Stack) -> Iterator[Finding]:
    """Each network has logs of its flows and names, a closed default group, and judges of both."""
    for network in stack.of(VPC):
        for path, kind, what in (
            ("vpcId", FLOW_LOG, "a log of its flows"),
            ("vpcId", DEFAULT_GROUP, "a default group that is ours"),
            ("resourceId", DNS_CONFIG, "a name server that fails closed"),
            ("vpcId", DNS_ASSOCIATION, "rules of its name server"),
            ("resourceId", DNS_LOG_ASSOCIATION, "a log of the names that are asked for"),
        ):
            if not stack.needing(network, path, kind):
                yield Finding(f"lacks {what}", network)
    for firewall in stack.of(FIREWALL):
        if not stack.needing(firewall, "firewallArn", FIREWALL_LOG):
            yield Finding("lacks a log", firewall)


@stack_rule(
    "name-server-blocks-the-rest",
    DNS_GROUP,
    grounds=design("egress"),
    severity=HIGH,
    remedy="a last rule with action='BLOCK' whose list is '*.'",
)
def names_blocked(stack: Stack) -> Iterator[Finding]:
    """The last rule of the name server blocks every name that no rule before it allows."""
    for group in stack.of(DNS_GROUP):
        rules = stack.needing(group, "firewallRuleGroupId", DNS_RULE)
        if not rules:
            yield Finding("has no rules", group)
            continue
        last = max(rules, key=lambda one: one.number("priority") or 0)
        lists = stack.needed(last, "firewallDomainListId", DNS_LIST)
        everything = any({"*", "*."} & {*names.texts("domains")} for names in lists)
        if last.at("action") != "BLOCK" or not everything:
            yield Finding(f"its last rule, {last.name}, does not block everything", group)


@stack_rule(
    "machines-have-groups-of-their-own",
    INSTANCE,
    BALANCER,
    grounds=design("reach"),
    severity=MEDIUM,
    remedy="vpc_security_group_ids=[the node's own group]",
)
def own_groups(stack: Stack) -> Iterator[Finding]:
    """Each machine is in one security group, which no other machine is in."""
    taken: dict[str, Member] = {}
    for machine in stack.of(INSTANCE, BALANCER):
        path = "vpcSecurityGroupIds" if machine.kind == INSTANCE else "securityGroups"
        groups = stack.needed(machine, path, GROUP)
        if len(groups) != 1:
            yield Finding(f"is in {len(groups)} groups of this stack", machine)
        for group in groups:
            if group.urn in taken:
                yield Finding(f"shares {group.name} with {taken[group.urn].name}", machine)
            taken[group.urn] = machine


RULES = (
    internet,
    executor,
    both_ends,
    inside,
    database_inside,
    addresses,
    entrance,
    watched,
    names_blocked,
    own_groups,
)
