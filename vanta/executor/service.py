"""The Executor's process: intents in, decisions on disk, orders out, fills back, views for people.

It is made to be killed. Every step leaves the disk in a state another process goes on from: an
intent waits until its decision is on disk, an order is on disk before it is sent, and what became
of it is asked of the broker, never guessed. An error that leaves the book ahead of the disk ends
the process.
"""

import gc
from collections import ChainMap
from collections.abc import Callable, Sequence
from itertools import chain, islice

from vanta.bus.port import Inbox
from vanta.domain.errors import UnavailableError, VantaError
from vanta.domain.instant import SECOND
from vanta.domain.policy import Published
from vanta.domain.trading import Intent, Quote
from vanta.executor.adoption import PolicyInForce
from vanta.executor.branches import ended
from vanta.executor.brokers.port import Broker, BrokerAwayError
from vanta.executor.decide import decide
from vanta.executor.desk import Desk, choose
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    BookMarked,
    CommitsPassed,
    DecisionMade,
    OrderPrepared,
    PolicyAdopted,
    VaultFunded,
)
from vanta.executor.funding import Funding, Quotes
from vanta.executor.gate import UNCOMPARED, UNJUDGED, Gate
from vanta.executor.hints import EVERYBODY, Hints
from vanta.executor.inflow import Inflow
from vanta.executor.intake import Accepted, Refused, accept
from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.executor.passed import Passed
from vanta.executor.positions import OpenOrder
from vanta.executor.rails import away
from vanta.executor.right_of_way import RightOfWay
from vanta.executor.router import Checkpoint, passing
from vanta.executor.sessions import Sessions
from vanta.executor.standing import Posted
from vanta.executor.stops import Seen, stops
from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
from vanta.executor.views import Views
from vanta.executor.withdrawal import Withdrawals
from vanta.governance.clock import boot_id
from vanta.governance.heartbeat import Heartbeat, Silence
from vanta.journal.writer import ROTATE_AT
from vanta.node.ending import Ending
from vanta.node.layout import Layout

BATCH = 256
"""Most intents of one step."""

WATCH_EVERY = SECOND
"""Time between two looks at what is held, one symbol each: vendors count what they are asked."""

AHEAD = 5 * SECOND
"""How long an intent waits for the policy it was made under: Markets may have had it first."""


class ExecutorNode:
    """One Executor on its journals; the only writer of both.

    Args:
        layout: of the node.
        read_policy: the policy published now; raises where there is none to read.
        clock: UTC nanoseconds.
        brokers: where orders go and quotes come from, the first choice first; at least one.
        inbox: where intents come from.
        actor: service and build.
        judge_silence: nanoseconds without a sign of the judge after which nothing leaves; None
            where there is no judge.
        surveillance_silence: the same of the continuous comparison.
        sessions: asked beside the broker; None where its venue already goes by a calendar.
        checkpoint: called between steps.
        rotate_at: bytes after which a journal's segment is closed.

    Raises:
        UnavailableError: another process holds the journals, or the disk refuses.
        MalformedError: a journal was changed by somebody.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        read_policy: Callable[[], Published],
        clock: Callable[[], int],
        brokers: Sequence[Broker],
        inbox: Inbox,
        actor: str,
        judge_silence: int | None = None,
        surveillance_silence: int | None = None,
        sessions: Sessions | None = None,
        checkpoint: Checkpoint = passing,
        rotate_at: int = ROTATE_AT,
    ) -> None:
        self._clock, self._inbox = clock, inbox
        self._checkpoint, self._sessions = checkpoint, sessions
        self._log = TradeLog(
            layout.journal("trade_log"), actor=actor, clock=clock, rotate_at=rotate_at
        )
        try:
            self._inflow = Inflow(
                layout.journal("intents"),
                actor=actor,
                clock=clock,
                decided=self._log.decided_since,
                rotate_at=rotate_at,
            )
        except BaseException:
            self._log.close()
            raise
        self._policy = PolicyInForce(read_policy, self._log.book.published)
        memory, boot = layout.memory, boot_id()
        watchers = {
            code: Silence(memory, limit, boot, name=sign)
            for code, limit, sign in (
                (UNJUDGED, judge_silence, JUDGE_SIGN),
                (UNCOMPARED, surveillance_silence, SURVEILLANCE_SIGN),
            )
            if limit
        }
        self._gate = Gate(memory, self._policy, watchers)
        self._sign = Heartbeat(memory, boot, name=EXECUTOR_SIGN)
        self.desks = [
            Desk(self._log, self._gate, one, clock, checkpoint, Hints(layout.run, one.name, clock))
            for one in brokers
        ]
        self._nudges = Hints(layout.run, EVERYBODY, clock)
        self._passed = Passed(layout.journal("governance"))
        self._views = Views(layout, self._log, self._inflow)
        self._withdrawals = Withdrawals(layout.run, self._log, clock)
        self._way = RightOfWay()
        self._posted = Posted(layout.run)
        self._funding = Funding(self._log, self._gate, self.desks, clock, self._quote)
        self._mandates: Mandates | None = None
        self.trouble = ""
        """Code of what keeps new orders in; empty when nothing does."""
        self._watched = 0
        self._looked: dict[str, int] = {}
        """By symbol that is held: when it was looked at last."""

    @property
    def armed(self) -> bool:
        """Whether every broker was asked about everything that was open before this process."""
        return all(desk.armed for desk in self.desks)

    @property
    def settled(self) -> bool:
        """Whether no intent waits for a decision and no order is open."""
        book = self._log.book
        return not (self._inflow.waiting or book.wanted or book.open)

    @property
    def standing(self) -> str:
        """How it stands, in a line for people."""
        if self.trouble:
            return f"no new order leaves: {self.trouble}"
        return "armed" if self.armed else "asking the brokers"

    def close(self) -> None:
        """Give the journals up."""
        self._inflow.close()
        self._passed.close()
        self._log.close()

    def run(
        self,
        stop: Ending,
        *,
        idle: float = 0.02,
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Step until `stop`.

        Args:
            stop: when to end.
            idle: seconds between steps that found nothing to do.
            ready: called after every step; after the first, everything was looked at once.
        """
        # What a boot leaves behind lives as long as the process; sweeping it again only delays.
        gc.collect()
        gc.freeze()
        while not stop.is_set():
            worked = self.step()
            ready()
            if not worked:
                stop.wait(idle)
        self._views.finish()

    def step(self) -> int:
        """One round of everything; returns how much there was to do.

        Raises:
            UnavailableError: a journal takes no more: end the process.
        """
        self.trouble = ""
        self._sign.beat()
        ready = self._adopt()
        done = self._take_in()
        if self._nudges.due():
            for desk in self.desks:
                desk.look_again()
        for desk in self.desks:
            done += desk.step(self._mandates)
            self.trouble = self.trouble or desk.trouble
        done += self._withdrawals.step(self.desks)
        if ready:
            done += self._watch()
            done += self._funding.sweep(self._mandates) if self._mandates else 0
            done += self._decide_waiting()
        early, self._log.begun = self._log.begun, False
        self._inflow.rotate_if_due(early=early)
        self._views.refresh(self._clock(), idle=not done)
        self._posted.post(self.trouble, len(self._inflow.waiting), self.desks)
        return done

    def _adopt(self) -> bool:
        """Take the published policy; False where it cannot be read."""
        try:
            published = self._policy()
        except VantaError as error:
            self.trouble = error.code
            return False
        book = self._log.book
        if book.published is not published and book.published != published:
            self._log.state(PolicyAdopted(published, self._clock()))
        in_force = book.published
        if in_force is None:
            return False
        for name, vault in in_force.policy.vaults.items():
            if name not in book.vaults and vault.capital > 0:
                self._log.state(VaultFunded(name, vault.capital, self._clock()))
        if commits := self._passed.look(book.knows_policy):
            self._log.state(CommitsPassed(commits))
        for branch in ended(in_force.policy.overlay, book.ended, self._clock()):
            self._log.state(branch)
        self._log.commit()
        if self._mandates is None or self._mandates.policy is not in_force.policy:
            self._mandates = Mandates(in_force.policy)
        return True

    def _take_in(self) -> int:
        """Let parcels in; they are off the bus once what came of them is on disk."""
        published = self._log.book.published
        if published is None:
            return 0
        try:
            parcels = self._inbox.poll(BATCH)
        except UnavailableError as error:
            # What is open is looked after without a bus.
            self.trouble = error.code
            return 0
        if not parcels:
            return 0
        self._checkpoint("parcels read")
        now, new = self._clock(), dict[str, int]()
        seen = ChainMap(new, self._inflow.seen)
        judged: list[Accepted | Refused] = []
        for parcel in parcels:
            one = accept(parcel.payload, published.policy.nodes, seen, now)
            if isinstance(one, Accepted):
                new[one.intent.id] = one.intent.expires
            judged.append(one)
        self._inflow.take(judged, self._log.commit_id)
        self._checkpoint("intents journalled")
        try:
            self._inbox.done(*[parcel.id for parcel in parcels])
        except UnavailableError as error:
            # They come again, and are known.
            self.trouble = error.code
        self._checkpoint("parcels done")
        return len(parcels)

    def _decide_waiting(self) -> int:
        """Decide on what waits, make it durable, then send what was accepted."""
        mandates = self._mandates
        if mandates is None or not (waiting := self._due(mandates)):
            return 0
        # Every quote before the first decision: once the book moves, nothing may fail but the disk.
        quotes = self._quotes(waiting)
        pegs = self._funding.pegs(waiting, quotes, mandates)
        waiting = [(one, desk) for one, desk in waiting if desk.taking]
        if not waiting:
            return 0
        self._mark(max(intent.market_time for intent, _ in waiting))
        accepted: dict[str, list[OpenOrder]] = {}
        decided: list[str] = []
        for intent, desk in waiting:
            name, now = desk.broker.name, self._clock()
            quote = quotes[name, intent.symbol, intent.market_time]
            peg = pegs.get(intent.id)
            if not self._way.turn(intent, now) or self._funding.first(
                intent, name, quote, peg, mandates
            ):
                continue
            decision = decide(intent, self._log.book, mandates, quote, now, broker=name)
            if self._way.hindered(intent, decision, self._log.book, now):
                continue
            decided.append(intent.id)
            opened = self._state(DecisionMade(intent, quote, now, name, decision, EDITION))
            if opened is not None:
                accepted.setdefault(name, []).append(opened)
        self._checkpoint("decided")
        self._log.commit()
        self._checkpoint("decisions journalled")
        for name in decided:
            self._inflow.decided(name)
        for desk in self.desks:
            if desk.broker.name in accepted:
                desk.router.send(accepted[desk.broker.name])
        # After the sends: what is in the way may have been among them.
        return len(decided) + self._withdrawals.make_way(self._way.met(), self.desks)

    def _due(self, mandates: Mandates) -> list[tuple[Intent, Desk]]:
        """What may be decided now, ways out of its own first, and where each would go."""
        now = self._clock()
        asked = (one for one in self._inflow.waiting.values() if self._is_due(one))
        wanted = chain(self._log.book.wanted.values(), asked)
        due = ((one, self._desk_of(one, mandates)) for one in wanted if self._way.turn(one, now))
        return list(islice(((one, desk) for one, desk in due if desk.taking), BATCH))

    def _desk_of(self, intent: Intent, mandates: Mandates) -> Desk:
        if len(self.desks) == 1:
            return self.desks[0]
        book = self._log.book
        holding = book.ways_out(intent.vault, intent.symbol) or book.holding(intent.symbol)
        return choose(intent, mandates.of(intent.vault), self.desks, holding)

    def _quotes(self, waiting: list[tuple[Intent, Desk]]) -> Quotes:
        """What each broker says of what waits there; a broker that is away is left out."""
        quotes: Quotes = {}
        for intent, desk in waiting:
            market = (desk.broker.name, intent.symbol, intent.market_time)
            if market in quotes or not desk.armed:
                continue
            try:
                quotes[market] = self._quote(desk, intent.symbol, intent.market_time)
            except BrokerAwayError as error:
                desk.away(error)
                self.trouble = error.code
        return quotes

    def _watch(self) -> int:
        """Look at what is held, though nobody asks for anything; returns the exits wanted.

        Whichever was not looked at for longest comes first.
        """
        now, book = self._clock(), self._log.book
        if 0 <= now - self._watched < WATCH_EVERY or not any(book.holdings.values()):
            return 0
        self._watched = now
        latest = book.latest()
        held = book.held(latest + 1)
        if not held:
            return 0
        symbol = min(held, key=lambda name: (self._looked.get(name, 0), name))
        self._looked = {name: self._looked.get(name, 0) for name in held} | {symbol: now}
        found = self._price(symbol, latest)
        seen = [] if found is None else [found]
        moved = tuple(one.quote for one in seen if book.moves(one.quote))
        if moved:
            self._log.state(BookMarked(moved))
        wanted = self._want_out(seen)
        self._log.commit()
        self._checkpoint("exits journalled")
        return wanted

    def _want_out(self, seen: Sequence[Seen]) -> int:
        """State the exits that what was seen calls for; they are decided like what comes in."""
        mandates, book = self._mandates, self._log.book
        if mandates is None or self._gate.halted():
            return 0
        exits = stops(book, mandates, seen, self._clock())
        for event in exits:
            self._log.state(event, dag_id=event.intent.dag_id)
        return len(exits)

    def _quote(self, desk: Desk, symbol: str, market_time: int) -> Quote | None:
        quote = desk.broker.quote(symbol, market_time)
        return quote if quote is None or self._sessions is None else self._sessions.agreed(quote)

    def _is_due(self, intent: Intent) -> bool:
        """Whether its policy has been here, or had its time to come, and no money is on its way."""
        known = self._log.book.knows_policy(intent.policy)
        due = known or self._clock() - intent.created >= AHEAD
        return due and not self._funding.waits(intent)

    def _mark(self, market_time: int) -> None:
        """Price what is held: a loss counts though nobody asks to trade what lost."""
        book = self._log.book
        found = [self._price(symbol, market_time) for symbol in book.held(market_time)]
        # A position no broker gives a price for keeps the mark it has.
        seen = [one for one in found if one is not None]
        if seen:
            self._log.state(BookMarked(tuple(one.quote for one in seen)))
            self._want_out(seen)

    def _price(self, symbol: str, market_time: int) -> Seen | None:
        """What the first broker says that holds it; where it is held evenly both ways, any."""
        holding = self._log.book.holding(symbol)
        held = [desk for desk in self.desks if desk.broker.name in holding]
        for desk in held or self.desks:
            if desk.armed:
                try:
                    quote = desk.broker.quote(symbol, market_time)
                    if quote is None and away(symbol):
                        quote = desk.broker.quote(away(symbol), market_time)
                except BrokerAwayError as error:
                    desk.away(error)
                    self.trouble = error.code
                    continue
                return None if quote is None else Seen(desk.broker.name, quote)
        return None

    def _state(self, made: DecisionMade) -> OpenOrder | None:
        """Say what was decided; the order it came to."""
        book, intent, decision = self._log.book, made.intent, made.decision
        self._log.state(made, parents=(intent.id,), dag_id=intent.dag_id)
        if decision.order is None:
            return None
        prepared = OrderPrepared(decision.order)
        self._log.state(prepared, parents=(decision.id,), dag_id=intent.dag_id)
        return book.open[decision.order.client_order_id]
