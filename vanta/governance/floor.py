"""What was published on this node before, by the word of files that are not the controller's (R8).

A controller whose journal was deleted or put back would begin again wherever the forge says. The
published files, the other journals and what other nodes signed still know better: nothing is
published that does not descend from every commit they name, and serials go on above theirs.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.domain.policy import Provenance
from vanta.domain.record import Record
from vanta.governance.commits import is_oid
from vanta.governance.firstseen import WITNESSES, Nodes, Sightings
from vanta.governance.graph import Graph
from vanta.governance.ledger import JOURNAL, Ledger
from vanta.governance.memory import Floor
from vanta.governance.published import Source
from vanta.governance.publisher import Publisher
from vanta.journal.chain import decode_line
from vanta.journal.segment import OPENED, ROTATED, complete_lines

_ADOPTED, _REFLECTED = "policy.adopted", "reflection.started"
"""Of the Executor's and of Markets' journals: from here on they act by what it states."""

_FRAMES = frozenset({OPENED, ROTATED})
"""A segment opens with the state of all that came before it."""


class _Published(msgspec.Struct, frozen=True):
    provenance: Provenance | None = None


class _State(msgspec.Struct, frozen=True):
    published: _Published | None = None


class _Stated(msgspec.Struct, frozen=True):
    """A record's body, as far as it may state a policy."""

    published: _Published | None = None
    provenance: Provenance | None = None
    state: _State | None = None


def of_journals(memory: Path) -> Floor:
    """What the other journals of a node say: the last commit each acted by, and any serial.

    Only what a service states of itself counts. A message that it took in, such as an intent, may
    name any commit: that is where somebody else was.
    """
    serial, commits = 0, dict[str, str]()
    for path in sorted(memory.glob("*.jsonl")):
        # A live segment opens with all that came before it.
        if path.stem == JOURNAL or "." in path.stem:
            continue
        commit = ""
        for found in _acted_by(path):
            serial = max(serial, found.serial)
            commit = found.commit or commit
        if commit:
            commits[commit] = path.name
    return Floor(serial, commits)


def of_published(provenance: Provenance, place: str) -> Floor:
    """What a published file says that no receipt vouches for."""
    if not is_oid(provenance.commit):
        return Floor()
    return Floor(max(0, provenance.serial), {provenance.commit: place})


def of_sightings(notes: Iterable[Sightings], nodes: Nodes) -> Floor:
    """What other nodes signed: the newest commit of each note that enough of them vouch for."""
    believed = (note for note in notes if note.seen and len(note.witnesses(nodes)) >= WITNESSES)
    return Floor(0, {list(note.seen)[-1]: "first-seen note" for note in believed})


def of_files(ledger: Ledger, publisher: Publisher) -> Floor:
    """What the published files say, unless a receipt vouches for where they come from."""
    try:
        files = publisher.read()
    except VantaError:
        return Floor()
    found = []
    for name, data in files.items():
        try:
            stated = decode(_File, data, place=name)
        except VantaError:
            continue
        if not ledger.vouches(stated.derived_from):
            found.append(of_published(stated.provenance, name))
    return together(found)


def together(floors: Iterable[Floor]) -> Floor:
    """The greatest of several."""
    serial, commits = 0, dict[str, str]()
    for floor in floors:
        serial = max(serial, floor.serial)
        commits.update(floor.commits)
    return Floor(serial, commits)


def unknown(commits: Mapping[str, str], anchor: str, graph: Graph) -> dict[str, str]:
    """Those of the commits that the history of `anchor` is not known to hold."""
    return {commit: at for commit, at in commits.items() if not _below(commit, anchor, graph)}


def _below(commit: str, anchor: str, graph: Graph) -> bool:
    try:
        return graph.is_ancestor(commit, anchor)
    except VantaError:
        return False


def check(commits: Mapping[str, str], head: str, graph: Graph) -> None:
    """Refuse a head that does not descend from every commit.

    Raises:
        RefusedError: `ROLLBACK`.
    """
    for commit, place in commits.items():
        if not graph.is_ancestor(commit, head):
            raise RefusedError(
                f"{commit[:12]}, which {place} knows as enforced, is not in its history",
                code="ROLLBACK",
                place=head[:12],
                remedy="put the branch back on top of it; if it never was, move that file away",
            )


class _File(msgspec.Struct, frozen=True):
    provenance: Provenance
    derived_from: Source


class _Acted(NamedTuple):
    commit: str
    serial: int


def _acted_by(path: Path) -> Iterator[_Acted]:
    """What each record of a live segment was written under, as far as it can be read.

    The chain is not checked: whoever broke a journal must not have made it silent.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for _, line in complete_lines(fd):
            with contextlib.suppress(MalformedError):
                yield _of_record(decode_line(line))
    except (MalformedError, OSError):
        return
    finally:
        os.close(fd)


def _of_record(record: Record) -> _Acted:
    stated = _stated(record)
    if stated is not None and is_oid(stated.commit):
        return _Acted(stated.commit, max(0, stated.serial))
    return _Acted(record.policy if is_oid(record.policy) else "", 0)


def _stated(record: Record) -> Provenance | None:
    """The policy that a record states to be in force; None where it states none."""
    if record.type not in {_ADOPTED, _REFLECTED, *_FRAMES}:
        return None
    try:
        body = decode(_Stated, bytes(record.body), place=record.id)
    except MalformedError:
        return None
    if record.type == _REFLECTED:
        return body.provenance
    in_force = body.published if record.type == _ADOPTED else body.state and body.state.published
    return in_force.provenance if in_force else None
