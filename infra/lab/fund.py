"""A practice fund for a lab: three people with keys, builds they made and signed off.

In a real fund each of them has one key on a machine of their own. Here they lie together in the
lab's folder, and are thrown away with it.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.lab.programs import run
from vanta.builds.manifest import REVIEW_NAMESPACE

PEOPLE = ("ada", "grace", "alan")
"""The founders; Ada makes builds, the others sign them off."""
EXTRAS = ("alpha", "audit", "executor", "markets", "redis")
"""What a build for three nodes contains: one for all, so that all run the same."""
_PATIENCE = 300.0


@dataclass(frozen=True)
class Fund:
    """People, source and builds of a lab.

    Args:
        folder: where they lie.
        repository: the checkout whose last commit is built.
    """

    folder: Path
    repository: Path

    @property
    def modules(self) -> Path:
        """Builds, each in a folder of its name, with its sign-offs."""
        return self.folder / "modules"

    @property
    def source(self) -> Path:
        """Ada's clone: what is committed there is what is built."""
        return self.folder / "src"

    def key(self, person: str) -> Path:
        """Somebody's private key."""
        return self.folder / "keys" / person

    @property
    def introduction(self) -> Path:
        """Public halves of nodes' keys, as `introduce.yml` brings them home."""
        return self.folder / "introduction"

    @property
    def governance(self) -> Path:
        """The people's clone of the governance repository."""
        return self.folder / "governance"

    @property
    def trust(self) -> Path:
        """What pins the introduction; there once the fund is founded."""
        return self.folder / "trust.json"

    @property
    def variables(self) -> Path:
        """What the lab's inventory says because of this fund."""
        return self.folder / "variables.json"

    def prepare(self) -> str:
        """Make what there is before any machine: people, recorded feeds, and a first build.

        Returns:
            The build's name.
        """
        self._people()
        feeds, tape = self.folder / "feeds", self.folder / "tape.jsonl"
        if not feeds.exists():
            self.vanta("markets", "sample", feeds)
            self.vanta("markets", "tape", "--feeds", feeds, "--out", tape)
        first = self.folder / "first-build"
        if not first.exists():
            first.write_text(self.build())
        self._write_variables(first.read_text(), feeds, tape)
        return first.read_text()

    def found(self, remote: str) -> None:
        """What `introduce.yml` says that people do now: the first commit, and the trust file.

        Args:
            remote: where their clone pushes to from then on.
        """
        if self.trust.exists():
            return
        people = [
            word
            for name in PEOPLE
            for word in ("--person", f"{name}={name}@fund.example={self.key(name)}.pub")
        ]
        nodes = [
            word
            for name in ("alpha", "markets", "executor")
            for word in ("--node", str(self.introduction / name))
        ]
        signed = ("--key", self.key("ada"), "--trust", self.trust)
        self.vanta("governance", "init", self.governance, *people, *nodes, *signed)
        git = ("git", "-C", str(self.governance))
        run([*git, "remote", "add", "origin", remote])
        halts = "+refs/vanta/*:refs/vanta/*"
        run([*git, "config", "--add", "remote.origin.fetch", halts])

    def _write_variables(self, build: str, feeds: Path, tape: Path) -> None:
        public = {name: self.key(name).with_suffix(".pub").read_text() for name in PEOPLE}
        people = [{"name": name, "key": " ".join(key.split()[:2])} for name, key in public.items()]
        shared = {
            "vanta_trust": str(self.trust),
            "vanta_introduction": str(self.introduction),
            "build_slots_from": str(self.modules),
            "build_slots_build": build,
            "build_slots_people": people,
            "node_builds": {"within": "60s"},
        }
        pushing = [{"name": name, "keys": [key.strip()]} for name, key in public.items()]
        recorded = {"feeds": "/opt/vanta/feeds", "recorded": True, "pace": 3600, "every": "10s"}
        said = {
            "alpha": {**shared, "git_server_people": pushing},
            "markets": {**shared, "markets_recorded": str(feeds), "node_markets": recorded},
            "executor": {
                **shared,
                "executor_paper": True,
                "executor_tape": str(tape),
                "node_broker": "/opt/vanta/broker",
            },
        }
        self.variables.write_text(json.dumps(said, indent=2))

    def _people(self) -> None:
        """Make keys and Ada's clone, unless they are there."""
        self.modules.mkdir(parents=True, exist_ok=True)
        (self.folder / "keys").mkdir(mode=0o700, exist_ok=True)
        for person in PEOPLE:
            if not self.key(person).exists():
                words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person]
                run([*words, "-f", self.key(person)])
        if not self.source.exists():
            run(["git", "clone", "-q", "--no-local", self.repository, self.source])
            run(["git", "-C", self.source, "config", "user.name", "Ada"])
            run(["git", "-C", self.source, "config", "user.email", "ada@fund.example"])

    def build(self, follows: str = "") -> str:
        """Build what Ada committed last, signed by her and signed off by the others.

        Args:
            follows: the build it may be promoted after; empty for the first.

        Returns:
            Its name: a folder of `modules`.
        """
        extras = [word for extra in EXTRAS for word in ("--extra", extra)]
        after = ["--follows", follows] if follows else []
        asked = ("--source", self.source, "--key", self.key("ada"), "--json")
        made = self.vanta("build", "create", self.modules, *asked, *extras, *after)
        name: str = json.loads(made)["build"]
        for person in PEOPLE[1:]:
            self._sign_off(name, person)
        return name

    def _sign_off(self, name: str, person: str) -> None:
        manifest = self.modules / name / "manifest.json"
        sign = ("ssh-keygen", "-Y", "sign", "-q", "-n", REVIEW_NAMESPACE, "-f", self.key(person))
        signed = run([*sign, "-"], typed=manifest.read_text())
        signoffs = self.modules / name / "signoffs"
        signoffs.mkdir(exist_ok=True)
        (signoffs / f"{person}.sig").write_text(signed.stdout)

    def change(self, file: str, old: str, new: str, message: str) -> None:
        """Let Ada change a file of her source, and commit it.

        Raises:
            LookupError: there is no `old` in it.
        """
        path = self.source / file
        text = path.read_text()
        if old not in text:
            raise LookupError(f"{path}: no {old!r} in it")
        path.write_text(text.replace(old, new, 1))
        run(["git", "-C", self.source, "commit", "-q", "-a", "-m", message])

    def take_back(self) -> None:
        """Let Ada take back what she committed last."""
        run(["git", "-C", self.source, "revert", "--no-edit", "HEAD"])

    def vanta(self, *words: str | Path, cwd: Path | None = None) -> str:
        """What a command of this checkout's `vanta` prints."""
        program: Sequence[str | Path] = [Path(sys.executable).with_name("vanta"), *words]
        place = ["env", "-C", str(cwd)] if cwd else []
        return run([*place, *program], patience=_PATIENCE).stdout
