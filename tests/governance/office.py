"""A fund from the starter, its bare repository, and a clone for each of its people."""

from pathlib import Path

from tests.governance.simulator import run_git
from vanta.domain.instant import parse_instant
from vanta.governance.authoring import Desk
from vanta.governance.keys import PublicKey, generate_key
from vanta.governance.report import Report, walk
from vanta.governance.starter import Founder, start, trust_file
from vanta.governance.trust import Trust

NOW = parse_instant("2026-11-22T12:00:00Z")
PEOPLE = ("ada", "grace", "alan")
VAULT = "environments/dev/vaults/momentum-us.yaml"
HALT = {"switch": "full_halt", "reason": "feed is stale"}
HOOK = """#!/bin/sh
while read old new ref; do
    if [ "$ref" = refs/heads/main ]; then
        echo "main takes merge requests only" >&2
        exit 1
    fi
done
"""


class Office:
    """Ada, grace and alan found it; mallory has a key and no say."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "keys").mkdir()
        self.keys: dict[str, PublicKey] = {
            name: generate_key(root / "keys" / name, name) for name in (*PEOPLE, "mallory")
        }
        founders = [Founder(name, f"{name}@fund.example", self.keys[name]) for name in PEOPLE]
        nodes = {"executor": generate_key(root / "keys" / "executor", "executor")}
        self.trust: Trust = start(root / "first", founders, nodes, self.key("ada"))
        self.trust_file = root / "trust.json"
        self.trust_file.write_bytes(trust_file(self.trust))
        self.bare = root / "bare.git"
        self.git("clone", "--quiet", "--bare", str(root / "first"), str(self.bare))

    def key(self, name: str) -> Path:
        return self.root / "keys" / name

    def git(self, *arguments: str) -> str:
        return run_git(arguments, home=self.root).stdout.strip()

    def clone(self, name: str) -> Path:
        """A person's clone, at what the branch is at."""
        path = self.root / f"{name}-clone"
        if not path.exists():
            self.git("clone", "--quiet", str(self.bare), str(path))
        self.git("-C", str(path), "pull", "--quiet", "--ff-only")
        return path

    def desk(self, name: str, *, key: str | None = None) -> Desk:
        return Desk(self.clone(name), "dev", self.key(key or name), NOW)

    def push(self, name: str) -> None:
        self.git("-C", str(self.clone(name)), "push", "--quiet", "origin", "HEAD:main")

    def edit(self, name: str, old: str, new: str, path: str = VAULT) -> None:
        file = self.clone(name) / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def protect(self) -> None:
        """From here on main takes no push, as a forge's protected branch."""
        hook = self.bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
        hook.chmod(0o755)

    def head(self, ref: str = "main") -> str:
        return self.git("--git-dir", str(self.bare), "rev-parse", ref)

    def show(self, commit: str, path: str) -> str:
        return self.git("--git-dir", str(self.bare), "show", f"{commit}:{path}")

    def lane(self, repository: Path | None = None) -> dict[str, str]:
        """The refs of the halt lane there, and what each points to."""
        listed = self.git(
            *("--git-dir", str(repository or self.bare), "for-each-ref"),
            *("--format=%(refname) %(objectname)", "refs/vanta/halts"),
        )
        return dict(line.split(" ") for line in listed.splitlines())

    def verdict(self) -> Report:
        """What a node makes of the branch."""
        return walk(self.bare, self.trust, "dev", now=NOW)


def halted(report: Report) -> bool:
    assert report.policy is not None
    return report.policy.overlay.everywhere.full_halt > 0
