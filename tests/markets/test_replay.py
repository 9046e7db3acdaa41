"""Every pure step again, from the journals alone, to the same bytes; and any change is seen."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.markets.house import House
from vanta.domain.errors import MalformedError
from vanta.domain.instant import HOUR
from vanta.domain.record import Record
from vanta.journal.reader import read
from vanta.markets import records
from vanta.markets.replay import replay_harvest, replay_reflection
from vanta.markets.sample.plot import END, START

Journals = tuple[list[Record], list[Record]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> House:
    house = House(tmp_path_factory.mktemp("replay"), sample)
    with house.open(rotate_at=2_000_000) as node:
        node.run(START, END, 3 * HOUR)
    return house


@pytest.fixture(scope="module")
def journals(house: House) -> Journals:
    harvest, reflection = (
        list(read(house.layout.journal(name))) for name in (records.HARVEST, records.REFLECTION)
    )
    return harvest, reflection


def test_every_signal_is_computed_again_from_its_item(journals: Journals) -> None:
    replayed = list(replay_harvest(journals[0]))
    assert all(one.same for one in replayed)
    taken = [r for r in journals[0] if r.type == records.SIGNAL_HARVESTED]
    assert len(replayed) > len(taken) > 1000
    assert {record.id for record in taken} <= {one.record_id for one in replayed}


def test_every_conviction_ranking_and_intent_is_formed_again(journals: Journals) -> None:
    replayed = list(replay_reflection(*journals))
    assert all(one.same for one in replayed)
    formed = [
        record.id
        for record in journals[1]
        if record.type
        in {
            records.CONVICTION_REFLECTED,
            records.RANKING_MADE,
            records.INTENT_PROMOTED,
            records.INTENT_HELD,
        }
    ]
    assert [one.record_id for one in replayed] == formed


SCRIPT = """
import hashlib, sys
from pathlib import Path
from vanta.journal.reader import read
from vanta.markets.replay import replay_reflection
memory = Path(sys.argv[1])
digest = hashlib.sha256()
found = replay_reflection(read(memory / "harvest.jsonl"), read(memory / "reflection.jsonl"))
for one in found:
    assert one.same, one
    digest.update(one.recomputed)
print(digest.hexdigest())
"""


def test_it_is_the_same_in_another_process_with_another_hash_seed(house: House) -> None:
    def run(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(house.layout.memory)],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run("1") == run("4711")


def changed(
    found: list[Record], kind: str, change: Callable[[dict[str, object]], object]
) -> list[Record]:
    """The records with the body of the last one of a type altered."""
    out = list(found)
    at = max(n for n, record in enumerate(out) if record.type == kind)
    body = msgspec.json.decode(out[at].body)
    change(body)
    out[at] = msgspec.structs.replace(out[at], body=msgspec.Raw(msgspec.json.encode(body)))
    return out


def differing(harvest: list[Record], reflection: list[Record]) -> set[str]:
    return {one.record_id for one in replay_reflection(harvest, reflection) if not one.same}


def test_a_signal_that_is_not_its_items_is_seen(journals: Journals) -> None:
    spoilt = changed(
        journals[0],
        records.SIGNAL_HARVESTED,
        lambda body: body["signal"].update(author="x"),  # type: ignore[attr-defined]
    )
    assert sum(not one.same for one in replay_harvest(spoilt)) == 1


def test_evidence_changed_after_the_fact_is_seen_in_what_grew_from_it(journals: Journals) -> None:
    def bullish(body: dict[str, object]) -> None:
        body["signal"].update(text="bullish, beats estimates, upgrade", symbols=["JPM"])  # type: ignore[attr-defined]

    harvest = list(journals[0])
    texts = [n for n, r in enumerate(harvest) if b'"kind":"tweet"' in bytes(r.body)]
    body = msgspec.json.decode(harvest[texts[-40]].body)
    bullish(body)
    harvest[texts[-40]] = msgspec.structs.replace(
        harvest[texts[-40]], body=msgspec.Raw(msgspec.json.encode(body))
    )
    assert differing(harvest, journals[1])


@pytest.mark.parametrize("field", ["now", "as_of", "build"])
def test_an_input_of_a_reflection_changed_after_the_fact_is_seen(
    journals: Journals, field: str
) -> None:
    harvest, reflection = journals
    at = next(n for n, record in enumerate(reflection) if record.type == records.INTENT_PROMOTED)
    start = max(n for n, r in enumerate(reflection[:at]) if r.type == records.REFLECTION_STARTED)
    body = msgspec.json.decode(reflection[start].body)
    body[field] = body[field] + (1 if isinstance(body[field], int) else "x")
    spoilt = list(reflection)
    spoilt[start] = msgspec.structs.replace(
        reflection[start], body=msgspec.Raw(msgspec.json.encode(body))
    )
    assert reflection[at].id in differing(harvest, spoilt)


def test_an_intent_beside_its_signed_bytes_is_seen(journals: Journals) -> None:
    spoilt = changed(
        journals[1],
        records.INTENT_PROMOTED,
        lambda body: body["intent"].update(conviction=1),  # type: ignore[attr-defined]
    )
    asked = [record.id for record in spoilt if record.type == records.INTENT_PROMOTED]
    assert asked[-1] in differing(journals[0], spoilt)


def test_a_record_left_out_is_missed(journals: Journals) -> None:
    harvest, reflection = journals
    at = max(n for n, r in enumerate(reflection) if r.type == records.CONVICTION_REFLECTED)
    assert differing(harvest, reflection[:at] + reflection[at + 1 :]) == {reflection[at].id}


def test_a_harvest_shorter_than_the_evidence_is_refused(journals: Journals) -> None:
    with pytest.raises(MalformedError) as error:
        list(replay_reflection(journals[0][:50], journals[1]))
    assert error.value.code == "EVIDENCE_MISSING"
