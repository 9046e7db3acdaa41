"""Options that several commands share, so that they are spelled the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

NodeDir = Annotated[
    Path,
    typer.Option("--node", "-n", envvar="VANTA_NODE", help="The node's folder."),
]
NODE_DEFAULT = Path("/opt/vanta")

Repo = Annotated[
    Path, typer.Option("--repo", "-r", help="Your clone of the governance repository.")
]


def environments(incomplete: str) -> list[str]:
    """Completion: the environments of the clone one is in."""
    found = sorted(path.name for path in Path("environments").glob("*") if path.is_dir())
    return [name for name in found if name.startswith(incomplete)]


Environment = Annotated[
    str,
    typer.Option(
        "--environment",
        "-e",
        envvar="VANTA_ENVIRONMENT",
        help="dev, staging, prod...",
        autocompletion=environments,
    ),
]
Key = Annotated[
    Path,
    typer.Option("--key", "-k", envvar="VANTA_KEY", help="Your SSH key: the private key file."),
]
MaybeEnvironment = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        envvar="VANTA_ENVIRONMENT",
        help="dev, staging, prod...",
        autocompletion=environments,
    ),
]
MaybeKey = Annotated[
    Path | None,
    typer.Option(
        "--key",
        "-k",
        envvar="VANTA_KEY",
        help="Your SSH key: the private key file; Git's user.signingkey if none is named.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Remote = Annotated[str, typer.Option("--remote", help="The Git remote to push to.")]
Branch = Annotated[str, typer.Option("--branch", help="The governed branch.")]
TrustFile = Annotated[
    Path,
    typer.Option("--trust", "-t", envvar="VANTA_TRUST", help="The pinned introduction."),
]
MaybeTrust = Annotated[
    Path | None,
    typer.Option(
        "--trust", "-t", envvar="VANTA_TRUST", help="The pinned introduction, if you have it."
    ),
]
Combined = Annotated[
    bool, typer.Option("--combined", help="Approve earlier changes that ride along too.")
]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", help="A further remote for the halt lane, such as a node's own."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
