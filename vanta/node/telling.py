"""Who outside is told how a node is: `metrics` in its configuration."""

from typing import Annotated

from pydantic import Field, StrictStr

from vanta.node.parts import Part


class CloudWatchConfig(Part):
    """Where Amazon CloudWatch keeps what this node says of itself."""

    namespace: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9._/#:-]{1,255}$")]
    """The one that the machine's role may put metrics into."""
    region: Annotated[StrictStr, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[1-9]$")]


class MetricsConfig(Part):
    """Who outside is told how the node is, beside Prometheus."""

    cloudwatch: CloudWatchConfig | None = None
    """Nobody without it; it takes `vanta[aws]`."""
