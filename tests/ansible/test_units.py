"""Every service in its sandbox: how exposed it is, what it starts, and what it is given."""

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.conftest import REPOSITORY, Rendered

MOST = {"network": 1.5, "alone": 0.5, "vanta-recover": 1.0}
"""Exposure by `systemd-analyze security`. What recovers is root's, as slots and their link are."""
COLLECTORS = ("markets-collect-light", "markets-collect-deep", "markets-collect-warm-up")
UNTRIED = pytest.mark.skipif(
    not Path("/usr/bin/systemd-analyze").exists(), reason="systemd-analyze is not installed"
)


def units(rendered: Rendered, suffix: str = ".service") -> Iterator[tuple[str, str, str]]:
    """Every unit: the node's role, the unit's name, its text."""
    for role, files in rendered.items():
        for name, text in files.items():
            if name.endswith(suffix):
                yield role, name.removesuffix(suffix), text


def said(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@UNTRIED
def test_no_service_is_more_exposed_than_it_may_be(rendered: Rendered, tmp_path: Path) -> None:
    for role, name, text in units(rendered):
        file = tmp_path / role / f"{name}.service"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        kind = "alone" if said(text, "PrivateNetwork") == ["yes"] else "network"
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", str(file)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        found = re.search(r"Overall exposure level for .*?: ([0-9.]+)", done.stdout)
        assert found, done.stdout + done.stderr
        most = MOST.get(name, MOST[kind])
        assert float(found[1]) <= most, f"{name} on {role}: {found[1]}, at most {most}"


@UNTRIED
def test_systemd_understands_every_line(rendered: Rendered, tmp_path: Path) -> None:
    for role, files in rendered.items():
        folder = tmp_path / role
        folder.mkdir()
        names = [name for name in files if name.endswith((".service", ".timer", ".target"))]
        for name in names:
            # There is no build here; a program that is stands for it.
            text = re.sub(r"^ExecStart=/opt/vanta/current/bin/\S+", "ExecStart=/bin/true",
                          files[name], flags=re.MULTILINE)  # fmt: skip
            (folder / name).write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in names)],
            capture_output=True, text=True, check=False, timeout=60,
            env={"SYSTEMD_UNIT_PATH": f"{folder}:/lib/systemd/system", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        ours = [line for line in done.stderr.splitlines() if "vanta" in line or str(folder) in line]
        assert not ours, "\n".join(ours)


def test_the_controller_alone_may_ask_the_kernel_of_its_clock(rendered: Rendered) -> None:
    """Without it a clock that was set once is doubted until the next boot."""
    for role, name, text in units(rendered):
        asks = name == "vanta-governance"
        assert ("adjtimex" in said(text, "SystemCallFilter")) == asks, f"{name} on {role}"
        assert said(text, "ProtectClock") == ["no" if asks else "yes"], f"{name} on {role}"
        # To set it takes CAP_SYS_TIME.
        assert said(text, "CapabilityBoundingSet") == [""] or name == "vanta-recover"


def test_a_restart_forgives_what_is_kept_running_and_silences_no_alarm(rendered: Rendered) -> None:
    shared = yaml.safe_load((REPOSITORY / "ansible/group_vars/all/vanta.yml").read_text())
    for role, name, text in units(rendered):
        kept = said(text, "Type") != ["oneshot"]
        forgiven = any(fnmatch(f"{name}.service", one) for one in shared["vanta_kept_running"])
        assert forgiven == kept, f"{name} on {role}"


def test_nothing_is_started_but_the_build_that_runs(rendered: Rendered) -> None:
    for role, name, text in units(rendered):
        for key in ("ExecStart", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecReload"):
            for words in said(text, key):
                assert words.startswith("/opt/vanta/current/bin/"), f"{name} on {role}: {words}"


def test_every_service_is_a_user_of_its_own_and_none_is_root(rendered: Rendered) -> None:
    for role, files in rendered.items():
        users: dict[str, list[str]] = {}
        for name in files:
            if name.endswith(".service") and name != "vanta-recover.service":
                [user] = said(files[name], "User")
                assert user.startswith("vanta-"), f"{name} on {role} runs as {user}"
                if said(files[name], "Type") != ["oneshot"]:
                    users.setdefault(user, []).append(name)
        assert all(len(names) == 1 for names in users.values()), users


def test_a_hung_service_is_killed_and_one_that_ends_five_times_stays_down(
    rendered: Rendered,
) -> None:
    for role, name, text in units(rendered):
        if said(text, "Type") == ["notify"]:
            assert said(text, "WatchdogSec"), f"{name} on {role}"
            assert said(text, "StartLimitBurst") == ["5"]
            assert said(text, "Restart") == ["on-failure"]


def test_everything_waits_for_what_mends_a_flip_that_was_cut_short(rendered: Rendered) -> None:
    for _, name, text in units(rendered):
        if name != "vanta-recover":
            assert "vanta-recover.service" in said(text, "Requires")
            assert "vanta-recover.service" in " ".join(said(text, "After")).split()


def test_who_reaches_whom_is_what_the_flows_say(rendered: Rendered) -> None:
    """A service without a flow has no network, and one with flows has those addresses alone."""
    ports = yaml.safe_load((REPOSITORY / "infra/topology/ports.yaml").read_text())["flows"]
    flows = {flow["name"]: flow for flow in ports}
    addresses = yaml.safe_load((Path(__file__).parent / "addresses.yml").read_text())
    children: dict[str, Any] = addresses["all"]["children"]
    at = {role: child["vars"]["vanta_address"] for role, child in children.items()}
    for role, files in rendered.items():
        for service in files["services"]:
            text = files[f"{service['name']}.service"]
            allowed = set(" ".join(said(text, "IPAddressAllow")).split())
            assert said(text, "IPAddressDeny") == ["any"]
            if not service.get("network"):
                assert (said(text, "PrivateNetwork"), allowed) == (["yes"], set())
                continue
            named = [flows[name] for name in service.get("flows", [])]
            wanted = {at[flow["to"]] for flow in named if role in flow["from"]}
            assert allowed == {"localhost", at[role], *wanted}, service["name"]


def test_a_vendors_keys_reach_the_services_that_speak_to_vendors(rendered: Rendered) -> None:
    """And secrets reach no environment variable: they are files of systemd's."""
    given = {"node-key", "redis-password"}
    for _, name, text in units(rendered):
        names = {words.split(":")[0] for words in said(text, "LoadCredential")}
        if name in COLLECTORS:
            assert names == {"data-key", "alpaca-data-secret", "x-token"}, "none of the node's own"
        else:
            assert names <= given or name in {"executor-router", "vanta-surveillance"}
        for words in said(text, "LoadCredential"):
            assert words.split(":")[1].startswith(("/etc/vanta/credentials/", "/etc/vanta/keys/"))
        assert all("PROXY" in words for words in said(text, "Environment"))


def test_only_the_controller_may_write_where_it_keeps_what_it_fetched(rendered: Rendered) -> None:
    for _, name, text in units(rendered):
        writes = said(text, "ReadWritePaths")
        if name not in {"vanta-governance", "vanta-recover"}:
            assert not [path for path in writes if "mirror" in path or "slots" in path]
        assert said(text, "ProtectSystem") == ["strict"]


def test_timers_belong_to_vanta_and_start_with_it(rendered: Rendered) -> None:
    for role, files in rendered.items():
        wants = said(files["wants.conf"], "Wants")
        for name in files:
            if name.endswith(".timer"):
                assert name in wants, f"{name} on {role}"
                assert said(files[name], "OnUnitActiveSec") or said(files[name], "OnCalendar")
            elif name.endswith(".service") and name != "vanta-recover.service":
                oneshot = said(files[name], "Type") == ["oneshot"]
                assert (name in wants) is not oneshot, f"{name} on {role}"


def test_collectors_reach_names_outside_and_write_the_feeds_alone(rendered: Rendered) -> None:
    for name in COLLECTORS:
        text = rendered["markets"][f"{name}.service"]
        assert said(text, "User") == ["vanta-collector"]
        assert said(text, "ReadWritePaths") == ["/opt/vanta/feeds"]
        assert said(text, "Environment") == ["HTTPS_PROXY=http://127.0.0.1:3128"]
        assert said(text, "Type") == ["oneshot"]
    reflector = rendered["markets"]["markets-reflector.service"]
    assert said(reflector, "PrivateNetwork") == ["yes"]
    assert "/opt/vanta/feeds" not in said(reflector, "ReadWritePaths")


def test_collectors_are_started_by_the_minute_by_the_hour_and_before_the_open(
    rendered: Rendered,
) -> None:
    light, deep, warm_up = (rendered["markets"][f"{name}.timer"] for name in COLLECTORS)
    assert said(light, "OnUnitActiveSec") == ["1min"]
    assert (said(deep, "OnCalendar"), said(deep, "RandomizedDelaySec")) == (["hourly"], ["5min"])
    assert said(warm_up, "OnCalendar") == ["Mon..Fri 09:15 America/New_York"]
