"""Letting trading go on: halts taken back and break-glass edits let go, by a commit for a quorum.

Its signature is the first of the approvals that takes, and approves whatever the branch holds. So
somebody looks at the commit before it is pushed.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath
from typing import NamedTuple

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.governance.approvals import seen
from vanta.governance.delivery import onto_branch
from vanta.governance.documents.editor import editor_hint
from vanta.governance.documents.kinds import OverlayDocument
from vanta.governance.documents.read import halts, read_document
from vanta.governance.halting import Halting, one_line, remembering, slug
from vanta.governance.halts import among_halts
from vanta.governance.history import History
from vanta.governance.rewalk import LANE
from vanta.governance.signing import Signed
from vanta.governance.walk import UNREADABLE

Look = Callable[[str], object]
"""Looks at a commit before it is pushed; raises `VantaError` where it must not be."""


def _unseen(_commit: str) -> None:
    """Where nobody has the pin to judge it by."""


class _Beside(NamedTuple):
    """A halt of the lane."""

    commit: str
    file: str


class Resuming(Halting):
    """What one person does so that trading may go on."""

    def resume(
        self,
        names: tuple[str, ...],
        reason: str,
        remote: str,
        branch: str,
        *,
        also: Sequence[str] = (),
        edits: Sequence[str] = (),
        look: Look = _unseen,
    ) -> Signed:
        """Sign a commit that takes halts back, lets break-glass edits go, or both, and push it.

        Either loosens: this is the first of the approvals it needs. Halts that stand on the lane
        alone are merged, so that the lane lets go of them with the same quorum. What else the
        branch holds is approved with it, so it is looked at before it is pushed.

        Args:
            names: the halts; all of them where neither these nor `edits` are given.
            reason: why.
            remote: where the governed branch is.
            branch: the governed branch.
            also: further remotes that hold halts of the lane.
            edits: nonces of break-glass edits and latches.
            look: judges the commit before it is pushed.
        """
        tip = self.clone.fetch(remote, branch)
        filed = self._halts(tip)
        lane = self._standing(tip, (remote, *also))
        stems = self._sought(names, filed.keys() | lane.keys()) if names or not edits else []
        releases = dict(map(self._release, dict.fromkeys(edits)))
        changed: dict[str, bytes | None] = {
            **{path: None for stem in stems for path in filed.get(stem, ())},
            **releases,
        }
        shown = [path for s in stems for path in filed.get(s) or [lane[s].file]]
        return self._push(
            changed,
            f"{'Resume' if stems else 'Release'}: {one_line(reason)}",
            remote,
            branch,
            files=(*dict.fromkeys(shown), *releases),
            look=look,
            merged=[lane[stem].commit for stem in stems if stem in lane],
            lane=tuple(f"{LANE}/{stem}" for stem in stems if stem in lane),
        )

    def _sought(self, names: Sequence[str], known: AbstractSet[str]) -> list[str]:
        """The halts to take back, by stem; all there are when none is named."""
        folder = halts(self.environment)
        if missing := sorted(set(names) - known):
            raise RefusedError(
                f"there is no halt {missing[0]!r}",
                code="NO_SUCH_HALT",
                place=folder,
                remedy=f"the halts are: {', '.join(sorted(known)) or 'none'}",
            )
        if not names and not known:
            raise RefusedError(
                "no halt is there to take back",
                code="NO_SUCH_HALT",
                place=folder,
                remedy="a switch in overlay.yaml is taken back by editing it and proposing that",
            )
        return sorted(set(names) or known)

    def release(
        self, nonce: str, reason: str, remote: str, branch: str, *, look: Look = _unseen
    ) -> Signed:
        """Sign a commit that lets a break-glass edit go, and push it; it needs the quorum."""
        return self.resume((), reason, remote, branch, edits=(nonce,), look=look)

    def _release(self, nonce: str) -> tuple[str, bytes]:
        """The file that lets a break-glass edit go."""
        stem = f"release-{slug(nonce)}"
        path = f"{halts(self.environment)}{stem}.yaml"
        content = (
            f"{editor_hint('Overlay', path)}"
            f"apiVersion: vanta.dev/v1\nkind: Overlay\nmetadata:\n  name: {stem}\n"
            f'spec:\n  released: ["{nonce}"]\n'
        ).encode()
        read_document(content, file=path)
        return path, content

    def _halts(self, commit: str) -> dict[str, list[str]]:
        """The files that halt something, by stem; a release lies beside them and is none."""
        folder = halts(self.environment).rstrip("/")
        listing = self.repository.tree_files(self.tree(commit), folder)
        found: dict[str, list[str]] = {}
        for path, file in listing.items():
            if self._halting(path, file.oid):
                found.setdefault(PurePosixPath(path).stem, []).append(path)
        return found

    def _halting(self, path: str, oid: str) -> bool:
        try:
            document = read_document(self.repository.blob(oid), file=path)
        except MalformedError:
            return True
        return not isinstance(document, OverlayDocument) or bool(document.spec.switches)

    def _standing(self, tip: str, remotes: Sequence[str]) -> dict[str, _Beside]:
        """The halts of this environment on the lane that the branch does not hold, by stem."""
        for remote in dict.fromkeys(remotes):
            try:
                self.clone.fetch_refs(remote, f"{LANE}/*")
            except VantaError:
                # What this clone knows already can be taken back all the same.
                continue
        found: dict[str, _Beside] = {}
        for ref, oid in self.clone.refs(LANE).items():
            try:
                file = self._halt_of(oid)
                if file and not self.repository.is_ancestor(oid, tip):
                    found[ref.removeprefix(f"{LANE}/")] = _Beside(oid, file)
            except UNREADABLE:
                continue
        return found

    def _halt_of(self, oid: str) -> str:
        """The file of somebody's halt; empty for junk that would ride along in a merge."""
        parent = self.repository.parents(oid)[0:1]
        history = History(self.repository, self.environment)
        added = history.halts_added(oid, parent[0]) if parent else {}
        file = next(filter(among_halts, added), "")
        if not file:
            return ""
        authority = self.authority_below(parent[0])
        return file if seen(authority, self.environment, oid, history, self.now).signer else ""

    def _push(
        self,
        changed: Mapping[str, bytes | None],
        message: str,
        remote: str,
        branch: str,
        *,
        files: tuple[str, ...],
        look: Look,
        merged: Sequence[str] = (),
        lane: tuple[str, ...] = (),
    ) -> Signed:
        """Sign a change on the tip of a branch that approves its own tree, and push it."""
        digests: dict[str, str] = {}
        refused: list[VantaError] = []

        def commit_on(parent: str) -> str:
            tree = self.clone.tree_with(parent, changed)
            digest = self.check(tree)
            parents = [parent, *merged]
            who = self.signer_below(parent)
            commit = self.sign(tree, parents, message, who, digest=digest)
            digests[commit] = digest
            try:
                look(commit)
            except VantaError as error:
                refused.append(error)
                raise
            return commit

        tip = self.clone.fetch(remote, branch)
        first = commit_on(tip)
        at = remembering(commit_on, {tip: first})
        delivery = onto_branch(self.clone, remote, branch, tip, at)
        if refused:
            # What others pushed meanwhile would be approved with it.
            raise refused[0]
        if not delivery.taken:
            made = delivery.commit or first
            raise UnavailableError(
                f"{delivery.where} did not take it: {delivery.said}",
                code="NOT_DELIVERED",
                place=str(self.clone.path),
                remedy=f"if the branch is protected, git push {remote} "
                f"{made[:12]}:refs/heads/{self.environment}-{made[:8]} and merge that, "
                "with a merge commit",
            )
        commit = delivery.commit
        who = self.signer_below(tip).name
        return Signed(
            commit, who, digests[commit], ", ".join(files), lane, (delivery,), files=files
        )
