"""What moves an Alpaca account without an execution: fees, dividends, interest, transfers.

Alpaca posts them at the end of a day, by their date and without a time. A fee on coins is posted as
the part of the coin that it took, and says neither order nor vault.
"""

from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import urlencode

from vanta.domain.exact import FINEST, UNIT
from vanta.domain.instant import show_instant
from vanta.executor.brokers.alpaca.wire import NonTrade
from vanta.executor.brokers.port import Movement
from vanta.executor.brokers.rest.exact import decode, exact, finest, instant, unreadable
from vanta.executor.brokers.rest.session import Session

A_PAGE = 100

Kind = Literal["fee", "dividend", "interest", "transfer", "other"]

_KINDS: dict[str, Kind] = {
    "FEE": "fee",
    "CFEE": "fee",
    "PTC": "fee",
    "DIVFEE": "fee",
    "CSD": "transfer",
    "CSW": "transfer",
    "JNLC": "transfer",
    "ACATC": "transfer",
    "TRANS": "transfer",
}


class MovementsReader:
    """Reads what moved.

    Args:
        session: of the trading API.
        named: our name of a market that is written without a slash.
        page: most entries of a page; the vendor's own where None.
    """

    def __init__(
        self, session: Session, named: Callable[[str], str], page: int | None = None
    ) -> None:
        self._session, self._named, self._page = session, named, page or A_PAGE

    def since(self, day: int) -> tuple[Movement, ...]:
        """What is dated that day or later.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        found: dict[str, NonTrade] = {}
        for one in self._listed(day):
            if one.status in {"executed", "correct", ""}:
                found[one.id] = one
        moved = [part for one in found.values() for part in self._moved(one)]
        return tuple(sorted(moved, key=lambda one: (one.day, one.id)))

    def _listed(self, day: int) -> Iterator[NonTrade]:
        token = ""
        while True:
            asked = {
                "category": "non_trade_activity",
                "after": show_instant(max(0, day - 1)),
                "direction": "asc",
                "page_size": str(self._page),
            }
            if token:
                asked["page_token"] = token
            reply = self._session.read(f"/v2/account/activities?{urlencode(asked)}")
            page = decode(_Page, reply.body, self._session.place)
            yield from page
            if len(page) < self._page:
                return
            if page[-1].id == token:
                raise unreadable("a page that follows itself", self._session.place)
            token = page[-1].id

    def _moved(self, one: NonTrade) -> Iterator[Movement]:
        place, said = self._session.place, one.activity_type
        kind, day = kind_of(said), instant(f"{one.date}T00:00:00Z", place)
        name, symbol = f"alpaca:{one.id}", one.symbol
        if kind == "fee" and one.qty:
            coin, price = finest(one.qty, place), exact(one.price, place)
            # Rounded against us.
            worth = coin * price // (FINEST * UNIT)
            symbol = self._named(one.symbol)
            yield Movement(f"{name}:coin", kind, worth, day, said, symbol, coin, price)
        if one.net_amount:
            yield Movement(name, kind, exact(one.net_amount, place), day, said, symbol)


_Page = list[NonTrade]


def kind_of(said: str) -> Kind:
    """What an activity is; one that is not known moves the account, and is nobody's."""
    if said in _KINDS:
        return _KINDS[said]
    if said.startswith("DIV"):
        return "dividend"
    return "interest" if said.startswith("INT") else "other"
