"""A plan as a risk officer would say it: text for a terminal, Markdown for a pull request."""

import re
from collections.abc import Iterable

from vanta.cli.replay_text import (
    asked,
    caveats,
    dollars,
    examples,
    outcomes,
    replay_text,
    weighed,
)
from vanta.governance.plan import MAY, MISSING, NEVER_AS_IT_STANDS, Ask, Line, Plan, Replay

MOST_LETTERS = 20_000
"""Of one plan in a comment: forges take 65,536, and three environments go into one."""

_ROWS = (100, 25, 5)
"""How many of anything a comment tells: the most that fit."""
_LETTERS_OF_ONE = 400
_WORST_FIRST = ("loosens", "unordered", "tightens", "neutral")
EFFECTS = {
    "tightens": "tightens",
    "loosens": "LOOSENS",
    "unordered": "LOOSENS (cannot be ordered)",
    "neutral": "label only",
}
"""What each effect is called."""
_OUTCOMES = {
    MAY: "This may be applied.",
    MISSING: "Approvals are missing.",
    NEVER_AS_IT_STANDS: "This can never be applied as it stands.",
}
_TIGHTENS_ONLY = "It only tightens."
_BUTTON = (
    "A forge's Approve button does not count: approve with `vanta governance approve`, and merge "
    "with a merge commit."
)


def outcome(plan: Plan) -> str:
    """What becomes of it, in a sentence."""
    text = _OUTCOMES[plan.exit]
    return f"{text} {_TIGHTENS_ONLY}" if plan.only_tightens and plan.changes else text


def _need(need: Ask, *, done: bool) -> str:
    """What one kind of change takes; `done` where all of it may be applied as it stands."""
    where = "the whole environment" if need.scope == "*" else need.scope
    if not need.role:
        return f"no role may {need.action} {where}"
    if done and not need.met:
        return f"no approval to {need.action} {where}: whoever may do it alone signed it"
    signed = ", ".join(need.approved) or "nobody"
    missing = need.quorum - len(need.approved)
    rest = "enough" if missing <= 0 else f"{missing} more of {', '.join(need.missing)}"
    return f"{need.action} {where}: {need.quorum} of {need.role}; signed by {signed}; {rest}"


def plan_text(plan: Plan) -> str:
    """The plan for a terminal."""
    where = f", merged into {plan.base[:12]}" if plan.base else ""
    lines = [f"plan for {plan.environment} at {plan.head[:12]}{where}"]
    lines += [f"  {EFFECTS[each.effect]:<10} {each.says}" for each in worst_first(plan)]
    if not plan.changes:
        lines.append("  nothing changes" if plan.exit == MAY else f"  {plan.message}")
    elif plan.exit == NEVER_AS_IT_STANDS:
        lines.append(f"  {plan.message}")
    lines += [f"  needs {_need(need, done=plan.exit == MAY)}" for need in plan.needs]
    lines += [f"  {_given(*each)}" for each in _approvals(plan)]
    lines += [f"  {each.commit[:12]} speaks for nobody: {each.why}" for each in plan.silent]
    if plan.exit != MAY:
        lines += [f"  in force already: {each.says}" for each in plan.meanwhile]
        if not plan.meanwhile:
            lines.append("  until then: what is in force stays as it is")
    lines += [
        f"  a halt of {each.person} stands beside the branch: {each.file}" for each in plan.lane
    ]
    lines += [f"  note: {note}" for note in plan.notes]
    if plan.replay is not None:
        lines += replay_text(plan.replay)
    lines.append(outcome(plan))
    return "\n".join(printable(line) for line in lines)


def worst_first(plan: Plan) -> list[Line]:
    """The changes, what loosens before what tightens: a cut list still shows it."""
    return sorted(plan.changes, key=lambda each: _WORST_FIRST.index(each.effect))


def _approvals(plan: Plan) -> Iterable[tuple[str, str, str, str]]:
    return ((each.person, each.until, each.commit[:12], each.why) for each in plan.approvals)


def _given(person: str, until: str, commit: str, why: str) -> str:
    if why:
        return f"{person}'s approval in {commit} does not count: {why}"
    return f"approved by {person} until {until} in {commit}"


def plan_markdown(plan: Plan) -> str:
    """The plan as a comment for a pull request.

    Whatever somebody else wrote stands in a code span, where it is neither markup nor a link nor
    a mention.
    """
    comments = (_markdown(plan, rows) for rows in _ROWS)
    fitting = (comment for comment in comments if len(comment) <= MOST_LETTERS)
    return next(fitting, _markdown(plan, _ROWS[-1]))


def _markdown(plan: Plan, rows: int) -> str:
    def listed(title: str, items: Iterable[str]) -> list[str]:
        found = list(items)
        more = [f"- and {len(found) - rows} more"] if len(found) > rows else []
        return [title, "", *(f"- {item}" for item in found[:rows]), *more, ""] if found else []

    at = f" at {_code(plan.head[:12])}"
    lines = [f"### VANTA plan for {_code(plan.environment)}{at}", "", f"**{outcome(plan)}**", ""]
    if plan.changes:
        lines += ["| effect | change |", "|---|---|"]
        shown = worst_first(plan)[:rows]
        lines += [f"| {EFFECTS[each.effect]} | {_cell(each.says)} |" for each in shown]
        if len(plan.changes) > rows:
            lines += ["", f"and {len(plan.changes) - rows} more changes"]
        lines.append("")
    if plan.exit == NEVER_AS_IT_STANDS:
        lines += [f"Because: {_code(plan.message)}", ""]
    elif not plan.changes:
        lines += ["Nothing changes.", ""]
    lines += listed("Needs:", (_code(_need(need, done=plan.exit == MAY)) for need in plan.needs))
    lines += listed("Signed:", (_code(_given(*each)) for each in _approvals(plan)))
    silent = (f"{_code(each.commit[:12])}: {each.why}" for each in plan.silent)
    lines += listed("Commits that speak for nobody:", silent)
    if plan.exit != MAY and plan.meanwhile:
        lines += listed("In force already:", (_code(each.says) for each in plan.meanwhile))
    elif plan.exit != MAY:
        lines += ["Until then what is in force stays as it is.", ""]
    halts = (_code(f"{each.person}: {each.file}") for each in plan.lane)
    lines += listed("Halts that stand beside the branch:", halts)
    lines += listed("Notes:", (_code(note) for note in plan.notes))
    if plan.replay is not None:
        lines += _replay(plan.replay, rows)
    if plan.exit == MISSING:
        lines += [_BUTTON, ""]
    return "\n".join(lines).rstrip()


def _replay(found: Replay, rows: int) -> list[str]:
    """What if, as tables and a list."""
    lines = [f"**What if:** {asked(found)}.", ""]
    if not found.decisions:
        return lines
    lines += ["| comes out | orders | notional |", "|---|--:|--:|"]
    lines += [f"| {what} | {count:,} | {worth} |" for what, count, worth in outcomes(found)]
    if len(found.vaults) > 1:
        lines += ["", "| vault | decisions | ordered before | after |", "|---|--:|--:|--:|"]
        lines += [
            f"| {_cell(each.vault)} | {each.decisions:,} | {dollars(each.before)} | "
            f"{dollars(each.after)} |"
            for each in found.vaults[:rows]
        ]
    if found.reasons:
        lines += ["", "| reason | newly denies | no longer denies |", "|---|--:|--:|"]
        lines += [
            f"| {_cell(each.code)} | {no} | {yes} |" for each, no, yes in weighed(found, rows)
        ]
    if found.worst:
        lines += ["", "The largest differences:", ""]
        lines += [f"- {_code(said)}" for said in examples(found, min(rows, 5))]
    lines += ["", *(f"- {_code(caveat)}" for caveat in caveats(found))]
    return [*lines, ""]


def _code(text: str) -> str:
    """Text as a code span, which no text can leave: longer fences than any it holds, one line."""
    line = printable(text)
    if len(line) > _LETTERS_OF_ONE:
        line = f"{line[:_LETTERS_OF_ONE]}..."
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line or '(nothing)'} {fence}"


def _cell(text: str) -> str:
    """A code span in a table, where a bar would end the cell even so."""
    return _code(text).replace("|", r"\|")


def printable(text: str) -> str:
    """One line that a terminal or a forge shows as it is; indentation stays."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
