"""`vanta diagnostics` as people and programs meet it."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.founded import environment, vanta
from tests.diagnostics.house import House, running
from vanta.diagnostics import registry
from vanta.diagnostics.finding import Check, Severity

ROOT = Path(__file__).resolve().parents[2]


def diagnosed(house: House, *words: str, node: str = "alpha") -> "subprocess.CompletedProcess[str]":
    house.signs()
    return vanta("diagnostics", "-n", f"nodes/{node}", *words, at=house.root)


def test_one_screen_begins_with_the_verdict_and_the_worst(house: House) -> None:
    house.signs("governance")
    done = vanta("diagnostics", "-n", "nodes/alpha", at=house.root)
    who, verdict, worst, *lines = done.stdout.splitlines()
    assert who.startswith("alpha (alpha, dev) at ")
    assert verdict == "CRITICAL: somebody must act"
    assert worst == "critical  services   governance: no sign of life since this machine started"
    assert "runbooks/a-service-does-not-run.md" in lines[0]
    assert len(done.stdout.splitlines()) <= 24
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.returncode == 4


def test_the_exit_code_is_the_verdicts(house: House) -> None:
    assert diagnosed(house).returncode == 3
    assert diagnosed(house, node="none").returncode == 1
    assert diagnosed(house, "--watch", "soon").returncode == 2
    house.signs("governance")
    assert vanta("diagnostics", "-n", "nodes/alpha", at=house.root).returncode == 4


def test_the_same_by_its_own_name(house: House) -> None:
    house.signs()
    command = Path(sys.executable).with_name("vanta-diagnostics")
    done = subprocess.run(
        [command, "--json"], cwd=house.root, capture_output=True, text=True, check=False,
        env=environment(VANTA_NODE="nodes/alpha"),
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert (done.returncode, report["node"], report["verdict"]) == (3, "alpha", "warn") or (
        done.returncode, report["verdict"],
    ) == (3, "unknown")  # fmt: skip
    assert {"check", "severity", "code", "subject", "says", "remedy", "figures"} == set(
        report["findings"][0]
    )


def test_colours_on_a_terminal_and_none_under_no_color(house: House) -> None:
    said = {}
    for name, more in (("plain", {}), ("coloured", {"NO_COLOR": ""})):
        ours, theirs = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "vanta.cli", "diagnostics", "-n", "nodes/alpha"],
            cwd=house.root, env=environment(TERM="xterm-256color", **more), check=False,
            stdout=theirs,
        )  # fmt: skip
        os.close(theirs)
        said[name] = os.read(ours, 65536)
        os.close(ours)
    assert b"\x1b[" not in said["plain"]
    assert b"\x1b[" in said["coloured"]


def test_metrics_for_the_textfile_collector(house: House) -> None:
    path = house.root / "vanta.prom"
    assert diagnosed(house, "--prometheus", str(path)).returncode == 3
    samples = {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(path.read_text())
        for one in family.samples
    }
    assert samples["vanta_diagnostics_check", "services"] == 0
    assert samples["vanta_diagnostics_check", "assistant"] == 1
    assert samples["vanta_diagnostics_finding", "", "ASSISTANT_NONE", "assistant"] == 1
    assert samples["vanta_diagnostics_verdict",] == 3 or samples["vanta_diagnostics_verdict",] == 2
    assert abs(samples["vanta_diagnostics_timestamp_seconds",] - time.time()) < 60
    free = [name for name in samples if "free_bytes" in name]
    assert all(samples[name] > 0 for name in free)
    assert free
    assert [one.name for one in house.root.glob("vanta.prom*")] == ["vanta.prom"]
    other = diagnosed(house, "--prometheus", "vanta.txt")
    assert (other.returncode, "[METRICS_NAME]" in other.stderr) == (1, True)
    nowhere = diagnosed(house, "--prometheus", "none/vanta.prom")
    assert (nowhere.returncode, "[METRICS_UNWRITABLE]" in nowhere.stderr) == (1, True)


def test_it_looks_again_until_it_is_ended(house: House) -> None:
    path = house.root / "vanta.prom"
    words = ("diagnostics", "-n", "nodes/alpha", "--watch", "0.1", "--prometheus", str(path))
    with running(house, *words) as process:
        deadline = time.monotonic() + 30
        seen: set[str] = set()
        while len(seen) < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None
            seen |= {path.read_text()} if path.exists() else set()


def test_a_status_needs_a_folder(house: House) -> None:
    config = house.layout("markets").config
    lines = config.read_text().splitlines()
    config.write_text("\n".join(line for line in lines if not line.startswith("statuses:")))
    done = diagnosed(house, "--publish", node="markets")
    assert (done.returncode, "[NOWHERE]" in done.stderr) == (1, True)


# What is declared


@pytest.mark.parametrize("check", registry.CHECKS, ids=lambda check: check.name)
def test_every_remedy_names_a_page_that_is_there(check: Check) -> None:
    for says in check.codes:
        assert (
            says.severity is Severity.OK
            or says.severity is Severity.NOTE
            or says.remedy
            or (says.code == "PEERS_UNNAMED")
        )
        for word in says.remedy.replace(";", " ").replace(",", " ").split():
            page = word.rstrip(".)")
            if page.endswith(".md"):
                assert (ROOT / "docs" / page).is_file(), page


def test_a_code_means_one_thing() -> None:
    codes = [says.code for check in registry.CHECKS for says in check.codes]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("check", registry.CHECKS, ids=lambda check: check.name)
def test_every_check_can_say_that_all_is_well_and_that_it_is_not(check: Check) -> None:
    said = {says.severity for says in check.codes}
    assert Severity.OK in said
    assert said & {Severity.WARN, Severity.CRITICAL}
