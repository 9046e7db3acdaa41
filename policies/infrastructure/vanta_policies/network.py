"""The network: who may come in, what may leave, and who writes it down."""

from collections.abc import Iterator
from ipaddress import ip_network

from vanta_policies.document import statements
from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    ACL,
    ACL_RULE,
    DEFAULT_ACL,
    DEFAULT_GROUP,
    DNS_CONFIG,
    DNS_RULE,
    EGRESS_RULE,
    ENDPOINT,
    FIREWALL,
    FIREWALL_POLICY,
    FIREWALL_RULES,
    FLOW_LOG,
    GROUP,
    GROUP_RULE,
    INGRESS_RULE,
    SUBNET,
)
from vanta_policies.part import Part
from vanta_policies.rule import CRITICAL, HIGH, LOW, MEDIUM, Resource, at_least, numbers, rule

_RANGES = ("cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock")
_EVERY_PROTOCOL = ("-1", "all", "-1.0")


def _ranges(given: Part) -> list[str]:
    return [text for path in _RANGES for text in given.texts(path)]


def _width(text: str) -> int:
    """How many addresses, as a power of two."""
    network = ip_network(text, strict=False)
    return network.max_prefixlen - network.prefixlen


def _ports(given: Part) -> tuple[int, int] | None:
    """The first and the last port; none where every port and protocol is meant."""
    protocol = str(given.at("ipProtocol") or given.at("protocol") or "-1").lower()
    first, last = given.number("fromPort"), given.number("toPort")
    if protocol in _EVERY_PROTOCOL or first is None or last is None:
        return None
    return first, last


@rule(
    "ingress-not-from-the-internet",
    INGRESS_RULE,
    grounds=(cis("5.3"), cis("5.4"), design("reach")),
    severity=CRITICAL,
    remedy="name the security group that may come in, or the operators' own addresses",
    settings={"bits": at_least(8, "How many addresses a range may have, as a power of two.")},
)
def no_anywhere(one: Resource) -> Iterator[str]:
    """Nothing comes in from a range so wide that strangers are in it, whatever the port."""
    for text in _ranges(one):
        if _width(text) > one.settings["bits"]:
            yield f"from {text}: more than {2 ** one.settings['bits']} addresses"


@rule(
    "ingress-is-for-one-port",
    INGRESS_RULE,
    grounds=design("reach"),
    severity=HIGH,
    remedy="one rule a flow: protocol, and the same port twice",
)
def one_port(one: Resource) -> Iterator[str]:
    """A rule that lets in is for one port of one protocol."""
    ports = _ports(one)
    if ports is None:
        yield "every port of every protocol"
    elif ports[0] != ports[1]:
        yield f"ports {ports[0]} to {ports[1]}"


@rule(
    "ingress-says-from-whom",
    INGRESS_RULE,
    grounds=design("reach"),
    severity=HIGH,
    remedy="referenced_security_group_id=..., or cidr_ipv4=... of the operators",
)
def says_from_whom(one: Resource) -> Iterator[str]:
    """A rule that lets in names a security group or a range; a list that AWS keeps is neither."""
    if one.states("prefixListId"):
        yield "from a prefix list, which others may lengthen"
    elif not any(one.states(path) for path in (*_RANGES, "referencedSecurityGroupId")):
        yield "from nobody: neither a group nor a range"


@rule(
    "egress-outside-is-https-alone",
    EGRESS_RULE,
    grounds=design("egress"),
    severity=HIGH,
    remedy="port 443 by TCP; which names, the network's firewall judges",
    settings={"ports": numbers(443, says="Ports on which what is outside may be reached.")},
)
def https_alone(one: Resource) -> Iterator[str]:
    """What is outside the private network is reached over HTTPS and no other way."""
    outside = [text for text in _ranges(one) if not ip_network(text, strict=False).is_private]
    ports = _ports(one)
    allowed = ports is not None and ports[0] == ports[1] and ports[0] in one.settings["ports"]
    if outside and not allowed:
        on = "every port" if ports is None else f"ports {ports[0]} to {ports[1]}"
        yield f"to {', '.join(outside)} on {on}"


@rule(
    "group-rules-stand-alone",
    GROUP,
    GROUP_RULE,
    grounds=design("reach"),
    severity=HIGH,
    remedy="a SecurityGroupIngressRule or SecurityGroupEgressRule for each flow",
)
def stand_alone(one: Resource) -> Iterator[str]:
    """Each rule of a security group is a resource of its own: who reaches whom is counted."""
    if one.kind == GROUP_RULE:
        yield "a rule of the old kind, which no policy follows"
    for direction in ("ingress", "egress"):
        if one.kind == GROUP and (one.pending(direction) or list(one.each(direction))):
            yield f"{direction} rules within the group"


@rule(
    "default-group-allows-nothing",
    DEFAULT_GROUP,
    grounds=cis("5.5"),
    severity=HIGH,
    remedy="DefaultSecurityGroup(..., ingress=[], egress=[])",
    repair=lambda inputs: inputs.update(ingress=[], egress=[]),
)
def default_closed(one: Resource) -> Iterator[str]:
    """What is made without a group of its own reaches nobody and is reached by nobody."""
    for direction in ("ingress", "egress"):
        if list(one.each(direction)):
            yield f"{direction} has rules"


@rule(
    "group-says-what-it-is-for",
    GROUP,
    INGRESS_RULE,
    EGRESS_RULE,
    grounds=design("reach"),
    severity=LOW,
    remedy="description=... in a sentence; a group's own cannot be changed afterwards",
)
def described(one: Resource) -> Iterator[str]:
    """A security group and each of its rules says what it is for."""
    text = str(one.at("description") or "")
    if len(text) < 5 or text == "Managed by Pulumi":  # noqa: PLR2004 - "SSH." is not a sentence
        yield "description is missing"


@rule(
    "subnet-gives-no-public-address",
    SUBNET,
    grounds=design("volumes"),
    severity=HIGH,
    remedy="map_public_ip_on_launch=False, or leave it out",
    repair=lambda inputs: inputs.update(
        mapPublicIpOnLaunch=False, assignIpv6AddressOnCreation=False
    ),
)
def subnet_private(one: Resource) -> Iterator[str]:
    """No subnet gives a public address to what is launched in it."""
    for name in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"):
        if one.at(name) is True:
            yield f"{name} is True"


@rule(
    "flow-log-leaves-nothing-out",
    FLOW_LOG,
    grounds=cis("3.7"),
    severity=MEDIUM,
    remedy="traffic_type='ALL', max_aggregation_interval=60",
    settings={"seconds": at_least(60, "The longest time one line may cover.", lowest=60)},
)
def flow_log_all(one: Resource) -> Iterator[str]:
    """A network's log has what was let through as well as what was not, minute by minute."""
    if one.at("trafficType") != "ALL":
        yield "trafficType is not 'ALL'"
    if (one.number("maxAggregationInterval") or 600) > one.settings["seconds"]:
        yield f"maxAggregationInterval is over {one.settings['seconds']} seconds"


@rule(
    "network-list-lets-no-stranger-administer",
    ACL,
    ACL_RULE,
    grounds=cis("5.2"),
    severity=HIGH,
    remedy="no allowing entry from 0.0.0.0/0 or ::/0 that has 22 or 3389 within its ports",
    settings={"ports": numbers(22, 3389, says="Ports that machines are administered on.")},
)
def acl_closed(one: Resource) -> Iterator[str]:
    """No network list lets the internet through to a port that machines are administered on."""
    entries: list[Part] = [one] if one.kind == ACL_RULE and one.at("egress") is not True else []
    if one.kind == ACL:
        entries = sorted(one.each("ingress"), key=lambda each: each.number("ruleNo") or 0)
    for port in one.settings["ports"]:
        for each in entries:
            # The first entry that a stranger's packet matches decides.
            if not _for_strangers(each, port):
                continue
            if str(each.at("ruleAction") or each.at("action")).lower() != "deny":
                yield f"from {_ranges(each)[0]} to port {port}"
            break


def _for_strangers(entry: Part, port: int) -> bool:
    """Whether an entry decides about everybody's packets to a port of TCP."""
    everybody = any(ip_network(text, strict=False).prefixlen == 0 for text in _ranges(entry))
    protocol = str(entry.at("protocol")).removesuffix(".0")
    ports = _ports(entry)
    within = ports is None or ports[0] <= port <= ports[1]
    return everybody and protocol in ("tcp", "6", *_EVERY_PROTOCOL) and within


@rule(
    "default-list-allows-nothing",
    DEFAULT_ACL,
    grounds=design("reach"),
    severity=MEDIUM,
    remedy="DefaultNetworkAcl(..., ingress=[], egress=[])",
    repair=lambda inputs: inputs.update(ingress=[], egress=[]),
)
def default_list_closed(one: Resource) -> Iterator[str]:
    """A subnet without a network list of its own lets nothing in and nothing out."""
    for direction in ("ingress", "egress"):
        if list(one.each(direction)):
            yield f"{direction} has entries"


@rule(
    "firewall-drops-what-is-not-listed",
    FIREWALL_POLICY,
    grounds=design("egress"),
    severity=CRITICAL,
    remedy="rule_order='STRICT_ORDER', stateful_default_actions=['aws:drop_established', ...]",
)
def firewall_strict(one: Resource) -> Iterator[str]:
    """The firewall reads its rules in the order they have, and drops what none of them allows."""
    within = "firewallPolicy"
    if one.at(f"{within}.statefulEngineOptions.ruleOrder") != "STRICT_ORDER":
        yield "statefulEngineOptions.ruleOrder is not 'STRICT_ORDER'"
    if one.at(f"{within}.statefulEngineOptions.streamExceptionPolicy") not in ("DROP", "REJECT"):
        yield "statefulEngineOptions.streamExceptionPolicy lets a broken connection go on"
    actions = one.texts(f"{within}.statefulDefaultActions")
    if not {"aws:drop_strict", "aws:drop_established", "aws:drop_established_app_layer"} & {
        *actions
    }:
        yield "statefulDefaultActions drops nothing"
    for name in ("statelessDefaultActions", "statelessFragmentDefaultActions"):
        if one.texts(f"{within}.{name}") not in (("aws:forward_to_sfe",), ("aws:drop",)):
            yield f"{name} lets packets past the rules"


@rule(
    "firewall-list-names-whole-names",
    FIREWALL_RULES,
    grounds=design("egress"),
    severity=HIGH,
    remedy="generated_rules_type='ALLOWLIST', target_types=['TLS_SNI'], whole names as targets",
)
def firewall_names(one: Resource) -> Iterator[str]:
    """What may be reached outside is a list of whole names, asked for over TLS."""
    listed = "ruleGroup.rulesSource.rulesSourceList"
    if one.at(listed) is None:
        yield "its source is not a list of names"
        return
    if one.at(f"{listed}.generatedRulesType") != "ALLOWLIST":
        yield "generatedRulesType is not 'ALLOWLIST'"
    if one.texts(f"{listed}.targetTypes") != ("TLS_SNI",):
        yield "targetTypes is not TLS_SNI alone: a name in plain HTTP proves nothing"
    loose = [name for name in one.texts(f"{listed}.targets") if name.startswith(".") or "*" in name]
    if loose:
        yield f"targets: {', '.join(loose)} is whatever somebody puts in front of it"


@rule(
    "firewall-stands-in-production",
    FIREWALL,
    grounds=design("protection"),
    severity=HIGH,
    remedy="delete_protection, subnet_change_protection, firewall_policy_change_protection: True",
    in_production=True,
    repair=lambda inputs: inputs.update(
        deleteProtection=True, subnetChangeProtection=True, firewallPolicyChangeProtection=True
    ),
)
def firewall_stands(one: Resource) -> Iterator[str]:
    """In production the firewall cannot be deleted, moved or swapped by one command."""
    names = ("deleteProtection", "subnetChangeProtection", "firewallPolicyChangeProtection")
    off = [name for name in names if one.at(name) is not True]
    if off:
        yield f"{', '.join(off)}: not True"


@rule(
    "name-server-fails-closed",
    DNS_CONFIG,
    grounds=design("egress"),
    severity=HIGH,
    remedy="firewall_fail_open='DISABLED'",
    repair=lambda inputs: inputs.update(firewallFailOpen="DISABLED"),
)
def dns_closed(one: Resource) -> Iterator[str]:
    """A name server whose rules cannot be read answers nothing."""
    if one.at("firewallFailOpen") != "DISABLED":
        yield "firewallFailOpen is not 'DISABLED'"


@rule(
    "name-server-does-not-only-watch",
    DNS_RULE,
    grounds=design("egress"),
    severity=MEDIUM,
    remedy="action='ALLOW' for what is listed, 'BLOCK' for the rest",
)
def dns_decides(one: Resource) -> Iterator[str]:
    """A rule of the name server lets through or blocks; one that only alerts does neither."""
    if one.at("action") not in ("ALLOW", "BLOCK"):
        yield f"action is {one.at('action')}"


@rule(
    "endpoint-lets-in-only-ours",
    ENDPOINT,
    grounds=design("reach"),
    severity=HIGH,
    remedy="policy=... with whole actions, bound by aws:PrincipalAccount or to named resources",
    document=True,
)
def endpoint_ours(one: Resource) -> Iterator[str]:
    """An endpoint lets this account's principals do named things, and is no way out for others."""
    if not one.states("policy"):
        yield "policy is not set: everybody may do everything through it"
    for each in statements(one, "policy"):
        if not each.allows:
            continue
        loose = [action for action in each.actions if "*" in action]
        if loose or each.inverted:
            yield f"{each.where} allows {', '.join(loose) or 'all but what it names'}"
        keys = ("aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalArn")
        bound = any(each.demands(key) for key in keys)
        if not bound and (each.anybody or not each.principals) and "*" in each.resources:
            yield f"{each.where} is bound by no account and names no resource"


RULES = (
    no_anywhere,
    one_port,
    says_from_whom,
    https_alone,
    stand_alone,
    default_closed,
    described,
    subnet_private,
    flow_log_all,
    acl_closed,
    default_list_closed,
    firewall_strict,
    firewall_names,
    firewall_stands,
    dns_closed,
    dns_decides,
    endpoint_ours,
)
