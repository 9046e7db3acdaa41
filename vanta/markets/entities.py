"""Whom a signal speaks of: tickers, insiders, wallets."""

import re
from functools import cached_property

import msgspec

from vanta.domain.signal import Signal
from vanta.markets.directory import Company, digest, short_name

_PLAIN_WORDS = """
A AI ALL AM AN AND ANY ARE AS AT ATH B BA BE BEST BIG BIT BTO BUY BY C CALL CAN CAR CASH CAT CEO
CFO COST CPI D DAY DD DID DO DOW DTE E EAT EDIT EL EOD EPS ER ET ETF EU EV EVER F FAST FAT FDA FED
FI FIRE FOMC FOMO FOR FREE FUN FUND FYI G GAIN GDP GO GOOD GROW H HAS HE HIT HOLD HOPE HOT HUGE I
IMO INFO IPO IRA IRS IS IT ITM IV J K KEY KIDS KO L LAND LIFE LIVE LOL LONG LOSS LOVE LOW M MAIN
MAN ME MOM MOON MOVE MT MY N NEXT NEW NICE NO NOT NOW O OF OLD ON ONE OP OPEN OR OTC OTM OUT P PAY
PC PDT PLAY PLUS PM PR PT PUT Q R RC REAL RH RIDE RSI RUN S SAFE SAVE SEC SEE SELL SHE SHIT SHORT
SI SO STAY STC STO T TA TD TECH THE THEY TLDR TO TOP TRUE TURN TV TX U UK UP US USA USD V VERY W
WANT WAS WE WELL WHO WHY WIN WORK WSB X Y YEAR YOLO YOU YTD Z
"""
PLAIN = frozenset(_PLAIN_WORDS.split())
"""Tickers that are also words or abbreviations: they count with a `$` in front, or not at all."""

MOST = 20
"""Symbols of one signal; a text that names more is a list."""
SHOUTING = 3
"""Of five letters: from here on capitals are loudness, and name nothing."""

_CASHTAG = re.compile(r"(?<![A-Za-z0-9$_])\$([A-Za-z]{1,5}(?:[.-][A-Za-z]{1,2})?)(?![A-Za-z0-9])")
_BARE = re.compile(r"(?<![A-Za-z0-9$@#&'._-])([A-Z]{2,5})(?!['\u2019](?!s\b)|[A-Za-z0-9&$_])")
_WORD = re.compile(r"[a-z0-9][a-z0-9&'.-]*[a-z0-9]|[a-z0-9]")
_WALLET = re.compile(r"(?<![A-Za-z0-9])(0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,62})(?![A-Za-z0-9])")
_SPOKEN = frozenset({"tweet", "post", "comment", "headline"})
_QUOTES = ("-USD", "-USDT", "-USDC", "-EUR", "-BTC", "-ETH")
_LONG_NAME = 2
"""Words a name has to have before a list's name is searched for; one word may be any word."""


def asset_class(symbol: str) -> str:
    """`crypto` for a pair such as `BTC-USD`, `equity` otherwise."""
    return "crypto" if symbol.endswith(_QUOTES) else "equity"


class Directory:
    """Names to tickers, built once from companies.

    Args:
        companies: as `directory.load` or a journal gives them.
    """

    def __init__(self, companies: tuple[Company, ...]) -> None:
        self.companies = companies
        self.digest = digest(companies)
        self._by_ticker = {company.ticker: company for company in companies}
        self._by_cik: dict[str, str] = {}
        for company in companies:
            # A company lists its main share first, and lists are sorted by ticker here: the
            # shortest ticker of a CIK is its common share.
            known = self._by_cik.get(company.cik)
            if company.cik and (known is None or len(company.ticker) < len(known)):
                self._by_cik[company.cik] = company.ticker

    @cached_property
    def _phrases(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        """First word to the whole phrases that begin with it, longest first, and their tickers."""
        found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        taken: set[tuple[str, ...]] = set()
        for company in self.companies:
            names = [tuple(_WORD.findall(alias)) for alias in company.aliases]
            short = tuple(_WORD.findall(short_name(company.name)))
            for words in [*names, short] if len(short) >= _LONG_NAME else names:
                if words and words not in taken:
                    taken.add(words)
                    found.setdefault(words[0], []).append((words, company.ticker))
        for phrases in found.values():
            phrases.sort(key=lambda phrase: (-len(phrase[0]), phrase[1]))
        return found

    def ticker(self, name: str) -> str | None:
        """The symbol a ticker stands for; None when unknown.

        A coin comes before a share or fund that borrowed its letters.
        """
        pair = f"{name}-USD"
        if pair in self._by_ticker:
            return pair
        return name if name in self._by_ticker else None

    def issuer(self, cik: str) -> str | None:
        """The common share of the company with this CIK."""
        return self._by_cik.get(cik.zfill(10))

    def cik(self, ticker: str) -> str:
        """The CIK of a ticker; empty when unknown."""
        company = self._by_ticker.get(ticker)
        return company.cik if company else ""

    def named(self, text: str) -> list[str]:
        """Tickers of the companies and coins a text calls by name."""
        found = []
        words = _WORD.findall(text.casefold())
        for at, word in enumerate(words):
            for phrase, ticker in self._phrases.get(word.removesuffix("'s"), ()):
                if len(phrase) == 1 or tuple(words[at : at + len(phrase)]) == phrase:
                    found.append(ticker)
                    break
        return found


def _cashtags(text: str, directory: Directory) -> list[str]:
    tags = (tag.upper().replace(".", "-") for tag in _CASHTAG.findall(text))
    return [directory.ticker(tag) or tag for tag in tags]


def _bare(text: str, directory: Directory) -> list[str]:
    letters = sum(map(str.isalpha, text))
    if 5 * sum(map(str.isupper, text)) >= SHOUTING * letters:
        return []
    found = (word for word in _BARE.findall(text) if word not in PLAIN)
    return [ticker for ticker in map(directory.ticker, found) if ticker]


def _spoken_of(signal: Signal, directory: Directory) -> list[str]:
    """What the feed or the author marked; only where nothing is marked, what the words suggest.

    A name stands for today's ticker, and a tweet of 2014 that marks `$FB` knew better.
    """
    marked = [directory.ticker(symbol) or symbol for symbol in signal.symbols]
    marked += _cashtags(signal.text, directory)
    return marked or _bare(signal.text, directory) + directory.named(signal.text)


def _marked_or_named(text: str, directory: Directory) -> set[str]:
    found = _cashtags(text, directory) + _bare(text, directory) + directory.named(text)
    return set(found)


def _issued_by(signal: Signal, directory: Directory) -> list[str]:
    """What the issuer's CIK says, against the ticker somebody searched by."""
    cik = signal.entities.get("issuer_cik", "").zfill(10)
    issuer = directory.issuer(cik)
    own = [s for s in signal.symbols if directory.cik(s) in {"", cik}]
    return [issuer] if issuer else own


def resolve(signal: Signal, directory: Directory) -> Signal:
    """The signal with the tickers it speaks of and the wallets it names.

    Insiders stand under their owner's CIK already.
    """
    measures = signal.measures
    if signal.kind in _SPOKEN:
        symbols = _spoken_of(signal, directory)
        if signal.kind == "headline" and signal.symbols:
            # Filed under a symbol by its collector; whether it speaks of it is another thing.
            spoken = _marked_or_named(signal.text, directory)
            measures = measures | {"spoken_count": len(spoken & set(symbols))}
    elif "issuer_cik" in signal.entities:
        symbols = _issued_by(signal, directory)
    else:
        return signal
    wallet = _WALLET.search(signal.text)
    entities = signal.entities | ({"wallet": wallet[1]} if wallet else {})
    unique = tuple(dict.fromkeys(symbols))[:MOST]
    return msgspec.structs.replace(signal, symbols=unique, entities=entities, measures=measures)
