"""Every check there is, in the order people read them."""

from vanta.diagnostics.checks import (
    alpha,
    journals,
    machine,
    markets,
    services,
    standing,
    switches,
    trading,
)
from vanta.diagnostics.finding import Check

CHECKS: tuple[Check, ...] = (
    *services.CHECKS,
    *standing.CHECKS,
    *switches.CHECKS,
    *trading.CHECKS,
    *markets.CHECKS,
    *alpha.CHECKS,
    *journals.CHECKS,
    *machine.CHECKS,
)


def of_role(role: str) -> tuple[Check, ...]:
    """The checks that apply to a node of one role."""
    return tuple(check for check in CHECKS if role in check.roles)
