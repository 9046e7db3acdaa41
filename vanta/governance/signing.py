"""One person at their clone: reading governed trees in it, and signing commits on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vanta.domain.errors import RefusedError
from vanta.domain.instant import HOUR, show_instant
from vanta.governance.authority import Authority, resolve
from vanta.governance.clone import Clone, Signer, signer
from vanta.governance.delivery import Delivery
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.kinds import AuthorityDocument
from vanta.governance.documents.read import (
    AUTHORITY,
    ENVIRONMENTS,
    governed_paths,
    read_document,
    read_documents,
)
from vanta.governance.history import tree_digest
from vanta.governance.repository import Repository
from vanta.governance.walk import UNREADABLE

T = TypeVar("T")

APPROVAL_TTL = 72 * HOUR
"""How long an approval may be first seen, unless said otherwise."""

LOOK_BACK = 1_000
"""Commits below a poisoned head among which a readable tree or authority is looked for."""


@dataclass(frozen=True)
class Signed:
    """A commit that was just signed."""

    commit: str
    signer: str
    digest: str
    """Of the governed tree it approves; empty when it approves none."""
    detail: str = ""
    """The files it wrote or removed, where it is about some."""
    lane: tuple[str, ...] = ()
    """Refs of the halt lane it is on, or takes back."""
    deliveries: tuple[Delivery, ...] = ()
    """Where it was taken to, and what came of it."""
    files: tuple[str, ...] = ()
    """Each halt it takes back and each release it writes."""


class Signing:
    """One person's clone and the environment they work on.

    Args:
        path: the clone.
        environment: whose governed tree is named.
        key: the private key file to sign with.
        now: UTC nanoseconds.
    """

    def __init__(self, path: Path, environment: str, key: Path, now: int) -> None:
        self.clone = Clone(path)
        self.environment = environment
        self._key = key
        self.now = now
        self.repository = Repository(self.clone.git_dir())

    def files(self, tree: str) -> Mapping[str, bytes]:
        """The governed files of a tree."""
        found: dict[str, bytes] = {}
        for path in governed_paths(self.environment):
            listing = self.repository.tree_files(tree, path.rstrip("/"))
            found |= {name: self.repository.blob(one.oid) for name, one in listing.items()}
        return found

    def tree(self, commit: str) -> str:
        """The root tree of a commit."""
        return self.repository.links(commit).tree

    def authority_file(self, commit: str) -> bytes:
        """`authority.yaml` of a commit as raw bytes; empty when it has none."""
        return _authority_file(self.repository, commit)

    def authority(self, commit: str) -> Authority:
        """The authority of a commit, read apart from whatever else is in its tree."""
        document = read_document(self.authority_file(commit), file=AUTHORITY)
        if not isinstance(document, AuthorityDocument):
            raise RefusedError("not an Authority", code="WRONG_KIND", place=AUTHORITY)
        return resolve(document)

    def signer(self, commit: str) -> Signer:
        """Who this key belongs to in the authority of a commit."""
        return signer(self.authority(commit), self._key)

    def signer_below(self, commit: str) -> Signer:
        """Who this key belongs to in the nearest authority that can be read and knows it.

        A branch is poisoned by spoiling its authority too; the nodes judge by the one in force.
        """
        return self._below(commit, self.signer)

    def authority_below(self, commit: str) -> Authority:
        """The nearest authority that can be read, at a commit or below it."""
        return self._below(commit, self.authority)

    def _below(self, commit: str, read: Callable[[str], T]) -> T:
        at = commit
        for _ in range(LOOK_BACK):
            try:
                return read(at)
            except UNREADABLE:
                parents = self.repository.parents(at)
                if not parents:
                    break
                at = parents[0]
        return read(commit)

    def check(self, tree: str) -> str:
        """The digest of a tree that reads and compiles; raises `VantaError` otherwise."""
        files = self.files(tree)
        documents = read_documents(files, self.environment)
        compile_policy(documents)
        resolve(documents.authority)
        return tree_digest(self.environment, files)

    def sign(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        who: Signer,
        *,
        digest: str = "",
        ttl: int = APPROVAL_TTL,
    ) -> str:
        """A signed commit of a tree, with an approval of its governed tree when a digest is given.

        Its author is its committer: an approval is nobody else's work amended or rebased.
        """
        text = f"{message.strip()}\n"
        if digest:
            until = show_instant((self.now + ttl) // 10**9 * 10**9)
            text += f"\nVanta-Approve: {self.environment} {digest} until={until}\n"
        return self.clone.commit(tree, parents, text, who)


def environments(clone: Clone) -> tuple[str, ...]:
    """The environments a clone's HEAD has folders for."""
    return tuple(clone.folders("HEAD", ENVIRONMENTS.rstrip("/")))


def authority_at_head(path: Path) -> bytes:
    """`authority.yaml` at a clone's HEAD; empty when it has none. It takes no key to look."""
    clone = Clone(path)
    repository = Repository(clone.git_dir())
    with repository:
        return _authority_file(repository, clone.head())


def _authority_file(repository: Repository, commit: str) -> bytes:
    listing = repository.tree_files(repository.links(commit).tree, AUTHORITY)
    return repository.blob(listing[AUTHORITY].oid) if AUTHORITY in listing else b""
