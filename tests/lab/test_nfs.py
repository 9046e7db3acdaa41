"""Alpha's export: read by workers, written by none of them, and not there for anybody else."""

from typing import Any

import pytest
from testinfra.host import Host

from infra.lab.share import WORKERS
from tests.lab.reading import now, said, text

pytestmark = pytest.mark.lab

EXPORT = {
    "read-only": "Access_Type = RO;",
    "root-squash": "Squash = Root_Squash;",
    "version-4": "Protocols = 4;",
    "nobody-else": "Access_Type = None;",
    "privileged-port": "PrivilegedPort = true;",
}
UNUSED = ("rpcbind.service", "rpcbind.socket", "nfs-ganesha-lock.service")


@pytest.fixture
def export(variables: dict[str, dict[str, Any]]) -> str:
    return f"nfs://{variables['alpha']['vanta_address']}/opt/vanta/build"


@pytest.mark.parametrize("line", EXPORT.values(), ids=EXPORT)
def test_it_is_exported(host: Host, machine: str, line: str) -> None:
    if machine == "alpha":
        assert line in text(host, "/etc/ganesha/ganesha.conf")


def test_workers_alone_are_named(
    host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    if machine == "alpha":
        named = ", ".join(sorted(variables[worker]["vanta_address"] for worker in WORKERS))
        assert f"Clients = {named};" in text(host, "/etc/ganesha/ganesha.conf")


@pytest.mark.parametrize("unit", UNUSED)
def test_what_older_versions_need_is_off(host: Host, machine: str, unit: str) -> None:
    """CIS 2.1.9 and 2.1.12."""
    if machine == "alpha":
        assert host.run("systemctl is-enabled %s", unit).stdout.strip() == "masked"


def test_a_worker_sees_it_over_the_wire(host: Host, machine: str, export: str) -> None:
    if machine in WORKERS:
        assert "status" in now(host, "nfs-ls", f"{export}?version=4")


def test_a_worker_cannot_write_over_the_wire(host: Host, machine: str, export: str) -> None:
    if machine in WORKERS:
        tried = host.run("nfs-cp /etc/hostname %s", f"{export}/tried?version=4")
        assert tried.rc != 0
        assert "ROFS" in tried.stderr or "ACCES" in tried.stderr or "PERM" in tried.stderr


def test_a_worker_cannot_write_where_it_is_shown(host: Host, machine: str) -> None:
    if machine in WORKERS:
        assert host.run("touch /opt/vanta/build/tried").rc != 0
        options = said(host, "findmnt", "-no", "OPTIONS", "/opt/vanta/build").split(",")
        assert {"ro", "nosuid", "nodev", "noexec"} <= set(options)


def test_who_is_no_user_of_a_worker_cannot_ask(host: Host, machine: str, export: str) -> None:
    """A port above 1023 is anybody's."""
    if machine in WORKERS:
        assert host.run("runuser -u nobody -- nfs-ls %s", f"{export}?version=4").rc != 0
