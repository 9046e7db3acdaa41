"""Which objects a walk will want next, so that they can be asked for in one go.

A walk goes down the first parents to where it left off, and then up again, looking at the tree of
each commit. Both ways what comes next can be named. A wrong guess costs a little reading: every
object is verified under its own id, and nothing is decided by what was read ahead.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from vanta.governance.batch import AHEAD
from vanta.governance.commits import Links
from vanta.governance.trees import FILE_MODE, FOLDER_MODE, TreeEntry

_FASTER = 4
_MOST_TREES = 200_000
_DEEPEST = 8


class MainLine:
    """Follows a walk and says what is next.

    It asks for nothing ahead at first: one new commit on top of a known one is the usual case.
    """

    def __init__(self) -> None:
        self._awaited = ""
        """The commit a walk down the line would load next."""
        self._stride = 1
        self._trees: list[str] = []
        """Root trees of the commits loaded, in that order."""
        self._place: dict[str, int] = {}

    def below(self, oid: str) -> list[str]:
        """Names of a commit that is to be loaded and of those the walk will load after it."""
        self._stride = min(AHEAD, _FASTER * self._stride) if oid == self._awaited else 1
        return [oid, *(f"{oid}~{n}" for n in range(1, self._stride))]

    def reached(self, oid: str, links: Callable[[str], Links | None]) -> None:
        """A commit was loaded, and with it maybe others of the line."""
        for _ in range(AHEAD):
            known = links(oid)
            if known is None or not known.parents:
                break
            oid = known.parents[0]
        self._awaited = oid

    def passed(self, tree: str) -> None:
        """A commit with this root tree was loaded."""
        if len(self._trees) >= _MOST_TREES:
            self._trees.clear()
            self._place.clear()
        self._place[tree] = len(self._trees)
        self._trees.append(tree)

    def above(self, tree: str, known: Callable[[str], object | None]) -> list[str]:
        """A root tree that is to be read, and those of the commits loaded before its own."""
        place = self._place.get(tree, 0)
        nearby = self._trees[max(0, place - AHEAD + 1) : place]
        return [tree, *dict.fromkeys(each for each in reversed(nearby) if known(each) is None)]


def descend(
    roots: Iterable[str],
    wanted: Iterable[str],
    tree: Callable[[str], Sequence[TreeEntry] | None],
) -> Iterator[tuple[list[str], list[str]]]:
    """The folders and files at, above or below some paths, a level of the root trees at a time.

    Args:
        roots: root trees.
        wanted: paths such as `environments/prod`.
        tree: the entries of a tree object, None where they are not known. Those of a level are
            asked for after it was given out.

    Yields:
        Object ids of folders, and of files.
    """
    paths = [f"{path}/" for path in wanted]
    level = [(root, "") for root in roots]
    seen: set[tuple[str, str]] = set()
    for _ in range(_DEEPEST):
        folders: dict[str, str] = {}
        files: list[str] = []
        for oid, above in level:
            for entry in tree(oid) or ():
                here = f"{above}{entry.name.decode('ascii', 'replace')}/"
                if (entry.oid, here) in seen:
                    continue
                seen.add((entry.oid, here))
                if any(here.startswith(path) or path.startswith(here) for path in paths):
                    if entry.mode == FOLDER_MODE:
                        folders[entry.oid] = here
                    elif entry.mode == FILE_MODE:
                        files.append(entry.oid)
        if not folders and not files:
            return
        yield list(folders), files
        level = list(folders.items())
