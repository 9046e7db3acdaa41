"""The companies and coins a text may speak of, as the node loaded them.

A directory is data of the harvest: it is journalled whole, so that the names of a year ago resolve
a year later as they did then. Lists of today are wrong for the past, and only the journal says
which list was used.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from vanta.domain.encoding import content_id, decode, encode
from vanta.domain.errors import MalformedError, UnavailableError

_SUFFIXES = re.compile(
    r"[\s,]+(?:inc|corp|corporation|co|company|ltd|plc|llc|lp|n\.?v|s\.?a|ag|se|holdings?|group|"
    r"trust|the|class [a-c]|\(the\))\.?$",
    re.IGNORECASE,
)
_STATE = re.compile(r"\s*/[A-Z]{2,4}/?\s*$")


class Company(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One company or coin."""

    ticker: str
    """The symbol it trades under, such as `AAPL`, `BRK-B` or `BTC-USD`."""
    name: str
    cik: str = ""
    """Ten digits; empty where the SEC does not know it."""
    aliases: tuple[str, ...] = ()
    """Other names people write, lower case."""


def short_name(name: str) -> str:
    """`EXXON MOBIL CORP` as people write it: lower case, without what law adds."""
    bare = _STATE.sub("", name.strip())
    while True:
        shorter = _SUFFIXES.sub("", bare).strip()
        if shorter == bare or not shorter:
            return " ".join(bare.casefold().replace(",", " ").split())
        bare = shorter


def digest(companies: tuple[Company, ...]) -> str:
    """What a directory is known by."""
    return content_id("directory", encode(companies))


BUNDLED = tuple(
    Company(ticker, name, cik, tuple(aliases.split("|")) if aliases else ())
    for ticker, name, cik, aliases in (
        ("AAPL", "Apple Inc.", "0000320193", "apple|iphone maker"),
        ("MSFT", "Microsoft Corp", "0000789019", "microsoft"),
        ("NVDA", "NVIDIA Corp", "0001045810", "nvidia"),
        ("TSLA", "Tesla, Inc.", "0001318605", "tesla"),
        ("AMD", "Advanced Micro Devices Inc", "0000002488", "advanced micro devices"),
        ("AMZN", "Amazon.com Inc", "0001018724", "amazon"),
        ("GOOGL", "Alphabet Inc.", "0001652044", "google|alphabet"),
        ("META", "Meta Platforms, Inc.", "0001326801", "meta platforms|facebook"),
        ("NFLX", "Netflix Inc", "0001065280", "netflix"),
        ("INTC", "Intel Corp", "0000050863", "intel"),
        ("JPM", "JPMorgan Chase & Co", "0000019617", "jpmorgan|jp morgan|jpmorgan chase"),
        ("BAC", "Bank of America Corp", "0000070858", "bank of america"),
        ("WFC", "Wells Fargo & Company", "0000072971", "wells fargo"),
        ("C", "Citigroup Inc", "0000831001", "citigroup"),
        ("GS", "Goldman Sachs Group Inc", "0000886982", "goldman sachs"),
        ("XOM", "Exxon Mobil Corp", "0000034088", "exxon|exxon mobil|exxonmobil"),
        ("CVX", "Chevron Corp", "0000093410", "chevron"),
        ("GE", "General Electric Co", "0000040545", "general electric"),
        ("BA", "Boeing Co", "0000012927", "boeing"),
        ("CAT", "Caterpillar Inc", "0000018230", "caterpillar"),
        ("KO", "Coca-Cola Co", "0000021344", "coca-cola|coca cola"),
        ("PFE", "Pfizer Inc", "0000078003", "pfizer"),
        ("JNJ", "Johnson & Johnson", "0000200406", "johnson & johnson"),
        ("WMT", "Walmart Inc.", "0000104169", "walmart|wal-mart"),
        ("MCD", "McDonald's Corp", "0000063908", "mcdonald's|mcdonalds"),
        ("DIS", "Walt Disney Co", "0001744489", "disney"),
        ("CSCO", "Cisco Systems, Inc.", "0000858877", "cisco"),
        ("T", "AT&T Inc.", "0000732717", "at&t"),
        ("V", "Visa Inc.", "0001403161", "visa inc"),
        ("BABA", "Alibaba Group Holding Ltd", "0001577552", "alibaba"),
        ("GME", "GameStop Corp", "0001326380", "gamestop"),
        ("AMC", "AMC Entertainment Holdings, Inc.", "0001411579", "amc entertainment"),
        ("PLTR", "Palantir Technologies Inc.", "0001321655", "palantir"),
        ("A", "Agilent Technologies, Inc.", "0001090872", "agilent"),
        ("SPY", "SPDR S&P 500 ETF Trust", "0000884394", ""),
        ("QQQ", "Invesco QQQ Trust", "0001067839", ""),
        ("BTC-USD", "Bitcoin", "", "bitcoin|btc"),
        ("ETH-USD", "Ethereum", "", "ethereum|ether"),
    )
)
"""What a node knows without being told; facts of public record."""


def load(feeds: Path | None) -> tuple[Company, ...]:
    """The bundled companies, and those of the lists beside the feeds, first mention first.

    Args:
        feeds: a folder with `entities/` and `prices/`; either may be absent.

    Raises:
        MalformedError: `DIRECTORY`: a list that is there and is not what its name says.
    """
    found = {company.ticker: company for company in BUNDLED}
    if feeds is not None:
        for path, read in (
            (feeds / "prices" / "stocktable_sector_symbol_company.tsv", _stock_table),
            (feeds / "entities" / "sp500_constituents.csv", _constituents),
            (feeds / "entities" / "company_tickers.json.gz", tickers),
            (feeds / "entities" / "company_tickers.json", tickers),
        ):
            if path.is_file():
                for company in read(_content(path), str(path)):
                    found.setdefault(company.ticker, company)
    return tuple(found[ticker] for ticker in sorted(found))


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError) as error:
        raise UnavailableError(
            f"cannot be read: {error}", code="DIRECTORY", place=str(path)
        ) from error


def _rows(data: bytes, place: str, delimiter: str, columns: set[str]) -> Iterable[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(data.decode("utf-8", "replace")), delimiter=delimiter)
    if not columns <= set(reader.fieldnames or ()):
        raise MalformedError(f"has no columns {sorted(columns)}", code="DIRECTORY", place=place)
    return reader


def _stock_table(data: bytes, place: str) -> Iterator[Company]:
    for row in _rows(data, place, "\t", {"Symbol", "Company"}):
        yield Company(row["Symbol"].removeprefix("$").upper(), row["Company"])


def _constituents(data: bytes, place: str) -> Iterator[Company]:
    for row in _rows(data, place, ",", {"Symbol", "Security", "CIK"}):
        yield Company(row["Symbol"].replace(".", "-"), row["Security"], row["CIK"].zfill(10))


class _Listed(msgspec.Struct):
    cik_str: int
    ticker: str
    title: str


def tickers(data: bytes, place: str) -> Iterator[Company]:
    """The companies of the SEC's list; `MalformedError` where it is none."""
    for listed in decode(dict[str, _Listed], data, place=place).values():
        yield Company(listed.ticker.upper(), listed.title, f"{listed.cik_str:010d}")
