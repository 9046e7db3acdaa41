import shutil
from pathlib import Path

import pytest

from tests.audit.fund import Fund, found, rewrite, trade
from vanta.domain.exact import UNIT


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund that has traded three times, to be copied and never changed."""
    root = tmp_path_factory.mktemp("fund") / "fund"
    fund = found(root)
    trade(fund, 1, fills=(187 * UNIT, 188 * UNIT))
    trade(fund, 2, spread=20 * UNIT)
    fund.rotate("markets", "harvest")
    fund.rotate("executor", "trade_log")
    trade(fund, 3, reducing=True, price=190 * UNIT, fills=(190 * UNIT,))
    for node, journal in (("executor", "trade_log"), ("markets", "harvest")):
        fund.checkpoint(node, journal)
    fund.view("executor", "open_orders", "trade_log", [])
    fund.view("markets", "trade_signals", "reflection", [])
    return root


@pytest.fixture
def fund(founded: Path, tmp_path: Path) -> Fund:
    """The fund's nodes, this test's own."""
    shutil.copytree(founded / "nodes", tmp_path / "fund" / "nodes")
    return Fund(tmp_path / "fund")


@pytest.fixture(scope="session")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fund that was halted, resumed by two people, edited by hand, and let go again."""
    fund = found(tmp_path_factory.mktemp("ruled") / "fund")
    fund.desk("grace").halt({"switch": "full_halt", "reason": "a drill"}, "origin", "main")
    fund.tick("executor")
    fund.desk("ada").resume((), "it was a drill", "origin", "main")
    fund.tick("executor")
    fund.desk("alan").approve()
    fund.push()
    fund.tick("executor", "markets")
    overlay = fund.layout("executor").view("vault_overlay")
    rewrite(overlay, lambda data: data.replace(b'"maintenance": false', b'"maintenance": true', 1))
    fund.tick("executor")
    rewrite(overlay, lambda data: data.replace(b'"full_halt": false', b'"full_halt": 7', 1))
    fund.tick("executor")
    controller = fund.controller("executor")
    [nonce] = controller.memory.restrained_by()
    controller._ledger.rotate()
    controller.close()
    fund.desk("ada").release(nonce, "seen to", "origin", "main")
    fund.desk("alan").approve()
    fund.push()
    fund.tick()
    trade(fund, 1)
    return fund.root


@pytest.fixture
def ruled_fund(ruled: Path, tmp_path: Path) -> Fund:
    shutil.copytree(ruled / "nodes", tmp_path / "ruled" / "nodes")
    return Fund(tmp_path / "ruled")
