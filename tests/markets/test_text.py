"""Text is repaired where that is certain, and left alone where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.markets.normalise.text import LONGEST, clean, joined, plain, repair


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        ("Iâ€™m in", "I\u2019m in"),
        ("â€œbuyâ€\x9d", "“buy”"),
        ("weâ€¦", "we…"),
        ("ðŸš€ðŸš€", "🚀🚀"),
        ("Ã©tÃ©", "été"),
    ],
)
def test_utf8_read_as_windows_1252_is_undone(broken: str, meant: str) -> None:
    assert repair(broken) == meant


@pytest.mark.parametrize("right", ["été à São Paulo", "“quoted”", "naïve café", "100 € + £5", "🚀"])
def test_text_that_is_right_already_stays(right: str) -> None:
    assert repair(right) == right


@given(st.text(st.characters(min_codepoint=0xA0, exclude_categories=["Cs"]), min_size=1))
def test_repair_undoes_exactly_what_was_done(text: str) -> None:
    damaged = "".join(
        chr(byte) if byte in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )
    assert repair(damaged) == text


def test_a_tweet_is_unescaped_and_put_on_one_line() -> None:
    assert clean("Q1 &gt; Q2 &amp;\n\tup\u202e \x07$AAPL") == "Q1 > Q2 & up $AAPL"


def test_markup_goes_even_when_it_was_escaped_twice() -> None:
    assert plain("&lt;p&gt;Profit &amp;amp; loss&lt;/p&gt;<b>now</b>") == "Profit & loss now"


def test_a_removed_body_is_no_text() -> None:
    assert joined("GME", "[removed]") == "GME"
    assert joined("GME", "why") == "GME why"


def test_a_very_long_post_is_cut() -> None:
    assert len(clean("word " * 10_000)) == LONGEST
