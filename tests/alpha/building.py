"""A tracker on disk: real keys, candidates as they are laid out, a policy that says who may."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from vanta.alpha.tracker.approval import counted
from vanta.alpha.tracker.candidate import Candidate, SignOff
from vanta.alpha.tracker.desk import Desk
from vanta.builds.pack import Source, pack
from vanta.domain.instant import HOUR, SECOND
from vanta.domain.policy import Policy, ReleasePolicy
from vanta.governance.builders import BuildPermission
from vanta.governance.documents.kinds import API_VERSION
from vanta.governance.keys import PublicKey, generate_key, load_private_key
from vanta.governance.sshsig import sign
from vanta.node.layout import Layout

START = 1_700_000_000 * SECOND
COMMIT = "c" * 40
"""The governance commit that says who may."""


@dataclass
class Alpha:
    """Alpha's folder, and the people who come to it."""

    root: Path
    now: int = START
    keys: dict[str, PublicKey] = field(default_factory=dict)

    @classmethod
    def at(cls, root: Path, *people: str) -> "Alpha":
        alpha = cls(root)
        alpha.layout.memory.mkdir(parents=True)
        for name in people or ("ada", "grace", "alan", "mallory"):
            alpha.keys[name] = generate_key(root / name, name)
        return alpha

    @property
    def layout(self) -> Layout:
        return Layout(self.root)

    def clock(self) -> int:
        self.now += HOUR
        return self.now

    @contextmanager
    def desk(self, by: str = "ada", **more: int) -> Iterator[Desk]:
        with Desk(self.layout, by=by, actor="tracker@test", clock=self.clock, **more) as found:
            yield found

    def candidate(self, version: str = "0.2.0", *, by: str = "ada", follows: str = "") -> str:
        """Lay a signed candidate on the export; its name."""
        tree, draft = self.root / "tree", self.root / "draft"
        (tree / "bin").mkdir(parents=True, exist_ok=True)
        (tree / "bin" / "vanta").write_text("#!/usr/bin/python3 -I\n")
        (tree / "bin" / "vanta").chmod(0o755)
        draft.mkdir()
        packed = Source(
            version=version,
            commit="a" * 40,
            committed=START,
            lock="0" * 64,
            schema=API_VERSION,
            python="3.11",
            platform="linux_x86_64",
            extras=(),
            follows=follows,
        )
        build = pack(tree, draft, packed)
        folder = self.folder(build)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
        (folder / "manifest.json.sig").write_bytes(self.armour(by, build, "vanta-build"))
        return build

    def folder(self, build: str) -> Path:
        return self.root / "build" / "modules" / build

    def armour(self, who: str, build: str, namespace: str = "vanta-review") -> bytes:
        manifest = (self.folder(build) / "manifest.json").read_bytes()
        return sign(load_private_key(self.root / who), manifest, namespace)

    def permission(self, *reviewers: str, needed: int = 2) -> BuildPermission:
        """Everybody may build; these may review."""
        return BuildPermission(
            Policy(
                environment="dev",
                releases=ReleasePolicy(
                    builders={name: (key.openssh,) for name, key in self.keys.items()},
                    reviewers={name: (self.keys[name].openssh,) for name in reviewers or self.keys},
                    reviews=needed,
                ),
            ),
            START,
        )

    def sign_off(
        self, desk: Desk, build: str, who: str, permission: BuildPermission | None = None
    ) -> Candidate:
        """Record a sign-off as `signing.add` does, under a permission of one's choice."""
        may = permission or self.permission()
        candidate = desk.state.candidates[build]
        armour = self.armour(who, build).decode()
        signed = SignOff(who, self.keys[who].fingerprint, armour, self.now)
        others = tuple(one for one in candidate.sign_offs if one.person != who)
        by, _ = counted(msgspec.structs.replace(candidate, sign_offs=(*others, signed)), may)
        return desk.sign(candidate, signed, by, may.needed, COMMIT)
