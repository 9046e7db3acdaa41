"""Who gets in: by key, through the jump host, never as root."""

import subprocess
from typing import Any

import pytest
from testinfra.host import Host

from infra.lab.lab import Lab
from tests.lab.reading import modes, settings

pytestmark = pytest.mark.lab

SSHD = {
    "CIS-5.1.7-interval": ("clientaliveinterval", "60"),
    "CIS-5.1.7-count": ("clientalivecountmax", "2"),
    "CIS-5.1.5-banner": ("banner", "/etc/issue.net"),
    "CIS-5.1.9-gssapi": ("gssapiauthentication", "no"),
    "CIS-5.1.10-hostbased": ("hostbasedauthentication", "no"),
    "CIS-5.1.11-rhosts": ("ignorerhosts", "yes"),
    "CIS-5.1.13-grace": ("logingracetime", "30"),
    "CIS-5.1.14-log": ("loglevel", "VERBOSE"),
    "CIS-5.1.16-attempts": ("maxauthtries", "3"),
    "CIS-5.1.17-sessions": ("maxsessions", "2"),
    "CIS-5.1.18-startups": ("maxstartups", "10:30:60"),
    "CIS-5.1.19-empty": ("permitemptypasswords", "no"),
    "CIS-5.1.20-root": ("permitrootlogin", "no"),
    "CIS-5.1.21-environment": ("permituserenvironment", "no"),
    "CIS-5.1.22-pam": ("usepam", "yes"),
    "CIS-5.1.8-agent": ("allowagentforwarding", "no"),
    "CIS-5.1.8-sockets": ("allowstreamlocalforwarding", "no"),
    "CIS-5.1.8-x11": ("x11forwarding", "no"),
    "CIS-5.1.8-tunnel": ("permittunnel", "no"),
    "keys-only": ("authenticationmethods", "publickey"),
    "no-passwords": ("passwordauthentication", "no"),
    "no-questions": ("kbdinteractiveauthentication", "no"),
    "no-kerberos": ("kerberosauthentication", "no"),
    "strict": ("strictmodes", "yes"),
    "no-rc": ("permituserrc", "no"),
    "keys-are-roots": ("authorizedkeysfile", "/etc/ssh/authorized_keys.d/%u"),
    "port": ("port", "22"),
}
WEAK = {
    "CIS-5.1.6-ciphers": ("ciphers", ("cbc", "3des", "arcfour", "rc4", "blowfish")),
    "CIS-5.1.12-exchanges": ("kexalgorithms", ("sha1", "group1-", "group14", "nistp")),
    "CIS-5.1.15-codes": ("macs", ("md5", "sha1", "-96", "umac-64")),
    "host-keys": ("hostkeyalgorithms", ("rsa", "dss", "ecdsa")),
    "people's-keys": ("pubkeyacceptedalgorithms", ("rsa", "dss", "ecdsa")),
}


def _sshd(host: Host) -> dict[str, str]:
    return settings(host, "sshd", "-T", "-C", "user=nobody,host=x,addr=192.0.2.1")


@pytest.mark.parametrize(("name", "value"), SSHD.values(), ids=SSHD)
def test_the_server_goes_by(host: Host, name: str, value: str) -> None:
    assert _sshd(host)[name] == value


@pytest.mark.parametrize(("name", "weak"), WEAK.values(), ids=WEAK)
def test_the_server_offers_nothing_weak(host: Host, name: str, weak: tuple[str, ...]) -> None:
    offered = _sshd(host)[name].split(",")
    assert offered
    assert not [one for one in offered for word in weak if word in one]


def test_no_node_forwards_cis_5_1_8(host: Host, machine: str) -> None:
    forwards = {"jump": "local"}.get(machine, "no")
    assert _sshd(host)["allowtcpforwarding"] == forwards


def test_files_of_the_server_are_roots_cis_5_1_1(host: Host) -> None:
    private, public = "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub"
    found = modes(host, "/etc/ssh/sshd_config", private, public)
    assert found["/etc/ssh/sshd_config"] == "root:root 600"
    assert found[private] == "root:root 600"
    assert found[public] == "root:root 644"


def test_a_machine_has_one_kind_of_key(host: Host) -> None:
    found = host.check_output("ls /etc/ssh").split()
    assert [name for name in found if name.startswith("ssh_host_")] == [
        "ssh_host_ed25519_key",
        "ssh_host_ed25519_key.pub",
    ]


def test_only_members_of_named_groups_from_named_places(
    host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    lines = host.check_output("sshd -T -C user=nobody,host=x,addr=192.0.2.1").splitlines()
    groups = {line.split()[1] for line in lines if line.startswith("allowgroups ")}
    users = {line.split()[1] for line in lines if line.startswith("allowusers ")}
    places = {"*@" + variables["jump"]["vanta_address"]}
    if machine == "jump":
        places = {"*@" + place for place in variables["jump"]["vanta_operators"]}
    if machine == "alpha":
        nodes = (values["vanta_address"] for role, values in variables.items() if role != "jump")
        places |= {f"git@{node}" for node in nodes}
        groups -= {"git"}
    assert groups == {"vanta-login"}
    assert users == places


def _login(lab: Lab, machine: str, *options: str, words: tuple[str, ...] = ("true",)) -> int:
    """Try to log in from this host with options of `ssh`."""
    command = ["ssh", "-F", str(lab.plan.keys / "config"), "-S", "none", "-o", "BatchMode=yes"]
    command += ["-o", "ConnectTimeout=5", *options, machine, *words]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


def test_nobody_logs_in_as_root_cis_5_1_20(lab: Lab, machine: str) -> None:
    assert _login(lab, machine, "-l", "root") == 255


def test_nobody_logs_in_by_a_password(lab: Lab, machine: str) -> None:
    options = ("-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password")
    assert _login(lab, machine, *options) == 255


def test_a_person_gets_to_nodes_and_not_to_a_shell_on_the_jump_host(lab: Lab, machine: str) -> None:
    done = _login(lab, machine, "-l", "ada")
    assert done == (1 if machine == "jump" else 0)


def test_nobody_gets_to_a_node_past_the_jump_host(lab: Lab, machine: str) -> None:
    if machine == "jump":
        pytest.skip("the jump host is the way")
    assert _login(lab, machine, "-o", "ProxyJump=none", "-l", "ada") == 255


def test_a_node_lets_no_other_node_in(
    host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    """Workers reach Alpha's port to fetch, and its server lets `git` alone in from them."""
    for other, values in variables.items():
        if machine in {"jump", other}:
            continue
        options = "-o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3"
        done = host.run(f"ssh {options} deploy@{values['vanta_address']} true || echo no")
        assert done.stdout == "no\n"
