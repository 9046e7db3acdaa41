"""A repository, everybody who signs in it, and the two judges: Git and we."""

import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.conformance.drafts import Draft, varied
from tests.conformance.git_opinion import Git, Opinion, write_allowed
from tests.conformance.people import OTHER, WEAK, people
from tests.conformance.verdict import authority_over, judge
from tests.governance.simulator import RepositorySimulator


class World:
    """One repository of one object format.

    Attributes:
        sim: the repository.
        git: its opinion, by a file that also lists the keys we refuse.
        trees: some tree ids.
        commits: some commit ids, to be parents.
    """

    def __init__(self, folder: Path, object_format: str) -> None:
        self.sim = RepositorySimulator(folder, object_format=object_format)
        listed = (*people(), OTHER, *(make() for make in WEAK.values()))
        self.git = Git(self.sim.path, write_allowed(folder / "allowed", listed))
        acceptable = [who for who in listed if who.acceptable]
        self.authority = authority_over(acceptable)
        self.trees = [self.sim.tree({"a.yaml": f"n: {number}\n"}) for number in range(3)]
        self.commits = [self.sim.commit({"a": str(n)}, parents=[]) for n in range(4)]

    def draft(self, chance: random.Random) -> Draft:
        """A varied commit by one of the people."""
        return varied(chance, people(), self.trees, self.commits)

    def write(self, raws: Iterable[bytes]) -> dict[str, bytes]:
        """Put commits into the repository; their bytes by id."""
        return {self.sim.raw_commit(raw): raw for raw in raws}

    def both(
        self, written: Mapping[str, bytes]
    ) -> Iterable[tuple[bytes, Opinion | None, tuple[str, str], str]]:
        """Of each commit its bytes, Git's opinion, our verdict, and its id."""
        opinions = self.git.opinions(written)
        for oid, raw in written.items():
            yield raw, opinions[oid], judge(self.authority, oid, raw), oid
