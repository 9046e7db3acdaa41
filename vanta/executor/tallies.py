"""How often what was done: what the fences on rates count, and what a throttle has shut off.

Part of the book: folded from the same events, in its snapshot, never trimmed by any clock but the
events' own.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable

import msgspec

from vanta.domain.instant import DAY, MINUTE
from vanta.domain.trading import Order

REPEATED = "REPEATED"
"""The finding that shuts a strategy of a vault off."""

THROTTLED = "THROTTLED"
"""The finding that it is."""

UNKNOWN = "VAULT_UNKNOWN"
"""The finding that there is no such vault."""

NONCE = 16
"""Letters of an intent's digest that name the throttle it set off."""

COMMITS_KEPT = 256
"""Policies that were in force before and are remembered."""

Times = list[int]
"""When something happened, oldest first."""


class Day(msgspec.Struct):
    """One vault's UTC day."""

    number: int
    """Days since the epoch."""
    messages: int = 0
    """Orders and cancels."""
    filled: int = 0
    """Orders with a first fill."""


class Tallies(msgspec.Struct):
    """Everything that is counted over time; by name."""

    account: Times = []
    """Messages of all vaults to all brokers, of the last minute or two."""
    brokers: dict[str, Times] = {}
    strategies: dict[str, Times] = {}
    days: dict[str, Day] = {}
    """By vault, the latest."""
    ordered: dict[str, dict[str, dict[str, Times]]] = {}
    """By vault, strategy, symbol and side: opening orders, of the last day or two."""
    throttled: dict[str, dict[str, str]] = {}
    """By vault and strategy: the nonce of the throttle that was set off last."""
    superseded: dict[str, int] = {}
    """Governance commits that were in force, to when they ceased to be."""
    passed: list[str] = []
    """Commits this node has judged since what is in force was published, oldest first."""

    def message(self, vault: str, broker: str, strategy: str, at: int) -> None:
        """Count an order or a cancel that goes to a broker."""
        for times in (
            self.account,
            self.brokers.setdefault(broker, []),
            self.strategies.setdefault(strategy, []),
        ):
            _add(times, at, MINUTE)
        if vault:
            self._day(vault, at).messages += 1

    def order(self, order: Order, at: int) -> None:
        """Count an order that was accepted."""
        self.message(order.vault, order.broker, order.strategy, at)
        if not order.reducing:
            by_strategy = self.ordered.setdefault(order.vault, {})
            times = by_strategy.setdefault(order.strategy, {}).setdefault(repeated(order), [])
            _add(times, at, DAY)

    def fill(self, vault: str, at: int) -> None:
        """Count an order that filled for the first time; nothing where nothing was counted yet."""
        if vault in self.days:
            day = self._day(vault, at)
            if day.number == at // DAY:
                day.filled += 1

    def shut_off(self, vault: str, strategy: str, intent_id: str) -> None:
        """Set a throttle off; what was counted for it begins anew once it is let go."""
        self.throttled.setdefault(vault, {})[strategy] = intent_id.rpartition("_")[2][:NONCE]
        self.ordered.get(vault, {}).pop(strategy, None)

    def supersede(self, before: str, now: str, at: int) -> None:
        """Another governance commit is in force."""
        self.superseded.pop(now, None)
        if before == now:
            return
        upto = self.passed.index(now) + 1 if now in self.passed else len(self.passed)
        gone, self.passed = [before, *self.passed[:upto]], self.passed[upto:]
        for commit in gone:
            if commit != now:
                self.superseded.pop(commit, None)
                self.superseded[commit] = at
        while len(self.superseded) > COMMITS_KEPT:
            del self.superseded[next(iter(self.superseded))]

    def go_past(self, commits: Iterable[str]) -> None:
        """More commits were judged, under which nothing else is in force yet."""
        self.passed = [*self.passed, *commits][-COMMITS_KEPT:]

    def _day(self, vault: str, at: int) -> Day:
        day = self.days.get(vault)
        if day is None or day.number < at // DAY:
            day = self.days[vault] = Day(at // DAY)
        return day


def repeated(order: Order) -> str:
    """What makes two orders of one strategy the same thing done again."""
    return f"{order.symbol} {order.side}"


def since(times: Times, when: int) -> int:
    """How many of them came after an instant."""
    return len(times) - bisect_right(times, when)


def _add(times: Times, at: int, window: int) -> None:
    if times and at < times[-1]:
        insort(times, at)
        return
    times.append(at)
    # Twice the window, so that cutting costs little for each time that is added.
    if times[0] <= at - 2 * window:
        del times[: bisect_right(times, at - window)]
