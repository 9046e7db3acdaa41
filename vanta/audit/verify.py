"""Verifying nodes: every journal, every checkpoint, every view, and what they say of each other.

What is read later may be longer than what was read before, so everything is taken in the order
that finds a running node consistent: views and checkpoints before the journals they speak of, and
each journal before those it refers to.
"""

import os
from collections.abc import Callable, Sequence

import msgspec

from vanta.alpha.tracker.desk import JOURNAL as TRACKER
from vanta.audit import checkpoints
from vanta.audit.nodes import GOVERNANCE, Node, files, in_reading_order, journals, nodes, rank
from vanta.audit.problems import Problem, Problems
from vanta.audit.references import References
from vanta.audit.tracked import Tracked
from vanta.audit.trail import Found, trail
from vanta.audit.views import View, judge, lost, read_views
from vanta.domain.errors import MalformedError, VantaError
from vanta.domain.policy import Published
from vanta.governance.receipts import published_by
from vanta.journal.chain import Spot
from vanta.journal.checkpoint import read_notes
from vanta.journal.segment import checkpoints_path
from vanta.journal.verify import Verified, verify
from vanta.node.layout import Layout

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


class JournalReport(msgspec.Struct, frozen=True):
    """One journal whose every line is sound."""

    name: str
    records: int
    bytes: int
    segments: int
    head: str
    checkpoints: int
    """Signed checkpoints it agrees with."""
    covered: int
    """Records the furthest of them vouches for."""


class NodeReport(msgspec.Struct, frozen=True):
    """What a node's folders hold, and what does not hold."""

    node: str
    root: str
    journals: tuple[JournalReport, ...]
    views: tuple[str, ...]
    """Names of the views that stand where they say."""
    checked: dict[str, int]
    """How many `parents`, `policies`, `signatures` and `promotions` were followed."""
    unjudged: dict[str, int]
    """By journal: references into one that is not among those given, or is broken."""
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is amiss."""
        return not self.problems


def verify_node(
    layout: Layout, *, workers: int | None = None, progress: Progress | None = None
) -> NodeReport:
    """Verify one node by itself; see `verify_nodes`."""
    return verify_nodes([layout], workers=workers, progress=progress)[0]


def verify_nodes(
    layouts: Sequence[Layout], *, workers: int | None = None, progress: Progress | None = None
) -> tuple[NodeReport, ...]:
    """Verify nodes, and what they say of each other.

    A problem in one journal does not keep the others from being verified; references into a
    journal that is broken or not given are counted as unjudged.

    Args:
        layouts: the nodes' folders; services may be running.
        workers: most processes to verify a journal with; None for one per core.
        progress: told of each journal.

    Raises:
        UnavailableError, RefusedError, MalformedError: no nodes are there; see `nodes`.
    """
    found = nodes(layouts)
    return _Audit(found, workers or os.cpu_count() or 1, progress or (lambda _: None)).run()


class _Audit:
    """One look at some nodes. Made before any journal is opened: see the module."""

    def __init__(self, found: list[Node], workers: int, progress: Progress) -> None:
        self._nodes = found
        self._workers = workers
        self._progress = progress
        self._problems = {node.name: Problems() for node in found}
        self._views: dict[str, list[View]] = {
            node.name: list(read_views(node.layout, self._problems[node.name])) for node in found
        }
        self._order = in_reading_order(found)
        self._notes = {
            (node.name, journal): self._read_notes(node, journal) for node, journal in self._order
        }
        self._require_governance()
        self._require_witnessed()
        self._sound: dict[tuple[str, str], Verified] = {}
        self._reports: dict[str, list[JournalReport]] = {node.name: [] for node in found}
        self._standing: dict[str, list[str]] = {node.name: [] for node in found}

    def run(self) -> tuple[NodeReport, ...]:
        for node, journal in self._order:
            self._verify(node, journal)
        whole = frozenset(self._sound)
        broken = frozenset((node.name, journal) for node, journal in self._order) - whole
        references = References(self._problems, whole, broken)
        # Verified last, read first: the keys in it open everything else.
        for node, journal in self._order:
            if journal == GOVERNANCE:
                self._read(node, journal, references, references.learn)
        for node, journal in self._order:
            if journal != GOVERNANCE:
                self._read(node, journal, references, references.follow)
        references.close()
        return tuple(self._report(node, references) for node in self._nodes)

    def _require_governance(self) -> None:
        """Every node has this journal; without it nobody can say under which policy it acted."""
        for name in {node.name for node, _ in self._order}:
            if not any((node.name, kept) == (name, GOVERNANCE) for node, kept in self._order):
                self._problems[name].add(
                    "JOURNAL_MISSING",
                    name,
                    f"it has journals, and no {GOVERNANCE}.jsonl",
                    "restore it from its off-node copy",
                )

    def _require_witnessed(self) -> None:
        """What another node countersigned of a journal says that there is one."""
        for other in self._nodes:
            for node in self._nodes:
                there = set(journals(node.layout))
                for path in sorted((other.layout.witnessed / node.name).glob("*.checkpoints")):
                    journal = path.name.partition(".")[0]
                    if journal not in there:
                        self._problems[node.name].add(
                            "JOURNAL_MISSING",
                            str(node.layout.journal(journal)),
                            f"{other.name} countersigned how far it reached, and it is gone",
                            "restore it from its off-node copy",
                        )

    def _read_notes(self, node: Node, journal: str) -> list[bytes]:
        """The checkpoints a node kept of its journal, and those that other nodes kept of it."""
        folders = (other.layout.witnessed / node.name for other in self._nodes)
        places = [node.layout.journal(journal), *(each / f"{journal}.jsonl" for each in folders)]
        found: dict[bytes, None] = {}
        for place in places:
            try:
                found |= dict.fromkeys(read_notes(checkpoints_path(place)))
            except VantaError as error:
                self._problems[node.name].error(error)
        return list(found)

    def _verify(self, node: Node, journal: str) -> None:
        self._progress(f"verifying {journal} of {node.name}")
        path = node.layout.journal(journal)
        try:
            self._sound[node.name, journal] = verify(path, workers=self._workers)
        except VantaError as error:
            left = files(node.layout, journal)
            if error.code == "JOURNAL_MISSING" and left:
                missing = MalformedError(
                    f"{path.name} is gone, and {left[-1].name} is there",
                    code="SEGMENT_MISSING",
                    place=str(path),
                    remedy="restore it from its off-node copy",
                )
                self._problems[node.name].error(missing)
            else:
                self._problems[node.name].error(error, str(path))

    def _read(
        self, node: Node, journal: str, references: References, take: Callable[[Found], None]
    ) -> None:
        """Walk over a sound journal once, for all that is asked of its records."""
        verified = self._sound.get((node.name, journal))
        if verified is None:
            return
        self._progress(f"following {journal} of {node.name}")
        stated = [view for view in self._views[node.name] if view.derived_from.journal == journal]
        notes = self._notes[node.name, journal]
        wanted = {view.derived_from.size for view in stated}
        # Whose notes they are is known only when governance was read, itself included.
        wanted |= {size for note in notes if (size := checkpoints.stated_size(note)) is not None}
        marks: dict[int, tuple[str, Spot]] = {}
        published: dict[int, Published] = {}
        tracked = Tracked(self._problems[node.name], wanted) if journal == TRACKER else None
        path = node.layout.journal(journal)
        for found in trail(node.name, path, limit=verified.records):
            size = found.record.seq + 1
            if size in wanted:
                marks[size] = (found.head, found.spot)
                if journal == GOVERNANCE and (receipt := published_by(found.record)):
                    published[size] = receipt
            take(found)
            if tracked is not None:
                tracked.take(found)
        if tracked is not None:
            references.checked[node.name, "signatures"] += tracked.signatures
        views = tracked.views if tracked is not None else {}
        self._judge_views(node, stated, marks, published, views)
        self._judge_notes(node, journal, verified, marks, references)

    def _judge_views(
        self,
        node: Node,
        stated: list[View],
        marks: dict[int, tuple[str, Spot]],
        published: dict[int, Published],
        tracked: dict[int, bytes],
    ) -> None:
        heads = {size: head for size, (head, _) in marks.items()}
        for view in stated:
            problem = judge(view, heads, published, tracked)
            if problem is None:
                self._standing[node.name].append(view.path.name)
            else:
                self._problems[node.name].take(problem)

    def _judge_notes(
        self,
        node: Node,
        journal: str,
        verified: Verified,
        marks: dict[int, tuple[str, Spot]],
        references: References,
    ) -> None:
        path = node.layout.journal(journal)
        kept, covered = 0, 0
        keyring = references.keyrings[node.name]
        notes = self._notes[node.name, journal]
        if notes and (node.name, GOVERNANCE) not in self._sound:
            references.unjudged[node.name, GOVERNANCE] += len(notes)
            notes = []
        for signed in checkpoints.opened(notes, checkpoints_path(path), keyring):
            amiss = (
                signed
                if isinstance(signed, VantaError)
                else checkpoints.agrees(signed, verified.records, marks, path)
            )
            if amiss is not None:
                self._problems[node.name].error(amiss)
            elif not isinstance(signed, VantaError):
                kept, covered = kept + 1, max(covered, signed.position.size)
        report = JournalReport(
            name=journal,
            records=verified.records,
            bytes=verified.bytes,
            segments=len(verified.segments),
            head=verified.head,
            checkpoints=kept,
            covered=covered,
        )
        self._reports[node.name].append(report)

    def _report(self, node: Node, references: References) -> NodeReport:
        there = set(journals(node.layout))
        for view in self._views[node.name]:
            if view.derived_from.journal not in there:
                self._problems[node.name].take(lost(view))

        def of(counts: dict[tuple[str, str], int]) -> dict[str, int]:
            return {what: n for (name, what), n in sorted(counts.items()) if name == node.name}

        reports = sorted(self._reports[node.name], key=lambda one: rank(one.name), reverse=True)
        return NodeReport(
            node=node.name,
            root=str(node.layout.root),
            journals=tuple(reports),
            views=tuple(sorted(self._standing[node.name])),
            checked=of(references.checked),
            unjudged=of(references.unjudged),
            problems=self._problems[node.name].all(),
        )
