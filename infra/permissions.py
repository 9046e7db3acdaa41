"""Policy documents of IAM, made of typed statements. An action is a whole name: no `*` in any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

Text = pulumi.Input[str]
Condition = Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]]
"""Operator, key and value, such as `{"Bool": {"aws:SecureTransport": "false"}}`."""

EVERYTHING = "*"
"""As a resource: where AWS knows no narrower one, or where the document lies on the resource."""


@dataclass(frozen=True)
class Statement:
    """Who may, or may not, do what to which resources.

    `principals` maps `AWS`, `Service` or `Federated` to names; none for a policy of a role, whose
    principal is the role.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[Text] = ()
    principals: Mapping[str, Text | Sequence[Text]] | Literal["*"] | None = None
    conditions: Condition = field(default_factory=dict)
    effect: Literal["Allow", "Deny"] = "Allow"

    def __post_init__(self) -> None:
        if loose := [action for action in self.actions if "*" in action and self.effect == "Allow"]:
            raise ValueError(f"{self.sid}: an action is a whole name, not {', '.join(loose)}")

    def as_dict(self) -> dict[str, object]:
        """In the words of IAM."""
        found: dict[str, object] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
        }
        if self.principals is not None:
            found["Principal"] = (
                self.principals if isinstance(self.principals, str) else dict(self.principals)
            )
        if self.resources:
            found["Resource"] = list(self.resources)
        if self.conditions:
            found["Condition"] = {
                operator: dict(keys) for operator, keys in self.conditions.items()
            }
        return found


def document(*statements: Statement) -> pulumi.Output[str]:
    """The document that IAM reads, once every name in it is known."""
    sids = [statement.sid for statement in statements]
    if twice := sorted({sid for sid in sids if sids.count(sid) > 1}):
        raise ValueError(f"two statements are called {', '.join(twice)}")
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [statement.as_dict() for statement in statements]}
    )


def assumed_by(service: str, account: str, source_arn: str = "") -> pulumi.Output[str]:
    """A role's trust in one AWS service, acting for this account and nobody else's."""
    conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": account}}
    if source_arn:
        conditions["ArnLike"] = {"aws:SourceArn": source_arn}
    return document(
        Statement(
            "Assume",
            ["sts:AssumeRole"],
            principals={"Service": service},
            # EC2 hands roles to its own machines and states no source.
            conditions={} if service == "ec2.amazonaws.com" else conditions,
        )
    )
