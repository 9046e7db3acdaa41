"""`vanta executor status` and `positions`: how the node that trades stands."""

from typing import Any, NamedTuple

import typer

from vanta.cli.columns import table, wrapped
from vanta.cli.executor_surveil import survey_lines, surveyed
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.exact import show_money, show_units, units
from vanta.domain.instant import NEVER, SECOND, show_instant

_SILENT = 5 * SECOND
"""Without a sign of the Executor, until it counts as not running."""


@command
def status(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Whether it trades, and why not: gate, judge, brokers, halts, policy, orders, positions.

    Exit 0: the Executor runs, nothing keeps opening orders in everywhere, and no mismatch stands.
    3: otherwise. 1: an error. 2: usage.
    """
    from vanta.node.layout import Layout

    found = _status(Layout(node.resolve()))
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            say(line)
    well = found["running"] and not found["shut"] and not found["comparison"]["standing"]
    raise typer.Exit(0 if well else 3)


@command
def positions(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """What every vault holds, at its mark, and what it has made."""
    from vanta.executor.rails import STABLECOIN
    from vanta.executor.recall import recall
    from vanta.executor.views import positions as shown
    from vanta.node.layout import Layout

    book = recall(Layout(node.resolve()).journal("trade_log")).book
    if as_json:
        print_json(shown(book))
        return
    rows: list[tuple[str, ...]] = [("vault", "symbol", "quantity", "mark", "value", "unrealised")]
    for name, vault in sorted(book.vaults.items()):
        money = [(f"{STABLECOIN} (money)", vault.purse.line)] if vault.purse else []
        for symbol, line in [*sorted(vault.lines.items()), *money]:
            if line.quantity:
                value = line.counted.value
                gain = value - line.cost if line.quantity > 0 else value + line.cost
                mark = show_units(line.mark) if line.mark else "unknown"
                cells = (show_units(line.quantity), mark, show_money(value), show_money(gain))
                rows.append((name, symbol, *cells))
    for line_ in table(rows, left=(0, 1)) if len(rows) > 1 else ["nothing is held"]:
        say(line_)
    sums: list[tuple[str, ...]] = [("vault", "NAV", "cash", "gross", "today")]
    sums += [
        (name, *map(show_money, (one.nav, one.cash, one.gross, one.nav - one.day_start)))
        for name, one in sorted(book.vaults.items())
    ]
    whole = book.account
    totals = (whole.nav, whole.cash, whole.gross, whole.nav - whole.day_start)
    sums.append(("together", *map(show_money, totals)))
    say("")
    for line_ in table(sums):
        say(line_)


def _status(layout: Any) -> dict[str, Any]:  # noqa: ANN401 - imported lazily
    from vanta.domain.errors import VantaError
    from vanta.executor.clearing import covered
    from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
    from vanta.executor.mandate import Mandates
    from vanta.executor.recall import recall
    from vanta.executor.standing import read_standing
    from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
    from vanta.governance.heartbeat import Silence
    from vanta.governance.latch import latched
    from vanta.governance.published import PolicyReader
    from vanta.node.config import read_config

    config = read_config(layout.config)
    recalled = recall(layout.journal("trade_log"))
    book, standing = recalled.book, read_standing(layout.run)
    sign = Silence(layout.memory, _SILENT, name=EXECUTOR_SIGN)
    limit = config.executor.judge_silent_after
    judge = Silence(layout.memory, limit, name=JUDGE_SIGN) if limit else None
    shut: list[str] = []
    policy, trouble = None, ""
    try:
        policy = PolicyReader(layout.memory, silence=config.governance.silent_after)()
    except VantaError as error:
        trouble = error.code
        shut.append(error.code)
    latch = latched(layout.memory)
    if latch:
        shut.append("HALT_LATCHED")
    if judge is not None and judge.lasts():
        shut.append("JUDGE_SILENT")
    comparison = surveyed(layout)
    compared_within = config.executor.surveillance.silent_after
    if compared_within and Silence(layout.memory, compared_within, name=SURVEILLANCE_SIGN).lasts():
        shut.append("SURVEILLANCE_SILENT")
    running = not sign.lasts()
    brokers = list(standing.brokers) if standing else []
    if any(one.differences for one in brokers):
        shut.append("RECONCILIATION_DRIFT")
    if standing and standing.trouble and standing.trouble not in shut:
        shut.append(standing.trouble)
    mandates = Mandates(policy.policy) if policy else None
    switched = _switched(mandates, sorted({one.name for one in brokers}))
    shut += [code for code in switched.shut if code not in shut]
    decided = book.published.policy.vaults if book.published else {}
    halted = covered(book, mandates, latched=latch)
    account = book.account
    return {
        "running": running,
        "sign_seconds": _seconds(sign),
        "armed": bool(brokers) and all(one.armed for one in brokers),
        "trouble": (standing.trouble if standing else "") or trouble or None,
        "shut": shut,
        "vaults_shut": switched.vaults,
        "throttled": _throttled(book, policy),
        "orphans": [
            {
                "vault": name,
                "positions": count,
                "persona": book.former[name].name if name in book.former else None,
            }
            for name, count in sorted(book.orphans(decided).items())
        ],
        "latched": latch,
        "judge": None if judge is None else ("silent" if judge.lasts() else "watching"),
        "judge_seconds": None if judge is None else _seconds(judge),
        "comparison": {**comparison, "left_out": config.uncompared},
        "policy": policy.provenance if policy else None,
        "decides_under": book.published.provenance if book.published else None,
        "brokers": [
            {
                "name": one.name,
                "armed": one.armed,
                "trouble": one.trouble or None,
                "reconciled": show_instant(one.reconciled) if one.reconciled else None,
                "differences": one.differences,
                "shut": switched.brokers.get(one.name, []),
            }
            for one in brokers
        ],
        "cancel_all": {
            "due": bool(halted.why) and (halted.everything or bool(halted.orders)),
            "left": len(halted.orders),
            "confirmed": show_instant(recalled.cleared.at) if recalled.cleared else None,
            "orders": len(recalled.cleared.orders) if recalled.cleared else 0,
        },
        "waiting": standing.waiting if standing else None,
        "open_orders": len(book.open),
        "unknown_orders": sum(one.state.value == "unknown" for one in book.open.values()),
        "reserved": show_units(account.buying + account.selling),
        "positions": sum(bool(x.standing) for v in book.vaults.values() for x in v.lines.values()),
        "nav": show_units(account.nav),
        "today": show_units(account.nav - account.day_start),
        "last_record": show_instant(recalled.at),
    }


class _Switched(NamedTuple):
    """The switches that keep opening orders in."""

    shut: list[str]
    """Of everything: everywhere, or each vault by itself, or at the only broker there is."""
    vaults: dict[str, list[str]]
    """By vault, at every broker it may use; what is on everywhere is not said again."""
    brokers: dict[str, list[str]]
    """By broker; what is on everywhere is not said again."""


def _switched(mandates: Any, brokers: list[str]) -> _Switched:  # noqa: ANN401 - imported lazily
    from vanta.domain.switches import Action
    from vanta.executor.mandate import holds

    if mandates is None:
        return _Switched([], {}, {})
    overlay = mandates.policy.overlay
    shut = _on(overlay.everywhere)
    vaults: dict[str, list[str]] = {}
    for vault in sorted(mandates.policy.vaults):
        mandate = mandates.of(vault)
        used = [name for name in brokers if holds(mandate.brokers, name)] or brokers
        told = [
            [
                switch.upper()
                for _, switch in mandate.brake(broker, "").forbidding(Action.OPEN)
                if switch.upper() not in shut
            ]
            for broker in used
        ]
        if told and all(told):
            vaults[vault] = list(dict.fromkeys(code for codes in told for code in codes))
    on = {
        name: [one for one in _on(overlay.venues.at(name)) if one not in shut] for name in brokers
    }
    if vaults.keys() >= mandates.policy.vaults.keys():
        shut = list(dict.fromkeys([*shut, *(code for codes in vaults.values() for code in codes)]))
    return _Switched(shut, vaults, on)


def _on(switches: Any) -> list[str]:  # noqa: ANN401 - imported lazily
    return [name.upper() for name in switches.__struct_fields__ if getattr(switches, name) != NEVER]


def _throttled(book: Any, policy: Any) -> list[dict[str, str]]:  # noqa: ANN401 - imported lazily
    """Strategies that are shut off in a vault, each with the nonce that lets it go.

    Of vaults there are: one that the policy does not have opens nothing in any case.
    """
    if policy is None:
        policy = book.published
    if policy is None:
        return []
    released, known = policy.policy.released, policy.policy.vaults
    return [
        {"vault": vault, "strategy": strategy, "nonce": nonce}
        for vault, strategies in sorted(book.tallies.throttled.items())
        if vault in known
        for strategy, nonce in sorted(strategies.items())
        if nonce not in released
    ]


def _seconds(sign: Any) -> float | None:  # noqa: ANN401 - imported lazily
    from vanta.governance.heartbeat import NEVER_HEARD

    lasted = sign.lasted()
    return None if lasted == NEVER_HEARD else round(lasted / SECOND, 1)


def _lines(found: dict[str, Any]) -> list[str]:
    """The status for a terminal: whether it trades first, and every reason why not."""
    lines = [*_trading(found), *_cancel_all(found["cancel_all"])]
    for broker in found["brokers"]:
        lines += _broker(broker, running=found["running"])
    judge, seconds = found["judge"], found["judge_seconds"]
    if judge:
        ago = "never heard" if seconds is None else f"sign of life {_ago(seconds)} ago"
        lines.append(f"judge: {judge}, {ago}" if judge == "watching" else f"judge: SILENT, {ago}")
    lines += survey_lines(found["comparison"])
    policy, under = found["policy"], found["decides_under"]
    if policy:
        lines.append(f"policy: commit {policy.commit[:12]}, serial {policy.serial}")
        if under and under.serial != policy.serial:
            lines.append(f"  decisions are still made under serial {under.serial}")
    lines += _book(found)
    lines += [_orphan(one) for one in found["orphans"]]
    return [part for line in lines for part in _indented(line)]


def _trading(found: dict[str, Any]) -> list[str]:
    from vanta.executor.reasons import withheld

    lines = []
    if not found["running"]:
        since = found["sign_seconds"]
        ago = f"no sign of life for {_ago(since)}" if since is not None else "it never ran here"
        lines.append(f"NOT RUNNING: {ago}; what follows is the journal's last word")
    if found["shut"]:
        lines.append("SHUT: no opening order leaves")
        lines += [f"  {withheld(code)}" for code in found["shut"]]
    elif found["running"]:
        lines.append("open: orders may leave")
    shut = found["vaults_shut"].items()
    lines += [f"  vault {vault}: {', '.join(codes).lower()}" for vault, codes in shut]
    return lines + [
        f"  vault {one['vault']}: strategy {one['strategy']} is shut off;"
        f" `vanta resume --edit {one['nonce']}` starts to let it go"
        for one in found["throttled"]
    ]


def _cancel_all(clearing: dict[str, Any]) -> list[str]:
    if not clearing["due"]:
        return []
    if clearing["left"]:
        return [f"cancel-all: {clearing['left']} orders are NOT back yet"]
    if clearing["confirmed"]:
        return [f"cancel-all: confirmed at {clearing['confirmed']}, {clearing['orders']} orders"]
    return ["cancel-all: nothing was open"]


def _book(found: dict[str, Any]) -> list[str]:
    unknown = f", {found['unknown_orders']} UNKNOWN" if found["unknown_orders"] else ""
    reserved = _dollars(found["reserved"])
    waiting = f"; {found['waiting']} intents wait" if found["waiting"] else ""
    nav, today = _dollars(found["nav"]), _dollars(found["today"])
    return [
        f"orders: {found['open_orders']} open{unknown}, {reserved} reserved{waiting}",
        f"positions: {found['positions']}; NAV {nav}, today {today}",
        f"last record: {found['last_record']}",
    ]


def _orphan(one: dict[str, Any]) -> str:
    held = f"ORPHAN: vault {one['vault']} is gone from the policy, positions: {one['positions']}"
    if one["persona"] is None:
        return f"{held}; no terms of it are known here, so nothing gets it out"
    return f"{held}; it opens nothing, and gets out by the last terms of {one['persona']}"


def _broker(broker: dict[str, Any], *, running: bool) -> list[str]:
    state = "armed" if broker["armed"] else "NOT ARMED"
    state = state if running else f"was {state}"
    trouble = f", {broker['trouble']}" if broker["trouble"] else ""
    agree = f"{len(broker['differences'])} DIFFERENCES" if broker["differences"] else "agrees"
    looked = f"{agree} with the book at {broker['reconciled']}" if broker["reconciled"] else ""
    on = f", {', '.join(broker['shut']).lower()}" if broker["shut"] else ""
    line = f"broker {broker['name']}: {state}{trouble}{on}{'; ' if looked else ''}{looked}"
    return [line, *(f"  {one.code} {one.subject}".rstrip() for one in broker["differences"])]


def _indented(line: str) -> list[str]:
    text = line.lstrip()
    return wrapped(text, len(line) - len(text))


def _ago(seconds: float) -> str:
    for length, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds} s"


def _dollars(amount: str) -> str:
    return show_money(units(amount))
