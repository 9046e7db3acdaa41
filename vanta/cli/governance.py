"""`vanta governance`: the repository, its approvals, and the controller that enforces it."""

import typer

from vanta.cli import (
    governance_found,
    governance_keys,
    governance_log,
    governance_node,
    governance_plan,
    governance_receipts,
    governance_schema,
    governance_sign,
    governance_verify,
)

app = typer.Typer(
    help="Documents, approvals and the controller that enforces them.", no_args_is_help=True
)
app.command("init")(governance_found.init)
app.add_typer(governance_keys.app, name="keys")
app.add_typer(governance_receipts.app, name="receipts")
app.command("propose")(governance_sign.propose)
app.command("plan")(governance_plan.plan)
app.command("approve")(governance_sign.approve)
app.command("verify")(governance_verify.verify)
app.command("log")(governance_log.log)
app.command("schema")(governance_schema.schema)
app.command("status")(governance_node.status)
app.command("controller")(governance_node.controller)
app.command("hint")(governance_node.hint)
