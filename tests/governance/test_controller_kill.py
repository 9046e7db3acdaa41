"""`kill -9` of a real controller at work, over and over: no halt is lost and the journal holds."""

import random
import signal
import time
from pathlib import Path

import pytest

from tests.governance.fund import MOMENTUM, Fund, capital, vault
from tests.governance.live import LiveNode
from vanta.domain.policy import Policy
from vanta.governance.latch import latched, set_latch
from vanta.governance.memory import recall
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, read_files, render
from vanta.journal.verify import verify

ROUNDS = 20


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment_it_ends_where_it_would_have(
    tmp_path: Path, fund: Fund, seed: int
) -> None:
    chance = random.Random(seed)
    with LiveNode(tmp_path / "node", fund, poll_ms=20) as node:
        node.start()
        assert node.shows(lambda policy: capital(policy) == 1000)
        halts, nonces, limit = 0, set[str](), 1000
        for number in range(ROUNDS):
            match chance.randrange(4):
                case 0:
                    limit -= 1
                    fund.change({MOMENTUM: vault("momentum", capital=limit)}, by="ada")
                case 1:
                    fund.lane(f"stop-{number}", by="olga")
                    halts += 1
                case 2:
                    nonces.add(set_latch(node.layout.memory, f"round {number}", number).line.nonce)
                case _:
                    (node.layout.memory / OVERLAY_FILE).write_bytes(b"")
            time.sleep(chance.random() * 0.3)
            node.stop(signal.SIGKILL)
            node.start()
            time.sleep(chance.random() * 2.0)
            if chance.random() < 0.5:
                node.stop(signal.SIGKILL)
                node.start()

        def settled(policy: Policy) -> bool:
            memory = recall(node.layout.journal("governance"))
            lane = memory.state.lane if memory.state else {}
            return (capital(policy), len(lane), set(memory.latched_by())) == (limit, halts, nonces)

        assert node.shows(settled)
        # What a killed one left may look settled before the last one has begun.
        assert node.until(node.at_work)
        assert node.stop() == 0
        memory = recall(node.layout.journal("governance"))
        assert memory.published is not None
        assert memory.at is not None
        assert read_files(node.layout.memory) == render(memory.published, memory.at, "governance")
        assert latched(node.layout.memory) is bool(nonces)
        assert verify(node.layout.journal("governance")).position.size > 0
        assert node.refolded() > 0
        left = {path.name for path in node.layout.memory.glob(".*.tmp")}
        assert not {name for name in left if VAULT_FILE in name or OVERLAY_FILE in name}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)
