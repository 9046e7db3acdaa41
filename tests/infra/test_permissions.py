"""What every policy of the graph permits: whole actions, narrow resources, the right reader."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.permissions import Statement
from infra.topology import NODES
from tests.infra.judged import allowed, policies_of
from tests.infra.recording import ENVIRONMENTS, recorded
from vanta.node.config import AlpacaConfig, BybitConfig, CoinbaseConfig, TradierConfig

_WHOLE_ACCOUNT = {
    # AWS knows no narrower resource for these.
    "cloudwatch:PutMetricData",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
"""What a role may be allowed on `*`."""


@dataclass(frozen=True)
class Policy:
    """One policy document of the graph."""

    kind: str
    name: str
    key: str
    statements: list[dict[str, Any]]

    @property
    def on_a_resource(self) -> bool:
        """Whether it lies on what it speaks of, where `*` means that one thing."""
        return self.kind.split(":")[-1] in {"BucketPolicy", "Key", "TopicPolicy", "VpcEndpoint"}


def policies(stack: str) -> Iterator[Policy]:
    """Every document: whatever is JSON and has statements, wherever it stands."""
    for resource in recorded(stack).resources:
        for key, value in resource.inputs.items():
            if isinstance(value, str) and '"Statement"' in value:
                document = json.loads(value)
                assert document["Version"] == "2012-10-17"
                yield Policy(resource.type, resource.name, key, document["Statement"])


def _allowed(policy: Policy) -> list[dict[str, Any]]:
    return [one for one in policy.statements if one["Effect"] == "Allow"]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_every_role_key_bucket_topic_and_endpoint_has_a_policy(stack: str) -> None:
    recording = recorded(stack)
    found = {(policy.kind, policy.name) for policy in policies(stack)}
    for kind in (
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/key:Key",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
    ):
        names = {resource.name for resource in recording.of(kind)}
        assert names
        assert {(kind, name) for name in names} <= found
    buckets = {bucket.name for bucket in recording.of("aws:s3/bucket:Bucket")}
    assert buckets == {one.name for one in recording.of("aws:s3/bucketPolicy:BucketPolicy")}


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_action_is_a_pattern(stack: str) -> None:
    for policy in policies(stack):
        for statement in policy.statements:
            assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), policy
            if statement["Effect"] == "Allow":
                assert all("*" not in action for action in statement["Action"]), policy


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_role_is_allowed_on_everything_only_what_knows_nothing_narrower(stack: str) -> None:
    for policy in policies(stack):
        if policy.on_a_resource:
            continue
        for statement in _allowed(policy):
            if "*" in statement.get("Resource", []):
                assert set(statement["Action"]) <= _WHOLE_ACCOUNT, policy.name


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_everybody_is_allowed_nothing_but_through_our_own_endpoints(stack: str) -> None:
    for policy in policies(stack):
        for statement in _allowed(policy):
            if statement.get("Principal") != "*":
                continue
            assert policy.kind == "aws:ec2/vpcEndpoint:VpcEndpoint", policy.name
            ours = "aws:PrincipalAccount" in json.dumps(statement.get("Condition", {}))
            # The agent of Session Manager lies in a bucket that is everybody's to read.
            assert ours or statement["Sid"] == "Agent"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_services_act_for_this_account_alone(stack: str) -> None:
    for policy in policies(stack):
        for statement in _allowed(policy):
            principal = statement.get("Principal", {})
            if not isinstance(principal, dict) or "Service" not in principal:
                continue
            if principal["Service"] == "ec2.amazonaws.com":
                continue  # states no source: the profile says which machine
            assert any(
                key in json.dumps(statement["Condition"])
                for key in ("aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext")
            ), policy


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_who_reads_which_secret_is_what_the_stack_file_says(stack: str) -> None:
    recording = recorded(stack)
    arns = {
        secret.answers["arn"]: secret for secret in recording.of("aws:secretsmanager/secret:Secret")
    }
    for node in NODES:
        policy = json.loads(recording.one("aws:iam/rolePolicy:RolePolicy", node).inputs["policy"])
        readable = {
            arns[arn].name
            for statement in policy["Statement"]
            if "secretsmanager:GetSecretValue" in statement["Action"]
            for arn in statement["Resource"]
        }
        assert readable == {
            secret.name
            for secret in arns.values()
            if node in secret.inputs["tags"]["vanta:readers"].split()
        }


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_brokers_keys_are_the_executors_alone(stack: str) -> None:
    fields = {"key", "secret", "token"}
    brokers = {
        model.model_fields[name].default
        for model in (AlpacaConfig, BybitConfig, CoinbaseConfig, TradierConfig)
        for name in fields & set(model.model_fields)
    }
    secrets = recorded(stack).of("aws:secretsmanager/secret:Secret")
    readers = {secret.name: secret.inputs["tags"]["vanta:readers"] for secret in secrets}
    held = brokers & set(readers)
    assert held
    assert {readers[name] for name in held} == {"executor"}


OBJECTS = {
    "journals": ("alpha/x", "markets/x", "executor/x"),
    "backups": (
        "alpha/config",
        "alpha/data/00/x",
        "alpha/index/x",
        "alpha/keys/x",
        "alpha/locks/x",
        "alpha/snapshots/x",
        "x",
    ),
}
"""Something in every folder of the buckets that machines put things into."""


def _may(stack: str, node: str, action: str) -> set[str]:
    """Which of them a machine may do this to, all policies taken together."""
    return {
        f"{bucket}: {key}"
        for bucket, keys in OBJECTS.items()
        for key in keys
        if allowed(
            policies_of(recorded(stack), node, bucket), action, f"{_arn(stack, bucket)}/{key}"
        )
    }


def _arn(stack: str, bucket: str) -> str:
    arn: str = recorded(stack).one("aws:s3/bucket:Bucket", bucket).answers["arn"]
    return arn


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_machine_reads_or_deletes_what_it_shipped(stack: str) -> None:
    """Alpha reads what says which parts there are, and takes away its own locks: decision 34."""
    described = {f"backups: {key}" for key in OBJECTS["backups"] if key.startswith("alpha/")}
    parts = {"backups: alpha/data/00/x"}
    puts = {
        "jump": set(),
        "markets": {"journals: markets/x"},
        "executor": {"journals: executor/x"},
        "alpha": {"journals: alpha/x"} | described,
    }
    for node in NODES:
        alpha = node == "alpha"
        assert _may(stack, node, "s3:PutObject") == puts[node]
        assert _may(stack, node, "s3:GetObject") == (described - parts if alpha else set())
        assert _may(stack, node, "s3:DeleteObject") == (
            {"backups: alpha/locks/x"} if alpha else set()
        )
        for never in (
            "s3:BypassGovernanceRetention",
            "s3:DeleteObjectVersion",
            "s3:GetObjectVersion",
            "s3:PutObjectRetention",
        ):
            assert _may(stack, node, never) == set()


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_nothing_is_put_in_the_clear_or_by_another_account(stack: str) -> None:
    policies = policies_of(recorded(stack), "alpha", "backups")
    put = ("s3:PutObject", f"{_arn(stack, 'backups')}/alpha/data/00/x")
    assert allowed(policies, *put)
    assert not allowed(policies, *put, secure=False)
    assert not allowed(policies, *put, account="1" * 12)


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_nothing_goes_by_its_age_alone(stack: str) -> None:
    """Today's backup is made of parts that lie in the store since the first one."""
    rules = recorded(stack).of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    for rule in (one for found in rules for one in found.inputs["rules"]):
        assert set(rule.get("expiration", {})) <= {"expiredObjectDeleteMarker"}
        classes = {one["storageClass"] for one in rule["transitions"]}
        assert classes <= {"GLACIER_IR", "STANDARD_IA"}, "restic reads at once, or not at all"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_bucket_refuses_what_is_not_encrypted_on_the_way_and_who_is_not_ours(stack: str) -> None:
    for policy in policies(stack):
        if policy.kind != "aws:s3/bucketPolicy:BucketPolicy":
            continue
        denied = {one["Sid"]: one for one in policy.statements if one["Effect"] == "Deny"}
        assert {"TlsOnly", "ModernTlsOnly", "OursOnly"} == set(denied)
        assert denied["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert all(one["Principal"] == "*" and len(one["Resource"]) == 2 for one in denied.values())


def test_a_pattern_is_refused_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="not s3:Get"):
        Statement("Loose", ["s3:Get*"], ["*"])
