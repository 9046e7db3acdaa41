"""What a vendor says, before it is written down for ever."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.executor.running import Node
from vanta.domain.encoding import encode
from vanta.executor.brokers.port import Acknowledged, Rejected, Unknown
from vanta.executor.brokers.rest.words import MOST, vendor_words
from vanta.executor.events import OrderRejected, OrderUnknown, read
from vanta.node.credentials import HIDDEN, Secret


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.end()


KEY = Secret("key", "PKX9-secret+value/17")

anything = st.text(st.characters(), max_size=300)


@given(anything, anything)
def test_no_credential_no_control_character_and_no_end_to_it(before: str, after: str) -> None:
    said = vendor_words(f"{before}{KEY.reveal()}{after}")
    assert KEY.reveal() not in said
    assert not [one for one in said if unicodedata.category(one).startswith("C")]
    assert len(said) <= MOST
    assert "\n" not in said
    encode(said)
    assert vendor_words(said) == said


@given(st.text("abcXYZ019+/_=-", min_size=1, max_size=60), st.text("\0\u200b\u202e\x1b\ud800"))
def test_a_credential_is_not_hidden_by_what_is_not_seen(around: str, unseen: str) -> None:
    value = KEY.reveal()
    invisible = "".join(one for one in unseen if unicodedata.category(one) != "Cc")
    said = vendor_words(f"{around} {value[:6]}{invisible}{value[6:]} {around}")
    assert value not in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("You do not have enough buying power.", "You do not have enough buying power."),
        ("a\x1b[31mb\r\nc\td", "a [31mb c d"),
        ("no order a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", None),
        ("ord_0123456789abcdef0123456789abcdef is a duplicate", None),
        ("Authorization: Bearer abc123def456", f"Authorization: {HIDDEN}"),
        ("invalid api key: PK12345678", f"invalid api key: {HIDDEN}"),
        ("the token was not valid today", None),
        ("sent eyJhbGciOiJIUzI1NiJ9abcdefgh0123", f"sent {HIDDEN}"),
        ("insufficient_buying_power_for_this_order_kind", None),
    ],
)
def test_words_stay_and_keys_go(text: str, told: str | None) -> None:
    assert vendor_words(text) == (text if told is None else told)


def test_what_is_long_is_cut_where_it_says_so() -> None:
    assert vendor_words("no " * 400) == ("no " * 400)[: MOST - 1] + "…"


@pytest.mark.parametrize("answer", [Rejected, Unknown])
def test_nothing_else_is_journalled(
    node: Node, answer: type[Rejected] | type[Unknown], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"\x1b[2Jno, {KEY.reveal()}\n" + "and so on " * 100
    told = Rejected("\x07NO", said) if answer is Rejected else Unknown(said)

    def submit(*_: object) -> Acknowledged | Rejected | Unknown:
        return told

    monkeypatch.setattr(node.broker, "submit", submit)
    node.broker.mute = True
    node.wants("AAPL")
    node.step(2)
    events = [read(one) for one in node.log()]
    [event] = [one for one in events if isinstance(one, OrderRejected | OrderUnknown)]
    assert event.reason.startswith(f"[2Jno, {HIDDEN} and so on")
    assert len(event.reason) == MOST
    assert not isinstance(event, OrderRejected) or event.code == "NO"
