"""Which refs somebody else's repository has, without fetching any of them."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance import layout
from vanta.governance.bounds import Bounds
from vanta.governance.commits import is_oid
from vanta.governance.exchange import converse
from vanta.governance.git_process import environment, skeleton
from vanta.governance.objects import SHA1
from vanta.governance.transport import SshAccess, check_url


def listing(
    url: str,
    wanted: Sequence[str],
    *,
    bounds: Bounds,
    ssh: SshAccess | None = None,
    abort: int | None = None,
) -> dict[str, str]:
    """The refs that are there, by name, and what each points to.

    Nothing of ours is needed for it, so that it tells whose fault a failed fetch is. A name that
    is none of a plain ref is left out. Of a list beyond `Bounds.listing_bytes` its beginning
    is returned.

    Args:
        url: where; see `check_url`.
        wanted: full ref names, and patterns ending in `/*`.
        bounds: limits.
        ssh: how to authenticate; needed for `ssh://`.
        abort: a descriptor; it is given up when that can be read.

    Raises:
        VantaError: as `transport.fetch`.
    """
    transport = check_url(url)
    for ref in wanted:
        layout.check_ref(ref.removesuffix("/*"))
    if transport == "file" and not Path(url).is_dir():
        raise UnavailableError("no repository is there", code="FETCH_FAILED", place=url)
    with tempfile.TemporaryDirectory(prefix="vanta-list-") as folder:
        git_dir = Path(folder)
        skeleton(git_dir, SHA1)
        answer = git_dir / "answer"
        extra = {"GIT_SSH_COMMAND": ssh.command() if ssh else "false"}
        try:
            converse(
                ["ls-remote", "--quiet", "--refs", "--", url, *wanted],
                git_dir,
                environment(git_dir, git_dir / "objects", transport=transport, **extra),
                url,
                replace(bounds, fetch_bytes=bounds.listing_bytes),
                abort,
                answer=answer,
            )
        except VantaError:
            if answer.stat().st_size < bounds.listing_bytes:
                raise
        text = answer.read_bytes().decode("utf-8", "replace")
    found: dict[str, str] = {}
    # What stands after the last line end was cut off.
    for line in text.split("\n")[:-1]:
        oid, _, name = line.partition("\t")
        if is_oid(oid) and layout.is_ref(name) and any(_matches(name, each) for each in wanted):
            found[name] = oid
    return found


def _matches(name: str, wanted: str) -> bool:
    # Git compares the ends of names: `refs/heads/refs/heads/main` is not what was asked for.
    return name.startswith(wanted[:-1]) if wanted.endswith("/*") else name == wanted
