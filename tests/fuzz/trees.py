"""Fuzz target: tree objects, and the walk over a folder of them.

An input is several tree objects, one after another with a separator between; whatever id an entry
names, its first byte chooses one of them, so folders may hold each other and themselves.
"""

import re

from tests.fuzz.attempts import twice
from vanta.domain.errors import VantaError
from vanta.governance.bounds import Bounds
from vanta.governance.trees import (
    FILE_MODE,
    GovernedFile,
    TreeEntry,
    list_files,
    locate,
    parse_tree,
)

SEPARATOR = b"=====\n"
TOKENS = (
    *(b"100644 ", b"40000 ", b"040000 ", b"120000 ", b"160000 ", b"100755 ", b"\0", SEPARATOR),
    *(b"environments\0", b"prod\0", b"a.yaml\0", b".git\0", b"..\0", b"GIT~1\0", b"prod.\0", b"/"),
    *(b"\0" * 20, b"\1" * 20, b"\2" * 20),
)
BOUNDS = Bounds(tree_depth=4, files_per_tree=40, path_length=60)
PREFIXES = ("environments", "environments/prod", "environments/prod/a.yaml", "a.yaml", "b")
FOLDER = 0o40000
_PLAIN = re.compile(r"[ -.0-~]+\Z")


def one_input(data: bytes) -> None:
    """Read its trees, and list them from the first one down."""
    for width in (20, 32):
        _check_trees(data.split(SEPARATOR), width)


def _check_trees(trees: list[bytes], width: int) -> None:
    read: dict[int, tuple[TreeEntry, ...] | VantaError] = {}
    for number, raw in enumerate(trees):
        oid = f"{number % 256:02x}" * width
        entries = twice(parse_tree, oid, raw)
        read[number] = entries
        if not isinstance(entries, VantaError):
            assert _written(entries) == raw
            assert list(entries) == sorted(entries, key=_git_order)
            assert len({entry.name for entry in entries}) == len(entries)

    def tree(oid: str) -> tuple[TreeEntry, ...]:
        entries = read[int(oid[:2], 16) % len(trees)]
        if isinstance(entries, VantaError):
            raise entries
        return entries

    def listed(prefix: str) -> dict[str, GovernedFile]:
        entry = locate(tree, "00" * width, prefix, BOUNDS)
        return {} if entry is None else list_files(tree, entry, prefix, BOUNDS)

    whole = twice(listed, "")
    for prefix in ("", *PREFIXES):
        part = twice(listed, prefix)
        if isinstance(part, dict):
            _check_files(part)
        if isinstance(whole, dict):
            # What may be listed as a whole may be listed in parts, and is the same.
            assert part == {
                path: file
                for path, file in whole.items()
                if not prefix or path == prefix or path.startswith(f"{prefix}/")
            }


def _written(entries: tuple[TreeEntry, ...]) -> bytes:
    return b"".join(
        entry.mode.encode() + b" " + entry.name + b"\0" + bytes.fromhex(entry.oid)
        for entry in entries
    )


def _git_order(entry: TreeEntry) -> bytes:
    return entry.name + (b"/" if int(entry.mode, 8) == FOLDER else b"")


def _check_files(files: dict[str, GovernedFile]) -> None:
    assert list(files) == sorted(files)
    assert len(files) <= BOUNDS.files_per_tree
    assert len({path.casefold() for path in files}) == len(files)
    for path, file in files.items():
        assert file.mode == FILE_MODE
        assert len(path) <= BOUNDS.path_length
        parts = path.split("/")
        assert len(parts) <= BOUNDS.tree_depth
        for part in parts:
            assert _PLAIN.match(part)
            assert not part.endswith((".", " "))
            assert part.lower() != ".git"
            assert not re.match(r"(?i)git~[0-9]", part)
