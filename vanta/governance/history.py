"""The Git edge of the walk: governed trees out of a repository, remembered by content."""

import hashlib
import re
from collections.abc import Mapping

from vanta.domain.errors import MalformedError, VantaError
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
from vanta.governance.repository import Repository
from vanta.governance.trees import FILE_MODE, FOLDER_MODE
from vanta.governance.walk import UNREADABLE, Candidate

_DOMAIN = b"vanta-governed-tree-v1"
_HALTS_PER_COMMIT = 64
"""Halt files of one commit that are read; who signs more wants something else."""
_HALT_NAME = re.compile(rb"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.yaml\Z")


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

    What is read is remembered by Git tree id, so that a fold pays for each distinct tree once.

    Args:
        repository: where the objects lie; every one is hashed as it is read.
        environment: whose folder counts.
    """

    def __init__(self, repository: Repository, environment: str) -> None:
        self._repository = repository
        self._environment = environment
        self._files: dict[str, dict[str, bytes] | VantaError] = {}
        self._digests: dict[str, str] = {}
        self._candidates: dict[str, Candidate | VantaError] = {}
        self._authorities: dict[str, Authority | VantaError] = {}

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

    def halts_added(self, oid: str, parent: str) -> Mapping[str, bytes]:
        before, after = self._halts(parent), self._halts(oid)
        added = [name for name, blob in after.items() if before.get(name) != blob]
        found: dict[str, bytes] = {}
        for name in sorted(added)[:_HALTS_PER_COMMIT]:
            try:
                found[f"{halts(self._environment)}{name}"] = self._repository.blob(after[name])
            except UNREADABLE:
                continue
        return found

    def _halts(self, oid: str) -> dict[str, str]:
        """Name and blob of every plain file among a commit's halts; none where it has no folder."""
        tree = self._repository.links(oid).tree
        try:
            for step in halts(self._environment).rstrip("/").encode().split(b"/"):
                entries = self._repository.entries(tree)
                folders = [e.oid for e in entries if (e.mode, e.name) == (FOLDER_MODE, step)]
                if not folders:
                    return {}
                tree = folders[0]
            entries = self._repository.entries(tree)
        except UNREADABLE:
            return {}
        return {
            entry.name.decode("ascii"): entry.oid
            for entry in entries
            if entry.mode == FILE_MODE and _HALT_NAME.match(entry.name)
        }

    def tree_files(self, tree: str) -> Mapping[str, bytes]:
        """The governed files of a root tree, by path.

        Raises:
            VantaError: something governed is no plain file, or is out of bounds.
        """
        if tree not in self._files:
            try:
                self._files[tree] = self._read(tree)
            except UNREADABLE as error:
                self._files[tree] = error
        found = self._files[tree]
        if isinstance(found, VantaError):
            raise found
        return found

    def _read(self, tree: str) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for path in governed_paths(self._environment):
            listing = self._repository.tree_files(tree, path.rstrip("/"))
            files |= {name: self._repository.blob(entry.oid) for name, entry in listing.items()}
        return files

    def digest(self, oid: str) -> str:
        tree = self._repository.links(oid).tree
        if tree not in self._digests:
            try:
                digest = tree_digest(self._environment, self.tree_files(tree))
            except UNREADABLE:
                # Unreadable trees are told apart by their object id, and equal nothing readable.
                digest = f"unreadable:{tree}"
            self._digests[tree] = digest
        return self._digests[tree]

    def candidate(self, oid: str) -> Candidate:
        digest = self.digest(oid)
        if digest not in self._candidates:
            try:
                documents = read_documents(self.files(oid), self._environment)
                self._candidates[digest] = Candidate(
                    compile_policy(documents), resolve(documents.authority)
                )
            except UNREADABLE as error:
                self._candidates[digest] = error
        found = self._candidates[digest]
        if isinstance(found, VantaError):
            raise found
        return found

    def authority(self, oid: str) -> Authority:
        listing = self._repository.tree_files(self._repository.links(oid).tree, AUTHORITY)
        blob = listing[AUTHORITY].oid if AUTHORITY in listing else ""
        if blob not in self._authorities:
            try:
                data = self._repository.blob(blob) if blob else b""
                self._authorities[blob] = _authority(data)
            except UNREADABLE as error:
                self._authorities[blob] = error
        found = self._authorities[blob]
        if isinstance(found, VantaError):
            raise found
        return found


def _authority(data: bytes) -> Authority:
    document = read_document(data, file=AUTHORITY)
    if not isinstance(document, AuthorityDocument):
        raise MalformedError("not an Authority", code="WRONG_KIND", place=AUTHORITY)
    return resolve(document)
