import shutil
from pathlib import Path

import pytest

from tests.audit.fund import Fund, found, trade
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
