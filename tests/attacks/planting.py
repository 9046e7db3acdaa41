"""Trees and commits no ordinary client writes: raw entries planted among a fund's files."""

from collections.abc import Mapping, Sequence

from tests.governance.fund import Fund
from tests.governance.simulator import MAIN, Content, RepositorySimulator

Entry = tuple[str, bytes, str]
"""Mode, raw name and object id, as a tree object holds them."""

FILE, FOLDER, LINK, EXECUTABLE, SUBMODULE = "100644", "40000", "120000", "100755", "160000"


def planted(
    sim: RepositorySimulator,
    files: Mapping[str, Content],
    plants: Mapping[str, Sequence[Entry]],
    *,
    folder: str = "",
) -> str:
    """The tree of `files`, with raw entries beside what lies in some of its folders.

    Args:
        sim: where to write.
        files: ordinary files by path.
        plants: folder (empty for the root) to entries; an entry takes the place of an ordinary
            one of its name.
        folder: which folder of the whole this is.
    """
    here = f"{folder}/" if folder else ""
    entries: dict[bytes, Entry] = {}
    for path in [*files, *(f"{name}/" for name in plants if name)]:
        if path.startswith(here) and path != here:
            name, slash, _ = path.removeprefix(here).partition("/")
            if slash:
                oid = planted(sim, files, plants, folder=here + name)
                entries[name.encode()] = (FOLDER, name.encode(), oid)
            else:
                content = files[path]
                data = content.encode() if isinstance(content, str) else content
                entries[name.encode()] = (FILE, name.encode(), sim.write("blob", data))
    for entry in plants.get(folder, ()):
        entries[entry[1]] = entry
    return sim.raw_tree(sorted(entries.values(), key=_order))


def _order(entry: Entry) -> bytes:
    return entry[1] + b"/" if entry[0] == FOLDER else entry[1]


def commit_of(
    fund: Fund,
    tree: str,
    *,
    by: str | None,
    files: Mapping[str, Content],
    message: str = "A change\n",
    parents: Sequence[str] | None = None,
    ref: str | None = MAIN,
) -> str:
    """A commit of a raw tree; `files` is what later commits build on."""
    sim = fund.sim
    signer = fund.person(by) if by else None
    above = [sim.head()] if parents is None else parents
    payload = sim.payload(tree=tree, parents=above, committer=signer, message=message)
    raw = sim.signed(payload, signer) if signer else payload
    return sim.raw_commit(raw, files=files, ref=ref)


def approved_by_two(
    fund: Fund, files: Mapping[str, Content], plants: Mapping[str, Sequence[Entry]]
) -> str:
    """A commit of these files with plants beside them, and two people's approval of its tree."""
    sim = fund.sim
    tree = planted(sim, files, plants)
    commit_of(fund, tree, by="ada", files=files)
    for person in ("ada", "grace"):
        digest = fund.history.digest(sim.head())
        message = f"Approve\n\nVanta-Approve: prod {digest} until=2027-01-01T00:00:00Z\n"
        commit_of(fund, tree, by=person, files=files, message=message)
    return sim.head()
