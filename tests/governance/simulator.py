"""Real Git repositories with real signatures, built fast enough to build thousands.

`RepositorySimulator` writes loose objects itself (a commit costs half a millisecond,
where `git commit` costs ten), so a test states a history in a few lines:

    sim = RepositorySimulator(tmp_path)
    ada, bob = sim.person("ada"), sim.person("bob")
    root = sim.commit({"authority.yaml": "..."}, signer=ada, message="Introduce")
    halt = sim.change({"environments/prod/halt.yaml": "..."}, signer=bob)
    side = sim.change({"README": "x"}, signer=ada, parents=[root], ref=None)
    merge = sim.commit(sim.files(halt), signer=ada, parents=[halt, side])

and a hostile one by composing what `commit` composes, with one step replaced:

    payload = sim.payload(tree=..., parents=[root], committer=ada)
    sim.raw_commit(sim.signed(payload, bob, namespace="file"))           # wrong namespace
    sim.raw_commit(sim.signed(payload, bob, claimed=ada))                # another's key
    sim.raw_commit(payload.replace(b"\\nauthor", b"\\nencoding x\\nauthor"))
    sim.replace(halt, by=root); sim.corrupt(halt, "commit", other); sim.remove(root)

Everything is deterministic: the same calls give the same ids. Times are UTC nanoseconds, as
everywhere in VANTA.
"""

import base64
import hashlib
import os
import stat
import subprocess
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.domain.instant import MINUTE, SECOND, parse_instant, show_instant
from vanta.governance import sshsig
from vanta.governance.keys import PublicKey, public_key_of
from vanta.governance.ssh_wire import string

MAIN = "refs/heads/main"
START = parse_instant("2026-11-22T00:00:00Z")
Content = str | bytes


@dataclass(frozen=True)
class Person:
    """Somebody with a key; equal names are equal people in every simulator."""

    name: str
    private_key: Ed25519PrivateKey
    key: PublicKey

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def identity(self) -> str:
        """As in a commit's author line."""
        return f"{self.name.title()} <{self.email}>"


def person(name: str) -> Person:
    """The person of that name; the key follows from the name."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return Person(name, private, public_key_of(private))


class RepositorySimulator:
    """One bare repository at `tmp_path / name`, with `refs/heads/main` as its HEAD."""

    def __init__(
        self, tmp_path: Path, name: str = "governance.git", *, object_format: str = "sha1"
    ) -> None:
        self.path = tmp_path / name
        self.now = START
        self.people: dict[str, Person] = {}
        self._hash = object_format
        self._home = tmp_path
        self._files: dict[str, dict[str, Content]] = {}
        self._trees: dict[str, str] = {}
        self._heads: dict[str, str] = {}
        run_git(
            [
                *("init", "--quiet", "--bare", "--initial-branch=main"),
                *(f"--object-format={object_format}", str(self.path)),
            ],
            home=tmp_path,
        )

    # People

    def person(self, name: str) -> Person:
        """The person of that name, listed in `allowed_signers`."""
        return self.people.setdefault(name, person(name))

    def allowed_signers(self) -> Path:
        """A file for `ssh-keygen -Y verify` and `git verify-commit` that allows all people."""
        path = self._home / "allowed_signers"
        lines = [f"{who.email} {who.key.openssh}\n" for who in self.people.values()]
        path.write_text("".join(lines))
        return path

    def export_key(self, who: Person) -> Path:
        """The person's private key as a file `ssh-keygen` accepts."""
        path = self._home / f"{who.name}.key"
        path.write_bytes(
            who.private_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
        )
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        return path

    # Histories

    def commit(
        self,
        files: Mapping[str, Content] | None = None,
        *,
        signer: Person | None = None,
        parents: Sequence[str] | None = None,
        message: str = "A change\n",
        committer_time: int | None = None,
        ref: str | None = MAIN,
    ) -> str:
        """Write a commit and return its id.

        Args:
            files: the whole tree by path; `None` keeps the first parent's.
            signer: who commits and signs; `None` for an unsigned commit by nobody.
            parents: parent ids; `None` for the head of `ref`, if it has one.
            message: the whole message, trailers included.
            committer_time: UTC nanoseconds; a minute after the last one if not given.
            ref: the ref to move to it, if any.
        """
        above = self._parents(parents, ref)
        if files is None:
            files = self._files[above[0]] if above else {}
        payload = self.payload(
            tree=self.tree(files),
            parents=above,
            committer=signer,
            message=message,
            committer_time=committer_time,
        )
        oid = self.write("commit", self.signed(payload, signer) if signer else payload)
        self._files[oid] = dict(files)
        if ref:
            self.point(ref, oid)
        return oid

    def change(
        self,
        changes: Mapping[str, Content | None],
        *,
        signer: Person | None = None,
        parents: Sequence[str] | None = None,
        message: str = "A change\n",
        committer_time: int | None = None,
        ref: str | None = MAIN,
    ) -> str:
        """A commit that changes some files of its first parent; `None` removes one."""
        above = self._parents(parents, ref)
        files = dict(self._files[above[0]]) if above else {}
        for path, content in changes.items():
            if content is None:
                del files[path]
            else:
                files[path] = content
        return self.commit(
            files,
            signer=signer,
            parents=above,
            message=message,
            committer_time=committer_time,
            ref=ref,
        )

    def approve(
        self,
        environment: str,
        digest: str,
        *,
        signer: Person,
        until: int | None = None,
        parents: Sequence[str] | None = None,
        committer_time: int | None = None,
        ref: str | None = MAIN,
    ) -> str:
        """A signed commit that changes nothing and approves a governed tree (72 h if not said)."""
        end = show_instant(self.now + 72 * 60 * MINUTE if until is None else until)
        return self.commit(
            signer=signer,
            parents=parents,
            message=f"Approve\n\nVanta-Approve: {environment} {digest} until={end}\n",
            committer_time=committer_time,
            ref=ref,
        )

    def raw_commit(
        self, raw: bytes, *, files: Mapping[str, Content] | None = None, ref: str | None = None
    ) -> str:
        """Write a commit's bytes as they are; `files` lets later commits build on its tree."""
        oid = self.write("commit", raw)
        if files is not None:
            self._files[oid] = dict(files)
        if ref:
            self.point(ref, oid)
        return oid

    def adopt(self, oid: str, files: Mapping[str, Content], *, ref: str | None = None) -> str:
        """Let later commits build on one that Git itself wrote here."""
        self._files[oid] = dict(files)
        if ref:
            self.point(ref, oid)
        return oid

    def files(self, oid: str) -> dict[str, Content]:
        """The files of a commit made here."""
        return dict(self._files[oid])

    def head(self, ref: str = MAIN) -> str:
        """Where a ref points."""
        return self._heads[ref]

    def point(self, ref: str, oid: str) -> None:
        """Move a ref, forwards or (a force-push) anywhere."""
        path = self.path / ref
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{oid}\n")
        self._heads[ref] = oid

    # Objects, whole and hostile

    def payload(
        self,
        *,
        tree: str,
        parents: Iterable[str] = (),
        committer: Person | None = None,
        message: str = "A change\n",
        committer_time: int | None = None,
    ) -> bytes:
        """The bytes of an unsigned commit, to sign, to spoil, or to write as they are."""
        if committer_time is None:
            self.now += MINUTE
        else:
            self.now = committer_time
        identity = committer.identity if committer else "Nobody <nobody@example.org>"
        stamp = f"{identity} {self.now // SECOND} +0000"
        headers = [f"tree {tree}", *(f"parent {oid}" for oid in parents)]
        headers += [f"author {stamp}", f"committer {stamp}"]
        return ("\n".join(headers) + "\n\n" + message).encode()

    def signed(
        self,
        payload: bytes,
        signer: Person,
        *,
        namespace: str = sshsig.GIT_NAMESPACE,
        claimed: Person | None = None,
        armor: bytes | None = None,
    ) -> bytes:
        """`payload` with a signature header, of the name this object format has for it.

        Args:
            payload: a commit's bytes.
            signer: whose key really signs.
            namespace: what for; Git accepts `git` alone.
            claimed: whose key the signature says it is of, if not the signer's.
            armor: a whole signature to put in, instead of making one.
        """
        text = armor or sshsig.sign(signer.private_key, payload, namespace)
        if claimed:
            text = _claim(text, signer, claimed)
        head, _, body = payload.partition(b"\n\n")
        folded = text.rstrip(b"\n").replace(b"\n", b"\n ")
        header = b"gpgsig" if self._hash == "sha1" else b"gpgsig-sha256"
        return head + b"\n" + header + b" " + folded + b"\n\n" + body

    def tree(self, files: Mapping[str, Content]) -> str:
        """Write the tree of these files; equal folders are written once."""
        folders: dict[str, dict[str, Content]] = {}
        entries: list[tuple[str, bytes, str]] = []
        for path, content in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(name, {})[rest] = content
            else:
                data = content.encode() if isinstance(content, str) else content
                entries.append(("100644", name.encode(), self.write("blob", data)))
        entries += [("40000", name.encode(), self.tree(part)) for name, part in folders.items()]
        entries.sort(key=lambda entry: entry[1] + (b"/" if entry[0] == "40000" else b""))
        return self.raw_tree(entries)

    def raw_tree(self, entries: Iterable[tuple[str, bytes, str]]) -> str:
        """Write a tree of `(mode, name, oid)` exactly as given: unsorted, doubled, `..`."""
        return self.write(
            "tree",
            b"".join(
                mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid)
                for mode, name, oid in entries
            ),
        )

    def write(self, kind: str, content: bytes) -> str:
        """Write any object, well-formed or not; its id."""
        framed = f"{kind} {len(content)}\0".encode() + content
        oid = hashlib.new(self._hash, framed).hexdigest()
        path = self.object_path(oid)
        if not path.exists():
            _write_loose(path, framed)
        return oid

    def object_path(self, oid: str) -> Path:
        """The loose file of an object."""
        return self.path / "objects" / oid[:2] / oid[2:]

    def corrupt(self, oid: str, kind: str, content: bytes) -> None:
        """Make the store lie: other content under an existing id."""
        path = self.object_path(oid)
        path.unlink()
        _write_loose(path, f"{kind} {len(content)}\0".encode() + content)

    def remove(self, oid: str) -> None:
        """Truncate history: the object is gone."""
        self.object_path(oid).unlink()

    def replace(self, oid: str, *, by: str) -> None:
        """`git replace`: Git itself now shows `by` wherever `oid` is named."""
        self.point(f"refs/replace/{oid}", by)

    def git(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run the real Git in this repository, as an outside opinion."""
        return run_git(["--git-dir", str(self.path), *arguments], home=self._home, check=check)

    def git_accepts(self, oid: str) -> bool:
        """Whether `git verify-commit` says a listed person signed it."""
        signers = self.allowed_signers()
        verdict = self.git(
            *("-c", f"gpg.ssh.allowedSignersFile={signers}", "-c", "gpg.format=ssh"),
            *("verify-commit", oid),
            check=False,
        )
        return verdict.returncode == 0

    def _parents(self, parents: Sequence[str] | None, ref: str | None) -> tuple[str, ...]:
        if parents is not None:
            return tuple(parents)
        head = self._heads.get(ref or MAIN)
        return (head,) if head else ()


def run_git(
    arguments: Sequence[str], *, home: Path, check: bool = True
) -> "subprocess.CompletedProcess[str]":
    """Git with nobody's configuration but the one given on the command line."""
    return subprocess.run(
        ["git", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "Git",
            "GIT_AUTHOR_EMAIL": "git@example.org",
            "GIT_COMMITTER_NAME": "Git",
            "GIT_COMMITTER_EMAIL": "git@example.org",
        },
        capture_output=True,
        text=True,
        check=check,
    )


def _claim(armor: bytes, signer: Person, claimed: Person) -> bytes:
    """The signature with another's public key written over the signer's."""

    blob = base64.b64decode(b"".join(armor.splitlines()[1:-1]))
    return sshsig.armor(blob.replace(string(signer.key.blob), string(claimed.key.blob)))


def _write_loose(path: Path, framed: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(framed, 1))
