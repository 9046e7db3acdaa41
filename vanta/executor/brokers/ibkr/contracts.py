"""Which contract a symbol is: looked up, checked against its own definition, kept for the day."""

from collections.abc import Callable
from dataclasses import dataclass

from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY
from vanta.domain.trading import Instrument
from vanta.executor.brokers.ibkr.portal import Portal
from vanta.executor.brokers.ibkr.wire import Company, Definition, Definitions, ours, theirs
from vanta.executor.brokers.rest.exact import exact, unreadable


@dataclass(frozen=True, slots=True)
class Contract:
    """A share, and the number the vendor trades it under."""

    conid: int
    exchange: str
    instrument: Instrument


class Contracts:
    """Contracts by our symbol.

    Args:
        portal: of the account.
        clock: UTC nanoseconds.
    """

    def __init__(self, portal: Portal, clock: Callable[[], int]) -> None:
        self._portal, self._clock = portal, clock
        self._day = 0
        self._found: dict[str, Contract] = {}

    def find(self, symbol: str) -> Contract | None:
        """The one US share of that symbol; None where there is none, or several.

        Raises:
            BrokerAwayError: the vendor does not say, or its number is another's.
        """
        if self._day != self._clock() // DAY:
            self._day = self._clock() // DAY
            self._found.clear()
        if symbol not in self._found:
            found = self._look_up(symbol)
            if found is None:
                return None
            self._found[symbol] = found
        return self._found[symbol]

    def _look_up(self, symbol: str) -> Contract | None:
        portal, name = self._portal, theirs(symbol)
        asked = portal.api.get("trsrv/stocks", {"symbols": name})
        companies = portal.told(dict[str, list[Company]], asked).get(name, [])
        listed = [
            one
            for company in companies
            if company.asset_class == "STK"
            for one in company.contracts
            if one.is_us
        ]
        if len(listed) != 1:
            return None
        conid, exchange = listed[0].conid, listed[0].exchange
        asked = portal.api.security_definition_by_conid([str(conid)])
        for one in portal.told(Definitions, asked).secdef:
            if one.conid == conid:
                return Contract(conid, exchange, self._checked(one, symbol))
        raise unreadable(f"contract {conid} has no definition", portal.place)

    def _checked(self, one: Definition, symbol: str) -> Instrument:
        place = self._portal.place
        said = (ours(one.ticker or ""), one.currency, one.asset_class)
        if said != (symbol, "USD", "STK"):
            what = " ".join(said)[:80]
            raise unreadable(f"contract {one.conid} of {symbol} is {what}", place)
        steps = [exact(rule.increment, place) for rule in one.increment_rules]
        if not steps or min(steps) <= 0:
            raise unreadable(f"contract {one.conid} has no price step", place)
        # The step grows with the price: the greatest fits wherever the price is.
        return Instrument(symbol, "equity", "fiat", max(steps), UNIT, tradable=True)
