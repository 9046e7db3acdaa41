"""A view says where it comes from, reads the same for people and programs, and can be rebuilt."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Position
from vanta.journal.view import DerivedFrom, read_view, write_view

AT = Position(3, "ab" * 32)


class Order(msgspec.Struct, frozen=True):
    symbol: str
    quantity: int


class Orders(msgspec.Struct, frozen=True):
    open: tuple[Order, ...]
    account: str = "paper"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "open_orders.json"


def test_a_view_is_sorted_indented_and_stamped(file: Path) -> None:
    write_view(file, Orders((Order("AAPL", 5),)), source="trade_log", position=AT)
    head = "ab" * 32
    assert file.read_text() == (
        "{\n"
        '  "data": {\n'
        '    "account": "paper",\n'
        '    "open": [\n'
        "      {\n"
        '        "quantity": 5,\n'
        '        "symbol": "AAPL"\n'
        "      }\n"
        "    ]\n"
        "  },\n"
        '  "derived_from": {\n'
        f'    "head": "{head}",\n'
        '    "journal": "trade_log",\n'
        '    "size": 3\n'
        "  }\n"
        "}\n"
    )
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_flat_view_has_its_own_keys_beside_the_stamp(file: Path) -> None:
    write_view(file, Orders((Order("AAPL", 5),)), source="trade_log", position=AT, flat=True)
    assert json.loads(file.read_text()) == {
        "account": "paper",
        "derived_from": {"head": "ab" * 32, "journal": "trade_log", "size": 3},
        "open": [{"quantity": 5, "symbol": "AAPL"}],
    }
    assert '"quantity": 5,\n      "symbol"' in file.read_text()


@pytest.mark.parametrize("flat", [False, True])
def test_what_was_written_is_what_is_read(file: Path, *, flat: bool) -> None:
    orders = Orders((Order("AAPL", 5), Order("MSFT", 1)), "main")
    write_view(file, orders, source="trade_log", position=AT, flat=flat, mode=0o600)
    view = read_view(file, Orders, flat=flat)
    assert view == (orders, DerivedFrom("trade_log", AT.size, AT.head))
    assert view.derived_from.position == AT
    assert file.stat().st_mode & 0o777 == 0o600


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(-99, 99)))
def test_equal_data_is_equal_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, int]
) -> None:
    directory = tmp_path_factory.mktemp("views")
    turned = dict(reversed(data.items()))
    for flat in (False, "derived_from" not in data):
        write_view(directory / "a", data, source="j", position=AT, flat=flat)
        write_view(directory / "b", turned, source="j", position=AT, flat=flat)
        assert (directory / "a").read_bytes() == (directory / "b").read_bytes()
        assert read_view(directory / "a", dict[str, int], flat=flat).data == data


@pytest.mark.parametrize("data", [[1], 1, None, {"derived_from": 1}])
def test_only_an_object_without_a_stamp_of_its_own_is_written_flat(
    file: Path, data: object
) -> None:
    with pytest.raises(MalformedError) as caught:
        write_view(file, data, source="j", position=AT, flat=True)
    assert caught.value.code == "VIEW_SHAPE"
    assert not file.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"data": {}}',
        '{"data": {}, "derived_from": null}',
        '{"data": {}, "derived_from": {"journal": "j", "size": "3", "head": ""}}',
        '{"derived_from": {"journal": "j", "size": 3, "head": ""}}',
        '{"data": 1, "more": 1, "derived_from": {"journal": "j", "size": 3, "head": ""}}',
        '{"data": {}, "derived_from": {"journal": "j", "size": 3, "head": ""}}',
        '{"data": "\udcff"}',
    ],
)
def test_what_is_not_the_view_that_was_asked_for_is_malformed(file: Path, text: str) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(MalformedError) as caught:
        read_view(file, Orders)
    assert caught.value.place == str(file)


def test_a_view_that_is_not_there_says_how_to_get_it(file: Path) -> None:
    with pytest.raises(UnavailableError, match="rebuilds it from its journal") as caught:
        read_view(file, Orders)
    assert caught.value.code == "VIEW_MISSING"
