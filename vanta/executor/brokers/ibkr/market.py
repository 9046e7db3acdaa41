"""Quotes: the second answer of a snapshot, live or none at all."""

from collections.abc import Callable
from typing import Literal

from vanta.domain.exact import notional
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Quote
from vanta.executor.brokers.ibkr.contracts import Contract, Contracts
from vanta.executor.brokers.ibkr.portal import Portal
from vanta.executor.brokers.ibkr.wire import History, Hours, Schedule, Snapshot, price_of
from vanta.executor.brokers.rest.exact import nearest
from vanta.executor.brokers.rest.session import to_come

MILLISECOND = SECOND // 1000
FIELDS = ("31", "84", "86", "6509")
"""Last, bid, ask, and how live they are."""
_LIVE = "R"
_HALTED = "H"


class MarketReader:
    """Reads the market; averages and sessions are kept for the day.

    Args:
        portal: of the account.
        contracts: by symbol.
        clock: UTC nanoseconds.
    """

    def __init__(self, portal: Portal, contracts: Contracts, clock: Callable[[], int]) -> None:
        self._portal, self._contracts, self._clock = portal, contracts, clock
        self._day = 0
        self._adv: dict[int, int] = {}
        self._hours: dict[int, list[Hours]] = {}

    def quote(self, symbol: str) -> Quote | None:
        """The market now; None where there is none, or only a late one.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        contract = self._contracts.find(symbol)
        found = None if contract is None else self._snapshot(contract)
        if contract is None or found is None or found.bid is None or found.ask is None:
            return None
        if not (found.availability or "").startswith(_LIVE) or not found.updated:
            return None
        at = found.updated * MILLISECOND
        if to_come(at, self._clock()):
            return None
        place = self._portal.place
        last, letter = price_of(found.last, place) if found.last else (0, "")
        return Quote(
            symbol=symbol,
            bid=price_of(found.bid, place)[0],
            ask=price_of(found.ask, place)[0],
            last=last,
            ts=min(self._clock(), at),
            market_time=at,
            adv=self._average(contract),
            session=self._session(contract) if letter != _HALTED else "halted",
            instrument=contract.instrument,
        )

    def _snapshot(self, contract: Contract) -> Snapshot | None:
        def ask() -> Snapshot | None:
            asked = self._portal.api.live_marketdata_snapshot([str(contract.conid)], [*FIELDS])
            rows = self._portal.told(list[Snapshot], asked)
            return next((one for one in rows if one.conid == contract.conid), None)

        # The first request only subscribes: what it says is nothing, or from before.
        return self._portal.until(ask, lambda one: one is not None and one.availability is not None)

    def _kept(self) -> None:
        if self._day != self._clock() // DAY:
            self._day = self._clock() // DAY
            self._adv.clear()
            self._hours.clear()

    def _average(self, contract: Contract) -> int:
        """Average daily traded notional of the last month; 0 where nothing was traded.

        Volumes are counted as shares. The vendor may mean lots of a hundred: then the average is
        too small, which lets nothing pass that should not.
        """
        self._kept()
        place = self._portal.place
        if contract.conid not in self._adv:
            asked = self._portal.api.marketdata_history_by_conid(
                str(contract.conid), bar="1d", period="1m"
            )
            days = self._portal.told(History, asked).data
            traded = sum(
                notional(nearest(day.close, place), nearest(day.volume, place)) for day in days
            )
            self._adv[contract.conid] = traded // len(days) if days else 0
        return self._adv[contract.conid]

    def _session(self, contract: Contract) -> Literal["open", "closed"]:
        self._kept()
        if contract.conid not in self._hours:
            asked = self._portal.api.get(
                "contract/trading-schedule",
                {"conid": str(contract.conid), "exchange": contract.exchange},
            )
            found = self._portal.told(Schedule, asked).schedules
            self._hours[contract.conid] = [
                hours for day in found.values() for hours in day.liquid_hours
            ]
        now = self._clock()
        hours = self._hours[contract.conid]
        is_open = any(one.opening * SECOND <= now < one.closing * SECOND for one in hours)
        return "open" if is_open else "closed"
