"""The node over the bundled sample: from feeds to signed intents, once, whatever comes between."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.markets.house import COMMIT, Clock, House, policy, published
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import DAY, FOREVER, HOUR, SECOND
from vanta.domain.policy import Published
from vanta.domain.signal import FEEDS
from vanta.domain.switches import Switches
from vanta.domain.trading import Envelope, Intent
from vanta.governance.keys import public_key_of
from vanta.governance.latch import LATCH
from vanta.governance.sshsig import parse_armor, verify
from vanta.journal.chain import MAX_LINE
from vanta.journal.reader import live_state, read
from vanta.journal.view import read_view
from vanta.markets import dedupe, harvested, observed, records
from vanta.markets.harvested import VIEWS
from vanta.markets.sample.plot import END, START
from vanta.markets.service import MarketsNode, Step
from vanta.node.layout import Layout

STEP = 2 * HOUR


class Ran:
    """One run over the whole sample, shared by the tests that only look at it."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.open() as node:
            self.steps = node.run(START, END, STEP)
            self.tallies = {feed: node.harvested.tallies[feed] for feed in (*FEEDS, "prices")}
        self.views = _views(house.layout)
        self.intents = [intent for step in self.steps for intent in step.reflection.intents]

    def types(self, journal: str) -> list[str]:
        return [record.type for record in read(self.house.layout.journal(journal))]


def _views(layout: Layout) -> dict[str, Any]:
    return {
        path.stem: msgspec.json.decode(path.read_bytes()) for path in layout.memory.glob("*.json")
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Ran:
    return Ran(House(tmp_path_factory.mktemp("ran"), sample))


def test_all_six_feeds_meet_in_one_window(ran: Ran) -> None:
    for feed in FEEDS:
        assert ran.tallies[feed].taken > 0, feed
        view = ran.views[VIEWS[feed]]
        assert view["derived_from"]["journal"] == "harvest"
        assert view["data"]["counts"]["taken"] == ran.tallies[feed].taken
        assert view["data"]["latest"]


def test_broken_items_are_set_aside_with_their_reason_and_stop_nothing(ran: Ran) -> None:
    found = {feed: set(tally.set_aside) for feed, tally in ran.tallies.items()}
    assert found["twitter"] == {"FUTURE_STAMP", "MALFORMED_JSON", "TIME"}
    assert found["reddit"] == {"BOT", "REMOVED"}
    assert found["sec"] == {"HTTP_REFUSED", "MISSING_FIELD", "XML", "XML_ENTITY"}
    assert found["news"] == {"COLUMNS"}
    assert found["options"] == {"NUMBER"}
    assert found["prices"] == {"NO_TRADES", "NUMBER"}


def test_the_swarm_of_the_second_day_counts_once(ran: Ran) -> None:
    taken = [
        record
        for record in read(ran.house.layout.journal("harvest"))
        if record.type == records.SIGNAL_HARVESTED and b"in talks to buy" in bytes(record.body)
    ]
    assert len(taken) == 1
    assert ran.tallies["twitter"].duplicate >= 59


def test_a_handful_of_intents_comes_of_it_on_both_rails_and_both_sides(ran: Ran) -> None:
    assert 10 <= len(ran.intents) <= 40
    assert {intent.asset_class for intent in ran.intents} == {"equity", "crypto"}
    assert {intent.side for intent in ran.intents} == {"buy", "sell"}
    assert {intent.vault for intent in ran.intents} == set(policy().vaults)
    assert len({intent.id for intent in ran.intents}) == len(ran.intents)


def test_every_intent_on_the_bus_is_signed_by_the_node_over_its_exact_bytes(ran: Ran) -> None:
    parcels = ran.house.inbox.poll(1000)
    assert {parcel.id for parcel in parcels} == {intent.id for intent in ran.intents}
    for parcel in parcels:
        envelope = decode(Envelope, parcel.payload)
        payload = envelope.payload.encode()
        signer = verify(parse_armor(envelope.signature.encode()), payload, "vanta-intent")
        assert signer == public_key_of(ran.house.key)
        assert envelope.node == "markets"
        intent = decode(Intent, payload)
        assert encode(intent) == payload
        assert intent.policy == COMMIT


def test_every_conviction_names_signals_that_were_harvested(ran: Ran) -> None:
    harvested = {record.id for record in read(ran.house.layout.journal("harvest"))}
    reflected = list(read(ran.house.layout.journal("reflection")))
    believed = [record for record in reflected if record.type == records.CONVICTION_REFLECTED]
    assert believed
    for record in believed:
        assert record.parents
        assert set(record.parents) <= harvested
        assert record.dag_id == record.id
    known = {record.id for record in reflected}
    for record in reflected:
        if record.type in {records.INTENT_PROMOTED, records.INTENT_HELD}:
            assert set(record.parents) <= known
            assert record.dag_id == record.parents[0]


def test_ids_are_unique_in_each_journal(ran: Ran) -> None:
    for journal in (records.HARVEST, records.REFLECTION):
        ids = [record.id for record in read(ran.house.layout.journal(journal))]
        assert len(ids) == len(set(ids))


def test_no_conviction_looks_ahead(ran: Ran) -> None:
    seen = {
        record.id: msgspec.json.decode(record.body)["signal"]["seen_ts"]
        for record in read(ran.house.layout.journal("harvest"))
        if record.type == records.SIGNAL_HARVESTED
    }
    for step in ran.steps:
        for view in step.reflection.views:
            named = [signal for reason in view.reasons for signal in reason.signals]
            assert all(seen[signal] <= view.as_of for signal in named)


def test_the_views_say_what_the_last_reflection_came_to(ran: Ran) -> None:
    last = ran.steps[-1].reflection
    signals = ran.views["trade_signals"]["data"]
    assert [entry["conviction"]["symbol"] for entry in signals] == [
        entry.symbol for entry in last.ranking.entries
    ]
    belief = ran.views["system_belief"]["data"]
    assert belief["as_of"] == END
    assert belief["policy"]["commit"] == COMMIT
    assert set(belief["personas"]) == {"apollo", "ares", "athena"}
    board = ran.views["signal_leaderboard"]["data"]
    assert "sentiment/1" in board["models"]
    assert board["signals"]
    for name in ("trade_signals", "system_belief", "signal_leaderboard"):
        assert ran.views[name]["derived_from"]["journal"] == "reflection"


def test_every_view_is_rebuilt_from_its_journal_alone(ran: Ran) -> None:
    layout = ran.house.layout
    for path in layout.memory.glob("*.json"):
        path.unlink()
    with ran.house.open():
        assert _views(layout) == ran.views


def test_the_same_window_again_takes_nothing_and_asks_for_nothing(house: House) -> None:
    middle = START + 40 * HOUR
    with house.open() as node:
        node.run(START, middle, 4 * HOUR)
        first = len(house.inbox.poll(1000))
        again = node.harvest(START, middle)
        assert all(found.taken == 0 and found.set_aside == {} for found in again.feeds.values())
        assert node.reflect(middle).intents == ()
    with house.open() as node:
        again = node.harvest(START, middle)
        assert all(found.taken == 0 and found.set_aside == {} for found in again.feeds.values())
        assert node.reflect(middle).intents == ()
    assert len(house.inbox.poll(1000)) == first > 0


def test_one_long_turn_takes_what_many_short_ones_take(ran: Ran, house: House) -> None:
    with house.open() as node:
        node.harvest(START, END)
        whole = {signal.id for signal in node.harvested.observed}
    with ran.house.open() as node:
        turns = {signal.id for signal in node.harvested.observed}
    spoken = turns ^ whole
    # Which of two texts that say the same comes first depends on nothing but their times.
    assert spoken == set()


def test_a_run_across_restarts_and_rotations_is_the_run_without(ran: Ran, house: House) -> None:
    intents: list[Intent] = []
    for since in range(START, END, 4 * STEP):
        with house.open(rotate_at=2_000_000) as node:
            steps = node.run(since, since + 4 * STEP, STEP)
            intents += [intent for step in steps for intent in step.reflection.intents]
    assert len(list(house.layout.memory.glob("harvest.0*.jsonl"))) > 2

    def asked(found: list[Intent]) -> list[tuple[str, str, str, int]]:
        return [(one.vault, one.symbol, one.side, one.conviction) for one in found]

    assert asked(intents) == asked(ran.intents)
    found = _views(house.layout)
    for name in VIEWS.values():
        assert found[name]["data"] == ran.views[name]["data"]


def test_views_need_only_the_live_segment(house: House) -> None:
    with house.open() as node:
        node.run(START, START + 20 * HOUR, 4 * HOUR)
        node._harvest_journal.rotate()
        node._reflection_journal.rotate()
    before = _views(house.layout)
    assert live_state(house.layout.journal("harvest")).records == []
    with house.open():
        after = _views(house.layout)
    assert {name: view["data"] for name, view in before.items()} == {
        name: view["data"] for name, view in after.items()
    }


def test_what_the_bus_refused_goes_with_the_next_reflection(house: House) -> None:
    bus = _BrokenBus()
    with MarketsNode.open(
        house.layout,
        policy=published,
        clock=house.clock,
        key=house.key,
        outbox=bus,
        feeds=house.feeds,
    ) as node:
        node.harvest(START, START + 44 * HOUR)
        with pytest.raises(UnavailableError):
            node.reflect(START + 44 * HOUR)
        bus.broken = False
        assert node.reflect(START + 44 * HOUR).intents == ()
        promoted = set(node.beliefs.sent)
    assert set(bus.tried) == promoted
    assert len(promoted) > 1
    assert _views(house.layout)["trade_signals"]["data"]


def test_a_snapshot_of_everything_at_its_bound_still_fits_a_line() -> None:
    """Quotes and commas included: an id is 36 characters, a symbol at most 8."""
    ids = 40 * (dedupe.IDS + harvested.ASIDES)
    heard = dedupe.TEXTS * (60 + 11 * dedupe.STORY)
    assert sum(observed.BYTES.values()) + ids + heard < MAX_LINE


@pytest.mark.parametrize("switch", ["external_calls_disabled", "full_halt"])
def test_a_halt_of_calls_out_stops_the_collectors_and_is_journalled(
    house: House, switch: str
) -> None:
    halted = published(policy(Switches(**{switch: FOREVER})))
    house.policy = lambda: halted
    with house.open() as node:
        with pytest.raises(RefusedError) as error:
            node.harvest(START, START + DAY)
        assert error.value.code == "COLLECTORS_HALTED"
        assert switch in str(error.value)
        [step] = node.run(START, START + DAY, DAY)
        assert isinstance(step.harvest, RefusedError)
    refused = list(read(house.layout.journal("harvest")))[1:]
    assert [record.type for record in refused] == [records.HARVEST_REFUSED] * 2
    assert decode(records.HarvestRefused, bytes(refused[0].body)).switches == (switch,)


@pytest.mark.parametrize("switch", ["reduce_only", "orders_disabled", "maintenance"])
def test_switches_on_orders_do_not_stop_the_collectors(house: House, switch: str) -> None:
    switched = published(policy(Switches(**{switch: FOREVER})))
    house.policy = lambda: switched
    with house.open() as node:
        assert node.harvest(START, START + 4 * HOUR).feeds["crypto"].taken


def test_a_halt_with_an_end_holds_until_the_policy_without_it_is_published(house: House) -> None:
    until = house.clock.now + 60 * SECOND
    found = [published(policy(Switches(external_calls_disabled=until)))]
    house.policy = lambda: found[0]
    with house.open() as node:
        house.clock.pass_(61)
        with pytest.raises(RefusedError):
            node.harvest(START, START + HOUR)
        found[0] = published(policy())
        node.harvest(START, START + HOUR)


@pytest.mark.parametrize("content", [b"", b"now", None])
def test_a_latch_stops_the_collectors_whatever_it_is(house: House, content: bytes | None) -> None:
    latch = house.layout.memory / LATCH
    with house.open() as node:
        latch.mkdir() if content is None else latch.write_bytes(content)
        with pytest.raises(RefusedError) as refused:
            node.harvest(START, START + HOUR)
        assert refused.value.code == "COLLECTORS_HALTED"
        assert "latch" in refused.value.message
        latch.rmdir() if content is None else latch.unlink()
        node.harvest(START, START + HOUR)
    journal = read(house.layout.journal("harvest"))
    (record,) = [one for one in journal if one.type == records.HARVEST_REFUSED]
    assert decode(records.HarvestRefused, bytes(record.body)).switches == ("full_halt",)


def test_a_latch_ends_a_harvest_that_has_begun(house: House) -> None:
    """Before its next feed; and what was taken by then is not taken again."""
    latch = house.layout.memory / LATCH
    usual, asked = house.policy, iter(range(100))

    def policy_of_a_node_that_is_halted_meanwhile() -> Published:
        if next(asked) == 3:
            latch.touch()
        return usual()

    house.policy = policy_of_a_node_that_is_halted_meanwhile
    with house.open() as node:
        with pytest.raises(RefusedError) as refused:
            node.harvest(START, START + 4 * HOUR)
        assert refused.value.code == "COLLECTORS_HALTED"
        begun = len(tuple(node.harvested.observed))
        latch.unlink()
        node.harvest(START, START + 4 * HOUR)
        assert 0 < begun < len(tuple(node.harvested.observed))
    journal = list(read(house.layout.journal("harvest")))
    ids = [one.id for one in journal if one.type == records.SIGNAL_HARVESTED]
    assert len(ids) == len(set(ids))


def unreadable() -> Published:
    raise UnavailableError("no published policy", code="NO_POLICY")


def test_without_a_policy_nothing_is_collected_and_nothing_promoted(house: House) -> None:
    with house.open() as node:
        node.harvest(START, START + 44 * HOUR)
    house.policy = unreadable
    with house.open() as node:
        with pytest.raises(RefusedError) as error:
            node.harvest(START, END)
        assert error.value.code == "COLLECTORS_HALTED"
        found = node.reflect(START + 44 * HOUR)
    assert found.views
    assert found.intents == ()
    assert found.refused is not None
    assert found.refused.code == "NO_POLICY"
    last = list(read(house.layout.journal("reflection")))[-1]
    assert last.type == records.PROMOTION_REFUSED
    assert house.inbox.poll(10) == []


class _BrokenBus:
    def __init__(self) -> None:
        self.broken = True
        self.lost = False
        self.tried: list[str] = []

    def send(self, id: str, payload: bytes) -> None:  # noqa: A002 - the port's own name
        del payload
        self.tried.append(id)
        if self.broken:
            raise UnavailableError("the bus is down", code="BUS_UNAVAILABLE")

    def forgot(self) -> bool:
        lost, self.lost = self.lost, False
        return lost


def test_what_was_journalled_and_not_sent_is_sent_when_the_node_opens_again(house: House) -> None:
    bus = _BrokenBus()
    node = MarketsNode.open(
        house.layout,
        policy=published,
        clock=house.clock,
        key=house.key,
        outbox=bus,
        feeds=house.feeds,
    )
    with node:
        node.harvest(START, START + 44 * HOUR)
        with pytest.raises(UnavailableError):
            node.reflect(START + 44 * HOUR)
    assert len(bus.tried) == 1
    assert house.inbox.poll(10) == []
    with house.open():
        sent = house.inbox.poll(100)
    types = [record.type for record in read(house.layout.journal("reflection"))]
    assert len(sent) == types.count(records.INTENT_PROMOTED) > 1
    house.inbox.done(*[parcel.id for parcel in sent])
    house.clock.pass_(3600)
    with house.open():
        assert house.inbox.poll(100) == []


def test_a_crash_in_the_middle_of_a_harvest_loses_and_doubles_nothing(
    ran: Ran, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vanta.markets import harvest  # noqa: PLC0415 - only this test makes batches small

    monkeypatch.setattr(harvest, "BATCH", 40)
    original = harvest.Harvest._commit
    commits = 0

    def dying(self: harvest.Harvest, batch: harvest._Batch) -> harvest._Batch:
        nonlocal commits
        commits += 1
        if commits in {3, 11, 12, 30}:
            raise KeyboardInterrupt
        return original(self, batch)

    monkeypatch.setattr(harvest.Harvest, "_commit", dying)
    crashes = 0
    for _ in range(10):
        try:
            with house.open() as node:
                node.harvest(START, END)
            break
        except KeyboardInterrupt:
            crashes += 1
    assert crashes == 4
    taken = [
        record.id
        for record in read(house.layout.journal("harvest"))
        if record.type == records.SIGNAL_HARVESTED
    ]
    whole = [
        record.id
        for record in read(ran.house.layout.journal("harvest"))
        if record.type == records.SIGNAL_HARVESTED
    ]
    assert len(taken) == len(set(taken))
    assert set(taken) == set(whole)


def test_a_second_node_on_the_same_folder_is_refused(house: House) -> None:
    with house.open(), pytest.raises(UnavailableError) as error:
        house.open()
    assert error.value.code == "JOURNAL_LOCKED"
    with house.open():
        pass


def test_the_names_are_journalled_once_for_each_list(house: House, tmp_path: Path) -> None:
    with house.open() as node:
        node.harvest(START, START + HOUR)
        node.harvest(START, START + HOUR)
    more = tmp_path / "more"
    (more / "entities").mkdir(parents=True)
    listed = '{"0":{"cik_str":1,"ticker":"ZZZ","title":"Zed Industries"}}'
    (more / "entities" / "company_tickers.json").write_text(listed)
    with replace(house, feeds=more).open() as node:
        node.harvest(START, START + HOUR)
    types = [record.type for record in read(house.layout.journal("harvest"))]
    assert types.count(records.DIRECTORY_LOADED) == 2


def test_a_window_that_ends_before_it_begins_and_a_step_of_nothing_are_refused(
    house: House,
) -> None:
    with house.open() as node:
        with pytest.raises(RefusedError) as error:
            node.harvest(END, START)
        assert error.value.code == "WINDOW"
        with pytest.raises(RefusedError) as error:
            node.run(START, END, 0)
        assert error.value.code == "STEP"


def test_each_turn_is_told_as_it_ends(house: House) -> None:
    told: list[Step] = []
    with house.open() as node:
        steps = node.run(START, START + 5 * HOUR, 2 * HOUR, told.append)
    assert told == steps
    assert [step.as_of - START for step in steps] == [2 * HOUR, 4 * HOUR, 5 * HOUR]


def test_the_feeds_views_are_read_back_as_views(ran: Ran) -> None:
    view = read_view(ran.house.layout.view("twitter_signals"), dict[str, msgspec.Raw])
    assert view.derived_from.journal == "harvest"


def test_the_clock_of_the_market_is_not_the_clock_of_the_node(ran: Ran) -> None:
    for intent in ran.intents:
        assert START < intent.market_time <= END
        assert intent.created > Clock().now - DAY
        assert intent.created > intent.market_time


def test_a_bus_that_forgot_is_given_everything_again_that_is_still_valid(house: House) -> None:
    bus = _BrokenBus()
    bus.broken = False
    with MarketsNode.open(
        house.layout,
        policy=published,
        clock=house.clock,
        key=house.key,
        outbox=bus,
        feeds=house.feeds,
    ) as node:
        node.harvest(START, START + 44 * HOUR)
        node.reflect(START + 44 * HOUR)
        sent = list(bus.tried)
        assert sent
        node.reflect(START + 44 * HOUR)
        assert bus.tried == sent
        bus.lost = True
        node.reflect(START + 44 * HOUR)
        assert bus.tried == sent + sent
        bus.lost = True
        house.clock.pass_(3600)
        node.reflect(START + 44 * HOUR)
        assert bus.tried == sent + sent
