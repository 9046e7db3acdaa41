"""What every machine has: users, folders, names, clock, journal."""

import re
from typing import Any

import pytest
from testinfra.host import Host

from tests.lab.reading import container, modes, now, said, text, within_minutes

pytestmark = pytest.mark.lab

SERVICES = {
    "jump": [],
    "alpha": ["governance", "alpha"],
    "markets": ["governance", "markets", "promoter", "collector"],
    "executor": ["governance", "router", "judge", "surveillance"],
}
ABSENT = {
    "CIS-2.2.1-nis": "nis",
    "CIS-2.2.2-rsh": "rsh-client",
    "CIS-2.2.3-talk": "talk",
    "CIS-2.2.4-telnet": "telnet",
    "CIS-2.2.4-inetutils-telnet": "inetutils-telnet",
    "CIS-2.2.5-ldap": "ldap-utils",
    "CIS-2.2.6-ftp": "ftp",
    "CIS-2.2.6-tnftp": "tnftp",
    "CIS-2.1.1-autofs": "autofs",
    "CIS-2.1.2-avahi": "avahi-daemon",
    "CIS-2.1.3-dhcp": "isc-dhcp-server",
    "CIS-2.1.4-dns": "bind9",
    "CIS-2.1.6-ftp": "vsftpd",
    "CIS-2.1.7-ldap": "slapd",
    "CIS-2.1.8-mail": "dovecot-imapd",
    "CIS-2.1.10-nis": "ypserv",
    "CIS-2.1.11-cups": "cups",
    "CIS-2.1.13-rsync": "rsync",
    "CIS-2.1.14-samba": "samba",
    "CIS-2.1.15-snmp": "snmpd",
    "CIS-2.1.16-tftp": "tftpd-hpa",
    "CIS-2.1.17-proxy": "squid",
    "CIS-2.1.18-web": "apache2",
    "CIS-2.1.19-xinetd": "xinetd",
    "CIS-2.1.20-x": "xserver-common",
    "CIS-2.3.1.1-timesyncd": "systemd-timesyncd",
    "CIS-1.5.4-prelink": "prelink",
    "CIS-1.5.5-apport": "apport",
    "CIS-4.2-ufw": "ufw",
    "CIS-4.3.2-iptables-persistent": "iptables-persistent",
}
FOLDERS = {
    "/opt/vanta": "root:vanta 755",
    "/opt/vanta/slots": "root:vanta 755",
    "/opt/vanta/memory": "vanta-governance:vanta 3770",
    "/opt/vanta/logs": "root:vanta 1770",
    "/opt/vanta/run": "root:vanta 1770",
}


def test_no_unit_has_failed(host: Host) -> None:
    """What fails every minute is seen by nobody who looks only at what should run."""
    asked = ("systemctl", "list-units", "--failed", "--plain", "--no-legend")
    assert within_minutes(lambda: now(host, *asked) == ""), now(host, *asked)


def _installed(host: Host) -> set[str]:
    lines = said(host, "dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\n")
    return {line.split()[1] for line in lines.splitlines() if line.startswith("ii")}


@pytest.mark.parametrize("package", ABSENT.values(), ids=ABSENT)
def test_a_package_is_not_there(host: Host, package: str) -> None:
    assert package not in _installed(host)


def test_every_service_is_a_user_of_its_own_that_cannot_log_in(host: Host, machine: str) -> None:
    for service in SERVICES[machine]:
        line = said(host, "getent", "passwd", f"vanta-{service}")
        assert line.endswith(":/usr/sbin/nologin"), line
        assert said(host, "id", "-gn", f"vanta-{service}") == "vanta"


def test_no_service_of_another_machine_is_a_user_here(host: Host, machine: str) -> None:
    users = {line.split(":")[0] for line in said(host, "getent", "passwd").splitlines()}
    others = {name for names in SERVICES.values() for name in names} - set(SERVICES[machine])
    assert not users & {f"vanta-{name}" for name in others}


@pytest.mark.parametrize(("path", "mode"), FOLDERS.items(), ids=FOLDERS)
def test_a_folder_belongs_to_who_writes_it(host: Host, machine: str, path: str, mode: str) -> None:
    if machine == "jump":
        pytest.skip("nothing of VANTA runs on the jump host")
    assert modes(host, *FOLDERS)[path] == mode


def test_configuration_is_roots_and_hidden_from_strangers(host: Host) -> None:
    assert modes(host, "/etc/vanta")["/etc/vanta"] == "root:vanta 750"


def test_the_jump_host_holds_nothing_of_vanta(host: Host, machine: str) -> None:
    if machine != "jump":
        pytest.skip("about the jump host")
    assert not host.file("/opt/vanta/current").exists
    assert not host.file("/opt/vanta/memory").exists


def test_machines_know_each_other_without_a_name_server(
    host: Host, variables: dict[str, dict[str, Any]]
) -> None:
    for role, values in variables.items():
        found = said(host, "getent", "ahostsv4", role).split()[0]
        assert found == values["vanta_address"]


def test_time_is_utc(host: Host) -> None:
    assert said(host, "date", "+%Z") == "UTC"


CHRONY = {
    "CIS-2.3.3.2-user": r"^user _chrony$",
    "asked-by-nobody": r"^port 0$",
    "no-commands-from-outside": r"^cmdport 0$",
    "never-stepped-later": r"^makestep 1\.0 3$",
    "kernel-is-told": r"^rtcsync$",
}


@pytest.mark.parametrize("line", CHRONY.values(), ids=CHRONY)
def test_the_clock_is_set_with_care(host: Host, line: str) -> None:
    assert re.search(line, text(host, "/etc/chrony/chrony.conf"), re.MULTILINE)


def test_the_clock_is_set(host: Host) -> None:
    assert host.service("chrony").is_enabled
    if container(host):
        pytest.skip("a container has its host's clock and may not set it")
    assert host.service("chrony").is_running


JOURNAL = {
    "CIS-6.1.1.3-limit": "SystemMaxUse=1G",
    "CIS-6.1.1.3-days": "MaxRetentionSec=90day",
    "CIS-6.1.2.4-persistent": "Storage=persistent",
    "CIS-6.1.2.3-compressed": "Compress=yes",
    "sealed": "Seal=yes",
}


@pytest.mark.parametrize("line", JOURNAL.values(), ids=JOURNAL)
def test_the_journal_is_kept_within_limits(host: Host, line: str) -> None:
    found = said(host, "systemd-analyze", "cat-config", "systemd/journald.conf")
    assert line in found.splitlines()


def test_the_journal_runs_and_is_kept_over_restarts(host: Host) -> None:
    assert host.service("systemd-journald").is_running
    assert host.file("/var/log/journal").is_directory
