"""What the options market pays for: calls against puts, held against what is open already."""

from vanta.markets.features import Features
from vanta.markets.models.evidence import STRONGEST, Evidence, clamp, grown, percent, ratio

NAME = "options/1"
WEIGHT = 300_000
USUAL = 550_000
"""Share of calls among the contracts traded where open interest does not say."""
GAIN = 4
HALF = 2_000
"""Contracts at which it has half its weight."""


def evidence(features: Features) -> Evidence | None:
    """The share of calls in the day's contracts, above or below their share of those open."""
    calls = puts = open_calls = open_puts = 0
    for flow in features.flow:
        if flow.call:
            calls, open_calls = calls + flow.contracts, open_calls + flow.open
        else:
            puts, open_puts = puts + flow.contracts, open_puts + flow.open
    traded, standing = calls + puts, open_calls + open_puts
    if not traded:
        return None
    usual = ratio(open_calls, standing) if standing else USUAL
    share = ratio(calls, traded)
    dearest = sorted(features.flow, key=lambda flow: (-flow.premium, flow.id))
    return Evidence(
        model=NAME,
        value=clamp((share - usual) * GAIN),
        weight=grown(WEIGHT, traded, HALF),
        text=f"calls are {percent(share)} of {traded} contracts, {percent(usual)} of those open",
        signals=tuple(flow.id for flow in dearest[:STRONGEST] if flow.premium),
    )
