"""The folder of feeds: what two writers add is all there, and no reader sees half a file."""

import csv
import io
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from vanta.domain.errors import MalformedError
from vanta.markets.fetch.shelf import LONGEST, Shelf, digits

PLACE, HEADER = "crypto/coinbase_minute_btcusd_20261126.csv", ("at", "price")


def test_what_two_tiers_add_at_once_is_all_there(tmp_path: Path) -> None:
    each, seen = 40, []

    def add(first: int) -> None:
        for number in range(first, first + each):
            Shelf(tmp_path).add_rows(PLACE, HEADER, [(str(number), "1")], key=[0])
            seen.append((tmp_path / PLACE).read_bytes())

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = list(csv.reader(io.StringIO((tmp_path / PLACE).read_text())))
    assert {int(row[0]) for row in rows[1:]} == {*range(each), *range(1000, 1000 + each)}
    assert all(text.startswith(b"at,price\n") and text.endswith(b",1\n") for text in seen)


def test_a_row_keeps_its_line_and_what_it_said_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.add_rows(PLACE, HEADER, [("1", "10"), ("2", "20")], key=[0]) == 2
    assert shelf.add_rows(PLACE, HEADER, [("0", "5"), ("2", "21"), ("0", "6")], key=[0]) == 1
    assert (tmp_path / PLACE).read_text() == "at,price\n1,10\n2,20\n0,5\n"
    before = (tmp_path / PLACE).stat().st_mtime_ns
    assert shelf.add_rows(PLACE, HEADER, [("1", "11")], key=[0]) == 0
    assert (tmp_path / PLACE).stat().st_mtime_ns == before, "nothing new is nothing written"


def test_cells_hold_whatever_people_write(tmp_path: Path) -> None:
    texts = ['a "quoted", text\nof two lines', "\0null", "x" * (LONGEST + 9), "\ud800half", "=1+1"]
    rows = [(str(number), text) for number, text in enumerate(texts)]
    shelf = Shelf(tmp_path)
    assert shelf.add_rows(PLACE, HEADER, rows, key=[0]) == 5
    assert shelf.add_rows(PLACE, HEADER, rows, key=[0]) == 0
    read = list(csv.reader(io.StringIO((tmp_path / PLACE).read_text(), newline="")))
    assert [row[1] for row in read[1:]] == [
        texts[0], "null", "x" * LONGEST, "?half", "=1+1",
    ]  # fmt: skip


def test_rows_too_old_go_when_others_come(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add_rows(PLACE, HEADER, [("1", "10"), ("2", "20")], key=[0])
    shelf.add_rows(PLACE, HEADER, [("3", "30")], key=[0], kept=lambda row: row[0] >= "2")
    assert (tmp_path / PLACE).read_text() == "at,price\n2,20\n3,30\n"


def test_lines_are_added_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.add_lines("twitter/tweets_2026-11-26.jsonl", [b"{}", b"[]", b"{}"]) == 2
    assert shelf.add_lines("twitter/tweets_2026-11-26.jsonl", [b"[]", b"1"]) == 1
    assert (tmp_path / "twitter/tweets_2026-11-26.jsonl").read_bytes() == b"{}\n[]\n1\n"


@pytest.mark.parametrize("value", ["1e400", "NaN", "-Infinity", "1e999999999"])
def test_a_number_of_no_size_is_none(value: str) -> None:
    with pytest.raises(MalformedError):
        digits(Decimal(value))


def test_every_digit_of_a_number_is_kept() -> None:
    assert [digits(Decimal(text)) for text in ("0.00000001", "1E+3", "61000.50")] == [
        "0.00000001",
        "1000",
        "61000.50",
    ]
