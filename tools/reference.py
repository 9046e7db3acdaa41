"""Write the generated reference pages, after a command or a governed field changed.

Run it as `python tools/reference.py`. `docs/reference/commands.md` comes from the command line's
own help, `docs/reference/fields.md` from the governed types, `docs/reference/documents.md` from the
models that read documents, `docs/reference/fences.md` from the fences,
`docs/reference/diagnostics.md` from the checks of a node, `docs/reference/ports.md`, with its
picture, from `infra/topology` and `docs/reference/policies.md` from the infrastructure's policies;
`tests/docs` fails when one is out of date.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import click
import typer

from vanta.cli.main import app
from vanta.domain.policy import Policy
from vanta.domain.switches import Switches
from vanta.executor.edition import EDITION
from vanta.executor.fences import wire
from vanta.executor.fences.registry import FENCES
from vanta.executor.reasons import template
from vanta.governance.documents.words import kind_of, unit_of
from vanta.lattice.direction import Direction, Tabled
from vanta.lattice.governed import Governed, Group, Keyed, directions

PAGES = Path(__file__).resolve().parents[1] / "docs" / "reference"


def commands() -> str:
    """Every command with its options."""
    root = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "Generated from the commands' own help by `python tools/reference.py`.",
        "",
        "Every command ends with 0 when it did what it says, 1 on an error (a line on standard",
        "error with the place, and what to type next) and 2 on wrong usage. `vanta governance`",
        "`plan` and `verify` add 3: approvals are missing, or only what tightens is in force.",
        "`vanta diagnostics`, which is `vanta-diagnostics` too, ends with 3 and 4 by severity.",
        "`vanta --install-completion` sets up completion for your shell; `NO_COLOR` is honoured.",
    ]
    for path, command in _walk(("vanta",), root):
        lines += ["", f"## `{' '.join(path)}`", "", *(command.help or "").splitlines(), ""]
        rows = [_row(parameter) for parameter in command.params if _row(parameter)]
        if rows:
            lines += ["| option | what |", "|---|---|", *rows]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _walk(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        yield from _walk((*path, name), children[name])


def _row(parameter: Any) -> str:  # noqa: ANN401 - a click parameter
    if parameter.name == "help":
        return ""
    optional = getattr(parameter, "opts", [])
    names = ", ".join(f"`{name}`" for name in optional if name.startswith("-"))
    names = names or f"`{(parameter.name or '').upper()}`"
    text = (getattr(parameter, "help", "") or "").replace("|", "\\|")
    needed = " Required." if parameter.required else ""
    return f"| {names} | {text}{needed} |"


def fields() -> str:
    """Every governed field with its direction and unit."""
    lines = [
        "# Governed fields",
        "",
        "Generated from the policy types by `python tools/reference.py`. A field is written in",
        "`camelCase` in documents. *Tighter* says which change needs one signature; the opposite",
        "change, and every change of a field without an order, needs the quorum.",
        "",
        "| field | direction | tighter is | unit |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{'.'.join(path)}` | {' | '.join(kind_of(found))} | {unit_of(owner, field) or '-'} |"
        for path, found, owner, field in _leaves((), Policy)
    ]
    switches = ", ".join(f"`{name}`" for name in Switches.__struct_fields__)
    lines += ["", f"Switches, mildest first: {switches}."]
    return "\n".join(lines) + "\n"


def documents() -> str:
    """Every kind of document with every field, and an example."""
    # By its path, so that this file runs as a script and is imported by the tests alike.
    made: str = run_path(str(Path(__file__).with_name("documents_page.py")))["page"]()
    return made


def fences() -> str:
    """Every fence with what it asks, its codes, and the governed fields it reads."""
    lines = [
        "# Fences",
        "",
        "Generated from the fences by `python tools/reference.py`. Every order is put to all of",
        "them and every reason is reported. Each passes at its limit and denies one tick beyond",
        "it; what is not known denies. A tighter policy never admits what a looser one denied.",
        "",
        f"This is edition {EDITION}. A decision is recorded with the edition it was made by, and",
        "an audit asks again what was asked then. Number 17 is asked at the wire, of what is sent.",
        "How to read [a field](fields.md); `*` is the vault.",
    ]
    for one in FENCES:
        said = inspect.cleandoc(one.judge.__doc__ or "")
        lines += _fence(f"{one.number} {one.name}", said, one.codes)
        fields_of = ", ".join(f"`{'.'.join(path)}`" for path in one.paths)
        lines += ["", f"Reads {fields_of}." if fields_of else "Reads no governed field."]
        if one.number == 16:  # noqa: PLR2004 - the next on the checklist
            said = (wire.__doc__ or "").split("\n\n", 1)[1].strip()
            lines += _fence(f"{wire.NUMBER} WITHIN_PARENT", said, wire.CODES)
    return "\n".join(lines) + "\n"


def diagnostics() -> str:
    """Every check of a node with its limits and codes."""
    made: str = run_path(str(Path(__file__).with_name("checks_page.py")))["page"]()
    return made


def ports() -> str:
    """Who reaches whom, and which names outside."""
    made: str = _topology()["page"]()
    return made


def topology() -> str:
    """The same as a picture."""
    made: str = _topology()["picture"]()
    return made


def _topology() -> dict[str, Any]:
    return run_path(str(Path(__file__).with_name("topology_page.py")))


def policies() -> str:
    """Every policy of the infrastructure with what asks for it, its settings and its remedy."""
    made: str = run_path(str(Path(__file__).with_name("policies_page.py")))["page"]()
    return made


def _fence(title: str, said: str, codes: tuple[str, ...]) -> list[str]:
    rows = [f"| `{code}` | {template(code)} |" for code in codes]
    return ["", f"## {title}", "", said, "", "| code | it says |", "|---|---|", *rows]


Leaf = tuple[tuple[str, ...], Direction[Any], type[Governed], str]
"""A field's path, its direction, and where it is declared."""


def _leaves(path: tuple[str, ...], kind: type[Governed]) -> Iterator[Leaf]:
    for name, direction in directions(kind).items():
        yield from _leaf((*path, name), direction, kind, name)


def _leaf(
    path: tuple[str, ...], direction: Direction[Any], owner: type[Governed], field: str
) -> Iterator[Leaf]:
    match direction:
        case Group():
            yield from _leaves(path, direction.kind)
        case Keyed():
            yield from _leaves((*path, "NAME"), direction.group.kind)
        case Tabled():
            yield from _leaf((*path, "NAME"), direction.inner, owner, field)
        case _:
            yield path, direction, owner, field


def main() -> None:
    """Entry point."""
    pages = {
        "commands.md": commands(),
        "fields.md": fields(),
        "documents.md": documents(),
        "fences.md": fences(),
        "diagnostics.md": diagnostics(),
        "ports.md": ports(),
        "policies.md": policies(),
    }
    for name, text in pages.items():
        (PAGES / name).write_text(text)
        click.echo(f"wrote docs/reference/{name}")
    (PAGES.parent / "images" / "topology.svg").write_text(topology())
    click.echo("wrote docs/images/topology.svg")


if __name__ == "__main__":
    main()
