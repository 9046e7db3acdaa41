"""The changes most attacks are about: a limit raised, and everything halted."""

from tests.governance.fund import CRYPTO, MOMENTUM, Fund, switch, vault
from tests.governance.simulator import Content

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
"""From 1,000, which takes two people."""

OTHER: dict[str, Content] = {CRYPTO: vault("crypto", capital=2000, persona="athena")}
"""The same of another vault."""


def stop(fund: Fund) -> dict[str, Content]:
    """A halt of everything, which takes one."""
    return {fund.halt("stop"): switch("stop")}


def raised(fund: Fund, on: str, *, ref: str | None = None) -> str:
    """A looser policy that ada and grace approved, on a commit."""
    first = fund.change(LOOSER, by="ada", approve=True, parents=[on], ref=ref)
    return fund.approve("grace", parents=[first], ref=ref)
