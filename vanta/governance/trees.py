"""Raw tree objects, and the only names and modes a governed folder may hold."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vanta.domain.errors import MalformedError, RefusedError
from vanta.governance.bounds import Bounds

FILE_MODE = "100644"
FOLDER_MODE = "40000"
"""As a tree object spells it; `git ls-tree` shows 040000."""

_REFUSED_MODES = {
    "120000": ("SYMLINK", "a symbolic link"),
    "160000": ("SUBMODULE", "a submodule"),
    "100755": ("BAD_MODE", "an executable file"),
}
_MODE = re.compile(rb"[0-7]{5,6}\Z")
_NAME = re.compile(r"[A-Za-z0-9_.@+=,~#%&()\[\]{}'!$^;` -]+\Z")
# `.git` as any file system spells it; some drop the case, some know the 8.3 name.
_GIT_FOLDER = re.compile(r"(?:\.git|git~[0-9]+)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of a tree object; `name` is raw and unjudged."""

    mode: str
    name: bytes
    oid: str


@dataclass(frozen=True, slots=True)
class GovernedFile:
    """A regular, non-executable file of a governed tree."""

    mode: str
    oid: str


def parse_tree(oid: str, raw: bytes) -> tuple[TreeEntry, ...]:
    """The entries of a tree object, which must stand once each and in Git's order.

    Raises:
        MalformedError: code `MALFORMED_TREE`.
    """
    entries: list[TreeEntry] = []
    width = len(oid) // 2
    at = 0
    previous = b""
    while at < len(raw):
        space = raw.find(b" ", at, at + 7)
        end = raw.find(b"\0", space)
        mode = raw[at:space]
        name = raw[space + 1 : end]
        at = end + 1 + width
        if space < 0 or end < 0 or at > len(raw) or not name or not _MODE.match(mode):
            raise _malformed(oid, "an entry is not `mode name id`")
        text = mode.decode("ascii")
        # Git sorts a folder as if its name ended in a slash.
        key = name + b"/" if text == FOLDER_MODE else name
        if key <= previous:
            raise _malformed(oid, "its entries are not in order, or one stands twice")
        previous = key
        entries.append(TreeEntry(text, name, raw[end + 1 : at].hex()))
    if len({entry.name for entry in entries}) != len(entries):
        raise _malformed(oid, "a file and a folder have one name")
    return tuple(entries)


class TreeScan:
    """Looks through a tree object as its bytes come, in whatever order its entries stand.

    It keeps what is sought and nothing else, and ends where the bytes are no entry any more.

    Args:
        oid: of the tree.
        sought: matches the whole of `mode name` of an entry.
        most: entries that are kept, at most.
    """

    def __init__(self, oid: str, sought: re.Pattern[bytes], most: int) -> None:
        self.found: list[TreeEntry] = []
        self._sought = sought
        self._most = most
        self._width = len(oid) // 2
        self._left = bytearray()
        self._searched = 0
        self._over = False

    def feed(self, data: bytes) -> None:
        """Go on with these bytes.

        Raises:
            RefusedError: code `TOO_MANY_FILES`.
        """
        if self._over:
            return
        left, at = self._left, 0
        left += data
        while True:
            end = left.find(b"\0", max(at, self._searched))
            if end < 0 or end + self._width >= len(left):
                # What was searched is not searched again, however long a name is.
                self._searched = (len(left) if end < 0 else end) - at
                break
            self._take(bytes(left[at:end]), left, end + 1)
            at = end + 1 + self._width
        del left[:at]

    def _take(self, head: bytes, left: bytearray, at: int) -> None:
        mode, _, name = head.partition(b" ")
        if not name or b"/" in name or not _MODE.match(mode):
            self._over = True
        if self._over or not self._sought.fullmatch(head):
            return
        if len(self.found) >= self._most:
            raise RefusedError(f"more than {self._most} such files", code="TOO_MANY_FILES")
        oid = left[at : at + self._width].hex()
        self.found.append(TreeEntry(mode.decode("ascii"), name, oid))


def governed_name(entry: TreeEntry, folder: str) -> str:
    """The entry's name, if a governed folder may hold such an entry.

    Raises:
        RefusedError: codes `BAD_NAME`, `SYMLINK`, `SUBMODULE`, `BAD_MODE`.
    """
    name = entry.name.decode("utf-8", "backslashreplace")
    place = f"{folder}/{name}" if folder else name
    if not place.isprintable():
        place = ascii(place)
    if (
        not _NAME.match(name)
        # `.` and `..` too; and some file systems drop trailing dots and spaces.
        or name.endswith((".", " "))
        or _GIT_FOLDER.match(name)
    ):
        raise RefusedError(
            "a governed file has a plain ASCII name",
            code="BAD_NAME",
            place=place,
            remedy="rename it to letters, digits, dots, dashes and underscores",
        )
    if entry.mode not in {FILE_MODE, FOLDER_MODE}:
        code, what = _REFUSED_MODES.get(entry.mode, ("BAD_MODE", f"mode {entry.mode}"))
        raise RefusedError(
            f"{what} in a governed folder",
            code=code,
            place=place,
            remedy="governed files are regular files of mode 100644",
        )
    return name


def refuse_collisions(names: list[str], folder: str) -> None:
    """No two names may differ only in case: some file system would hold one of them.

    (Governed names are ASCII, so there is nothing for Unicode normalisation to bring together.)

    Raises:
        RefusedError: code `NAME_COLLISION`.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise RefusedError(
                f"{other!r} and {name!r} are one name on some file systems",
                code="NAME_COLLISION",
                place=folder,
                remedy="rename one of them",
            )


Trees = Callable[[str], Sequence[TreeEntry]]
"""The entries of a tree object."""


def locate(tree: Trees, oid: str, prefix: str, bounds: Bounds) -> TreeEntry | None:
    """What stands at `prefix` of a root tree; None where nothing does.

    What lies beside it is looked at only for names that some file system would take for it.

    Args:
        tree: the entries of a tree object.
        oid: the root tree.
        prefix: a folder or file; empty for the root itself.
        bounds: depth and length.
    """
    found = TreeEntry(FOLDER_MODE, b"", oid)
    folder = ""
    for step in prefix.split("/") if prefix else ():
        if found.mode != FOLDER_MODE:
            return None
        alike = [entry for entry in tree(found.oid) if _resembles(entry.name, step.encode())]
        names = [governed_name(entry, folder) for entry in alike]
        refuse_collisions(names, folder)
        if step not in names:
            return None
        found = alike[names.index(step)]
        folder = f"{folder}/{step}" if folder else step
        _check_bounds(folder, 0, bounds)
    return found


def list_files(tree: Trees, entry: TreeEntry, path: str, bounds: Bounds) -> dict[str, GovernedFile]:
    """Every file at or under an entry, by path; see `Repository.tree_files`.

    Args:
        tree: the entries of a tree object.
        entry: a folder or file.
        path: where it stands; empty for a root tree.
        bounds: depth, number and length.
    """
    if entry.mode != FOLDER_MODE:
        return {path: GovernedFile(entry.mode, entry.oid)}
    files: dict[str, GovernedFile] = {}
    waiting = [(entry.oid, path)]
    folders = len(path.split("/")) if path else 0
    while waiting:
        current, folder = waiting.pop()
        folders += 1
        entries = tree(current)
        names = [governed_name(each, folder) for each in entries]
        refuse_collisions(names, folder)
        for name, each in zip(names, entries, strict=True):
            place = f"{folder}/{name}" if folder else name
            if each.mode == FOLDER_MODE:
                waiting.append((each.oid, place))
            else:
                files[place] = GovernedFile(each.mode, each.oid)
            _check_bounds(place, folders + len(waiting) + len(files), bounds)
    return dict(sorted(files.items()))


def _check_bounds(path: str, count: int, bounds: Bounds) -> None:
    if path.count("/") >= bounds.tree_depth:
        raise RefusedError(
            f"folders are nested more than {bounds.tree_depth} deep",
            code="TOO_DEEP",
            place=path[:100],
        )
    if len(path) > bounds.path_length:
        raise RefusedError(
            f"a path longer than {bounds.path_length} characters",
            code="PATH_TOO_LONG",
            place=path[:100],
        )
    # Folders count too: empty ones that repeat themselves hold no file and take for ever.
    if count > bounds.files_per_tree:
        raise RefusedError(
            f"more than {bounds.files_per_tree} governed files and folders", code="TOO_MANY_FILES"
        )


def _resembles(name: bytes, wanted: bytes) -> bool:
    """Whether some file system would find `name` when asked for `wanted`."""
    return len(name) >= len(wanted) and name.lower().rstrip(b". ") == wanted.lower()


def _malformed(oid: str, message: str) -> MalformedError:
    return MalformedError(message, code="MALFORMED_TREE", place=f"tree {oid[:12]}")
