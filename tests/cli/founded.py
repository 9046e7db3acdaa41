"""A fund founded with the commands themselves, and how its people type."""

import os
import shutil
import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cli.warm import warm

_until_the_end = ExitStack()
PEOPLE = ("ada", "grace", "alan")


def environment(**more: str) -> dict[str, str]:
    """Nobody's own configuration, and no colours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
    fixed = {"NO_COLOR": "1", "COLUMNS": "100", "GIT_CONFIG_GLOBAL": "/dev/null"}
    return {**kept, **fixed, "GIT_CONFIG_NOSYSTEM": "1", **more}


def vanta(*typed: str, at: Path | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as users run it: a process of its own, which a warm one forks."""
    return subprocess.run(
        [str(_warm() / "vanta"), *typed],
        cwd=at,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@cache
def _warm() -> Path:
    folder = Path(_until_the_end.enter_context(TemporaryDirectory()))
    return _until_the_end.enter_context(warm(folder / "bin"))


def cool() -> None:
    """End what was kept warm; the next command starts it again."""
    _until_the_end.close()
    _warm.cache_clear()


def git(*typed: str, at: Path) -> str:
    """Git, by somebody without a configuration of their own."""
    who = {f"GIT_{role}_{what}": "x@fund.example" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    done = subprocess.run(
        ["git", *typed], cwd=at, env=environment(**who), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def keygen(path: Path, *how: str) -> None:
    """A key pair by `ssh-keygen`."""
    kind = how or ("-t", "ed25519")
    typed = ["ssh-keygen", "-q", *kind, "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(typed, check=True, capture_output=True)


def found(root: Path) -> Path:
    """People, `governance`, its pin beside it, and `forge.git` as its origin."""
    (root / "people").mkdir(parents=True)
    founders = []
    for name in PEOPLE:
        keygen(root / "people" / name)
        founders.append(f"--person={name}={name}@fund.example=people/{name}.pub")
    made = vanta("governance", "init", "governance", "-k", "people/ada", *founders, at=root)
    assert made.returncode == 0, made.stderr
    git("clone", "--quiet", "--bare", "governance", "forge.git", at=root)
    git("-C", "governance", "remote", "add", "origin", "../forge.git", at=root)
    return root


def copy(founded: Path, to: Path) -> Path:
    """The same fund once more, to do with as one likes."""
    shutil.copytree(founded, to, dirs_exist_ok=True)
    return to
