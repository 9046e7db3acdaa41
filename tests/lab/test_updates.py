"""Security updates by themselves, and nothing restarted by them."""

import pytest
from testinfra.host import Host

from tests.lab.reading import said, text

pytestmark = pytest.mark.lab

APT = {
    "CIS-1.2.2.1-lists": ("APT::Periodic::Update-Package-Lists", '"1"'),
    "CIS-1.2.2.1-upgrades": ("APT::Periodic::Unattended-Upgrade", '"1"'),
    "no-reboot": ("Unattended-Upgrade::Automatic-Reboot", '"false"'),
    "small-steps": ("Unattended-Upgrade::MinimalSteps", '"true"'),
    "signed": ("APT::Get::AllowUnauthenticated", '"false"'),
    "CIS-1.2.1.2-signed-archives": ("Acquire::AllowInsecureRepositories", '"false"'),
    "no-recommends": ("APT::Install-Recommends", '"false"'),
    "peer": ("Acquire::https::Verify-Peer", '"true"'),
}
INSTALLED = ["unattended-upgrades", "needrestart", "debsums", "apt-listchanges"]


@pytest.mark.parametrize(("name", "value"), APT.values(), ids=APT)
def test_apt_goes_by(host: Host, name: str, value: str) -> None:
    assert (
        said(host, "apt-config", "dump", "--format=%F %V%n", name)
        == f"{name} {value.strip(chr(34))}"
    )


def test_updates_come_from_security_alone(host: Host) -> None:
    lines = said(host, "apt-config", "dump", "Unattended-Upgrade::Origins-Pattern").splitlines()
    origins = [line for line in lines if '""' not in line]
    assert len(origins) == 1
    assert "label=Debian-Security" in origins[0]


@pytest.mark.parametrize("package", INSTALLED)
def test_it_is_installed(host: Host, package: str) -> None:
    assert host.package(package).is_installed


@pytest.mark.parametrize("timer", ["apt-daily", "apt-daily-upgrade"])
def test_it_runs_every_day(host: Host, timer: str) -> None:
    assert host.service(f"{timer}.timer").is_enabled
    assert "OnCalendar=*-*-* 06:30" in said(host, "systemctl", "cat", f"{timer}.timer")


def test_an_update_restarts_no_service(host: Host) -> None:
    assert "$nrconf{restart} = 'l';" in text(host, "/etc/needrestart/conf.d/50-vanta.conf")


def test_packages_are_as_they_were_shipped(host: Host) -> None:
    """What a package put there and nobody changed is as its checksum says, configuration apart."""
    changed = host.run("debsums --silent --changed").stdout.split()
    assert not [path for path in changed if not path.startswith("/etc/")]
