"""EDGAR: what insiders of the companies that are named bought and sold, filing by filing.

The latest filings say only that somebody filed. Each Form 3, 4 or 5 of a company that is named is
fetched whole, once, after `sec.Sec` recorded that it is there.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from vanta.domain.errors import UnavailableError
from vanta.domain.instant import SECOND
from vanta.markets.directory import load
from vanta.markets.fetch.asking import Conversation, Terms
from vanta.markets.fetch.sec import PACE, entries, feed_place
from vanta.markets.fetch.shelf import Shelf
from vanta.markets.fetch.source import Ask, Tier
from vanta.node.collecting import SecFeed

PLACES = re.compile(r"sec/form345/\d{10}-\d{2}-\d{6}\.txt")
MOST = {Tier.LIGHT: 20, Tier.DEEP: 100, Tier.WARM_UP: 200}
"""Filings of one turn; the next turn goes on."""
_ISSUER = re.compile(r"<title>[345](?:/A)? - [^<]*\((\d{10})\) \(Issuer\)</title>")
_INDEX = re.compile(r'href="[^"]*(/Archives/edgar/data/\d+/\d{18}/)(\d{10}-\d{2}-\d{6})-index\.htm')


class _Filing(NamedTuple):
    path: str
    accession: str

    @property
    def place(self) -> str:
        return f"sec/form345/{self.accession}.txt"


class SecOwnership:
    """Whole filings of the companies that are named."""

    name = "sec ownership"

    def __init__(self, config: SecFeed, terms: Terms, shelf: Shelf) -> None:
        self._config, self._shelf = config, shelf
        self._now = datetime.fromtimestamp(terms.now // SECOND, UTC)
        self._vendor = Conversation(config.url, terms, pace=PACE)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        if self._config.companies:
            names = " ".join(self._config.companies)
            what = f"new forms 3, 4 and 5 of {names} from {self._vendor.place}"
            yield Ask(what, partial(self._filings, MOST[tier]))

    def _filings(self, most: int) -> int:
        wanted = self._ciks()
        return sum(self._record(filing) for filing in self._new(wanted)[:most])

    def _ciks(self) -> frozenset[str]:
        """The SEC's numbers of the companies, by the list that is there."""
        known = {company.ticker: company.cik for company in load(self._shelf.root)}
        unknown = [name for name in self._config.companies if not known.get(name)]
        if unknown:
            raise UnavailableError(
                f"the list of companies does not know {', '.join(unknown)}",
                code="UNKNOWN_COMPANY",
                place=str(self._shelf.root / "entities"),
                remedy="`vanta markets collect warm-up` fetches the SEC's list; see the spelling",
            )
        return frozenset(known[name] for name in self._config.companies)

    def _new(self, wanted: frozenset[str]) -> list[_Filing]:
        """Filings that the feeds of today and yesterday tell of, and that are not here."""
        found: dict[_Filing, None] = {}
        for form in self._config.forms:
            for day in (self._now - timedelta(days=1), self._now):
                for entry in entries(self._shelf.content(feed_place(form, day))):
                    issuer, index = _ISSUER.search(entry), _INDEX.search(entry)
                    if issuer and index and issuer[1] in wanted:
                        found[_Filing(index[1] + index[2] + ".txt", index[2])] = None
        return [one for one in found if not (self._shelf.root / one.place).exists()]

    def _record(self, filing: _Filing) -> int:
        document = self._vendor.get(filing.path).body
        if b"<ownershipDocument" not in document or b"</ownershipDocument>" not in document:
            raise self._vendor.unreadable("no ownership document")
        return self._shelf.change(filing.place, lambda old: (document, 0 if old else 1))
