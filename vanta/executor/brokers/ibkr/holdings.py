"""What the account holds, and may do."""

from collections.abc import Callable

import msgspec

from vanta.domain.instant import MINUTE
from vanta.executor.brokers.ibkr.portal import Portal
from vanta.executor.brokers.ibkr.wire import Amount, Ledger, PortfolioAccount, Position
from vanta.executor.brokers.port import Account
from vanta.executor.brokers.rest.exact import exact, nearest, unreadable

MOST_PAGES = 100
"""Of a hundred positions each."""
PROFILE_KEPT = MINUTE
_OPEN = "O"
_MARGIN = frozenset({"STKMRGN", "PMRGN"})


class HoldingsReader:
    """Reads positions and money.

    Args:
        portal: of the account.
        clock: monotonic nanoseconds.
    """

    def __init__(self, portal: Portal, clock: Callable[[], int]) -> None:
        self._portal, self._clock = portal, clock
        self._profile: tuple[int, PortfolioAccount] | None = None

    def positions(self) -> dict[str, int]:
        """Signed quantity by symbol.

        Raises:
            BrokerAwayError: the vendor does not say, or pages moved while they were read.
        """
        portal = self._portal
        self._known()
        # The gateway keeps positions for a while: what it answers next is to be of now.
        asked = portal.api.invalidate_backend_portfolio_cache(account_id=portal.account)
        portal.told(msgspec.Raw, asked)
        rows: list[Position] = []
        for page in range(MOST_PAGES):
            asked = portal.api.positions(account_id=portal.account, page=page)
            found = portal.told(list[Position], asked)
            if not found:
                break
            rows += found
        else:
            raise unreadable("more pages of positions than anybody holds", portal.place)
        if len({(one.conid, one.model) for one in rows}) != len(rows):
            raise unreadable("a position stands on two pages", portal.place)
        held: dict[str, int] = {}
        for one in rows:
            if one.symbol is None:
                raise portal.unready("positions")
            held[one.symbol] = held.get(one.symbol, 0) + exact(one.position, portal.place)
        return {symbol: quantity for symbol, quantity in held.items() if quantity}

    def account(self) -> Account:
        """The broker's own account of the money, in dollars.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        portal = self._portal
        known = self._known()
        asked = portal.api.get_ledger(account_id=portal.account)
        dollars = portal.told(dict[str, Ledger], asked).get("USD")
        asked = portal.api.portfolio_summary(account_id=portal.account)
        power = portal.told(dict[str, Amount], asked).get("buyingpower")
        amount = power.amount if power is not None and power.currency == "USD" else None
        blocked = [] if known.clearing_status == _OPEN else [f"clearing {known.clearing_status}"]
        if not known.brokerage_access:
            blocked.append("no brokerage access")
        if known.no_client_trading:
            blocked.append("no trading by the client")
        return Account(
            None,
            None,
            nearest(dollars.cash, portal.place) if dollars else None,
            None if amount is None else nearest(amount, portal.place),
            ", ".join(blocked),
            ("short",) if known.trading_type in _MARGIN else (),
        )

    def _known(self) -> PortfolioAccount:
        """Who the account is; the vendor tells no positions before it was asked for this."""
        now = self._clock()
        if self._profile is None or now - self._profile[0] > PROFILE_KEPT:
            portal = self._portal
            asked = portal.api.portfolio_accounts()
            for one in portal.told(list[PortfolioAccount], asked):
                if one.account_id == portal.account:
                    self._profile = (now, one)
                    return one
            raise unreadable("the session is not of this account", portal.place)
        return self._profile[1]
