"""A plan as a risk officer would say it: text for a terminal, Markdown for a pull request."""

from vanta.governance.authority import Need
from vanta.governance.report import Report, plan_exit, sentence, told
from vanta.lattice.direction import Effect

_WORDS = {
    Effect.TIGHTENS: "tightens",
    Effect.LOOSENS: "LOOSENS",
    Effect.UNORDERED: "LOOSENS (cannot be ordered)",
    Effect.NEUTRAL: "label only",
}
_OUTCOMES = {
    0: "This may be applied.",
    3: "Approvals are missing.",
    1: "This can never be applied as it stands.",
}


def _need(need: Need) -> str:
    where = "the whole environment" if need.scope == "*" else need.scope
    if not need.role:
        return f"no role may {need.action} {where}"
    signed = ", ".join(need.approved) or "nobody"
    missing = need.quorum - len(need.approved)
    rest = "enough" if missing <= 0 else f"{missing} more of {', '.join(need.missing)}"
    return f"{need.action} {where}: {need.quorum} of {need.role}; signed by {signed}; {rest}"


def plan_text(report: Report, environment: str) -> str:
    """The plan for a terminal."""
    lines = [f"plan for {environment} at {report.head[:12]}"]
    lines += [f"  {_WORDS[c.effect]:<10} {sentence(c)}" for c in told(report.changes)]
    if not report.changes:
        lines.append(
            "  nothing changes" if report.verdict == "unchanged" else f"  {report.message}"
        )
    lines += [f"  needs {_need(need)}" for need in report.needs]
    if report.verdict == "tightened":
        lines.append("  until then: whatever tightens is in force already")
    lines.append(_OUTCOMES[plan_exit(report)])
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that cannot end a table cell, a row, or start markup."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def plan_markdown(report: Report, environment: str) -> str:
    """The plan as a comment for a pull request."""
    lines = [f"### VANTA plan for `{environment}`", "", f"**{_OUTCOMES[plan_exit(report)]}**", ""]
    if report.changes:
        lines += ["| effect | change |", "|---|---|"]
        lines += [f"| {_WORDS[c.effect]} | {_cell(sentence(c))} |" for c in told(report.changes)]
    else:
        lines.append(_cell(report.message) or "Nothing changes.")
    if report.needs:
        lines += ["", "Needs:", *(f"- {_cell(_need(need))}" for need in report.needs)]
    return "\n".join(lines)
