"""The promoter signs what the policy in force admits, once, and whoever proposes has no key."""

import threading
from pathlib import Path

import msgspec
import pytest

from tests.markets.house import House, policy, published, vault
from vanta.bus.directory import DirectoryOutbox
from vanta.bus.port import Outbox
from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import HOUR, MINUTE
from vanta.domain.policy import Published
from vanta.domain.record import Entry
from vanta.domain.trading import Envelope, Intent
from vanta.executor.intake import Accepted, accept
from vanta.governance.keys import public_key_of
from vanta.governance.latch import LATCH, set_latch
from vanta.journal.reader import read
from vanta.journal.writer import Journal
from vanta.markets import records
from vanta.markets.promote import proposal_id
from vanta.markets.promoter import Promoter
from vanta.markets.replay import replay_promotion
from vanta.markets.sample.plot import START
from vanta.markets.service import MarketsNode


class Away:
    """A bus that takes nothing until it is told to."""

    def __init__(self, behind: Outbox) -> None:
        self.behind, self.code, self.lost = behind, "BUS_UNAVAILABLE", False

    def send(self, id: str, payload: bytes) -> None:  # noqa: A002 - the port's own name
        if self.code:
            raise UnavailableError("away", code=self.code)
        self.behind.send(id, payload)

    def forgot(self) -> bool:
        lost, self.lost = self.lost, False
        return lost


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> tuple[Intent, ...]:
    """What a reflector with neither key nor bus proposes of the sample's second day."""
    house = House(tmp_path_factory.mktemp("proposing"), sample)
    with reflector(house) as node:
        node.harvest(START, START + 44 * HOUR)
        found = node.reflect(START + 44 * HOUR).intents
    assert len(found) > 1
    return found


def reflector(house: House) -> MarketsNode:
    return MarketsNode.open(
        house.layout,
        policy=house._in_force,
        clock=house.clock,
        key=None,
        outbox=None,
        feeds=house.feeds,
        build="markets@test",
    )


@pytest.fixture
def house(tmp_path: Path, sample: Path) -> House:
    made = House(tmp_path, sample)
    made.layout.memory.mkdir(parents=True)
    return made


def propose(house: House, *intents: Intent) -> None:
    """What somebody who is the reflector, or has become it, writes."""
    with Journal.open(
        house.layout.journal(records.REFLECTION), actor="markets@test", clock=house.clock
    ) as journal:
        journal.append(
            [
                Entry(records.INTENT_PROPOSED, proposal_id(one.id), records.IntentProposed(one))
                for one in intents
            ]
        )


def promoter(house: House, outbox: Outbox | None = None, rotate_at: int = 2**26) -> Promoter:
    return Promoter(
        house.layout,
        policy=house._in_force,
        clock=house.clock,
        key=house.key,
        outbox=outbox or DirectoryOutbox(house.root / "bus"),
        node="markets",
        build="promoter@test",
        rotate_at=rotate_at,
    )


def fresh(house: House, intent: Intent, **changes: object) -> Intent:
    """A proposal as it would be made now."""
    now = house.clock.now
    return msgspec.structs.replace(intent, **{"created": now, "expires": now + MINUTE, **changes})


def sent(house: House) -> list[str]:
    return [parcel.id for parcel in house.inbox.poll(1000)]


def types(house: House) -> list[str]:
    return [record.type for record in read(house.layout.journal(records.PROMOTION))]


def test_what_is_proposed_is_signed_and_sent_once(
    house: House, proposed: tuple[Intent, ...]
) -> None:
    wanted = [fresh(house, one) for one in proposed]
    propose(house, *wanted)
    with promoter(house) as one:
        assert len(one.step()) == len(wanted)
        assert one.step() == []
    parcels = house.inbox.poll(1000)
    assert [parcel.id for parcel in parcels] == [intent.id for intent in wanted]
    nodes = {"markets": (public_key_of(house.key).openssh,)}
    for parcel in parcels:
        assert isinstance(accept(parcel.payload, nodes, set(), house.clock.now), Accepted)
        assert decode(Envelope, parcel.payload).node == "markets"
    house.inbox.done(*[parcel.id for parcel in parcels])
    with promoter(house) as again:
        assert again.step() == []
    assert types(house).count(records.INTENT_PROMOTED) == len(wanted)
    journals = (list(read(house.layout.journal(name))) for name in ("reflection", "promotion"))
    made = list(replay_promotion(*journals))
    assert len(made) == len(wanted)
    assert all(each.same for each in made)


def test_a_whole_reflector_and_a_promoter_come_to_the_same_as_one_process(
    house: House, proposed: tuple[Intent, ...]
) -> None:
    with reflector(house) as node, promoter(house) as one:
        node.harvest(START, START + 44 * HOUR)
        node.reflect(START + 44 * HOUR)
        one.step()
    assert len(sent(house)) == len(proposed)
    assert types(house).count(records.INTENT_DENIED) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "GME"}, "UNIVERSE_ALLOW"),
        ({"asset_class": "option"}, "ASSET_CLASS"),
        ({"conviction": 100_000}, "CONVICTION"),
        ({"band": "none"}, "BAND"),
        ({"side": "sell", "reducing": False}, "SHORT"),
        ({"flip": True}, "FLIP"),
        ({"expires": 2**62}, "LIFETIME"),
        ({"created": 0, "expires": 1}, "EXPIRED"),
        ({"vault": "nobodys"}, "VAULT"),
    ],
)
def test_nothing_a_reflector_says_of_a_vault_is_believed(
    house: House, proposed: tuple[Intent, ...], changes: dict[str, object], code: str
) -> None:
    wrong = fresh(house, next(one for one in proposed if one.side == "buy"), **changes)
    propose(house, wrong)
    with promoter(house) as one:
        [line] = one.step()
    assert code in line
    assert sent(house) == []
    [denied] = [
        decode(records.IntentDenied, bytes(record.body))
        for record in read(house.layout.journal(records.PROMOTION))
        if record.type == records.INTENT_DENIED
    ]
    assert (denied.intent_id, code in denied.codes) == (wrong.id, True)
    journals = (list(read(house.layout.journal(name))) for name in ("reflection", "promotion"))
    assert [each.same for each in replay_promotion(*journals)] == [True]


def test_what_was_tightened_meanwhile_counts(house: House, proposed: tuple[Intent, ...]) -> None:
    one = next(each for each in proposed if each.vault == "momentum-us")
    propose(house, fresh(house, one))
    tight = policy()
    tight.vaults["momentum-us"] = vault("ares", 1_000_001, HOUR, "AAPL AMD NVDA")
    house.policy = lambda: published(tight)
    with promoter(house) as promoting:
        [line] = promoting.step()
    assert "PERSONA_CONVICTION" in line
    assert sent(house) == []


def test_without_a_policy_or_under_a_latch_proposals_wait(
    house: House, proposed: tuple[Intent, ...]
) -> None:
    propose(house, fresh(house, proposed[0]))

    def none() -> Published:
        raise UnavailableError("none", code="NO_POLICY")

    house.policy = none
    with promoter(house) as one:
        assert (one.step(), one.trouble) == ([], "NO_POLICY")
        house.policy = published
        set_latch(house.layout.memory, "a drill", house.clock.now)
        assert (one.step(), one.trouble) == ([], "LATCHED")
        (house.layout.memory / LATCH).unlink()
        assert len(one.step()) == 1
    assert len(sent(house)) == 1


def test_a_bus_that_is_away_or_forgot_is_given_it_later(
    house: House, proposed: tuple[Intent, ...]
) -> None:
    wanted = fresh(house, proposed[0])
    propose(house, wanted)
    bus = Away(DirectoryOutbox(house.root / "bus"))
    with promoter(house, bus) as one:
        assert len(one.step()) == 1
        assert one.trouble == "BUS_UNAVAILABLE"
    with promoter(house, bus) as one:
        one.step()
        bus.code = ""
        one.step()
        assert (sent(house), one.trouble) == ([wanted.id], "")
        house.inbox.done(wanted.id)
        one.step()
        assert sent(house) == []
        bus.lost = True
        one.step()
        assert sent(house) == [wanted.id]


def test_a_crash_before_the_end_of_a_batch_repeats_it_and_signs_nothing_twice(
    house: House, proposed: tuple[Intent, ...]
) -> None:
    first, second = (fresh(house, one) for one in proposed[:2])
    propose(house, first, second)
    with promoter(house) as one:
        one.step()
    journal = house.layout.journal(records.PROMOTION)
    lines = journal.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if second.id.encode() in line)
    journal.write_bytes(b"".join(lines[:at]))
    for parcel in sent(house):
        house.inbox.done(parcel)
    with promoter(house) as one:
        assert len(one.step()) == 1
    assert types(house).count(records.INTENT_PROMOTED) == 2
    assert set(sent(house)) == {first.id, second.id}


def test_a_new_segment_opens_with_what_was_read(house: House, proposed: tuple[Intent, ...]) -> None:
    with promoter(house, rotate_at=1) as one:
        for each in proposed[:3]:
            propose(house, fresh(house, each))
            one.step()
    with promoter(house, rotate_at=1) as one:
        assert one.step() == []
    assert len(sent(house)) == len(proposed[:3])


def test_a_reflection_journal_that_was_rewritten_ends_it(
    house: House, proposed: tuple[Intent, ...]
) -> None:
    propose(house, fresh(house, proposed[0]))
    with promoter(house) as one:
        one.step()
    house.layout.journal(records.REFLECTION).unlink()
    propose(house, fresh(house, proposed[1]))
    with promoter(house) as one, pytest.raises(MalformedError):
        one.run(threading.Event())
    assert len(sent(house)) == 1
