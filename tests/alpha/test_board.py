"""The board shows what is so, and nothing anybody typed can become part of the page."""

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.alpha.building import START, Alpha
from vanta.alpha.tracker import board as drawn
from vanta.alpha.tracker.board import CARDS, page
from vanta.alpha.tracker.desk import look
from vanta.alpha.tracker.standing import Standing

HOSTILE = (
    "<script>document.title='taken'</script>",
    '" onmouseover="alert(1)',
    "'><img src=https://evil.example/x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "</style></script><!--",
    "\x1b[31mred\x07 \u202egnp.exe",
    "javascript:alert(1)",
)


class Page(HTMLParser):
    """The tags of a page with their attributes, and what each row of its table says."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: dict[str, str] = {}
        self._row = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._row = dict(attrs).get("id") or ""

    def handle_data(self, data: str) -> None:
        if self._row:
            self.rows[self._row] = self.rows.get(self._row, "") + data

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.tags)


def board(alpha: Alpha) -> str:
    state, position = look(alpha.layout)
    statuses = {one.id: one.status for one in state.threads.values()}
    return page(Standing(state, statuses, position, ""), alpha.permission(), START)


@pytest.fixture
def busy(alpha: Alpha) -> Alpha:
    """A tracker with a build promoted and rolled back, one approved, and plain threads."""
    first, second = alpha.candidate("0.2.0"), alpha.candidate("0.3.0")
    with alpha.desk() as desk:
        for number, build in enumerate((first, second), 1):
            desk.name(desk.add("rerank", f"Thing {number}", "high", "ada"), build)
            for who in ("grace", "alan"):
                alpha.sign_off(desk, build, who)
        desk.mark(desk.state.threads["T-1"], "promoted", "")
        desk.mark(desk.state.threads["T-1"], "rolled_back", "ImportError: no Sector")
        desk.note(desk.add("router", "Fills are lost", "critical"), "first line\nsecond line")
    return alpha


def test_every_thread_is_a_row_with_its_status(busy: Alpha) -> None:
    rows = Page(board(busy)).rows
    assert list(rows) == ["T-3", "T-1", "T-2"]
    assert "rolled back" in rows["T-1"]
    assert "ImportError: no Sector" in rows["T-1"]
    assert "approved" in rows["T-2"]
    assert "first line" in rows["T-3"]


def test_a_candidates_way_says_how_far_it_came_and_why_no_further(busy: Alpha) -> None:
    [rolled] = re.findall(r'<li class="build ended".*?</li>\n</ul>|<li class="build ended".*?For ',
                          board(busy), re.DOTALL)  # fmt: skip
    assert rolled.count('class="past"') == 4
    assert '<li class="back">' in rolled
    assert "ImportError: no Sector" in rolled
    assert "Built by ada." in rolled
    assert "2 of 2" in rolled


def test_an_empty_tracker_has_a_board_that_says_what_to_type(alpha: Alpha) -> None:
    text = board(alpha)
    assert "vt-add MODULE TITLE" in text
    assert Page(text).count("tr") == 0


@pytest.mark.parametrize("words", HOSTILE)
def test_what_people_type_never_becomes_markup(alpha: Alpha, words: str) -> None:
    with alpha.desk(by=words) as desk:
        plain = desk.add("module", "title", "low", "owner")
        desk.note(plain, "note")
        desk.mark(plain, "changes_wanted", "why")
    harmless = Page(board(alpha))
    other = Alpha.at(alpha.root.parent / "other")
    with other.desk(by=words) as desk:
        typed = desk.add(words, words, "low", words[:80])
        desk.note(typed, words)
        desk.mark(typed, "changes_wanted", words)
    text = board(other)
    hostile = Page(text)
    shape = [(tag, sorted(attrs)) for tag, attrs in hostile.tags]
    assert shape == [(tag, sorted(attrs)) for tag, attrs in harmless.tags]
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_policy_names_the_one_script_and_the_one_style_and_no_address(busy: Alpha) -> None:
    text = board(busy)
    [policy] = [
        attrs["content"] or ""
        for tag, attrs in Page(text).tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    for tag in ("style", "script"):
        [inline] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_is_loaded_and_nothing_runs_from_an_attribute(busy: Alpha) -> None:
    for tag, attrs in Page(board(busy)).tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base"}
        assert not {name for name in attrs if name.startswith("on") or name in {"src", "style"}}
        assert (attrs.get("href") or "#").startswith("#")


def test_it_can_be_read_by_those_who_do_not_see_it(busy: Alpha) -> None:
    found = Page(board(busy))
    ids = {attrs["id"] for _, attrs in found.tags if "id" in attrs}
    for tag, attrs in found.tags:
        for name in ("aria-labelledby", "href"):
            if name in attrs:
                assert (attrs[name] or "").lstrip("#") in ids
        if tag == "th":
            assert attrs.get("scope") in {"row", "col"}
        if tag in {"select", "input"}:
            assert attrs.get("id")
    assert ("html", {"lang": "en"}) in found.tags
    assert found.count("h1") == found.count("main") == 1
    # The filter is of no use without script, and so is not there.
    assert ("form", {"id": "filter", "role": "search", "hidden": None}) in found.tags


def test_a_long_column_leads_to_the_table_which_has_them_all(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        for number in range(CARDS + 7):
            desk.add("rerank", f"Number {number}", "low")
    text = board(alpha)
    assert text.count('<li class="card') == CARDS
    assert "7 more in the table" in text
    assert len(Page(text).rows) == CARDS + 7


def test_of_what_is_done_the_last_are_listed_unless_all_is_asked_for(
    alpha: Alpha, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "LISTED_DONE", 3)
    with alpha.desk() as desk:
        for number in range(8):
            thread = desk.add("rerank", f"Number {number}", "low")
            if number:
                desk.mark(thread, "closed", "")
    text = board(alpha)
    assert list(Page(text).rows) == ["T-1", "T-8", "T-7", "T-6"]
    assert "4 more that are done are not listed" in text
    state, position = look(alpha.layout)
    statuses = {one.id: one.status for one in state.threads.values()}
    seen = Standing(state, statuses, position, "")
    whole = page(seen, alpha.permission(), START, everything=True)
    assert len(Page(whole).rows) == 8
    assert "not listed" not in whole


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize(("query", "kept"), [("", 3), ("?q=lost", 1), ("?status=approved", 1)])
def test_a_browser_filters_it_and_runs_nothing_else(
    busy: Alpha, tmp_path: Path, query: str, kept: int
) -> None:
    with busy.desk() as desk:
        desk.note(desk.state.threads["T-3"], HOSTILE[0] + HOSTILE[2])
    path = tmp_path / "board.html"
    path.write_text(board(busy))
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
         "--virtual-time-budget=2000", f"{path.as_uri()}{query}"],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    shown = Page(done.stdout)
    rows = [attrs for tag, attrs in shown.tags if tag == "tr" and "id" in attrs]
    assert sum("hidden" not in attrs for attrs in rows) == kept
    assert ("form", {"id": "filter", "role": "search"}) in shown.tags
    assert "<title>taken</title>" not in done.stdout
    assert shown.count("img") == 0
