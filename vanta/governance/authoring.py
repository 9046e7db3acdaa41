"""What people do to the governance repository: propose, approve, halt, resume.

Each builds a tree, reads it exactly as the nodes will, and signs a commit that names it. Nothing
is signed that a node could not read, except a halt: that must land on any tree.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.instant import HOUR, show_instant
from vanta.governance.authority import Authority, resolve
from vanta.governance.clone import Clone, GitError, Signer, signer
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.editor import editor_hint
from vanta.governance.documents.kinds import AuthorityDocument, OverlayDocument
from vanta.governance.documents.read import (
    AUTHORITY,
    ENVIRONMENTS,
    governed_paths,
    halts,
    read_document,
    read_documents,
)
from vanta.governance.history import tree_digest
from vanta.governance.repository import Repository
from vanta.governance.strict_yaml import visible

APPROVAL_TTL = 72 * HOUR
_PUSH_TRIES = 5
_LOOK_BACK = 1_000
"""Commits below a poisoned head among which a readable authority is looked for."""
_LONGEST_REASON = 300
_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Signed:
    """A commit that was just signed."""

    commit: str
    signer: str
    digest: str
    """Of the governed tree it approves; empty when it approves none."""
    detail: str = ""
    """The file it wrote or removed, where it is about one."""


class Desk:
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
        self._now = now
        self._repository = Repository(self.clone.git_dir())

    def files(self, tree: str) -> Mapping[str, bytes]:
        """The governed files of a tree."""
        found: dict[str, bytes] = {}
        for path in governed_paths(self.environment):
            listing = self._repository.tree_files(tree, path.rstrip("/"))
            found |= {name: self._repository.blob(one.oid) for name, one in listing.items()}
        return found

    def _tree(self, commit: str) -> str:
        return self._repository.links(commit).tree

    def _authority(self, commit: str) -> Authority:
        # This file alone: whatever else is wrong with the tree, a halt on top of it is signed.
        listing = self._repository.tree_files(self._tree(commit), AUTHORITY)
        data = self._repository.blob(listing[AUTHORITY].oid) if AUTHORITY in listing else b""
        document = read_document(data, file=AUTHORITY)
        if not isinstance(document, AuthorityDocument):
            raise RefusedError("not an Authority", code="WRONG_KIND", place=AUTHORITY)
        return resolve(document)

    def signer(self, commit: str) -> Signer:
        """Who this key belongs to in the authority of a commit."""
        return signer(self._authority(commit), self._key)

    def _signer_below(self, commit: str) -> Signer:
        """Who this key belongs to in the nearest authority that can be read and knows it.

        A branch is poisoned by spoiling its authority too; the nodes judge by the one in force.
        """
        at = commit
        for _ in range(_LOOK_BACK):
            try:
                return self.signer(at)
            except (MalformedError, RefusedError):
                parents = self._repository.parents(at)
                if not parents:
                    break
                at = parents[0]
        return self.signer(commit)

    def check(self, tree: str) -> str:
        """The digest of a tree that reads and compiles; raises `VantaError` otherwise."""
        files = self.files(tree)
        documents = read_documents(files, self.environment)
        compile_policy(documents)
        resolve(documents.authority)
        return tree_digest(self.environment, files)

    def propose(self, message: str, *, ttl: int = APPROVAL_TTL) -> Signed:
        """Sign everything in the working tree as one commit that approves its own tree."""
        if not message.strip():
            raise RefusedError(
                "a proposal says why", code="NO_MESSAGE", remedy='add a message: -m "..."'
            )
        head = self.clone.head()
        tree = self.clone.working_tree()
        digest = self.check(tree)
        return self._sign(head, tree, message, digest, ttl, who=self.signer(head), advance=True)

    def approve(self, *, ttl: int = APPROVAL_TTL) -> Signed:
        """Sign an empty commit on HEAD that approves the governed tree of HEAD."""
        head = self.clone.head()
        tree = self._tree(head)
        digest = self.check(tree)
        message = f"Approve {self.environment} at {head[:12]}"
        return self._sign(head, tree, message, digest, ttl, who=self.signer(head), advance=True)

    def halt(self, entry: Mapping[str, object], remote: str, branch: str) -> Signed:
        """Sign a commit that adds one self-contained halt, and push it.

        It goes on whatever the branch is at, readable or not, and is tried again when the branch
        moves meanwhile. It approves nothing: who halts has not looked at what else is proposed
        there, and to tighten takes no approval.
        """
        stem = f"{_slug(str(entry['switch']))}-{secrets.token_hex(6)}"
        path = f"{halts(self.environment)}{stem}.yaml"
        reason = _one_line(str(entry["reason"]))
        content = _halt_document(path, stem, {**entry, "reason": reason})
        read_document(content, file=path)
        message = f"Halt: {reason}"
        return self._deliver({path: content}, message, remote, branch, detail=path, approves=False)

    def resume(self, names: tuple[str, ...], reason: str, remote: str, branch: str) -> Signed:
        """Sign a commit that takes halts back (all of them when none is named), and push it.

        Taking a halt back loosens: this is the first of the approvals it needs.
        """
        tip = self.clone.fetch(remote, branch)
        folder = halts(self.environment)
        present = {p.removeprefix(folder).removesuffix(".yaml"): p for p in self._halts(tip)}
        if missing := sorted(set(names) - present.keys()):
            raise RefusedError(
                f"there is no halt {missing[0]!r}",
                code="NO_SUCH_HALT",
                place=folder,
                remedy=f"the halts are: {', '.join(sorted(present)) or 'none'}",
            )
        taken = [present[name] for name in names] if names else sorted(present.values())
        if not taken:
            raise RefusedError(
                "no halt file is there to take back",
                code="NO_SUCH_HALT",
                place=folder,
                remedy="a switch in overlay.yaml is taken back by editing it and proposing that",
            )
        changed: dict[str, bytes | None] = dict.fromkeys(taken)
        message, detail = f"Resume: {_one_line(reason)}", ", ".join(sorted(taken))
        return self._deliver(changed, message, remote, branch, detail=detail, approves=True)

    def release(self, nonce: str, reason: str, remote: str, branch: str) -> Signed:
        """Sign a commit that lets a break-glass edit go, and push it; it needs the quorum."""
        stem = f"release-{_slug(nonce)}"
        path = f"{halts(self.environment)}{stem}.yaml"
        content = (
            f"{editor_hint('Overlay', path)}"
            f"apiVersion: vanta.dev/v1\nkind: Overlay\nmetadata:\n  name: {stem}\n"
            f'spec:\n  released: ["{nonce}"]\n'
        ).encode()
        read_document(content, file=path)
        message = f"Release: {_one_line(reason)}"
        return self._deliver({path: content}, message, remote, branch, detail=path, approves=True)

    def _halts(self, commit: str) -> list[str]:
        """The files that halt something; a release lies beside them and is none."""
        folder = halts(self.environment).rstrip("/")
        listing = self._repository.tree_files(self._tree(commit), folder)
        return [path for path, file in listing.items() if self._halting(path, file.oid)]

    def _halting(self, path: str, oid: str) -> bool:
        try:
            document = read_document(self._repository.blob(oid), file=path)
        except MalformedError:
            return True
        return not isinstance(document, OverlayDocument) or bool(document.spec.switches)

    def _deliver(
        self,
        changed: Mapping[str, bytes | None],
        message: str,
        remote: str,
        branch: str,
        *,
        detail: str,
        approves: bool,
    ) -> Signed:
        for attempt in range(_PUSH_TRIES):
            tip = self.clone.fetch(remote, branch)
            tree = self.clone.tree_with(tip, changed)
            digest = self.check(tree) if approves else ""
            who = self._signer_below(tip)
            signed = self._sign(tip, tree, message, digest, APPROVAL_TTL, who=who, detail=detail)
            try:
                self.clone.push(remote, signed.commit, branch)
            except GitError:
                if attempt == _PUSH_TRIES - 1:
                    raise
            else:
                return signed
        raise AssertionError("unreachable")

    def _sign(
        self,
        parent: str,
        tree: str,
        message: str,
        digest: str,
        ttl: int,
        *,
        who: Signer,
        advance: bool = False,
        detail: str = "",
    ) -> Signed:
        text = f"{message.strip()}\n"
        if digest:
            until = show_instant((self._now + ttl) // 10**9 * 10**9)
            text += f"\nVanta-Approve: {self.environment} {digest} until={until}\n"
        commit = self.clone.commit(tree, [parent], text, who)
        if advance:
            self.clone.advance(commit, parent)
        return Signed(commit, who.name, digest, detail)


def environments(path: Path) -> list[str]:
    """The environments a clone has folders for."""
    root = path / ENVIRONMENTS
    return sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []


def _slug(text: str) -> str:
    return _UNSAFE.sub("-", text.lower()).strip("-")[:40]


def _one_line(text: str) -> str:
    """A reason as it can be written down: nobody's paste keeps a halt from landing."""
    printable = "".join(letter if letter.isprintable() else " " for letter in visible(text))
    return " ".join(printable.split())[:_LONGEST_REASON]


def _halt_document(path: str, stem: str, entry: Mapping[str, object]) -> bytes:
    lines = [
        editor_hint("Overlay", path).rstrip(),
        "apiVersion: vanta.dev/v1",
        "kind: Overlay",
        "metadata:",
        f"  name: {stem}",
        "spec:",
        "  switches:",
        f"    - name: {stem}",
        f"      switch: {entry['switch']}",
    ]
    scope = entry.get("scope")
    if isinstance(scope, dict) and scope:
        ((kind, name),) = scope.items()
        lines += ["      scope:", f'        {kind}: "{name}"']
    # A JSON string is a YAML double-quoted scalar, whatever the reason says.
    lines.append(f"      reason: {_quoted(str(entry['reason']))}")
    if entry.get("until"):
        lines.append(f'      until: "{entry["until"]}"')
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    return encode(text).decode()
