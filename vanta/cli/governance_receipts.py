"""`vanta governance receipts`: what nodes saw when, signed for nodes that come later."""

from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Environment, Json, NodeDir, Remote, Repo
from vanta.cli.output import command, print_json, say

app = typer.Typer(
    help="When commits were first seen: signed by one node, countersigned by another.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="The folder of the notes.")]


def _kept(folder: Path) -> list[Path]:
    from vanta.domain.errors import UnavailableError

    found = sorted(folder.glob("*.note"))
    if not found:
        raise UnavailableError(
            "no note is there",
            code="NO_NOTES",
            place=str(folder),
            remedy="make them with `vanta governance receipts sign`",
        )
    return found


@app.command("sign")
@command
def sign(folder: Folder, node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Write what this node saw, signed with its key."""
    from vanta.governance.witness import sign_records
    from vanta.journal.files import atomic_write
    from vanta.node.config import read_config
    from vanta.node.key import key_file
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    config = read_config(layout.config)
    journal = layout.journal("governance")
    notes = sign_records(journal, config.environment, config.node, key_file(layout))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04d}.note" for number in range(len(notes))]
    for path, note in zip(paths, notes, strict=True):
        atomic_write(path, note, mode=0o644)
    if as_json:
        print_json({"environment": config.environment, "node": config.node, "notes": paths})
        return
    say(f"{config.node} signed {len(notes)} notes of {config.environment} in {folder}")
    say("  next: vanta governance receipts countersign, on another node")


@app.command("countersign")
@command
def countersign(folder: Folder, node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Sign another node's notes too, after comparing them with what this node saw."""
    from vanta.governance.witness import countersign_records
    from vanta.journal.files import atomic_write
    from vanta.node.config import read_config
    from vanta.node.key import key_file
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    config = read_config(layout.config)
    paths = _kept(folder)
    notes = countersign_records(
        [path.read_bytes() for path in paths],
        layout.journal("governance"),
        config.environment,
        config.node,
        key_file(layout),
    )
    for path, note in zip(paths, notes, strict=True):
        atomic_write(path, note, mode=0o644)
    if as_json:
        print_json({"environment": config.environment, "node": config.node, "notes": paths})
        return
    say(f"{config.node} countersigned {len(notes)} notes of {config.environment} in {folder}")
    say("  next: vanta governance receipts publish")


@app.command("publish")
@command
def publish(
    folder: Folder,
    environment: Environment,
    repo: Repo = Path(),
    remote: Remote = "origin",
    as_json: Json = False,
) -> None:
    """Put the notes into the governance repository, where nodes and `plan` look for them."""
    from vanta.governance.clone import Clone
    from vanta.governance.witness import publish_records

    notes = [path.read_bytes() for path in _kept(folder)]
    commit = publish_records(Clone(repo), notes, environment, remote)
    if as_json:
        print_json({"environment": environment, "commit": commit, "notes": len(notes)})
        return
    say(f"{len(notes)} notes of {environment} published to {remote}, commit {commit[:12]}")
