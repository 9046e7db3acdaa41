"""What Git itself says of commits: read by the thousand, as an outside opinion.

Git starts `ssh-keygen` twice for every signed commit, about ten milliseconds; one `git log` over
many commits saves the rest. Some commits make Git die (another kind of armour, a date beyond its
year); those have no opinion, and the ones after them are asked for again.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conformance.signers import Signer

_FIELDS = ("%H", "%G?", "%GS", "%GF", "%T", "%P", "%an", "%ae", "%cn", "%ce", "%ct", "%B")
_BATCH = 100
_PATIENCE = 1_000


class Opinion(NamedTuple):
    """One commit as Git shows it.

    Attributes:
        grade: `G` good, `B` bad, `U` good but by nobody who is allowed, `N` unsigned, `E` cannot
            be checked.
        principal: who signed, by the allowed signers.
        fingerprint: of the key that signed.
    """

    grade: str
    principal: str
    fingerprint: str
    tree: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committer_name: str
    committer_email: str
    committer_time: str
    message: bytes


class Git:
    """Git over one repository and one file of allowed signers, and nobody's configuration.

    Args:
        repository: a bare repository.
        allowed: the file that `gpg.ssh.allowedSignersFile` names.
    """

    def __init__(self, repository: Path, allowed: Path) -> None:
        self._repository = repository
        self._allowed = allowed

    def opinions(self, oids: Iterable[str], *settings: str) -> dict[str, Opinion | None]:
        """Git's opinion of each commit; `None` where Git dies over it.

        Args:
            oids: full ids of commits that exist.
            settings: more configuration, as `name=value`.
        """
        waiting = list(oids)
        found: dict[str, Opinion | None] = {}
        interrupted = 0
        while waiting:
            batch = waiting[:_BATCH]
            done = self._log(batch, settings)
            fields = done.stdout.split(b"\0")
            records = [
                fields[at : at + len(_FIELDS)]
                for at in range(0, len(fields) - len(_FIELDS) + 1, len(_FIELDS))
            ]
            found |= {record[0].decode(): _opinion(record) for record in records}
            if done.returncode == -signal.SIGPIPE and interrupted < _PATIENCE:
                # `ssh-keygen` was done with a bad signature before Git had written what it is
                # over. That is chance, and no opinion: it is asked again.
                interrupted += 1
            elif done.returncode:
                found[_culprit(done, batch, len(records))] = None
            elif len(records) != len(batch):
                raise AssertionError(f"Git showed {len(records)} of {len(batch)} commits")
            waiting = [oid for oid in waiting if oid not in found]
        return found

    def trailers(self, oids: Iterable[str]) -> dict[str, list[str]]:
        """What Git takes for each commit's trailers, a line each."""
        done = self.run(
            *("log", "--no-walk=unsorted", "--stdin", "-z"),
            "--format=tformat:%H%x00%(trailers:only)",
            given="".join(f"{oid}\n" for oid in oids).encode(),
        )
        fields = done.stdout.decode().split("\0")
        return {
            oid: text.removesuffix("\n").split("\n") if text else []
            for oid, text in zip(fields[::2], fields[1::2], strict=False)
        }

    def accepts(self, oid: str, *settings: str) -> bool:
        """Whether `git verify-commit` says yes, as scripts ask it."""
        return self.run("verify-commit", "--raw", oid, settings=settings).returncode == 0

    def run(
        self, *arguments: str, settings: Sequence[str] = (), given: bytes = b""
    ) -> "subprocess.CompletedProcess[bytes]":
        """Any Git command in this repository."""
        chosen = [f"gpg.ssh.allowedSignersFile={self._allowed}", "gpg.format=ssh", *settings]
        return subprocess.run(
            [
                *("git", "--git-dir", str(self._repository)),
                *(word for setting in chosen for word in ("-c", setting)),
                *arguments,
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._repository),
                "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - where Git puts signatures
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "LC_ALL": "C.UTF-8",
            },
            input=given,
            capture_output=True,
            check=False,
        )

    def _log(
        self, oids: Sequence[str], settings: Sequence[str]
    ) -> "subprocess.CompletedProcess[bytes]":
        return self.run(
            *("log", "--no-walk=unsorted", "--stdin", "-z", "--no-color"),
            "--format=tformat:" + "%x00".join(_FIELDS),
            settings=settings,
            given="".join(f"{oid}\n" for oid in oids).encode(),
        )


def write_allowed(path: Path, signers: Iterable[Signer]) -> Path:
    """A file that allows these people to sign commits, and nothing else."""
    path.write_text("".join(f"{line}\n" for line in sorted({who.allowed for who in signers})))
    return path


def _opinion(record: Sequence[bytes]) -> Opinion:
    text = [field.decode("utf-8", "surrogateescape") for field in record[1:-1]]
    grade, principal, fingerprint, tree, parents, *people, time = text
    author_name, author_email, committer_name, committer_email = people
    return Opinion(
        grade=grade,
        principal=principal,
        fingerprint=fingerprint,
        tree=tree,
        parents=tuple(parents.split()),
        author_name=author_name,
        author_email=author_email,
        committer_name=committer_name,
        committer_email=committer_email,
        committer_time=time,
        message=record[-1],
    )


def _culprit(done: "subprocess.CompletedProcess[bytes]", batch: Sequence[str], shown: int) -> str:
    """Over which commit Git died: one it could not parse, or the next it would have shown."""
    named = re.search(rb"fatal: bad object ([0-9a-f]+)", done.stderr)
    if named:
        return next(oid for oid in batch if oid.startswith(named[1].decode()))
    if shown == len(batch):
        raise AssertionError(f"Git died after the last commit: {done.stderr!r}")
    return batch[shown]
