"""A clone that is worked on with Git itself, by a person with their key or by a forge without one.

    ada = Clone(fund, "ada")
    ada.write(MOMENTUM, vault("momentum", capital=2000))
    ada.commit("Raise it", approve=True)
    ada.push()

What is pushed is known to the fund, so that later commits of the simulator build on it.
"""

import os
import subprocess
from pathlib import Path

from tests.governance.fund import ENVIRONMENT, Fund
from tests.governance.simulator import MAIN, Content
from vanta.domain.instant import HOUR, SECOND, show_instant


class Clone:
    """A working clone.

    Args:
        fund: whose repository.
        who: the person whose key signs every commit made here; `None` for a forge, which signs
            nothing.
        folder: where, if not beside the fund's repository under the person's name.
    """

    def __init__(self, fund: Fund, who: str | None, *, folder: Path | None = None) -> None:
        self.fund = fund
        home = fund.sim.path.parent
        self.path = folder or home / f"clone-{who or 'forge'}"
        self._name = who or "forge"
        self._home = home
        self.git("clone", "-q", str(fund.sim.path), str(self.path), here=False)
        if who:
            key = fund.sim.export_key(fund.person(who))
            for name, value in (
                ("gpg.format", "ssh"),
                ("user.signingkey", str(key)),
                ("commit.gpgsign", "true"),
            ):
                self.git("config", name, value)

    def git(
        self, *arguments: str, here: bool = True, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run Git in the clone, as its person."""
        where = ("-C", str(self.path)) if here else ()
        return self.run("git", *where, *arguments, check=check)

    def run(
        self, program: str, *arguments: str | Path, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program as the clone's person, with nobody's configuration."""
        self.fund.sim.now += SECOND
        stamp = f"{self.fund.now // SECOND} +0000"
        identity = (self._name.title(), f"{self._name}@example.org")
        return subprocess.run(
            [program, *map(str, arguments)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._home),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_EDITOR": "true",
                "GIT_AUTHOR_NAME": identity[0],
                "GIT_AUTHOR_EMAIL": identity[1],
                "GIT_AUTHOR_DATE": stamp,
                "GIT_COMMITTER_NAME": identity[0],
                "GIT_COMMITTER_EMAIL": identity[1],
                "GIT_COMMITTER_DATE": stamp,
            },
            capture_output=True,
            text=True,
            check=check,
        )

    def write(self, path: str, content: Content | None) -> None:
        """Write a file, or remove it."""
        place = self.path / path
        if content is None:
            place.unlink()
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "A change\n", *, approve: bool = False) -> str:
        """Commit everything in the folder; its id.

        Args:
            message: the whole message.
            approve: name the tree in a trailer.
        """
        self.git("add", "--all")
        if approve:
            message += f"\n{self.trailer()}\n"
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def trailer(self) -> str:
        """What approves the tree that is in the index."""
        listed = self.git("ls-files", "-z").stdout.split("\0")
        files: dict[str, Content] = {
            path: (self.path / path).read_bytes() for path in listed if path
        }
        until = show_instant(self.fund.now + 72 * HOUR)
        return f"Vanta-Approve: {ENVIRONMENT} {self.fund.digest(files)} until={until}"

    def head(self, ref: str = "HEAD") -> str:
        """The id of a ref."""
        return self.git("rev-parse", ref).stdout.strip()

    def branch(self, name: str, at: str = "HEAD") -> None:
        """Begin a branch and check it out."""
        self.git("checkout", "-q", "-b", name, at)

    def push(self, *refspecs: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Push `HEAD` to the main branch, or what is said."""
        done = self.git("push", "-q", "origin", *(refspecs or (f"+HEAD:{MAIN}",)), check=check)
        if not refspecs and done.returncode == 0:
            head, repository = self.head(), self.fund.repository
            listing = repository.tree_files(repository.links(head).tree)
            files: dict[str, Content] = {
                path: repository.blob(file.oid) for path, file in listing.items()
            }
            self.fund.sim.adopt(head, files, ref=MAIN)
        return done
