"""What must be true of a node over time, told from the histories it is shown."""

from collections.abc import Iterable
from itertools import chain, combinations, product

from tests.model.node import Node, halted, in_force, lane_halt, pull, raised, restarted, tick
from tests.model.properties import doubt, explicit, listed, people, seen_at
from tests.model.rules import ALL, Rules, State, introduced, walk
from tests.model.terms import NEVER, Authority, History, Policy

SCHEDULE = "any polling schedule, and any restart, ends at the same policy"
FORGOTTEN = "a node forgets nothing that it has enforced"
LANE = "a halt in the lane holds until a quorum resumes on top of it"
LATCH = "a latch holds until a quorum that knew of it released it"
CLOCK = "what loosens never comes back, and a halt never ends, by a wrong clock"


def scheduled(history: History, head: int, rules: Rules = ALL) -> list[str]:
    """Poll at every subset of the first-parent line, and once more from nothing, much later."""
    line = history.line(head)[1:]
    ends = {_result(walk(history, introduced(history), head, rules, polled=NEVER - 1))}
    between = chain.from_iterable(combinations(line[:-1], k) for k in range(len(line)))
    for polls in between:
        state = introduced(history)
        for c in (*polls, head):
            state = walk(history, state, c, rules, polled=seen_at(history, c))
        ends.add(_result(state))
    return [SCHEDULE] if len(ends) > 1 else []


def _result(state: State) -> tuple[Policy, Authority]:
    return state.policy, state.authority


def presented(history: History, rules: Rules = ALL) -> list[str]:
    """Show a node any two heads, its own state lost between them or not."""
    found = []
    for one, other in product(range(len(history.commits)), repeat=2):
        state = walk(history, introduced(history), one, rules)
        for going_on in (state, restarted(history, [introduced(history), state], rules)):
            later = walk(history, going_on, other, rules)
            if history.past[state.at] & ~history.past[later.at]:
                found.append(FORGOTTEN)
    return found


def laned(history: History, rules: Rules = ALL) -> list[str]:
    """Read each commit of the lane's shape from the lane, beside each head there may be."""
    used = {p for commit in history.commits for p in commit.parents}
    heads = set(range(len(history.commits))) - used
    return [name for head in heads for name in _beside(history, head, rules)]


def _beside(history: History, head: int, rules: Rules) -> list[str]:
    state = walk(history, introduced(history), head, rules)
    found = []
    for h, commit in enumerate(history.commits):
        stem = lane_halt(history, h)
        there = [authority for c, authority in state.judged if history.past[h] >> c & 1]
        if stem is None or listed(commit.signer, there[-1]) is None:
            continue
        resumed = any(
            history.past[c] >> h & 1
            and stem not in history.commits[c].tree.halts
            and doubt(history, *_around(history, c, rules)) is None
            for c in history.line(head)[1:]
        )
        if not resumed and in_force(history, state, [h], rules).halted != NEVER:
            found.append(LANE)
    return found


def _around(history: History, c: int, rules: Rules) -> tuple[State, State]:
    """The states before and after the step `c`."""
    line = history.line(c)
    before = walk(history, introduced(history), line[-2], rules)
    return before, walk(history, before, c, rules)


def latched(history: History, head: int, rules: Rules = ALL) -> list[str]:
    """Pull a latch at each step of the line, and go on to the head."""
    found = []
    for c in history.line(head):
        named: set[int] = set().union(*(n.tree.says.released for n in history.commits[: c + 1]))
        fresh = next(nonce for nonce in range(NEVER) if nonce not in named)
        node = pull(Node(walk(history, introduced(history), c, rules)), fresh, rules)
        node = node._replace(state=walk(history, node.state, head, rules))
        knew = {
            a
            for q in node.state.quorate
            for a in people(history, node.state, explicit(history, q))
            if a > c and fresh in history.commits[a].tree.says.released
        }
        who = {history.commits[a].signer for a in knew}
        if not halted(node, rules) and len(who) < node.state.authority.quorum:
            found.append(LATCH)
    return found


def clocked(policy: Policy, readings: Iterable[tuple[int, bool]], rules: Rules = ALL) -> list[str]:
    """Read a clock that may step, and may be known to be unhealthy."""
    node = Node(State(0, policy, Authority()))
    latest = healthy_latest = 0
    for reading, healthy in readings:
        node = tick(node, reading, healthy=healthy, rules=rules)
        latest = max(latest, reading)
        healthy_latest = max(healthy_latest, reading if healthy else 0)
        if raised(node) and policy.raised <= latest:
            return [CLOCK]
        if not halted(node, rules) and policy.halted > healthy_latest:
            return [CLOCK]
    return []
