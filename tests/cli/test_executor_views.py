"""`vanta executor status | positions | pnl | nav | cancel`, on what a real Executor wrote."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from tests.executor.building import OTHER, VAULT, order, policy, published, vault
from tests.executor.railed import CHANGES, Fund
from tests.executor.running import Node
from tests.executor.simulator import Simulator
from vanta.cli import executor_ask
from vanta.cli.executor_orders import _price
from vanta.cli.executor_status import _switched
from vanta.cli.main import app
from vanta.domain.exact import UNIT, show_units, units
from vanta.domain.instant import FOREVER
from vanta.domain.policy import OverlayPolicy
from vanta.domain.switches import Switches
from vanta.domain.trading import OrderState
from vanta.executor.brokers import named
from vanta.executor.listing import ListedOrder
from vanta.executor.mandate import Mandates
from vanta.lattice.direction import Table

Typed = Callable[..., Result]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """An Executor's folder: two orders filled, one waiting at the broker."""
    (tmp_path / "node" / "etc").mkdir(parents=True)
    made = Node(tmp_path / "node")
    config = "node: executor\nrole: executor\nenvironment: dev\ngovernance:\n  remote: forge.git\n"
    made.layout.config.write_text(config)
    made.wants("AAPL")
    made.wants("MSFT", vault=OTHER)
    made.step(3)
    made.broker.filling = False
    made.wants("BTC-USD")
    made.step(7)
    yield made
    made.end()


@pytest.fixture
def typed(node: Node, monkeypatch: pytest.MonkeyPatch) -> Typed:
    for name, value in (("NO_COLOR", "1"), ("VANTA_NODE", str(node.root))):
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["executor", *words])

    return run


def read(done: Result) -> Any:  # noqa: ANN401 - JSON
    return json.loads(done.stdout)


def test_a_status_says_first_whether_it_trades_and_then_every_reason(typed: Typed) -> None:
    done = typed("status")
    lines = done.stdout.splitlines()
    assert done.exit_code == 3
    assert lines[0] == "SHUT: no opening order leaves"
    # No controller ever published here, and nobody judges.
    assert any("no published policy can be read [NO_POLICY]" in line for line in lines) or any(
        "[POLICY" in line for line in lines
    )
    assert "  the judge of automatic halts gives no sign of life [JUDGE_SILENT]" in lines
    assert any(line.startswith("broker paper: armed; agrees with the book at") for line in lines)
    assert any(line.startswith("orders: 1 open, $") for line in lines)
    assert any(line.startswith("positions: 2; NAV $") for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_status_names_the_vault_that_is_gone_and_still_holds(typed: Typed, node: Node) -> None:
    assert read(typed("status", "--json"))["orphans"] == []
    [now] = node.source
    left = {name: one for name, one in now.policy.vaults.items() if name != OTHER}
    node.source[0] = published(msgspec.structs.replace(now.policy, vaults=left), 2)
    node.step(2)
    [orphan] = read(typed("status", "--json"))["orphans"]
    assert orphan == {"vault": OTHER, "positions": 1, "persona": "ares"}
    told = " ".join(typed("status").stdout.split())
    assert f"ORPHAN: vault {OTHER} is gone from the policy, positions: 1;" in told
    assert "it opens nothing, and gets out by the last terms of ares" in told


def test_a_switch_is_told_once_and_where_it_is_on(
    typed: Typed, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = Switches(full_halt=FOREVER)
    every = OverlayPolicy(everywhere=on, vaults=Table(on), venues=Table(on), strategies=Table(on))
    in_force(node, monkeypatch, every)
    found = read(typed("status", "--json"))
    assert found["shut"].count("FULL_HALT") == 1
    # It is on everywhere: no vault and no broker says it again.
    assert found["vaults_shut"] == {}
    assert found["brokers"][0]["shut"] == []
    both = Switches(full_halt=FOREVER, reduce_only=FOREVER)
    one = OverlayPolicy(vaults=Table(Switches(), {VAULT: both}), strategies=Table(on))
    in_force(node, monkeypatch, one)
    found = read(typed("status", "--json"))
    assert sorted(found["vaults_shut"][VAULT]) == ["FULL_HALT", "REDUCE_ONLY"]


def test_what_is_off_at_the_only_broker_is_off(
    typed: Typed, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = Switches(orders_disabled=FOREVER)
    in_force(node, monkeypatch, OverlayPolicy(venues=Table(Switches(), {"paper": off})))
    found = read(typed("status", "--json"))
    assert "ORDERS_DISABLED" in found["shut"]
    assert found["brokers"][0]["shut"] == ["ORDERS_DISABLED"]
    assert "broker paper: armed, orders_disabled; agrees with" in typed("status").stdout
    in_force(node, monkeypatch, OverlayPolicy(venues=Table(Switches(), {"alpaca": off})))
    found = read(typed("status", "--json"))
    assert "ORDERS_DISABLED" not in found["shut"]
    assert found["vaults_shut"] == {}


def test_a_vault_with_another_broker_left_is_not_shut() -> None:
    off = Switches(orders_disabled=FOREVER)
    overlay = OverlayPolicy(venues=Table(Switches(), {"alpaca": off}))
    both = vault(brokers=frozenset({"paper", "alpaca"}))
    rules = policy({VAULT: both, OTHER: vault()}, overlay=overlay)
    alone = vault(brokers=frozenset({"alpaca"}))
    assert _switched(Mandates(rules), ["alpaca", "paper"]).vaults == {}
    rules = msgspec.structs.replace(rules, vaults={**rules.vaults, VAULT: alone})
    found = _switched(Mandates(rules), ["alpaca", "paper"])
    assert found.shut == []
    assert found.vaults == {VAULT: ["ORDERS_DISABLED"]}
    assert found.brokers == {"alpaca": ["ORDERS_DISABLED"], "paper": []}


def test_a_strategy_that_is_shut_off_is_told_with_what_lets_it_go(typed: Typed, node: Node) -> None:
    assert read(typed("status", "--json"))["throttled"] == []
    [now] = node.source
    throttled = vault(throttle={"repeats": 0}, orders={"duplicate_window": 0})
    vaults = {**now.policy.vaults, VAULT: throttled}
    node.source[0] = published(msgspec.structs.replace(now.policy, vaults=vaults), 2)
    node.step(2)
    node.wants("AAPL")
    node.wants("AAPL", vault="nobody")
    node.step(2)
    [one] = read(typed("status", "--json"))["throttled"]
    assert one["vault"] == VAULT
    told = " ".join(typed("status").stdout.split())
    assert f"strategy {one['strategy']} is shut off; `vanta resume --edit {one['nonce']}`" in told


def in_force(node: Node, monkeypatch: pytest.MonkeyPatch, overlay: OverlayPolicy) -> None:
    """Let the node's published policy have these switches."""
    [now] = node.source
    rules = msgspec.structs.replace(now.policy, overlay=overlay)
    reader = lambda *_, **__: lambda: published(rules)  # noqa: E731 - in the place of a class
    monkeypatch.setattr("vanta.governance.published.PolicyReader", reader)


def test_a_program_reads_the_status(typed: Typed, node: Node) -> None:
    found = read(typed("status", "--json"))
    assert (found["running"], found["armed"], found["open_orders"], found["positions"]) == (
        True, True, 1, 2
    )  # fmt: skip
    assert node.process is not None
    assert units(found["nav"]) == node.process._log.book.account.nav


def test_a_status_of_a_process_that_lost_its_broker(typed: Typed, node: Node) -> None:
    node.broker.away = True
    node.step(2)
    done = typed("status")
    assert "broker paper: NOT ARMED, BROKER_UNAVAILABLE" in done.stdout
    assert "[BROKER_UNAVAILABLE]" in done.stdout


def test_orders_fit_a_terminal_and_say_how_far_each_came(typed: Typed, node: Node) -> None:
    heads, *rows, summary = typed("orders").stdout.splitlines()
    assert heads.split() == ["order", "vault", "what", "state"]
    assert [row.split()[2] for row in rows] == ["buy"] * 3
    assert rows[0].endswith("filled at 100.51")
    assert rows[2].endswith("acknowledged")
    assert summary == "3 accepted; reasons for denial: none"
    assert max(map(len, [heads, *rows])) <= 80
    [name] = [one for one, state in node.broker.states.items() if not state.terminal]
    node.broker.fill(name, 10**6)
    node.step()
    [_, row, _] = typed("orders", "--open").stdout.splitlines()
    assert row.startswith(name[:12])
    assert "filled 0.01 at " in row
    typed("cancel", name, "--wait", "0")
    node.step(2)
    row = typed("orders").stdout.splitlines()[3]
    assert "cancelled, filled 0.01 at " in row
    assert "no order is open" in typed("orders", "--open").stdout
    wide = typed("orders", "--wide").stdout.splitlines()[0].split()
    assert wide[-3:] == ["price", "fees", "state"]


@pytest.mark.parametrize(
    ("paid", "filled", "shown"),
    [
        ("24434.538461", "100", "244.34"),
        ("49766.188516", "49746.29", "1.0004"),
        ("0.0123456", "1000", "0.00001234"),
        ("4001.25", "100", "40.012"),
        ("0", "0", "-"),
    ],
)
def test_a_price_is_shown_as_finely_as_it_is_small(paid: str, filled: str, shown: str) -> None:
    wanted = msgspec.structs.replace(order(), quantity=units(filled))
    one = ListedOrder(wanted, 0, filled=units(filled), paid=units(paid) * UNIT)
    assert _price(one) == shown


def test_positions_are_what_the_book_holds(typed: Typed) -> None:
    done = typed("positions")
    assert done.exit_code == 0
    heads, *rows = done.stdout.split("\n\n")[0].splitlines()
    assert heads.split() == ["vault", "symbol", "quantity", "mark", "value", "unrealised"]
    assert [row.split()[:2] for row in rows] == [
        ["fundamental-core", "MSFT"],
        ["momentum-us", "AAPL"],
    ]
    together = done.stdout.splitlines()[-1].split()
    assert together[0] == "together"
    assert read(typed("positions", "--json"))["momentum-us"]["held"].keys() == {"AAPL"}
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("by", ["vault", "persona", "band", "strategy", "symbol"])
def test_every_split_of_the_profit_has_the_same_total(typed: Typed, node: Node, by: str) -> None:
    found = read(typed("pnl", "--by", by, "--json"))
    assert node.process is not None
    book = node.process._log.book
    funded = sum(one.funded for one in book.vaults.values())
    assert units(found["total"]["total"]) == book.account.nav - funded
    for name in ("realised", "unrealised", "fees", "total"):
        assert sum(units(row[name]) for row in found["rows"]) == units(found["total"][name])
    shown = typed("pnl", "--by", by).stdout.splitlines()
    assert shown[0].split() == [by, "realised", "unrealised", "fees", "total"]
    assert len(shown) == len(found["rows"]) + 2


def test_days_are_held_against_a_benchmark(typed: Typed, tmp_path: Path) -> None:
    series = tmp_path / "spy.csv"
    series.write_text("date,close\n2023-11-13,100\n2023-11-14,112\n")
    assert typed("nav").exit_code == 0
    done = typed("nav", "--benchmark", str(series))
    assert done.exit_code == 3
    assert "2023-11-14 parts from the benchmark [BENCHMARK_PARTED]" in done.stdout
    assert typed("nav", "--benchmark", str(series), "--limit", "0.2").exit_code == 0
    [day] = read(typed("nav", "--benchmark", str(series), "--json"))
    assert (day["benchmark"], day["finding"]) == ("0.12", "BENCHMARK_PARTED")
    assert typed("nav", "--benchmark", str(tmp_path / "none")).exit_code == 1
    below = typed("nav", "--benchmark", str(series), "--limit", "-0.1")
    assert (below.exit_code, "--limit: -0.1 is below zero" in below.stderr) == (1, True)


def test_an_order_is_asked_for_taken_back_and_told(typed: Typed, node: Node) -> None:
    [name] = [one for one, state in node.broker.states.items() if not state.terminal]
    done = typed("cancel", name[:8], "--wait", "0")
    assert done.exit_code == 3
    assert "is asked for and not over" in done.stdout
    node.step(2)
    again = typed("cancel", name)
    assert again.exit_code == 0
    assert again.stdout.startswith(f"{name} was over already: cancelled")
    assert node.broker.states[name] is OrderState.CANCELLED
    assert read(typed("cancel", name, "--json"))["asked"] is False


class Broker(Simulator):
    """The node's own broker, looked at through a second connection."""

    def close(self) -> None:
        """Hang up."""


@pytest.fixture
def looked_at(node: Node, monkeypatch: pytest.MonkeyPatch) -> Node:
    second = Broker(**{name: getattr(node.broker, name) for name in Simulator.__annotations__})
    monkeypatch.setattr(named, "open_brokers", lambda _config, _clock: [second])
    monkeypatch.setattr(executor_ask, "_APART", 0.0)
    second.account = node.broker.account  # type: ignore[method-assign]
    return node


def test_a_book_and_a_broker_that_agree_say_so(typed: Typed, looked_at: Node) -> None:
    before = looked_at.types()
    done = typed("reconcile")
    assert (done.exit_code, done.stdout) == (0, "paper: book and broker agree\n")
    assert read(typed("reconcile", "--json")) == {"agree": True, "brokers": {"paper": []}}
    assert looked_at.types() == before


def test_every_difference_is_told_and_ends_with_3(typed: Typed, looked_at: Node) -> None:
    [name] = [one for one, state in looked_at.broker.states.items() if not state.terminal]
    looked_at.broker.fill(name, 10**6)
    done = typed("reconcile")
    assert done.exit_code == 3
    assert done.stdout.splitlines()[0].startswith("paper: ")
    for code in ("ORDER_FILLED", "POSITION", "CASH", "FILL_MISSING"):
        assert f"  {code} " in done.stdout
    found = read(typed("reconcile", "--json"))
    assert found["agree"] is False
    missing = [one for one in found["brokers"]["paper"] if one["code"] == "FILL_MISSING"]
    assert [(one["ours"], one["theirs"]) for one in missing] == [(None, 10**6)]


@pytest.mark.usefixtures("looked_at")
def test_a_broker_that_is_away_is_an_error_and_no_agreement(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    [second] = named.open_brokers(None, None)  # type: ignore[arg-type]
    monkeypatch.setattr(second, "away", True)
    done = typed("reconcile")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "[BROKER_UNAVAILABLE]" in done.stderr


def test_a_shadow_is_caught_up_and_told(typed: Typed, node: Node, tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    (staging / "memory").mkdir(parents=True)
    done = typed("shadow", "--node", str(staging), "--live", str(node.root), "--once")
    # Without a controller there is no policy to decide under.
    assert done.exit_code == 1
    assert "try:" in done.stderr or "[" in done.stderr
    again = typed("shadow", "--live", str(node.root), "--once")
    assert "[SHADOW_OF_ITSELF]" in again.stderr


def test_a_cancel_waits_for_the_running_executor(typed: Typed, node: Node) -> None:
    [name] = [one for one, state in node.broker.states.items() if not state.terminal]
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            node.step()

    running = threading.Thread(target=work)
    running.start()
    try:
        done = typed("cancel", "last", "--wait", "20")
    finally:
        stop.set()
        running.join()
    assert (done.exit_code, done.stdout.split(",")[0]) == (0, f"{name}: cancelled")


@pytest.mark.parametrize("words", [("orders",), ("positions",), ("pnl",), ("cancel", "last")])
def test_a_folder_nothing_traded_in_is_named_with_a_remedy(
    typed: Typed, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = typed(*words, "--node", str(tmp_path / "elsewhere"))
    assert done.exit_code == 1
    assert "[JOURNAL_MISSING]" in done.stderr
    assert "  try: name a node's folder whose service has run" in done.stderr


def test_an_order_nobody_knows_and_one_of_several(typed: Typed) -> None:
    for name, code in (("ord_ffff", "[NO_ORDER]"), ("", "[NO_ORDER]"), ("ord_", "")):
        done = typed("cancel", name, "--wait", "0")
        # Of several that begin like this, the one that is open is meant.
        assert done.exit_code == (1 if code else 3)
        assert code in done.stderr


def test_stablecoin_is_shown_as_money_and_what_the_peg_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund = Fund(tmp_path, source=[published(policy({VAULT: vault(**CHANGES)}))])
    fund.wants("BTC-USDC")
    fund.step(5)
    fund.peg = "0.99"
    fund.step(3)
    own = fund.book.vaults[VAULT]
    fund.end()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("VANTA_NODE", str(tmp_path))

    def lines(*words: str) -> dict[str, list[str]]:
        shown = CliRunner().invoke(app, ["executor", *words]).stdout.splitlines()
        return {" ".join(line.split()[:2]): line.split() for line in shown if line}

    held = lines("positions")
    assert show_units(own.purse.line.quantity) in held[f"{VAULT} USDC"]
    assert held[f"{VAULT} USDC"][2] == "(money)"
    assert "0.99" in held[f"{VAULT} USDC"]
    assert f"{VAULT} BTC-USD" in held
    [told] = [row for row in lines("pnl", "--by", "symbol").values() if row[0] == "USDC-USD"]
    assert told[-1].startswith("-$")
    shown = CliRunner().invoke(app, ["executor", "nav", "--json"]).stdout
    assert show_units(own.nav) in shown
