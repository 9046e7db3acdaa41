"""Logs leave the machine they are about, and stay fourteen days on it."""

import time
import uuid
from typing import Any

import pytest
from testinfra.host import Host

from infra.lab.faults import cut, mend
from infra.lab.lab import Lab
from tests.lab.reading import modes, now, said, text

pytestmark = pytest.mark.lab

NODES = ("alpha", "markets", "executor")
ROTATION = {
    "daily": "daily",
    "14-days": "rotate 14",
    "reopened": "/usr/lib/rsyslog/rsyslog-rotate",
    "held-open": "copytruncate",
}


def _collected(lab: Lab, *words: str) -> str:
    found = lab.machine("alpha").inside(
        "journalctl", "--directory=/var/log/journal/remote", "--output=cat", "--no-pager", *words,
        check=False,
    )  # fmt: skip
    return found.stdout


def _until(lab: Lab, wanted: int, mark: str, seconds: float = 60) -> list[str]:
    """The lines with `mark` on Alpha, once there are as many as wanted or time is up."""
    end = time.monotonic() + seconds
    while True:
        lines = [line for line in _collected(lab, f"--grep={mark}").splitlines() if mark in line]
        if len(set(lines)) >= wanted or time.monotonic() > end:
            return lines
        time.sleep(1)


@pytest.mark.parametrize("line", ROTATION.values(), ids=ROTATION)
def test_logs_are_turned_over(host: Host, machine: str, line: str) -> None:
    """CIS 4.3, and the seed's fourteen days."""
    if machine in NODES:
        lines = text(host, "/etc/logrotate.d/vanta").splitlines()
        assert line in [each.strip() for each in lines]


def test_logrotate_reads_it(host: Host) -> None:
    said(host, "logrotate", "--debug", "--state", "/dev/null", "/etc/logrotate.d/vanta")


def test_it_runs_every_day(host: Host) -> None:
    assert host.service("logrotate.timer").is_running
    assert host.service("logrotate.timer").is_enabled


def test_what_a_service_says_is_a_line_of_json(host: Host, machine: str) -> None:
    if machine not in NODES:
        pytest.skip("the jump host runs none of VANTA's services")
    mark = uuid.uuid4().hex
    now(host, "systemd-run", "--quiet", "--wait", f"--unit=vanta-probe-{mark}", "echo", f'"{mark}"')
    log = "/opt/vanta/logs/vanta-daily-runtime.log"
    end = time.monotonic() + 30
    while mark not in (found := host.run("grep -h %s %s", mark, log).stdout):
        assert time.monotonic() < end, "it did not arrive"
        time.sleep(0.5)
    assert f'"message":"\\"{mark}\\""' in found
    assert modes(host, log)[log] == "root:vanta 640"


def test_rsyslog_has_no_network(host: Host, machine: str) -> None:
    """CIS 6.1.3.6: it receives from nobody."""
    if machine in NODES:
        unit = now(host, "systemctl", "show", "rsyslog", "--property=PrivateNetwork")
        assert unit == "PrivateNetwork=yes"


def test_it_is_on_alpha_in_a_moment(host: Host, machine: str, lab: Lab) -> None:
    if machine == "alpha":
        pytest.skip("its own journal is there already")
    mark = uuid.uuid4().hex
    now(host, "logger", "-t", "probe", mark)
    assert _until(lab, 1, mark)


def test_it_is_filed_by_where_it_came_from(
    lab: Lab, host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    if machine == "alpha":
        names = now(host, "ls", "/var/log/journal/remote")
        for other, values in variables.items():
            if other != "alpha":
                assert f"remote-{values['vanta_address']}" in names, lab.plan.name


def test_nothing_is_lost_while_alpha_is_away(lab: Lab, machine: str) -> None:
    """Past SSH: with Alpha's cable pulled, and the uploader ended in the middle of it."""
    if machine != "markets":
        pytest.skip("once is enough")
    mark, markets, alpha = uuid.uuid4().hex, lab.machine("markets"), lab.machine("alpha")
    said_so = f"for i in $(seq 500); do echo {mark} $i; sleep 0.005; done | systemd-cat -t probe"
    cut(alpha)
    try:
        markets.inside("sh", "-c", said_so)
        markets.inside("systemctl", "restart", "systemd-journal-upload.service")
    finally:
        mend(alpha)
    assert len(set(_until(lab, 500, mark, 90))) == 500
