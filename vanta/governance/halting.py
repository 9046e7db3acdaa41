"""Stopping: halts that land whatever stands in their way.

A halt is one self-contained file in one signed commit. It travels twice: onto the governed branch,
where everybody sees it, and along the halt lane, `refs/vanta/halts/<stem>`, which no protected
branch, poisoned head or unreadable document can block.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence

from vanta.domain.encoding import encode
from vanta.governance.aim import check_aim
from vanta.governance.anchor import anchor, known_tips
from vanta.governance.delivery import deliver, onto_branch, require_one, to_ref
from vanta.governance.documents.editor import editor_hint
from vanta.governance.documents.read import halts, read_document
from vanta.governance.rewalk import LANE
from vanta.governance.signing import Signed, Signing
from vanta.governance.strict_yaml import visible
from vanta.governance.trust import Trust

_LONGEST_REASON = 300
_UNSAFE = re.compile(r"[^a-z0-9]+")
_NOBODY_TOOK_IT = (
    "pass --also with the URL of Alpha's or a node's own repository, or halt on the node itself"
)


class Halting(Signing):
    """What one person does to stop trading."""

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
            RefusedError: the key is nobody's, or what `check_aim` refuses.
            UnavailableError: code `NOT_DELIVERED`: no transport took it.
        """
        stem = f"{slug(str(entry['switch']))}-{secrets.token_hex(6)}"
        path = f"{halts(self.environment)}{stem}.yaml"
        reason = one_line(str(entry["reason"]))
        content = _halt_document(path, stem, {**entry, "reason": reason})
        read_document(content, file=path)
        tips = known_tips(self.clone, remote, branch)
        base = anchor(self, tips, trust)
        check_aim(self, entry, (base, *tips))
        who = self.signer_below(base)
        lane_ref = f"{LANE}/{stem}"

        def commit_on(parent: str) -> str:
            tree = self.clone.tree_with(parent, {path: content})
            return self.sign(tree, [parent], f"Halt: {reason}", who)

        lane = commit_on(base)
        at = remembering(commit_on, {base: lane})
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


def remembering(commit_on: Callable[[str], str], made: dict[str, str]) -> Callable[[str], str]:
    """`commit_on`, which signs once for each parent."""

    def at(parent: str) -> str:
        if parent not in made:
            made[parent] = commit_on(parent)
        return made[parent]

    return at


def slug(text: str) -> str:
    """What of a text can stand in a file's name."""
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
