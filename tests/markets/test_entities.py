"""Names to tickers: a marked name counts, a word that happens to be a ticker does not."""

from pathlib import Path

import pytest

from tests.markets.house import said
from vanta.domain.errors import MalformedError
from vanta.domain.signal import Signal
from vanta.markets.directory import BUNDLED, Company, load, short_name
from vanta.markets.entities import PLAIN, Directory, asset_class, resolve

DIRECTORY = Directory((*BUNDLED, Company("FB", "Facebook Ireland"), Company("COHN", "Cohen & Co")))


def symbols(words: str, *, kind: str = "post", own: tuple[str, ...] = ()) -> tuple[str, ...]:
    signal = said("x", words, kind=kind, symbols=own, feed="reddit")
    return resolve(signal, DIRECTORY).symbols


@pytest.mark.parametrize("word", ["T", "C", "V", "KO", "CAT", "BA", "A"])
def test_a_plain_word_is_a_ticker_only_with_a_dollar_in_front(word: str) -> None:
    assert word in PLAIN
    assert symbols(f"so {word} it is, my {word} went there") == ()
    assert symbols(f"so ${word} it is") == (word,)
    assert symbols(f"so ${word.lower()} it is") == (word,)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("$aapl and $BRK.B, not $100 nor HEI$T", ("AAPL", "BRK-B")),
        ("What about NVDA and AMD?", ("NVDA", "AMD")),
        ("Tesla's numbers; Exxon Mobil too", ("TSLA", "XOM")),
        ("bitcoin up, BTC and $BTC", ("BTC-USD",)),
        ("Bitcoin or Ethereum", ("BTC-USD", "ETH-USD")),
        ("THIS IS NOT A DRILL BUY NVDA NOW", ()),
        ("we like AMD's chips", ("AMD",)),
        ("they talk to @AMD about #NVDA", ()),
        ("Mr Cohen buys", ()),
        ("nothing of note", ()),
    ],
)
def test_what_a_text_speaks_of(words: str, found: tuple[str, ...]) -> None:
    assert symbols(words) == found


def test_where_something_is_marked_names_add_nothing() -> None:
    """Facebook trades as META today, and a tweet of 2014 that marks $FB knew better."""
    assert symbols("Facebook $FB and Google beat") == ("FB",)
    assert symbols("Facebook beat") == ("META",)


def test_a_headline_filed_under_a_company_says_whether_it_speaks_of_it() -> None:
    def spoken(words: str) -> int:
        signal = said("x", words, kind="headline", feed="news", symbols=("TSLA",))
        return resolve(signal, DIRECTORY).measures["spoken_count"]

    assert spoken("Tesla recalls") == 1
    assert spoken("Stocks mixed") == 0


def test_a_list_of_everything_is_cut() -> None:
    words = " ".join(f"${a}{b}" for a in "XYZWV" for b in "ABCDEFGH")
    assert len(symbols(words)) == 20


def filing(own: tuple[str, ...], cik: str) -> Signal:
    signal = said("f", kind="insider_trade", feed="sec", symbols=own)
    return Signal(**{f: getattr(signal, f) for f in signal.__struct_fields__} | {
        "entities": {"issuer_cik": cik, "insider": "0001"}
    })  # fmt: skip


def test_the_issuers_cik_outranks_the_ticker_somebody_searched_by() -> None:
    """NVIDIA as the owner of another company's shares is not an insider of NVIDIA."""
    assert resolve(filing(("NVDA",), "0001832483"), DIRECTORY).symbols == ()
    assert resolve(filing((), "320193"), DIRECTORY).symbols == ("AAPL",)
    assert resolve(filing(("ZZZZ",), "0001832483"), DIRECTORY).symbols == ("ZZZZ",)


def test_a_wallet_in_a_text_is_kept() -> None:
    wallet = "0x" + "aB" * 20
    signal = said("x", f"whale {wallet} moved", kind="post", feed="reddit")
    assert resolve(signal, DIRECTORY).entities == {"wallet": wallet}


def test_bars_and_flow_speak_of_what_their_file_says() -> None:
    signal = said("x", kind="bar", symbols=("T",), feed="prices")
    assert resolve(signal, DIRECTORY) is signal


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("EXXON MOBIL CORP", "exxon mobil"),
        ("Meta Platforms, Inc.", "meta platforms"),
        ("Alphabet Inc. Class A", "alphabet"),
        ("MORGAN STANLEY /DE/", "morgan stanley"),
        ("The", "the"),
    ],
)
def test_a_name_without_what_law_adds(name: str, short: str) -> None:
    assert short_name(name) == short


def test_pairs_are_crypto_and_the_rest_is_equity() -> None:
    assert [asset_class(s) for s in ("BTC-USD", "ETH-BTC", "BRK-B", "AAPL")] == [
        "crypto", "crypto", "equity", "equity",
    ]  # fmt: skip


def test_lists_beside_the_feeds_add_to_what_is_bundled(tmp_path: Path) -> None:
    (tmp_path / "entities").mkdir()
    listed = '{"0":{"cik_str":1,"ticker":"ZZZ","title":"Zed Industries Corp"}}'
    (tmp_path / "entities" / "company_tickers.json").write_text(listed)
    directory = Directory(load(tmp_path))
    assert directory.issuer("1") == "ZZZ"
    assert directory.named("zed industries rallies") == ["ZZZ"]
    assert directory.digest != Directory(load(None)).digest
    assert Directory(load(None)).digest == Directory(load(tmp_path / "nowhere")).digest


def test_a_list_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "entities").mkdir()
    (tmp_path / "entities" / "sp500_constituents.csv").write_text("a,b\n1,2\n")
    with pytest.raises(MalformedError) as error:
        load(tmp_path)
    assert error.value.code == "DIRECTORY"
