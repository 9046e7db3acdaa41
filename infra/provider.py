"""Names of the provider's own services, which machines reach inside the network."""

from infra.topology import Node


def monitoring(region: str) -> str:
    """Where metrics are put."""
    return f"monitoring.{region}.amazonaws.com"


def object_store(region: str) -> str:
    """Where restic looks for buckets: it asks for this name, whatever other one it is given."""
    return f"s3.dualstack.{region}.amazonaws.com"


def services_of(node: Node, region: str) -> list[str]:
    """The services whose names VANTA's own units on a machine ask for."""
    found = [] if node == "jump" else [monitoring(region)]
    return found + ([object_store(region)] if node == "alpha" else [])
