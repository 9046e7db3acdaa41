"""A shadow decides beside a live Executor, sends nothing, and says what comes out otherwise."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import NOW, OTHER, VAULT, Ticks, policy, published, vault
from tests.executor.running import Node
from vanta.audit.replay_worker import Line
from vanta.audit.replay_worker import main as worker
from vanta.domain.encoding import decode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import MINUTE
from vanta.domain.policy import Policy, Published
from vanta.domain.record import Record
from vanta.domain.trading import Decision, Finding, Sizing
from vanta.executor.replay import Replayed
from vanta.executor.shadow import GRACE, SHADOW, ShadowDecided, compare, read_shadow
from vanta.executor.shadow_replay import first_told, followed, replay_shadow
from vanta.executor.shadowing import ShadowNode, tally
from vanta.journal.reader import read
from vanta.node.layout import Layout


def rules(**changes: object) -> Policy:
    """The live policy, with changes in one vault."""
    return policy({VAULT: vault(**{"orders": {"duplicate_window": 0}, **changes}), OTHER: vault()})


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Node]:
    (tmp_path / "live").mkdir()
    node = Node(tmp_path / "live")
    yield node
    node.end()


class Staging:
    """A staging node beside a live one."""

    def __init__(self, live: Node, root: Path, rules: Policy, *, rotate_at: int = 2**40) -> None:
        self.layout, self.live, self.rotate_at = Layout(root), live, rotate_at
        self.layout.memory.mkdir(parents=True, exist_ok=True)
        self.policy = published(rules)
        self.clock = Ticks()
        self.process: ShadowNode | None = None

    def boot(self, since: int = 0) -> ShadowNode:
        self.end()
        self.process = ShadowNode(
            self.layout,
            self.live.layout,
            read_policy=self.read_policy,
            clock=self.clock,
            actor="shadow@test",
            since=since,
            rotate_at=self.rotate_at,
        )
        return self.process

    def read_policy(self) -> Published:
        return self.policy

    def step(self) -> int:
        self.clock.now = self.live.clock.now
        return (self.process or self.boot()).step()

    def end(self) -> None:
        if self.process is not None:
            self.process.close()
        self.process = None

    def log(self) -> list[Record]:
        return list(read(self.layout.journal("shadow")))

    def decided(self) -> list[ShadowDecided]:
        found = [read_shadow(record) for record in self.log()]
        return [one for one in found if isinstance(one, ShadowDecided)]


@pytest.fixture
def staging(live: Node, tmp_path: Path) -> Iterator[Staging]:
    made = Staging(live, tmp_path / "staging", rules())
    yield made
    made.end()


def trade(live: Node, *symbols: str) -> None:
    for symbol in symbols:
        live.wants(symbol)
        live.wait(MINUTE)
        live.step()


def test_under_the_same_policy_every_decision_is_the_same(live: Node, staging: Staging) -> None:
    trade(live, "AAPL", "MSFT", "TSLA")
    staging.step()
    trade(live, "BTC-USD")
    staging.step()
    found = staging.decided()
    made = [record for record in live.log() if record.type == "decision.made"]
    assert [one.outcome for one in found] == ["same"] * 4
    assert [one.live_seq for one in found] == [record.seq for record in made]
    assert tally(staging.layout.journal("shadow")).differing == 0


def test_each_difference_is_on_record_with_its_reason(live: Node, staging: Staging) -> None:
    staging.policy = published(
        rules(universe={"allow": frozenset({"MSFT", "TSLA"})}, positions={"per_symbol": 9 * 10**11})
    )
    trade(live, "AAPL", "MSFT")
    live.wants("TSLA")
    live.step()
    staging.step()
    apple, microsoft, tesla = staging.decided()
    assert (apple.outcome, apple.after, apple.before > 0) == ("denied", 0, True)
    assert apple.because.endswith("[6 SYMBOL_NOT_ALLOWED]")
    assert microsoft.outcome == "smaller"
    assert microsoft.because.startswith("the caps leave $9,000.00, not $")
    # There was no quote of it: live denied it too, and for one reason more.
    assert tesla.outcome == "reasons"
    assert tesla.because == "here not for SYMBOL_NOT_ALLOWED"
    found = tally(staging.layout.journal("shadow"))
    assert (found.same, found.differing) == (0, 3)


def test_it_writes_its_own_journal_and_nothing_of_the_live_node(
    live: Node, staging: Staging
) -> None:
    trade(live, "AAPL")
    live.wants("MSFT")
    before = {file: file.read_bytes() for file in live.root.rglob("*") if file.is_file()}
    staging.step()
    assert {file: file.read_bytes() for file in live.root.rglob("*") if file.is_file()} == before
    written = {file.name for file in staging.layout.root.rglob("*") if file.is_file()}
    assert {name.split(".")[0] for name in written} == {"shadow"}
    assert {record.type for record in staging.log()} <= {*SHADOW, "journal.opened"}
    assert not set(live.broker.sent) - set(live.broker.orders)


def test_an_intent_that_live_never_decides_is_missing_and_told_once(
    live: Node, staging: Staging
) -> None:
    trade(live, "AAPL")
    live.broker.away = True
    wanted = live.wants("MSFT")
    live.step()
    staging.step()
    live.wait(GRACE + 1)
    staging.step()
    staging.step()
    staging.boot()
    staging.step()
    found = tally(staging.layout.journal("shadow"))
    assert (found.missing, found.missed) == (1, [wanted.id])
    # It is decided after all, late: then it is compared like any other.
    live.broker.away = False
    live.step(2)
    staging.step()
    assert staging.decided()[-1].intent_id == wanted.id


def test_a_shadow_that_is_killed_goes_on_where_it_was(live: Node, staging: Staging) -> None:
    live.boot(rotate_at=6000)
    for _ in range(3):
        trade(live, "AAPL", "MSFT")
        staging.step()
        staging.end()
    made = [record.seq for record in live.log() if record.type == "decision.made"]
    assert [one.live_seq for one in staging.decided()] == made
    assert all(one.outcome == "same" for one in staging.decided())
    assert any(record.type == "journal.rotated" for record in live.log())


def test_its_own_journal_is_rotated_and_counts_nothing_twice(live: Node, tmp_path: Path) -> None:
    staging = Staging(live, tmp_path / "small", rules(), rotate_at=4000)
    for _ in range(4):
        trade(live, "AAPL", "MSFT")
        staging.step()
        staging.boot()
    staging.end()
    assert sum(record.type == "journal.rotated" for record in staging.log()) >= 2
    found = tally(staging.layout.journal("shadow"))
    assert sum(found.outcomes.values()) == len(staging.decided()) == 8


def test_it_follows_the_policy_of_its_own_node(live: Node, staging: Staging) -> None:
    trade(live, "AAPL")
    staging.step()
    staging.policy = published(rules(brokers=frozenset()), serial=2)
    trade(live, "AAPL")
    staging.step()
    assert [one.outcome for one in staging.decided()] == ["same", "denied"]
    assert [record.type for record in staging.log()].count("shadow.adopted") == 2
    assert tally(staging.layout.journal("shadow")).serial == 2


def test_at_first_it_goes_back_no_further_than_it_is_told(live: Node, staging: Staging) -> None:
    trade(live, "AAPL")
    since = live.clock.now
    trade(live, "MSFT")
    staging.boot(since=since)
    staging.step()
    [found] = staging.decided()
    assert (found.symbol, found.outcome) == ("MSFT", "same")


def test_without_a_policy_it_decides_nothing(live: Node, staging: Staging) -> None:
    trade(live, "AAPL")
    process = staging.boot()

    def none() -> Published:
        raise UnavailableError("no policy", code="NO_POLICY")

    process._read_policy = none
    with pytest.raises(UnavailableError):
        process.step()
    assert staging.decided() == []
    process._read_policy = staging.read_policy
    staging.step()
    assert len(staging.decided()) == 1


def test_a_node_is_no_shadow_of_itself_nor_of_nobody(live: Node, tmp_path: Path) -> None:
    for layout, of, code in (
        (live.layout, live.layout, "SHADOW_OF_ITSELF"),
        (Layout(tmp_path / "staging"), Layout(tmp_path / "nowhere"), "NO_TRADE_LOG"),
    ):
        with pytest.raises((RefusedError, UnavailableError)) as caught:
            ShadowNode(
                layout, of, read_policy=lambda: published(rules()), clock=Ticks(NOW), actor="x"
            )
        assert caught.value.code == code


# Made again --------------------------------------------------------------------------------------


def again(staging: Staging, live: Node) -> list[Replayed]:
    return list(replay_shadow(live.log(), staging.log()))


def test_every_decision_of_a_shadow_is_made_again(live: Node, tmp_path: Path) -> None:
    """Under the policy it had adopted by then, whatever it has adopted since."""
    staging = Staging(live, tmp_path / "staging", rules())
    live.wants("AAPL")
    live.step(2)
    staging.step()
    staging.policy = published(rules(orders={"duplicate_window": 0, "max_quantity": 1}), 2)
    live.wants("MSFT")
    live.wants("BTC-USD", vault=OTHER)
    live.step(3)
    staging.step()
    staging.end()
    found = again(staging, live)
    assert len(found) == len(staging.decided()) == 3
    assert {one.outcome for one in staging.decided()} == {"same", "denied"}
    assert all(one.recorded == one.recomputed for one in found)


def test_one_that_was_changed_is_found(live: Node, tmp_path: Path) -> None:
    staging = Staging(live, tmp_path / "staging", rules())
    live.wants("AAPL")
    live.step(2)
    staging.step()
    staging.end()
    changed = [
        msgspec.structs.replace(
            one, body=msgspec.Raw(bytes(one.body).replace(b'"accept"', b'"deny"'))
        )
        for one in staging.log()
    ]
    [found] = replay_shadow(live.log(), changed)
    assert found.recorded != found.recomputed
    later = [
        msgspec.structs.replace(
            one, body=msgspec.Raw(bytes(one.body).replace(b'"live_seq":', b'"live_seq":9'))
        )
        for one in staging.log()
    ]
    [found] = replay_shadow(live.log(), later)
    assert found.recomputed == b"null", "the live node made no such decision"


def test_the_words_of_another_build_are_no_difference(live: Node, tmp_path: Path) -> None:
    staging = Staging(live, tmp_path / "staging", rules(universe={"allow": frozenset()}))
    live.wants("AAPL")
    live.step(2)
    staging.step()
    staging.end()

    def worded(words: bytes) -> list[Replayed]:
        log = [
            msgspec.structs.replace(
                one,
                body=msgspec.Raw(
                    re.sub(rb'"because":"[^"]*"', b'"because":"' + words + b'"', bytes(one.body))
                ),
            )
            for one in staging.log()
        ]
        return list(replay_shadow(live.log(), log))

    [same] = worded(b"the list of the vault has it not")
    assert same.recorded == same.recomputed
    [silent] = worded(b"")
    assert silent.recorded != silent.recomputed, "that it differs is no matter of words"


def test_of_many_other_reasons_the_first_are_named() -> None:
    def denied(*codes: str) -> Decision:
        found = tuple(
            Finding(0, code, passed=False, observed=0, limit=1, unit="count") for code in codes
        )
        return Decision("dec_1", "int_1", "deny", None, Sizing(0, 0, 0, 0, 0), found)

    other, own = denied("GROSS"), denied("VAULT_UNKNOWN", "B", "A", "D", "C", "F", "E")
    assert compare(other, own) == (
        "reasons",
        "here also for VAULT_UNKNOWN, B, A, D, C and 2 more; here not for GROSS",
    )


def test_the_log_a_shadow_followed_is_told_from_another(live: Node, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Node(tmp_path / "other")
    staging = Staging(live, tmp_path / "staging", rules())
    for node in (live, other):
        node.wants("AAPL")
        node.step(2)
    staging.step()
    staging.end()
    first = first_told(staging.log())
    assert first is not None
    assert (followed(live.log(), first), followed(other.log(), first)) == (True, False)
    other.end()


def test_an_audit_makes_it_again_where_the_live_node_is_given_too(
    live: Node, tmp_path: Path
) -> None:
    staging = Staging(live, tmp_path / "staging", rules())
    live.wants("AAPL")
    live.step(2)
    staging.step()
    staging.end()
    live.end()
    lines: list[bytes] = []

    def said(*folders: Path) -> list[Line]:
        lines.clear()
        worker([str(folder) for folder in folders], lines.append)
        return [decode(Line, one) for one in lines]

    both = [one.step for one in said(live.root, staging.layout.root) if one.step is not None]
    [step] = [one for one in both if one.step == "shadow"]
    assert (step.node, step.compared, step.same) == ("staging", 1, True)
    [alone] = [one.skipped for one in said(staging.layout.root) if one.skipped is not None]
    assert alone.why == "the trade_log.jsonl of the live node it followed is not here"
