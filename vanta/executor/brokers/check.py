"""What of a broker works, asked without changing anything there."""

from collections.abc import Callable

import msgspec

from vanta.domain.errors import UnavailableError, VantaError
from vanta.domain.exact import show_units
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.executor.brokers.named import AnyBroker
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.port import Account
from vanta.executor.brokers.rest.session import SKEW

_ON_THE_WAY = (
    "see whether its address in etc/node.yaml is right and the machine may reach it (`HTTPS_PROXY`,"
    " the firewall); if so, what the vendor says of its service today"
)

FEW_LEFT = 10
"""Requests left below which something else is using them up."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    fine: bool
    said: str
    code: str = ""
    remedy: str = ""


class CheckedBroker(msgspec.Struct, frozen=True):
    """Everything that was looked at."""

    broker: str
    fine: bool
    checks: tuple[Check, ...]


def check(
    name: str, opened: Callable[[], AnyBroker], symbol: str, clock: Callable[[], int]
) -> CheckedBroker:
    """Look at everything, and ask no further once the broker does not let itself be asked.

    Args:
        name: of the broker.
        opened: makes it; raises where its credentials or its address are wrong.
        symbol: whose quote is asked for.
        clock: UTC nanoseconds.
    """
    done: list[Check] = []
    try:
        broker = opened()
    except VantaError as error:
        done.append(_failed("credentials", error))
        return CheckedBroker(name, fine=False, checks=tuple(done))
    try:
        if not isinstance(broker, PaperBroker):
            done.append(Check("credentials", fine=True, said="found"))
        try:
            account = broker.account()
        except VantaError as error:
            done.append(_failed("reachable", error))
            return CheckedBroker(name, fine=False, checks=tuple(done))
        done += _of_account(broker, account)
        done.append(_tried("quote", lambda: _quote(broker, symbol, clock())))
        done.append(_tried("orders", lambda: f"{len(broker.open_orders())} open"))
        done.append(_tried("positions", lambda: f"{len(broker.positions())} held"))
        done += _pace(broker)
    finally:
        broker.close()
    return CheckedBroker(name, all(one.fine for one in done), tuple(done))


def _of_account(broker: AnyBroker, account: Account) -> list[Check]:
    if isinstance(broker, PaperBroker):
        return [Check("reachable", fine=True, said="over its socket")]
    observed = broker.session.observed
    done = [
        Check(
            "reachable",
            fine=True,
            said=f"{broker.session.place}, {observed.latency * 1000 // SECOND} ms",
        ),
        _clock(observed.skew),
    ]
    worth = f"cash {_shown(account.cash)}, buying power {_shown(account.buying_power)}"
    if account.blocked:
        done.append(
            Check(
                "account",
                fine=False,
                said=f"takes no orders: {account.blocked}",
                code="BROKER_ACCOUNT",
                remedy="ask the broker to lift it; the Executor's orders would be rejected",
            )
        )
    else:
        done.append(Check("account", fine=True, said=f"takes orders; {worth}"))
    able = ", ".join(account.permissions) or "long only"
    done.append(Check("permissions", fine=True, said=able))
    return done


def _clock(skew: int | None) -> Check:
    if skew is None:
        return Check("clock", fine=True, said="the broker does not say its time")
    if abs(skew) <= SKEW:
        return Check("clock", fine=True, said=f"within {SKEW // SECOND} s of the broker's")
    where = "ahead of" if skew > 0 else "behind"
    return Check(
        "clock",
        fine=False,
        said=f"{abs(skew) // SECOND} s {where} the broker's",
        code="CLOCK_SKEW",
        remedy="`timedatectl` must say that the clock is synchronised",
    )


def _quote(broker: AnyBroker, symbol: str, now: int) -> str:
    quote = broker.quote(symbol, now)
    if quote is None:
        recorded = "; its tape has no price of the last days, where the market is a recorded one"
        raise UnavailableError(
            f"none for {symbol}",
            code="NO_MARKET",
            remedy="name a symbol this account may see: `--symbol`"
            + (recorded if isinstance(broker, PaperBroker) else ""),
        )
    sides = f"{show_units(quote.bid)} / {show_units(quote.ask)}"
    return f"{symbol} {sides}, {_age(max(0, now - quote.ts))} old, {quote.session}"


def _age(lasted: int) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if lasted >= 2 * unit:
            return f"{lasted // unit} {name}"
    return f"{lasted // SECOND} s"


def _pace(broker: AnyBroker) -> list[Check]:
    left = None if isinstance(broker, PaperBroker) else broker.session.observed.left
    if left is None:
        return []
    if left >= FEW_LEFT:
        return [Check("rate limit", fine=True, said=f"{left} requests left")]
    return [
        Check(
            "rate limit",
            fine=False,
            said=f"{left} requests left",
            code="BROKER_THROTTLED",
            remedy="find what else uses this account's keys, and give it keys of its own",
        )
    ]


def _tried(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, fine=True, said=ask())
    except VantaError as error:
        return _failed(name, error)


def _failed(name: str, error: VantaError) -> Check:
    # Elsewhere the remedy is to run this very check.
    remedy = _ON_THE_WAY if "`vanta broker check" in error.remedy else error.remedy
    return Check(name, fine=False, said=error.message, code=error.code, remedy=remedy)


def _shown(units: int | None) -> str:
    return "not told" if units is None else show_units(units)
