"""The one way out: HTTPS to names of the list, through the machine's own resolver and proxy."""

from collections.abc import Iterator

import pytest
import yaml
from testinfra.host import Host

from infra.lab.lab import Lab
from tests.lab.conftest import REPOSITORY
from tests.lab.reading import said, text
from tests.lab.world import World, world

pytestmark = pytest.mark.lab

DOMAINS = yaml.safe_load((REPOSITORY / "infra/topology/egress.yaml").read_text())["domains"]
_CONNECT = """
import socket, sys
way = socket.create_connection(("127.0.0.1", 3128), 5)
way.sendall(f"CONNECT {sys.argv[1]} HTTP/1.1\\r\\nHost: {sys.argv[1]}\\r\\n\\r\\n".encode())
said = way.recv(4096)
print(said.split()[1].decode())
if said.split()[1] == b"200":
    way.sendall(b"who goes there")
    print(way.recv(100).decode().strip())
"""
_DIRECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
    print("open")
except OSError as error:
    print(type(error).__name__)
"""
_ASK = """
import socket, sys
try:
    print(socket.gethostbyname(sys.argv[1]))
except OSError:
    print("none")
"""


@pytest.fixture(scope="module")
def outside(lab: Lab) -> Iterator[World]:
    """A world at this host's address, where the lab's machines ask for names."""
    with world(lab.plan.host) as made:
        yield made


def _names(machine: str) -> list[str]:
    return [entry["domain"] for entry in DOMAINS if machine in entry["nodes"]]


def _python(host: Host, program: str, *words: str, user: str = "") -> str:
    become = f"setpriv --reuid={user} --regid=nogroup --clear-groups " if user else ""
    line = become + "python3 -c %s" + " %s" * len(words)
    return str(host.check_output(line, program, *words))


@pytest.mark.parametrize("unit", ["vanta-resolver", "vanta-proxy"])
def test_both_run_and_start_with_the_machine(host: Host, unit: str) -> None:
    assert host.service(unit).is_enabled
    assert host.service(unit).is_running


@pytest.mark.parametrize("unit", ["vanta-resolver", "vanta-proxy"])
def test_both_are_confined(host: Host, unit: str) -> None:
    found = said(host, "systemctl", "show", unit, "--property=NoNewPrivileges,ProtectSystem,User")
    assert "NoNewPrivileges=yes" in found
    assert "ProtectSystem=strict" in found
    assert f"User={unit}" in found


@pytest.mark.parametrize("port", [53, 3128])
def test_both_listen_on_loopback_alone(host: Host, port: int) -> None:
    lines = said(host, "ss", "-Hltn", f"sport = {port}").splitlines()
    assert [line.split()[3].rsplit(":", 1)[0] for line in lines] == ["127.0.0.1"]


def test_the_lists_on_the_machine_are_those_of_the_repository(host: Host, machine: str) -> None:
    patterns = text(host, "/etc/vanta-egress/names").splitlines()
    assert [line.strip("^$").replace("\\", "") for line in patterns] == _names(machine)
    servers = [
        line.split("/")[1]
        for line in text(host, "/etc/vanta-egress/resolver.conf").splitlines()
        if line.startswith("server=")
    ]
    assert servers == _names(machine)


def test_services_and_apt_are_told(host: Host) -> None:
    drop = text(host, "/etc/systemd/system/vanta-.service.d/50-egress.conf")
    assert "Environment=HTTPS_PROXY=http://127.0.0.1:3128" in drop
    assert said(host, "apt-config", "dump", "Acquire::https::Proxy").endswith('127.0.0.1:3128";')
    assert text(host, "/etc/resolv.conf").splitlines()[1] == "nameserver 127.0.0.1"


def test_a_name_of_the_list_is_reached_through_the_proxy(
    host: Host, machine: str, outside: World
) -> None:
    name = _names(machine)[-1]
    assert _python(host, _CONNECT, f"{name}:443").splitlines() == ["200", "hello"]
    assert name in outside.asked
    assert outside.greeted[-1] == b"who goes there"


def test_its_address_is_in_the_set_of_the_firewall(
    host: Host, machine: str, outside: World, lab: Lab
) -> None:
    del outside
    _python(host, _CONNECT, f"{_names(machine)[-1]}:443")
    assert lab.plan.host in host.check_output("nft list set inet vanta egress4")


@pytest.mark.parametrize(
    "place",
    [
        "evil.example:443",
        "api.alpaca.markets.evil.example:443",
        "deb.debian.org.:443",
        "169.254.169.254:443",
        "deb.debian.org:22",
        "deb.debian.org:80",
    ],
)
def test_the_proxy_opens_nothing_else(host: Host, outside: World, place: str) -> None:
    before = len(outside.greeted)
    assert _python(host, _CONNECT, place).splitlines()[0] in {"403", "400"}
    assert len(outside.greeted) == before


@pytest.mark.parametrize("name", ["evil.example", "key.of.the.fund.evil.example", "github.com"])
def test_a_name_outside_the_list_is_not_even_asked_for(
    host: Host, outside: World, name: str
) -> None:
    assert _python(host, _ASK, name).strip() == "none"
    assert name not in outside.asked


def test_a_name_of_another_machine_is_not_asked_for(
    host: Host, machine: str, outside: World
) -> None:
    others = {entry["domain"] for entry in DOMAINS} - set(_names(machine))
    for name in sorted(others)[:3]:
        assert _python(host, _ASK, name).strip() == "none"
        assert name not in outside.asked[-20:]


@pytest.mark.parametrize("user", ["root", "nobody", "vanta-resolver"])
def test_nobody_but_the_proxy_gets_out_even_to_an_allowed_address(
    host: Host, machine: str, outside: World, lab: Lab, user: str
) -> None:
    del outside
    _python(host, _CONNECT, f"{_names(machine)[-1]}:443")
    assert _python(host, _DIRECT, lab.plan.host, "443", user=user).strip() != "open"


def test_nobody_but_the_resolver_asks_a_name_server(host: Host, outside: World, lab: Lab) -> None:
    program = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.settimeout(2)\n"
        "try:\n"
        "    s.sendto(b'x' * 12 + b'\\x04evil\\x00\\x00\\x01\\x00\\x01', (sys.argv[1], 53))\n"
        "    s.recv(100); print('answered')\n"
        "except OSError as error: print('refused')\n"
    )
    assert _python(host, program, lab.plan.host).strip() == "refused"
    assert "evil" not in outside.asked


def test_the_executor_reaches_brokers_and_no_feeds(machine: str) -> None:
    """Of the list itself, whoever wrote it: what trades reads no feed, and the other way."""
    names = set(_names(machine))
    if machine != "executor":
        assert "api.alpaca.markets" not in names
    if machine != "markets":
        assert not names & {"www.sec.gov", "oauth.reddit.com", "api.x.com"}
