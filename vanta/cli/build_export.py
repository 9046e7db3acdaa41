"""The export, as a command sees it that must not hang with it: looked at aside, for seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

T = TypeVar("T")

_PATIENCE = 3.0
"""Seconds until the export counts as away; what is on the node goes on without it."""


def on_export(export: Path) -> list[str] | None:
    """Releases that can be staged; None where the export is away."""
    from vanta.builds.release import RELEASES

    def names() -> list[str]:
        found = (each.name for each in (export / RELEASES).iterdir() if each.is_dir())
        return sorted(each for each in found if not each.endswith(".tmp"))

    return _seen(names, list[str])


def standing_signoffs(export: Path, build: str) -> dict[str, bytes] | None:
    """The sign-offs that lie with a release by now; None where it is away, or was never there."""
    from vanta.builds.release import find, read_release

    def signatures() -> dict[str, bytes]:
        return dict(read_release(find(export, build)).signoffs)

    return _seen(signatures, dict[str, bytes])


def _seen(look: Callable[[], T], kind: type[T]) -> T | None:
    from vanta.diagnostics.aside import Look, gather
    from vanta.diagnostics.finding import Unseen

    found = gather({"export": Look(look, kind)}, _PATIENCE)["export"]
    return None if isinstance(found, Unseen) else cast("T", found)
