"""What a node's views claim to be derived from, held against the journals."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from vanta.alpha.tracker.desk import JOURNAL
from vanta.audit.nodes import GOVERNANCE
from vanta.audit.nodes import views as view_paths
from vanta.audit.problems import Problem, Problems
from vanta.audit.tracked import VIEW_FILE, edited
from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError, UnavailableError, VantaError
from vanta.domain.policy import Published
from vanta.domain.record import GENESIS
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, render
from vanta.journal.view import MAX_VIEW, DerivedFrom
from vanta.node.layout import Layout


class View(msgspec.Struct, frozen=True):
    """A view as it was read, before its journal was."""

    path: Path
    derived_from: DerivedFrom
    content: bytes


class _Stamp(msgspec.Struct, frozen=True):
    derived_from: msgspec.Raw = msgspec.Raw()


def read_views(layout: Layout, problems: Problems) -> Iterator[View]:
    """Every JSON file of a node that says what it is derived from; others are no views."""
    for path in view_paths(layout):
        try:
            content = _read(path)
            stamp = decode(_Stamp, content, place=str(path)).derived_from
            if stated := bytes(stamp):
                yield View(path, decode(DerivedFrom, stated, place=str(path)), content)
        except VantaError as error:
            problems.add(
                "VIEW_SHAPE", str(path), error.message, "restart its service, which rebuilds it"
            )


def judge(
    view: View,
    heads: Mapping[int, str],
    published: Mapping[int, Published],
    tracked: Mapping[int, bytes],
) -> Problem | None:
    """What is wrong with a view; None when it stands where it says.

    Args:
        view: as it was read.
        heads: chain values of its journal, by size; the view's own size if the journal has it.
        published: by size: what a governance journal published there.
        tracked: by size: what a tracker's journal amounted to there, as a view.
    """
    source, place = view.derived_from, str(view.path)
    head = heads.get(source.size, GENESIS if source.size == 0 else "")
    if not head:
        return Problem(
            "VIEW_AHEAD",
            place,
            f"derived from {source.size} records of {source.journal}, which holds fewer",
            "keep both as evidence: the journal was cut short",
        )
    if head != source.head:
        return Problem(
            "VIEW_HEAD",
            place,
            f"derived from another {source.journal} than the one that is here",
            "keep both as evidence",
        )
    if source.journal == GOVERNANCE and view.path.name in {VAULT_FILE, OVERLAY_FILE}:
        receipt = published.get(source.size)
        if receipt is None or _rendered(view, receipt) != view.content:
            return Problem(
                "VIEW_EDITED",
                place,
                "not what the receipt it names published",
                "`vanta governance status` says whether the edit was adopted",
            )
    if source.journal == JOURNAL and view.path.name == VIEW_FILE:
        return None if tracked.get(source.size) == view.content else edited(place)
    return None


def lost(view: View) -> Problem:
    """The problem of a view whose journal is not there."""
    return Problem(
        "VIEW_JOURNAL",
        str(view.path),
        f"derived from {view.derived_from.journal}, which is not here",
        "restore the journal from its off-node copy",
    )


def _rendered(view: View, receipt: Published) -> bytes:
    source = view.derived_from
    return render(receipt, source.position, source.journal)[view.path.name]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_VIEW + 1)
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}", code="VIEW_MISSING", place=str(path)
        ) from error
    if len(content) > MAX_VIEW:
        raise MalformedError(f"more than {MAX_VIEW} bytes", code="VIEW_SHAPE", place=str(path))
    return content
