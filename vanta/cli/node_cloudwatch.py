"""`vanta node cloudwatch`: how the node was, told to a cloud whose alarms wake people."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import UnavailableError, VantaError

if TYPE_CHECKING:
    from vanta.diagnostics.cloud_metrics import Datum
    from vanta.node.config import NodeConfig

_OLD = 300
"""Seconds after which a look says nothing of now; the alarm hears its silence."""


@command
def cloudwatch(
    examined: Annotated[
        Path, typer.Option("--examined", help="What `vanta diagnostics --prometheus` wrote.")
    ],
    copied: Annotated[
        Path | None,
        typer.Option("--copied", help="Alpha: what the unit that copies backups left behind."),
    ] = None,
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Put how this node was, when it was last examined, into Amazon CloudWatch.

    It examines nothing itself: who may ask the cloud who this machine is has a user of its own, who
    reads a file and no more. Where `metrics.cloudwatch` is not in etc/node.yaml nothing is put.
    What is not known is not put either, and the alarms of the cloud go off by its silence.

    Exit 0: it is there, or nothing was asked for. 1: an error; whatever is known was put all the
    same, if the cloud takes it. 2: usage.
    """
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    layout = Layout(node.absolute())
    config = read_config(layout.config)
    where = config.metrics.cloudwatch
    known = list(_known(config, examined, copied)) if where is not None else []
    found = [one for one in known if not isinstance(one, VantaError)]
    if where is not None and found:
        from vanta.diagnostics.cloudwatch import put

        put(where, found)
    if as_json:
        print_json(
            [
                {"metric": one.name, "dimensions": dict(one.dimensions), "value": one.value}
                for one in found
            ]
        )
    elif where is None:
        say(f"{layout.config} has no `metrics.cloudwatch`: nothing is put")
    else:
        for one in found:
            say(f"{one.name} {one.value:g} of {', '.join(one.dimensions.values())}")
    for trouble in known:
        if isinstance(trouble, VantaError):
            raise trouble


def _known(
    config: "NodeConfig", examined: Path, copied: Path | None
) -> "Iterator[Datum | VantaError]":
    """What there is to say; what cannot be had takes nothing from the rest."""
    from vanta.diagnostics.cloud_metrics import health, snapshot_age
    from vanta.diagnostics.copied import dump_written
    from vanta.diagnostics.metrics import read
    from vanta.domain.instant import SECOND

    now = time.time_ns()
    try:
        looked = read(examined)
        if now - looked.at > _OLD * SECOND:
            raise UnavailableError(
                f"nobody looked for {(now - looked.at) / SECOND:.0f} s",
                code="LOOK_OLD",
                place=str(examined),
                remedy="see `systemctl status vanta-diagnostics.service`",
            )
        yield health(config.environment, config.role, looked.verdict, looked.at)
    except VantaError as error:
        yield error
    if copied is None:
        return
    try:
        written = dump_written(copied)
    except VantaError as error:
        yield error
    else:
        if written is not None:
            yield snapshot_age(config.environment, written, now)
