"""What the Markets tests build: a policy like the starter's, signals, a node over real folders."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.domain.instant import DAY, MINUTE, SECOND, parse_instant
from vanta.domain.policy import (
    Flip,
    OrderLimits,
    OverlayPolicy,
    PersonaTerms,
    Policy,
    Promotion,
    Provenance,
    Published,
    Universe,
    VaultPolicy,
)
from vanta.domain.signal import RawItem, Signal
from vanta.domain.switches import Switches
from vanta.markets.service import MarketsNode
from vanta.node.layout import Layout

NOON = parse_instant("2026-03-03T17:00:00Z")
"""Noon in New York on a Tuesday."""
COMMIT = "c" * 40


def vault(
    persona: str, floor: int, horizon: int, symbols: str, asset_class: str = "equity"
) -> VaultPolicy:
    return VaultPolicy(
        universe=Universe(allow=frozenset(symbols.split()), asset_classes=frozenset({asset_class})),
        orders=OrderLimits(intent_age=10 * MINUTE, duplicate_window=5 * MINUTE),
        promotion=Promotion(conviction=550_000, reasons=2, signal_age=DAY, per_run=5),
        persona=PersonaTerms(name=persona, multiplier=10**6, conviction=floor, horizon=horizon),
    )


def policy(switches: Switches | None = None, flips: dict[str, Flip] | None = None) -> Policy:
    return Policy(
        environment="dev",
        vaults={
            "momentum-us": vault(
                "ares", 550_000, 3 * DAY, "AAPL AMD AMZN CSCO FB GOOG INTC MSFT NVDA TSLA"
            ),
            "fundamental-core": vault(
                "athena", 600_000, 20 * DAY, "AAPL BA BAC C CAT DIS GE JPM KO MCD MSFT PFE T V XOM"
            ),
            "crypto-flow": vault("apollo", 570_000, 10 * DAY, "BTC-USD ETH-USD", "crypto"),
        },
        overlay=OverlayPolicy(everywhere=switches or Switches(), flips=flips or {}),
    )


def published(rules: Policy | None = None) -> Published:
    return Published(
        policy=rules or policy(), provenance=Provenance(commit=COMMIT, tree="t" * 64, serial=1)
    )


def raw(layout: str, content: object, *, feed: str = "news", collected: int = NOON) -> RawItem:
    text = content if isinstance(content, str) else msgspec.json.encode(content).decode()
    return RawItem(feed, layout, "file:1", text, collected)


def said(
    name: str, words: str = "", *, kind: str = "tweet", feed: str = "twitter", at: int = NOON,
    symbols: tuple[str, ...] = ("AAPL",), author: str = "", measures: dict[str, int] | None = None,
) -> Signal:  # fmt: skip
    return Signal(
        id=f"sig_{name}",
        feed=feed,
        kind=kind,
        event_ts=at,
        seen_ts=at,
        time_quality="exact",
        symbols=symbols,
        author=author or name,
        text=words,
        measures=measures or {},
    )


def bar(
    name: str, at: int, close: int, *, open_: int = 0, volume: int = 10**12, span: int = DAY,
    symbol: str = "AAPL", source: str = "prices-yahoo-daily", feed: str = "prices",
) -> Signal:  # fmt: skip
    measures = {
        "open_units": open_ or close,
        "close_units": close,
        "high_units": max(open_ or close, close),
        "low_units": min(open_ or close, close),
        "volume_units": volume,
        "span_ns": span,
    }
    return said(
        name, kind="bar", feed=feed, at=at, symbols=(symbol,), author=source, measures=measures
    )


@dataclass
class Clock:
    """A clock that moves when it is told to, and a little at every look."""

    now: int = parse_instant("2026-11-22T12:00:00Z")

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def pass_(self, seconds: int) -> None:
        self.now += seconds * SECOND


@dataclass
class House:
    """A Markets node's folder, its bus, its key and the policy it sees."""

    root: Path
    feeds: Path
    clock: Clock = field(default_factory=Clock)
    key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    )
    policy: Callable[[], Published] = published

    def __post_init__(self) -> None:
        (self.root / "bus").mkdir(parents=True, exist_ok=True)

    @property
    def layout(self) -> Layout:
        return Layout(self.root / "node")

    @property
    def inbox(self) -> DirectoryInbox:
        return DirectoryInbox(self.root / "bus")

    def _in_force(self) -> Published:
        """Whatever `policy` is by then."""
        return self.policy()

    def open(self, rotate_at: int = 2**26) -> MarketsNode:
        return MarketsNode.open(
            self.layout,
            policy=self._in_force,
            clock=self.clock,
            key=self.key,
            outbox=DirectoryOutbox(self.root / "bus"),
            feeds=self.feeds,
            build="markets@test",
            rotate_at=rotate_at,
        )
