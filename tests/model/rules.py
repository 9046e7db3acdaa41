"""The walk, written once more: what `governance.md` says, and nothing that makes it fast or real.

Read it beside the specification; `vanta/governance` was not looked at when this was written.

Every rule has a name in `RULES` and is asked for by that name where it acts, so that it can be
switched off and missed: `test_every_rule_is_needed.py` does so for each.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from tests.model.terms import (
    NEVER,
    ORDERED,
    REVOKED,
    Authority,
    Commit,
    History,
    Policy,
    Tree,
    ahead,
    restrain,
    tighter,
)

RULES = {
    "R0 descend": "The head must have the anchor on its first-parent line.",
    "R1 every commit": "Every first-parent commit since the anchor is a step of its own.",
    "R1 new": "What a merge brings in tightens too, not only the merge itself.",
    "R1 some parent": "A tightening is a field tighter than in *some* parent.",
    "R1 restrain": "Short of a quorum, in force is met with what was tightened, never replaced.",
    "R1 tightenings first": "The quorum is asked about what the new tightenings leave in force.",
    "R1 adopt": "The approval of one who may tighten restrains by the whole tree.",
    "R1 paths": "Nobody tightens outside their paths.",
    "R1 unordered": "Restraining keeps what is unordered as it is in force.",
    "R2 in force": "Keys and people are those in force, never those of the tree being judged.",
    "R2 revoked": "A revoked key signs for nobody.",
    "R2 revoked first": "A revocation counts before the other approvals of its own step.",
    "R2 one revokes": "A root person's or the owner's signature is enough to revoke a key.",
    "R2 who revokes": "Nobody but a root person and the owner revokes on their own.",
    "R2 expired": "An expired key approves nothing.",
    "R2 expired tightens": "An expired key may still tighten.",
    "R2 root quorum": "Whatever else is in the authority takes the root quorum.",
    "R2 alone": "An authority change travels alone.",
    "R2 judged once": "An approval is judged by when it was first seen, not by the time now.",
    "R3 nothing": "A commit no listed person signed contributes nothing.",
    "R3 naming": "What approves must descend from every such commit below.",
    "R3 forge": "A merge that equals a parent's tree needs nobody's name.",
    "R3 unreadable": "Over a tree that cannot be read, everything a person writes is a tightening.",
    "R4 explicit": "A signature alone approves nothing.",
    "R4 people": "A quorum counts people, not keys.",
    "R4 role": "Only those who may loosen count for a loosening.",
    "R4 own tree": "The trailer must name the tree of the commit that carries it.",
    "R4 own hand": "The approval's author must be its committer.",
    "R4 until": "An approval first seen after its end is none.",
    "R5 same tree": "An approval counts for commits with exactly its tree.",
    "R5 falls": "An approval falls when anything else happens to the tree beside or after it.",
    "R5 any parent": "To differ from *any* parent is to have happened.",
    "R5 other approval": "An approval of another tree is a happening too.",
    "R6 lane": "A halt in the lane restrains, whatever is on main.",
    "R6 apart": "Halts are read apart from everything else, and held against what is in force.",
    "R6 ancestor": "It does until it is an ancestor of a commit that resumes.",
    "R6 quorum": "And until that tree, without the halt, has the loosening quorum by name.",
    "R6 judged there": "Its signer is judged where it stands on main, not by who has a key now.",
    "R7 latch": "A latch on the node halts it until the governed tree names its nonce.",
    "R7 nonce": "Each latch has a nonce of its own.",
    "R8 greatest": "A node that lost its state takes the greatest anchor that anybody kept.",
    "R9 latest": "What loosens ends by the latest clock ever seen.",
    "R9 healthy": "A halt's own end counts only by a healthy clock.",
}
ALL = frozenset(RULES)
Rules = frozenset[str]


class State(NamedTuple):
    """What a node must keep of a step to go on from it."""

    at: int
    policy: Policy
    authority: Authority
    clock: int = 0
    approvals: tuple[tuple[int, str, bool], ...] = ()
    strangers: int = 0
    quorate: tuple[int, ...] = ()
    judged: tuple[tuple[int, Authority], ...] = ()
    verdict: str = ""


# R2, R4: who signed, where they may tighten, and whether they approved.


def signer(key: str | None, authority: Authority, rules: Rules, now: int) -> str | None:
    """The person whose valid key this is."""
    person = (key or "").upper()
    if key is None or person not in authority.people | authority.operators:
        return None
    end = authority.end(key)
    if end == REVOKED and "R2 revoked" in rules:
        return None
    if REVOKED < end <= now and "R2 expired tightens" not in rules:
        return None
    return person


def paths(person: str | None, authority: Authority, rules: Rules) -> tuple[str, ...]:
    """Where this person may tighten: an operator may halt, and no more."""
    narrow = person in authority.operators and "R1 paths" in rules
    return ("halted",) if narrow else ORDERED


def approves(commit: Commit, keys: Authority, rules: Rules) -> bool:
    assert commit.signer is not None
    if commit.approves is None:
        return "R4 explicit" not in rules
    return (
        (commit.approves == commit.tree or "R4 own tree" not in rules)
        and (commit.own or "R4 own hand" not in rules)
        and (keys.end(commit.signer) != REVOKED or "R2 revoked" not in rules)
    )


def late(commit: Commit, keys: Authority, rules: Rules, now: int) -> bool:
    """An approval that came too late, or by a key that had ended, loosens nothing any more."""
    end = keys.end(commit.signer or "")
    return (commit.until <= now and "R4 until" in rules) or (
        REVOKED < end <= now and "R2 expired" in rules
    )


# R5: which approvals still stand.


def happened(history: History, n: int, tree: Tree, rules: Rules) -> bool:
    """Did something other than `tree` happen at `n`?"""
    commit = history.commits[n]
    if commit.tree == tree:
        return False
    differs = [history.commits[p].tree != commit.tree for p in commit.parents]
    changed = any(differs) if "R5 any parent" in rules else all(differs)
    return (
        changed
        or not commit.parents
        or (commit.approves is not None and "R5 other approval" in rules)
    )


def stands(history: History, state: State, a: int, c: int, rules: Rules) -> bool:
    """R5: does the approval `a` count for `c`?"""
    tree = history.commits[c].tree
    if history.commits[a].tree != tree and "R5 same tree" in rules:
        return False
    beside = history.past[c] & ~history.past[a]
    if beside & state.strangers and "R3 naming" in rules:
        return False
    return "R5 falls" not in rules or not any(
        happened(history, n, tree, rules) for n in history.since(c, a)
    )


# R1: what the new commits of one step tighten, and what a quorum makes of the rest.


def lowered(
    history: History, force: Policy, n: int, within: Collection[str], rules: Rules
) -> Policy:
    """In force, restrained in each field in which `n` is tighter than in some parent."""
    tree = history.commits[n].tree
    mine = tree.policy
    parents = [history.commits[p].tree for p in history.commits[n].parents]
    if "halted" in within and (tree.readable or "R6 apart" in rules):
        if any(tree.halts - parent.halts for parent in parents):
            force = force._replace(halted=NEVER)
        if any(tree.says.halted != parent.says.halted for parent in parents):
            force = force._replace(halted=max(force.halted, tree.says.halted))
    if not tree.readable:
        return force
    if "R1 restrain" not in rules:
        return mine
    some = any if "R1 some parent" in rules else all
    fields = [
        field
        for field in within
        if some(
            tighter(field, mine, parent.policy) if parent.readable else "R3 unreadable" in rules
            for parent in parents
        )
    ]
    force = restrain(force, mine, fields) if fields else force
    return force if "R1 unordered" in rules else force._replace(gear=mine.gear)


def revoked(
    history: History,
    signed: Iterable[tuple[int, str]],
    judge: Authority,
    keys: Authority,
    rules: Rules,
) -> Authority:
    """`keys`, with each key ended that one of these commits ends earlier than some parent did."""
    for n, who in signed:
        mine = history.commits[n].tree.authority
        parents = [history.commits[p].tree.authority for p in history.commits[n].parents]
        if any(parent != mine for parent in parents):
            sooner = [k for k in judge.keys if any(mine.end(k) < p.end(k) for p in parents)]
            keys = ended(keys, sooner, mine, who, judge, rules)
    return keys


def ended(
    keys: Authority,
    which: Iterable[str],
    by: Authority,
    who: str,
    judge: Authority,
    rules: Rules,
) -> Authority:
    """`keys`, with each of these ended as soon as `by` has it, as far as `who` may."""
    if by == keys:
        return keys
    for key in which if "R2 one revokes" in rules else ():
        may = who in judge.people or who == key.upper() or "R2 who revokes" not in rules
        if may and by.end(key) < keys.end(key):
            keys = keys.ending(key, by.end(key))
    return keys


def strange(history: History, n: int, who: str | None, rules: Rules) -> bool:
    """R3: a commit nobody answers for. A forge's merge that changes nothing is not one."""
    commit = history.commits[n]
    if who and commit.tree.readable:
        return False
    merged = [history.commits[p].tree for p in commit.parents]
    return not (len(merged) > 1 and commit.tree in merged and "R3 forge" in rules)


def step(history: History, before: State, c: int, rules: Rules = ALL, polled: int = 0) -> State:
    """Judge the first-parent commit `c` on top of `before`, with everything it brings in."""
    head = history.commits[c]
    judge = before.authority
    if "R2 in force" not in rules and head.tree.readable:
        judge = head.tree.authority
    new = list(history.since(c, before.at))
    clock = max(before.clock, *(history.commits[n].seen for n in new))
    floor, strangers = before.policy, before.strangers
    signed = []

    for n in new:
        who = signer(history.commits[n].signer, judge, rules, clock)
        strangers |= strange(history, n, who, rules) << n
        if (who or "R3 nothing" not in rules) and (n == c or "R1 new" in rules):
            floor = lowered(history, floor, n, paths(who, judge, rules), rules)
        if who:
            signed.append((n, who))

    now = clock if "R2 judged once" in rules else max(clock, polled)
    approvals = []
    for a, who in signed:
        book = judge
        if "R2 revoked first" in rules:
            book = revoked(history, [each for each in signed if each[0] != a], judge, judge, rules)
        if approves(history.commits[a], book, rules):
            approvals.append((a, who, late(history.commits[a], book, rules, now)))
    keys = revoked(history, signed, judge, before.authority, rules)
    state = State(
        at=c,
        policy=floor,
        authority=keys,
        clock=clock,
        approvals=(*before.approvals, *approvals),
        strangers=strangers,
        quorate=before.quorate,
        judged=(*before.judged, (c, keys)),
    )
    if head.tree.readable:
        return decide(history, before, state, judge, rules)
    return state._replace(verdict=short_of_it(before, state))


def adopted(
    policy: Policy, keys: Authority, tree: Tree, by: Iterable[str], judge: Authority, rules: Rules
) -> tuple[Policy, Authority]:
    """What is left when everybody of `by` tightens to `tree` what they may."""
    for who in by if "R1 adopt" in rules else ():
        policy = restrain(policy, tree.policy, paths(who, judge, rules))
        keys = ended(keys, judge.keys, tree.authority, who, judge, rules)
    return policy, keys


def decide(history: History, before: State, state: State, judge: Authority, rules: Rules) -> State:
    """What the approvals that still stand make of what the new commits left in force."""
    c, tree, now = state.at, history.commits[state.at].tree, state.clock
    stand = [each for each in state.approvals if stands(history, state, each[0], c, rules)]
    standing = [who for _, who, _ in stand]
    policy, keys = adopted(state.policy, state.authority, tree, standing, judge, rules)
    wanted, was = ahead(tree.policy, now), ahead(before.policy, now)
    new_policy = not was == wanted == ahead(state.policy, now)
    new_authority = not before.authority == tree.authority == state.authority

    good = [who for _, who, is_late in stand if not is_late]
    people = [who for who in good if who in judge.people or "R4 role" not in rules]
    count = len(set(people) if "R4 people" in rules else people)
    needed = judge.quorum
    if new_authority and "R2 root quorum" not in rules:
        needed = 1
    if was == wanted and not new_authority and "R1 tightenings first" not in rules:
        needed = 0
    together = new_policy and new_authority and "R2 alone" in rules
    if count >= needed and not together:
        return state._replace(
            policy=tree.policy,
            authority=tree.authority,
            strangers=state.strangers & ~history.past[c],
            quorate=(*state.quorate, c),
            judged=(*before.judged, (c, tree.authority)),
            verdict="applied" if new_policy or new_authority else "unchanged",
        )

    left = state._replace(policy=policy, authority=keys, judged=(*before.judged, (c, keys)))
    if not (new_policy or new_authority):
        return left._replace(verdict="unchanged")
    alone = adopted(before.policy, before.authority, tree, good, judge, rules)
    enough = ahead(alone[0], now) == wanted == ahead(policy, now)
    enough = enough and alone[1] == tree.authority == keys
    if enough and not (new_policy and new_authority):
        return left._replace(verdict="applied")
    return left._replace(verdict=short_of_it(before, left))


def short_of_it(before: State, after: State) -> str:
    """The verdict on a tree that is not in force as it stands."""
    same = (after.policy, after.authority) == (before.policy, before.authority)
    return "refused" if same else "tightened"


def introduced(history: History) -> State:
    """Commit 0 is the introduction: its tree is in force because a fingerprint was pinned."""
    tree = history.commits[0].tree
    return State(
        0, tree.policy, tree.authority, history.commits[0].seen, judged=((0, tree.authority),)
    )


def walk(history: History, state: State, head: int, rules: Rules = ALL, polled: int = 0) -> State:
    """Fold the first-parent commits from the anchor to `head`."""
    line = history.line(head)
    if state.at not in line:
        if "R0 descend" in rules:
            return state
        state = introduced(history)
    new = line[line.index(state.at) + 1 :]
    for c in new if "R1 every commit" in rules else new[-1:]:
        state = step(history, state, c, rules, polled)
    return state
