"""The Git edge of the walk: governed trees out of a repository, remembered by content."""

import hashlib
import re
from collections.abc import Mapping
from typing import TypeVar

from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.governance.authority import Authority, resolve
from vanta.governance.commits import Commit
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.kinds import AuthorityDocument
from vanta.governance.documents.read import (
    AUTHORITY,
    governed_paths,
    halts,
    read_document,
    read_documents,
)
from vanta.governance.graph import Graph
from vanta.governance.remembered import Remembered
from vanta.governance.repository import Repository
from vanta.governance.trees import FILE_MODE, FOLDER_MODE, TreeEntry
from vanta.governance.walk import UNREADABLE, Candidate, Written

T = TypeVar("T")
Spots = tuple[TreeEntry | None, ...]
"""What stands at each governed path of a root tree: every governed file follows from it."""

_DOMAIN = b"vanta-governed-tree-v1"
_OVERLAY = "overlay.yaml"
_FEW = 64
_COST = 1024
"""Bytes that reading one more halt file costs beside its own."""
_COMPILED = 5
"""How many times its documents' bytes a policy takes to remember, about."""
_HALT = re.compile(rb"%s [a-z0-9_][a-z0-9 ._-]{0,99}\.ya?ml" % FILE_MODE.encode(), re.IGNORECASE)
"""More than what a halt may be called: a tree with a `Stop.YML` is refused, and the halt lands."""


def tree_digest(environment: str, files: Mapping[str, bytes]) -> str:
    """The digest an approval names: SHA-256 over the environment and every governed file.

    The bytes hashed are, each followed by a newline: the format's name, the environment, and for
    every path in order `<sha256 of the content in hex> <path>`. It depends on no Git object id.
    """
    digest = hashlib.sha256(b"%s\n%s\n" % (_DOMAIN, environment.encode()))
    for path in sorted(files):
        digest.update(f"{hashlib.sha256(files[path]).hexdigest()} {path}\n".encode())
    return digest.hexdigest()


class History:
    """One environment's governed trees in one repository.

    What is read is remembered by what stands at the governed paths, so that a fold pays for each
    distinct governed tree once.

    Args:
        repository: where the objects lie; every one is hashed as it is read.
        environment: whose folder counts.
    """

    def __init__(self, repository: Repository, environment: str) -> None:
        self._repository = repository
        self._environment = environment
        self._paths = tuple(path.rstrip("/") for path in governed_paths(environment))
        room = repository.bounds.remembered_bytes
        self._files = Remembered[Spots, dict[str, bytes]](room)
        self._digests = Remembered[str, str](room)
        self._by_spots = Remembered[Spots, str](room)
        self._standing = Remembered[tuple[str, str, str], str](room)
        self._candidates = Remembered[str, Candidate | VantaError](room)
        self._authorities = Remembered[str, Authority | VantaError](room)

    @property
    def graph(self) -> Graph:
        return self._repository.graph

    def commit(self, oid: str) -> Commit:
        return self._repository.commit(oid)

    def parents(self, oid: str) -> tuple[str, ...]:
        return self._repository.parents(oid)

    def files(self, oid: str) -> Mapping[str, bytes]:
        """The governed files of a commit; raises `UNREADABLE` as `tree_files` does."""
        return self.tree_files(self._repository.links(oid).tree)

    def halts_added(self, oid: str, parent: str) -> Mapping[str, Written]:
        before, after = self._switches(parent), self._switches(oid)
        added = [path for path, blob in after.items() if before.get(path) != blob]
        if len(added) > _FEW:
            # What this commit made itself, before what it took over in a merge: so no crowd that
            # somebody else made keeps out what its signer wrote.
            others = [self._switches(each) for each in self.parents(oid) if each != parent]
            added.sort(key=lambda path: any(each.get(path) == after[path] for each in others))
        found: dict[str, Written] = {}
        room = self._repository.bounds.tree_bytes
        for path in added:
            if now := self._or_empty(after[path]):
                found[path] = Written(now, self._or_empty(before.get(path)))
                room -= _COST + len(found[path].after) + len(found[path].before)
                if room <= 0:
                    break
        return dict(sorted(found.items()))

    def _or_empty(self, blob: str | None) -> bytes:
        """A file's bytes; none where there is no such file, or it is too large to be a halt."""
        try:
            return self._repository.blob(blob) if blob else b""
        except UNREADABLE:
            return b""

    def _switches(self, oid: str) -> dict[str, str]:
        """Path and blob of a commit's overlay, and then of every plain file among its halts."""
        *above, last = halts(self._environment).rstrip("/").split("/")
        tree = self._repository.links(oid).tree
        try:
            for step in above:
                tree = self._stands(tree, step, FOLDER_MODE)
            here = "/".join(above)
            overlay = self._stands(tree, _OVERLAY, FILE_MODE)
            found = {f"{here}/{_OVERLAY}": overlay} if overlay else {}
            folder = self._stands(tree, last, FOLDER_MODE)
            entries = self._repository.folder(folder, _HALT) if folder else ()
            for entry in sorted(entries, key=lambda each: each.name):
                found[f"{here}/{last}/{entry.name.decode('ascii')}"] = entry.oid
        except UNREADABLE:
            return {}
        return found

    def _stands(self, tree: str, name: str, mode: str) -> str:
        """The id of the entry of that name and mode in a tree; empty where there is none."""
        known = self._standing.get((tree, name, mode))
        if known is not None:
            return known
        sought = re.compile(re.escape(f"{mode} {name}".encode()))
        entries = self._repository.folder(tree, sought) if tree else ()
        found = next((each.oid for each in entries), "")
        return self._standing.keep((tree, name, mode), found, len(found))

    def tree_files(self, tree: str) -> Mapping[str, bytes]:
        """The governed files of a root tree, by path.

        Raises:
            VantaError: something governed is no plain file, or is out of bounds.
        """
        spots = self._spots(tree)
        known = self._files.get(spots)
        if known is not None:
            return known
        files: dict[str, bytes] = {}
        size = 0
        for path in self._paths:
            for name, entry in self._repository.tree_files(tree, path).items():
                files[name] = self._repository.blob(entry.oid)
                size += len(files[name])
                if size > self._repository.bounds.tree_bytes:
                    raise RefusedError(
                        f"governed files of more than {self._repository.bounds.tree_bytes} bytes",
                        code="TREE_TOO_LARGE",
                        place=name,
                    )
        return self._files.keep(spots, files, size)

    def _spots(self, tree: str) -> Spots:
        return tuple(self._repository.located(tree, path) for path in self._paths)

    def digest(self, oid: str) -> str:
        tree = self._repository.links(oid).tree
        known = self._digests.get(tree)
        if known is not None:
            return known
        try:
            spots = self._spots(tree)
            digest = self._by_spots.get(spots)
            if digest is None:
                digest = tree_digest(self._environment, self.tree_files(tree))
                self._by_spots.keep(spots, digest, len(digest))
        except UNREADABLE:
            # Unreadable trees are told apart by their object id, and equal nothing readable.
            digest = f"unreadable:{tree}"
        return self._digests.keep(tree, digest, len(digest))

    def candidate(self, oid: str) -> Candidate:
        digest = self.digest(oid)
        found = self._candidates.get(digest)
        if found is None:
            try:
                found = self._compiled(oid, digest)
            except UNREADABLE as error:
                found = self._candidates.keep(digest, error, 0)
        return _told(found)

    def _compiled(self, oid: str, digest: str) -> Candidate:
        files = self.files(oid)
        documents = read_documents(files, self._environment)
        made = Candidate(compile_policy(documents), resolve(documents.authority))
        self._candidates.keep(digest, made, _COMPILED * sum(map(len, files.values())))
        return made

    def authority(self, oid: str) -> Authority:
        blob = self._stands(self._repository.links(oid).tree, AUTHORITY, FILE_MODE)
        found = self._authorities.get(blob)
        if found is None:
            try:
                data = self._repository.blob(blob) if blob else b""
                found = self._authorities.keep(blob, _authority(data), _COMPILED * len(data))
            except UNREADABLE as error:
                found = self._authorities.keep(blob, error, 0)
        return _told(found)


def _told(found: T | VantaError) -> T:
    """What was found, or the error it was; without what it went through the last time."""
    if isinstance(found, VantaError):
        raise found.with_traceback(None)
    return found


def _authority(data: bytes) -> Authority:
    document = read_document(data, file=AUTHORITY)
    if not isinstance(document, AuthorityDocument):
        raise MalformedError("not an Authority", code="WRONG_KIND", place=AUTHORITY)
    return resolve(document)
