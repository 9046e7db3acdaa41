"""What people do to the governance repository: propose and approve, besides halting and resuming.

Each builds a tree, reads it exactly as the nodes will, and signs a commit that names it. Nothing
is signed that a node could not read, except a halt: that must land on any tree.
"""

from vanta.domain.errors import RefusedError
from vanta.governance.resuming import Resuming
from vanta.governance.signing import APPROVAL_TTL, Signed


class Desk(Resuming):
    """Everything one person may do to their clone."""

    def propose(self, message: str, *, ttl: int = APPROVAL_TTL) -> Signed:
        """Sign everything in the working tree as one commit that approves its own tree."""
        if not message.strip():
            raise RefusedError(
                "a proposal says why", code="NO_MESSAGE", remedy='add a message: -m "..."'
            )
        # Whose key it is comes first: nothing else matters to a stranger.
        self.signer(self.clone.head())
        tree = self.clone.working_tree()
        if tree == self.tree(self.clone.head()):
            raise RefusedError(
                "nothing is changed",
                code="NOTHING_CHANGED",
                place=str(self.clone.path),
                remedy="edit a file; `vanta governance approve` signs for what is there already",
            )
        return self._advance(tree, message, ttl)

    def approve(self, *, ttl: int = APPROVAL_TTL) -> Signed:
        """Sign an empty commit on HEAD that approves the governed tree of HEAD."""
        head = self.clone.head()
        return self._advance(self.tree(head), f"Approve {self.environment} at {head[:12]}", ttl)

    def _advance(self, tree: str, message: str, ttl: int) -> Signed:
        """Put a commit on the checked-out branch that approves its own tree."""
        head = self.clone.head()
        digest = self.check(tree)
        who = self.signer(head)
        commit = self.sign(tree, [head], message, who, digest=digest, ttl=ttl)
        self.clone.advance(commit, head)
        return Signed(commit, who.name, digest)
