"""The bridge a lab's machines are on: private, with no way to the world."""

from infra.lab.plan import Plan
from infra.lab.programs import run


def up(plan: Plan) -> None:
    """Make the bridge, with this host at its first address. Nothing is forwarded or translated."""
    if run(["ip", "link", "show", plan.bridge], check=False).returncode:
        run(["ip", "link", "add", "name", plan.bridge, "type", "bridge"])
    own = run(["ip", "-4", "-o", "addr", "show", "dev", plan.bridge]).stdout
    if f" {plan.host}/24 " not in own:
        run(["ip", "addr", "add", f"{plan.host}/24", "dev", plan.bridge])
    run(["ip", "link", "set", plan.bridge, "up"])


def down(plan: Plan) -> None:
    """Take the bridge away."""
    run(["ip", "link", "del", plan.bridge], check=False)
