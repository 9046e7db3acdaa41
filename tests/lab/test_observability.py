"""Metrics are pushed: no machine opens a port to be read at, and Alpha knows each of them."""

import json
import re
import time
from typing import Any

import pytest
from testinfra.host import Host

from infra.lab.lab import Lab
from infra.lab.plan import MACHINES
from tests.lab.reading import modes, now, said

pytestmark = pytest.mark.lab

_TO_KNOW = 60.0
UNITS = {"prometheus.service": 15, "prometheus-node-exporter.service": 15}
ASK = """
import json, ssl, sys, urllib.parse, urllib.request
tls = ssl.create_default_context(cafile="/etc/ssl/vanta/ca.crt")
if sys.argv[2] == "known":
    tls.load_cert_chain("/etc/ssl/vanta/node.crt", "/etc/ssl/vanta/node.key")
url = f"https://alpha:9091/api/v1/query?query={urllib.parse.quote(sys.argv[1])}"
print(json.dumps(json.load(urllib.request.urlopen(url, context=tls, timeout=10))["data"]["result"]))
"""


def _asked(lab: Lab, query: str) -> list[dict[str, Any]]:
    """What Alpha knows; of machines that were turned on a moment ago, once it knows something."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + _TO_KNOW
    while not found and time.monotonic() < end:
        done = lab.machine("alpha").inside("python3", "-c", ASK, query, "known", check=False)
        found = json.loads(done.stdout) if done.returncode == 0 else []
        time.sleep(0 if found else 1)
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_it_runs_and_is_exposed_little(host: Host, unit: str) -> None:
    assert host.service(unit).is_running
    assert host.service(unit).is_enabled
    said(host, "systemd-analyze", "security", f"--threshold={UNITS[unit]}", unit)


def test_nothing_listens_beyond_the_machine(host: Host, machine: str) -> None:
    listening = now(host, "ss", "--no-header", "--listening", "--tcp", "--numeric", "--processes")
    for line in listening.splitlines():
        if "prometheus" in line:
            address = line.split()[3]
            assert address.startswith("127.0.0.1:") or (
                machine == "alpha" and address.endswith(":9091")
            )


def test_alpha_reads_this_machine(lab: Lab, machine: str) -> None:
    (up,) = _asked(lab, f'up{{job="machine", node="{machine}"}}')
    assert up["value"][1] == "1"


def test_its_certificates_end_is_known(lab: Lab, machine: str) -> None:
    query = f'vanta_certificate_expires_timestamp_seconds{{node="{machine}"}} - time()'
    (left,) = _asked(lab, query)
    assert float(left["value"][1]) > 59 * 86400


def test_who_shows_no_certificate_is_told_nothing(host: Host) -> None:
    assert host.run("python3 -c %s up unknown", ASK).rc != 0


def test_each_service_replaces_its_own_metrics_alone(host: Host) -> None:
    folder = "/var/lib/prometheus/node-exporter"
    assert modes(host, folder)[folder] == "root:vanta 3775"


def test_a_node_says_how_it_is_and_the_others_believe_it(host: Host, machine: str) -> None:
    """seed: health seen on Alpha; from within its sandbox a look finds no fault of the sandbox."""
    if machine == "jump":
        pytest.skip("runs none of VANTA")
    now(host, "systemctl", "start", "vanta-diagnostics.service")
    told = now(host, "cat", "/var/lib/prometheus/node-exporter/vanta-diagnostics.prom")
    ranks = dict(
        re.findall(r'^vanta_diagnostics_check{check="(\w+)"} ([0-9]+)', told, re.MULTILINE)
    )
    # A note at most: how the others found themselves.
    assert int(ranks["peers"]) <= 1, told
    assert {ranks["disk"], ranks["services"], ranks["policy"]} == {"0"}, told


def test_rules_are_read_and_none_fails(lab: Lab, host: Host, machine: str) -> None:
    if machine == "alpha":
        said(host, "promtool", "check", "rules", "/etc/prometheus/alerts.yml")
        failed = _asked(lab, "sum(prometheus_rule_evaluation_failures_total)")
        assert failed[0]["value"][1] == "0"


def test_a_machine_that_is_gone_would_be_told(host: Host, machine: str) -> None:
    """With nothing pushed at all the rules speak of each machine."""
    if machine != "alpha":
        pytest.skip("rules are Alpha's")
    alerts = "".join(
        f"      - exp_labels: {{severity: critical, job: machine, node: {each}}}\n"
        f"        exp_annotations: {{summary: '{each} has pushed no metrics for some minutes', "
        "remedy: 'See whether it runs, and `systemctl status prometheus` there'}\n"
        for each in sorted(MACHINES)
    )
    case = (
        "rule_files: [/etc/prometheus/alerts.yml]\nevaluation_interval: 15s\ntests:\n"
        "  - interval: 15s\n    input_series: []\n    alert_rule_test:\n"
        f"    - eval_time: 5m\n      alertname: MachineSilent\n      exp_alerts:\n{alerts}"
    )
    done = host.run(
        "printf %%s %s > /run/rules-test.yml && promtool test rules /run/rules-test.yml", case
    )
    assert done.rc == 0, done.stdout + done.stderr
