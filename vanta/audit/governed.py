"""The part of a bundle that says who governed: each node's repository, and everybody's keys."""

import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from vanta.audit.holdings import Held, Holding, JournalHeld
from vanta.audit.keyring import Keyring
from vanta.audit.nodes import GOVERNANCE, Node
from vanta.audit.references import INTENT_NAMESPACE
from vanta.audit.trail import trail
from vanta.domain.encoding import decode
from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance import layout
from vanta.governance.authority import PersonKeys
from vanta.governance.bounds import Bounds
from vanta.governance.git_process import command, environment, skeleton
from vanta.governance.receipts import EVALUATED, HALT_DELIVERED, INTRODUCED, published_by
from vanta.governance.walk import NAMESPACE as GIT_NAMESPACE

_HEAD = "refs/heads/main"
_LANE = "refs/heads/lane"
_SECONDS = 120


class Governed(NamedTuple):
    """Repositories and keys."""

    bundles: tuple[Holding, ...]
    repositories: dict[str, dict[str, Any]]
    """By node: the bundle's name, and the commit its branch is at."""
    nodes_signers: bytes
    """An `allowed_signers` file of every key a node ever had."""
    people_signers: bytes
    """The same of people."""
    left_out: tuple[str, ...]


class _Authority(msgspec.Struct, frozen=True):
    people: dict[str, PersonKeys] = {}


class _State(msgspec.Struct, frozen=True):
    anchor: str
    authority: _Authority


class _Receipt(msgspec.Struct, frozen=True):
    state: _State | None = None


class _Halt(msgspec.Struct, frozen=True):
    commit: str


class _Learned:
    """What a governance journal says about commits and keys."""

    def __init__(self) -> None:
        self.keyring = Keyring()
        self.people: set[tuple[str, str]] = set()
        self.anchor = ""
        self.halts: set[str] = set()
        """Commits of the lane; the branch need not hold them."""


def governed(nodes: Sequence[Node], held: Held, stack: ExitStack) -> Governed:
    """Gather what the nodes know of governance.

    Args:
        nodes: whose.
        held: what was taken of their journals.
        stack: removes what is made on the way.

    Raises:
        UnavailableError: `GIT_FAILED`: a mirror cannot be bundled.
    """
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vanta-export-")))
    machines: set[tuple[str, str]] = set()
    people: set[tuple[str, str]] = set()
    bundles: list[Holding] = []
    repositories: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    journals = {one.node.name: one for one in held.journals if one.name == GOVERNANCE}
    for node in nodes:
        if node.name not in journals:
            left_out.append(f"{node.name}: it has no governance journal")
            continue
        try:
            learned = _learn(node, journals[node.name])
        except VantaError as error:
            left_out.append(f"{node.name}: the keys and commits of a broken journal: {error}")
            continue
        every = learned.keyring.every_key()
        machines |= {(name, key) for name, keys in every.items() for key in keys}
        people |= learned.people
        if not node.layout.mirror.is_dir() or not learned.anchor:
            left_out.append(f"{node.name}: it has no copy of the governance repository")
            continue
        path = folder / f"{node.name}.bundle"
        _bundle(node.layout.mirror, learned.anchor, sorted(learned.halts), path)
        file = stack.enter_context(path.open("rb"))
        name = f"nodes/{node.name}/governance.bundle"
        bundles.append(Holding(name, file, path.stat().st_size))
        repositories[node.name] = {"bundle": name, "head": learned.anchor}
    return Governed(
        bundles=tuple(bundles),
        repositories=repositories,
        nodes_signers=_signers(machines, INTENT_NAMESPACE),
        people_signers=_signers(people, GIT_NAMESPACE),
        left_out=tuple(left_out),
    )


def _learn(node: Node, journal: JournalHeld) -> _Learned:
    learned = _Learned()
    path = node.layout.journal(journal.name)
    for found in trail(node.name, path, limit=journal.position.size):
        published = published_by(found.record)
        if published is not None:
            learned.keyring.learn(published)
        if found.record.type == HALT_DELIVERED:
            learned.halts.add(decode(_Halt, bytes(found.record.body), place=found.place).commit)
        if found.record.type in {EVALUATED, INTRODUCED}:
            state = decode(_Receipt, bytes(found.record.body), place=found.place).state
            if state is not None:
                learned.anchor = state.anchor
                for person in state.authority.people.values():
                    learned.people |= {(person.email, key) for key in person.keys}
    return learned


def _signers(keys: set[tuple[str, str]], namespace: str) -> bytes:
    lines = (f'{name} namespaces="{namespace}" {key}\n' for name, key in sorted(keys))
    return "".join(lines).encode()


def _bundle(mirror: Path, head: str, halts: Sequence[str], path: Path) -> None:
    """Pack every object these commits need, from a mirror whose own configuration is never read."""
    found = layout.find(mirror)
    bounds = Bounds()
    with tempfile.TemporaryDirectory(prefix="vanta-git-") as folder:
        git_dir = Path(folder)
        skeleton(git_dir, found.object_format)
        # Branches all of them, so that a plain clone of the bundle has them.
        refs = {_HEAD: head, **{f"{_LANE}/{oid}": oid for oid in halts}}
        for name, oid in refs.items():
            (git_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (git_dir / name).write_text(f"{oid}\n")
        try:
            done = subprocess.run(
                command(["bundle", "create", "--quiet", str(path), *refs], bounds=bounds),
                env=environment(git_dir, found.objects),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                cwd=folder,
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(mirror, f"no end after {_SECONDS} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _failed(mirror, said[-1] if said else f"it ended with {done.returncode}")


def _failed(mirror: Path, why: str) -> UnavailableError:
    return UnavailableError(
        f"the governance repository cannot be bundled: {why}",
        code="GIT_FAILED",
        place=str(mirror),
        remedy="remove the mirror; the controller fetches it again",
    )
