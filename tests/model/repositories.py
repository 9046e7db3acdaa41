"""The model's histories as real repositories: real files, real signatures, the real fold.

What is raised for good is a vault's capital, what is raised until a time is a flip; what is halted
is the full halt of everything; the gear is what is reinvested. No history has both kinds of raise.
"""

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.governance.fund import (
    CRYPTO,
    ENVIRONMENT,
    MOMENTUM,
    OVERLAY,
    capital,
    document,
    documents,
    expiring,
    flip,
    governed,
    overlay,
    revoked,
    switch,
    vault,
)
from tests.governance.simulator import START, Content, Person, RepositorySimulator, person
from tests.model.rules import State as Told
from tests.model.terms import NEVER, REVOKED, Authority, Commit, History, Policy, Tree, ahead
from vanta.domain.encoding import decode, encode
from vanta.domain.instant import FOREVER, HOUR, show_instant
from vanta.domain.policy import Policy as RealPolicy
from vanta.governance.authority import Authority as RealAuthority
from vanta.governance.documents.read import AUTHORITY, halts
from vanta.governance.fold import fold, introduce
from vanta.governance.history import History as Objects
from vanta.governance.history import tree_digest
from vanta.governance.lane import deliver
from vanta.governance.repository import Repository
from vanta.governance.walk import State, Step

NAMES = {"A": "ada", "B": "grace", "C": "alan", "D": "dora", "O": "olga"}
SPARE = "ada-spare"
SCOPES = ("everywhere", "vaults", "venues", "strategies", "followers")
FLIPPED = range(1, NEVER)


def signing(key: str) -> Person:
    """Whoever signs with a key of the model; the small letter is a person's second key."""
    name = NAMES[key.upper()]
    if key.isupper():
        return person(name)
    spare = person(f"{name}-spare")
    return Person(name, spare.private_key, spare.key)


def instant(end: int) -> int:
    return FOREVER if end == NEVER else START + end * HOUR


# Trees as files.


def files_of(tree: Tree) -> dict[str, Content]:
    says = tree.says
    switches = f"[{_switch(says.halted)}]" if says.halted else "[]"
    flips = [flip(instant(says.raised))] if says.raised in FLIPPED else []
    released = [f"nonce-{nonce}" for nonce in sorted(says.released)]
    files = documents({}) | {
        AUTHORITY: _authority(tree.authority),
        MOMENTUM: vault(
            "momentum",
            capital=2000 if says.raised == NEVER else 1000,
            more=f"compounding: {{reinvest: {says.gear}}}",
        ),
        OVERLAY: overlay(*flips, switches=switches, released=released),
    }
    files |= {f"{halts(ENVIRONMENT)}{stem}.yaml": switch(stem) for stem in tree.halts}
    return files if tree.readable else files | {CRYPTO: "spec: [unclosed\n"}


def _switch(until: int) -> str:
    ends = "" if until == NEVER else f', until: "{show_instant(instant(until))}"'
    return f"{{name: stop, switch: full_halt, reason: test{ends}}}"


def _authority(authority: Authority) -> str:
    people = ", ".join(NAMES[letter] for letter in sorted(authority.people))
    listed = "\n".join(
        f"  - {{name: {NAMES[letter]}, email: {NAMES[letter]}@example.org, "
        f"keys: [{', '.join(_keys(authority, letter))}]}}"
        for letter in sorted(authority.people | authority.operators)
    )
    paths = ", ".join(f"overlay.{scope}" for scope in SCOPES)
    return document(
        "Authority",
        "fund",
        f"""
people:
{textwrap.indent(listed, "")}
nodes: []
roles:
  - {{name: root, people: [{people}], quorum: {authority.quorum}}}
  - name: risk
    people: [{people}]
    grants: [{{environments: ["*"], vaults: ["*"], tighten: 1, loosen: {authority.quorum}}}]
  - name: operator
    people: [{", ".join(NAMES[letter] for letter in sorted(authority.operators))}]
    grants: [{{environments: [prod], vaults: ["*"], paths: [{paths}], tighten: 1}}]
""",
    )


def _keys(authority: Authority, letter: str) -> Iterator[str]:
    for key in (letter, letter.lower()):
        end, text = authority.end(key), signing(key).key.openssh
        if end == REVOKED:
            yield revoked(text)
        else:
            yield f'"{text}"' if end == NEVER else expiring(text, instant(end))


# What both make of a step, in the same words.


class Outcome(NamedTuple):
    verdict: str
    policy: Policy
    people: frozenset[str]
    quorum: int
    keys: frozenset[tuple[str, int]]


def of_the_model(state: Told) -> Outcome:
    authority = state.authority
    keys = {(key, authority.end(key)) for key in authority.keys}
    return Outcome(
        state.verdict,
        ahead(state.policy, state.clock),
        authority.people,
        authority.quorum,
        frozenset(each for each in keys if each[1] != REVOKED),
    )


def of_the_fold(step: Step, clock: int) -> Outcome:
    authority = step.state.authority
    return Outcome(
        step.verdict,
        ahead(policy_of(step.state.policy), clock),
        frozenset(key for key, name in NAMES.items() if name in authority.roles["root"].people),
        authority.root_quorum,
        frozenset(_live(authority)),
    )


def agree(model: Outcome, step: Step, fold: Outcome) -> bool:
    """Whether they do. Where nobody speaks, nothing moves, and the fold reads no document.

    It then calls a tree that says the same in other bytes refused.
    """
    if not any(each.signer for each in step.seen):
        moved = {"refused", "unchanged"}.isdisjoint({model.verdict, fold.verdict})
        model = model._replace(verdict=model.verdict if moved else fold.verdict)
    return model == fold


def policy_of(policy: RealPolicy) -> Policy:
    flipped = policy.overlay.flips.get("momentum")
    raised = NEVER if capital(policy) > 1000 else _end(flipped.until) if flipped else 0
    return Policy(
        raised,
        _end(policy.overlay.everywhere.full_halt),
        1 if policy.vaults["momentum"].compounding.reinvest else 0,
        frozenset(int(nonce.removeprefix("nonce-")) for nonce in policy.released),
    )


def _live(authority: RealAuthority) -> Iterator[tuple[str, int]]:
    for letter, name in NAMES.items():
        held = authority.people[name].keys if name in authority.people else {}
        for key in (letter, letter.lower()):
            text = signing(key).key.openssh
            if text in held:
                yield key, _end(held[text])


def _end(until: int) -> int:
    if until <= 0:
        return 0
    return NEVER if until >= FOREVER else (until - START) // HOUR


# A repository that many histories share.


class Archive:
    """One repository; every history in it has its own introduction."""

    def __init__(self, tmp_path: Path) -> None:
        self._sim = RepositorySimulator(tmp_path)
        self._repository = Repository(self._sim.path)
        self._objects = Objects(self._repository, ENVIRONMENT)
        self._trees: dict[Tree, tuple[str, str]] = {}

    def close(self) -> None:
        self._repository.close()

    def write(self, history: History) -> list[str]:
        """The commits of a history, by number."""
        oids: list[str] = []
        for n, commit in enumerate(history.commits):
            by = signing(commit.signer or "A") if commit.signer or n == 0 else None
            payload = self._sim.payload(
                tree=self._tree(commit.tree)[0],
                parents=[oids[parent] for parent in commit.parents],
                committer=by,
                message=self._message(commit),
            )
            if not commit.own:
                other = person("mallory").identity.encode()
                start, _, rest = payload.partition(b"\nauthor ")
                payload = start + b"\nauthor " + other + rest[rest.index(b"> ") + 1 :]
            oids.append(self._sim.raw_commit(self._sim.signed(payload, by) if by else payload))
        return oids

    def _tree(self, tree: Tree) -> tuple[str, str]:
        """The Git tree and the governed digest."""
        if tree not in self._trees:
            files = files_of(tree)
            digest = tree_digest(ENVIRONMENT, governed(files))
            self._trees[tree] = self._sim.tree(files), digest
        return self._trees[tree]

    def _message(self, commit: Commit) -> str:
        if commit.approves is None:
            return "A change\n"
        end = START + 1000 * HOUR if commit.until == NEVER else instant(commit.until)
        digest = self._tree(commit.approves)[1]
        until = show_instant(end)
        return f"A change\n\nVanta-Approve: {ENVIRONMENT} {digest} until={until}\n"

    def introduced(self, oid: str) -> State:
        fingerprints = frozenset({person("ada").key.fingerprint})
        return introduce(oid, fingerprints, ENVIRONMENT, self._objects)

    def step(self, state: State, oid: str, clock: int, lane: frozenset[str] = frozenset()) -> Step:
        (step,) = fold(state, oid, self._objects, instant(clock), lane=lane)
        return step

    def folded(self, introduction: str, head: str) -> bytes:
        """What is known at `head` by a node that first looks when all of it is there."""
        (*_, last) = fold(self.introduced(introduction), head, self._objects, START)
        return encode(last.state)

    def restarted(self, state: State) -> State:
        """What a node knows after a restart: what can be read back."""
        return decode(State, encode(state))

    def hear(self, state: State, lane: Iterable[str], clock: int) -> State:
        """The state with these commits of the lane delivered."""
        return deliver(state, lane, self._objects, instant(clock))[0]
