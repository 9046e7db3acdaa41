"""Fetching commits from somebody else's machine, so that a failure leaves nothing behind.

A fetch runs in a repository of its own, made for it: no configuration but ours, and a store that
only reads the mirror's. When everything has arrived, and has been counted, its objects are moved
into the mirror and the fetched ids are written down as what to build on next time. Nobody trusts
those: a walk starts from the ids a successful fetch returns, and verifies every object.
"""

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance import layout
from vanta.governance.bounds import Bounds
from vanta.governance.exchange import converse
from vanta.governance.git_process import environment, skeleton

KNOWN_HEADS = "refs/vanta/fetched"
"""Where a mirror keeps the ids it has; real refs, so that `git gc` spares their objects."""

_MAX_KNOWN_HEADS = 64
_MAX_REMEMBERED = 1024
"""Of these, most that are kept: who pushes many makes nobody look through all of them each time."""

_BESIDE = 24 * 3600 * 10**9
"""Nanoseconds by which what lies beside a branch counts as older."""

_SHARED_SECONDS = 60
"""Seconds after which a new connection is made: a key that was withdrawn is let in no longer."""

_LONGEST_SOCKET = 107
"""Characters a socket's path may have."""

_FETCHED = "refs/fetched"
_SEGMENTS = r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~+@=,-]+)+/?"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
_URLS = {
    "file": re.compile(rf"{_SEGMENTS}\Z"),
    "ssh": re.compile(rf"ssh://(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?{_HOST}{_SEGMENTS}\Z"),
    "https": re.compile(rf"https://{_HOST}{_SEGMENTS}\Z"),
}


@dataclass(frozen=True, slots=True)
class SshAccess:
    """With what a node reaches the governance repository over SSH.

    Attributes:
        identity: the private key file.
        known_hosts: the host keys that are accepted, and no others.
        sockets: a folder nobody else may enter, for the socket of a connection that fetches share
            for a minute: to make one costs more than everything else about a fetch. Where its path
            is too long for a socket, as where there is none, each fetch makes its own.
    """

    identity: Path
    known_hosts: Path
    sockets: Path | None = None

    def command(self) -> str:
        """What Git runs as `ssh`; the user's own SSH configuration is not read."""
        options = [
            "BatchMode=yes",
            "ConnectTimeout=10",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            "PermitLocalCommand=no",
            "ProxyCommand=none",
            f"IdentityFile={_ssh_path(self.identity)}",
            f"UserKnownHostsFile={_ssh_path(self.known_hosts)}",
            *self._sharing(),
        ]
        return shlex.join(
            ["ssh", "-F", "none", *(part for option in options for part in ("-o", option))]
        )

    def _sharing(self) -> tuple[str, ...]:
        if self.sockets is None:
            return ()
        minute = int(time.monotonic() // _SHARED_SECONDS) % 10
        socket = f"{_ssh_path(self.sockets)}/%C-{minute}"
        # SSH puts a digest for `%C`, and makes the socket under a name with a dot and 16 letters.
        if len(socket) - len("%C") + 40 + 17 > _LONGEST_SOCKET:
            return ()
        return (
            "ControlMaster=auto",
            f"ControlPath={socket}",
            "ControlPersist=10",
            # A connection that leads nowhere is given up, and the next fetch makes another.
            "ServerAliveInterval=2",
            "ServerAliveCountMax=2",
        )


def check_url(url: str) -> str:
    """The transport a remote URL uses: `file` (an absolute path), `ssh` or `https`.

    Raises:
        RefusedError: code `BAD_URL`: anything else, options, credentials and `..` included.
    """
    for transport, pattern in _URLS.items():
        if pattern.match(url):
            return transport
    raise RefusedError(
        f"{url[:100]!r} is not a remote that may be fetched from",
        code="BAD_URL",
        remedy="write /absolute/path, ssh://git@host/path or https://host/path",
    )


def fetch(
    mirror: layout.Layout,
    url: str,
    wanted: Sequence[str],
    *,
    bounds: Bounds,
    ssh: SshAccess | None = None,
    holds: Callable[[str], bool],
    afresh: bool = False,
    abort: int | None = None,
) -> dict[str, str]:
    """Fetch refs with their whole history into `mirror`; returns what each points to, by name.

    Args:
        mirror: our own bare repository.
        url: where from; see `check_url`.
        wanted: full ref names, and patterns ending in `/*` (which may match nothing).
        bounds: limits; exceeding one fails the fetch.
        ssh: how to authenticate; needed for `ssh://`.
        holds: whether the mirror has an object, sound.
        afresh: ask for everything again, for a mirror that turned out to lack objects.
        abort: a descriptor; the fetch is given up when it can be read.

    Raises:
        RefusedError: codes `BAD_URL`, `BAD_REF`, `FETCH_TOO_LARGE`, `TOO_MANY_OBJECTS`,
            `TOO_MANY_REFS`, `SHALLOW`, `FOREIGN_OWNER`.
        UnavailableError: codes `FETCH_FAILED`, `FETCH_TIMEOUT`, `FETCH_ABORTED`, `REF_MISSING`,
            `GIT_MISSING`. After any error the mirror is as it was.
    """
    transport = check_url(url)
    for ref in wanted:
        layout.check_ref(ref.removesuffix("/*"))
    if transport == "file" and not Path(url).is_dir():
        raise UnavailableError("no repository is there", code="FETCH_FAILED", place=url)
    incoming = mirror.common / "incoming"
    incoming.mkdir(exist_ok=True)
    _sweep(incoming, older_than=10 * bounds.fetch_seconds)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=incoming) as folder:
        git_dir = Path(folder)
        skeleton(git_dir, mirror.object_format)
        if not afresh:
            _offer(git_dir, mirror, holds)
        extra = {"GIT_SSH_COMMAND": ssh.command() if ssh else "false"}
        converse(
            [
                *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--refmap="),
                *("--", url, *(f"+{ref}:{_FETCHED}/{ref}" for ref in wanted)),
            ],
            git_dir,
            environment(git_dir, git_dir / "objects", transport=transport, **extra),
            url,
            bounds,
            abort,
        )
        found = _fetched(git_dir, wanted, bounds, url)
        _measure(git_dir / "objects", bounds, url)
        _adopt(git_dir / "objects", mirror.objects)
    _remember(mirror, url, found, wanted)
    return found


def _offer(git_dir: Path, mirror: layout.Layout, holds: Callable[[str], bool]) -> None:
    """Let the fetch read the mirror's objects, and tell the other side which commits we have."""
    (git_dir / "objects" / "info").mkdir()
    (git_dir / "objects" / "info" / "alternates").write_text(f"{mirror.objects}\n")
    stated = layout.refs(mirror, KNOWN_HEADS)
    heads = sorted(stated, key=lambda ref: _age(mirror.common / ref))[-_MAX_KNOWN_HEADS:]
    known = sorted(oid for oid in {stated[ref] for ref in heads} if holds(oid))
    lines = (f"{oid} refs/known/{number:04d}\n" for number, oid in enumerate(known))
    (git_dir / "packed-refs").write_text("".join(lines))


def _age(path: Path) -> int:
    """When a ref was last written; one that `git gc` packed is as old as can be."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def offered(mirror: layout.Layout, git_dir: Path, holds: Callable[[str], bool]) -> list[str]:
    """Make `git_dir` a repository that has what a mirror remembers to have; its refs.

    Nothing else of the mirror is seen in it: neither its configuration nor what became of it.
    """
    skeleton(git_dir, mirror.object_format)
    _offer(git_dir, mirror, holds)
    return list(layout.refs(layout.Layout(git_dir, git_dir), "refs/known"))


def _fetched(git_dir: Path, wanted: Sequence[str], bounds: Bounds, url: str) -> dict[str, str]:
    """What Git says it fetched, checked against what was asked for."""
    if (git_dir / "shallow").exists():
        raise RefusedError(
            "the other side is a shallow copy",
            code="SHALLOW",
            place=url,
            remedy="fetch from a full repository: git fetch --unshallow there",
        )
    there = layout.refs(layout.Layout(git_dir, git_dir), _FETCHED)
    found = {name.removeprefix(f"{_FETCHED}/"): oid for name, oid in there.items()}
    if len(found) > bounds.refs_per_fetch + len(wanted):
        raise RefusedError(
            f"more than {bounds.refs_per_fetch} refs match", code="TOO_MANY_REFS", place=url
        )
    for ref in wanted:
        if not ref.endswith("/*") and ref not in found:
            raise UnavailableError(f"{ref} was not sent", code="REF_MISSING", place=url)
    return found


def _measure(objects: Path, bounds: Bounds, url: str) -> None:
    """Refuse a store that is larger, or holds more objects, than one fetch may bring."""
    size = count = 0
    for path in _files(objects):
        size += path.stat().st_size
        if path.suffix == ".pack":
            with path.open("rb") as pack:
                # `PACK`, version, number of objects.
                count += int.from_bytes(pack.read(12)[8:], "big")
        elif path.parent.name != "pack":
            count += 1
    if size > bounds.fetch_bytes:
        raise RefusedError(
            f"{size} bytes came, more than {bounds.fetch_bytes}", code="FETCH_TOO_LARGE", place=url
        )
    if count > bounds.fetch_objects:
        raise RefusedError(
            f"{count} objects came, more than {bounds.fetch_objects}",
            code="TOO_MANY_OBJECTS",
            place=url,
        )


def _adopt(source: Path, target: Path) -> None:
    """Move complete objects; an index last, because its presence is what makes a pack visible."""
    touched = set()
    for path in sorted(_files(source), key=lambda path: path.suffix == ".idx"):
        place = target / path.relative_to(source)
        place.parent.mkdir(exist_ok=True)
        path.rename(place)
        touched.add(place.parent)
    for folder in sorted(touched):
        _sync(folder)


def _remember(
    mirror: layout.Layout, url: str, found: Mapping[str, str], wanted: Sequence[str]
) -> None:
    folder = mirror.common / KNOWN_HEADS
    folder.mkdir(parents=True, exist_ok=True)
    known = layout.refs(mirror, KNOWN_HEADS)
    # What was asked for by name last, so that no number of others is newer.
    for ref in sorted(found, key=lambda ref: ref in wanted):
        # And a branch is newer than all that was ever pushed beside it.
        now = time.time_ns() - (0 if ref.startswith("refs/heads/") else _BESIDE)
        name = hashlib.sha256(f"{url}\0{ref}".encode()).hexdigest()[:32]
        if known.get(f"{KNOWN_HEADS}/{name}") == found[ref] and (folder / name).exists():
            os.utime(folder / name, ns=(now, now))
            continue
        draft = mirror.common / "incoming" / f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
        draft.write_text(f"{found[ref]}\n")
        os.utime(draft, ns=(now, now))
        draft.rename(folder / name)
    by_age = sorted(folder.iterdir(), key=_age)
    for path in by_age[:-_MAX_REMEMBERED]:
        path.unlink()


def _files(objects: Path) -> Iterable[Path]:
    """The objects and packs of a store; not its `info`, which is about the store itself."""
    for path in objects.rglob("*"):
        if path.relative_to(objects).parts[0] != "info" and stat.S_ISREG(path.lstat().st_mode):
            yield path


def _sweep(incoming: Path, *, older_than: float) -> None:
    """Remove what crashed fetches left; none runs longer than its bound."""
    for path in incoming.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime > older_than:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ssh_path(path: Path) -> str:
    text = str(path)
    if not path.is_absolute() or not re.fullmatch(r"[A-Za-z0-9._/+@=,-]+", text):
        raise RefusedError(
            f"{text!r} is not a plain absolute path", code="BAD_PATH", remedy="move the file"
        )
    return text
