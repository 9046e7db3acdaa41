"""How much of somebody else's repository a node will look at: every limit, in one place."""

from dataclasses import dataclass

from vanta.governance.graph import COMMITS_PER_WALK

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on what one repository may cost; what exceeds one is refused, never truncated.

    Attributes:
        object_bytes: greatest commit, tree or governed blob read into memory.
        folder_bytes: greatest tree that is looked through for halts, and greatest commit that is
            stepped over; neither is held in memory.
        folder_files: most files of interest in one of those.
        read_seconds: longest wait for one object of the local store.
        memory_bytes: greatest address space of a Git process.
        tree_depth: deepest folder of a governed tree; 1 is a folder's own files.
        files_per_tree: most files and folders one governed tree may hold.
        path_length: longest path of a governed file, in characters.
        tree_bytes: most bytes the files of one governed tree may hold together.
        remembered_bytes: about how much of each kind of object is remembered.
        commits_per_walk: most commits one question about the graph may visit.
        fetch_seconds: longest a fetch may take, from connection to the last byte checked.
        fetch_bytes: most bytes one fetch may add to the store.
        fetch_objects: most objects one fetch may add to the store.
        refs_per_fetch: most refs one pattern may match, or one fetch may ask for.
        listing_bytes: most bytes of a list of refs that are read.
    """

    object_bytes: int = _MEBIBYTE
    folder_bytes: int = 256 * _MEBIBYTE
    folder_files: int = 100_000
    read_seconds: float = 30.0
    memory_bytes: int = 2048 * _MEBIBYTE
    tree_depth: int = 16
    files_per_tree: int = 4_000
    path_length: int = 255
    tree_bytes: int = 16 * _MEBIBYTE
    remembered_bytes: int = 64 * _MEBIBYTE
    commits_per_walk: int = COMMITS_PER_WALK
    fetch_seconds: float = 30.0
    fetch_bytes: int = 256 * _MEBIBYTE
    fetch_objects: int = 200_000
    refs_per_fetch: int = 1_000
    listing_bytes: int = 64 * _MEBIBYTE
