"""One broker and everything that is done there: arm, clear, ask, compare.

A broker that is away keeps its own orders waiting and nobody else's.
"""

from collections.abc import Callable, Sequence

from vanta.domain.instant import SECOND
from vanta.domain.trading import Intent
from vanta.executor.brokers.port import Bookkeeping, Broker, BrokerAwayError, Hinted, Troubled
from vanta.executor.clearing import Clearing
from vanta.executor.events import OrderPrepared
from vanta.executor.gate import Gate
from vanta.executor.hints import Hints
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandate, Mandates, holds
from vanta.executor.router import Checkpoint, Router

RECONCILE_EVERY = 5 * SECOND
ASK_EVERY = SECOND // 5
"""Here as elsewhere, what was done at a time yet to come is due: the clock was set back since."""


class Desk:
    """What the Executor does at one broker.

    Args:
        log: the trade log and its book.
        gate: asked before every send.
        broker: the account.
        clock: UTC nanoseconds.
        checkpoint: called between steps.
        hints: that something happened there; None where nobody listens for them.
    """

    def __init__(
        self,
        log: TradeLog,
        gate: Gate,
        broker: Broker,
        clock: Callable[[], int],
        checkpoint: Checkpoint,
        hints: Hints | None = None,
    ) -> None:
        self.broker = broker
        # Asked for every intent, and a protocol is slow to ask about.
        self._troubled = broker if isinstance(broker, Troubled) else None
        self.router = Router(log, gate, broker, clock, checkpoint)
        self.armed = False
        """Whether the broker was asked about everything that was open before this process."""
        self.trouble = ""
        """Code of what keeps new orders in; empty when nothing does."""
        self._log, self._gate, self._clock, self._checkpoint = log, gate, clock, checkpoint
        self._clearing = Clearing(log, broker, self.router.poll, clock, ASK_EVERY)
        self._hints = hints
        self._asked = self._reconciled = 0
        self._again = False

    @property
    def reconciled(self) -> int:
        """When the broker was last compared with the book, UTC nanoseconds; 0 for never."""
        return self._reconciled

    def step(self, mandates: Mandates | None) -> int:
        """Take back what is halted, arm, and hear what became of orders; how much there was."""
        self.trouble = ""
        try:
            done = self._clearing.step(mandates, latched=self._gate.halted())
            if not self.armed:
                self._arm()
            done += self._ask()
        except BrokerAwayError as error:
            # What waits goes on waiting; what is open keeps its exposure.
            self.away(error)
            return 0
        self.trouble = self._doubt()
        return done

    @property
    def taking(self) -> bool:
        """Whether new orders may go there now."""
        return self.armed and not self._doubt()

    def look_again(self) -> None:
        """Ask about everything and compare it at the next step, though it is not due."""
        self._again = True

    def _doubt(self) -> str:
        return "" if self._troubled is None else self._troubled.trouble

    def away(self, error: BrokerAwayError) -> None:
        """Note that the broker does not answer: it is asked about everything again."""
        self.armed, self.trouble = False, error.code

    def _arm(self) -> None:
        """Settle everything that was open before, then hold the book against the broker."""
        for opened in list(self._log.book.open.values()):
            if not opened.prepared and opened.order.broker == self.broker.name:
                # Decided and not prepared: the crash came between two records of one batch.
                event = OrderPrepared(opened.order)
                self._log.state(event, parents=(opened.decision_id,), dag_id=opened.dag_id)
        self._log.commit()
        self.router.poll()
        self.router.settle()
        self.router.poll()
        self.router.reconcile()
        self.armed = True
        self._checkpoint("armed")

    def _ask(self) -> int:
        """Hear what became of open orders; now and then compare everything."""
        now = self._clock()
        again, self._again = self._again, False
        due = again or not 0 <= now - self._asked < ASK_EVERY
        news = self._ask_early()
        if self._log.book.brokers.get(self.broker.name) or due:
            news += self.router.poll()
        if due:
            self._asked = now
            self.router.settle()
            news += self.router.cashbook.step()
        # What a broker keeps of a purchase cannot be sold: it is looked at before anybody tries.
        bought = news and self._log.book.venue(self.broker.name).bought
        keeps = bought and isinstance(self.broker, Bookkeeping)
        if keeps or again or not 0 <= now - self._reconciled < RECONCILE_EVERY:
            self._reconciled = now
            self.router.reconcile()
        return news

    def _ask_early(self) -> int:
        """Follow a hint; where the pace has no room for it, the next turn will do."""
        if self._hints is None or not self._hints.due() or not isinstance(self.broker, Hinted):
            return 0
        self.broker.hint()
        try:
            return self.router.poll()
        except BrokerAwayError as error:
            if error.code != "BROKER_THROTTLED":
                raise
            return 0


def choose(intent: Intent, mandate: Mandate, desks: Sequence[Desk], holding: Sequence[str]) -> Desk:
    """The desk an intent goes to.

    A reducing intent goes where what it reduces is held, and may be reduced now where there are
    several; any other to the first broker, in the order of the node's configuration, that the
    vault may use and that trades such instruments. Where none does it goes to the first, and the
    fences say why not.

    Args:
        intent: past intake.
        mandate: of its vault.
        desks: every broker of the node, at least one.
        holding: names of the brokers that hold what is to be reduced.
    """
    if intent.reducing:
        ways = [desk for desk in desks if desk.broker.name in holding]
        for desk in ways:
            if desk.taking and not mandate.brake(desk.broker.name, intent.strategy).reducing:
                return desk
        if ways:
            return ways[0]
    for desk in desks:
        if not holds(mandate.brokers, desk.broker.name):
            continue
        if not desk.broker.trades or intent.asset_class in desk.broker.trades:
            return desk
    return desks[0]
