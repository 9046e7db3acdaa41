"""The two topology files: read strictly, and complete beside what the code of the nodes names."""

import re
from pathlib import Path

import pytest

from infra.topology import NODES, domains_of, flows, outside, read_egress, read_ports
from vanta.domain.errors import MalformedError

VANTA = Path(__file__).parents[2] / "vanta"
_HOST = re.compile(r"(?:https|wss)://([a-z0-9.-]+)")
_FLOW = (
    "flows:\n  - {name: a, from: [markets], to: alpha, port: 1, protocol: tcp, "
    "why: because it is so}\n"
)


def _hosts(path: Path) -> set[str]:
    return set(_HOST.findall(path.read_text())) - {"localhost"}


def test_the_executor_reaches_every_vendor_that_its_configuration_can_name() -> None:
    vendors = _hosts(VANTA / "node" / "config.py")
    assert "api.alpaca.markets" in vendors
    assert vendors <= set(domains_of("executor"))


def test_the_executor_reaches_nobody_that_no_configuration_names() -> None:
    named = _hosts(VANTA / "node" / "config.py")
    unnamed = set(domains_of("executor")) - named
    whys = {entry.domain: entry.why for entry in outside()}
    assert all(
        "Debian" in whys[domain] or "gateway, which runs on the node" in whys[domain]
        for domain in unnamed
    ), unnamed


def test_markets_reaches_no_address_that_trades() -> None:
    trading = _hosts(VANTA / "node" / "config.py") - {"data.alpaca.markets"}
    assert not trading & set(domains_of("markets"))


def test_each_name_of_markets_says_which_collector_asks_it() -> None:
    for entry in outside():
        if "markets" not in entry.nodes or "Debian" in entry.why:
            continue
        files = re.findall(r"[a-z_]+\.py", entry.why)
        assert files, entry.domain
        assert all((VANTA / "markets" / "fetch" / file).exists() for file in files)


def test_markets_reaches_nobody_whom_no_collector_asks() -> None:
    packages = {"deb.debian.org", "security.debian.org"}
    assert set(domains_of("markets")) - packages == _hosts(VANTA / "node" / "collecting.py")


def test_alpha_and_the_jump_host_reach_packages_and_nothing_else() -> None:
    packages = {"deb.debian.org", "security.debian.org"}
    assert set(domains_of("alpha")) == set(domains_of("jump")) == packages


def test_every_machine_is_reached_from_the_jump_host() -> None:
    reached = {flow.to for flow in flows() if "jump" in flow.sources and flow.port == 22}
    assert reached == set(NODES) - {"jump"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_FLOW.replace("tcp", "icmp"), "Input should be 'tcp'"),
        (_FLOW.replace("port: 1", "port: 70000"), "less than or equal to 65535"),
        (_FLOW.replace("[markets]", "[everybody]"), "Input should be"),
        (_FLOW.replace("[markets]", "[]"), "at least 1"),
        (_FLOW.replace("[markets]", "[alpha]"), "reaches itself without a rule"),
        (_FLOW.replace("[markets]", "[markets, markets]"), "named twice"),
        (_FLOW.replace("[markets]", "[operators]"), "enter at the jump host and nowhere else"),
        (_FLOW.replace("[markets]", "[database]"), "opens no connection"),
        (_FLOW.replace("to: alpha", "to: operators"), "opens a connection to operators"),
        (_FLOW.replace("why: because it is so", "why: so"), "at least 10"),
        (_FLOW.replace("why:", "reason:"), "flows[0].why: Field required"),
        (_FLOW.replace("why:", "udp: 53, why:"), "flows[0].udp: Extra inputs are not permitted"),
        (_FLOW + _FLOW.removeprefix("flows:\n"), "two flows are called a"),
        ("flows: []\n", "at least 1"),
        ("flows: &a [*a]\n", "anchor"),
    ],
)
def test_a_flow_that_cannot_be_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "ports.yaml"
    path.write_text(text)
    with pytest.raises(MalformedError, match=re.escape(says)) as caught:
        read_ports(path)
    assert "ports.yaml" in caught.value.place


@pytest.mark.parametrize(
    "domain", ["*.example.com", ".example.com", "Example.com", "example", "1.2.3.4", "a.b/c"]
)
def test_a_domain_is_one_whole_name(tmp_path: Path, domain: str) -> None:
    path = tmp_path / "egress.yaml"
    path.write_text(f'domains:\n  - {{domain: "{domain}", nodes: [markets], why: because of it}}\n')
    with pytest.raises(MalformedError, match="match pattern"):
        read_egress(path)


def test_a_domain_is_listed_once(tmp_path: Path) -> None:
    line = "  - {domain: a.example.com, nodes: [markets], why: because of it}\n"
    path = tmp_path / "egress.yaml"
    path.write_text("domains:\n" + line + line)
    with pytest.raises(MalformedError, match="listed twice"):
        read_egress(path)
