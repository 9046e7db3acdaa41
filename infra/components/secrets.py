"""Secrets by name only: the values are put in by people, and read by the machines themselves.

Nothing here has a value, so neither the stack's state nor its outputs can give one away.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.naming import path
from infra.topology import Node


@dataclass(frozen=True)
class SecretsArgs:
    """Which there are, and with what keys they are kept."""

    environment: str
    readers: Mapping[str, tuple[Node, ...]]
    key: pulumi.Input[str]
    recovery_days: int
    replica_region: str | None
    replica_key: pulumi.Input[str]


class Secrets(Component):
    """One secret a name; who reads it is in the roles."""

    def __init__(self, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("secrets", opts)
        self._readers = args.readers
        replicas = [
            aws.secretsmanager.SecretReplicaArgs(
                region=args.replica_region, kms_key_id=args.replica_key
            )
            for _ in (args.replica_region,)
            if args.replica_region
        ]
        self.secrets = {
            name: aws.secretsmanager.Secret(
                name,
                name=path(args.environment, name),
                description=f"Read by {', '.join(nodes)}.",
                kms_key_id=args.key,
                recovery_window_in_days=args.recovery_days,
                replicas=replicas,
                tags={"vanta:readers": " ".join(sorted(nodes))},
                opts=self.child(),
            )
            for name, nodes in sorted(args.readers.items())
        }
        self.register_outputs({})

    def read_by(self, node: Node) -> dict[str, pulumi.Output[str]]:
        """The secrets that a machine may read: names, and where they lie."""
        return {
            name: secret.arn for name, secret in self.secrets.items() if node in self._readers[name]
        }
