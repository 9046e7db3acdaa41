"""`vanta node`: the folder a node lives in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vanta.cli.node_cloudwatch import cloudwatch
from vanta.cli.options import NODE_DEFAULT, Environment, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import RefusedError

if TYPE_CHECKING:
    from vanta.node.config import NodeConfig
    from vanta.node.layout import Layout
    from vanta.node.witness import Boards, Registered

app = typer.Typer(help="Make and look at a node's folder.", no_args_is_help=True)
app.command("cloudwatch")(cloudwatch)

Role = Literal["alpha", "markets", "executor"]
_UNWELL = 3


@app.command("init")
@command
def init(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    role: Annotated[Role, typer.Option("--role", help="What the node does.")],
    environment: Environment,
    remote: Annotated[
        str, typer.Option("--remote", help="URL or path of the governed repository.")
    ],
    name: Annotated[str, typer.Option("--name", help="Its name in Authority.")] = "",
    bus: Annotated[
        str, typer.Option("--bus", help="What intents travel through: a folder, or a Redis's URL.")
    ] = "",
    broker: Annotated[
        Path | None, typer.Option("--broker", help="Folder of the paper broker.")
    ] = None,
    statuses: Annotated[
        str, typer.Option("--statuses", help="Where nodes tell how they stand: as for --bus.")
    ] = "",
    checkpoints: Annotated[
        str, typer.Option("--checkpoints", help="Where Alpha countersigns them: as for --bus.")
    ] = "",
    poll_ms: Annotated[int, typer.Option("--poll-ms", help="Between two looks at Git.")] = 500,
    as_json: Json = False,
) -> None:
    """Make a node's folders, configuration and key."""
    from vanta.domain.address import is_redis
    from vanta.governance.keys import generate_key
    from vanta.journal.files import atomic_write
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    layout = Layout(folder.resolve())
    if folder.exists() and any(folder.iterdir()):
        raise RefusedError(
            "the folder is not empty", code="NOT_EMPTY", place=str(folder), remedy="name a new one"
        )
    name = name or role
    # A service runs from anywhere, so a path is kept whole.
    remote = remote if "://" in remote else str(Path(remote).resolve())
    named = {"bus": bus, "statuses": statuses, "checkpoints": checkpoints}
    shared = {field: _shared(where, f"--{field}") for field, where in named.items() if where}
    shared |= {"broker": str(broker.resolve())} if broker else {}
    folders = [Path(where) for where in shared.values() if not is_redis(where)]
    for part in (layout.memory, layout.logs, layout.key.parent, *folders):
        part.mkdir(parents=True, mode=0o750, exist_ok=True)
    # Quoted as JSON strings, which YAML reads the same.
    lines = [
        f"node: {name}", f"role: {role}", f"environment: {environment}", "governance:",
        f"  remote: {_quoted(remote)}", f"  poll_ms: {poll_ms}",
    ]  # fmt: skip
    lines += [f"{field}: {_quoted(where)}" for field, where in shared.items()]
    atomic_write(layout.config, ("\n".join(lines) + "\n").encode(), mode=0o640)
    read_config(layout.config)
    key = generate_key(layout.key, f"{name}@{environment}")
    if as_json:
        print_json({"node": name, "folder": layout.root, "key": key.openssh})
        return
    say(f"{role} node {name!r} in {layout.root}")
    say(f"  key {key.fingerprint}")
    say(f"  next: register it with `vanta governance init ... --node {folder}`")


def _shared(where: str, option: str) -> str:
    """A folder kept whole, or the address of a Redis as it is."""
    from vanta.domain.address import check_address
    from vanta.domain.errors import MalformedError

    try:
        return check_address(where) if "://" in where else str(Path(where).resolve())
    except (MalformedError, RefusedError) as error:
        raise type(error)(
            error.message, code=error.code, place=option, remedy=error.remedy
        ) from error


def _quoted(text: str) -> str:
    from vanta.domain.encoding import encode

    return encode(text).decode()


@app.command("checkpoint")
@command
def checkpoint(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Sign how far each journal reaches, so that cutting or rewriting it shows.

    Where `checkpoints` in etc/node.yaml says so, they are hung up for Alpha to countersign, and
    what came back countersigned since the last time is kept beside them.
    """
    from vanta.node.checkpoints import checkpoint_all
    from vanta.node.layout import Layout
    from vanta.node.witness import post, take

    layout = Layout(node.resolve())
    signed = checkpoint_all(layout)
    config, boards = _boards(layout)
    taken = []
    # What reaches Alpha's own journals is nobody's to countersign: it is the one who does.
    if boards is not None and config.role != "alpha":
        taken = take(layout, boards, config.node, _registered(layout))
        post(boards, config.node, [one.note for one in signed.values()])
    if as_json:
        print_json(
            {
                "signed": {journal: one.position for journal, one in signed.items()},
                "countersigned": {one.origin: one.position for one in taken},
            }
        )
        return
    for journal, one in signed.items():
        say(f"signed {journal} at {one.position.size} records, {one.position.head[:12]}")
    for found in taken:
        by = ", ".join(name for name in found.signers if name != config.node)
        say(f"{by} countersigned {found.origin} at {found.position.size} records")


@app.command("countersign")
@command
def countersign(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Sign how far other nodes' journals reach, where they go on from what was signed before.

    What was signed is kept in `witnessed/`: a node alone can neither cut its journals nor put old
    ones in their place.

    Exit 0: every checkpoint that hangs there is countersigned. 3: one does not go on from the last,
    or is not its node's: somebody must look. 1: an error. 2: usage.
    """
    from vanta.node.key import load_node_key
    from vanta.node.layout import Layout
    from vanta.node.witness import countersign as countersign_all

    layout = Layout(node.resolve())
    config, boards = _boards(layout)
    if boards is None:
        raise RefusedError(
            "nothing says where checkpoints of other nodes hang",
            code="NOWHERE",
            place=str(layout.config),
            remedy="add `checkpoints:` with a folder or redis://host:6379/0, here as elsewhere",
        )
    key = load_node_key(layout)
    found = countersign_all(layout, boards, config.node, _registered(layout), key)
    if as_json:
        print_json(
            [
                {"origin": one.origin, "position": one.position,
                 "refused": one.refused.code if one.refused else None}
                for one in found
            ]
        )  # fmt: skip
    for one in () if as_json else found:
        if one.refused is None:
            say(f"countersigned {one.origin} at {one.position.size} records")
        else:
            say(f"REFUSED {one.origin}: {one.refused.message} [{one.refused.code}]")
    raise typer.Exit(3 if any(one.refused for one in found) else 0)


def _boards(layout: "Layout") -> "tuple[NodeConfig, Boards | None]":
    """The node's configuration, and where checkpoints hang; None where it says nowhere."""
    from vanta.node.carrier import open_board
    from vanta.node.config import read_config
    from vanta.node.witness import Boards

    config = read_config(layout.config)
    where = config.checkpoints
    if not where:
        return config, None
    names = ("checkpoints", "countersigned")
    return config, Boards(*(open_board(config, where, name, f".{name}") for name in names))


def _registered(layout: "Layout") -> "Registered":
    """Every node's keys, by the policy in force here."""
    from vanta.governance.published import PolicyReader

    return PolicyReader(layout.memory)().policy.nodes


@app.command("start")
@command
def start(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Start what does not run of the node's services, from `current`; systemd's are left to it.

    Exit 0: every service runs `current`. 3: one is not well. 1: an error. 2: usage.
    """
    from vanta.builds.node import builds_of
    from vanta.builds.recover import recover

    here = builds_of(node)
    if here.config.builds.supervisor != "processes":
        raise RefusedError(
            "its services are systemd's",
            code="SERVICE",
            place=here.config.node,
            remedy=f"systemctl start {' '.join(map(here.config.builds.unit, here.names))}",
        )
    with here.held() as site:
        # Nothing is started from a slot that is not as it was signed.
        current = recover(site).current
        if not current:
            raise RefusedError(
                "no build was promoted here",
                code="NOTHING_BEFORE",
                place=here.config.node,
                remedy="`vanta build stage` and `vanta build promote` bring one",
            )
        down = [name for name in site.names if site.services.look(name).condition == "down"]
        site.services.restart(*down)
        sick = site.gated(current)
    if as_json:
        print_json({"build": current, "started": down, "sick": sick._asdict() if sick else None})
    else:
        for name in down:
            say(f"{name} started")
        if sick is None:
            say(f"{current} runs")
        else:
            say(f"{sick.service} is not well: {sick.reason} [{sick.code}]")
    raise typer.Exit(_UNWELL if sick else 0)


@app.command("stop")
@command
def stop(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """End the services that `vanta build` started here as processes; systemd's are left to it."""
    from vanta.builds.processes import Processes
    from vanta.node.layout import Layout

    ended = Processes(Layout(node.resolve())).stop_all()
    if as_json:
        print_json({"ended": ended})
        return
    for service in ended:
        say(f"{service} ended")
