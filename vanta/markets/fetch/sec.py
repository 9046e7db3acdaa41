"""EDGAR: the latest filings, which it gives to whoever says who asks."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from vanta.domain.errors import MalformedError
from vanta.domain.instant import SECOND
from vanta.markets.collectors.sec import ATOM
from vanta.markets.directory import tickers
from vanta.markets.fetch.asking import Conversation, NoAnswerError, Terms
from vanta.markets.fetch.shelf import Shelf
from vanta.markets.fetch.source import Ask, Tier
from vanta.markets.xml import parse
from vanta.node.collecting import SecFeed
from vanta.node.edge import Reply

PLACES = re.compile(r"sec/form[a-z0-9]+_\d{4}-\d{2}-\d{2}_[a-z0-9]+_http\d{3}\.(?:atom\.xml|html)")
COMPANIES = "entities/company_tickers.json"
PACE = 0.5
"""It allows ten requests a second to all of an address, and shuts out whoever asks for more."""
PAGES = {Tier.LIGHT: 3, Tier.DEEP: 5, Tier.WARM_UP: 10}
"""Answers of a hundred entries for each form and turn; it ends where something is known."""
_PAGE = 100
_REFUSAL = 64 * 1024
"""Bytes of a refusal that are kept."""
_ENTRY = re.compile(r"<entry>.*?</entry>", re.DOTALL)


class Sec:
    """The latest filings of the forms that are named."""

    name = "sec"

    def __init__(self, config: SecFeed, terms: Terms, shelf: Shelf) -> None:
        self._forms, self._shelf = config.forms, shelf
        self._now = datetime.fromtimestamp(terms.now // SECOND, UTC)
        self._vendor = Conversation(config.url, terms, pace=PACE, headers=_wants)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        for form in self._forms:
            what = f"latest filings of form {form} from {self._vendor.place}"
            yield Ask(what, partial(self._filings, form, PAGES[tier]))
        if tier is Tier.WARM_UP:
            yield Ask(f"list of companies from {self._vendor.place}", self._companies)

    def _filings(self, form: str, pages: int) -> int:
        today, yesterday = (feed_place(form, self._now - timedelta(days=ago)) for ago in (0, 1))
        known = set(entries(self._shelf.content(yesterday)))
        known |= set(entries(self._shelf.content(today)))
        fresh: dict[str, None] = {}
        answer = b""
        for page in range(pages):
            answer = self._page(form, page * _PAGE)
            found = entries(answer)
            fresh |= dict.fromkeys(entry for entry in found if entry not in known)
            if not found or known.intersection(found):
                break

        def merged(old: bytes) -> tuple[bytes, int]:
            standing = dict.fromkeys(entries(old))
            # Newest first is how they come; the file grows at its end.
            new = [entry for entry in reversed(fresh) if entry not in standing]
            return self._feed(answer, [*standing, *new]), len(new)

        return self._shelf.change(today, merged) if fresh else 0

    def _companies(self) -> int:
        """What companies are called, and their numbers: whoever resolves names reads it."""
        body = self._vendor.get("/files/company_tickers.json").body
        try:
            listed = len(list(tickers(body, self._vendor.place)))
        except MalformedError as error:
            raise self._vendor.unreadable(error.message) from error
        if not listed:
            raise self._vendor.unreadable("no company")
        return self._shelf.change(COMPANIES, lambda old: (body, 0 if old == body else listed))

    def _page(self, form: str, start: int) -> bytes:
        query = {
            "action": "getcurrent",
            "type": form,
            "owner": "include",
            "start": str(start),
            "count": str(_PAGE),
            "output": "atom",
        }
        try:
            body = self._vendor.get("/cgi-bin/browse-edgar", query).body
        except NoAnswerError as error:
            if error.reply is not None and error.reply.status >= 400:  # noqa: PLR2004
                self._refused(form, error.reply)
            raise
        return self._atom(body)

    def _atom(self, document: bytes) -> bytes:
        """The document, where it is a feed that its reader reads."""
        try:
            root = parse(document, place=self._vendor.place)
        except MalformedError as error:
            raise self._vendor.unreadable(error.message) from error
        if root.tag != f"{ATOM}feed":
            raise self._vendor.unreadable("not an Atom feed")
        return document

    def _feed(self, answer: bytes, told: list[str]) -> bytes:
        """The vendor's own answer with other entries in the place of its own."""
        charset = _charset(answer)
        head, _, _ = answer.decode(charset, "replace").partition("<entry>")
        text = head.partition("</feed>")[0] + "\n".join(told) + "\n</feed>\n"
        return self._atom(text.encode(charset, "xmlcharrefreplace"))

    def _refused(self, form: str, reply: Reply) -> None:
        """Keep a refusal as one: the first of an hour says as much as the sixtieth."""
        name = f"form{_plain(form)}_{self._now:%Y-%m-%d}_{self._now:%H}h_http{reply.status}.html"
        body = reply.body[:_REFUSAL] or b"\n"
        self._shelf.change(f"sec/{name}", lambda old: (body, 0 if old else 1))


def _wants() -> Mapping[str, str]:
    return {"Accept": "application/atom+xml"}


def _plain(form: str) -> str:
    return re.sub(r"[^a-z0-9]", "", form.lower())


def feed_place(form: str, day: datetime) -> str:
    """The file of the filings of a form that were met on a day."""
    return f"sec/form{_plain(form)}_{day:%Y-%m-%d}_latest_http200.atom.xml"


def _charset(document: bytes) -> str:
    return "iso-8859-1" if b"ISO-8859-1" in document[:100] else "utf-8"


def entries(document: bytes) -> list[str]:
    """The entries of a feed, each as it stands there."""
    return _ENTRY.findall(document.decode(_charset(document), "replace"))
