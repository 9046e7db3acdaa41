"""What the walk reads, what it remembers and what it says of a commit: its types; pure."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.policy import OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.governance.authority import Authority, Need
from vanta.governance.commits import Commit
from vanta.governance.graph import Graph
from vanta.lattice.direction import Change

UNREADABLE = (MalformedError, RefusedError)
"""What the same bytes raise on every node: it contributes nothing and the walk goes on.

`UnavailableError` is not among them. It is a fault of this node's store, and a walk that went on
would step over a halt it never read.
"""

NAMESPACE = "git"
"""The SSHSIG namespace of a commit signature."""


class Candidate(msgspec.Struct, frozen=True):
    """What a governed tree asks for."""

    policy: Policy
    authority: Authority


class Written(msgspec.Struct, frozen=True):
    """A file as a commit left it, and as it was in the parent; empty where it was not there."""

    after: bytes
    before: bytes = b""


class Objects(Protocol):
    """What the walk reads, by id; the edge keeps it honest and bounded."""

    @property
    def graph(self) -> Graph:
        """Ancestry."""

    def commit(self, oid: str) -> Commit:
        """A commit, strictly parsed; raises `UNREADABLE` when its bytes are not one."""

    def digest(self, oid: str) -> str:
        """The digest of a commit's governed tree; equal only for equal trees, readable or not."""

    def candidate(self, oid: str) -> Candidate:
        """What a commit's governed tree compiles to; raises `UNREADABLE` when it does not."""

    def authority(self, oid: str) -> Authority:
        """A commit's authority, read apart from everything beside it; raises `UNREADABLE`."""

    def halts_added(self, oid: str, parent: str) -> Mapping[str, Written]:
        """The files of switches that a commit has and its parent has not, or not so.

        Whatever the rest of either tree is: what is no plain file among the halts is left out, so
        that it cannot keep the files beside it from being read.
        """

    def parents(self, oid: str) -> tuple[str, ...]:
        """A commit's parents, first parent first."""


class Approved(msgspec.Struct, frozen=True):
    """An approval that was good when it was first seen, and that nothing has felled since."""

    person: str
    tree: str
    late: bool = False
    """It ran out, or its key did, before it was seen: it may still tighten, and loosens nothing."""


class Era(msgspec.Struct, frozen=True):
    """An authority that was in force, and the commit that ended it."""

    ended: str
    authority: Authority


class LaneHalt(msgspec.Struct, frozen=True):
    """A halt that stands by itself, whatever the main line says (R6)."""

    person: str
    file: str
    effect: OverlayPolicy
    """Its switches, spread over the vaults they reached when it was judged and since."""
    personas: dict[str, Switches]
    """Its switches by persona, for the vaults that come to trade as one later."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the fold knows after a commit."""

    environment: str
    introduction: str
    anchor: str
    tree: str
    authority: Authority
    policy: Policy
    """What the main line says; `fold.in_force` adds the halts of the lane."""
    approvals: dict[str, Approved]
    """By commit id: judged once, when new, and never again."""
    applied: str
    """The last commit that had its quorum; a lane halt below it was taken back there."""
    whole: str = ""
    """The digest of the last tree that was wholly in force; empty since something else is."""
    eras: tuple[Era, ...] = ()
    """The authorities before this one, oldest first."""
    lane: dict[str, LaneHalt] = {}
    """The standing halts of the lane, by commit id."""


class Seen(msgspec.Struct, frozen=True):
    """What became of one new commit's signature, and of the approval it carries."""

    commit: str
    signer: str
    """The person, or empty."""
    code: str = ""
    """Why it speaks for nobody, or only for stopping; empty otherwise."""
    approval: str = ""
    """`counts`, why it does not, or empty where there is none for this environment."""


COUNTS = "counts"
LATE = frozenset({"APPROVAL_EXPIRED", "EXPIRED_KEY"})
"""What an approval is that came too late: its signer looked at the tree all the same."""


class Step(msgspec.Struct, frozen=True):
    """What one first-parent commit did."""

    commit: str
    tree: str
    verdict: str
    """`applied`, `tightened`, `unchanged` or `refused`."""
    reason: str
    """A code where something was not done; empty otherwise."""
    message: str
    changes: tuple[Change, ...]
    needs: tuple[Need, ...]
    approvers: tuple[str, ...]
    seen: tuple[Seen, ...]
    state: State
