"""The `vanta` command, whole."""

from vanta.cli import (
    audit,
    broker,
    build,
    diagnostics,
    executor,
    governance,
    halt,
    markets,
    node,
    tracker,
)
from vanta.cli.root import root

GROUPS = {
    "governance": governance.app,
    "node": node.app,
    "markets": markets.app,
    "executor": executor.app,
    "broker": broker.app,
    "audit": audit.app,
    "tracker": tracker.app,
    "build": build.app,
}

app = root()
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)
app.command("diagnostics")(diagnostics.diagnostics)
app.command("halt")(halt.halt)
app.command("resume")(halt.resume)


def run() -> None:
    """Entry point."""
    app()
