"""A Git repository as the fold needs it: verified objects by id, and nothing else of Git.

Every object is read raw, bounded, and hashed against the id it was asked for by (rule R0 of the
walk). Refs, hooks, filters, attributes, replacements and configuration of the repository play no
part in it. Objects never change, so what was read once is remembered.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self, TypeVar

from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.governance import layout, transport
from vanta.governance.bounds import Bounds
from vanta.governance.commits import Commit, Links, parse_commit, parse_links
from vanta.governance.git_process import skeleton
from vanta.governance.graph import Graph
from vanta.governance.objects import SHA1, ObjectStore
from vanta.governance.transport import SshAccess
from vanta.governance.trees import GovernedFile, TreeEntry, list_files, parse_tree

__all__ = ("Bounds", "GovernedFile", "Repository", "SshAccess")

K = TypeVar("K")
V = TypeVar("V")

_REMEMBERED_COMMITS = 20_000
_REMEMBERED_TREES = 4_096
_REMEMBERED_BLOBS = 2_048


class Repository:
    """One repository, opened for judging.

    Args:
        path: a bare repository, or a folder with `.git`; whose configuration is never read.
        bounds: every limit.
        ssh: how to authenticate fetches over SSH.

    Methods that take an object id raise what `ObjectStore.read` raises.
    """

    def __init__(
        self, path: Path, bounds: Bounds | None = None, *, ssh: SshAccess | None = None
    ) -> None:
        self._bounds = bounds or Bounds()
        self._ssh = ssh
        self._layout = layout.find(path)
        self._store = ObjectStore(self._layout.objects, self._layout.object_format, self._bounds)
        self._links: dict[str, Links] = {}
        self._commits: dict[str, Commit | MalformedError] = {}
        self._trees: dict[str, tuple[TreeEntry, ...]] = {}
        self._listings: dict[tuple[str, str], dict[str, GovernedFile]] = {}
        self._blobs: dict[str, bytes] = {}
        self.graph = Graph(self.parents, limit=self._bounds.commits_per_walk)

    @classmethod
    def create(
        cls,
        path: Path,
        bounds: Bounds | None = None,
        *,
        ssh: SshAccess | None = None,
        object_format: str = SHA1,
    ) -> Self:
        """Open the bare mirror at `path`, making an empty one if nothing is there."""
        if not path.exists():
            skeleton(path, object_format)
        return cls(path, bounds, ssh=ssh)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the Git process behind it."""
        self._store.close()

    def commit(self, oid: str) -> Commit:
        """The commit, read strictly.

        Raises:
            MalformedError: see `parse_commit`; such a commit can still be walked through.
            RefusedError: code `WRONG_TYPE`: the object is not a commit.
        """
        known = self._commits.get(oid)
        if known is None:
            self._load(oid)
            known = self._commits[oid]
        if isinstance(known, MalformedError):
            raise MalformedError(
                known.message, code=known.code, place=known.place, remedy=known.remedy
            )
        return known

    def links(self, oid: str) -> Links:
        """The tree and parents of a commit, of an unreadable one too.

        Raises:
            MalformedError: code `MALFORMED_COMMIT`: not even Git could walk through it.
        """
        known = self._links.get(oid)
        return known if known is not None else self._load(oid)

    def parents(self, oid: str) -> tuple[str, ...]:
        """The parents of a commit, first parent first."""
        return self.links(oid).parents

    def first_parents(self, head: str, anchor: str) -> list[str]:
        """See `Graph.first_parents`."""
        return self.graph.first_parents(head, anchor)

    def new_commits(self, head: str, base: str) -> list[str]:
        """See `Graph.new_commits`."""
        return self.graph.new_commits(head, base)

    def is_ancestor(self, ancestor: str, oid: str) -> bool:
        """See `Graph.is_ancestor`."""
        return self.graph.is_ancestor(ancestor, oid)

    def blob(self, oid: str) -> bytes:
        """A file's content.

        Raises:
            RefusedError: code `WRONG_TYPE`: the object is not a file.
        """
        known = self._blobs.get(oid)
        if known is not None:
            return known
        return self._keep(self._blobs, oid, self._read(oid, "blob"), _REMEMBERED_BLOBS)

    def entries(self, tree_oid: str) -> tuple[TreeEntry, ...]:
        """The entries of one tree object, unjudged.

        Raises:
            RefusedError: code `WRONG_TYPE`: the object is not a tree.
            MalformedError: code `MALFORMED_TREE`.
        """
        return self._tree(tree_oid)

    def tree_files(self, tree_oid: str, prefix: str = "") -> dict[str, GovernedFile]:
        """Every file of a tree at or under `prefix`, by its path from the root, in path order.

        What lies outside `prefix` is not looked at, except for names that some file system
        would take for it.

        Args:
            tree_oid: the root tree of a commit.
            prefix: a folder or file such as `environments/prod`; empty for the whole tree.

        Raises:
            RefusedError: codes `SYMLINK`, `SUBMODULE`, `BAD_MODE`, `BAD_NAME`,
                `NAME_COLLISION`, `TOO_DEEP`, `TOO_MANY_FILES`, `PATH_TOO_LONG`, `WRONG_TYPE`.
            MalformedError: code `MALFORMED_TREE`.
        """
        known = self._listings.get((tree_oid, prefix))
        if known is None:
            listing = list_files(self._tree, tree_oid, prefix, self._bounds)
            known = self._keep(self._listings, (tree_oid, prefix), listing, _REMEMBERED_TREES)
        return dict(known)

    def fetch(self, remote_url: str, ref: str) -> str:
        """Fetch one ref with its whole history; the id it points to. See `transport.fetch`."""
        return self.fetch_refs(remote_url, [ref])[ref]

    def fetch_refs(
        self, remote_url: str, refs: Sequence[str], *, afresh: bool = False
    ) -> dict[str, str]:
        """Fetch refs and `/*` patterns in one connection. See `transport.fetch`.

        Raises:
            RefusedError: also code `WRONG_TYPE`: a ref that was asked for by name is no commit.
        """
        found = transport.fetch(
            self._layout,
            remote_url,
            refs,
            bounds=self._bounds,
            ssh=self._ssh,
            holds=self._holds,
            afresh=afresh,
        )
        for ref in refs:
            if ref in found:
                self.links(found[ref])
        return found

    def resolve(self, ref: str = "HEAD") -> str:
        """What a local ref points to: a place to start from, of which nothing is trusted."""
        return layout.resolve(self._layout, ref)

    def refs(self, prefix: str) -> dict[str, str]:
        """The local refs under `prefix`, such as `refs/vanta/halts`."""
        return layout.refs(self._layout, prefix)

    def _load(self, oid: str) -> Links:
        raw = self._read(oid, "commit")
        links = parse_links(oid, raw)
        result: Commit | MalformedError
        try:
            result = parse_commit(oid, raw)
        except MalformedError as error:
            result = error.with_traceback(None)
        self._keep(self._commits, oid, result, _REMEMBERED_COMMITS)
        return self._keep(self._links, oid, links, self._bounds.commits_per_walk)

    def _tree(self, oid: str) -> tuple[TreeEntry, ...]:
        known = self._trees.get(oid)
        if known is not None:
            return known
        entries = parse_tree(oid, self._read(oid, "tree"))
        return self._keep(self._trees, oid, entries, _REMEMBERED_TREES)

    def _holds(self, oid: str) -> bool:
        try:
            self._store.read(oid)
        except VantaError:
            return False
        return True

    def _read(self, oid: str, wanted: str) -> bytes:
        kind, content = self._store.read(oid)
        if kind != wanted:
            raise RefusedError(
                f"it is a {kind}, not a {wanted}", code="WRONG_TYPE", place=f"object {oid[:12]}"
            )
        return content

    @staticmethod
    def _keep(memory: dict[K, V], key: K, value: V, limit: int) -> V:
        """Remember `value`; a full memory is emptied, which costs reading again and no more."""
        if len(memory) >= limit:
            memory.clear()
        memory[key] = value
        return value
