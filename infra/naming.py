"""Names and marks that everything carries, put on in one place so that nothing can lack them.

A logical name says what a thing is and never in which environment it is: the stack says that, and
Pulumi's auto-naming (`Pulumi.yaml`) puts it into the name in the account. Where a name is typed by
people or read by other programs (secrets, logs, aliases of keys), `path` gives it.
"""

from collections.abc import Callable

import pulumi

from infra.components import Component
from infra.settings import Settings

PROTECTED = frozenset(
    {
        "aws:backup/vault:Vault",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ebs/volume:Volume",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
    }
)
"""What cannot be made again once it is gone, or what that can only be read with."""


def path(environment: str, *parts: str) -> str:
    """A name with a path, such as `vanta/prod/redis-password`."""
    return "/".join(("vanta", environment, *parts))


def tags(environment: str, settings: Settings, component: str, name: str) -> dict[str, str]:
    """The tags of one resource: what it is, of which environment, whose, and who pays."""
    return {
        "Name": f"vanta-{environment}-{name}",
        "vanta:environment": environment,
        "vanta:component": component,
        "vanta:owner": settings.ownership.owner,
        "vanta:cost-centre": settings.ownership.cost_centre,
    }


def marks(
    environment: str, settings: Settings
) -> Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None]:
    """A transformation that tags everything that takes tags, and protects what holds data."""

    def mark(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        # The SDK hands over every argument a type has, given or not: who has tags says so here.
        props = dict(args.props)
        if "tags" in props:
            parent = args.opts.parent
            concern = parent.concern if isinstance(parent, Component) else "stack"
            own: dict[str, str] = props["tags"] or {}  # type: ignore[assignment] # ours are plain
            props["tags"] = tags(environment, settings, concern, args.name) | own
        protect = True if settings.protection.enabled and args.type_ in PROTECTED else None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=protect))
        return pulumi.ResourceTransformationResult(props, opts)

    return mark
