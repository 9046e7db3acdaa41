"""Names of the provider's own services, which machines reach inside the network."""

from infra.topology import Node

_SESSIONS = ("ssm", "ssmmessages", "ec2messages")


def monitoring(region: str) -> str:
    """Where metrics are put."""
    return f"monitoring.{region}.amazonaws.com"


def object_store(region: str) -> str:
    """Where restic looks for buckets: it asks for this name, whatever other one it is given."""
    return f"s3.dualstack.{region}.amazonaws.com"


def services_of(node: Node, region: str, *, agent: bool = False) -> list[str]:
    """The services whose names units on a machine ask for.

    Args:
        node: which machine.
        region: of the stack.
        agent: whether Session Manager's is on the machines.
    """
    found = [] if node == "jump" else [monitoring(region)]
    found += [object_store(region)] if node == "alpha" else []
    return found + ([f"{name}.{region}.amazonaws.com" for name in _SESSIONS] if agent else [])
