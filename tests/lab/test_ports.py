"""Who reaches whom on what port, tried from every machine, against `infra/topology/ports.yaml`.

A port counts as open where a connection is made. What is tried is whatever listens on the other
machine on any address of the network, every port of any flow, and those that are often left open.
"""

import json
import subprocess
import sys
from itertools import permutations

import pytest

from infra.lab.access import ssh
from infra.lab.lab import Lab
from infra.lab.plan import MACHINES
from infra.topology import flows

pytestmark = pytest.mark.lab

_OFTEN = (
    20, 21, 23, 25, 53, 80, 110, 111, 139, 143, 389, 443, 445, 514, 631, 873, 2375, 3000, 3128,
    3306, 4444, 5000, 5355, 5432, 5900, 6443, 8000, 8080, 8443, 8888, 9090, 9093, 9100, 9464, 9465,
    10250, 11211, 20048, 27017,
)  # fmt: skip

_KNOCK = """
import asyncio, json, sys
async def knock(address, port):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 2)
    except (OSError, asyncio.TimeoutError):
        return None
    writer.close()
    return port
async def main():
    address, ports = json.load(sys.stdin)
    found = await asyncio.gather(*(knock(address, port) for port in ports))
    print(json.dumps([port for port in found if port]))
asyncio.run(main())
"""


def _listening(lab: Lab, machine: str) -> set[int]:
    """Ports on which something waits for others than the machine itself."""
    told = lab.machine(machine).inside("ss", "-Hltn").stdout
    ends = [line.split()[3].rsplit(":", 1) for line in told.splitlines()]
    return {int(port) for place, port in ends if place not in {"127.0.0.1", "[::1]"}}


def _reached(lab: Lab, source: str, to: str) -> set[int]:
    """Ports of one machine that answer another."""
    ports = _listening(lab, to) | {flow.port for flow in flows()} | set(_OFTEN)
    asked = json.dumps([lab.plan.address(to), sorted(ports)])
    # A program as an argument of ssh goes through the other side's shell, so it comes by a file.
    words = [sys.executable, "-c", _KNOCK]
    if source != "operators":
        place = "/run/vanta-knock.py"
        lab.machine(source).inside("python3", "-c", f"open({place!r}, 'w').write({_KNOCK!r})")
        words = ssh(lab.plan, source, "python3", place)
    done = subprocess.run(
        words, input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


def _declared(source: str, to: str) -> set[int]:
    return {flow.port for flow in flows() if flow.to == to and source in flow.sources}


@pytest.mark.parametrize(("source", "to"), list(permutations(MACHINES, 2)))
def test_a_machine_reaches_another_on_declared_ports_alone(lab: Lab, source: str, to: str) -> None:
    assert _reached(lab, source, to) == _declared(source, to)


@pytest.mark.parametrize("to", MACHINES)
def test_people_outside_reach_the_jump_host_alone(lab: Lab, to: str) -> None:
    assert _reached(lab, "operators", to) == _declared("operators", to)


def test_what_waits_for_others_is_what_is_declared(lab: Lab, machine: str) -> None:
    """Behind the firewall too: a rule that is lifted by mistake opens nothing else."""
    assert _listening(lab, machine) <= {flow.port for flow in flows() if flow.to == machine}


def test_nothing_waits_for_datagrams_of_others(lab: Lab, machine: str) -> None:
    told = lab.machine(machine).inside("ss", "-Hlun").stdout
    places = [line.split()[3] for line in told.splitlines()]
    assert [place for place in places if not place.startswith(("127.0.0.", "[::1]"))] == []
