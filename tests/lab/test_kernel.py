"""What the kernel allows, what it does not load, and where nothing may be executed."""

import re

import pytest
from testinfra.host import Host

from tests.lab.reading import container, modes, said, text

pytestmark = pytest.mark.lab

NETWORK = {
    "CIS-3.3.1": ("net.ipv4.ip_forward", "0"),
    "CIS-3.3.1-v6": ("net.ipv6.conf.all.forwarding", "0"),
    "CIS-3.3.2": ("net.ipv4.conf.all.send_redirects", "0"),
    "CIS-3.3.2-default": ("net.ipv4.conf.default.send_redirects", "0"),
    "CIS-3.3.3": ("net.ipv4.icmp_ignore_bogus_error_responses", "1"),
    "CIS-3.3.4": ("net.ipv4.icmp_echo_ignore_broadcasts", "1"),
    "CIS-3.3.5": ("net.ipv4.conf.all.accept_redirects", "0"),
    "CIS-3.3.5-default": ("net.ipv4.conf.default.accept_redirects", "0"),
    "CIS-3.3.5-v6": ("net.ipv6.conf.all.accept_redirects", "0"),
    "CIS-3.3.5-v6-default": ("net.ipv6.conf.default.accept_redirects", "0"),
    "CIS-3.3.6": ("net.ipv4.conf.all.secure_redirects", "0"),
    "CIS-3.3.6-default": ("net.ipv4.conf.default.secure_redirects", "0"),
    "CIS-3.3.7": ("net.ipv4.conf.all.rp_filter", "1"),
    "CIS-3.3.7-default": ("net.ipv4.conf.default.rp_filter", "1"),
    "CIS-3.3.8": ("net.ipv4.conf.all.accept_source_route", "0"),
    "CIS-3.3.8-default": ("net.ipv4.conf.default.accept_source_route", "0"),
    "CIS-3.3.8-v6": ("net.ipv6.conf.all.accept_source_route", "0"),
    "CIS-3.3.9": ("net.ipv4.conf.all.log_martians", "1"),
    "CIS-3.3.9-default": ("net.ipv4.conf.default.log_martians", "1"),
    "CIS-3.3.10": ("net.ipv4.tcp_syncookies", "1"),
    "CIS-3.3.11": ("net.ipv6.conf.all.accept_ra", "0"),
    "CIS-3.3.11-default": ("net.ipv6.conf.default.accept_ra", "0"),
}
KERNEL = {
    "CIS-1.5.1": ("kernel.randomize_va_space", "2"),
    "CIS-1.5.2": ("kernel.yama.ptrace_scope", "2"),
    "CIS-1.5.3": ("fs.suid_dumpable", "0"),
    "no-cores": ("kernel.core_pattern", "|/bin/false"),
    "no-kernel-addresses": ("kernel.kptr_restrict", "2"),
    "no-kernel-log": ("kernel.dmesg_restrict", "1"),
    "no-bpf": ("kernel.unprivileged_bpf_disabled", "1"),
    "no-other-kernel": ("kernel.kexec_load_disabled", "1"),
    "no-sysrq": ("kernel.sysrq", "0"),
    "links": ("fs.protected_symlinks", "1"),
    "hard-links": ("fs.protected_hardlinks", "1"),
    "fifos": ("fs.protected_fifos", "2"),
    "files": ("fs.protected_regular", "2"),
}
MODULES = {
    "CIS-1.1.1.1": "cramfs",
    "CIS-1.1.1.2": "freevxfs",
    "CIS-1.1.1.3": "hfs",
    "CIS-1.1.1.4": "hfsplus",
    "CIS-1.1.1.5": "jffs2",
    "CIS-1.1.1.6": "squashfs",
    "CIS-1.1.1.7": "udf",
    "CIS-1.1.1.8": "usb-storage",
    "CIS-3.1.2": "cfg80211",
    "CIS-3.1.3": "bluetooth",
    "CIS-3.2.1": "dccp",
    "CIS-3.2.2": "tipc",
    "CIS-3.2.3": "rds",
    "CIS-3.2.4": "sctp",
    "firewire": "firewire-core",
    "thunderbolt": "thunderbolt",
}
MOUNTS = {
    "CIS-1.1.2.1.1-tmp": ("/tmp", "rw"),
    "CIS-1.1.2.1.2-tmp": ("/tmp", "nodev"),
    "CIS-1.1.2.1.3-tmp": ("/tmp", "nosuid"),
    "CIS-1.1.2.1.4-tmp": ("/tmp", "noexec"),
    "CIS-1.1.2.2.1-shm": ("/dev/shm", "rw"),
    "CIS-1.1.2.2.2-shm": ("/dev/shm", "nodev"),
    "CIS-1.1.2.2.3-shm": ("/dev/shm", "nosuid"),
    "CIS-1.1.2.2.4-shm": ("/dev/shm", "noexec"),
    "CIS-1.1.2.5.1-var-tmp": ("/var/tmp", "rw"),
    "CIS-1.1.2.5.2-var-tmp": ("/var/tmp", "nodev"),
    "CIS-1.1.2.5.3-var-tmp": ("/var/tmp", "nosuid"),
    "CIS-1.1.2.5.4-var-tmp": ("/var/tmp", "noexec"),
}


@pytest.mark.parametrize(("name", "value"), NETWORK.values(), ids=NETWORK)
def test_the_network_is_set(host: Host, name: str, value: str) -> None:
    names = [name for name, _ in NETWORK.values()]
    held = dict(zip(names, said(host, "sysctl", "--values", *names).splitlines(), strict=True))
    assert held[name] == value


@pytest.mark.parametrize(("name", "value"), KERNEL.values(), ids=KERNEL)
def test_the_kernel_is_set(host: Host, name: str, value: str) -> None:
    written = text(host, "/etc/sysctl.d/61-vanta-kernel.conf")
    assert re.search(rf"^{re.escape(name)} = {re.escape(value)}$", written, re.MULTILINE)
    if container(host):
        pytest.skip("a container's kernel is its host's, which has the last word; it is written")
    assert said(host, "sysctl", "--values", name) == value


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_a_module_is_never_loaded(host: Host, module: str) -> None:
    lines = text(host, "/etc/modprobe.d/vanta.conf").splitlines()
    assert f"install {module} /bin/false" in lines
    assert f"blacklist {module}" in lines
    if container(host):
        pytest.skip("modules are the host's to load; it is written")
    loaded = {line.split()[0] for line in text(host, "/proc/modules").splitlines()}
    assert module.replace("-", "_") not in loaded


@pytest.mark.parametrize(("path", "option"), MOUNTS.values(), ids=MOUNTS)
def test_a_folder_is_mounted_with(host: Host, path: str, option: str) -> None:
    found = said(host, "findmnt", "--noheadings", "--first-only", "--output=OPTIONS", path)
    assert option in found.split(",")


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp", "/dev/shm"])
def test_what_lies_in_it_is_not_executed(host: Host, folder: str) -> None:
    path = f"{folder}/vanta-check"
    try:
        host.check_output("cp /bin/true %s && chmod 755 %s", path, path)
        assert host.run(path).rc == 126
    finally:
        host.run("rm -f %s", path)


def test_a_service_sees_no_process_of_another(host: Host) -> None:
    """A user sees its own processes alone, and so no arguments of others."""
    found = host.check_output(
        "setpriv --reuid=nobody --regid=nogroup --clear-groups ps -e -o user="
    )
    assert set(found.split()) == {"nobody"}


def test_no_core_is_dumped_cis_1_5_3(host: Host) -> None:
    assert re.search(
        r"^\* hard core 0$", text(host, "/etc/security/limits.d/50-vanta.conf"), re.MULTILINE
    )
    found = said(host, "systemd-analyze", "cat-config", "systemd/coredump.conf")
    assert "Storage=none" in found.splitlines()
    assert "ProcessSizeMax=0" in found.splitlines()
    assert said(host, "bash", "-lc", "ulimit -Hc") == "0"


def test_files_of_settings_are_roots(host: Host) -> None:
    files = ("/etc/sysctl.d/60-vanta-network.conf", "/etc/modprobe.d/vanta.conf")
    assert set(modes(host, *files).values()) == {"root:root 644"}
