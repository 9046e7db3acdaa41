"""A small fund on disk: real governance, real keys, and journals as the services write them."""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.domain.conviction import Conviction, Reason
from vanta.domain.encoding import content_id, encode
from vanta.domain.exact import UNIT
from vanta.domain.instant import HOUR, MINUTE, SECOND
from vanta.domain.policy import Published
from vanta.domain.record import Entry, Record
from vanta.domain.signal import RawItem, Signal
from vanta.domain.trading import (
    Envelope,
    Fill,
    Instrument,
    Intent,
    Order,
    Quote,
)
from vanta.executor import events
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.governance import sshsig
from vanta.governance.authoring import Desk
from vanta.governance.clock import NodeClock
from vanta.governance.controller import Controller
from vanta.governance.fetcher import Source
from vanta.governance.keys import generate_key, load_private_key
from vanta.governance.repository import Repository
from vanta.governance.starter import Founder, start, trust_file
from vanta.governance.trust import Trust, read_trust
from vanta.journal import checkpoint
from vanta.journal.chain import chain
from vanta.journal.view import write_view
from vanta.journal.writer import Journal
from vanta.node.layout import Layout

NODES = ("alpha", "markets", "executor")
PEOPLE = ("ada", "grace", "alan")
START = 1_700_000_000 * SECOND
VAULT = "momentum-us"


class Ticks:
    """A clock that moves a millisecond every time it is read."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1_000_000
        return self.now


@dataclass
class Fund:
    """Three node folders below one root."""

    root: Path
    clock: Callable[[], int] = field(default_factory=Ticks)

    def layout(self, node: str) -> Layout:
        return Layout(self.root / "nodes" / node)

    @property
    def layouts(self) -> list[Layout]:
        return [self.layout(node) for node in NODES]

    def key(self, node: str) -> Ed25519PrivateKey:
        return load_private_key(self.layout(node).key)

    @property
    def trust(self) -> Trust:
        return read_trust(self.layout("alpha").trust)

    def controller(self, node: str) -> Controller:
        layout = self.layout(node)
        return Controller(
            layout.memory,
            Repository.create(layout.mirror),
            Source(str(self.root / "bare.git")),
            "dev",
            self.trust,
            clock=NodeClock.steady(self.clock),
        )

    def tick(self, *nodes: str) -> None:
        """Let the controllers of some nodes (all, if none is named) evaluate what is new."""
        for node in nodes or NODES:
            controller = self.controller(node)
            controller.tick()
            controller.close()

    def desk(self, person: str) -> Desk:
        """A person at their clone, up to date."""
        clone = self.root / "gov"
        if not (clone / ".git" / "refs" / "remotes" / "origin").exists():
            _git(clone, "remote", "add", "origin", str(self.root / "bare.git"))
        _git(clone, "pull", "--quiet", "origin", "main")
        return Desk(clone, "dev", self.root / f"{person}.key", self.clock())

    def push(self) -> None:
        """Bring what was signed to the forge."""
        _git(self.root / "gov", "push", "--quiet", "origin", "main")

    def published(self, node: str) -> Published:
        controller = self.controller(node)
        published = controller.memory.published
        controller.close()
        assert published is not None
        return published

    def write(self, node: str, journal: str, entries: Sequence[Entry]) -> list[Record]:
        path = self.layout(node).journal(journal)
        with Journal.open(path, actor=f"{node}@0.1.0", clock=self.clock) as opened:
            return opened.append(entries)

    def rotate(self, node: str, journal: str) -> None:
        path = self.layout(node).journal(journal)
        if journal == "trade_log":
            log = TradeLog(path, actor=f"{node}@0.1.0", clock=self.clock)
            log._journal.rotate()
            log.close()
            return
        with Journal.open(path, actor=f"{node}@0.1.0", clock=self.clock) as opened:
            opened.rotate()

    def checkpoint(self, node: str, journal: str) -> None:
        """Sign how far a journal reached, as the node does."""
        path = self.layout(node).journal(journal)
        with Journal.open(path, actor=node, clock=self.clock) as opened:
            position = opened.position
        origin = f"vanta.example/{node}/{journal}"
        checkpoint.append_checkpoint(path, checkpoint.sign(position, origin, node, self.key(node)))

    def view(self, node: str, name: str, journal: str, data: object) -> Path:
        layout = self.layout(node)
        with Journal.open(layout.journal(journal), actor=node, clock=self.clock) as opened:
            position = opened.position
        path = layout.view(name)
        write_view(path, data, source=journal, position=position)
        return path


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        timeout=30,
    )


def found(root: Path, clock: Callable[[], int] | None = None) -> Fund:
    """Introduce a fund: keys, a governance repository, and nodes that enforce it."""
    root.mkdir(parents=True, exist_ok=True)
    people = {name: generate_key(root / f"{name}.key", name) for name in PEOPLE}
    keys = {}
    for node in NODES:
        layout = Layout(root / "nodes" / node)
        layout.memory.mkdir(parents=True)
        layout.key.parent.mkdir(parents=True)
        keys[node] = generate_key(layout.key, node)
    founders = [Founder(name, f"{name}@fund.example", key) for name, key in people.items()]
    trust = start(root / "gov", founders, keys, root / "ada.key")
    _git(root, "clone", "--quiet", "--bare", "gov", "bare.git")
    fund = Fund(root, clock or Ticks())
    for node in NODES:
        layout = fund.layout(node)
        layout.trust.write_bytes(trust_file(trust))
        role = node
        layout.config.write_text(
            f"node: {node}\nrole: {role}\nenvironment: dev\n"
            f"governance:\n  remote: {root / 'bare.git'}\n"
        )
    fund.tick()
    return fund


def signal(number: int, *, symbol: str = "AAPL", text: str = "to the moon") -> Signal:
    return Signal(
        id=f"sig_{number:08d}",
        feed="reddit",
        kind="post",
        event_ts=START + number * SECOND,
        seen_ts=START + number * SECOND,
        time_quality="exact",
        symbols=(symbol,),
        author=f"user{number}",
        text=text,
        measures={"score_count": number},
        origin=f"reddit.jsonl:{number + 1}",
    )


def harvested(one: Signal) -> Entry:
    item = RawItem(
        one.feed, "reddit-post", one.origin, encode({"body": one.text}).decode(), one.seen_ts
    )
    body = {"item": item, "signal": one}
    return Entry("signal.harvested", one.id, body, dag_id=one.id)


def conviction(
    number: int, signals: Sequence[str], *, symbol: str = "AAPL", side: str = "buy"
) -> Conviction:
    parts = (420_000, 310_000)
    reasons = (
        Reason(
            "sentiment/1", parts[0], 840_000, 500_000, "12 posts speak well of it", tuple(signals)
        ),
        Reason("momentum/1", parts[1], 620_000, 500_000, "up 4.1 % over five days"),
    )
    return Conviction(
        id=f"cnv_{number:08d}",
        symbol=symbol,
        asset_class="equity",
        as_of=moment(number),
        side="buy" if side == "buy" else "sell",
        score=sum(parts),
        band="strong",
        reasons=reasons,
        overlays={"ares": 800_000},
        youngest=moment(number),
        audit="harvest 1",
    )


def moment(number: int) -> int:
    """When the trade of this number happens, far from every other."""
    return START + number * HOUR


def intent(number: int, commit: str, *, of: Conviction, reducing: bool = False) -> Intent:
    now = moment(number)
    return Intent(
        id=content_id("intent", str(number).encode()),
        vault=VAULT,
        symbol=of.symbol,
        asset_class="equity",
        side=of.side,
        reducing=reducing,
        conviction=of.score,
        band=of.band,
        conviction_id=of.id,
        strategy="sentiment",
        flip=False,
        created=now,
        expires=now + 10 * MINUTE,
        market_time=now,
        build="markets@0.1.0",
        policy=commit,
        dag_id=of.id,
    )


def seal(one: Intent, key: Ed25519PrivateKey, node: str = "markets") -> Envelope:
    payload = encode(one)
    return Envelope(payload.decode(), sshsig.sign(key, payload, "vanta-intent").decode(), node)


def quote(number: int, symbol: str, price: int, spread: int) -> Quote:
    at = moment(number) + SECOND
    return Quote(
        symbol=symbol,
        bid=price - spread // 2,
        ask=price + spread // 2,
        last=price,
        ts=at,
        market_time=at,
        adv=10_000_000_000 * UNIT,
        session="open",
        instrument=Instrument(symbol, "equity", "fiat", UNIT // 100, UNIT, tradable=True),
    )


def fill(of: Order, number: int, quantity: int, price: int) -> Fill:
    return Fill(
        id=f"paper-{of.client_order_id[-6:]}-{number}",
        client_order_id=of.client_order_id,
        symbol=of.symbol,
        side=of.side,
        quantity=quantity,
        price=price,
        fee=UNIT // 20,
        ts=START + HOUR + number * MINUTE,
    )


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def forge(path: Path, change: Callable[[Record], Record]) -> None:
    """Change records and make the chain whole again, as somebody with the file would."""
    lines, prev = [], None
    for line in path.read_bytes().splitlines():
        record = change(msgspec.json.decode(line, type=Record))
        record = msgspec.structs.replace(record, prev=prev or record.prev)
        lines.append(msgspec.json.encode(record, order="deterministic"))
        prev = chain(record.prev, lines[-1])
    path.write_bytes(b"".join(line + b"\n" for line in lines))


@dataclass
class Traded:
    """One order's whole life, by its ids."""

    signals: tuple[str, ...]
    conviction: str
    intent: str
    decision: str
    order: str


def trade(
    fund: Fund,
    number: int,
    *,
    texts: Sequence[str] = ("to the moon", "earnings beat"),
    symbol: str = "AAPL",
    reducing: bool = False,
    price: int = 187 * UNIT,
    spread: int = UNIT // 50,
    fills: Sequence[int] = (),
    arrives: bool = True,
) -> Traded:
    """Let one conviction become one order, through every journal as the services do it.

    Args:
        fund: where.
        number: makes every id of it its own, and says when; in rising order.
        texts: what its signals say.
        symbol: what it is about.
        reducing: whether it closes the position, or opens one.
        price: middle of the market.
        spread: of the market; a wide one is denied.
        fills: price of each fill; together they fill the order.
        arrives: whether the Executor hears of it.
    """
    seen = [signal(number * 100 + i, text=text, symbol=symbol) for i, text in enumerate(texts)]
    fund.write("markets", "harvest", [harvested(one) for one in seen])
    ids = tuple(one.id for one in seen)
    view = conviction(number, ids, symbol=symbol, side="sell" if reducing else "buy")
    commit = fund.published("markets").provenance.commit
    wanted = intent(number, commit, of=view, reducing=reducing)
    envelope = seal(wanted, fund.key("markets"))
    sealed = {"intent": wanted, "envelope": envelope}
    fund.write(
        "markets",
        "reflection",
        [
            Entry("conviction.reflected", view.id, {"conviction": view}, ids, view.id, commit),
            Entry("intent.promoted", wanted.id, sealed, (view.id,), view.id, commit),
        ],
    )
    if not arrives:
        return Traded(ids, view.id, wanted.id, "", "")
    published = fund.published("executor")
    accepted = events.entry(
        events.IntentAccepted(envelope=envelope, intent=wanted),
        ordinal=0,
        parents=(view.id,),
        dag_id=view.id,
        policy=published.provenance.commit,
    )
    fund.write("executor", "intents", [accepted])
    path = fund.layout("executor").journal("trade_log")
    log = TradeLog(path, actor="executor@0.1.0", clock=fund.clock)
    try:
        if log.book.published != published:
            log.state(events.PolicyAdopted(published=published))
        if VAULT not in log.book.vaults:
            log.state(events.VaultFunded(vault=VAULT, cash=1_000_000 * UNIT, at=START))
        market, now = quote(number, symbol, price, spread), moment(number) + 2 * SECOND
        made = decide(wanted, log.book, Mandates(published.policy), market, now, broker="paper")
        told = events.DecisionMade(
            intent=wanted,
            quote=market,
            now=now,
            broker="paper",
            decision=made,
            edition=EDITION,
        )
        log.state(told, parents=(wanted.id,), dag_id=view.id)
        if made.order:
            _work(log, made.order, made.id, view.id, fills)
        log.commit()
    finally:
        log.close()
    name = made.order.client_order_id if made.order else ""
    return Traded(ids, view.id, wanted.id, made.id, name)


def _work(log: TradeLog, wanted: Order, cause: str, dag_id: str, fills: Sequence[int]) -> None:
    """What a broker does with an order: take it, and fill it in as many parts as asked."""
    name = wanted.client_order_id
    log.state(events.OrderPrepared(order=wanted), parents=(cause,), dag_id=dag_id)
    log.commit()
    log.of_order(
        name, events.OrderAcknowledged(client_order_id=name, broker_order_id="p1", ts=START)
    )
    each = wanted.quantity // max(1, len(fills)) // UNIT * UNIT
    for nth, price in enumerate(fills):
        last = nth == len(fills) - 1
        size = wanted.quantity - each * nth if last else each
        log.of_order(name, events.OrderFilled(fill=fill(wanted, nth, size, price)))
