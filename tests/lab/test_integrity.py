"""What files were, and whether they still are."""

import pytest
from testinfra.host import Host

from tests.lab.reading import modes, said, text

pytestmark = pytest.mark.lab

TOOLS = ["auditctl", "auditd", "ausearch", "aureport", "autrace", "augenrules"]


def test_it_is_installed_cis_6_3_1(host: Host) -> None:
    assert host.package("aide").is_installed


def test_it_compares_every_day_cis_6_3_2(host: Host) -> None:
    assert host.service("vanta-integrity.timer").is_enabled
    assert host.service("vanta-integrity.timer").is_running


def test_what_it_goes_by_is_roots(host: Host) -> None:
    found = modes(host, "/etc/aide/aide.conf", "/var/lib/vanta-integrity")
    assert found["/etc/aide/aide.conf"] == "root:root 600"
    assert found["/var/lib/vanta-integrity"] == "root:root 700"


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tools_of_audit_are_compared_cis_6_3_3(host: Host, tool: str) -> None:
    assert "/usr/sbin Everything" in text(host, "/etc/aide/aide.conf").splitlines()
    assert f"/usr/sbin/{tool} " in said(host, "cat", "/var/lib/vanta-integrity/database")


def test_it_finds_a_program_that_was_put_there(host: Host) -> None:
    path = "/usr/local/bin/vanta-check"
    compare = "aide --config=/etc/aide/aide.conf --check"
    try:
        host.check_output("cp /bin/true %s", path)
        found = host.run(compare)
        assert found.rc & 1
        assert path in found.stdout
    finally:
        host.run("rm -f %s", path)


def test_its_unit_fails_where_files_differ(host: Host) -> None:
    path = "/usr/local/sbin/vanta-check"
    try:
        host.check_output("cp /bin/true %s", path)
        assert host.run("systemctl start vanta-integrity.service").rc != 0
        assert host.run("systemctl is-failed vanta-integrity.service").rc == 0
    finally:
        host.run("rm -f %s", path)
        host.run("systemctl reset-failed vanta-integrity.service")
