"""The only way this package starts Git: confined, and deaf to every configuration but this one."""

import resource
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from vanta.domain.errors import UnavailableError
from vanta.governance.bounds import Bounds

SAFE_PATH = "/usr/local/bin:/usr/bin:/bin"
NO_TRANSPORT = "none"
"""No transport of Git has this name, so nothing can be fetched lazily behind a read."""

_CONFIGURATION = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "core.alternateRefsCommand=true",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    # Blobs above this are streamed, so that a bomb costs time, which is bounded, not memory.
    "core.bigFileThreshold=1m",
    "core.packedGitWindowSize=32m",
    "core.packedGitLimit=512m",
    "core.fsync=committed",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=10",
    "maintenance.auto=false",
    "pack.threads=1",
    "protocol.version=2",
    "submodule.recurse=false",
    # An object Git's checker dislikes must not be able to block the halt on top of it: what is
    # read is checked when it is read, and an unreadable commit contributes nothing.
    "transfer.fsckObjects=false",
)


def command(
    arguments: Sequence[str], *, bounds: Bounds, configuration: Sequence[str] = ()
) -> list[str]:
    """The argument list that runs `git *arguments` under the limits of `bounds`.

    Raises:
        UnavailableError: code `GIT_MISSING`: Git or util-linux is not installed.
    """
    settings = [part for item in (*_CONFIGURATION, *configuration) for part in ("-c", item)]
    memory = _within_hard_limit(resource.RLIMIT_AS, bounds.memory_bytes)
    written = _within_hard_limit(resource.RLIMIT_FSIZE, bounds.fetch_bytes)
    return [
        _program("prlimit", "util-linux"),
        f"--as={memory}",
        f"--fsize={written}",
        "--core=0",
        "--",
        _program("git", "git"),
        *settings,
        *arguments,
    ]


def environment(
    git_dir: Path, objects: Path, *, transport: str = NO_TRANSPORT, **extra: str
) -> Mapping[str, str]:
    """The whole environment of a Git process: nothing of the caller's own gets through.

    Args:
        git_dir: a repository made by `skeleton`, so that no configuration, ref, graft or
            attribute of the repository that is read is ever seen.
        objects: the object store to read, and to write when fetching.
        transport: the one transport that may be used.
        extra: further variables.
    """
    return {
        "PATH": SAFE_PATH,
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_DIR": str(git_dir),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": transport,
        **extra,
    }


def skeleton(git_dir: Path, object_format: str) -> None:
    """Make the emptiest thing Git accepts as a repository of this object format."""
    (git_dir / "objects").mkdir(parents=True, exist_ok=True)
    (git_dir / "refs").mkdir(exist_ok=True)
    (git_dir / "HEAD").write_text("ref: refs/heads/main\n")
    (git_dir / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
        f"[extensions]\n\tobjectformat = {object_format}\n"
    )


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=SAFE_PATH)
    if found is None:
        raise UnavailableError(
            f"{name} is not installed", code="GIT_MISSING", remedy=f"apt-get install {package}"
        )
    return found


def _within_hard_limit(kind: int, wanted: int) -> int:
    # A limit can be lowered by anyone and raised by nobody but root.
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
