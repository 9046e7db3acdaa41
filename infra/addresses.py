"""Where everything lies in the network: a pure function of its range, so that a plan can be read.

Each zone gets one sixteenth of the network, and each tier of the zone one sixteenth of that. A
machine's address is fixed by its name, because the firewall, nftables and sshd all judge by it.
"""

from ipaddress import IPv4Address, IPv4Network
from itertools import islice
from typing import Literal

from infra.topology import NODES, Node

Tier = Literal["node", "data", "endpoint", "firewall", "edge", "entrance"]
TIERS: tuple[Tier, ...] = ("node", "data", "endpoint", "firewall", "edge", "entrance")
"""`node`: the machines. `data`: the database. `endpoint`: AWS's own services, apart from the
machines since it hands addresses out as it likes. `firewall`: the inspection. `edge`: the way out.
`entrance`: the way in."""

_SHARE = 4
_FIRST_HOST = 10
"""The provider keeps the first four of each subnet for itself."""


def subnet(network: IPv4Network, zone: int, tier: Tier) -> IPv4Network:
    """The range of one tier in the zone with this index."""
    block = next(islice(network.subnets(prefixlen_diff=_SHARE), zone, None))
    return next(islice(block.subnets(prefixlen_diff=_SHARE), TIERS.index(tier), None))


def address(network: IPv4Network, zone: int, node: Node) -> IPv4Address:
    """The address of a machine that lies in the zone with this index."""
    return subnet(network, zone, "node")[_FIRST_HOST + NODES.index(node)]


def resolver(network: IPv4Network) -> IPv4Address:
    """The provider's name server: the third address of the network."""
    return network[2]
