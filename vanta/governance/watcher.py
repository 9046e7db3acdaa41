"""What the controller tells whoever counts: hooks that do nothing unless somebody fills them."""


class Watcher:
    """Told of what happens, after it is on disk; it must not raise."""

    def fetch_failed(self, part: str, code: str) -> None:
        """`branch`, `lane` or `notes` did not come."""

    def refused(self, code: str) -> None:
        """A head, a commit or a halt of the lane was not taken as it stands."""

    def enforced(self, claimed: int, seen: int, at: int) -> None:
        """A commit's policy is in the published files; all UTC nanoseconds.

        Args:
            claimed: when the commit says it was made.
            seen: when this node saw it.
            at: now.
        """

    def put_back(self, code: str) -> None:
        """A hand edit was undone."""

    def adopted(self) -> None:
        """A hand edit was taken for a halt."""
