"""What a halt is aimed at: one for a name that nobody has would be taken, and stop nothing.

Files are looked for and not read, and where a tree cannot be looked through nothing is refused: no
poisoned branch keeps a halt from being signed. Venues, strategies and followers have no documents:
nobody here can say which there are.
"""

from collections.abc import Iterable, Mapping

from vanta.domain.errors import RefusedError
from vanta.domain.instant import parse_instant, show_instant
from vanta.governance.documents.read import CEILINGS, ENVIRONMENTS, PERSONAS
from vanta.governance.signing import Signing
from vanta.governance.walk import UNREADABLE

UNCHECKED = frozenset({"venue", "strategy", "follower"})
"""Scopes whose names are taken as they are."""


def check_aim(desk: Signing, entry: Mapping[str, object], commits: Iterable[str]) -> None:
    """Refuse a halt that would stop nothing.

    Args:
        desk: who halts, in which environment.
        entry: the switch, its scope, its reason and maybe its end; it reads as a document.
        commits: where the main line is, or was.

    Raises:
        RefusedError: `NO_SUCH_ENVIRONMENT`, `NO_SUCH_VAULT`, `NO_SUCH_PERSONA`: none of the
            commits has it; `OVER_ALREADY`: its end is past.
    """
    trees = [desk.tree(commit) for commit in dict.fromkeys(commits)]
    environment = desk.environment
    _known(desk, trees, CEILINGS, "environment", environment, code="NO_SUCH_ENVIRONMENT")
    scope = entry.get("scope")
    for kind, name in scope.items() if isinstance(scope, dict) else ():
        if kind == "vault":
            folder = f"{ENVIRONMENTS}{environment}/vaults/"
            _known(desk, trees, folder, kind, name, code="NO_SUCH_VAULT")
        elif kind == "persona":
            _known(desk, trees, PERSONAS, kind, name, code="NO_SUCH_PERSONA")
    until = entry.get("until")
    if until and parse_instant(str(until)) <= desk.now:
        raise RefusedError(
            f"{until} is past: it would stop nothing",
            code="OVER_ALREADY",
            place="--until",
            remedy=f"name a later time; now it is {show_instant(desk.now)}",
        )


def _known(
    desk: Signing, trees: Iterable[str], folder: str, kind: str, name: str, *, code: str
) -> None:
    found = set[str]()
    for tree in trees:
        try:
            paths = desk.repository.tree_files(tree, folder.rstrip("/"))
        except UNREADABLE:
            return
        found |= {path.removeprefix(folder).removesuffix(".yaml") for path in paths}
    if name not in found:
        raise RefusedError(
            f"there is no {kind} {name!r}",
            code=code,
            place=f"--{kind}",
            remedy=f"use one of {', '.join(sorted(found))}" if found else "look at --repo",
        )
