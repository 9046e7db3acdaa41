"""What every carrier promises, held to each: at least once, oldest first, idempotent by id."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.carriers import Carrier, carrier, gathered, polled, quiet
from vanta.bus.port import MAX_PAYLOAD, Parcel
from vanta.domain.errors import RefusedError


@pytest.fixture(params=["directory", "redis"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Carrier]:
    with carrier(request.param, tmp_path / "bus") as made:
        yield made


def test_what_is_sent_is_received_oldest_first(bus: Carrier) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    names = [f"intent_{n:08x}" for n in (5, 1, 9, 3)]
    for name in names:
        outbox.send(name, name.encode())
    assert list(gathered(inbox, 4).items()) == [(name, name.encode()) for name in names]


def test_a_payload_comes_byte_for_byte(bus: Carrier) -> None:
    payload = bytes(range(256)) * 4 + "ä\r\n\0".encode()
    bus.outbox().send("a", payload)
    assert polled(bus.inbox()) == [Parcel("a", payload)]


def test_a_parcel_comes_again_until_it_is_done(bus: Carrier) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    outbox.send("a", b"1")
    outbox.send("b", b"2")
    gathered(inbox, 2)
    inbox.done("a")
    inbox.done("a")
    assert {parcel.id for parcel in polled(inbox) + polled(inbox)} == {"b"}
    inbox.done("b", "never-there")
    assert quiet(inbox)


def test_the_next_receiver_has_what_was_not_done_and_nothing_else(bus: Carrier) -> None:
    outbox, first = bus.outbox(), bus.inbox()
    for name in "abc":
        outbox.send(name, b"")
    gathered(first, 3)
    first.done("a", "c")
    bus.end(first)
    second = bus.inbox()
    assert list(gathered(second, 1)) == ["b"]
    second.done("b")
    bus.end(second)
    assert quiet(bus.inbox())


def test_a_limit_leaves_the_rest_for_the_next_poll(bus: Carrier) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    for n in range(5):
        outbox.send(f"p{n}", b"")
    seen: list[str] = []
    while len(seen) < 5:
        came = polled(inbox, 2)
        assert len(came) <= 2
        seen += [parcel.id for parcel in came if parcel.id not in seen]
    assert seen == [f"p{n}" for n in range(5)]


def test_sending_the_same_again_is_nothing_and_another_payload_is_refused(bus: Carrier) -> None:
    outbox, other, inbox = bus.outbox(), bus.outbox(), bus.inbox()
    outbox.send("a", b"1")
    outbox.send("a", b"1")
    other.send("a", b"1")
    with pytest.raises(RefusedError) as refused:
        outbox.send("a", b"2")
    assert (refused.value.code, bool(refused.value.remedy)) == ("PARCEL_TAKEN", True)
    assert polled(inbox) == [Parcel("a", b"1")]
    inbox.done("a")
    assert quiet(inbox)


@pytest.mark.parametrize("name", ["", ".", "../up", "a/b", "-rf", ".hidden", "x" * 121, "a b", "ä"])
def test_a_name_that_could_be_a_path_is_refused(bus: Carrier, name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        bus.outbox().send(name, b"")
    assert refused.value.code == "PARCEL_ID"
    assert quiet(bus.inbox())


def test_a_payload_has_a_bound(bus: Carrier) -> None:
    bus.outbox().send("most", b"x" * MAX_PAYLOAD)
    with pytest.raises(RefusedError) as refused:
        bus.outbox().send("more", b"x" * (MAX_PAYLOAD + 1))
    assert refused.value.code == "PARCEL_SIZE"
    assert [parcel.id for parcel in polled(bus.inbox())] == ["most"]


def test_what_was_handed_over_is_not_forgotten(bus: Carrier) -> None:
    outbox = bus.outbox()
    outbox.send("a", b"1")
    assert not outbox.forgot()
    assert not outbox.forgot()
