"""Nodes that share no folder: what they tell each other goes over Redis, typed as operators do."""

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.founded import vanta
from tests.diagnostics.house import NODES, House, eventually, running, typed
from tests.governance.valkey import Valkey
from vanta.diagnostics.finding import Severity
from vanta.domain.instant import HOUR
from vanta.journal.segment import checkpoints_path

pytestmark = pytest.mark.timeout(600)
"""Whole processes on a machine that others use too: nothing here is about how long it takes."""


@pytest.fixture
def apart(house: House, tmp_path: Path) -> Iterator[House]:
    """Nodes whose statuses and checkpoints go over a Redis that asks who they are."""
    folder, secret = tmp_path / "redis", tmp_path / "password"
    folder.mkdir()
    secret.write_text("open-sesame\n")
    secret.chmod(0o400)
    with Valkey(folder, "--requirepass", "open-sesame") as server:
        for node in NODES:
            config = house.layout(node).config
            kept = [line for line in config.read_text().splitlines() if "statuses:" not in line]
            more = [f"statuses: {server.url}", f"checkpoints: {server.url}"]
            config.write_text("\n".join([*kept, *more, f"redis: {{password: {secret}}}", ""]))
        yield house


def test_nodes_see_each_others_statuses(apart: House) -> None:
    assert apart.says("alpha", "peers")["PEER_UNSEEN"].severity is Severity.UNKNOWN
    apart.publish()
    assert apart.says("alpha", "peers").keys() <= {"PEERS_SEEN", "PEER_VERDICT"}
    assert "PEER_OLD" in apart.says("executor", "peers", later=HOUR)


def test_a_redis_that_is_gone_makes_nobody_a_forger(apart: House) -> None:
    apart.publish()
    config = apart.layout("alpha").config
    text = config.read_text()
    config.write_text(text.replace("redis://127.0.0.1:", "redis://127.0.0.9:"))
    assert apart.says("alpha", "peers").keys() == {"PEER_UNSEEN"}


def test_checkpoints_reach_alpha_and_come_back_and_hold_a_journal_that_is_cut(
    apart: House,
) -> None:
    executor = apart.layout("executor")
    typed(apart.root, "node", "checkpoint", "-n", "nodes/executor")
    told = typed(apart.root, "node", "countersign", "-n", "nodes/alpha")
    assert "countersigned executor/trade_log at " in told
    again = typed(apart.root, "node", "checkpoint", "-n", "nodes/executor")
    assert "alpha countersigned executor/trade_log at " in again
    # Every minute, of a journal that stood still: nothing is kept twice.
    kept = checkpoints_path(executor.journal("trade_log"))
    before = kept.read_bytes()
    typed(apart.root, "node", "checkpoint", "-n", "nodes/executor")
    assert kept.read_bytes() == before
    nodes = ("-n", "nodes/alpha", "-n", "nodes/executor")
    sound = vanta("audit", "verify", *nodes, at=apart.root)
    assert "CHECKPOINT" not in sound.stdout, sound.stdout
    # Whoever owns the node cuts the journal, and takes the checkpoints of it away.
    journal = executor.journal("trade_log")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]))
    checkpoints_path(journal).unlink()
    cut = vanta("audit", "verify", *nodes, at=apart.root)
    assert cut.returncode != 0
    assert "CHECKPOINT_AHEAD" in cut.stdout + cut.stderr
    typed(apart.root, "node", "checkpoint", "-n", "nodes/executor")
    refused = vanta("node", "countersign", "-n", "nodes/alpha", at=apart.root)
    assert refused.returncode == 3
    assert "CHECKPOINT_BEHIND" in refused.stdout
    journal.unlink()
    gone = vanta("audit", "verify", *nodes, at=apart.root)
    assert "JOURNAL_MISSING" in gone.stdout + gone.stderr


def test_countersigning_needs_to_be_told_where(house: House) -> None:
    refused = vanta("node", "countersign", "-n", "nodes/alpha", at=house.root)
    assert refused.returncode == 1
    assert "NOWHERE" in refused.stderr


def test_the_whole_way_from_a_feed_to_an_order_over_redis(apart: House) -> None:
    """Reflector, promoter and Executor as the services they are, each with its own journal."""
    layout = apart.layout("markets")
    for node in ("markets", "executor"):
        config = apart.layout(node).config
        lines = [line for line in config.read_text().splitlines() if not line.startswith("bus:")]
        url = next(line.partition(" ")[2] for line in lines if line.startswith("statuses:"))
        recorded = "markets: {feeds: feeds, recorded: true, pace: 20000, every: 1s}"
        config.write_text("\n".join([*lines, f"bus: {url}", recorded, ""]))
    accepted = apart.layout("executor").journal("intents").read_bytes().count(b"intent.accepted")

    def taken() -> bool:
        journal = apart.layout("executor").journal("intents").read_bytes()
        return journal.count(b"intent.accepted") > accepted

    judge = running(apart, "executor", "judge", "-n", "nodes/executor")
    executor = running(apart, "executor", "run", "--with-paper-broker", "-n", "nodes/executor")
    promoter = running(apart, "markets", "promote", "-n", "nodes/markets")
    reflector = running(apart, "markets", "follow", "-n", "nodes/markets")
    with judge, executor, promoter, reflector:
        eventually(taken, 300)
    assert layout.journal("promotion").exists()
    nodes = ("-n", "nodes/markets", "-n", "nodes/executor")
    sound = vanta("audit", "verify", *nodes, at=apart.root)
    assert sound.returncode == 0, sound.stdout
    replayed = vanta("audit", "replay", *nodes, at=apart.root)
    assert replayed.returncode == 0, replayed.stdout
    assert "promotion" in replayed.stdout
    typed(apart.root, "audit", "export", *nodes, "--out", "bundle.tar.gz")
    with tarfile.open(apart.root / "bundle.tar.gz") as bundle:
        bundle.extractall(apart.root / "outside", filter="data")
    script = apart.root / "outside" / "vanta-audit" / "verify_bundle.py"
    outside = subprocess.run(
        [sys.executable, "-I", script], capture_output=True, text=True, check=False
    )
    assert outside.returncode == 0, outside.stdout + outside.stderr
    told = typed(apart.root, "audit", "explain", "last", *nodes)
    assert "Markets was" in told
