"""`vanta governance plan --replay`, as a risk officer types it, on what a real Executor decided."""

import json
import time
from pathlib import Path

import msgspec
import pytest

from tests.cli.founded import git, vanta
from tests.executor.building import Ticks, policy, published, quote
from tests.executor.running import Node
from vanta.domain.exact import units
from vanta.domain.instant import DAY
from vanta.governance.proposed import proposed_policy

VAULT = "environments/dev/vaults/momentum-us.yaml"
DEV = ("-e", "dev", "-r", "governance", "--trust", "governance.trust.json")


@pytest.fixture
def fund(founded: Path) -> Path:
    """A fund, and an Executor's folder with two days of its decisions."""
    head = git("-C", "governance", "rev-parse", "HEAD", at=founded)
    now = time.time_ns()
    rules = proposed_policy(founded / "governance" / ".git", "dev", head=head, now=now)
    assert rules is not None
    rules = msgspec.structs.replace(rules, nodes=policy().nodes)
    node = founded / "executor"
    node.mkdir()
    executor = Node(node, clock=Ticks(now - 2 * DAY), source=[published(rules)])
    for name, market in executor.broker.quotes.items():
        executor.broker.quotes[name] = msgspec.structs.replace(market, adv=10**18)
    for symbol in ("AAPL", "MSFT"):
        executor.broker.quotes[symbol] = quote(symbol, ts=executor.clock.now, adv=10**18)
        executor.wants(symbol)
        (executor.process or executor.boot()).step()
        executor.clock.now += DAY
    executor.end()
    return founded


def propose(fund: Path, old: str, new: str) -> None:
    file = fund / "governance" / VAULT
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    done = vanta("governance", "propose", *DEV[:4], "-k", "people/ada", "-m", "Why", at=fund)
    assert done.returncode == 0, done.stderr


def test_it_says_which_orders_would_have_been_denied(fund: Path) -> None:
    propose(fund, "allow: [AAPL, ", "allow: [")
    done = vanta("governance", "plan", *DEV, "--replay", "7d", "--node", "executor", at=fund)
    assert done.returncode == 0, done.stderr
    assert "what if: 2 recorded decisions since" in done.stdout
    assert "now denied         1" in done.stdout
    words = " ".join(done.stdout.split())
    assert "buy AAPL: $62,416.71 -> nothing: AAPL is not on the vault's allow list" in words
    assert "not a simulation of what would have happened" in words
    assert "left out: exits of the Executor's own that only what is proposed would have" in words
    assert "left out of 2: halts beside the branch, hand edits and latches of then" in words
    replayed = done.stdout[done.stdout.index("  what if") :]
    assert max(map(len, replayed.splitlines())) <= 80
    assert done.stdout.endswith("This may be applied. It only tightens.\n")


def test_a_program_reads_the_same_and_the_plan_is_otherwise_as_ever(fund: Path) -> None:
    propose(fund, "perSymbol: 100000", "perSymbol: 20000")
    typed = ("governance", "plan", *DEV, "--json")
    plain = json.loads(vanta(*typed, at=fund).stdout)
    log = ("--journal", "executor/memory/trade_log.jsonl")
    found = json.loads(vanta(*typed, "--replay", "7d", *log, at=fund).stdout)
    assert plain.pop("replay") is None
    told = found.pop("replay")
    assert found == plain
    assert (told["decisions"], told["smaller"]["orders"], told["same"]) == (2, 2, 0)
    [one] = told["vaults"]
    moved = units(one["before"]) - units(one["after"])
    assert moved == units(told["smaller"]["notional"])
    assert all(each["because"].startswith("the caps leave $20,000.00") for each in told["worst"])


def test_only_the_days_that_were_asked_for_count(fund: Path) -> None:
    typed = ("governance", "plan", *DEV, "--node", "executor", "--replay")
    for span, count in (("30h", 1), ("7d", 2)):
        found = json.loads(vanta(*typed, span, "--json", at=fund).stdout)["replay"]
        assert found["decisions"] == count
    assert "no decision was recorded since" in vanta(*typed, "1s", at=fund).stdout


def test_a_comment_has_it_too(fund: Path) -> None:
    propose(fund, "allow: [AAPL, ", "allow: [")
    typed = ("governance", "plan", *DEV, "--replay", "7d", "--node", "executor", "--markdown")
    done = vanta(*typed, at=fund)
    assert "| now denied | 1 | $62,416.71 |" in done.stdout
    assert "| ` SYMBOL_NOT_ALLOWED ` | 1 ($62,416.71) | - |" in done.stdout


def test_what_cannot_be_replayed_says_what_to_type(fund: Path) -> None:
    for typed, code in (
        (("--replay", "soon"), "[BAD_SPAN]"),
        (("--replay", "0d"), "[BAD_SPAN]"),
        (("--replay", "7d", "--node", "nowhere"), "[NO_TRADE_LOG]"),
        (("--replay", "7d", "--node", "executor", "-e", "prod"), "[OTHER_ENVIRONMENT]"),
    ):
        done = vanta("governance", "plan", *DEV, *typed, at=fund)
        assert done.returncode == 1
        assert code in done.stderr
        assert "try:" in done.stderr


def test_documents_that_cannot_be_read_leave_nothing_to_decide_under(fund: Path) -> None:
    file = fund / "governance" / VAULT
    file.write_text(file.read_text().replace("capital: 1000000", "capital: lots"))
    git("-C", "governance", "commit", "-qam", "Wrong", at=fund)
    done = vanta("governance", "plan", *DEV, "--replay", "7d", "--node", "executor", at=fund)
    assert done.returncode == 1
    assert "note: nothing is decided again" in done.stdout
