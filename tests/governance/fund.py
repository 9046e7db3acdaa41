"""A small fund on a `RepositorySimulator`: its people, its documents, and its history.

    fund = Fund(tmp_path)
    halt = fund.change({fund.halt("stop"): HALT}, by="grace", approve=True)
    fund.approve("ada")
    steps = fund.walk()

Roles: ada, grace and alan are root (2 of 3) and risk (loosen 2, tighten 1); olga is an operator who
may tighten and activate alone; carol may tighten the vault `crypto` and nothing else; mallory is
nobody.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.governance.simulator import MAIN, Content, Person, RepositorySimulator
from vanta.domain.instant import HOUR, show_instant
from vanta.domain.policy import Policy
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.read import AUTHORITY, halts, read_documents
from vanta.governance.fold import fold, introduce
from vanta.governance.history import History, tree_digest
from vanta.governance.repository import Repository
from vanta.governance.trust import Trust
from vanta.governance.walk import State, Step

ENVIRONMENT = "prod"
HERE = f"environments/{ENVIRONMENT}/"
MOMENTUM, CRYPTO = f"{HERE}vaults/momentum.yaml", f"{HERE}vaults/crypto.yaml"
OVERLAY = f"{HERE}overlay.yaml"
CEILING = f"ceilings/{ENVIRONMENT}.yaml"
TEAM = ("ada", "grace", "alan", "olga", "carol")


def document(kind: str, name: str, spec: str) -> str:
    """A document of one kind around its spec."""
    body = textwrap.indent(textwrap.dedent(spec).strip("\n"), "  ")
    return (
        f"apiVersion: vanta.dev/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f"spec:{body and chr(10)}{body or ' {}'}\n"
    )


def vault(name: str, *, capital: int = 1000, persona: str = "ares", more: str = "") -> str:
    """A vault with a per-ticker table, a deny-list and an envelope."""
    return document(
        "Vault",
        name,
        f"""
persona: {persona}
capital: {capital}
rails: [fiat]
universe:
  allow: [AAPL, MSFT, KO]
  deny: []
exposure:
  perTicker: {{default: 0.10}}
envelope: {{ttl: 2h, slice: 0.10, amplifier: 1.5}}
{textwrap.dedent(more)}""",
    )


def switch(name: str, *, kind: str = "full_halt", scope: str = "", until: int | None = None) -> str:
    """An overlay document of one switch, as a halt file holds it."""
    ends = f'\n    until: "{show_instant(until)}"' if until else ""
    where = f"\n    scope: {{{scope}}}" if scope else ""
    return document(
        "Overlay",
        name,
        f"switches:\n  - name: {name}\n    switch: {kind}{where}\n    reason: test{ends}",
    )


def overlay(
    *flips: str,
    switches: str = "[]",
    released: Iterable[str] = (),
    boosts: Iterable[str] = (),
    frozen: str = "[]",
) -> str:
    """The environment's overlay."""
    names = ", ".join(f'"{nonce}"' for nonce in released)
    return document(
        "Overlay",
        "overlay",
        f"switches: {switches}\nreleased: [{names}]\nfrozen: {frozen}\n"
        f"flips:{_listed(flips)}\nboosts:{_listed(boosts)}",
    )


def _listed(entries: Iterable[str]) -> str:
    return "".join(f"\n{entry}" for entry in entries) or " []"


def flip(until: int, *, slice_: str = "0.05", amplifier: str = "1.2", of: str = "momentum") -> str:
    """A flip of one vault, for `overlay`."""
    return (
        f'  - {{name: flip-{of}, vault: {of}, until: "{show_instant(until)}", slice: {slice_}, '
        f"amplifier: {amplifier}, conviction: 0.6, reason: test}}"
    )


def boost(until: int, *, multiplier: str = "1.5", of: str = "momentum") -> str:
    """A boost of one vault's persona, for `overlay`."""
    return (
        f'  - {{name: boost-{of}, vault: {of}, until: "{show_instant(until)}", '
        f"multiplier: {multiplier}, reason: test}}"
    )


def authority(
    people: Mapping[str, Sequence[str]],
    *,
    root: Sequence[str] = ("ada", "grace", "alan"),
    quorum: int = 2,
    risk: Sequence[str] = ("ada", "grace", "alan"),
    loosen: int = 2,
    nodes: str = "[]",
    roles: str = "",
) -> str:
    """An authority over people and their keys, in OpenSSH form or as `revoked`, `expiring`."""
    listed = "\n".join(
        f"  - {{name: {name}, email: {name}@example.org, keys: [{', '.join(map(_quoted, keys))}]}}"
        for name, keys in people.items()
    )
    return document(
        "Authority",
        "fund",
        f"""
people:
{listed}
nodes: {nodes}
roles:
  - {{name: root, people: [{", ".join(root)}], quorum: {quorum}}}
  - name: risk
    people: [{", ".join(risk)}]
    grants: [{{environments: ["*"], vaults: ["*"], tighten: 1, loosen: {loosen}}}]
  - name: operator
    people: [olga]
    grants: [{{environments: [prod], vaults: ["*"], tighten: 1, activate: 1}}]
  - name: crypto
    people: [carol]
    grants: [{{environments: ["*"], vaults: [crypto], tighten: 1}}]
{roles}""",
    )


def _quoted(text: str) -> str:
    return text if text.startswith("{") else f'"{text}"'


def revoked(key: str) -> str:
    """A key as an entry that says it was revoked, for `authority`."""
    return f'{{key: "{key}", revoked: true}}'


def expiring(key: str, until: int) -> str:
    """A key that approves until an instant, for `authority`."""
    return f'{{key: "{key}", expires: "{show_instant(until)}"}}'


def documents(people: Mapping[str, Sequence[str]], *, nodes: str = "[]") -> dict[str, Content]:
    """Every file of the fund at its introduction."""
    return {
        AUTHORITY: authority(people, nodes=nodes),
        CEILING: document("Ceiling", ENVIRONMENT, "account: {gross: 10000}\ncapital: 5000"),
        "personas/ares.yaml": document("Persona", "ares", "multiplier: 1.25\nconviction: 0.55"),
        "personas/athena.yaml": document("Persona", "athena", "multiplier: 0.8\nconviction: 0.6"),
        MOMENTUM: vault("momentum"),
        CRYPTO: vault("crypto", persona="athena"),
        OVERLAY: overlay(),
        "README.md": "The fund.\n",
    }


def governed(files: Mapping[str, Content]) -> dict[str, bytes]:
    """What the digest of `ENVIRONMENT` covers, of a whole tree."""
    roots = (AUTHORITY, "ceilings/", "personas/", HERE)
    return {
        path: content.encode() if isinstance(content, str) else content
        for path, content in files.items()
        if path.startswith(roots)
    }


def compiled(files: Mapping[str, Content]) -> Policy:
    """The policy a tree asks for."""
    return compile_policy(read_documents(governed(files), ENVIRONMENT))


class Fund:
    """The fund's governance repository, introduced by ada.

    Commits approve nothing unless `approve` says so. `now` is the clock of whoever walks. Each of
    `nodes` is a machine that is registered from the start, with the key of a person of that name.
    """

    def __init__(self, tmp_path: Path, *, nodes: Sequence[str] = ()) -> None:
        self.sim = RepositorySimulator(tmp_path)
        self.keys = {name: [self.sim.person(name).key.openssh] for name in TEAM}
        self.mallory = self.sim.person("mallory")
        machines = ", ".join(
            f'{{name: {name}, keys: ["{self.sim.person(name).key.openssh}"]}}' for name in nodes
        )
        self.introduction = self.sim.commit(
            documents(self.keys, nodes=f"[{machines}]"),
            signer=self.sim.person("ada"),
            message="Introduce\n",
        )
        self.trust = Trust(self.introduction, (self.sim.person("ada").key.fingerprint,))
        self.repository = Repository(self.sim.path)
        self.history = History(self.repository, ENVIRONMENT)
        self.state = introduce(
            self.introduction, frozenset(self.trust.fingerprints), ENVIRONMENT, self.history
        )

    @property
    def now(self) -> int:
        return self.sim.now

    def person(self, name: str) -> Person:
        return self.sim.person(name)

    def halt(self, stem: str) -> str:
        """Where a self-contained halt file lies."""
        return f"{halts(ENVIRONMENT)}{stem}.yaml"

    def digest(self, files: Mapping[str, Content]) -> str:
        """What an approval of these files names."""
        return tree_digest(ENVIRONMENT, governed(files))

    def change(
        self,
        changes: Mapping[str, Content | None] | None = None,
        *,
        by: str | None,
        approve: bool = False,
        parents: Sequence[str] | None = None,
        ref: str | None = MAIN,
    ) -> str:
        """A commit on the first parent's files, unsigned when `by` is None."""
        above = parents or [self.sim.head()]
        files = self.sim.files(above[0])
        for path, content in (changes or {}).items():
            if content is None:
                del files[path]
            else:
                files[path] = content
        return self.tree(files, by=by, approve=approve, parents=above, ref=ref)

    def tree(
        self,
        files: Mapping[str, Content],
        *,
        by: str | None,
        approve: bool = False,
        parents: Sequence[str] | None = None,
        ref: str | None = MAIN,
    ) -> str:
        """A commit of exactly these files."""
        message = "A change\n"
        if approve:
            until = show_instant(self.now + 72 * HOUR)
            message += f"\nVanta-Approve: {ENVIRONMENT} {self.digest(files)} until={until}\n"
        return self.sim.commit(
            files,
            signer=self.person(by) if by else None,
            parents=[self.sim.head()] if parents is None else parents,
            message=message,
            ref=ref,
        )

    def lane(self, stem: str, *, by: str | None, on: str | None = None, text: str = "") -> str:
        """A halt beside the main line, where controllers look for it."""
        files: dict[str, Content] = {self.halt(stem): text or switch(stem)}
        oid = self.change(files, by=by, parents=[on or self.introduction], ref=None)
        self.sim.point(f"refs/vanta/halts/{stem}", oid)
        return oid

    def approve(
        self, by: str, *, parents: Sequence[str] | None = None, ref: str | None = MAIN
    ) -> str:
        """An empty commit that approves its tree."""
        return self.change(by=by, approve=True, parents=parents, ref=ref)

    def walk(self, head: str | None = None, *, now: int | None = None) -> list[Step]:
        """Every step from the introduction to `head`."""
        return list(
            fold(
                self.state, head or self.sim.head(), self.history, self.now if now is None else now
            )
        )

    def step(self, head: str | None = None, *, now: int | None = None) -> Step:
        """The last of them."""
        return self.walk(head, now=now)[-1]

    def after(self, head: str | None = None) -> State:
        """What is known after them."""
        return self.step(head).state


def capital(policy: Policy, of: str = "momentum") -> int:
    """A vault's capital in whole dollars."""
    return policy.vaults[of].capital // 10**8


def halted(policy: Policy) -> bool:
    """Whether everything stands, for every vault, with no end."""
    on = [policy.overlay.everywhere, *(policy.overlay.vaults.at(name) for name in policy.vaults)]
    return all(switches.full_halt > 0 for switches in on)
