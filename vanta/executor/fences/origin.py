"""Fence 25: an intent comes from a build and a policy that go with this Executor. Every order."""

from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.fences.fence import at_most, fence, holds
from vanta.executor.mandate import holds as contains


@fence(
    25,
    "COMPATIBLE",
    codes=("BUILD", "POLICY_UNKNOWN", "POLICY_LAG"),
    reads=("builds", "policy_lag"),
    since=2,
)
def origin(order: Order, case: Case, found: list[Finding]) -> None:  # noqa: ARG001 - of its intent
    """A build that is taken, and a policy in force here, or in force until a moment ago.

    While nodes are promoted one after another, both builds and both policies are taken; a node that
    was forgotten is not, not even to close a position. What grew from no conviction is a way out of
    the Executor's own, found by this build: intake lets in nothing that says so.
    """
    mandate, intent, book, every = case.mandate, case.intent, case.book, case.every
    own = not intent.conviction_id
    taken = own or contains(mandate.builds, intent.build)
    if not taken or every:
        holds(found, 25, "BUILD", taken, intent.build)
    if own:
        return
    published, lag = book.published, 0
    if published is None or published.provenance.commit != intent.policy:
        ended = book.tallies.superseded.get(intent.policy)
        if intent.policy in book.tallies.passed:
            # Judged here, and what was in force before it is so still.
            ended = case.now
        if ended is None:
            holds(found, 25, "POLICY_UNKNOWN", False, intent.policy)  # noqa: FBT003 - not known
            return
        lag = case.now - ended
    if every:
        holds(found, 25, "POLICY_UNKNOWN", True, intent.policy)  # noqa: FBT003 - known
    if lag > mandate.policy_lag or every:
        at_most(found, 25, "POLICY_LAG", lag, mandate.policy_lag, "ns")
