"""What would have been decided, as a risk officer reads it: sentences, and tables that fit."""

from collections.abc import Iterator

from vanta.cli.columns import table, wrapped
from vanta.domain.exact import show_money, units
from vanta.governance.plan import ReasonReplay, Replay

_EXAMPLES = 5
_REASONS = 8
_CAVEAT = (
    "each recorded decision is decided again against the book as it was: this is not a simulation "
    "of what would have happened afterwards"
)
_OUTCOMES = (
    ("denied", "now denied"),
    ("allowed", "now allowed"),
    ("smaller", "smaller"),
    ("larger", "larger"),
    ("repriced", "other limit price"),
)


def dollars(amount: str) -> str:
    """An exact amount of the plan as dollars and cents."""
    return show_money(units(amount))


def asked(found: Replay) -> str:
    """What was decided again, in a sentence without its end."""
    if not found.decisions:
        return f"no decision was recorded since {found.since}"
    return (
        f"{found.decisions:,} recorded decisions since {found.since} decided again "
        "under what is proposed"
    )


def outcomes(found: Replay) -> list[tuple[str, int, str]]:
    """How the decisions come out: what, how many, and their notional."""
    told = []
    for name, says in _OUTCOMES:
        moved = getattr(found, name)
        if moved.orders or name in {"denied", "allowed"}:
            worth = "" if name == "repriced" else dollars(moved.notional)
            told.append((says, moved.orders, worth))
    return [*told, ("the same", found.same, "")]


def weighed(found: Replay, most: int = _REASONS) -> Iterator[tuple[ReasonReplay, str, str]]:
    """The reasons that weigh most, with what each denies and releases."""
    for each in found.reasons[:most]:
        denies = f"{each.denies:,} ({dollars(each.denied_notional)})" if each.denies else "-"
        releases = f"{each.releases:,} ({dollars(each.released_notional)})"
        yield each, denies, releases if each.releases else "-"


def examples(found: Replay, most: int = _EXAMPLES) -> Iterator[str]:
    """The largest differences, each in a sentence."""
    for each in found.worst[:most]:
        before = dollars(each.before) if each.what != "allowed" else "nothing"
        after = dollars(each.after) if each.what != "denied" else "nothing"
        yield (
            f"{each.at} {each.vault} {each.side} {each.symbol}: {before} -> {after}: {each.because}"
        )


def caveats(found: Replay) -> Iterator[str]:
    """What the numbers are not."""
    yield _CAVEAT
    yield (
        "left out: exits of the Executor's own that only what is proposed would have wanted, such "
        "as by a nearer stop"
    )
    if found.documents_alone:
        yield (
            f"left out of {found.documents_alone:,}: halts beside the branch, hand edits and "
            "latches of then, whose receipts (governance.jsonl) are not beside the trade log"
        )
    if found.policies > 1:
        yield (
            f"{found.policies} publications of the policy were in force in that time; each "
            "decision is held against its own"
        )
    if found.earlier_fences:
        yield (
            f"{found.earlier_fences:,} were recorded before fences that this build has; they are "
            "put to the fences of then"
        )
    if found.otherwise_built:
        yield (
            f"{found.otherwise_built:,} were recorded by a build that decided otherwise; both "
            "sides are as this build decides"
        )


def replay_text(found: Replay) -> list[str]:
    """The replay as lines of a plan, at most 80 columns where names are short."""
    lines = wrapped(f"what if: {asked(found)}", 2)
    if not found.decisions:
        return lines
    lines += table([("", "orders", "notional"), *_texts(outcomes(found))], indent=4, gap=3)
    if len(found.vaults) > 1:
        lines += table(
            [
                ("vault", "decisions", "ordered before", "after"),
                *(
                    (each.vault, f"{each.decisions:,}", dollars(each.before), dollars(each.after))
                    for each in found.vaults
                ),
            ],
            indent=4,
            gap=3,
        )
    if found.reasons:
        rows = [(each.code, no, yes) for each, no, yes in weighed(found)]
        lines += table([("reason", "newly denies", "no longer denies"), *rows], indent=4, gap=3)
        if len(found.reasons) > _REASONS:
            lines.append(f"    and {len(found.reasons) - _REASONS} more reasons")
    if found.worst:
        lines.append("    the largest differences:")
        lines += [line for said in examples(found) for line in wrapped(said, 6)]
    return lines + [line for said in caveats(found) for line in wrapped(f"({said})", 4)]


def _texts(rows: list[tuple[str, int, str]]) -> list[tuple[str, ...]]:
    return [(what, f"{count:,}", worth) for what, count, worth in rows]
