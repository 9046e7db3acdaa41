"""How one authority differs from another: keys taken back, which tightens, and all the rest; pure.

Any one root person may take a key back, and so may whoever it belongs to. Everything else about
people, roles, quorums and machines takes the root quorum.
"""

from collections.abc import Iterable, Iterator

import msgspec

from vanta.domain.instant import FOREVER, NEVER, show_instant
from vanta.governance.authority import ROOT, Authority
from vanta.governance.keys import parse_public_key
from vanta.lattice.direction import Change, Effect

KEYS = ("authority", "keys")
"""Where a change to somebody's key stands: these steps, the person, the fingerprint."""


class Revocation(msgspec.Struct, frozen=True):
    """A key that may approve for less long than before, or that speaks for nobody any more."""

    person: str
    key: str
    until: int
    """`NEVER` where the key was revoked."""


def revocations(before: Authority, after: Authority) -> tuple[Revocation, ...]:
    """The keys of `before` that `after` takes back, or lets expire sooner."""
    if before.people == after.people:
        return ()
    found: list[Revocation] = []
    for name in sorted(before.people):
        left = after.people[name].keys if name in after.people else {}
        for key, until in sorted(before.people[name].keys.items()):
            if left.get(key, NEVER) < until:
                found.append(Revocation(name, key, left.get(key, NEVER)))
    return tuple(found)


def may_revoke(authority: Authority, person: str, revocation: Revocation) -> bool:
    """Whether this person alone may take that key back."""
    root = authority.roles.get(ROOT)
    return person == revocation.person or (root is not None and person in root.people)


def revoked(authority: Authority, by: Iterable[Revocation]) -> Authority:
    """The authority with these keys taken back; never one key more than before."""
    taken = tuple(by)
    if not taken:
        return authority
    people = dict(authority.people)
    for each in taken:
        held = people.get(each.person)
        if held is None or each.key not in held.keys:
            continue
        until = min(held.keys[each.key], each.until)
        keys = {**held.keys, each.key: until}
        if until == NEVER:
            del keys[each.key]
        people[each.person] = msgspec.structs.replace(held, keys=keys)
    return msgspec.structs.replace(authority, people=people)


def authority_changes(before: Authority, after: Authority) -> tuple[Change, ...]:
    """Every difference between two authorities; their machines are the policy's to tell of."""
    taken = revocations(before, after)
    found = [
        Change(
            (*KEYS, each.person, _fingerprint(each.key)),
            _term(before.people[each.person].keys[each.key]),
            _term(each.until),
            Effect.TIGHTENS,
        )
        for each in taken
    ]
    return (*found, *_granted(revoked(before, taken), after))


def _granted(before: Authority, after: Authority) -> Iterator[Change]:
    """What is left once the keys that went are gone: all of it for the root quorum."""
    if before.root_quorum != after.root_quorum:
        yield _unordered(("authority", "quorum"), before.root_quorum, after.root_quorum)
    for name in sorted(before.people.keys() | after.people.keys()):
        was, now = before.people.get(name), after.people.get(name)
        if (was and was.email) != (now and now.email):
            yield _unordered(("authority", "people", name), was and was.email, now and now.email)
        held, got = was.keys if was else {}, now.keys if now else {}
        for key in sorted(got):
            if held.get(key) != got[key]:
                term = _term(held[key]) if key in held else None
                path = (*KEYS, name, _fingerprint(key))
                yield _unordered(path, term, _term(got[key]))
    for name in sorted(before.roles.keys() | after.roles.keys()):
        was_role, now_role = before.roles.get(name), after.roles.get(name)
        if was_role != now_role:
            was_people = sorted(was_role.people) if was_role else None
            now_people = sorted(now_role.people) if now_role else None
            yield _unordered(("authority", "roles", name), was_people, now_people)


def _unordered(path: tuple[str, ...], before: object, after: object) -> Change:
    return Change(path, before, after, Effect.UNORDERED)


def _fingerprint(key: str) -> str:
    return parse_public_key(key).fingerprint


def _term(until: int) -> str:
    if until == NEVER:
        return "revoked"
    return "valid" if until >= FOREVER else f"valid until {show_instant(until)}"
