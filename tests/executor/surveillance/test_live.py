"""The comparison as it runs: on the real clock, beside a broker at full speed, killed, and told."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.surveillance.live import Live
from vanta.executor.surveillance.process import start
from vanta.journal.reader import read


@pytest.fixture
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    made = Live(tmp_path, **getattr(request, "param", {}))
    yield made
    made.close()


def test_whoever_is_to_be_told_is_told(live: Live, tmp_path: Path) -> None:
    more = f"""\
executor:
  surveillance:
    command: [sh, -c, "cat >> $0", {tmp_path}/told.json]
    metrics_textfile: {tmp_path}/told.prom
"""
    live.layout.config.write_text(live.layout.config.read_text() + more)
    live.comparing.terminate()
    live.comparing.wait()
    live.comparing = start(live.layout)
    live.trade(0.2, batch=1)
    live.plant(client_order_id=f"ord_{9:032x}", quantity=10**8)
    live.await_alert()
    time.sleep(1.5)
    [line] = (tmp_path / "told.json").read_text().splitlines()
    assert json.loads(line)["alert"]["mismatch"]["code"] == "UNPREPARED"
    metrics = (tmp_path / "told.prom").read_text()
    assert 'vanta_surveillance_alerts_total{broker="paper",code="UNPREPARED"} 1.0' in metrics
    assert "vanta_surveillance_standing 1.0" in metrics


def test_the_status_tells_and_settling_ends_it(live: Live) -> None:
    def vanta(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vanta.cli", "executor", *words]
        return subprocess.run(
            [*command, "--node", str(live.root)], capture_output=True, text=True, check=False
        )

    live.trade(0.2, batch=1)
    assert "comparison: comparing paper" in vanta("status").stdout
    assert vanta("alerts").returncode == 0
    name = live.plant(client_order_id=f"ord_{9:032x}", quantity=10**8)
    live.await_alert()
    done = vanta("alerts", "--json")
    [alert] = json.loads(done.stdout)["standing"]
    assert (done.returncode, alert["code"], alert["subject"]) == (3, "UNPREPARED", name)
    status = vanta("status", "--json")
    assert status.returncode == 3
    assert json.loads(status.stdout)["comparison"]["standing"] == [alert]
    assert "MISMATCHES: 1 stand" in vanta("status").stdout
    assert "[NO_ALERT]" in vanta("settle", "mis_0000", "--because", "x").stderr
    done = vanta("settle", alert["id"][:12], "--because", "a test of ours")
    assert (done.returncode, done.stdout) == (0, f"{alert['id']} is settled\n")
    assert vanta("alerts").returncode == 0
    settled = list(read(live.layout.journal("alerts")))[-1]
    assert json.loads(bytes(settled.body))["why"] == "a test of ours"
