"""A policy that is tighter by the lattice never admits what a looser one denied.

For a fixed order, broker, book, quote and instant; over policies drawn from around the limits.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.executor.building import VAULT, in_stablecoin, pegged
from tests.executor.drawing import (
    coins,
    conversions,
    denied,
    held,
    markets,
    moneyed,
    orders,
    origins,
    policies,
)
from vanta.domain.encoding import encode
from vanta.domain.policy import Policy
from vanta.domain.trading import Order, Quote
from vanta.executor.fences.registry import FENCES
from vanta.lattice.algebra import close, compare, meet, tighten, tightenings
from vanta.lattice.direction import Order as Standing


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), policies(), orders, markets, origins)
def test_a_tighter_policy_never_admits_what_a_looser_one_denied(
    loose: Policy, other: Policy, proposed: Order, market: Quote | None, origin: dict[str, Any]
) -> None:
    """And not only as a whole: whatever code denied goes on denying."""
    book, _ = held()
    before = denied(loose, book, proposed, market, origin)
    tight = meet(loose, other)
    assert compare(tight, loose) in {Standing.TIGHTER, Standing.EQUAL}
    assert before <= denied(tight, book, proposed, market, origin)
    for one in tightenings(loose, other):
        assert before <= denied(tighten(loose, [one]), book, proposed, market, origin), one.path


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), orders, markets, origins)
def test_the_tightest_policy_keeps_every_denial(
    loose: Policy, proposed: Order, market: Quote | None, origin: dict[str, Any]
) -> None:
    book, _ = held()
    before = denied(loose, book, proposed, market, origin)
    assert before <= denied(close(loose), book, proposed, market, origin)
    gone = msgspec.structs.replace(loose, vaults={})
    assert before <= denied(gone, book, proposed, market, origin)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), policies(), st.one_of(coins, conversions), st.sampled_from([1, 20_100]))
def test_nor_a_conversion_nor_a_coin_that_is_paid_in_stablecoin(
    loose: Policy, other: Policy, proposed: Order, moved: int
) -> None:
    book, _ = moneyed()
    if proposed.symbol == "USDC-USD":
        market, origin = pegged(1 if moved == 1 else "0.99"), {"conviction_id": ""}
    else:
        market, origin = in_stablecoin(moved if moved > 1 else 20_000), {}
    before = denied(loose, book, proposed, market, origin)
    assert before <= denied(meet(loose, other), book, proposed, market, origin)
    for one in tightenings(loose, other):
        assert before <= denied(tighten(loose, [one]), book, proposed, market, origin), one.path


READ = {path for fence in FENCES for path in fence.paths}
"""Every governed field some fence reads."""


def values_at(value: Any, path: tuple[str, ...]) -> Iterator[bytes]:  # noqa: ANN401 - any part of a policy
    """What a policy has at a path; nothing where the path goes through a vault it has not."""
    if not path:
        yield encode(value)
    elif path[0] == "*":
        if VAULT in value:
            yield from values_at(value[VAULT], path[1:])
    else:
        yield from values_at(getattr(value, path[0]), path[1:])


def unvaried(drawn: list[Policy]) -> set[tuple[str, ...]]:
    """Fields that fences read, and that were the same in every one of these policies."""
    return {
        path for path in READ if len({one for rules in drawn for one in values_at(rules, path)}) < 2
    }


def test_the_policies_that_are_drawn_vary_every_field_a_fence_reads() -> None:
    drawn: list[Policy] = []

    @settings(max_examples=80, derandomize=True, database=None, deadline=None)
    @given(policies())
    def draw(rules: Policy) -> None:
        drawn.append(rules)

    draw()
    assert unvaried(drawn) == set()
    one = msgspec.structs.replace(drawn[0])
    assert unvaried([drawn[0], one]) == READ, "it would be seen"
