"""What if: what an Executor decided, decided again under another policy, and counted."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.executor.building import NOW, OTHER, VAULT, policy, published, vault
from tests.executor.running import Node
from vanta.domain.errors import RefusedError
from vanta.domain.exact import PPM, UNIT, show_units, units
from vanta.domain.instant import DAY, FOREVER, MINUTE
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.executor.edition import EDITION
from vanta.executor.replay import replay
from vanta.executor.what_if import redecide
from vanta.executor.what_if_told import WORST, kind_of, tell, worth
from vanta.governance.plan import Replay
from vanta.journal.reader import read, read_since
from vanta.lattice.direction import Table

LATER = NOW + DAY
OPEN = {"orders": {"duplicate_window": 0}}


def rules(**changes: object) -> Policy:
    """The policy the day below is traded under, with changes in one vault."""
    return policy({VAULT: vault(**{**OPEN, **changes}), OTHER: vault()})


@pytest.fixture
def day(tmp_path: Path) -> Node:
    """An Executor that took five intents, bought with three and denied two."""
    node = Node(tmp_path)
    node.wants("AAPL")
    node.wants("MSFT", vault=OTHER)
    node.step(2)
    node.wants("BTC-USD")
    node.wants("TSLA")
    node.wants("MSFT", conviction=500_000)
    node.step(3)
    node.end()
    return node


def asked(node: Node, proposed: Policy, since: int = 0, until: int = LATER) -> Replay:
    records = read_since(node.layout.journal("trade_log"), since)
    return tell(redecide(records, proposed, since=since, until=until), since=since, until=until)


def test_the_policy_that_was_in_force_changes_nothing(day: Node) -> None:
    found = asked(day, rules())
    assert (found.decisions, found.same, found.policies, found.otherwise_built) == (5, 5, 1, 0)
    assert not found.reasons
    assert not found.worst
    assert [(one.vault, one.decisions) for one in found.vaults] == [(OTHER, 1), (VAULT, 4)]
    assert all(one.before == one.after != "0" for one in found.vaults)


def test_what_is_no_longer_allowed_would_have_been_denied(day: Node) -> None:
    none = {"allow": frozenset({"MSFT", "BTC-USD"})}
    found = asked(day, rules(universe=none))
    [bought] = [one for one in found.worst if one.what == "denied"]
    assert (found.denied.orders, found.same) == (1, 4)
    assert (bought.vault, bought.symbol, bought.side, bought.after) == (VAULT, "AAPL", "buy", "0")
    assert bought.because.endswith("[6 SYMBOL_NOT_ALLOWED]")
    [reason] = found.reasons
    assert (reason.code, reason.denies, reason.releases) == ("SYMBOL_NOT_ALLOWED", 1, 0)
    assert reason.denied_notional == found.denied.notional == bought.before


def test_what_was_denied_would_have_been_allowed(day: Node) -> None:
    wide = {"allow": frozenset({"AAPL", "MSFT", "BTC-USD", "TSLA"})}
    day.broker.quotes.pop("TSLA", None)
    # There was no quote of it, and no policy makes one.
    assert asked(day, rules(universe=wide)).same == 5
    found = asked(day, rules(persona={"conviction": 400_000}, bands=((400_000, 20_000),)))
    [example] = [one for one in found.worst if one.what == "allowed"]
    assert found.allowed.orders == 1
    assert (example.symbol, example.before) == ("MSFT", "0")
    assert example.because.startswith("no longer: ")
    assert {one.code for one in found.reasons if one.releases} >= {"CONVICTION"}


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"positions": {"per_symbol": 10_000 * UNIT}}, "smaller", "the caps leave $10,000.00"),
        ({"persona": {"multiplier": 500_000}}, "smaller", "the persona makes of it"),
        ({"bands": ((550_000, 90_000),)}, "larger", "its conviction is worth $90,000.00"),
        ({"orders": {**OPEN["orders"], "collar": 19_500}}, "repriced", "its limit reaches"),
    ],
)
def test_an_order_of_another_size_says_which_step_made_it(
    day: Node, changes: dict[str, Any], kind: str, says: str
) -> None:
    found = asked(day, rules(**changes))
    told = [one for one in found.worst if one.what == kind]
    assert told
    assert len(told) == getattr(found, kind).orders
    assert any(one.because.startswith(says) for one in told)


def test_a_halt_would_have_denied_everything(day: Node) -> None:
    everywhere = OverlayPolicy(
        everywhere=Switches(full_halt=FOREVER),
        vaults=Table(Switches(full_halt=FOREVER)),
        venues=Table(Switches(full_halt=FOREVER)),
    )
    found = asked(day, msgspec.structs.replace(rules(), overlay=everywhere))
    assert found.denied.orders == 3
    assert all(one.after == "0" for one in found.vaults)


def test_what_stood_beside_the_documents_stands_beside_the_proposed_ones(day: Node) -> None:
    """A halt of the lane denied then, and would have: a wider cap has not let it go."""
    records = list(read(day.layout.journal("trade_log")))
    wide = rules(positions={"per_symbol": 10**9 * UNIT})
    halt = OverlayPolicy(everywhere=Switches(reduce_only=FOREVER))
    under = msgspec.structs.replace(wide, overlay=halt)

    def told(beside: dict[int, Policy]) -> Replay:
        found = redecide(records, wide, since=0, until=LATER, beside=beside)
        return tell(found, since=0, until=LATER)

    alone, beside = told({}), told({1: under})
    assert (alone.documents_alone, alone.denied.orders) == (5, 0)
    assert (beside.documents_alone, beside.denied.orders) == (0, 3)
    assert {one.code for one in beside.reasons if one.denies} == {"REDUCE_ONLY"}
    assert told({2: under}).documents_alone == 5, "of another publication"


@pytest.mark.parametrize("kind", ["flip", "boost"])
def test_what_has_ended_since_is_nothing_a_proposal_takes_away(tmp_path: Path, kind: str) -> None:
    def under(until: int) -> Policy:
        if kind == "flip":
            flip = Flip(until=until, slice=500_000, amplifier=2 * PPM)
            overlay = OverlayPolicy(flips={VAULT: flip})
        else:
            overlay = OverlayPolicy(boosts={VAULT: Boost(until=until, multiplier=2 * PPM)})
        return msgspec.structs.replace(rules(), overlay=overlay)

    node = Node(tmp_path)
    node.source[:] = [published(under(NOW + DAY))]
    node.wants("AAPL", flip=kind == "flip")
    node.step(2)
    node.end()
    assert asked(node, rules(), until=NOW + DAY).same == 1
    assert asked(node, under(NOW + 2 * DAY), until=NOW + DAY).same == 1
    # One that goes on is taken away by a proposal without it, or made longer by one with it.
    [told] = asked(node, rules(), until=NOW + DAY - 1).worst
    assert told.what in {"denied", "smaller"}
    assert asked(node, under(NOW + 2 * DAY), until=NOW + DAY - 1).same == 1


def test_the_parts_add_up_to_the_whole(day: Node) -> None:
    found = asked(day, rules(positions={"per_symbol": 10_000 * UNIT}, universe={"deny": {"AAPL"}}))
    kinds = ("denied", "allowed", "smaller", "larger", "repriced")
    assert found.same + sum(getattr(found, kind).orders for kind in kinds) == found.decisions
    for kind in kinds:
        assert sum(getattr(one, kind) for one in found.vaults) == getattr(found, kind).orders
    before = sum(units(one.before) for one in found.vaults)
    after = sum(units(one.after) for one in found.vaults)
    lost = units(found.denied.notional) + units(found.smaller.notional)
    assert before - after == lost - units(found.larger.notional) - units(found.allowed.notional)


def test_only_the_time_that_was_asked_for_is_decided_again(day: Node) -> None:
    made = [record.ts for record in day.log() if record.type == "decision.made"]
    for since in (0, made[1], made[-1], LATER):
        found = asked(day, rules(), since)
        assert found.decisions <= sum(ts >= since for ts in made)
    assert asked(day, rules(), LATER).decisions == 0
    assert asked(day, rules(), 0, NOW).decisions == 0


def test_the_book_goes_on_as_recorded_and_not_as_it_would_have(day: Node) -> None:
    """Denying the first order does not make room for the second: this is no simulation."""
    tight = rules(orders={**OPEN["orders"], "max_notional": UNIT})
    again = list(redecide(day.log(), tight, since=0, until=LATER))
    mine = [one for one in again if one.made.intent.symbol == "BTC-USD"]
    assert mine[0].after.sizing.nav == mine[0].before.sizing.nav


def test_each_decision_is_held_against_the_policy_of_its_own_time(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.wants("AAPL")
    node.step(2)
    node.source[0] = published(rules(positions={"per_symbol": 1_000 * UNIT}), serial=2)
    node.wants("MSFT")
    node.step(2)
    node.end()
    found = asked(node, rules())
    assert (found.policies, found.larger.orders, found.same) == (2, 1, 1)


def test_it_begins_with_any_segment_and_says_the_same(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.boot(rotate_at=6000)
    for _ in range(6):
        node.wants("AAPL")
        node.wait(MINUTE)
        node.step()
    node.end()
    log = node.layout.journal("trade_log")
    whole = list(read(log))
    made = [record.seq for record in whole if record.type == "decision.made"]
    last = [
        record
        for record in whole
        if record.type == "journal.rotated" and made[0] < record.seq < made[-1]
    ][-1]
    tight = rules(positions={"per_symbol": 10_000 * UNIT})
    again = list(redecide(whole, tight, since=last.ts, until=LATER))
    part = list(redecide(read_since(log, last.ts), tight, since=last.ts, until=LATER))
    assert 0 < len(part) < 6
    assert part == again


def test_a_log_of_another_environment_is_refused(day: Node) -> None:
    proposed = msgspec.structs.replace(rules(), environment="prod")
    with pytest.raises(RefusedError) as caught:
        asked(day, proposed)
    assert caught.value.code == "OTHER_ENVIRONMENT"
    assert "dev" in caught.value.remedy


def test_a_build_that_decided_otherwise_is_told(day: Node) -> None:
    """A policy is not blamed for what a change of the code did."""
    old = b'"banded":50000000000000'
    changed = [
        msgspec.structs.replace(
            record, body=msgspec.Raw(bytes(record.body).replace(old, b'"banded":50000000000001'))
        )
        for record in day.log()
    ]
    found = list(redecide(changed, rules(), since=0, until=LATER))
    assert sum(one.otherwise_built for one in found) == sum(
        old in bytes(record.body) for record in day.log() if record.type == "decision.made"
    )
    assert all(kind_of(one.before, one.after) == "same" for one in found)


def test_an_earlier_decision_is_put_to_the_fences_of_its_own_time(day: Node) -> None:
    """What a policy changes is not mixed up with what a new fence asks."""
    now = f',"edition":{EDITION}'.encode()
    older = [
        msgspec.structs.replace(
            record, body=msgspec.Raw(bytes(record.body).replace(now, b',"edition":1'))
        )
        for record in day.log()
    ]
    assert older != day.log()
    found = tell(redecide(older, rules(), since=0, until=LATER), since=0, until=LATER)
    assert (found.earlier_fences, found.decisions) == (5, 5)
    assert found.denied.orders == found.allowed.orders == 0
    assert asked(day, rules()).earlier_fences == 0


def test_asking_changes_no_byte_of_the_journal(day: Node) -> None:
    files = sorted(day.layout.memory.iterdir())
    before = {file: file.read_bytes() for file in files}
    asked(day, rules(positions={"per_symbol": UNIT}))
    assert {file: file.read_bytes() for file in sorted(day.layout.memory.iterdir())} == before
    assert all(one.recorded == one.recomputed for one in replay(day.log()))


def test_the_worst_are_the_largest_and_few(tmp_path: Path) -> None:
    node = Node(tmp_path)
    for number in range(WORST + 3):
        node.wants("AAPL", conviction=560_000 + 10_000 * number)
        node.wait(MINUTE)
        node.step()
    node.end()
    again = list(redecide(node.log(), rules(brokers=frozenset()), since=0, until=LATER))
    found = tell(again, since=0, until=LATER)
    amounts = sorted((worth(one.before.order) for one in again), reverse=True)
    bought = [amount for amount in amounts if amount]
    assert found.denied.orders == len(bought)
    assert [one.before for one in found.worst] == [show_units(each) for each in bought[:WORST]]
