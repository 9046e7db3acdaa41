"""The files people read about the Executor: open orders, the queue, positions.

Each is derived from the journals and stands for a position in them; deleting one loses nothing.
"""

import time
from typing import Any

from vanta.domain.exact import show_ppm, show_units
from vanta.domain.instant import SECOND, show_instant
from vanta.domain.trading import Intent
from vanta.executor.book import Book
from vanta.executor.events import DecisionMade
from vanta.executor.inflow import Inflow
from vanta.executor.log import TradeLog
from vanta.executor.positions import OpenOrder, VaultBook
from vanta.executor.rails import STABLECOIN
from vanta.executor.reasons import sentence
from vanta.journal.view import write_view
from vanta.node.layout import Layout

EVERY = SECOND // 4
"""Least time between two writes of the views while there is something to do."""

SHARE = 20
"""Of all time, no more than one part in so many is spent on making views of a large book."""

_SOURCE = "trade_log"


class Views:
    """Writes the views as the journals move on."""

    def __init__(self, layout: Layout, log: TradeLog, inflow: Inflow) -> None:
        self._layout, self._log, self._inflow = layout, log, inflow
        self._written: object = None
        self._at = self._took = 0

    def refresh(self, now: int, *, idle: bool) -> None:
        """Write the views where a journal moved, at once when idle and else now and then."""
        reached = (self._log.position, self._inflow.position, len(self._inflow.waiting))
        pause = max(self._took * SHARE, 0 if idle else EVERY)
        if reached == self._written or 0 <= now - self._at < pause:
            return
        began = time.thread_time_ns()
        self._write()
        self._written, self._at = reached, now
        self._took = time.thread_time_ns() - began

    def finish(self) -> None:
        """Write the views as they will stand while nobody runs."""
        if self._written is not None:
            self._write()

    def _write(self) -> None:
        position, book = self._log.position, self._log.book
        queue = autotrade_queue(
            [*book.wanted.values(), *self._inflow.waiting.values()], list(self._log.recent)
        )
        for name, data in (
            ("open_orders", open_orders(book)),
            ("autotrade_queue", queue),
            ("positions", positions(book)),
        ):
            write_view(self._layout.view(name), data, source=_SOURCE, position=position)


def open_orders(book: Book) -> list[dict[str, Any]]:
    """Every order that is not over, oldest first."""
    return [_open_order(opened) for opened in book.open.values()]


def _open_order(opened: OpenOrder) -> dict[str, Any]:
    order = opened.order
    return {
        "client_order_id": order.client_order_id,
        "broker_order_id": opened.broker_order_id,
        "state": opened.state.value,
        "reason": opened.reason,
        "vault": order.vault,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": show_units(order.quantity),
        "filled": show_units(opened.filled),
        "limit_price": show_units(order.limit_price),
        "reserved": show_units(opened.reserved),
        "broker": order.broker,
        "reducing": order.reducing,
        "flip": order.flip,
        "intent_id": order.intent_id,
    }


def autotrade_queue(waiting: list[Intent], recent: list[DecisionMade]) -> dict[str, Any]:
    """Intents without a decision, and the latest decisions with their reasons, newest first."""
    return {
        "waiting": [_intent(intent) for intent in waiting],
        "decided": [_decided(made) for made in reversed(recent)],
    }


def _intent(intent: Intent) -> dict[str, Any]:
    return {
        "intent_id": intent.id,
        "vault": intent.vault,
        "symbol": intent.symbol,
        "side": intent.side,
        "reducing": intent.reducing,
        "conviction": show_ppm(intent.conviction),
        "expires": show_instant(intent.expires),
    }


def _decided(made: DecisionMade) -> dict[str, Any]:
    decision = made.decision
    return {
        **_intent(made.intent),
        "decision_id": decision.id,
        "verdict": decision.verdict,
        "quantity": show_units(decision.order.quantity if decision.order else 0),
        "reasons": [sentence(finding) for finding in decision.reasons],
        "at": show_instant(made.now),
    }


def _stablecoin(vault: VaultBook) -> dict[str, Any]:
    """A vault's stablecoin; nothing for one that never had any."""
    if vault.purse is None:
        return {}
    line = vault.purse.line
    return {
        "stablecoin": {
            "currency": STABLECOIN,
            "quantity": show_units(line.quantity),
            "reserved": show_units(vault.purse.reserved),
            "cost": show_units(line.cost),
            "mark": show_units(line.mark),
            "value": show_units(line.counted.value),
        }
    }


def positions(book: Book) -> dict[str, Any]:
    """By vault: cash, net asset value, and what it holds."""
    return {
        name: {
            "cash": show_units(vault.cash),
            "nav": show_units(vault.nav),
            "day": show_units(vault.nav - vault.day_start),
            "realised": show_units(vault.realised),
            "fees": show_units(vault.fees),
            "gross": show_units(vault.gross),
            **_stablecoin(vault),
            "held": {
                symbol: {
                    "quantity": show_units(line.quantity),
                    "cost": show_units(line.cost),
                    "mark": show_units(line.mark),
                    "value": show_units(line.counted.value),
                }
                for symbol, line in sorted(vault.lines.items())
                if line.quantity
            },
        }
        for name, vault in sorted(book.vaults.items())
    }
