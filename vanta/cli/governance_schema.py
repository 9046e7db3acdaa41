"""`vanta governance schema`: what an editor needs to complete and check a document."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.options import Json
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import RefusedError


@command
def schema(
    kind: Annotated[
        str | None, typer.Argument(help="Vault, Overlay...; every kind if none is named.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write files into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print or write the JSON Schemas of the governed documents; without a kind, list them."""
    from vanta.governance.documents.editor import file_name
    from vanta.governance.documents.schema import describe, render
    from vanta.journal.files import atomic_write

    named = [_known(kind)] if kind else list(describe())
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        paths = [output / file_name(each) for each in named]
        for each, path in zip(named, paths, strict=True):
            atomic_write(path, render(each), mode=0o644)
        print_json(paths) if as_json else say("\n".join(f"wrote {path}" for path in paths))
    elif kind:
        sys.stdout.write(render(named[0]).decode())
    elif as_json:
        print_json([{"kind": name, "description": text} for name, text in describe().items()])
    else:
        width = max(map(len, named))
        say("\n".join(f"{name:{width}}  {text}" for name, text in describe().items()))


def _known(kind: str) -> str:
    from vanta.governance.documents.schema import describe

    names = {name.lower(): name for name in describe()}
    if kind.lower() not in names:
        raise RefusedError(
            f"there is no kind {kind!r}",
            code="UNKNOWN_KIND",
            remedy=f"use one of {', '.join(names.values())}",
        )
    return names[kind.lower()]
