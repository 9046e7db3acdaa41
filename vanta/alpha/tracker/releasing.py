"""What the tracker says to whoever wants to release a build."""

from vanta.alpha.tracker import signing
from vanta.alpha.tracker.approval import Approval
from vanta.alpha.tracker.desk import look
from vanta.domain.errors import RefusedError
from vanta.node.layout import Layout


def check_tracked(layout: Layout, build: str, now: int) -> Approval:
    """Let a build be released that the tracker knows, and that nothing in it stands against.

    Signatures beside a manifest are not enough: somebody may have put one there that was taken
    back, and a thread may say by now that the build is not to run.

    Args:
        layout: Alpha's folders.
        build: its name.
        now: UTC nanoseconds.

    Raises:
        RefusedError: `UNTRACKED`: no thread names it; `UNAPPROVED`: too few sign-offs in the
            tracker count; `BLOCKED`: a thread stands against it; `MANIFEST_CHANGED`.
        UnavailableError: `NO_CANDIDATE`: it lies there no more.
    """
    state, _ = look(layout)
    candidate = state.candidates.get(build)
    if candidate is None or not candidate.threads:
        raise RefusedError(
            "no thread of the tracker names it",
            code="UNTRACKED",
            place=build,
            remedy=f"vt-add MODULE TITLE --candidate {build}, and have it signed off there",
        )
    worth = signing.worth(layout, build, now)
    first = candidate.threads[0]
    if not worth.quorum:
        ask = ", ".join(worth.askable) or "nobody else"
        raise RefusedError(
            f"{len(worth.by)} of {worth.needed} sign-offs in the tracker count; {ask} may",
            code="UNAPPROVED",
            place=build,
            remedy=f"vt-open {first} says which; vt-sign {first} -k KEY",
        )
    if worth.blocked_by:
        raise RefusedError(
            f"{', '.join(worth.blocked_by)} stands against it",
            code="BLOCKED",
            place=build,
            remedy=f"vt-open {worth.blocked_by[0]}: settle it first",
        )
    return worth
