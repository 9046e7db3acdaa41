"""What the demo looks at to check a promise: journals, read as anybody could read them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from vanta.domain.record import Record
from vanta.journal.reader import read
from vanta.node.layout import Layout


def records(layout: Layout, journal: str) -> list[Record]:
    """Every record of a journal, or none where it does not exist yet."""
    path = layout.journal(journal)
    return list(read(path)) if path.exists() else []


def body(record: Record) -> dict[str, Any]:
    """A record's body as plain JSON."""
    found: dict[str, Any] = msgspec.json.decode(record.body)
    return found


def of(found: Iterable[Record], kind: str) -> list[dict[str, Any]]:
    """The bodies of one type of record."""
    return [body(record) for record in found if record.type == kind]


def denied_for(decision: dict[str, Any]) -> set[str]:
    """The codes of the fences that said no."""
    return {code for _, code, passed, *_ in decision["decision"]["findings"] if not passed}


def _orders(trades: list[Record]) -> list[dict[str, Any]]:
    return of(trades, "order.prepared")


class Tally:
    """What the Executor decided, counted."""

    def __init__(self, trades: list[Record]) -> None:
        self.decisions = of(trades, "decision.made")
        self.accepted = [d for d in self.decisions if d["decision"]["verdict"] == "accept"]
        self.denied = [d for d in self.decisions if d["decision"]["verdict"] == "deny"]
        self.prepared = [o["order"]["client_order_id"] for o in of(trades, "order.prepared")]
        self.fills = [f["fill"] for f in of(trades, "order.filled")]
        ended = ("order.cancelled", "order.rejected", "order.withheld")
        self.over = {e["client_order_id"] for kind in ended for e in of(trades, kind)}
        left = {o["order"]["client_order_id"]: o["order"]["quantity"] for o in _orders(trades)}
        for fill in self.fills:
            left[fill["client_order_id"]] -= fill["quantity"]
        self.over |= {name for name, quantity in left.items() if quantity <= 0}
        """Orders to which nothing more can happen."""
        self.codes: Counter[str] = Counter(c for d in self.denied for c in denied_for(d))
