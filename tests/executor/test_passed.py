"""Fence 25: what another node published at another commit is known here once it was judged here."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import COMMIT, NOW, fund, intent, made, policy, quote
from tests.executor.running import Node
from vanta.domain.instant import MINUTE
from vanta.domain.policy import Provenance, Published
from vanta.domain.record import Entry
from vanta.executor.events import CommitsPassed, PolicyAdopted
from vanta.executor.passed import Passed
from vanta.journal.writer import Journal

FIRST, SECOND_, THIRD = "1" * 40, "2" * 40, "3" * 40


class Body(msgspec.Struct):
    commit: str


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    (tmp_path / "memory").mkdir(exist_ok=True)
    with Journal.open(
        tmp_path / "memory" / "governance.jsonl", actor="governance@test", clock=lambda: NOW
    ) as opened:
        yield opened


def judged(journal: Journal, *commits: str) -> None:
    entries = [Entry("policy.evaluated", one, Body(one)) for one in commits]
    journal.append(entries)


def codes(book: object, commit: str, now: int = NOW) -> set[str]:
    rules = policy(account={"policy_lag": MINUTE})
    wanted = intent(policy=commit, created=now, expires=now + MINUTE)
    told = made(wanted, book, rules, quote(ts=now, market_time=now), now)  # type: ignore[arg-type]
    return {one.code for one in told.decision.findings if not one.passed}


def test_what_was_judged_and_changed_nothing_is_known() -> None:
    book = fund(policy())
    assert "POLICY_UNKNOWN" in codes(book, FIRST)
    book.apply(CommitsPassed((FIRST, SECOND_)))
    assert not {"POLICY_UNKNOWN", "POLICY_LAG"} & codes(book, FIRST)


def test_it_is_late_once_something_else_is_in_force_for_too_long() -> None:
    book = fund(policy())
    book.apply(CommitsPassed((FIRST, SECOND_, THIRD)))
    later = Published(policy(), Provenance(commit=SECOND_, tree="", serial=2))
    book.apply(PolicyAdopted(later, NOW))
    assert "POLICY_LAG" not in codes(book, FIRST, NOW + MINUTE)
    assert "POLICY_LAG" in codes(book, FIRST, NOW + MINUTE + 1)
    # What was judged after it is not over.
    assert not {"POLICY_UNKNOWN", "POLICY_LAG"} & codes(book, THIRD, NOW + MINUTE + 1)


def test_only_what_came_after_what_is_known_is_told(tmp_path: Path, journal: Journal) -> None:
    passed = Passed(tmp_path / "memory" / "governance.jsonl")
    judged(journal, FIRST, SECOND_, THIRD)
    assert passed.look(lambda commit: commit == SECOND_) == (THIRD,)
    assert passed.look(lambda commit: commit in {SECOND_, THIRD}) == ()
    judged(journal, COMMIT)
    assert passed.look(lambda commit: commit == THIRD) == (COMMIT,)
    passed.close()


def test_a_journal_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "governance.jsonl"
    assert Passed(path).look(lambda _: True) == ()
    path.write_text("no journal\n")
    assert Passed(path).look(lambda _: True) == ()


def test_an_intent_of_a_node_that_published_at_another_commit_is_decided(
    tmp_path: Path, journal: Journal
) -> None:
    """Here a halt of the lane was heard first, so that the branch brought nothing new."""
    node = Node(tmp_path)
    judged(journal, COMMIT, FIRST)
    node.wants(policy=FIRST)
    node.step(2)
    [decided] = [record for record in node.log() if record.type == "decision.made"]
    assert b'"verdict":"accept"' in bytes(decided.body)
    assert node.types().count("commits.passed") == 1
    node.step(2)
    node.boot()
    node.step(2)
    assert node.types().count("commits.passed") == 1
    node.holds_together()
    node.end()
