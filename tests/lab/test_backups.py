"""Backups of Alpha: encrypted, without keys and passwords, and good for a restore."""

import json

import pytest
from testinfra.host import Host

from tests.lab.reading import modes, now, said

pytestmark = pytest.mark.lab

ON = ("alpha",)
PASSWORD = "/etc/vanta/credentials/backups"  # noqa: S105 - its file
STORE = "/var/backups/vanta"
RESTIC = ("restic", "--no-cache", "--repo", STORE, "--password-file", PASSWORD)
MODES = {
    "store": (STORE, "root:root 700"),
    "password": (PASSWORD, "root:root 600"),
}
UNITS = {"vanta-backup": 15, "vanta-backup-collect": 20, "vanta-backup-forget": 15}


@pytest.fixture(autouse=True)
def _installed(host: Host) -> None:
    if not host.file("/etc/systemd/system/vanta-backup.timer").exists:
        pytest.skip("this environment has no backups of its own")


@pytest.fixture
def latest(host: Host) -> list[str]:
    """Paths in a backup made just now."""
    now(host, "systemctl", "start", "vanta-backup.service")
    lines = now(host, *RESTIC, "ls", "--json", "latest").splitlines()
    return [json.loads(line).get("path", "") for line in lines]


@pytest.mark.parametrize(("path", "mode"), MODES.values(), ids=MODES)
def test_files_are_roots_alone(host: Host, path: str, mode: str) -> None:
    assert modes(host, path)[path] == mode


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_exposed_little(host: Host, unit: str) -> None:
    said(host, "systemd-analyze", "security", f"--threshold={UNITS[unit]}", f"{unit}.service")


@pytest.mark.parametrize("timer", ["vanta-backup.timer", "vanta-backup-forget.timer"])
def test_it_is_made_by_a_timer(host: Host, timer: str) -> None:
    assert host.service(timer).is_running
    assert host.service(timer).is_enabled


def test_a_backup_has_what_alpha_alone_has(latest: list[str]) -> None:
    assert "/var/lib/redis/dump.rdb" in latest


def test_no_key_and_no_password_is_in_it(latest: list[str]) -> None:
    private = ("/etc/vanta/keys", "/etc/vanta/credentials", "/etc/ssl", "/etc/ssh")
    assert not [path for path in latest if path.startswith(private)]


def test_nobody_reads_it_without_the_password(host: Host) -> None:
    words = ("--no-cache", "--repo", STORE, "--password-command", "echo wrong")
    done = host.run("restic " + " ".join(["%s"] * 6), *words, "snapshots")
    assert "wrong password" in done.stderr


def test_what_is_read_back_is_whole(host: Host, latest: list[str]) -> None:
    assert latest
    # As the units do, of which the timer may start one meanwhile.
    assert "no errors were found" in now(host, "flock", STORE, *RESTIC, "check", "--read-data")


def test_the_repository_comes_back(host: Host, latest: list[str]) -> None:
    bundle = "/var/lib/vanta-backup/repository/governance.bundle"
    if bundle not in latest:
        pytest.skip("nothing was pushed yet")
    target = "/run/vanta-backup-tried"
    now(host, *RESTIC, "restore", "latest", "--include", bundle, "--target", target)
    try:
        now(host, "git", "clone", "--quiet", "--mirror", f"{target}{bundle}", f"{target}/clone")
        there = now(host, "git", "-C", f"{target}/clone", "show-ref")
        assert there
    finally:
        now(host, "rm", "-rf", target)
