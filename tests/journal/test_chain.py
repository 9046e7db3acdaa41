"""A line's chain value is a plain hash over plain bytes; a record survives being a line."""

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.building import ACTOR, facts
from vanta.domain.errors import MalformedError
from vanta.domain.record import GENESIS, Entry, Record
from vanta.journal.chain import Walk, chain, decode_line, encode_line

HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(HEX, st.binary(max_size=200))
def test_the_chain_value_is_sha256_of_the_previous_value_and_the_line(
    prev: str, line: bytes
) -> None:
    assert chain(prev, line) == hashlib.sha256(bytes.fromhex(prev) + line).hexdigest()


@given(TEXT, TEXT, JSON, st.lists(TEXT, max_size=3), st.integers(-(2**62), 2**62))
def test_what_is_written_is_one_line_and_reads_back_the_same(
    kind: str, name: str, body: object, parents: list[str], ts: int
) -> None:
    entry = Entry(type=kind, id=name, body=body, parents=tuple(parents), dag_id="d", policy="p")
    [(record, line)] = Walk().write([entry], ts=ts, actor=ACTOR)
    assert b"\n" not in line
    assert decode_line(line) == record
    assert encode_line(record) == line
    assert (record.seq, record.ts, record.prev) == (0, ts, GENESIS)
    assert (record.type, record.id, record.parents) == (kind, name, tuple(parents))
    assert msgspec.json.decode(record.body) == body


def test_every_line_carries_the_chain_value_of_the_line_before() -> None:
    walk = Walk()
    written = walk.write(facts(range(5)), ts=1, actor=ACTOR)
    head = GENESIS
    for seq, (record, line) in enumerate(written):
        assert (record.seq, record.prev) == (seq, head)
        head = chain(head, line)
    assert walk.position.head == head
    assert walk.position.size == 5


@pytest.mark.parametrize(
    "body",
    [
        msgspec.Raw(b'{"a":\n1}'),
        msgspec.Raw(b'{"a":'),
        msgspec.Raw(b""),
        msgspec.Raw(b'1,"seq":7'),
        msgspec.Raw(b'1,"type":"order.filled"'),
        msgspec.Raw(b'"\xff"'),
        "\ud800",
        object(),
        {1, "a", object()},
    ],
    ids=[
        "line break",
        "half",
        "empty",
        "smuggled seq",
        "smuggled type",
        "not UTF-8",
        "surrogate",
        "object",
        "set of objects",
    ],
)
def test_a_body_that_would_not_read_back_is_refused_before_it_is_written(body: object) -> None:
    entries = [*facts([1]), Entry(type="a.done", id="i", body=body)]
    with pytest.raises(MalformedError) as caught:
        Walk().write(entries, ts=1, actor=ACTOR)
    assert caught.value.code == "ENTRY"
    assert caught.value.place == "entry 1 of 2"


def test_an_entry_with_a_field_of_another_type_is_refused() -> None:
    with pytest.raises(MalformedError):
        Walk().write([Entry(type="a.done", id=7, body=1)], ts=1, actor=ACTOR)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"null", b"\xff", b'{"seq":0}', b"[1]", b"{" * 5000],
)
def test_a_line_that_is_no_record_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_line(line)
    assert caught.value.code == "LINE_MALFORMED"


def test_a_field_nobody_defined_is_malformed() -> None:
    [(_, line)] = Walk().write(facts([1]), ts=1, actor=ACTOR)
    with pytest.raises(MalformedError, match="unknown field"):
        decode_line(line[:-1] + b',"extra":1}')


def test_a_walk_refuses_a_gap_a_step_back_in_time_and_another_past() -> None:
    start = Walk().write(facts(range(3)), ts=5, actor=ACTOR)
    other = Walk().write(facts([9]), ts=5, actor=ACTOR)[0][0]
    [(_, early)] = Walk(1, chain(GENESIS, start[0][1])).write(facts([1]), ts=4, actor=ACTOR)
    foreign = encode_line(
        Record(
            seq=1,
            ts=9,
            type="a.done",
            id="i",
            parents=(),
            dag_id="",
            actor=ACTOR,
            policy="",
            body=msgspec.Raw(b"1"),
            prev=chain(GENESIS, encode_line(other)),
        )
    )
    for line, code in ((start[2][1], "LINE_SEQ"), (early, "LINE_TIME"), (foreign, "LINE_CHAIN")):
        walk = Walk()
        walk.step(start[0][1])
        before = walk.position
        with pytest.raises(MalformedError) as caught:
            walk.step(line)
        assert caught.value.code == code
        assert walk.position == before
