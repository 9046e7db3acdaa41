"""The jump host: people pass through it, and find nothing on it."""

import subprocess

import pytest
from testinfra.host import Host

from infra.lab.lab import Lab
from tests.lab.reading import settings

pytestmark = pytest.mark.lab

ON = ("jump",)
TOOLS = ["curl", "gcc", "git", "make", "nc", "nmap", "socat", "tcpdump", "wget"]


def _for(host: Host, user: str) -> dict[str, str]:
    return settings(host, "sshd", "-T", "-C", f"user={user},host=x,addr=192.0.2.1")


def test_people_get_no_shell_and_no_terminal(host: Host) -> None:
    assert _for(host, "ada")["forcecommand"] == "/usr/sbin/nologin"
    assert _for(host, "ada")["permittty"] == "no"


def test_ansible_gets_a_shell(host: Host) -> None:
    assert _for(host, "deploy")["forcecommand"] == "none"


def test_it_forwards_to_ssh_of_nodes_alone(host: Host) -> None:
    ports = {place.rsplit(":", 1)[1] for place in _for(host, "ada")["permitopen"].split()}
    assert ports == {"22"}


@pytest.mark.parametrize("machine_port", ["alpha:6379", "executor:80", "127.0.0.1:3128"])
def test_it_forwards_nowhere_else(lab: Lab, host: Host, machine_port: str) -> None:
    del host
    words = ["ssh", "-F", str(lab.plan.keys / "config"), "-S", "none", "-o", "BatchMode=yes"]
    done = subprocess.run(
        [*words, "-l", "ada", "-W", machine_port, "jump"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 255
    assert "administratively prohibited" in done.stderr or "forwarding failed" in done.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_it_has_no_tool_to_go_on_with(host: Host, tool: str) -> None:
    assert not host.exists(tool)


def test_it_holds_no_key_to_go_on_with(host: Host) -> None:
    assert not host.check_output("find /root /home -name 'id_*'")
