"""A fund's governed history as it grows: notes, limits, halts, approvals, merges; all signed.

The documents are those of the starter in `gitops/`, so that reading a tree costs here what it
costs a user.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.governance.simulator import MAIN, START, Content, Person, RepositorySimulator
from vanta.domain.instant import DAY, MINUTE, show_instant
from vanta.governance.documents.read import AUTHORITY, governed_paths, halts
from vanta.governance.history import tree_digest
from vanta.governance.keys import PublicKey
from vanta.governance.starter import Founder, render_authority, starter_files
from vanta.governance.trust import Trust

ENVIRONMENT = "dev"
PEOPLE = ("ada", "grace", "alan")
OVERLAY = f"environments/{ENVIRONMENT}/overlay.yaml"
VAULT = f"environments/{ENVIRONMENT}/vaults/momentum-us.yaml"
_CAPITAL = "capital: 1000000"
_HALT = """\
apiVersion: vanta.dev/v1
kind: Overlay
metadata:
  name: {stem}
spec:
  switches:
    - name: {stem}
      switch: full_halt
      reason: "prices look wrong"
"""


_RELEASE = "released: []"


def starter(people: list[Person], nodes: Mapping[str, PublicKey]) -> dict[str, Content]:
    """The starter, as `vanta governance init` lays it out for these people and nodes."""
    files: dict[str, Content] = {
        path: data.decode() for path, data in starter_files().items() if not path.endswith(".in")
    }
    founders = [Founder(one.name, one.email, one.key) for one in people]
    return {**files, AUTHORITY: render_authority(founders, nodes, 2), "README.md": "The fund.\n"}


class MinuteHand:
    """A clock for histories nobody waits for: a minute later each time it is looked at."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += MINUTE
        return self.now


class FundHistory:
    """A governance repository of three people, of whom any two may loosen.

    Args:
        folder: where the repository is made.
        nodes: node name to public key, as registered in its authority.
        edit: what to change in the starter's documents, by path: text to text.
        clock: UTC nanoseconds; when each commit is made.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: Mapping[str, PublicKey] | None = None,
        edit: Mapping[str, Mapping[str, str]] | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.sim = RepositorySimulator(folder)
        self._clock = clock or MinuteHand()
        self._people = [self.sim.person(name) for name in PEOPLE]
        self._files = starter(self._people, nodes or {})
        for path, replaced in (edit or {}).items():
            self._files[path] = _edited(str(self._files[path]), replaced)
        self._vault, self._overlay = str(self._files[VAULT]), str(self._files[OVERLAY])
        self._halted: list[str] = []
        self._sound: dict[str, Content] = {}
        self._made = 0
        self.introduction = self._commit("Introduce the fund")
        self.trust = Trust(self.introduction, (self._people[0].key.fingerprint,))

    @property
    def commits(self) -> int:
        """How many there are, the introduction included."""
        return self._made

    @property
    def halted(self) -> tuple[str, ...]:
        """Paths of the halts that stand."""
        return tuple(self._halted)

    def week(self) -> Iterator[str]:
        """What people push in a week, one push after another: nine commits in eight pushes.

        Two notes, a limit that two people raise, a halt that one person gives and two take back,
        a note on a branch, and its merge. Two governed trees of them were never there before.
        """
        yield self.note()
        yield self.limit()
        yield self.approve()
        yield self.halt()
        yield self.resume()
        yield self.approve()
        yield self.merge()
        yield self.note()

    def note(self) -> str:
        """A commit that changes nothing governed."""
        self._files["README.md"] = f"The fund, {self._made}.\n"
        return self._commit("Say more")

    def limit(self) -> str:
        """A limit nobody has seen before, proposed and approved by one person of the two."""
        raised = {_CAPITAL: f"capital: {1_000_000 + self._made}"}
        self._files[VAULT] = _edited(self._vault, raised)
        return self._commit("Raise the capital", approve=True)

    def approve(self) -> str:
        """The next person's approval of the governed tree as it stands."""
        return self._commit("Approve", approve=True)

    def halt(self) -> str:
        """One person stops everything."""
        stem = f"halt-{self._made}"
        path = f"{halts(ENVIRONMENT)}{stem}.yaml"
        self._halted.append(path)
        self._files[path] = _HALT.format(stem=stem)
        return self._commit("Halt: prices look wrong")

    def resume(self) -> str:
        """One person takes every halt and every spoilt file back, and approves that: one of two."""
        self._files, self._sound = self._sound or self._files, {}
        while self._halted:
            self._files.pop(self._halted.pop(), None)
        return self._commit("Resume: prices were checked", approve=True)

    def release(self, nonce: str) -> str:
        """One person lets a halt on the node go, and approves that: the first of two."""
        self._files[OVERLAY] = _edited(self._overlay, {_RELEASE: f'released: ["{nonce}"]'})
        return self._commit("Release the node", approve=True)

    def spoil(self) -> str:
        """A commit nobody signed and nobody can read, over a tree in which no document can be."""
        self._sound = self._sound or self._files
        self._files = dict.fromkeys(self._files, "kind: [\n")
        self._made += 1
        raw = self.sim.payload(
            tree=self.sim.tree(self._files),
            parents=[self.sim.head()],
            committer_time=self._clock(),
        )
        foreign = raw.replace(b"\nauthor", b"\nencoding x\nauthor", 1)
        return self.sim.raw_commit(foreign, files=self._files, ref=MAIN)

    def merge(self) -> str:
        """A note on a branch, merged by the next person."""
        head = self.sim.head()
        self._files["docs/note.md"] = f"Note {self._made}.\n"
        side = self._commit("Add a note", parents=[head], ref=None)
        return self._commit("Merge the note", parents=[head, side])

    def _commit(
        self,
        message: str,
        *,
        approve: bool = False,
        parents: list[str] | None = None,
        ref: str | None = MAIN,
    ) -> str:
        now = self._clock()
        if approve:
            until = show_instant(now + 3 * DAY)
            message += f"\n\nVanta-Approve: {ENVIRONMENT} {self._digest()} until={until}"
        signer = self._people[self._made % len(self._people)]
        self._made += 1
        return self.sim.commit(
            self._files,
            signer=signer,
            parents=parents,
            message=f"{message}\n",
            committer_time=now,
            ref=ref,
        )

    def _digest(self) -> str:
        covered = governed_paths(ENVIRONMENT)
        files = {path: _bytes(data) for path, data in self._files.items()}
        governed = {path: data for path, data in files.items() if path.startswith(covered)}
        return tree_digest(ENVIRONMENT, governed)


def _edited(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        assert old in text, f"the starter no longer says {old!r}"
        text = text.replace(old, new)
    return text


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content
