"""What must be true of every history, told from the history alone and not from the rules.

Each property looks at one step: what was in force before the first-parent commit `c`, what is in
force after it, and who wrote what below it. The only thing taken from the walk is the authority
that was in force at earlier steps, and that it changed rightly is a property too.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from tests.model.rules import State
from tests.model.terms import (
    NEVER,
    ORDERED,
    REVOKED,
    Authority,
    History,
    Policy,
    ahead,
    looser,
    tighter,
)

QUORUM = "nothing loosens short of a quorum of people who each approved exactly that tree"
KEYS = "a revoked or expired key approves nothing"
ENDED = "an approval first seen after its end approves nothing"
AFTER = "what approves comes after everything else that happened to the tree"
STRANGERS = "nothing loosens over a commit that nobody answers for"
UNORDERED = "what is unordered never changes short of a quorum"
AUTHORITY = "the authority changes by its quorum, or by revoking as one may"
ALONE = "no step changes both the authority and what anybody may trade"
HALTS = "whatever one may tighten, lands and holds"
REVOCATIONS = "a revocation lands, by one signature"
NOBODY = "nothing changes without somebody who may"
PATHS = "nobody tightens outside their paths"
HONOURED = "what a quorum approved is in force"


HALTED = Policy(halted=NEVER)


def allows_more(after: Policy, before: Policy) -> bool:
    return after != before and any(looser(field, after, before) for field in ORDERED)


def persons(authority: Authority) -> frozenset[str]:
    return authority.people | authority.operators


def listed(key: str | None, authority: Authority) -> str | None:
    """Whose unrevoked key this is."""
    known = key is not None and key.upper() in persons(authority)
    return key.upper() if key and known and authority.end(key) != REVOKED else None


# When a commit was first seen, and under whom.


def arrival(history: History, state: State, n: int) -> tuple[int, Authority]:
    """The step in which `n` came to main, and the authority in force before that step."""
    steps = state.judged
    for (_, before), (c, _) in pairwise(steps):
        if history.past[c] >> n & 1:
            return c, before
    raise AssertionError(f"commit {n} is not below the line")


def seen_at(history: History, c: int) -> int:
    """The latest clock anybody had seen when `c` was there."""
    return max(commit.seen for n, commit in enumerate(history.commits) if history.past[c] >> n & 1)


# Who approved, counted the slow way: each doubt takes some of them away.


def explicit(history: History, c: int) -> Iterator[int]:
    """The approvals below `c` that name its tree, stand on it, and are their author's own."""
    tree = history.commits[c].tree
    for a in history.since(c, 0):
        commit = history.commits[a]
        if commit.approves == tree == commit.tree and commit.own:
            yield a


def people(history: History, state: State, approvals: Iterable[int]) -> dict[int, str]:
    """Those of the approvals that were signed by somebody who may loosen, and by whom."""
    found = {}
    for a in approvals:
        _, authority = arrival(history, state, a)
        person = (history.commits[a].signer or "").upper()
        if person in authority.people:
            found[a] = person
    return found


def good_key(history: History, state: State, a: int, *, late: bool = False) -> bool:
    """Was the key good when the approval arrived, and not revoked in what arrived beside it?

    With `late` it may have expired.
    """
    step, authority = arrival(history, state, a)
    key = history.commits[a].signer
    assert key is not None
    now = REVOKED if late else seen_at(history, step)
    if authority.end(key) <= now:
        return False
    came = (n for n in history.since(step, 0) if arrival(history, state, n)[0] == step)
    beside = [n for n in came if n != a and changes_authority(history, n)]
    ends = [revokes(history, authority, n, key) for n in beside]
    return all(end is None or end > now for end in ends)


def in_time(history: History, state: State, a: int) -> bool:
    step, _ = arrival(history, state, a)
    return history.commits[a].until > seen_at(history, step)


def last_word(history: History, a: int, c: int) -> bool:
    """Does every change to something else, and every approval of something else, precede `a`?"""
    tree = history.commits[c].tree
    for n, commit in enumerate(history.commits[: c + 1]):
        if not history.past[c] >> n & 1 or history.past[a] >> n & 1 or commit.tree == tree:
            continue
        if commit.approves is not None:
            return False
        if any(history.commits[p].tree != commit.tree for p in commit.parents):
            return False
        if not commit.parents:
            return False
    return True


def stranger(history: History, state: State, n: int) -> bool:
    """Did no listed person sign this, and is it more than a forge's clean merge?"""
    commit = history.commits[n]
    _, authority = arrival(history, state, n)
    clean = len(commit.parents) > 1 and any(
        history.commits[p].tree == commit.tree for p in commit.parents
    )
    return not clean and (listed(commit.signer, authority) is None or not commit.tree.readable)


def vouched(history: History, state: State, a: int, c: int) -> bool:
    """Does `a` stand on every stranger's commit that no earlier quorum stood on?"""
    accepted = [q for q in state.quorate if q != c]
    return all(
        history.past[a] >> n & 1 or any(history.past[q] >> n & 1 for q in accepted)
        for n in history.since(c, 0)
        if stranger(history, state, n)
    )


def doubt(history: History, before: State, after: State) -> str | None:
    """Why the tree of the step does not have its quorum, or nothing if it has."""
    c, needed = after.at, before.authority.quorum
    found = people(history, after, explicit(history, c))
    if len(set(found.values())) < needed:
        return QUORUM
    doubts: tuple[tuple[str, Callable[[int], bool]], ...] = (
        (KEYS, lambda a: good_key(history, after, a)),
        (ENDED, lambda a: in_time(history, after, a)),
        (AFTER, lambda a: last_word(history, a, c)),
        (STRANGERS, lambda a: vouched(history, after, a, c)),
    )
    for name, holds in doubts:
        found = {a: person for a, person in found.items() if holds(a)}
        if len(set(found.values())) < needed:
            return name
    return None


# What one person may do on their own.


def may_tighten(authority: Authority, person: str, field: str) -> bool:
    return person in authority.people or (person in authority.operators and field == "halted")


def tightenings(
    history: History, authority: Authority, news: Iterable[int]
) -> Iterator[tuple[str, Policy]]:
    """Each field in which somebody who may there wrote less than in one of the parents."""
    for n in news:
        commit = history.commits[n]
        person = listed(commit.signer, authority)
        parents = [history.commits[p].tree for p in commit.parents]
        if person is None:
            continue
        if any(commit.tree.halts - was.halts for was in parents):
            yield "halted", HALTED
        if any(commit.tree.says.halted != was.says.halted for was in parents):
            yield "halted", Policy(halted=commit.tree.says.halted)
        for field in ORDERED if commit.tree.readable else ():
            if may_tighten(authority, person, field) and any(
                not was.readable or tighter(field, commit.tree.policy, was.policy)
                for was in parents
            ):
                yield field, commit.tree.policy


def may_end(authority: Authority, person: str, key: str) -> bool:
    return person in authority.people or person == key.upper()


def changes_authority(history: History, n: int) -> bool:
    mine = history.commits[n].tree.authority
    return any(history.commits[p].tree.authority != mine for p in history.commits[n].parents)


def revokes(history: History, authority: Authority, n: int, key: str) -> int | None:
    """The earlier end that commit `n` gives a key, if its signer may."""
    commit = history.commits[n]
    mine = commit.tree.authority
    person = listed(commit.signer, authority)
    end = mine.end(key)
    earlier = any(end < history.commits[p].tree.authority.end(key) for p in commit.parents)
    return end if person and may_end(authority, person, key) and earlier else None


# The properties of one step.


def violations(history: History, before: State, after: State) -> list[str]:
    c = after.at
    tree = history.commits[c].tree
    new = list(history.since(c, before.at))
    now = seen_at(history, c)
    was, now_in_force = ahead(before.policy, now), ahead(after.policy, now)
    why = doubt(history, before, after) if tree.readable else QUORUM
    is_tree = now_in_force == ahead(tree.policy, now) and after.authority == tree.authority
    approved = why is None and is_tree
    found = []

    if not approved:
        if allows_more(now_in_force, was):
            found.append(why or QUORUM)
        if after.policy.gear != before.policy.gear:
            found.append(UNORDERED)
        if not _narrowed(history, before, after, new):
            found.append(AUTHORITY if why in {None, QUORUM} else why)
        found += _landed(history, before, after, new, was, now_in_force)
    only_authority = ahead(tree.policy, now) == now_in_force == was
    only_policy = tree.authority == after.authority == before.authority
    if why is None and not is_tree and (only_authority or only_policy):
        found.append(HONOURED)
    loosened = allows_more(now_in_force, was) or after.policy.gear != before.policy.gear
    if loosened and not _narrowed(history, before, after, new):
        found.append(ALONE)
    return found


def _narrowed(history: History, before: State, after: State, new: list[int]) -> bool:
    """Did the authority change by rightful revocations only?"""
    old, current = before.authority, after.authority
    if old == current:
        return True
    if old._replace(ends=current.ends) != current:
        return False
    tree = history.commits[after.at].tree
    adopters = adopted(history, after, after.at)
    return all(
        current.end(key) == old.end(key)
        or (
            current.end(key) < old.end(key)
            and (
                any(revokes(history, old, n, key) == current.end(key) for n in new)
                or (
                    current.end(key) == tree.authority.end(key)
                    and any(may_end(old, person, key) for person in adopters)
                )
            )
        )
        for key in old.keys
    )


def _landed(
    history: History, before: State, after: State, new: list[int], was: Policy, now: Policy
) -> Iterator[str]:
    authority, tree = before.authority, history.commits[after.at].tree
    allowed = list(tightenings(history, authority, new))
    adopters = adopted(history, after, after.at)
    allowed += [
        (field, tree.policy)
        for field in ORDERED
        if any(may_tighten(authority, person, field) for person in adopters)
    ]
    if any(looser(field, after.policy, wanted) for field, wanted in allowed):
        yield HALTS
    keys = authority.keys
    for n in filter(lambda n: changes_authority(history, n), new):
        ends = ((key, revokes(history, authority, n, key)) for key in keys)
        if any(end is not None and after.authority.end(key) > end for key, end in ends):
            yield REVOCATIONS
    lowered = [field for field in ORDERED if tighter(field, now, was)]
    if not {field for field, _ in allowed}.issuperset(lowered):
        signed = any(listed(history.commits[n].signer, authority) for n in new)
        yield PATHS if signed or adopters else NOBODY


def adopted(history: History, after: State, c: int) -> set[str]:
    """Everybody, operators and latecomers included, whose approval of the tree still stands."""
    if not history.commits[c].tree.readable:
        return set()
    return {
        person
        for a in explicit(history, c)
        if (person := listed(history.commits[a].signer, arrival(history, after, a)[1]))
        and good_key(history, after, a, late=True)
        and last_word(history, a, c)
        and vouched(history, after, a, c)
    }
