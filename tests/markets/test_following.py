"""Markets by the clock: what somebody writes is taken once, whatever ends and begins in between."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.markets.house import House, policy, published
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND, show_instant
from vanta.domain.switches import Switches
from vanta.journal.reader import read
from vanta.journal.view import read_view
from vanta.markets import records
from vanta.markets.following import AGEING, LATE, Following, Newly, Recorded, Turn
from vanta.markets.replay import replay_reflection
from vanta.markets.sample.plot import START
from vanta.markets.service import MarketsNode, recorded_collectors

NOW = START + 15 * HOUR
"""On the market's clock; each test's feeds begin empty."""


class Time:
    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@contextmanager
def following(
    house: House, time: Callable[[], int], *, first: int | None = None
) -> Iterator[tuple[Following, MarketsNode]]:
    collectors = tuple(Newly(one) for one in recorded_collectors(house.feeds))
    with MarketsNode.open(
        house.layout,
        policy=house._in_force,
        clock=house.clock,
        key=None,
        outbox=None,
        feeds=house.feeds,
        build="markets@test",
        collectors=collectors,
    ) as node:
        yield Following(node, collectors, time, MINUTE, first), node


@pytest.fixture
def live(tmp_path: Path) -> House:
    """A house whose feeds are empty."""
    feeds = tmp_path / "feeds"
    (feeds / "twitter").mkdir(parents=True)
    return House(tmp_path, feeds)


def tweet(house: House, number: int, at: int) -> None:
    """What a collector does: a whole line at the end of the month's file."""
    stamp = show_instant(at // SECOND * SECOND)
    line = {
        "id": str(number), "ts": stamp, "text": f"$AAPL looks strong, number {number} says so",
        "cashtags": ["AAPL"], "user_id": str(number), "retweet_of": None,
        "user_created_at": "Tue Jan 06 10:00:00 +0000 2015",
    }  # fmt: skip
    with (house.feeds / "twitter" / f"tweets_{stamp[:7]}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def count(house: House, kind: str, journal: str = records.HARVEST) -> int:
    return sum(record.type == kind for record in read(house.layout.journal(journal)))


def test_what_a_collector_writes_is_taken_once_at_the_next_turn(live: House) -> None:
    time = Time()
    with following(live, time) as (turns, _):
        tweet(live, 1, NOW - HOUR)
        assert turns.turn().taken == 1
        time.now += MINUTE
        assert turns.turn().taken == 0
        tweet(live, 2, NOW)
        tweet(live, 3, NOW + 30 * SECOND)
        time.now += MINUTE
        turn = turns.turn()
        assert turn.taken == 2
        assert not isinstance(turn.harvest, Exception | None)
        assert turn.harvest.feeds["twitter"].duplicate == 0, "what was handed over is left out"
        view = read_view(live.layout.view("twitter_signals"), dict[str, object]).data
        assert view["counts"] == {"taken": 3, "duplicate": 0, "set_aside": {}}


def test_what_was_written_late_is_taken_and_what_is_from_the_future_waits(live: House) -> None:
    time = Time()
    with following(live, time) as (turns, _):
        tweet(live, 1, NOW - HOUR)
        turns.turn()
        time.now += MINUTE
        tweet(live, 2, NOW - LATE + MINUTE)
        tweet(live, 3, NOW + HOUR)
        assert turns.turn().taken == 1
        time.now += HOUR
        assert turns.turn().taken == 1


def test_it_goes_on_where_its_journals_end(live: House) -> None:
    time = Time()
    with following(live, time) as (turns, _):
        tweet(live, 1, NOW - HOUR)
        turns.turn()
    tweet(live, 2, NOW + 2 * HOUR)
    time.now += 9 * HOUR
    tweet(live, 3, NOW + 8 * HOUR)
    with following(live, time) as (turns, node):
        assert node.reached == NOW
        turn = turns.turn()
        assert turn.taken == 2
        assert node.reached == time.now
    assert count(live, records.SIGNAL_HARVESTED) == 3


def test_it_thinks_again_where_there_is_a_reason_to(live: House) -> None:
    time, found = Time(), published()
    other = msgspec.structs.replace(found.provenance, commit="d" * 40)
    replaced = msgspec.structs.replace(found, provenance=other)
    with following(live, time) as (turns, _):
        tweet(live, 1, NOW - HOUR)
        assert turns.turn().reflection is not None
        time.now += MINUTE
        assert turns.turn().reflection is None
        tweet(live, 2, time.now)
        time.now += MINUTE
        assert turns.turn().reflection is not None, "something is new"
        time.now += MINUTE
        assert turns.turn().reflection is None
        live.policy = lambda: replaced
        time.now += MINUTE
        assert turns.turn().reflection is not None, "another policy"
        time.now += AGEING
        assert turns.turn().reflection is not None, "old evidence ages"


def test_a_halt_stops_the_collectors_and_what_came_meanwhile_is_taken_after(live: House) -> None:
    time = Time()
    with following(live, time) as (turns, _):
        tweet(live, 1, NOW - HOUR)
        turns.turn()
        halted = published(policy(Switches(external_calls_disabled=FOREVER)))
        live.policy = lambda: halted
        tweet(live, 2, NOW + SECOND)
        time.now += MINUTE
        turn = turns.turn()
        assert turn.taken == 0
        assert isinstance(turn.harvest, Exception)
        live.policy = published
        time.now += 3 * HOUR
        assert turns.turn().taken == 1


def test_without_its_feeds_it_waits_for_them(live: House) -> None:
    time = Time()
    with following(live, time) as (turns, _):
        tweet(live, 1, NOW - HOUR)
        live.feeds.rename(live.root / "elsewhere")
        assert turns.turn() == Turn(NOW, None, None, "FEEDS_MISSING")
        (live.root / "elsewhere").rename(live.feeds)
        assert turns.turn().taken == 1


def test_a_recorded_window_is_gone_through_as_if_it_happened_now(house: House) -> None:
    began = house.clock.now
    passed = Time(began)
    time = Recorded(START, START + 2 * DAY, 3600, passed)
    proposed = 0
    with following(house, time, first=START) as (turns, node):
        while time() < START + 46 * HOUR:
            passed.now += 4 * SECOND
            turn = turns.turn()
            proposed += len(turn.reflection.intents) if turn.reflection else 0
        reached = node.reached
    assert reached == time()
    assert count(house, records.INTENT_PROPOSED, records.REFLECTION) == proposed > 1
    assert count(house, records.INTENT_PROMOTED, records.REFLECTION) == 0
    assert house.inbox.poll(100) == [], "it has no key and no bus"
    again = Recorded(max(START, reached), START + 2 * DAY, 3600, passed)
    with following(house, again, first=START) as (turns, node):
        assert turns.turn().harvest is None, "no time passed in the market"
        passed.now += HOUR
        assert turns.turn().until == START + 2 * DAY
        passed.now += HOUR
        assert turns.turn().harvest is None, "time has stopped"
    harvest, reflection = (
        list(read(house.layout.journal(name))) for name in (records.HARVEST, records.REFLECTION)
    )
    again_made = list(replay_reflection(harvest, reflection))
    assert again_made
    assert all(one.same for one in again_made)


def test_the_loop_tells_how_it_stands_and_ends_when_it_is_told(live: House) -> None:
    stop, told, worked = threading.Event(), list[Turn](), list[str]()
    tweet(live, 1, NOW - HOUR)
    with following(live, Time()) as (turns, _):

        def working(status: str) -> None:
            worked.append(status)
            if len(worked) == 2:
                stop.set()

        turns.run(stop, told=told.append, working=working)
    assert len(told) == 1
    assert worked == ["the last turn took 1 signals and proposed 0 intents"] * 2


def test_a_journal_that_takes_no_more_ends_it(live: House) -> None:
    with following(live, Time()) as (turns, node):
        tweet(live, 1, NOW - HOUR)
        node.close()
        with pytest.raises(UnavailableError) as ended:
            turns.run(threading.Event())
        assert ended.value.code.startswith("JOURNAL")
