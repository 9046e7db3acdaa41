"""A folder of feeds may say which days it is about."""

from pathlib import Path

import pytest

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.markets.sample.plot import END, START
from vanta.markets.window import WINDOW_FILE, read_window, write_window


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_window(tmp_path, START, END)
    assert read_window(tmp_path) == (START, END)


def test_a_folder_that_does_not_say_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as error:
        read_window(tmp_path)
    assert error.value.code == "NO_WINDOW"
    (tmp_path / WINDOW_FILE).write_text('{"since":"soon","until":"later"}')
    with pytest.raises(MalformedError):
        read_window(tmp_path)
