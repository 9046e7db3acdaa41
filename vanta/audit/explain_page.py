"""An explanation as one page: no script, nothing loaded, readable offline and on paper.

Most of what it shows was written by strangers. All of it is escaped, and a policy in the page
forbids whatever got past that to run or to call anywhere.
"""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from vanta.audit import wording
from vanta.audit.explain import Explanation, Fence, SignalSeen
from vanta.audit.paragraph import paragraph
from vanta.domain.conviction import Reason
from vanta.domain.printable import printable

_GOOD = frozenset({"filled", "partially_filled"})
_BAD = frozenset({"denied", "refused", "rejected", "withheld", "unknown"})


def page(explanation: Explanation) -> str:
    """The page, as HTML."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "clean": printable,
        "gain": wording.gain,
        "measures": wording.measures,
        "money": wording.money,
        "percent": wording.percent,
        "points": wording.points,
        "price": wording.price,
        "quantity": wording.quantity,
        "step": wording.policy_step,
        "when": wording.when,
    }
    source = (files("vanta.audit") / "explain_page.html.j2").read_text(encoding="utf-8")
    state = explanation.state
    return environment.from_string(source).render(
        told=explanation,
        paragraph=paragraph(explanation),
        state=state.replace("_", " "),
        tone="good" if state in _GOOD else "bad" if state in _BAD else "open",
        reasons=_reasons(explanation),
        others=_behind(explanation).get(-1, ()),
        fences=_fences(explanation),
    )


def _reasons(told: Explanation) -> list[tuple[Reason, int, tuple[SignalSeen, ...]]]:
    """Each reason, the width of its bar in percent of the widest, and the signals behind it."""
    reasons = told.believed.conviction.reasons if told.believed else ()
    widest = max((abs(reason.part) for reason in reasons), default=0) or 1
    behind = _behind(told)
    return [
        (reason, max(1, abs(reason.part) * 100 // widest), behind.get(at, ()))
        for at, reason in enumerate(reasons)
    ]


def _fences(told: Explanation) -> list[tuple[str, list[tuple[Fence, int | None]]]]:
    """The questions by fence, those that were answered with no first; with how much is used up."""
    groups: dict[str, list[tuple[Fence, int | None]]] = {}
    for fence in told.decided.fences if told.decided else ():
        groups.setdefault(f"{fence.fence} · {fence.name}", []).append((fence, _used(fence)))
    for questions in groups.values():
        questions.sort(key=lambda question: question[0].passed)
    return sorted(groups.items(), key=lambda group: all(one.passed for one, _ in group[1]))


def _behind(told: Explanation) -> dict[int, tuple[SignalSeen, ...]]:
    """Signals by the first reason that names them, -1 for those that none does."""
    reasons = told.believed.conviction.reasons if told.believed else ()
    first: dict[str, int] = {}
    for at, reason in enumerate(reasons):
        for known in reason.signals:
            first.setdefault(known, at)
    found: dict[int, tuple[SignalSeen, ...]] = {}
    for one in told.signals:
        at = first.get(one.signal.id, -1)
        found[at] = (*found.get(at, ()), one)
    return found


def _used(fence: Fence) -> int | None:
    """How much of a limit is used up, percent; None where that means nothing."""
    if not fence.unit or not isinstance(fence.observed, int) or not isinstance(fence.limit, int):
        return None
    if fence.limit <= 0 or fence.observed < 0:
        return None
    # A floor is passed from above: what is used up of it says nothing.
    if (fence.observed <= fence.limit) != fence.passed and fence.observed != fence.limit:
        return None
    return min(100, fence.observed * 100 // fence.limit)
