"""Which key a command at the desk signs with, and what its holder is told before it does."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vanta.cli.output import errors

if TYPE_CHECKING:
    from vanta.governance.clone import Clone


def signing_key(named: Path | None, repo: Path) -> Path:
    """The key that was named, or the one Git signs with in that clone.

    Raises:
        VantaError: it cannot be read, or there is no such clone.
        typer.BadParameter: neither is there.
    """
    from vanta.governance.clone import Clone, public_half

    key = named or _gits_own(Clone(repo))
    if key is None:
        raise typer.BadParameter(
            "nothing to sign with: name your key with --key or VANTA_KEY, or tell Git: "
            "git config gpg.format ssh; git config user.signingkey FILE",
            param_hint="--key",
        )
    if named is None:
        _tell(f"signing with {key}, Git's user.signingkey")
    if public_half(key).hardware:
        _tell("touch your key when it blinks, once for each signature")
    return key


def _gits_own(clone: "Clone") -> Path | None:
    """`user.signingkey`, where that is the file of an SSH key."""
    if clone.configured("gpg.format") != "ssh":
        return None
    value = clone.configured("user.signingkey", "--type=path")
    # Git takes a key's own line too; whose private half is where, only a file says.
    if not value or value.startswith(("key::", "ssh-", "sk-", "ecdsa-")):
        return None
    return clone.path / value


def _tell(text: str) -> None:
    errors.print(text, markup=False, soft_wrap=True)
