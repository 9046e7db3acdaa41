"""What AWS would make of a request, by the policies of the graph: as much of IAM as they use."""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.made_up import ACCOUNT
from tests.infra.recording import Recording

Statement = Mapping[str, Any]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


_OPERATORS: dict[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": lambda have, wanted: have in wanted,
    "StringNotEquals": lambda have, wanted: have not in wanted,
    "StringLike": lambda have, wanted: any(fnmatchcase(have, one) for one in wanted),
    "Bool": lambda have, wanted: have in wanted,
    "NumericLessThan": lambda have, wanted: float(have) < float(wanted[0]),
}


def speaks_of(statement: Statement, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether a statement is about this request."""
    if not any(fnmatchcase(action, one) for one in _list(statement["Action"])):
        return False
    if not any(fnmatchcase(resource, one) for one in _list(statement["Resource"])):
        return False
    return all(
        key in context and _OPERATORS[operator](context[key], _list(wanted))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def policies_of(stack: Recording, node: str, bucket: str) -> dict[str, list[Statement]]:
    """What a machine's role, its way to S3 and a bucket say."""
    wanted = {
        "role": ("aws:iam/rolePolicy:RolePolicy", node),
        "endpoint": ("aws:ec2/vpcEndpoint:VpcEndpoint", "s3"),
        "bucket": ("aws:s3/bucketPolicy:BucketPolicy", bucket),
    }
    texts = {key: stack.one(*which).inputs["policy"] for key, which in wanted.items()}
    return {key: json.loads(text)["Statement"] for key, text in texts.items()}


def allowed(
    policies: Mapping[str, list[Statement]],
    action: str,
    resource: str,
    *,
    secure: bool = True,
    account: str = ACCOUNT,
) -> bool:
    """Whether role and endpoint allow it, and nobody denies it.

    Args:
        policies: as `policies_of` reads them.
        action: such as `s3:GetObject`.
        resource: its ARN.
        secure: whether it comes by TLS.
        account: whose role asks.
    """
    context = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true" if secure else "false",
        **({"s3:TlsVersion": "1.3"} if secure else {}),
    }
    about = {
        name: {one["Effect"] for one in found if speaks_of(one, action, resource, context)}
        for name, found in policies.items()
    }
    denied = any("Deny" in effects for effects in about.values())
    return not denied and "Allow" in about["role"] and "Allow" in about["endpoint"]
