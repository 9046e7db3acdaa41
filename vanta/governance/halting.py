"""Stopping, and starting again: halts that land whatever stands in their way.

A halt is one self-contained file in one signed commit. It travels twice: onto the governed branch,
where everybody sees it, and along the halt lane, `refs/vanta/halts/<stem>`, which no protected
branch, poisoned head or unreadable document can block.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.governance.anchor import anchor, known_tips
from vanta.governance.approvals import seen
from vanta.governance.delivery import deliver, onto_branch, require_one, to_ref
from vanta.governance.documents.editor import editor_hint
from vanta.governance.documents.kinds import OverlayDocument
from vanta.governance.documents.read import halts, read_document
from vanta.governance.history import History
from vanta.governance.rewalk import LANE
from vanta.governance.signing import Signed, Signing
from vanta.governance.strict_yaml import visible
from vanta.governance.trust import Trust
from vanta.governance.walk import UNREADABLE

_LONGEST_REASON = 300
_UNSAFE = re.compile(r"[^a-z0-9]+")
_NOBODY_TOOK_IT = (
    "pass --also with the URL of Alpha's or a node's own repository, or halt on the node itself"
)


class Halting(Signing):
    """What one person does to stop trading, and to let it go on."""

    def halt(
        self,
        entry: Mapping[str, object],
        remote: str,
        branch: str,
        *,
        also: Sequence[str] = (),
        trust: Trust | None = None,
    ) -> Signed:
        """Sign a commit that adds one self-contained halt, and deliver it by every way there is.

        For the lane it goes on the last good commit of the branch; for the branch on whatever the
        branch is at, readable or not. Where those are one commit, so are these. It approves
        nothing: who halts has not looked at what else is proposed there, and to tighten takes no
        approval.

        Args:
            entry: the switch, its scope, its reason and maybe its end.
            remote: where the governed branch is; gets the branch and the lane.
            branch: the governed branch.
            also: further remotes, such as a node's own repository; they get the lane.
            trust: what the nodes pin, to find the last good commit by.

        Raises:
            MalformedError: nobody could read the halt; nothing was signed.
            RefusedError: the key is nobody's.
            UnavailableError: code `NOT_DELIVERED`: no transport took it.
        """
        stem = f"{_slug(str(entry['switch']))}-{secrets.token_hex(6)}"
        path = f"{halts(self.environment)}{stem}.yaml"
        reason = one_line(str(entry["reason"]))
        content = _halt_document(path, stem, {**entry, "reason": reason})
        read_document(content, file=path)
        tips = known_tips(self.clone, remote, branch)
        base = anchor(self, tips, trust)
        who = self.signer_below(base)
        lane_ref = f"{LANE}/{stem}"

        def commit_on(parent: str) -> str:
            tree = self.clone.tree_with(parent, {path: content})
            return self.sign(tree, [parent], f"Halt: {reason}", who)

        lane = commit_on(base)
        at = _remembering(commit_on, {base: lane})
        deliveries = deliver(
            [
                *(
                    lambda to=to: to_ref(self.clone, to, lane, lane_ref)
                    for to in dict.fromkeys((remote, *also))
                ),
                lambda: onto_branch(self.clone, remote, branch, tips[0], at),
            ]
        )
        require_one(deliveries, "the halt was signed and nobody took it", _NOBODY_TOOK_IT)
        self.clone.point(lane_ref, lane)
        return Signed(lane, who.name, "", path, (lane_ref,), deliveries)

    def resume(
        self,
        names: tuple[str, ...],
        reason: str,
        remote: str,
        branch: str,
        *,
        also: Sequence[str] = (),
    ) -> Signed:
        """Sign a commit that takes halts back (all of them when none is named), and push it.

        Taking a halt back loosens: this is the first of the approvals it needs. Halts that stand
        on the lane alone are merged, so that the lane lets go of them with the same quorum.
        """
        tip = self.clone.fetch(remote, branch)
        folder = halts(self.environment)
        filed = {PurePosixPath(path).stem: path for path in self._halts(tip)}
        lane = self._standing(tip, (remote, *also))
        if missing := sorted(set(names) - filed.keys() - lane.keys()):
            known = ", ".join(sorted(filed.keys() | lane.keys())) or "none"
            raise RefusedError(
                f"there is no halt {missing[0]!r}",
                code="NO_SUCH_HALT",
                place=folder,
                remedy=f"the halts are: {known}",
            )
        stems = sorted(names or filed.keys() | lane.keys())
        if not stems:
            raise RefusedError(
                "no halt is there to take back",
                code="NO_SUCH_HALT",
                place=folder,
                remedy="a switch in overlay.yaml is taken back by editing it and proposing that",
            )
        changed: dict[str, bytes | None] = {filed[s]: None for s in stems if s in filed}
        merged = [lane[stem] for stem in stems if stem in lane]
        return self._push(
            changed,
            f"Resume: {one_line(reason)}",
            remote,
            branch,
            detail=", ".join(f"{folder}{stem}.yaml" for stem in stems),
            merged=merged,
            lane=tuple(f"{LANE}/{stem}" for stem in stems if stem in lane),
        )

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
        message = f"Release: {one_line(reason)}"
        return self._push({path: content}, message, remote, branch, detail=path)

    def _halts(self, commit: str) -> list[str]:
        """The files that halt something; a release lies beside them and is none."""
        folder = halts(self.environment).rstrip("/")
        listing = self.repository.tree_files(self.tree(commit), folder)
        return [path for path, file in listing.items() if self._halting(path, file.oid)]

    def _halting(self, path: str, oid: str) -> bool:
        try:
            document = read_document(self.repository.blob(oid), file=path)
        except MalformedError:
            return True
        return not isinstance(document, OverlayDocument) or bool(document.spec.switches)

    def _standing(self, tip: str, remotes: Sequence[str]) -> dict[str, str]:
        """The halts of this environment on the lane that the branch does not hold, by stem."""
        for remote in dict.fromkeys(remotes):
            try:
                self.clone.fetch_refs(remote, f"{LANE}/*")
            except VantaError:
                # What this clone knows already can be taken back all the same.
                continue
        found: dict[str, str] = {}
        for ref, oid in self.clone.refs(LANE).items():
            stem = ref.removeprefix(f"{LANE}/")
            try:
                if self._is_halt(stem, oid) and not self.repository.is_ancestor(oid, tip):
                    found[stem] = oid
            except UNREADABLE:
                continue
        return found

    def _is_halt(self, stem: str, oid: str) -> bool:
        """Whether a commit is somebody's halt, and no junk that would ride along in a merge."""
        parent = self.repository.parents(oid)[0:1]
        history = History(self.repository, self.environment)
        added = history.halts_added(oid, parent[0]) if parent else {}
        if f"{halts(self.environment)}{stem}.yaml" not in added:
            return False
        authority = self.authority_below(parent[0])
        return bool(seen(authority, self.environment, oid, history, self.now).signer)

    def _push(
        self,
        changed: Mapping[str, bytes | None],
        message: str,
        remote: str,
        branch: str,
        *,
        detail: str,
        merged: Sequence[str] = (),
        lane: tuple[str, ...] = (),
    ) -> Signed:
        """Sign a change on the tip of a branch that approves its own tree, and push it."""
        digests: dict[str, str] = {}

        def commit_on(parent: str) -> str:
            tree = self.clone.tree_with(parent, changed)
            digest = self.check(tree)
            parents = [parent, *merged]
            who = self.signer_below(parent)
            commit = self.sign(tree, parents, message, who, digest=digest)
            digests[commit] = digest
            return commit

        tip = self.clone.fetch(remote, branch)
        first = commit_on(tip)
        at = _remembering(commit_on, {tip: first})
        delivery = onto_branch(self.clone, remote, branch, tip, at)
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
        return Signed(commit, who, digests[commit], detail, lane, (delivery,))


def _remembering(commit_on: Callable[[str], str], made: dict[str, str]) -> Callable[[str], str]:
    """`commit_on`, which signs once for each parent."""

    def at(parent: str) -> str:
        if parent not in made:
            made[parent] = commit_on(parent)
        return made[parent]

    return at


def _slug(text: str) -> str:
    return _UNSAFE.sub("-", text.lower()).strip("-")[:40]


def one_line(text: str) -> str:
    """A reason as it can be written down: nobody's paste keeps a halt from landing."""
    return " ".join(visible(text).split())[:_LONGEST_REASON]


def _halt_document(path: str, stem: str, entry: Mapping[str, object]) -> bytes:
    lines = [
        editor_hint("Overlay", path).rstrip("\n"),
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
    lines.append(f"      reason: {encode(str(entry['reason'])).decode()}")
    if entry.get("until"):
        lines.append(f'      until: "{entry["until"]}"')
    return ("\n".join(lines) + "\n").encode()
