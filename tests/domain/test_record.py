"""What every journal line carries."""

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.record import GENESIS, Entry, Position, Record


def test_a_record_reads_back_with_its_body_as_written() -> None:
    record = Record(
        seq=0,
        ts=1,
        type="order.filled",
        id="fill_1",
        parents=("order_1",),
        dag_id="dag_1",
        actor="executor@0.1.0",
        policy="c0ffee",
        body=msgspec.Raw(b'{"b": 1, "a":2}'),
        prev=GENESIS,
    )
    read = decode(Record, encode(record))
    assert bytes(read.body) == b'{"b": 1, "a":2}'
    assert msgspec.structs.replace(read, body=record.body) == record


def test_an_entry_needs_no_more_than_type_id_and_body() -> None:
    entry = Entry("order.filled", "fill_1", {"quantity": 1})
    assert (entry.parents, entry.dag_id, entry.policy) == ((), "", "")


def test_positions_are_ordered_by_how_far_they_reach() -> None:
    assert Position(1, "ff") < Position(2, "00")
    assert len(GENESIS) == 64
