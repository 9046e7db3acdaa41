"""The report shows other people's text and survives it."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from vanta.demo.report import Bar, Moment, Picture, render
from vanta.demo.stage import Stage
from vanta.demo.story import Story
from vanta.domain.errors import RefusedError

HOSTILE = "<script>alert('x')</script> & \"quoted\""


def story() -> Story:
    told = Story(Console(file=io.StringIO()))
    told.act(f"An act {HOSTILE}")
    told.tell(HOSTILE)
    told.typed("vanta halt")
    told.said(HOSTILE)
    told.promise("it holds", held=True, seen=HOSTILE)
    told.figure("figure", HOSTILE)
    told.end()
    return told


def page(told: Story) -> str:
    return render(
        told,
        pictures=[Picture(HOSTILE, HOSTILE, (Bar(HOSTILE, 3.0, HOSTILE), Bar("none", 0.0, "0")))],
        moments=[Moment("2026-03-02T15:00:00Z", HOSTILE, "buy", HOSTILE, HOSTILE)],
        explanation=HOSTILE,
        feeds=HOSTILE,
        made=HOSTILE,
    )


def test_hostile_text_is_shown_and_never_run() -> None:
    html = page(story())
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 8


def test_the_page_needs_nothing_from_outside() -> None:
    html = page(story())
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html
    assert "src=" not in html


def test_a_broken_promise_is_said_at_the_top() -> None:
    told = story()
    told.acts[-1].promises[0].held = False
    assert not told.held
    assert "a promise was broken" in page(told)


def test_a_story_without_promises_did_not_hold() -> None:
    assert not Story(Console(file=io.StringIO())).held


def test_the_stage_throws_away_only_what_a_demo_made(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    stage = Stage(tmp_path, story())
    with pytest.raises(RefusedError, match="no demo made"):
        stage.clear()
    assert (tmp_path / "thesis.tex").exists()
    other = Stage(tmp_path / "demo", story())
    other.clear()
    (other.root / "left").mkdir()
    (other.root / "left" / "over").write_text("x")
    other.clear()
    assert sorted(path.name for path in other.root.iterdir()) == [".vanta-demo"]
