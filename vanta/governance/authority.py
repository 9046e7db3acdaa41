"""Who may change what: people, roles and quorums, and the judgement of a set of changes; pure."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.domain.instant import FOREVER, NEVER
from vanta.domain.policy import Policy
from vanta.governance.documents.kinds import AuthorityDocument, Grant, KeyEntry, Path, Person
from vanta.governance.keys import PublicKey, parse_public_key
from vanta.lattice.direction import DEFAULT, EVERYTHING, Change, Effect

ROOT = "root"
ROOT_SCOPE = "(root)"
"""The scope of what only root may change; no vault can be called this."""

_ROOT_PATHS = frozenset({"authority", "nodes", "releases", "ceiling", "account", "environment"})
FROZEN = ("releases", "frozen")
"""What stands in overlays, of what else only root may change."""


class PersonKeys(msgspec.Struct, frozen=True):
    """One person: what they sign with, and the address their commits carry."""

    email: str
    keys: dict[str, int]
    """Key in OpenSSH form to the instant until which it may approve; a revoked key is not here."""


class RoleGrant(msgspec.Struct, frozen=True):
    """What a role may do in some vaults of some environments; `None` is never."""

    environments: frozenset[str]
    vaults: frozenset[str]
    paths: frozenset[str]
    quorum: dict[str, int]
    """`tighten`, `activate`, `loosen`, `build`, `review` to how many people it takes."""


class RolePeople(msgspec.Struct, frozen=True):
    """A role."""

    people: frozenset[str]
    grants: tuple[RoleGrant, ...]


class Authority(msgspec.Struct, frozen=True):
    """An authority document, resolved: what the walk judges by."""

    people: dict[str, PersonKeys]
    roles: dict[str, RolePeople]
    root_quorum: int

    def person_of(self, key: PublicKey) -> str | None:
        """Whose key it is."""
        text = key.openssh
        return next((name for name, who in self.people.items() if text in who.keys), None)

    def approves_until(self, key: PublicKey) -> int:
        """The instant until which this key may approve; `NEVER` for a key nobody has."""
        person = self.person_of(key)
        return NEVER if person is None else self.people[person].keys[key.openssh]


class Need(msgspec.Struct, frozen=True):
    """What one kind of change takes, and who has given it."""

    scope: str
    action: str
    role: str
    quorum: int
    approved: tuple[str, ...]
    missing: tuple[str, ...]
    """People of the role who have not approved; enough of them would do."""
    fields: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether enough people approved."""
        return len(self.approved) >= self.quorum > 0


def resolve(document: AuthorityDocument) -> Authority:
    """Check an authority document for sense and turn it into what the walk uses.

    Raises:
        MalformedError: a name, key or role does not fit.
        RefusedError: the authority could lock itself out.
    """
    spec = document.spec
    people: dict[str, PersonKeys] = {}
    owners: dict[str, str] = {}
    for at, person in enumerate(spec.people):
        here = Where(document, ("spec", "people", at))
        if person.name in people:
            raise here.bad("name", "DUPLICATE_PERSON", f"{person.name!r} is listed twice", TWICE)
        people[person.name] = PersonKeys(person.email, _live(person, owners, here))
    _check_nodes(document, owners)
    roles: dict[str, RolePeople] = {}
    for at, role in enumerate(spec.roles):
        here = Where(document, ("spec", "roles", at))
        if role.name in roles:
            raise here.bad("name", "DUPLICATE_ROLE", f"role {role.name!r} is listed twice", TWICE)
        if unknown := sorted(set(role.people) - people.keys()):
            message = f"role {role.name!r} names {unknown[0]!r}, who is nobody"
            remedy = f"use some of {', '.join(sorted(people))}"
            raise here.bad("people", "UNKNOWN_PERSON", message, remedy)
        grants = tuple(_grant(role.name, grant, here, n) for n, grant in enumerate(role.grants))
        roles[role.name] = RolePeople(people=frozenset(role.people), grants=grants)
    # In the order a journal gives them back in: a restart must not ask somebody else.
    return Authority(
        people=dict(sorted(people.items())),
        roles=dict(sorted(roles.items())),
        root_quorum=_root_quorum(document),
    )


def _root_quorum(document: AuthorityDocument) -> int:
    """How many of root it takes; raises when there is no root, or one that can lock itself out."""
    roles = document.spec.roles
    at = next((n for n, role in enumerate(roles) if role.name == ROOT), None)
    if at is None or not roles[at].quorum:
        raise Where(document, ("spec",)).bad(
            "roles",
            "NO_ROOT",
            "no role `root` with a quorum of at least 1",
            "add the role with its people and its quorum",
        )
    quorum, people = roles[at].quorum or 0, len(set(roles[at].people))
    if people - 1 < quorum:
        raise RefusedError(
            f"root needs {quorum} of {people} people: losing one locks it out",
            code="ROOT_LOCKOUT",
            place=document.place("spec", "roles", at, "quorum"),
            remedy="name more people as root, or lower its quorum",
        )
    return quorum


class Where(NamedTuple):
    """A part of the document, to say what is wrong with it."""

    document: AuthorityDocument
    path: Path

    def bad(self, field: str | int, code: str, message: str, remedy: str) -> MalformedError:
        """A mistake in one field of it."""
        place = self.document.place(*self.path, field)
        return MalformedError(message, code=code, place=place, remedy=remedy)

    def of(self, *steps: str | int) -> "Where":
        """A part of this part."""
        return Where(self.document, (*self.path, *steps))


TWICE = "remove one of the two"


def _check_nodes(document: AuthorityDocument, owners: dict[str, str]) -> None:
    """Machines are named once, and share no key with anybody; the policy holds what they have."""
    seen: set[str] = set()
    for at, node in enumerate(document.spec.nodes):
        here = Where(document, ("spec", "nodes", at))
        if node.name in seen:
            raise here.bad("name", "DUPLICATE_NODE", f"node {node.name!r} is listed twice", TWICE)
        seen.add(node.name)
        for n, key in enumerate(node.keys):
            _canonical(key, owners, f"node {node.name}", here.of("keys"), n)


def _live(person: Person, owners: dict[str, str], here: Where) -> dict[str, int]:
    """The keys of a person that were not revoked, and until when each may approve."""
    live: dict[str, int] = {}
    seen: set[str] = set()
    for n, entry in enumerate(person.keys):
        terms = entry if isinstance(entry, KeyEntry) else KeyEntry.model_construct(key=entry)
        key = _canonical(terms.key, owners, person.name, here.of("keys"), n)
        if key in seen:
            message = f"a key of {person.name!r} is listed twice"
            raise here.of("keys").bad(n, "DUPLICATE_KEY", message, TWICE)
        seen.add(key)
        if not terms.revoked:
            live[key] = FOREVER if terms.expires is None else terms.expires
    return live


def _canonical(text: str, owners: dict[str, str], owner: str, here: Where, at: int) -> str:
    try:
        key = parse_public_key(text).openssh
    except VantaError as error:
        error.place = here.document.place(*here.path, at)
        raise
    if owners.setdefault(key, owner) != owner:
        message = f"{owner!r} and {owners[key]!r} have the same key"
        raise here.bad(at, "SHARED_KEY", message, "give each a key of their own")
    return key


def _grant(role: str, grant: Grant, here: Where, at: int) -> RoleGrant:
    quorum = {
        action: count
        for action in ("tighten", "activate", "loosen", "build", "review")
        if (count := getattr(grant, action)) is not None
    }
    for action, count in quorum.items():
        if count < 1:
            message = f"role {role!r} may {action} with {count} people"
            remedy = "ask for 1 or more; leave it out where the role may not"
            raise here.of("grants", at).bad(action, "BAD_QUORUM", message, remedy)
    return RoleGrant(grant.environments, grant.vaults, grant.paths, quorum)


def scope_of(path: tuple[str, ...]) -> str:
    """What a change is about: the fund itself, a vault's name, or `*` for the environment."""
    if path[0] in _ROOT_PATHS and path != FROZEN:
        return ROOT_SCOPE
    if path[0] == "vaults":
        return path[1]
    by_vault = path[0] == "overlay" and path[1] in {"vaults", "flips", "boosts"} and len(path) > 2  # noqa: PLR2004 - path depth
    return path[2] if by_vault and path[2] != DEFAULT else EVERYTHING


def action_of(effect: Effect) -> str:
    """What a person must be allowed to do to make a change of this effect."""
    return "tighten" if effect in {Effect.TIGHTENS, Effect.NEUTRAL} else "loosen"


def _within_envelope(change: Change, policy: Policy, now: int) -> bool:
    """Whether a change only opens or moves a flip inside what a quorum allowed its vault."""
    if change.path[:2] != ("overlay", "flips") or change.effect is Effect.TIGHTENS:
        return False
    vault, flip = change.path[2], policy.overlay.flips.get(change.path[2])
    if flip is None or vault not in policy.vaults:
        return False
    envelope = policy.vaults[vault].envelope
    return (
        flip.slice <= envelope.slice
        and flip.amplifier <= envelope.amplifier
        and flip.until <= now + envelope.ttl
    )


Way = tuple[frozenset[str], int, str]
"""A role's people, how many of them it takes, and the role's name."""


def may(
    authority: Authority, person: str, action: str, environment: str, path: tuple[str, ...]
) -> bool:
    """Whether this person alone counts toward `action` on a policy path."""
    return any(person in people for people, _, _ in _ways(authority, action, environment, path))


def _ways(
    authority: Authority, action: str, environment: str, path: tuple[str, ...]
) -> Iterable[Way]:
    """Each role that may do it.

    Who may approve a flip beyond an envelope may also approve one within it.
    """
    actions = (action, "loosen") if action == "activate" else (action,)
    scope = scope_of(path)
    for name, role in authority.roles.items():
        if scope == ROOT_SCOPE:
            if name == ROOT:
                yield role.people, 1 if action == "tighten" else authority.root_quorum, name
            continue
        for grant in role.grants:
            covered = _covers(grant.environments, environment) and _covers(grant.vaults, scope)
            if covered and _covers_path(grant.paths, path):
                for quorum in (grant.quorum.get(each) for each in actions):
                    if quorum is not None:
                        yield role.people, quorum, name


def _covers(names: frozenset[str], name: str) -> bool:
    return EVERYTHING in names or name in names


def _covers_path(patterns: frozenset[str], path: tuple[str, ...]) -> bool:
    """Whether `path` lies at or below one of the patterns; `*` stands for one step."""
    if EVERYTHING in patterns:
        return True
    for pattern in patterns:
        steps = pattern.split(".")
        if len(steps) <= len(path) and all(
            step in {EVERYTHING, here} for step, here in zip(steps, path, strict=False)
        ):
            return True
    return False


def judge(
    authority: Authority,
    proposed: Policy,
    found: Iterable[Change],
    approvers: frozenset[str],
    now: int,
) -> tuple[Need, ...]:
    """What each kind of change needs, at which scope, and whether the approvers give it.

    Args:
        authority: the authority in force.
        proposed: the policy the changes lead to; its vaults' envelopes bound a flip.
        found: changes from the policy in force.
        approvers: distinct people whose approvals of exactly this tree count.
        now: UTC nanoseconds.
    """
    asked: dict[tuple[str, str, tuple[Way, ...]], list[str]] = {}
    for change in found:
        activates = _within_envelope(change, proposed, now)
        action = "activate" if activates else action_of(change.effect)
        ways = tuple(_ways(authority, action, proposed.environment, change.path))
        key = (scope_of(change.path), action, ways)
        asked.setdefault(key, []).append(".".join(change.path))
    return tuple(
        _need(scope, action, ways, approvers, tuple(fields))
        for (scope, action, ways), fields in sorted(asked.items(), key=_by_scope)
    )


def _by_scope(asked: tuple[tuple[str, str, tuple[Way, ...]], list[str]]) -> tuple[str, ...]:
    (scope, action, _), fields = asked
    return scope, action, *fields


def _need(
    scope: str,
    action: str,
    ways: tuple[Way, ...],
    approvers: frozenset[str],
    fields: tuple[str, ...],
) -> Need:
    """The way that is nearest to being met; nobody's way when no role covers the change."""
    needs = [
        Need(
            scope=scope,
            action=action,
            role=role,
            quorum=quorum,
            approved=tuple(sorted(people & approvers)),
            missing=tuple(sorted(people - approvers)),
            fields=fields,
        )
        for people, quorum, role in ways
    ]
    return min(needs, key=_distance, default=Need(scope, action, "", 0, (), (), fields))


def _distance(need: Need) -> int:
    return max(0, need.quorum - len(need.approved))
