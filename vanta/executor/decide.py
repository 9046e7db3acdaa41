"""The decision: a pure function of intent, book, policy, quote and instant.

The same inputs make the same bytes in another process, under another hash seed, on another node;
so an audit replays every decision and compares.
"""

from vanta.domain.trading import Decision, Intent, Order, Quote, Sizing
from vanta.executor.book import Book
from vanta.executor.case import Case
from vanta.executor.edition import EDITION
from vanta.executor.fences.registry import all_passed, judge
from vanta.executor.mandate import Mandates
from vanta.executor.sizing import conversion_size, entry_size, exit_size, limit_price


def decide(
    intent: Intent,
    book: Book,
    policy: Mandates,
    quote: Quote | None,
    now: int,
    *,
    broker: str,
    edition: int = EDITION,
) -> Decision:
    """Accept an intent with a size, or deny it with every reason.

    Args:
        intent: what Markets asks for, past intake.
        book: everything decided before, folded; not changed.
        policy: the policy in force.
        quote: the market at `broker`; None when it gives none, which denies.
        now: UTC nanoseconds by the node's clock, read after the quote was.
        broker: where the order would go.
        edition: of the fences; a decision of before is made again by the one it was made by.

    Returns:
        With an order exactly when every fence passed.
    """
    case = Case(intent, book, policy.of(intent.vault), quote, now, broker, edition)
    order, sizing = propose(case)
    findings = judge(order, case)
    accepted = all_passed(findings, edition)
    return Decision(
        "dec_" + name_of(intent),
        intent.id,
        "accept" if accepted else "deny",
        order if accepted else None,
        sizing,
        findings,
    )


def propose(case: Case) -> tuple[Order, Sizing]:
    """The order an intent comes to, before any fence.

    Where sizing leaves nothing, the least order the instrument allows is proposed in its place,
    so that the fences name every cap that has no room for even that.
    """
    intent, mandate, quote = case.intent, case.mandate, case.quote
    flip = intent.flip and not intent.reducing and mandate.flip_until > case.reached
    price = limit_price(case)
    if case.converting:
        sizing = conversion_size(case)
    else:
        sizing = exit_size(case) if intent.reducing else entry_size(case, price, flip=flip)
    quantity = sizing.quantity
    if quantity == 0:
        case.sized = 0
        quantity = quote.instrument.lot if quote is not None else 0
    order = Order(
        "ord_" + name_of(intent),
        intent.id,
        intent.vault,
        intent.symbol,
        intent.asset_class,
        case.broker,
        intent.side,
        quantity,
        price,
        case.multiplier,
        intent.reducing,
        flip,
        mandate.persona,
        intent.strategy,
        intent.conviction,
        intent.band,
    )
    return order, sizing


def name_of(intent: Intent) -> str:
    """What the decision and the order of an intent are called, after `dec_` and `ord_`.

    A pure function of the intent, so a second try is the same order at every broker: the digest
    its own id is made of, which intake makes sure it has.
    """
    return intent.id.rpartition("_")[2]
