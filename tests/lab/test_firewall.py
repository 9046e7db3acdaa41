"""What may come in and go out: what the rules say, and what a connection finds."""

import json
import subprocess
import sys
from typing import Any

import pytest
import yaml
from testinfra.host import Host

from infra.lab.lab import Lab
from tests.lab.conftest import REPOSITORY
from tests.lab.reading import modes, said

pytestmark = pytest.mark.lab

FLOWS = yaml.safe_load((REPOSITORY / "infra/topology/ports.yaml").read_text())["flows"]
ASKED = sorted(
    {flow["port"] for flow in FLOWS} | {21, 23, 25, 53, 80, 111, 443, 3128, 8080, 9100, 9464}
)
_KNOCK = """
import concurrent.futures, json, socket, sys
def knock(port):
    try:
        socket.create_connection((sys.argv[1], port), 1.5).close()
    except ConnectionRefusedError:
        return port, "closed"
    except OSError:
        return port, "dropped"
    return port, "open"
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(pool.map(knock, map(int, sys.argv[2:])))))
"""


def _chain(host: Host, name: str) -> dict[str, Any]:
    listed = json.loads(said(host, "nft", "--json", "list", "chain", "inet", "vanta", name))
    return next(entry["chain"] for entry in listed["nftables"] if "chain" in entry)


def _named(host: Host, chain: str) -> set[str]:
    listed = json.loads(said(host, "nft", "--json", "list", "chain", "inet", "vanta", chain))
    rules = [entry["rule"] for entry in listed["nftables"] if "rule" in entry]
    return {rule["comment"] for rule in rules if "comment" in rule}


def test_one_firewall_and_no_other_cis_4_1_1(host: Host) -> None:
    assert host.package("nftables").is_installed
    assert not host.package("ufw").is_installed
    assert not host.package("firewalld").is_installed


def test_it_is_there_at_every_start_cis_4_3_9(host: Host) -> None:
    assert host.service("nftables").is_enabled
    assert host.service("nftables").is_running


def test_its_file_is_roots_and_sound_cis_4_3_10(host: Host) -> None:
    assert modes(host, "/etc/nftables.conf")["/etc/nftables.conf"] == "root:root 600"
    said(host, "nft", "--check", "--file", "/etc/nftables.conf")


def test_there_is_one_table_cis_4_3_4(host: Host) -> None:
    tables = said(host, "nft", "list", "tables").splitlines()
    assert tables == ["table inet vanta"]


@pytest.mark.parametrize("chain", ["input", "forward", "output"])
def test_what_is_not_named_is_dropped_cis_4_3_5_and_4_3_8(host: Host, chain: str) -> None:
    found = _chain(host, chain)
    assert found["hook"] == chain
    assert found["policy"] == "drop"


def test_loopback_is_its_own_cis_4_3_6(host: Host) -> None:
    rules = said(host, "nft", "list", "chain", "inet", "vanta", "input")
    assert 'iif "lo" accept' in rules
    assert "ip saddr 127.0.0.0/8 counter" in rules
    assert "ip6 saddr ::1 counter" in rules


def test_answers_pass_cis_4_3_7(host: Host) -> None:
    for chain in ("input", "output"):
        rules = said(host, "nft", "list", "chain", "inet", "vanta", chain)
        assert "ct state established,related accept" in rules


def test_what_comes_in_is_what_flows_name(host: Host, machine: str) -> None:
    here = {machine, "database"} if machine == "alpha" else {machine}
    others = [flow for flow in FLOWS if flow["to"] in here and set(flow["from"]) - {machine}]
    assert _named(host, "input") == {flow["name"] for flow in others}


def test_what_goes_out_is_what_flows_name(host: Host, machine: str) -> None:
    to_others = {
        flow["name"]
        for flow in FLOWS
        if machine in flow["from"] and not (machine == "alpha" and flow["to"] == "database")
    }
    assert _named(host, "output") - {"names", "egress", "time"} == to_others


def test_what_is_dropped_is_logged_now_and_then(host: Host) -> None:
    for chain, prefix in (("input", "vanta-in: "), ("output", "vanta-out: ")):
        rules = said(host, "nft", "list", "chain", "inet", "vanta", chain)
        assert f'limit rate 10/minute burst 20 packets log prefix "{prefix}"' in rules


@pytest.mark.parametrize("port", [22, 53, 80, 443])
def test_a_machine_opens_no_connection_to_the_world(
    host: Host, lab: Lab, machine: str, port: int
) -> None:
    """Tried at this host, which is the world as far as the lab goes."""
    words = ["python3", "-c", _KNOCK, lab.plan.host, str(port)]
    del machine
    assert json.loads(said(host, *words))[str(port)] == "dropped"


def test_a_machine_answers_the_world_on_no_port(lab: Lab, host: Host, machine: str) -> None:
    """Seen from the operators' own address, all but the jump host's SSH is dropped."""
    del host
    words = [sys.executable, "-c", _KNOCK, lab.plan.address(machine), *map(str, ASKED)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    seen = {int(port) for port, answer in json.loads(done.stdout).items() if answer != "dropped"}
    assert seen == ({22} if machine == "jump" else set())


def test_an_exchange_of_rules_keeps_what_the_resolver_found(host: Host) -> None:
    """Otherwise every converge would cut the Executor off from its brokers."""
    element = "{ 192.0.2.7 timeout 60s }"
    host.check_output("nft add element inet vanta egress4 %s", element)
    try:
        host.check_output("nft --file /etc/nftables.conf")
        assert "192.0.2.7" in host.check_output("nft list set inet vanta egress4")
    finally:
        host.check_output("nft delete element inet vanta egress4 '{ 192.0.2.7 }'")
