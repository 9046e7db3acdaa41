"""What the kernel records."""

import re

import pytest
from testinfra.host import Host

from tests.lab.reading import container, modes, said, text

pytestmark = pytest.mark.lab

RULES = {
    "CIS-6.2.3.1": r"^-w /etc/sudoers -p wa",
    "CIS-6.2.3.1-folder": r"^-w /etc/sudoers\.d -p wa",
    "CIS-6.2.3.2": r"-C euid!=uid -F auid!=unset -S execve",
    "CIS-6.2.3.3": r"^-w /var/log/sudo\.log -p wa",
    "CIS-6.2.3.4-set": r"-S adjtimex,settimeofday -k time-change",
    "CIS-6.2.3.4-clock": r"-S clock_settime -F a0=0x0",
    "CIS-6.2.3.4-zone": r"^-w /etc/localtime -p wa",
    "CIS-6.2.3.5-name": r"-S sethostname,setdomainname",
    "CIS-6.2.3.5-hosts": r"^-w /etc/hosts -p wa",
    "CIS-6.2.3.5-issue": r"^-w /etc/issue -p wa",
    "CIS-6.2.3.7-access": r"-F exit=-EACCES",
    "CIS-6.2.3.7-permission": r"-F exit=-EPERM",
    "CIS-6.2.3.8-passwd": r"^-w /etc/passwd -p wa",
    "CIS-6.2.3.8-shadow": r"^-w /etc/shadow -p wa",
    "CIS-6.2.3.8-group": r"^-w /etc/group -p wa",
    "CIS-6.2.3.8-pam": r"^-w /etc/pam\.d -p wa",
    "CIS-6.2.3.9-modes": r"-S chmod,fchmod,fchmodat",
    "CIS-6.2.3.9-owners": r"-S chown,fchown,lchown,fchownat",
    "CIS-6.2.3.9-attributes": r"-S setxattr,lsetxattr",
    "CIS-6.2.3.10": r"-S mount ",
    "CIS-6.2.3.11": r"^-w /var/run/utmp -p wa",
    "CIS-6.2.3.12": r"^-w /var/log/lastlog -p wa",
    "CIS-6.2.3.12-faillock": r"^-w /var/run/faillock -p wa",
    "CIS-6.2.3.13": r"-S rename,renameat,renameat2,unlink,unlinkat",
    "CIS-6.2.3.14": r"^-w /etc/apparmor\.d -p wa",
    "CIS-6.2.3.15": r"-F path=/usr/bin/chcon ",
    "CIS-6.2.3.16": r"-F path=/usr/bin/setfacl ",
    "CIS-6.2.3.17": r"-F path=/usr/bin/chacl ",
    "CIS-6.2.3.18": r"-F path=/usr/sbin/usermod ",
    "CIS-6.2.3.19-calls": r"-S init_module,finit_module,delete_module",
    "CIS-6.2.3.19-kmod": r"-F path=/usr/bin/kmod ",
    "CIS-6.2.3.20": r"^-e 2$",
    "ssh": r"^-w /etc/ssh -p wa",
    "units": r"^-w /etc/systemd/system -p wa",
    "firewall": r"^-w /etc/nftables\.conf -p wa",
}
NODE_RULES = {
    "policy": r"^-w /opt/vanta/memory/vault\.json -p wa",
    "overlay": r"^-w /opt/vanta/memory/vault_overlay\.json -p wa",
    "halt": r"^-w /opt/vanta/memory/halt\.latch -p wa",
    "builds": r"^-w /opt/vanta/slots -p wa",
    "current": r"^-w /opt/vanta/current -p wa",
    "credentials": r"^-w /etc/vanta/credentials -p rwa",
    "config": r"^-w /etc/vanta -p wa",
}
CONFIG = {
    "CIS-6.2.2.1-size": r"^max_log_file = 64$",
    "CIS-6.2.2.4-space": r"^space_left_action = SYSLOG$",
    "CIS-6.2.2.4-admin": r"^admin_space_left_action = SYSLOG$",
    "group": r"^log_group = root$",
}
_FILE = "/etc/audit/rules.d/50-vanta.rules"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_it_records(host: Host, rule: str) -> None:
    assert re.search(rule, text(host, _FILE), re.MULTILINE)


@pytest.mark.parametrize("rule", NODE_RULES.values(), ids=NODE_RULES)
def test_it_records_what_decides_about_money(host: Host, machine: str, rule: str) -> None:
    if machine == "jump":
        pytest.skip("nothing of VANTA runs on the jump host")
    assert re.search(rule, text(host, _FILE), re.MULTILINE)


@pytest.mark.parametrize("line", CONFIG.values(), ids=CONFIG)
def test_records_are_kept(host: Host, line: str) -> None:
    assert re.search(line, text(host, "/etc/audit/auditd.conf"), re.MULTILINE)


def test_every_privileged_program_is_recorded_cis_6_2_3_6(host: Host) -> None:
    found = said(host, "find", "/usr", "-xdev", "-type", "f", "-perm", "/6000").splitlines()
    recorded = set(re.findall(r"-F path=(\S+) -F perm=x", text(host, _FILE)))
    assert set(found) - recorded == set()


def test_rules_are_those_of_the_role_alone(host: Host) -> None:
    """Debian's own file begins by deleting all rules."""
    assert said(host, "ls", "/etc/audit/rules.d") == "50-vanta.rules"


def test_it_is_installed_cis_6_2_1_1(host: Host) -> None:
    assert host.package("auditd").is_installed


def test_it_runs_cis_6_2_1_2(host: Host) -> None:
    assert host.service("auditd").is_enabled
    if container(host):
        pytest.skip("the kernel keeps one record, and it is the host's")
    assert host.service("auditd").is_running
    assert "-e 2" in said(host, "auditctl", "-s") or "enabled 2" in said(host, "auditctl", "-s")


MODES = {
    "CIS-6.2.4.4": ("/var/log/audit", "root:root 700"),
    "CIS-6.2.4.5": (_FILE, "root:root 640"),
    "CIS-6.2.4.6": ("/etc/audit/auditd.conf", "root:root 640"),
}


@pytest.mark.parametrize(("path", "mode"), MODES.values(), ids=MODES)
def test_it_is_open_to_root_alone(host: Host, path: str, mode: str) -> None:
    assert modes(host, *(path for path, _ in MODES.values()))[path] == mode


TOOLS = ["auditctl", "aureport", "ausearch", "autrace", "auditd", "augenrules"]


@pytest.mark.parametrize("tool", TOOLS)
def test_its_tools_are_roots_cis_6_2_4_8_to_6_2_4_10(host: Host, tool: str) -> None:
    owner, mode = modes(host, *(f"/usr/sbin/{name}" for name in TOOLS))[f"/usr/sbin/{tool}"].split()
    assert owner == "root:root"
    assert int(mode, 8) & 0o022 == 0
