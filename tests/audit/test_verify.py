"""What `verify_nodes` says of sound nodes, and of every way in which one is not."""

import shutil
from pathlib import Path
from random import Random

import msgspec
import pytest

from tests.audit.fund import Fund, conviction, forge, intent, rewrite, seal, trade
from vanta.audit import problems as problems_module
from vanta.audit.verify import NodeReport, verify_node, verify_nodes
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.record import Entry, Record
from vanta.executor import events
from vanta.governance.keys import generate_key, load_private_key
from vanta.governance.receipts import Evaluated
from vanta.node.layout import Layout


def codes(reports: tuple[NodeReport, ...]) -> set[str]:
    return {problem.code for report in reports for problem in report.problems}


def of(reports: tuple[NodeReport, ...], node: str) -> NodeReport:
    return next(report for report in reports if report.node == node)


def test_sound_nodes_are_sound_and_everything_was_followed(fund: Fund) -> None:
    reports = verify_nodes(fund.layouts)
    assert [report.node for report in reports] == ["alpha", "markets", "executor"]
    assert all(report.sound for report in reports), [r.problems for r in reports]
    executor = of(reports, "executor")
    assert [journal.name for journal in executor.journals] == [
        "governance", "intents", "trade_log",
    ]  # fmt: skip
    assert executor.checked == {"parents": 13, "policies": 15, "promotions": 3, "signatures": 3}
    assert executor.views == ("open_orders.json", "vault.json", "vault_overlay.json")
    assert not any(report.unjudged for report in reports)
    trade_log = executor.journals[-1]
    assert (trade_log.segments, trade_log.checkpoints) == (2, 1)
    assert trade_log.covered == trade_log.records


def test_one_node_alone_says_what_it_could_not_judge(fund: Fund) -> None:
    report = verify_node(fund.layout("executor"))
    assert report.sound
    assert report.unjudged == {"reflection": 6}


@pytest.mark.parametrize(
    ("node", "file"),
    [
        ("markets", "harvest.000001.jsonl"),
        ("markets", "harvest.jsonl"),
        ("markets", "reflection.jsonl"),
        ("executor", "intents.jsonl"),
        ("executor", "trade_log.000001.jsonl"),
        ("executor", "governance.jsonl"),
        ("alpha", "governance.jsonl"),
    ],
)
@pytest.mark.parametrize("where", [0.1, 0.5, 0.8])
def test_a_flipped_byte_is_named_by_file_line_and_byte(
    fund: Fund, node: str, file: str, where: float
) -> None:
    path = fund.layout(node).memory / file
    content = bytearray(path.read_bytes())
    # Of a journal's very last line nothing vouches for the bytes but a checkpoint.
    vouched = content.rfind(b"\n", 0, len(content) - 1) if file != "harvest.jsonl" else len(content)
    at = int(vouched * where)
    content[at] ^= 1
    path.write_bytes(content)
    reports = verify_nodes(fund.layouts)
    [problem] = [p for p in of(reports, node).problems if p.code.startswith(("LINE", "SEG", "CHE"))]
    line = bytes(content[:at]).count(b"\n") + 1
    start = bytes(content[:at]).rfind(b"\n") + 1
    assert problem.place == f"{path}:{line} (byte {start})"
    assert not any(report.problems for report in reports if report.node != node)


def test_what_a_broken_journal_held_is_unjudged_and_not_missing(fund: Fund) -> None:
    rewrite(fund.layout("markets").journal("harvest"), lambda data: data.replace(b"moon", b"noon"))
    reports = verify_nodes(fund.layouts)
    assert codes(reports) == {"LINE_CHAIN"}
    assert of(reports, "markets").unjudged == {"harvest": 6}


def test_a_broken_governance_journal_opens_no_signature(fund: Fund) -> None:
    path = fund.layout("executor").journal("governance")
    rewrite(path, lambda data: data.replace(b"journal.opened", b"journal.openeD", 1))
    report = of(verify_nodes(fund.layouts), "executor")
    assert {p.code for p in report.problems} == {"SEGMENT_OPENING"}
    assert report.unjudged["governance"] > 0
    assert "signatures" not in report.checked


def test_a_journal_cut_short_is_caught_by_its_checkpoint(fund: Fund) -> None:
    path = fund.layout("executor").journal("trade_log")
    rewrite(path, lambda data: b"".join(data.splitlines(keepends=True)[:-1]))
    report = of(verify_nodes(fund.layouts), "executor")
    assert {p.code for p in report.problems} == {"CHECKPOINT_AHEAD", "VIEW_AHEAD"}


def test_a_rewritten_journal_is_caught_by_its_checkpoint_and_view(fund: Fund) -> None:
    path = fund.layout("executor").journal("trade_log")
    forge(path, lambda record: msgspec.structs.replace(record, actor="somebody else"))
    report = of(verify_nodes(fund.layouts), "executor")
    assert {p.code for p in report.problems} == {"CHECKPOINT_HEAD", "VIEW_HEAD"}
    [head] = [p for p in report.problems if p.code == "CHECKPOINT_HEAD"]
    assert f"{path}:" in head.place


def test_a_checkpoint_of_a_key_nobody_registered_counts_for_nothing(fund: Fund) -> None:
    layout = fund.layout("executor")
    generate_key(layout.root / "stranger", "stranger")
    stranger = Fund(fund.root, fund.clock)
    layout.key.unlink()
    shutil.copy(layout.root / "stranger", layout.key)
    stranger.checkpoint("executor", "intents")
    report = of(verify_nodes(fund.layouts), "executor")
    assert {p.code for p in report.problems} == {"NOTE_UNSIGNED"}
    assert "note 1" in report.problems[0].place


def test_a_changed_checkpoint_is_refused(fund: Fund) -> None:
    path = fund.layout("executor").memory / "trade_log.jsonl.checkpoints"
    rewrite(path, lambda data: data.replace(b"/trade_log\n", b"/trade_lag\n", 1))
    assert codes(verify_nodes(fund.layouts)) == {"NOTE_SIGNATURE"}


def test_a_view_of_another_journal_or_of_none_is_named(fund: Fund) -> None:
    path = fund.layout("markets").view("trade_signals")
    rewrite(path, lambda data: data.replace(b'"reflection"', b'"reflexion"'))
    path.with_name("torn.json").write_bytes(b'{"derived_from": {"size": 1}}')
    path.with_name("notes.json").write_bytes(b"{}")
    assert codes(verify_nodes(fund.layouts)) == {"VIEW_JOURNAL", "VIEW_SHAPE"}


def test_an_edited_policy_file_is_named(fund: Fund) -> None:
    path = fund.layout("executor").view("vault_overlay")
    rewrite(path, lambda data: data.replace(b'"maintenance": false', b'"maintenance": true', 1))
    assert codes(verify_nodes(fund.layouts)) == {"VIEW_EDITED"}


def test_missing_segments_are_named(fund: Fund) -> None:
    layout = fund.layout("executor")
    (layout.memory / "trade_log.000001.jsonl").unlink()
    assert codes(verify_nodes(fund.layouts)) == {"SEGMENT_MISSING"}
    layout.journal("intents").rename(layout.memory / "intents.000001.jsonl")
    assert "SEGMENT_MISSING" in codes(verify_nodes(fund.layouts))


def test_a_missing_parent_is_named_with_the_record_that_wants_it(fund: Fund) -> None:
    path = fund.layout("markets").journal("harvest")
    first = path.with_name("harvest.000001.jsonl")
    path.with_name("harvest.jsonl.checkpoints").unlink()
    # Somebody takes one signal out and makes the chain whole again over both files.
    lines = first.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], *lines[3:5]]))
    first.unlink()
    seqs = iter(range(4))
    forge(path, lambda record: msgspec.structs.replace(record, seq=next(seqs)))
    reports = verify_nodes(fund.layouts)
    missing = [p for p in of(reports, "markets").problems if p.code == "PARENT_MISSING"]
    assert "sig_00000101" in missing[0].message
    assert "reflection.jsonl:2" in missing[0].place


def test_an_order_without_its_decision_is_named(fund: Fund) -> None:
    path = fund.layout("executor").journal("trade_log")
    path.with_name("trade_log.jsonl.checkpoints").unlink()
    fund.layout("executor").view("open_orders").unlink()
    forge(
        path,
        lambda record: (
            msgspec.structs.replace(record, parents=("dec_gone",))
            if record.type == "order.prepared"
            else record
        ),
    )
    [problem] = of(verify_nodes(fund.layouts), "executor").problems
    assert (problem.code, "dec_gone" in problem.message) == ("PARENT_MISSING", True)


def _accepted(fund: Fund, number: int, **changes: object) -> Entry:
    commit = fund.published("executor").provenance.commit
    view = conviction(1, ("sig_00000100",))
    wanted = intent(number, commit, of=view)
    envelope = seal(wanted, fund.key("markets"))
    event = events.IntentAccepted(
        envelope=msgspec.structs.replace(
            envelope, **{k: v for k, v in changes.items() if k in {"signature", "node", "payload"}}
        ),
        intent=msgspec.structs.replace(
            wanted, **{k: v for k, v in changes.items() if k in {"side", "vault"}}
        ),
    )
    policy = str(changes.get("policy", commit))
    return events.entry(event, ordinal=0, parents=(view.id,), dag_id=view.id, policy=policy)


def test_an_intent_nobody_promoted_is_named(fund: Fund) -> None:
    fund.write("executor", "intents", [_accepted(fund, 99)])
    assert codes(verify_nodes(fund.layouts)) == {"INTENT_UNPROMOTED"}
    # Without the Markets node nobody can say.
    assert verify_node(fund.layout("executor")).sound


def test_an_intent_signed_by_another_key_is_named(fund: Fund) -> None:
    commit = fund.published("executor").provenance.commit
    wanted = intent(99, commit, of=conviction(1, ("sig_00000100",)))
    generate_key(fund.root / "stranger", "stranger")
    forged = seal(wanted, load_private_key(fund.root / "stranger"))
    fund.write("executor", "intents", [_accepted(fund, 99, signature=forged.signature)])
    assert codes(verify_nodes([fund.layout("executor")])) == {"UNKNOWN_SIGNER"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"side": "sell"}, "INTENT_DIFFERS"),
        ({"vault": "crypto-flow"}, "INTENT_DIFFERS"),
        ({"node": "executor"}, "UNKNOWN_SIGNER"),
        ({"signature": "-----BEGIN SSH SIGNATURE-----\n"}, "MALFORMED_SIGNATURE"),
        ({"policy": "f" * 40}, "POLICY_UNKNOWN"),
    ],
)
def test_an_intent_that_is_not_what_was_signed_is_named(
    fund: Fund, changes: dict[str, object], code: str
) -> None:
    fund.write("executor", "intents", [_accepted(fund, 99, **changes)])
    assert code in codes(verify_nodes([fund.layout("executor")]))


def test_a_swapped_envelope_is_named(fund: Fund) -> None:
    """Two promoted intents; the Executor's journal says the first came in another envelope."""
    other = trade(fund, 7)
    path = fund.layout("executor").journal("intents")
    commit = fund.published("markets").provenance.commit
    again = intent(7, commit, of=conviction(7, ("sig_00000700", "sig_00000701")))
    executor_sealed = seal(again, fund.key("executor"), "executor")

    def swap(record: Record) -> Record:
        if record.id != other.intent:
            return record
        event = events.IntentAccepted(envelope=executor_sealed, intent=again)
        return msgspec.structs.replace(record, body=msgspec.Raw(msgspec.json.encode(event)))

    forge(path, swap)
    assert codes(verify_nodes(fund.layouts)) == {"ENVELOPE_DIFFERS"}


def test_a_decision_under_a_policy_nobody_published_is_named(fund: Fund) -> None:
    path = fund.layout("executor").journal("trade_log")
    path.with_name("trade_log.jsonl.checkpoints").unlink()
    fund.layout("executor").view("open_orders").unlink()
    for policy in ("f" * 40, ""):
        forge(
            path,
            lambda record, policy=policy: (
                msgspec.structs.replace(record, policy=policy)  # type: ignore[misc]
                if record.type == "decision.made"
                else record
            ),
        )
        [problem] = of(verify_nodes(fund.layouts), "executor").problems
        assert (problem.code, problem.message.startswith("decision.made")) == (
            "POLICY_UNKNOWN",
            True,
        )


def test_a_thousand_problems_of_a_kind_are_counted(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems_module, "MOST_OF_A_KIND", 2)
    fund.write("executor", "intents", [_accepted(fund, number) for number in range(90, 97)])
    told = of(verify_nodes(fund.layouts), "executor").problems
    assert len(told) == 3
    assert told[-1].message == "and 5 more like these"


@pytest.mark.parametrize(
    ("node", "journal", "code"),
    [
        ("markets", "harvest", "PARENT_MISSING"),
        ("executor", "intents", "PARENT_MISSING"),
        ("executor", "governance", "JOURNAL_MISSING"),
        ("markets", "reflection", "PARENT_MISSING"),
    ],
)
def test_a_journal_that_vanished_whole_is_missed_by_what_refers_to_it(
    fund: Fund, node: str, journal: str, code: str
) -> None:
    for path in fund.layout(node).memory.glob(f"{journal}.*"):
        path.unlink()
    for path in fund.layout(node).memory.glob("*.json"):
        path.unlink()
    reports = verify_nodes(fund.layouts)
    if journal == "reflection":
        # Of another node: not given, as far as the Executor can tell.
        assert of(reports, "executor").unjudged == {"reflection": 6}
    else:
        assert code in {problem.code for problem in of(reports, node).problems}


def test_a_node_that_changed_its_key_keeps_what_the_old_one_signed(fund: Fund) -> None:
    """The next policy registers another key; the old checkpoint and intents stay verifiable."""
    layout = fund.layout("executor")
    old = layout.key.read_bytes()
    layout.key.unlink()
    layout.key.with_suffix(".pub").unlink()
    new = generate_key(layout.key, "executor")
    published = fund.published("executor")
    nodes = {**published.policy.nodes, "executor": (new.openssh,)}
    policy = msgspec.structs.replace(published.policy, nodes=nodes)
    after = msgspec.structs.replace(published, policy=policy)
    receipt = Evaluated("", "", "applied", "", "", (), (), (), (), 0, (), None, after)
    fund.write("executor", "governance", [Entry("policy.evaluated", "later", receipt)])
    fund.checkpoint("executor", "trade_log")
    fund.checkpoint("executor", "intents")
    for name in ("vault", "vault_overlay"):
        layout.view(name).unlink()
    report = verify_node(layout)
    assert report.sound, report.problems
    trade_log = next(one for one in report.journals if one.name == "trade_log")
    assert trade_log.checkpoints == 2
    # Yet the old key signs nothing new: it is no longer in the policy in force.
    layout.key.write_bytes(old)
    layout.key.chmod(0o600)
    assert verify_node(layout).sound


def test_any_byte_of_any_journal_that_is_flipped_is_noticed(fund: Fund) -> None:
    """Sampled over all nodes; of a last line, only what another file vouches for."""
    random = Random(7)
    files = [
        path
        for layout in fund.layouts
        for path in sorted(layout.memory.glob("*.jsonl"))
        if path.name != "governance.jsonl"
    ]
    for _ in range(24):
        path = random.choice(files)
        whole = path.read_bytes()
        vouched = whole.rstrip(b"\n").rfind(b"\n") + 1
        content = bytearray(whole)
        content[random.randrange(vouched or len(content))] ^= 1 << random.randrange(8)
        path.write_bytes(content)
        reports = verify_nodes(fund.layouts)
        named = [p.place for report in reports for p in report.problems]
        assert any(place.startswith(str(path.parent)) for place in named), path
        path.write_bytes(whole)


def test_progress_names_each_journal(fund: Fund) -> None:
    said: list[str] = []
    verify_nodes(fund.layouts, progress=said.append)
    assert "verifying trade_log of executor" in said
    # A journal is verified before those it refers to, so that a running node is consistent.
    assert said.index("verifying trade_log of executor") < said.index(
        "verifying governance of executor"
    )


def test_folders_that_are_no_nodes_or_one_node_twice_are_refused(
    fund: Fund, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError) as missing:
        verify_nodes([Layout(tmp_path)])
    assert missing.value.code == "NO_NODE"
    with pytest.raises(RefusedError) as twice:
        verify_nodes([fund.layout("executor"), fund.layout("executor")])
    assert twice.value.code == "NODE_TWICE"


def test_a_node_without_configuration_goes_by_its_folder(fund: Fund) -> None:
    shutil.rmtree(fund.layout("executor").etc)
    assert verify_node(fund.layout("executor")).node == "executor"
