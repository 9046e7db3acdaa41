"""`vanta governance init`: the repository, its first people, and what the nodes pin."""

from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli.options import Json, Key
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import RefusedError


@command
def init(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    person: Annotated[
        list[str], typer.Option("--person", help="NAME=EMAIL=KEY.pub, one for each founder.")
    ],
    key: Key,
    node: Annotated[
        list[Path] | None, typer.Option("--node", help="A node's folder to register and pin.")
    ] = None,
    quorum: Annotated[int, typer.Option("--quorum", help="People a loosening takes.")] = 2,
    trust: Annotated[
        Path | None, typer.Option("--trust", help="Where to write the pin; beside the folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a governance repository with its first people, and pin it on the nodes."""
    from vanta.governance.clone import public_half
    from vanta.governance.starter import start, trust_file
    from vanta.journal.files import atomic_write
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    layouts = [Layout(path.resolve()) for path in node or []]
    nodes = {read_config(each.config).node: public_half(each.key) for each in layouts}
    founders = [_founder(text) for text in person]
    pinned = start(folder, founders, nodes, key, quorum=quorum)
    target = trust or folder.with_name(f"{folder.name}.trust.json")
    for path in (target, *(each.trust for each in layouts)):
        atomic_write(path, trust_file(pinned), mode=0o644)
    if as_json:
        print_json({"repository": folder, "trust": pinned, "trust_file": target})
        return
    say(f"governance repository in {folder}, introduced by commit {pinned.introduction[:12]}")
    say(f"  pinned in {target}" + (f" and on {len(layouts)} nodes" if layouts else ""))
    say(f"  next: git -C {folder} push <your forge> main")


def _founder(text: str) -> Any:  # noqa: ANN401 - imported lazily
    from vanta.governance.clone import public_half
    from vanta.governance.starter import Founder

    parts = text.split("=")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - name, address, key
        raise RefusedError(
            f"{text!r} is not NAME=EMAIL=KEY.pub",
            code="BAD_PERSON",
            place="--person",
            remedy="such as --person ada=ada@fund.example=keys/ada.pub",
        )
    return Founder(parts[0], parts[1], public_half(Path(parts[2])))
