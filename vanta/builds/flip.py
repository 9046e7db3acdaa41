"""Which build runs is one link; it is replaced in one step and never missing."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from vanta.domain.errors import UnavailableError
from vanta.journal.durable import fsync_directory


def point(
    link: Path, target: str, checkpoint: Callable[[str], object] = lambda _name: None
) -> None:
    """Put a link on a target, atomically and durably: readers see the old one or the new.

    Args:
        link: such as `/opt/vanta/current`.
        target: relative to the link's folder, so that the folder can be moved.
        checkpoint: called between any two steps.

    Raises:
        UnavailableError: `FLIP_FAILED`; the old link stands.
    """
    draft = link.with_name(f".{link.name}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        draft.symlink_to(target)
        checkpoint(f"made the new {link.name}")
        draft.replace(link)
        checkpoint(f"replaced {link.name}")
        fsync_directory(link.parent)
        checkpoint(f"kept {link.name}")
    except OSError as error:
        raise UnavailableError(
            f"cannot be replaced: {error.strerror}",
            code="FLIP_FAILED",
            place=str(link),
            remedy="it is as it was; free the disk or repair it, then try again",
        ) from error


def target_of(link: Path) -> str:
    """The name of what a link is on; empty where there is none."""
    try:
        return link.readlink().name
    except OSError:
        return ""
