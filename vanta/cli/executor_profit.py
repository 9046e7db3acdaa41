"""`vanta executor pnl` and `nav`: whose profit it is, and whether the book behaves."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.columns import table
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.exact import ppm, show_finest, show_money, show_ppm, show_units

if TYPE_CHECKING:
    from vanta.audit.attribution import Profit
    from vanta.audit.nav import Checked
    from vanta.executor.events import Event


class Split(StrEnum):
    """What profit can be split by."""

    VAULT = "vault"
    PERSONA = "persona"
    BAND = "band"
    STRATEGY = "strategy"
    SYMBOL = "symbol"


@command
def pnl(
    node: NodeDir = NODE_DEFAULT,
    by: Annotated[Split, typer.Option("--by", help="What to split it by.")] = Split.VAULT,
    as_json: Json = False,
) -> None:
    """Profit and loss since the vaults were funded: realised, unrealised, fees.

    Each profit is that of the entries that made it, an exit's fees too. Rows add up to the book
    to the last unit; --json has every digit.
    """
    from vanta.audit.attribution import MONEY, attribute, total

    found = attribute(_events(node))
    rows, kinds = found.rows(by.value), _kinds(found.fees)
    whole = total(rows)
    if as_json:
        exact = [_exact(row) for row in rows]
        print_json({"by": by.value, "rows": exact, "total": _exact(whole), "fees_in": dict(kinds)})
        return
    shown: list[tuple[str, ...]] = [(by.value, "realised", "unrealised", "fees", "total")]
    shown += [_row(row) for row in (*rows, whole)]
    for line in table(shown):
        say(line)
    if any(kind != MONEY for kind, _ in kinds):
        told = ", ".join(f"{amount} {kind}" for kind, amount in kinds)
        say(f"fees, each in its kind: {told}")


@command
def nav(
    node: NodeDir = NODE_DEFAULT,
    benchmark: Annotated[
        Path | None, typer.Option("--benchmark", help="Lines of `2026-11-25,612.34`.")
    ] = None,
    limit: Annotated[
        str, typer.Option("--limit", help="How far a day may be from the benchmark's.")
    ] = "0.05",
    as_json: Json = False,
) -> None:
    """Net asset value by day of the market, held against a benchmark.

    Exit 0: no day parts from it by more than the limit. 3: one does, or the benchmark lacks a day
    on which money was made or lost. 1: an error. 2: usage.
    """
    from vanta.audit.nav import check, days, read_closes

    closes, apart = {}, ppm(limit, place="--limit")
    if apart < 0:
        raise RefusedError(
            f"{limit} is below zero: no day could be within it",
            code="LIMIT",
            place="--limit",
            remedy="give a share of the value, such as 0.05",
        )
    if benchmark is not None:
        try:
            text = benchmark.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError("not text", code="BENCHMARK", place=str(benchmark)) from error
        except OSError as error:
            raise UnavailableError(
                f"cannot be read: {error.strerror}",
                code="BENCHMARK",
                place=str(benchmark),
                remedy="name a file with a line for each day, such as 2026-11-25,612.34",
            ) from error
        closes = read_closes(text, place=str(benchmark))
        if len(closes) < 2:  # noqa: PLR2004 - a return takes two closes
            raise RefusedError(
                "two closes are needed for one return", code="BENCHMARK", place=str(benchmark)
            )
    found = check(days(_events(node)), closes, apart)
    findings = [one for one in found if one.finding] if benchmark else []
    if as_json:
        print_json([_day(one, judged=benchmark is not None) for one in found])
    else:
        _say_days(found, findings, judged=benchmark is not None)
    raise typer.Exit(3 if findings else 0)


def _say_days(found: list["Checked"], findings: list["Checked"], *, judged: bool) -> None:
    if not found:
        say("no day of the market is on record")
        return
    rows: list[tuple[str, ...]] = [("day", "NAV", "put in", "profit", "return", "benchmark", "")]
    for one in found:
        day = one.day
        other = "-" if one.benchmark is None else _percent(one.benchmark)
        mark = "<- look" if judged and one.finding else ""
        amounts = (show_money(day.nav), show_money(day.put_in), show_money(day.profit))
        rows.append((day.day, *amounts, _percent(day.made), other, mark))
    width = len(rows[0]) if judged else len(rows[0]) - 2
    for line in table([row[:width] for row in rows], left=(0, 6)):
        say(line)
    for one in findings:
        why = "parts from the benchmark" if one.benchmark is not None else "has no benchmark"
        say(f"{one.day.day} {why} [{one.finding}]")


def _events(node: Path) -> Iterator["Event"]:
    from vanta.executor.events import read as event_of
    from vanta.journal.reader import read
    from vanta.node.layout import Layout

    for record in read(Layout(node.resolve()).journal("trade_log")):
        event = event_of(record)
        if event is not None:
            yield event


def _kinds(fees: dict[str, int]) -> list[tuple[str, str]]:
    """What fees were taken in, and how much of each."""
    from vanta.audit.attribution import LATER, MONEY

    return [
        (kind, (show_units if kind in {MONEY, LATER} else show_finest)(amount))
        for kind, amount in sorted(fees.items())
        if amount
    ]


def _exact(row: "Profit") -> dict[str, str]:
    numbers = ("realised", "unrealised", "fees", "total")
    return {"name": row.name, **{name: show_units(getattr(row, name)) for name in numbers}}


def _row(row: "Profit") -> tuple[str, ...]:
    return (row.name, *map(show_money, (row.realised, row.unrealised, row.fees, row.total)))


def _day(one: "Checked", *, judged: bool) -> dict[str, str | None]:
    day = one.day
    return {
        "day": day.day,
        "nav": show_units(day.nav),
        "put_in": show_units(day.put_in),
        "profit": show_units(day.profit),
        "return": show_ppm(day.made),
        "benchmark": None if one.benchmark is None else show_ppm(one.benchmark),
        "finding": (one.finding or None) if judged else None,
    }


def _percent(share: int) -> str:
    return f"{share / 10_000:+.2f} %"
