"""The comparison as it runs: on the real clock, beside a broker at full speed, killed, and told."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.surveillance.live import CONFIG, Live
from vanta.domain.encoding import decode
from vanta.domain.instant import SECOND
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.ledger import Taken
from vanta.executor.brokers.paper.wire import SOCKET
from vanta.executor.events import OrderPrepared
from vanta.executor.events import read as trade_event
from vanta.executor.surveillance.mismatch import JOURNAL, MismatchFound, read_alert
from vanta.executor.surveillance.process import start
from vanta.governance.latch import latched
from vanta.journal.reader import read
from vanta.node.layout import Layout


@pytest.fixture
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    made = Live(tmp_path, **getattr(request, "param", {}))
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "live", [{"misbehaving": False}, {"misbehaving": True}], indirect=True, ids=["fast", "misused"]
)
def test_at_full_speed_nothing_is_told_that_is_not_wrong(live: Live) -> None:
    live.trade(6)
    live.run(6)
    broker = PaperBroker(live.root / "broker")
    fills = len(broker.executions_since(0).fills)
    broker.close()
    told = [one.mismatch for _, one in live.alerts()]
    assert told == [], (live.layout.logs / "executor-surveillance.log").read_text()
    assert fills > 100
    assert not latched(live.layout.memory)


def test_what_left_by_the_brokers_own_journal_was_on_record_before(live: Live) -> None:
    live.trade(2)
    live.run(1)
    prepared = {
        order.client_order_id: (order, record.ts)
        for record in read(live.layout.journal("trade_log"))
        if isinstance(event := trade_event(record), OrderPrepared)
        for order in [event.order]
    }
    taken = [
        decode(Taken, bytes(record.body))
        for record in read(live.root / "broker" / "paper.jsonl")
        if record.type == Taken.type
    ]
    assert len(taken) > 20
    for one in taken:
        order, at = prepared[one.order.client_order_id]
        assert one.order == order
        assert at <= one.ts
    assert live.alerts() == []


def test_an_order_nobody_prepared_halts_the_node_in_time(live: Live) -> None:
    live.trade(0.2, batch=1)
    shown = time.time_ns()
    name = live.plant(client_order_id=f"ord_{9:032x}", quantity=10**8)
    record, alert = live.await_alert()
    assert (alert.mismatch.code, alert.mismatch.subject) == ("UNPREPARED", name)
    assert record.ts - shown < 5 * SECOND
    assert latched(live.layout.memory)


def test_killed_anywhere_it_goes_on_and_tells_once(live: Live) -> None:
    live.trade(0.2, batch=1)
    for _ in range(3):
        live.comparing.send_signal(signal.SIGKILL)
        live.comparing.wait()
        live.comparing = start(live.layout)
        live.run(0.3)
    name = live.plant(client_order_id=f"ord_{9:032x}", quantity=10**8)
    live.await_alert()
    for _ in range(3):
        live.comparing.send_signal(signal.SIGKILL)
        live.comparing.wait()
        live.comparing = start(live.layout)
        live.run(0.5)
    told = [(one.mismatch.code, one.mismatch.subject) for _, one in live.alerts()]
    assert told == [("UNPREPARED", name)]


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
    heads, *why = vanta("alerts").stdout.splitlines()
    assert heads.startswith(alert["id"][:16])
    assert heads.endswith(", halted the node")
    assert " ".join(line.strip() for line in why) == alert["why"]
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


@pytest.mark.slow
def test_an_executor_killed_everywhere_is_told_of_in_nothing(tmp_path: Path) -> None:
    """Twenty-five kills, at checkpoints and in between, at a broker whose answers are misused."""
    (tmp_path / "etc").mkdir()
    config = CONFIG.format(broker=tmp_path / "broker")
    (tmp_path / "etc" / "node.yaml").write_text(config)
    command = [sys.executable, "-m", "tests.executor.crash_driver", str(tmp_path)]
    driver = subprocess.Popen([*command, "25", "3", "misbehaving"], stdout=subprocess.PIPE)
    layout = Layout(tmp_path)
    while not (layout.memory.exists() and (tmp_path / "broker" / SOCKET).exists()):
        time.sleep(0.01)
    comparing = start(layout)
    try:
        ends = json.loads(driver.communicate()[0])["ends"]
        time.sleep(1)
    finally:
        comparing.terminate()
        comparing.wait()
    assert ends["killed"] > 15
    found = [read_alert(record) for record in read(layout.journal(JOURNAL))]
    told = [one.mismatch.code for one in found if isinstance(one, MismatchFound)]
    assert told == [], (layout.logs / "executor-surveillance.log").read_text()
