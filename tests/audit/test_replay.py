"""Computing everything again in a fresh process, and telling exactly what came out otherwise."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.audit.fund import Fund, forge, rewrite
from vanta.audit import replay_worker
from vanta.audit.replay import ReplayReport, StepReport, replay
from vanta.audit.verify import verify_node
from vanta.domain.errors import UnavailableError
from vanta.domain.record import Record


def step(report: ReplayReport, node: str, name: str) -> StepReport:
    return next(one for one in report.steps if (one.node, one.step) == (node, name))


def test_decisions_and_orders_come_out_the_same(fund: Fund) -> None:
    report = replay([fund.layout("executor")])
    assert report.same
    # Three decisions, two orders, the snapshot of the second segment.
    assert step(report, "executor", "trade_log").compared == 6
    assert step(report, "executor", "governance").compared == 1


def test_it_happens_in_another_process_under_another_hash_seed(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts = [fund.layout("executor")]
    assert replay(layouts).hash_seed == "1"
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    assert replay(layouts).hash_seed == "2"
    assert replay(layouts, hash_seed="77").same


def test_every_receipt_is_folded_again_from_its_commits(ruled_fund: Fund) -> None:
    report = replay([ruled_fund.layout("executor"), ruled_fund.layout("markets")])
    governance = step(report, "executor", "governance")
    assert governance.same, governance
    types = _types(ruled_fund, "executor")
    assert {"policy.introduced", "policy.evaluated", "edit.adopted", "edit.reverted"} <= set(types)
    told = [kind for kind in types if kind not in {"journal.opened", "head.refused"}]
    assert governance.compared == len(told)
    assert step(report, "markets", "governance").same


def _types(fund: Fund, node: str) -> list[str]:
    memory = fund.layout(node).memory
    files = [memory / "governance.000001.jsonl", memory / "governance.jsonl"]
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    return [msgspec.json.decode(line, type=Record).type for line in lines]


def test_a_loosened_receipt_whose_chain_was_made_whole_again_is_found(ruled_fund: Fund) -> None:
    """Whoever owns the node can rewrite its journal; they cannot make the commits say so."""
    layout = ruled_fund.layout("markets")
    path = layout.journal("governance")
    old, new = b'"max_notional":10000000000000', b'"max_notional":99000000000000'
    assert old in path.read_bytes()

    def loosened(record: Record) -> Record:
        body = bytes(record.body).replace(old, new)
        return msgspec.structs.replace(record, body=msgspec.Raw(body))

    forge(path, loosened)
    for view in layout.memory.glob("vault*.json"):
        view.unlink()
    assert not any(p.code.startswith("LINE") for p in verify_node(layout).problems)
    report = replay([layout])
    governance = step(report, "markets", "governance")
    assert not report.same
    assert governance.first is not None
    assert ":introduction:" in governance.first.record_id
    assert "99000000000000" in governance.first.recorded
    assert "10000000000000" in governance.first.recomputed


def test_a_receipt_of_a_commit_that_does_not_come_next_is_refused(ruled_fund: Fund) -> None:
    path = ruled_fund.layout("markets").journal("governance")
    lines = [
        line for line in path.read_bytes().splitlines() if b'"type":"policy.evaluated"' not in line
        or b'"verdict":"unchanged"' not in line
    ]  # fmt: skip
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    seqs = iter(range(len(lines)))
    forge(path, lambda record: msgspec.structs.replace(record, seq=next(seqs)))
    governance = step(replay([ruled_fund.layout("markets")]), "markets", "governance")
    assert governance.trouble is not None
    assert governance.trouble.code == "RECEIPT_ORDER"


def test_without_the_commits_or_the_pin_governance_is_skipped_and_says_why(fund: Fund) -> None:
    layout = fund.layout("executor")
    shutil.rmtree(layout.mirror)
    [skipped] = replay([layout]).skipped
    assert (skipped.step, skipped.why) == ("governance", "governance.git is not here")
    layout.mirror.mkdir()
    layout.trust.unlink()
    [skipped] = replay([layout]).skipped
    assert skipped.why == "trust.json is not here"


def test_another_pin_than_the_one_that_signed_is_trouble(fund: Fund) -> None:
    layout = fund.layout("executor")
    rewrite(layout.trust, lambda data: data.replace(b"SHA256:", b"SHA256:x", 1))
    governance = step(replay([layout]), "executor", "governance")
    assert governance.trouble is not None
    assert governance.trouble.code == "UNTRUSTED_INTRODUCTION"


def test_a_changed_decision_is_told_with_both_sides(fund: Fund) -> None:
    path = fund.layout("executor").memory / "trade_log.000001.jsonl"
    made: list[str] = []

    def larger(record: Record) -> Record:
        if record.type != "decision.made" or made:
            return record
        made.append(record.id)
        body = bytes(record.body).replace(b'"headroom":6250000000000', b'"headroom":7250000000000')
        return msgspec.structs.replace(record, body=msgspec.Raw(body))

    live = path.with_name("trade_log.jsonl")
    closed = len(path.read_bytes().splitlines())
    path.write_bytes(path.read_bytes() + live.read_bytes())
    forge(path, larger)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:closed]))
    live.write_bytes(b"".join(lines[closed:]))
    trades = step(replay([fund.layout("executor")]), "executor", "trade_log")
    assert trades.first is not None
    assert (trades.first.record_id, trades.different) == (made[0], 1)
    assert '"headroom":7250000000000' in trades.first.recorded
    assert '"headroom":6250000000000' in trades.first.recomputed
    assert trades.first.recorded[: replay_worker.BEFORE] == trades.first.recomputed[:80]


def test_a_broken_journal_is_trouble_and_stops_no_other_step(fund: Fund) -> None:
    rewrite(
        fund.layout("executor").journal("trade_log"),
        lambda data: data.replace(b'"type":"order', b'"type":"ordre', 1),
    )
    report = replay([fund.layout("executor")])
    trades = step(report, "executor", "trade_log")
    assert trades.trouble is not None
    assert trades.trouble.code in {"LINE_CHAIN", "EVENT_TYPE"}
    assert step(report, "executor", "governance").same
    assert not report.same


def test_invented_signals_do_not_come_out_of_their_items(fund: Fund) -> None:
    """The fund of these tests made its signals up; the replay of the harvest says so."""
    harvest = step(replay([fund.layout("markets")]), "markets", "harvest")
    assert harvest.different == harvest.compared == 6
    assert harvest.first is not None
    assert "UNKNOWN_LAYOUT" in harvest.first.recomputed


def test_a_process_that_dies_is_an_error_with_its_last_words(
    fund: Fund, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\necho 'out of everything' >&2\nexit 3\n")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(UnavailableError) as died:
        replay([fund.layout("executor")])
    assert died.value.code == "REPLAY_DIED"
    assert "ended with 3; it said: out of everything" in died.value.message


def test_the_worker_sees_nothing_of_this_environment(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}
    real = subprocess.Popen

    def spy(*arguments: object, **options: object) -> object:
        env = options["env"]
        assert isinstance(env, dict)
        seen.update(env)
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("VANTA_SECRET", "hunter2")
    monkeypatch.setattr(subprocess, "Popen", spy)
    replay([fund.layout("executor")])
    assert set(seen) == {
        "PATH", "LC_ALL", "PYTHONHASHSEED", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE",
    }  # fmt: skip


def test_progress_names_each_step(fund: Fund) -> None:
    said: list[str] = []
    replay([fund.layout("executor")], progress=said.append)
    assert said == ["replaying trade_log of executor", "replaying governance of executor"]
