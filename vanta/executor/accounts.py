"""What moves a broker account without an execution, folded into the book.

A fee told later is taken off as one told at once would have been. A dividend or interest is a gain
of the vaults whose it is. Money brought in or taken out is nobody's: what a vault may use is funded
by the policy, not by deposits.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from vanta.domain.exact import FINEST
from vanta.executor import events
from vanta.executor.positions import trade
from vanta.executor.sums import Sums


class Accounts(Sums):
    """The sums, with what moves them between executions."""

    def _open_account(self, event: events.AccountOpened) -> None:
        venue = self._venue(event.broker)
        venue.since, venue.before = event.at, event.cash - venue.cash_flow
        venue.moves = dict.fromkeys(event.known, event.at)

    def _charge(self, event: events.FeeCharged) -> None:
        venue = self._venue(event.broker)
        if event.id in venue.moves:
            return
        venue.note(event.id, event.at)
        venue.fees += event.amount
        waiting = venue.presumed.pop(event.symbol, 0) - event.before
        if event.presumed:
            waiting += event.kept
            venue.bought.pop(event.symbol, None)
        if waiting > 0:
            venue.presumed[event.symbol] = waiting
        if event.kept:
            venue.keep(event.symbol, event.kept)
        else:
            venue.cash_flow -= event.amount
        for share in event.shares:
            vault = self.vaults[share.vault]
            vault.fees += share.amount
            line = vault.lines.get(event.symbol)
            if line is not None:
                line.fees += share.amount
            if not event.kept:
                self._pay(share.vault, -share.amount)
            elif line is not None:
                kept = -share.kept // FINEST
                vault.realised += trade(line, kept, event.price)
                line.lie(event.broker, kept)
                if not line.standing:
                    self.holdings.get(share.vault, {}).pop(event.symbol, None)
                self._restate(share.vault, line)

    def _move_cash(self, event: events.CashMoved) -> None:
        venue = self._venue(event.broker)
        if event.id in venue.moves:
            return
        venue.note(event.id, event.at)
        venue.cash_flow += event.amount
        for share in event.shares:
            self.vaults[share.vault].realised += share.amount
            self._pay(share.vault, share.amount)

    MOVES: ClassVar[dict[type[events.Event], Callable[[Any, Any], None]]] = {
        events.AccountOpened: _open_account,
        events.FeeCharged: _charge,
        events.CashMoved: _move_cash,
    }
    """How each is folded."""

    def _pay(self, name: str, amount: int) -> None:
        vault = self.vaults[name]
        vault.cash += amount
        self.account.cash += amount
        vault.high_water = max(vault.high_water, vault.nav)
