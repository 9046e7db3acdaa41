"""What each service may touch, whatever its code tries."""

import pytest
from testinfra.host import Host

from tests.lab.reading import now, said, text

pytestmark = pytest.mark.lab

_EVERYWHERE = ["vanta-proxy"]
_NODES = ["vanta-governance", "vanta-checkpoint", *_EVERYWHERE]
PROFILES = {
    "jump": _EVERYWHERE,
    "alpha": [*_NODES, "vanta-countersign"],
    "markets": [
        *_NODES,
        "markets-reflector",
        "vanta-promoter",
        "markets-collect-light",
        "markets-collect-deep",
        "markets-collect-warm-up",
    ],
    "executor": [
        *_NODES,
        "vanta-judge",
        "vanta-surveillance",
        "executor-router",
        "vanta-sweep",
        "vanta-paper",
    ],
}


def test_it_is_installed_cis_1_3_1_1(host: Host) -> None:
    assert host.package("apparmor").is_installed
    assert host.service("apparmor").is_enabled


def test_every_service_has_a_profile_that_parses(host: Host, machine: str) -> None:
    for name in PROFILES[machine]:
        path = f"/etc/apparmor.d/{name}"
        words = ("apparmor_parser", "--skip-kernel-load", "--skip-cache", "--names", path)
        assert now(host, *words) == name


def test_every_unit_names_its_profile(host: Host, machine: str) -> None:
    for name in PROFILES[machine]:
        drop = text(host, f"/etc/systemd/system/{name}.service.d/50-apparmor.conf")
        assert f"AppArmorProfile=-{name}" in drop


def test_the_controller_alone_may_write_the_policy(host: Host, machine: str) -> None:
    for name in PROFILES[machine]:
        profile = text(host, f"/etc/apparmor.d/{name}")
        denied = "audit deny /opt/vanta/memory/vault.json wl," in profile
        assert denied != (name in {"vanta-governance", "vanta-proxy"})


def test_no_profile_only_complains_cis_1_3_1_4(host: Host, machine: str) -> None:
    for name in PROFILES[machine]:
        assert "complain" not in text(host, f"/etc/apparmor.d/{name}")


def test_profiles_are_enforced_cis_1_3_1_3(host: Host, machine: str) -> None:
    if host.run("test -d /sys/kernel/security/apparmor").rc != 0:
        pytest.skip("this kernel has no AppArmor")
    loaded = said(host, "cat", "/sys/kernel/security/apparmor/profiles").splitlines()
    assert {f"{name} (enforce)" for name in PROFILES[machine]} <= set(loaded)
