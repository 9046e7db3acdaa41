"""A history, told so that a person can follow it commit by commit."""

from tests.model.terms import NEVER, REVOKED, Commit, History, Tree


def told(history: History) -> str:
    lines = []
    for n, commit in enumerate(history.commits):
        below = " + ".join(map(str, commit.parents)) or "introduction"
        lines.append(f"{n} ({below}): {_tree(commit.tree)}; {_signed(commit)}")
    return "\n".join(lines)


def _tree(tree: Tree) -> str:
    policy, authority = tree.says, tree.authority
    facts = [
        f"raised until {_end(policy.raised)}" if policy.raised else "",
        f"halted until {_end(policy.halted)}" if policy.halted else "",
        f"gear {policy.gear}" if policy.gear else "",
        f"releases latch {sorted(policy.released)}" if policy.released else "",
        f"halt files {sorted(tree.halts)}" if tree.halts else "",
        *(f"key {key} ends {_end(end)}" for key, end in sorted(authority.ends)),
        f"people {''.join(sorted(authority.people))}" if authority.people != set("ABC") else "",
        f"quorum {authority.quorum}" if authority.quorum != 2 else "",
        "" if tree.readable else "unreadable",
    ]
    return ", ".join(filter(None, facts)) or "plain"


def _end(end: int) -> str:
    return {NEVER: "never", REVOKED: "at once: revoked"}.get(end, str(end))


def _signed(commit: Commit) -> str:
    words = [f"signed with {commit.signer}" if commit.signer else "unsigned"]
    if commit.approves is not None:
        own = commit.approves == commit.tree
        words.append("approves this tree" if own else f"approves {_tree(commit.approves)!r}")
    if commit.until != NEVER:
        words.append(f"until {commit.until}")
    if not commit.own:
        words.append("written by somebody else")
    if commit.seen:
        words.append(f"first seen at {commit.seen}")
    return ", ".join(words)
