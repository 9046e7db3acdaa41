"""The gate: the single place that says whether an order may leave now.

It is asked at the last point before the wire, under a lock it shares with every other send and
holds until the send is over. A halt sets its latch and then takes that lock alone, so when the
halt returns, no order is on its way and none will be. What cannot be read is shut.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from vanta.domain.errors import VantaError
from vanta.domain.exact import notional
from vanta.domain.policy import Published
from vanta.domain.switches import Action
from vanta.domain.trading import Order
from vanta.executor.mandate import Mandate, Mandates, holds
from vanta.executor.rails import PEG, home
from vanta.governance.heartbeat import Silence
from vanta.governance.latch import latched, open_gate_lock

LATCHED = "HALT_LATCHED"
"""The reason a latch gives."""

UNJUDGED = "JUDGE_SILENT"
"""Nobody watches over what would leave."""

UNCOMPARED = "SURVEILLANCE_SILENT"
"""Nobody compares what left with what was asked for."""


def taken_back(order: Order, mandate: Mandate) -> tuple[str, ...]:
    """Codes of what an order was decided by and the policy no longer grants; pure.

    An order may leave long after it was decided, where a broker was away or lost it. Only what it
    is by itself is asked, as its fences were; ways out are asked nothing.
    """
    if order.reducing:
        return ()
    held_as = home(order.symbol)
    terms = mandate.symbol(held_as)
    if held_as != order.symbol:
        terms = mandate.either(order.symbol, terms)
    # Money has a limit in dollars alone, and needs no place in a universe.
    money = order.symbol == PEG
    worth = notional(order.limit_price, order.quantity, order.multiplier)
    asked = (
        ("VAULT_UNKNOWN", mandate.known),
        ("SYMBOL_NOT_ALLOWED", terms.allowed or money),
        ("SYMBOL_DENIED", not terms.denied),
        ("ASSET_CLASS", holds(mandate.asset_classes, order.asset_class)),
        ("BROKER", holds(mandate.brokers, order.broker)),
        ("ORDER_QUANTITY", order.quantity <= mandate.max_quantity or money),
        ("ORDER_NOTIONAL", worth <= mandate.max_notional or held_as != order.symbol),
    )
    return tuple(code for code, granted in asked if not granted)


class Gate:
    """Looks at the switches of the policy published now, what it still grants, and the latch.

    Args:
        memory: the node's memory folder, which holds the lock and the latch.
        policy: the policy published now; raises where there is none to read.
        watchers: the silence of everybody who must watch, by the code it shuts the gate with.
    """

    def __init__(
        self,
        memory: Path,
        policy: Callable[[], Published],
        watchers: Mapping[str, Silence] | None = None,
    ) -> None:
        self._memory = memory
        self._policy = policy
        self._watchers = dict(watchers or {})
        self._mandates: tuple[Published, Mandates] | None = None
        self.holds: dict[str, tuple[str, ...]] = {}
        """The service's own reasons to keep everything in, such as a drifting book, by broker."""

    @contextlib.contextmanager
    def look(self, order: Order) -> Iterator[tuple[str, ...]]:
        """Look whether `order` may leave; send it inside, or not at all.

        Yields:
            Codes of everything that keeps it in; empty when it may leave before the block ends.
        """
        if self.halted():
            # Without the lock: a halt that waits for sends is not kept waiting by those it denies.
            yield tuple(dict.fromkeys((LATCHED, *self._shut(order))))
            return
        try:
            fd = open_gate_lock(self._memory)
        except OSError:
            yield ("GATE_LOCK",)
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            yield self._shut(order)
        finally:
            os.close(fd)

    def halted(self) -> bool:
        """Whether the latch is set, or cannot be looked at."""
        return latched(self._memory)

    def _shut(self, order: Order) -> tuple[str, ...]:
        codes = [code for codes in self.holds.values() for code in codes]
        if self.halted():
            codes.append(LATCHED)
        codes.extend(code for code, silence in self._watchers.items() if silence.lasts())
        action = Action.REDUCE if order.reducing else Action.OPEN
        try:
            mandate = self._current().of(order.vault)
            brake = mandate.brake(order.broker, order.strategy)
            codes.extend(switch.upper() for _, switch in brake.forbidding(action))
            codes.extend(taken_back(order, mandate))
        except VantaError as error:
            codes.append(error.code)
        except Exception as error:  # noqa: BLE001 - a judge that breaks is itself a halt
            codes.append(f"GATE_{type(error).__name__}".upper())
        return tuple(dict.fromkeys(codes))

    def _current(self) -> Mandates:
        published = self._policy()
        if self._mandates is None or self._mandates[0] is not published:
            self._mandates = (published, Mandates(published.policy))
        return self._mandates[1]
