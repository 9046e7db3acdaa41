"""A person's clone of the governance repository: building trees and signed commits in it.

Only Git's own plumbing is used, with the person's own Git and SSH (agents and hardware keys work).
The working tree is read and never changed behind its owner's back.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.authority import Authority
from vanta.governance.keys import PublicKey, load_private_key, parse_public_key, public_key_of

_SECONDS = 60
_SECONDS_TO_TOUCH = 300
"""For a signature by a key that somebody has to find and touch."""
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    }
)  # fmt: skip
"""What Git sets for its hooks: a command typed in one must not work on another repository."""


@dataclass(frozen=True)
class Signer:
    """A person about to sign."""

    name: str
    email: str
    key: Path
    """Private key file, or a public key whose private half an agent or token holds."""


def public_half(key: Path) -> PublicKey:
    """The public key of a key file, from the file beside it where there is one."""
    beside = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    try:
        return parse_public_key(beside.read_text().strip(), place=str(beside))
    except FileNotFoundError:
        return public_key_of(load_private_key(key))
    except OSError as error:
        raise UnavailableError(
            f"cannot read the key: {error.strerror}", code="NO_KEY", place=str(beside)
        ) from error


def signer(authority: Authority, key: Path) -> Signer:
    """Who signs with this key, by the authority given.

    Raises:
        RefusedError: nobody does.
    """
    public = public_half(key)
    person = authority.person_of(public)
    if person is None:
        raise RefusedError(
            f"{public.fingerprint} belongs to nobody in authority.yaml",
            code="UNKNOWN_SIGNER",
            place=str(key),
            remedy="pass --key with the key you are registered with",
        )
    return Signer(person, authority.people[person].email, key)


class Clone:
    """One clone, bare or not.

    Args:
        path: any folder inside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._git("rev-parse", "--git-dir")

    def _git(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        seconds: int | None = None,
    ) -> str:
        command = ["git", "-C", str(self.path), *args]
        inherited = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        try:
            done = subprocess.run(
                command,
                input=stdin or b"",
                capture_output=True,
                timeout=seconds or _SECONDS,
                check=False,
                env={**inherited, **(env or {}), "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = "took too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
            raise UnavailableError(
                f"git {_verb(args)} did not run: {why}", code="GIT_FAILED", place=str(self.path)
            ) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace")
            raise GitError(_verb(args), said, str(self.path))
        return done.stdout.decode(errors="replace").strip()

    def head(self, ref: str = "HEAD") -> str:
        """The commit a ref points to."""
        return self._git("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")

    def configured(self, name: str, *how: str) -> str:
        """What Git's own configuration says here; empty for nothing."""
        try:
            return self._git("config", *how, "--get", name)
        except GitError:
            return ""

    def git_dir(self) -> Path:
        """The repository itself."""
        return Path(self._git("rev-parse", "--absolute-git-dir"))

    def branch(self) -> str:
        """The branch that is checked out."""
        return self._git("symbolic-ref", "--short", "HEAD")

    def target(self, remote: str, branch: str) -> str:
        """The commit of the governed branch that what is checked out would be merged into.

        As last fetched. Empty when that branch is checked out itself, when no branch is, and when
        nothing is known of it.
        """
        try:
            here = self.branch()
        except GitError:
            return ""
        name = f"refs/remotes/{remote}/{branch}"
        return "" if here == branch else self.refs(name).get(name, "")

    def bare(self) -> bool:
        """Whether it has no working tree."""
        return self._git("rev-parse", "--is-bare-repository") == "true"

    def dirty(self) -> bool:
        """Whether the working tree differs from HEAD."""
        return bool(self._git("status", "--porcelain"))

    def edited(self, path: str) -> bool:
        """Whether a tracked file of the working tree, or of the index, differs from HEAD."""
        return bool(self._git("status", "--porcelain", "--untracked-files=no", "--", f":/{path}"))

    def folders(self, ref: str, path: str) -> list[str]:
        """Names of the folders in a folder of a commit."""
        listed = self._git("ls-tree", "-d", "--name-only", "--full-tree", ref, f"{path}/")
        return sorted(name.rpartition("/")[2] for name in listed.splitlines())

    def holds(self, oid: str, ancestor: str) -> bool:
        """Whether `ancestor` is `oid`, or below it."""
        return not self._git("rev-list", "--max-count=1", ancestor, f"^{oid}")

    def fast_forward(self, oid: str) -> None:
        """Move the checked-out branch, and the working tree with it, forward to a commit."""
        self._git("merge", "--quiet", "--ff-only", oid)

    def restore(self, path: str) -> None:
        """Bring a file of the working tree to what HEAD has."""
        if not self.bare():
            self._git("checkout", "--quiet", "HEAD", "--", f":/{path}")

    def fetch(self, remote: str, branch: str) -> str:
        """Bring a remote branch in; the commit it is at."""
        self._git("fetch", "--quiet", "--no-tags", "--", remote, f"refs/heads/{branch}")
        return self.head("FETCH_HEAD")

    def fetch_refs(self, remote: str, pattern: str) -> None:
        """Bring in every ref a pattern such as `refs/vanta/halts/*` matches, under its name."""
        self._git("fetch", "--quiet", "--no-tags", "--", remote, f"+{pattern}:{pattern}")

    def refs(self, prefix: str) -> dict[str, str]:
        """The local refs under a prefix such as `refs/vanta/halts`, and what each points to."""
        listed = self._git("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split(" ") for line in listed.splitlines())

    def point(self, ref: str, oid: str) -> None:
        """Make a local ref, or move it."""
        self._git("update-ref", ref, oid)

    def push(self, remote: str, oid: str, branch: str) -> None:
        """Move a remote branch forward to a commit; raises `GitError` when it moved meanwhile."""
        self.push_ref(remote, oid, f"refs/heads/{branch}")

    def push_ref(self, remote: str, oid: str, ref: str) -> None:
        """Push a commit to a ref, past local hooks: they may be slow, or be broken."""
        self._git("push", "--quiet", "--no-verify", "--", remote, f"{oid}:{ref}")

    def working_tree(self) -> str:
        """A tree of everything in the working tree that is not ignored."""
        with tempfile.TemporaryDirectory(prefix="vanta-index-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git("read-tree", "HEAD", env=env)
            self._git("add", "--all", env=env)
            return self._git("write-tree", env=env)

    def first_tree(self) -> str:
        """A tree of the working tree of a repository that has no commit yet."""
        self._git("add", "--all")
        return self._git("write-tree")

    def begin(self, oid: str) -> None:
        """Make a commit the first of the checked-out branch."""
        self._git("update-ref", "HEAD", oid, "")

    def tree_with(self, base: str, changed: Mapping[str, bytes | None]) -> str:
        """The tree of a commit with some files written, or removed where the content is `None`."""
        with tempfile.TemporaryDirectory(prefix="vanta-index-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git("read-tree", base, env=env)
            for path, content in changed.items():
                if content is None:
                    self._git("update-index", "--force-remove", "--", path, env=env)
                else:
                    blob = self._git("hash-object", "-w", "--stdin", stdin=content)
                    entry = f"100644,{blob},{path}"
                    self._git("update-index", "--add", "--cacheinfo", entry, env=env)
            return self._git("write-tree", env=env)

    def tree_of(self, files: Mapping[str, bytes]) -> str:
        """The tree of these files and nothing else."""
        return self.tree_with("--empty", files)

    def alone(self, tree: str, message: str) -> str:
        """An unsigned commit on nothing, of content that vouches for itself; no ref moves."""
        nobody = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "vanta"), ("EMAIL", "vanta@localhost"))
        }
        return self._git("commit-tree", "-F", "-", tree, stdin=message.encode(), env=nobody)

    def commit(self, tree: str, parents: Sequence[str], message: str, who: Signer) -> str:
        """A signed commit object; no ref moves."""
        options = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={who.key.resolve()}"]
        options += ["-c", "i18n.commitEncoding=utf-8"]
        identity = {
            "GIT_AUTHOR_NAME": who.name,
            "GIT_AUTHOR_EMAIL": who.email,
            "GIT_COMMITTER_NAME": who.name,
            "GIT_COMMITTER_EMAIL": who.email,
        }
        lineage = [arg for parent in parents for arg in ("-p", parent)]
        return self._git(
            *options, "commit-tree", "-S", *lineage, "-F", "-", tree,
            stdin=message.encode(), env=identity,
            seconds=_SECONDS_TO_TOUCH if public_half(who.key).hardware else None,
        )  # fmt: skip

    def advance(self, oid: str, old: str) -> None:
        """Move the checked-out branch from `old` to `oid`, and the index with it."""
        self._git("update-ref", "HEAD", oid, old)
        if not self.bare():
            self._git("read-tree", oid)


def _verb(args: Sequence[str]) -> str:
    """The Git command among arguments that may begin with `-c name=value`."""
    rest = list(args)
    while rest[0] == "-c":
        rest = rest[2:]
    return rest[0]


class GitError(UnavailableError):
    """Git said no."""

    def __init__(self, command: str, said: str, place: str) -> None:
        remedy = ""
        if "fetch first" in said or "non-fast-forward" in said:
            remedy = "the branch moved; fetch and try again"
        message = f"git {command}: {_telling(said)}"
        super().__init__(message, code="GIT_FAILED", place=place, remedy=remedy)


def _telling(said: str) -> str:
    """The line that says why: of a refused push it is not the last one."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    refused = (line for line in lines if "rejected]" in line)
    return next(refused, lines[-1] if lines else "no reason given")
