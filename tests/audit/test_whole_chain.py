"""The real services over the bundled sample: what they write is verified, explained and replayed.

Nothing here was made for the audit: real governance, real collectors on real files, real
reflections, signed intents over a real bus, and a paper broker in a process of its own.
"""

import shutil
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.audit.bundles import checked, unpacked
from tests.audit.fund import Fund, forge, found
from vanta.audit.explain import explain
from vanta.audit.explain_page import page
from vanta.audit.explain_text import text
from vanta.audit.lineage import lineage
from vanta.audit.replay import replay
from vanta.audit.verify import verify_nodes
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.domain.instant import HOUR, parse_instant
from vanta.domain.record import Record
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.process import start
from vanta.executor.service import ExecutorNode
from vanta.governance.published import PolicyReader
from vanta.journal.reader import read
from vanta.journal.writer import Journal
from vanta.markets.sample.compose import compose
from vanta.markets.service import MarketsNode
from vanta.markets.tape import write_tape

_PATIENCE = 60.0


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund that has harvested, reflected and traded the sample."""
    root = tmp_path_factory.mktemp("whole") / "fund"
    fund = found(root, clock=time.time_ns)
    feeds, bus, broker = root / "feeds", root / "bus", root / "broker"
    bus.mkdir()
    compose(feeds)
    since, until = map(parse_instant, ("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z"))
    layout = fund.layout("markets")
    with MarketsNode.open(
        layout,
        policy=PolicyReader(layout.memory),
        clock=time.time_ns,
        key=fund.key("markets"),
        outbox=DirectoryOutbox(bus),
        feeds=feeds,
        rotate_at=2**21,
    ) as markets:
        markets.run(since + 34 * HOUR, until, 6 * HOUR)
    broker.mkdir()
    write_tape(feeds, since, until, broker / "tape.jsonl")
    _execute(fund, bus, broker)
    for node, journal in (("executor", "trade_log"), ("markets", "harvest")):
        fund.checkpoint(node, journal)
    return root


def _execute(fund: Fund, bus: Path, folder: Path) -> None:
    """Run the Executor until a while after nothing is left to do."""
    layout = fund.layout("executor")
    process = start(folder, folder / "tape.jsonl")
    broker = PaperBroker(folder)
    executor = ExecutorNode(
        layout,
        read_policy=PolicyReader(layout.memory),
        clock=time.time_ns,
        brokers=[broker],
        inbox=DirectoryInbox(bus),
        actor="executor@test",
        rotate_at=2**14,
    )
    try:
        deadline, quiet = time.monotonic() + _PATIENCE, 0
        while quiet < 20 and time.monotonic() < deadline:
            quiet = 0 if executor.step() else quiet + 1
            time.sleep(0.01)
    finally:
        executor.close()
        broker.close()
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def chain(traded: Path, tmp_path: Path) -> Fund:
    shutil.copytree(traded / "nodes", tmp_path / "fund" / "nodes")
    return Fund(tmp_path / "fund")


def of_type(fund: Fund, node: str, journal: str, kind: str) -> list[Record]:
    return [one for one in read(fund.layout(node).journal(journal)) if one.type == kind]


def test_what_the_services_write_is_sound(chain: Fund) -> None:
    reports = verify_nodes(chain.layouts)
    assert all(report.sound for report in reports), [report.problems for report in reports]
    markets, executor = reports[1], reports[2]
    assert not executor.unjudged
    assert executor.checked["promotions"] == executor.checked["signatures"] > 0
    assert markets.checked["parents"] > 100
    assert {"trade_signals.json", "vault.json"} <= set(markets.views)
    assert {"open_orders.json", "autotrade_queue.json"} <= set(executor.views)
    assert {one.name: one.segments > 1 for one in markets.journals}["harvest"]


def test_everything_they_computed_comes_out_again_byte_for_byte(chain: Fund) -> None:
    report = replay(chain.layouts)
    assert report.same, [step for step in report.steps if not step.same]
    assert Counter(step.step for step in report.steps) == {
        "governance": 3, "harvest": 1, "reflection": 1, "trade_log": 1,
    }  # fmt: skip
    compared = {(step.node, step.step): step.compared for step in report.steps}
    harvest = of_type(chain, "markets", "harvest", "signal.harvested")
    assert compared["markets", "harvest"] >= len(harvest) > 1_000
    assert compared["markets", "reflection"] > 100
    decisions = of_type(chain, "executor", "trade_log", "decision.made")
    assert compared["executor", "trade_log"] > len(decisions) > 0
    assert report.skipped == ()


def test_every_order_and_every_denial_can_be_explained(chain: Fund) -> None:
    decisions = of_type(chain, "executor", "trade_log", "decision.made")
    states = Counter[str]()
    for decision in decisions:
        one = explain(lineage(decision.id, chain.layouts))
        states[one.state] += 1
        assert one.missing == ()
        assert one.signals
        assert one.believed is not None
        named = {known for reason in one.believed.conviction.reasons for known in reason.signals}
        assert named <= {seen.signal.id for seen in one.signals}
        assert one.decided is not None
        assert one.decided.reproduced
        assert (one.decided.verdict == "accept") == (not one.decided.denials)
        assert one.policy is not None
        assert "introduced at commit" in text(one)
    assert states["denied"] > 0
    assert states["filled"] > 0


def test_the_last_order_makes_a_page(chain: Fund) -> None:
    html = page(explain(lineage("last", chain.layouts)))
    assert "What it came to" in html
    assert "the signature holds" in html


def test_an_outsider_finds_the_bundle_sound_and_a_changed_one_not(
    chain: Fund, tmp_path: Path
) -> None:
    folder = unpacked(chain, tmp_path / "outside")
    done = checked(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    path = folder / "nodes/markets/memory/harvest.000001.jsonl"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert checked(folder).returncode == 1


def test_a_signal_changed_at_its_source_is_found_by_computing_it_again(chain: Fund) -> None:
    """The chain is whole, the checkpoint is gone, and the item still tells what it said."""
    memory = chain.layout("markets").memory
    for file in memory.glob("harvest.*"):
        if file.name != "harvest.000001.jsonl":
            file.unlink()
    path = memory / "harvest.jsonl"
    (memory / "harvest.000001.jsonl").rename(path)
    (memory / "reflection.jsonl").unlink()
    for later in memory.glob("reflection.0*.jsonl"):
        later.unlink()
    changed: list[str] = []

    def sweeten(record: Record) -> Record:
        if record.type != "signal.harvested" or changed or b'"text":"' not in bytes(record.body):
            return record
        body = msgspec.json.decode(record.body)
        body["signal"]["text"] += " to the moon"
        changed.append(record.id)
        return msgspec.structs.replace(record, body=msgspec.Raw(msgspec.json.encode(body)))

    forge(path, sweeten)
    report = replay([chain.layout("markets")])
    harvest = next(step for step in report.steps if step.step == "harvest")
    assert harvest.first is not None
    assert (harvest.different, harvest.first.record_id) == (1, changed[0])
    assert "to the moon" in harvest.first.recorded
    assert "to the moon" not in harvest.first.recomputed


def test_a_running_node_is_sound_while_it_writes(chain: Fund) -> None:
    """Whatever is appended while the audit reads, what it took in order fits together."""
    path = chain.layout("executor").journal("intents")
    with Journal.open(path, actor="executor@test", clock=time.time_ns) as journal:
        said = 0

        def write_on(_: str) -> None:
            nonlocal said
            said += 1
            journal.rotate()

        reports = verify_nodes(chain.layouts, progress=write_on)
        assert said > 5
        assert all(report.sound for report in reports)
