"""What a hand edit of the published files is worth: a tightening holds, all else is put back."""

from typing import NamedTuple

from vanta.domain.policy import Published
from vanta.lattice.algebra import changes, tightenings
from vanta.lattice.direction import Effect


class Edit(NamedTuple):
    """A hand edit, judged."""

    code: str
    """Why it is put back; empty when it holds."""
    message: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is adopted."""
        return not self.code


def judge(edited: Published, base: Published, newest: Published | None) -> Edit:
    """Judge a hand edit; pure.

    Args:
        edited: what the files hold.
        base: what they were made from; an edit is judged by what it changed.
        newest: what was published last.
    """
    if edited.provenance != base.provenance:
        return Edit("EDITED_PROVENANCE", "the provenance was edited")
    effects = {change.effect for change in changes(base.policy, edited.policy)}
    if effects == {Effect.TIGHTENS}:
        return Edit("")
    if base != newest and edited == base:
        return Edit("STALE_PUBLICATION", "the files were of an older publication")
    if Effect.TIGHTENS in effects and tightenings(base.policy, edited.policy):
        return Edit("MIXED_EDIT", "the edit tightened and loosened at once")
    return Edit("LOOSENING_EDIT", "the edit loosened, or changed no limit")
