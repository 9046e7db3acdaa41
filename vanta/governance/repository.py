"""A Git repository as the fold needs it: verified objects by id, and nothing else of Git.

Every object is read raw, bounded, and hashed against the id it was asked for by (rule R0 of the
walk). Refs, hooks, filters, attributes, replacements and configuration of the repository play no
part in it. Objects never change, so what was read once is remembered.
"""

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.governance import layout, mirror, transport
from vanta.governance.batch import AHEAD
from vanta.governance.bounds import Bounds
from vanta.governance.commits import Commit, Links, parse_commit, parse_links
from vanta.governance.graph import Graph
from vanta.governance.listing import listing
from vanta.governance.main_line import MainLine, descend
from vanta.governance.objects import SHA1, ObjectStore
from vanta.governance.piecemeal import Piecemeal
from vanta.governance.remembered import Remembered
from vanta.governance.transport import SshAccess
from vanta.governance.trees import (
    GovernedFile,
    TreeEntry,
    TreeScan,
    list_files,
    locate,
    parse_tree,
)

__all__ = ("Bounds", "GovernedFile", "Repository", "SshAccess")

_MOST_ASKED = 16
_FILE_BYTES = 200
"""What one file of a listing takes to remember."""


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
        self.bounds = bounds or Bounds()
        self._ssh = ssh
        self._layout = layout.find(path)
        self._store = ObjectStore(self._layout.objects, self._layout.object_format, self.bounds)
        self._large: ObjectStore | None = None
        room = self.bounds.remembered_bytes
        self._links = Remembered[str, Links](room)
        self._commits = Remembered[str, Commit | MalformedError](room)
        self._trees = Remembered[str, tuple[TreeEntry, ...]](room)
        self._listings = Remembered[tuple[str, str], dict[str, GovernedFile]](room)
        self._scanned = Remembered[tuple[str, bytes], tuple[TreeEntry, ...]](room)
        self._blobs = Remembered[str, bytes](room)
        self._line = MainLine()
        self._asked: set[str] = set()
        """Paths whose files were asked for: the same ones will be asked for in the next tree."""
        self.graph = Graph(self.parents, limit=self.bounds.commits_per_walk)

    @classmethod
    def create(
        cls,
        path: Path,
        bounds: Bounds | None = None,
        *,
        ssh: SshAccess | None = None,
        object_format: str = SHA1,
    ) -> Self:
        """Open the bare mirror at `path`, made if nothing is there, and mended if it is no more.

        Raises:
            UnavailableError: code `MIRROR_UNUSABLE`: the disk refuses.
        """
        with mirror.usable(path):
            mirror.make(path, object_format)
            mirror.sweep(path)
        return cls(path, bounds, ssh=ssh)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the Git processes behind it."""
        self._store.close()
        if self._large is not None:
            self._large.close()

    def commit(self, oid: str) -> Commit:
        """The commit, read strictly.

        Raises:
            MalformedError: see `parse_commit`; such a commit can still be walked through.
            RefusedError: code `WRONG_TYPE`: the object is not a commit.
        """
        known = self._commits.get(oid) or self._load(oid)[1]
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
        return self._links.get(oid) or self._load(oid)[0]

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
        return self._take_blob(oid, self._read(oid, "blob"))

    def entries(self, tree_oid: str) -> tuple[TreeEntry, ...]:
        """The entries of one tree object, unjudged.

        Raises:
            RefusedError: code `WRONG_TYPE`: the object is not a tree.
            MalformedError: code `MALFORMED_TREE`.
        """
        return self._tree(tree_oid)

    def folder(self, tree_oid: str, sought: re.Pattern[bytes]) -> Sequence[TreeEntry]:
        """Entries of a tree object in which halts must be found however large it is.

        One too large or too odd for `entries` is looked through as it stands: who fills a folder
        with junk must not be able to hide what lies beside it.

        Args:
            tree_oid: the tree.
            sought: matches the whole of `mode name` of an entry that is wanted.

        Raises:
            RefusedError: codes `WRONG_TYPE`, `OBJECT_TOO_LARGE`: beyond `Bounds.folder_bytes`,
                `TOO_MANY_FILES`.
        """
        try:
            entries = self._tree(tree_oid)
        except (MalformedError, RefusedError) as error:
            return self._looked_through(tree_oid, sought, error)
        return [
            each for each in entries if sought.fullmatch(b"%s %s" % (each.mode.encode(), each.name))
        ]

    def _looked_through(
        self, tree_oid: str, sought: re.Pattern[bytes], error: VantaError
    ) -> Sequence[TreeEntry]:
        known = self._scanned.get((tree_oid, sought.pattern))
        if known is not None:
            return known
        scan = TreeScan(tree_oid, sought, self.bounds.folder_files)
        if self._folders().stream(tree_oid, scan.feed) != "tree":
            raise error
        size = _FILE_BYTES * len(scan.found)
        return self._scanned.keep((tree_oid, sought.pattern), tuple(scan.found), size)

    def _folders(self) -> ObjectStore:
        """A store that gives out larger objects."""
        if self._large is None:
            bounds = replace(self.bounds, object_bytes=self.bounds.folder_bytes)
            self._large = ObjectStore(self._layout.objects, self._layout.object_format, bounds)
        return self._large

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
        entry = self.located(tree_oid, prefix)
        if entry is None:
            return {}
        # A folder is listed once, however many root trees it stands in.
        known = self._listings.get((entry.oid, prefix))
        if known is None:
            listing = list_files(self._tree, entry, prefix, self.bounds)
            size = len(listing) * _FILE_BYTES
            known = self._listings.keep((entry.oid, prefix), listing, size)
        return dict(known)

    def located(self, tree_oid: str, prefix: str) -> TreeEntry | None:
        """What stands at `prefix` of a root tree, if anything; raises as `tree_files` does."""
        if len(self._asked) < _MOST_ASKED:
            self._asked.add(prefix)
        return locate(self._tree, tree_oid, prefix, self.bounds)

    def fetch(self, remote_url: str, ref: str) -> str:
        """Fetch one ref with its whole history; the id it points to. See `transport.fetch`."""
        return self.fetch_refs(remote_url, [ref])[ref]

    def fetch_refs(
        self,
        remote_url: str,
        refs: Sequence[str],
        *,
        afresh: bool = False,
        abort: int | None = None,
    ) -> dict[str, str]:
        """Fetch refs and `/*` patterns in one connection. See `transport.fetch`.

        Raises:
            RefusedError: also code `WRONG_TYPE`: a ref that was asked for by name is no commit.
            UnavailableError: also code `MIRROR_UNUSABLE`: this repository takes nothing.
        """
        found = self._fetch(remote_url, refs, self.bounds.fetch_seconds, afresh=afresh, abort=abort)
        for ref in refs:
            if ref in found:
                self.links(found[ref])
        return found

    def fetch_some(
        self,
        remote_url: str,
        refs: Sequence[str],
        seconds: float,
        *,
        afresh: bool = False,
        abort: int | None = None,
    ) -> dict[str, str]:
        """Fetch refs of which nothing is asked, not even that they are commits."""
        return self._fetch(remote_url, refs, seconds, afresh=afresh, abort=abort)

    def _fetch(
        self,
        remote_url: str,
        refs: Sequence[str],
        seconds: float,
        *,
        afresh: bool,
        abort: int | None,
    ) -> dict[str, str]:
        with mirror.usable(self._layout.common):
            return transport.fetch(
                self._layout,
                remote_url,
                refs,
                bounds=replace(self.bounds, fetch_seconds=seconds),
                ssh=self._ssh,
                holds=self.holds,
                afresh=afresh,
                abort=abort,
            )

    def listed(
        self, remote_url: str, refs: Sequence[str], *, abort: int | None = None
    ) -> dict[str, str]:
        """Which of these refs and `/*` patterns are there. See `listing`."""
        with mirror.usable(Path(tempfile.gettempdir())):
            return listing(remote_url, refs, bounds=self.bounds, ssh=self._ssh, abort=abort)

    @contextlib.contextmanager
    def beside(self, object_format: str) -> Iterator["Repository"]:
        """An empty mirror beside this one, gone afterwards unless `become` takes it.

        Raises:
            UnavailableError: code `MIRROR_UNUSABLE`: there is no room for one.
        """
        with mirror.usable(self._layout.common.parent):
            place = mirror.beside(self._layout.common)
            mirror.make(place, object_format)
        try:
            with Repository(place, self.bounds, ssh=self._ssh) as made:
                yield made
        finally:
            mirror.remove(place)

    def become(self, other: "Repository") -> None:
        """Take another mirror's place on the disk from here on, and leave it this one's.

        What this one remembers and still has whole goes over first: it may be there no longer.

        Raises:
            UnavailableError: code `MIRROR_UNUSABLE`: nothing changed.
        """
        with contextlib.suppress(VantaError, OSError):
            other.carry_over(self)
        with mirror.usable(self._layout.common):
            mirror.exchange(self._layout.common, other._layout.common)  # noqa: SLF001 - its own kind
            other.close()
            self.close()
            self._large = None
            self._store = ObjectStore(self._layout.objects, self._layout.object_format, self.bounds)

    def carry_over(self, other: "Repository") -> None:
        """Fetch from another mirror all that it remembers to have, as far as that is sound."""
        with tempfile.TemporaryDirectory(prefix="vanta-kept-") as folder:
            there = Path(folder)
            refs = transport.offered(other._layout, there, other.holds)  # noqa: SLF001 - as above
            Piecemeal(self.bounds.refs_per_fetch, self.bounds.fetch_seconds).look(
                {ref: ref for ref in refs},
                lambda some, seconds: self.fetch_some(folder, some, seconds),
                lambda _: set(),
            )

    def resolve(self, ref: str = "HEAD") -> str:
        """What a local ref points to: a place to start from, of which nothing is trusted."""
        return layout.resolve(self._layout, ref)

    def refs(self, prefix: str) -> dict[str, str]:
        """The local refs under `prefix`, such as `refs/vanta/halts`."""
        return layout.refs(self._layout, prefix)

    def _load(self, oid: str) -> tuple[Links, Commit | MalformedError]:
        self._read_ahead("commit", self._line.below(oid), self._take)
        links, commit = self._links.get(oid), self._commits.get(oid)
        if links is None or commit is None:
            try:
                links, commit = self._take(oid, self._read(oid, "commit"))
            except RefusedError as error:
                links, commit = self._step_over(oid, error)
        self._line.reached(oid, self._links.get)
        return links, commit

    def _step_over(self, oid: str, error: RefusedError) -> tuple[Links, MalformedError]:
        """The links of a commit too large to read: it says nothing, and must stop nothing."""
        if error.code != "OBJECT_TOO_LARGE":
            raise error
        head = bytearray()

        def take(data: bytes) -> None:
            head.extend(data[: max(0, self.bounds.object_bytes - len(head))])

        if self._folders().stream(oid, take) != "commit":
            raise error
        # Its parents stand at the beginning.
        links = parse_links(oid, bytes(head))
        result = MalformedError(error.message, code=error.code, place=f"commit {oid[:12]}")
        self._line.passed(links.tree)
        self._commits.keep(oid, result, 0)
        return self._links.keep(oid, links, len(oid) * len(links.parents)), result

    def _take(self, oid: str, raw: bytes) -> tuple[Links, Commit | MalformedError]:
        links = parse_links(oid, raw)
        result: Commit | MalformedError
        try:
            result = parse_commit(oid, raw)
        except MalformedError as error:
            result = error.with_traceback(None)
        self._line.passed(links.tree)
        self._commits.keep(oid, result, 2 * len(raw))
        return self._links.keep(oid, links, len(oid) * len(links.parents)), result

    def _tree(self, oid: str) -> tuple[TreeEntry, ...]:
        known = self._trees.get(oid)
        if known is not None:
            return known
        roots = self._line.above(oid, self._trees.get)
        self._read_ahead("tree", roots, self._take_tree)
        if len(roots) > 1:
            self._read_below(roots)
        known = self._trees.get(oid)
        return self._take_tree(oid, self._read(oid, "tree")) if known is None else known

    def _take_tree(self, oid: str, raw: bytes) -> tuple[TreeEntry, ...]:
        return self._trees.keep(oid, parse_tree(oid, raw), 4 * len(raw))

    def _read_ahead(
        self, wanted: str, names: Sequence[str], take: Callable[[str, bytes], object]
    ) -> None:
        """Take in what is likely to be asked for next; what is wrong with it is told then."""
        if len(names) > 1:
            for oid, (kind, content) in self._store.ahead(names).items():
                if kind == wanted:
                    with contextlib.suppress(MalformedError):
                        take(oid, content)

    def _read_below(self, roots: Sequence[str]) -> None:
        """Take in what these root trees hold at the paths that were asked for so far."""
        for folders, files in descend(roots, self._asked, self._trees.get):
            unknown = [oid for oid in folders if self._trees.get(oid) is None]
            self._read_ahead("tree", unknown[:AHEAD], self._take_tree)
            unknown = [oid for oid in files if self._blobs.get(oid) is None]
            self._read_ahead("blob", unknown[:AHEAD], self._take_blob)

    def _take_blob(self, oid: str, content: bytes) -> bytes:
        return self._blobs.keep(oid, content, len(content))

    def present(self, oids: Iterable[str]) -> set[str]:
        """Which of these objects are here, sound or not."""
        return self._store.present(oids)

    def holds(self, oid: str) -> bool:
        """Whether an object is here, sound."""
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
