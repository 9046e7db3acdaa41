"""The Git edge of the walk: governed trees out of a repository, remembered by content."""

import hashlib
from collections.abc import Mapping

from vanta.domain.errors import VantaError
from vanta.governance.authority import resolve
from vanta.governance.commits import Commit
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.read import governed_paths, halts, read_documents
from vanta.governance.fold import UNREADABLE, Candidate
from vanta.governance.graph import Graph
from vanta.governance.repository import Repository

_DOMAIN = b"vanta-governed-tree-v1"


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

    def halt_files(self, oid: str) -> Mapping[str, bytes]:
        folder = halts(self._environment).rstrip("/")
        listing = self._repository.tree_files(self._repository.links(oid).tree, folder)
        return {path: self._repository.blob(entry.oid) for path, entry in listing.items()}

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
