"""Signatures over a manifest: made by `ssh-keygen` with whatever key somebody has, checked here."""

import subprocess
from pathlib import Path
from typing import Literal

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.governance.keys import PublicKey
from vanta.governance.sshsig import parse_armor, verify

Namespace = Literal["vanta-build", "vanta-review"]
_PATIENCE = 120
"""Seconds to find and touch a security key."""


def seal(manifest: bytes, key: Path, namespace: Namespace) -> bytes:
    """Sign a manifest's bytes; the armour of the signature.

    Args:
        manifest: the bytes as they lie in the file.
        key: a private key, or a public one whose private half an agent or a token holds.
        namespace: `vanta-build` of who built it, `vanta-review` of who looked at it.

    Raises:
        UnavailableError: `NO_SIGNATURE`: with what `ssh-keygen` says.
    """
    try:
        done = subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(key)],  # noqa: S607
            input=manifest,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _no_signature(key, str(error)) from error
    if done.returncode:
        raise _no_signature(key, _why(done.stderr.decode(errors="replace"), done.returncode))
    signer_of(done.stdout, manifest, namespace, place=str(key))
    return done.stdout


def _why(said: str, code: int) -> str:
    """The line of many that says why: of a key others can read, that is not the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    exposed = (line for line in lines if line.startswith("Permissions "))
    return next(exposed, lines[-1] if lines else f"ssh-keygen ended with {code}")


def signer_of(armour: bytes, manifest: bytes, namespace: Namespace, *, place: str) -> PublicKey:
    """The key that signed a manifest; whose it is, is for the policy to say.

    Raises:
        RefusedError, MalformedError: it is no such signature; with the place.
    """
    try:
        return verify(parse_armor(armour), manifest, namespace)
    except (RefusedError, MalformedError) as error:
        raise type(error)(
            error.message, code=error.code, place=error.place or place, remedy=error.remedy
        ) from error


def _no_signature(key: Path, said: str) -> UnavailableError:
    return UnavailableError(
        f"nothing was signed: {said[:300]}",
        code="NO_SIGNATURE",
        place=str(key),
        remedy="pass --key with your SSH key: a private key file, or the .pub of one in your agent",
    )
