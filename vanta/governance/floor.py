"""What was published on this node before, by the word of files that are not the controller's (R8).

A controller whose journal was deleted or put back would begin again wherever the forge says. The
published files, the other journals and what other nodes signed still know better: nothing is
published that does not descend from every commit they name, and serials go on above theirs.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import RefusedError, VantaError
from vanta.domain.policy import Provenance
from vanta.governance.firstseen import WITNESSES, Nodes, Sightings
from vanta.governance.graph import Graph
from vanta.governance.ledger import JOURNAL, Ledger
from vanta.governance.memory import Floor
from vanta.governance.published import Source
from vanta.governance.publisher import Publisher

_TAIL = 1024 * 1024
_CHUNK = 8 * 1024 * 1024
_OVERLAP = 1024
_OID = rb"[0-9a-f]{40}|[0-9a-f]{64}"
_POLICY = re.compile(rb'"policy":"(' + _OID + rb')"')
# Inside a JSON string every quote has a backslash, so no text of somebody else's can look like it.
_PROVENANCE = re.compile(
    rb'"provenance":\{"commit":"(?:' + _OID + rb')","tree":"[^"\\]*","serial":([0-9]{1,18})\}'
)


def of_journals(memory: Path) -> Floor:
    """What the other journals of a node say: the last commit each acted by, and any serial."""
    serial, commits = 0, dict[str, str]()
    for path in sorted(memory.glob("*.jsonl")):
        # A live segment opens with all that came before it.
        if path.stem == JOURNAL or "." in path.stem:
            continue
        try:
            serial = max(serial, _greatest_serial(path))
            commit = _last_commit(path)
        except OSError:
            continue
        if commit:
            commits[commit] = path.name
    return Floor(serial, commits)


def of_published(provenance: Provenance, place: str) -> Floor:
    """What a published file says that no receipt vouches for."""
    if not re.fullmatch(_OID.decode(), provenance.commit):
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
            stated = decode(_Stated, data, place=name)
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


class _Stated(msgspec.Struct, frozen=True):
    provenance: Provenance
    derived_from: Source


def _last_commit(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL))
        found = [match[1] for match in _POLICY.finditer(file.read())]
    return found[-1].decode() if found else ""


def _greatest_serial(path: Path) -> int:
    greatest, before = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            data = before + chunk
            for match in _PROVENANCE.finditer(data):
                greatest = max(greatest, int(match[1]))
            before = data[-_OVERLAP:]
    return greatest
