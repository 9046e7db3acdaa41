"""An explanation as a tree in the terminal.

Everything is built from `Text`, never from markup: a headline in square brackets is a headline.
"""

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from vanta.audit import wording
from vanta.audit.authorship import PolicyStep
from vanta.audit.explain import Decided, Explanation, Source
from vanta.domain.conviction import Reason
from vanta.domain.printable import printable
from vanta.domain.signal import Signal

_GUIDE = "dim"


def tree(explanation: Explanation) -> Tree:
    """The explanation, from what came of it down to what was seen; `Console` honours NO_COLOR."""
    root = Tree(_line(explanation.headline, style="bold"), guide_style=_GUIDE)
    order = explanation.client_order_id
    named = f"order {order}" if order else "no order"
    root.add(_line(f"{named}, intent {explanation.intent_id}", style="dim"))
    for part in (_believed, _asked, _decided, _happened, _result, _policy, _missing):
        part(root, explanation)
    return root


def text(explanation: Explanation, *, width: int = 120) -> str:
    """The tree as plain text, for files and mail."""
    written = io.StringIO()
    console = Console(
        file=written, width=width, color_system=None, highlight=False, soft_wrap=False
    )
    console.print(tree(explanation))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _line(said: str, *, source: Source | None = None, style: str = "") -> Text:
    line = Text(printable(said, most=2_000), style=style)
    if source is not None:
        named = printable(f"{source.node} {source.journal}")
        line.append(f"  {named} #{source.record}", style="dim")
    return line


def _marked(said: str, *, passed: bool) -> Text:
    line = Text("yes " if passed else "NO  ", style="green" if passed else "bold red")
    line.append(printable(said, most=2_000))
    return line


def _believed(root: Tree, explanation: Explanation) -> None:
    believed = explanation.believed
    if believed is None:
        return
    view = believed.conviction
    said = (
        f"Believed: {view.side} {view.symbol}, {wording.percent(view.score)} sure ({view.band}),"
        f" as of {wording.when(view.as_of)}"
    )
    branch = root.add(_line(said, source=believed.source))
    told: set[str] = set()
    for reason in view.reasons:
        twig = branch.add(_reason(reason))
        for one in explanation.signals:
            if one.signal.id in reason.signals and one.signal.id not in told:
                told.add(one.signal.id)
                twig.add(_signal(one.signal, one.source))
    rest = [one for one in explanation.signals if one.signal.id not in told]
    if rest:
        twig = branch.add(_line("also seen"))
        for one in rest:
            twig.add(_signal(one.signal, one.source))


def _reason(reason: Reason) -> Text:
    line = Text(f"{wording.points(reason.part)} ", style="green" if reason.part >= 0 else "red")
    line.append(printable(f"{reason.model}: {reason.text}", most=400))
    return line


def _signal(signal: Signal, source: Source) -> Text:
    words = printable(signal.text) or wording.measures(signal.measures)
    by = f" by {printable(signal.author, most=40)}" if signal.author else ""
    said = (
        f"{wording.when(signal.seen_ts)} {signal.feed} {signal.kind.replace('_', ' ')}{by}: {words}"
    )
    return _line(said, source=source)


def _asked(root: Tree, explanation: Explanation) -> None:
    asked = explanation.intent
    if asked is None:
        return
    intent = asked.intent
    if asked.causes:
        what = "out" if asked.cause is not None else "converted"
        said = f"Wanted {what}: {intent.side} {intent.symbol} for {intent.vault}, asked by nobody"
        _each(root.add(_line(said, source=asked.accepted)), asked.causes)
        return
    what = "close" if intent.reducing else "open"
    said = (
        f"Asked: {intent.side} {intent.symbol} to {what} for {intent.vault},"
        f" {wording.percent(intent.conviction)} sure as its persona holds it ({intent.band})"
    )
    branch = root.add(_line(said, source=asked.accepted or asked.promoted))
    branch.add(
        _line(
            f"made by {asked.sender} ({intent.build}) on {wording.when(intent.created)},"
            f" valid until {wording.when(intent.expires)}"
        )
    )
    signed = f"signed by {asked.signed_by}" if asked.signed_by else "its signature does not hold"
    branch.add(_line(signed, style="" if asked.signed_by else "bold red"))
    if asked.refused:
        branch.add(_marked(f"refused: {asked.refused}", passed=False))
    elif asked.accepted is None:
        branch.add(_line("no Executor journal given has taken it in", style="yellow"))


def _decided(root: Tree, explanation: Explanation) -> None:
    decided = explanation.decided
    if decided is None:
        return
    denied = len(decided.denials)
    questions = f"{len(decided.fences)} questions asked, {denied or 'none'} answered with no"
    verdict = "accepted" if decided.verdict == "accept" else "denied"
    said = f"Decided: {verdict} on {wording.when(decided.now)}; {questions}"
    for waited in explanation.waited:
        root.add(_line(waited[:1].upper() + waited[1:]))
    branch = root.add(_line(said, source=decided.source, style="" if not denied else "red"))
    branch.add(_line(_market(decided)))
    steps = branch.add(_line("How much"))
    for step in decided.steps:
        steps.add(_line(step))
    if decided.bias:
        _each(branch.add(_line("The persona")), decided.bias)
    fences = branch.add(_line("The fences"))
    for fence in decided.denials:
        fences.add(_marked(f"{fence.sentence} [{fence.fence} {fence.code}]", passed=False))
    for name, passed in _by_fence(decided).items():
        _each(fences.add(_marked(name, passed=True)), passed)
    if not decided.reproduced:
        warning = "deciding again gave something else: `vanta audit replay` shows what"
        branch.add(_line(warning, style="bold red"))


def _by_fence(decided: Decided) -> dict[str, list[str]]:
    """What each fence had nothing against."""
    found: dict[str, list[str]] = {}
    for fence in decided.fences:
        if fence.passed:
            found.setdefault(f"{fence.fence} {fence.name}", []).append(fence.sentence)
    return found


def _market(decided: Decided) -> str:
    quote = decided.quote
    if quote is None:
        return f"{decided.broker} gave no quote"
    return (
        f"{decided.broker} quoted {wording.price(quote.bid)} to {wording.price(quote.ask)},"
        f" session {quote.session}, market time {wording.when(quote.market_time)}"
    )


def _happened(root: Tree, explanation: Explanation) -> None:
    if not explanation.happened:
        return
    branch = root.add(_line("What happened to the order"))
    for one in explanation.happened:
        said = f"{wording.when(one.source.ts)} {one.sentence}"
        branch.add(_line(said, source=one.source))


def _result(root: Tree, explanation: Explanation) -> None:
    if explanation.result:
        branch = root.add(_line("What it came to"))
        _each(branch, explanation.result)


def _policy(root: Tree, explanation: Explanation) -> None:
    policy = explanation.policy
    if policy is None:
        if explanation.decided is not None:
            root.add(_line("The policy it was decided under is not in the journals given"))
        return
    branch = root.add(_line(f"Under policy {policy.commit[:12]}, publication {policy.serial}"))
    for step in policy.steps:
        twig = branch.add(_line(wording.policy_step(step)))
        _changes(twig, step)


def _changes(branch: Tree, step: PolicyStep) -> None:
    _each(branch, step.changes)


def _each(branch: Tree, lines: Iterable[str]) -> None:
    for line in lines:
        branch.add(_line(line))


def _missing(root: Tree, explanation: Explanation) -> None:
    if explanation.missing:
        branch = root.add(_line("Named as causes, and in no journal given", style="yellow"))
        _each(branch, explanation.missing)
