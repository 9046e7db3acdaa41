"""The program's own stacks pass every policy, in every environment (graph-verified)."""

import pytest

from tests.infra.recording import ENVIRONMENTS
from tests.policies.infrastructure.engine import Answer, Engine, Made
from tests.policies.infrastructure.own_stacks import own_stack
from vanta_policies.pack import RULES

pytestmark = pytest.mark.timeout(600)
"""Recording a stack takes long on a machine that does other things."""


def told(answer: Answer) -> list[str]:
    return [f"{one.urn} {one.policy}: {one.message}" for one in answer.said]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_resource_and_the_whole_pass(environment: str, updating: Engine) -> None:
    stack = own_stack(environment)
    for made in stack:
        assert not told(updating.analyze(made))
    assert not told(updating.analyze_stack(stack))


def test_a_preview_leaves_nothing_open_but_documents(previewing: Engine) -> None:
    stack = own_stack("prod", preview=True)
    documents = {rule.name for rule in RULES if rule.document}
    open_still: set[str] = set()
    for made in stack:
        said = previewing.analyze(made).said
        assert {one.level for one in said} <= {"advisory"}
        assert {one.policy for one in said} <= documents
        assert all("during preview" in one.message for one in said)
        open_still |= {made.kind for _ in said}
    # Each is a document, or a first boot, that names what does not exist yet. One more here is one
    # that nobody can look at before an update.
    assert open_still <= {
        "aws:ec2/instance:Instance",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/key:Key",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:sns/topicPolicy:TopicPolicy",
    }
    assert not told(previewing.analyze_stack(stack))


def test_what_judges_production_judges_it(updating: Engine) -> None:
    """A policy that applies to nothing of the program would pass whatever it said."""
    stack = own_stack("prod")
    one_of_each = {made.kind: made for made in stack}.values()
    resources = {rule.name for rule in RULES}
    idle = resources.intersection(*(updating.analyze(made).elsewhere for made in one_of_each))
    idle |= {*updating.analyze_stack(stack).elsewhere}
    # These are about what the program makes none of.
    assert idle == {
        "nobody-has-a-key",
        "secret-has-no-value-here",
        "secret-is-not-shared-out",
    }


def test_dev_would_not_do_for_production(updating: Engine) -> None:
    """That production is asked more is seen by asking it of what dev is."""
    said: set[str] = set()
    kinds = {kind for rule in RULES if rule.in_production for kind in rule.kinds}
    for made in (one for one in own_stack("dev") if one.kind in kinds):
        moved = Made(made.kind, made.inputs, made.name, made.needs, "prod", made.protect)
        said |= updating.analyze(moved).policies
    assert said >= {
        "bucket-lock-holds-in-production",
        "copies-outlive-the-region",
        "data-is-protected-in-production",
        "database-can-be-restored-for-a-month",
        "database-has-a-standby",
        "database-survives-a-slip",
        "entrance-stands-in-production",
        "firewall-stands-in-production",
        "instance-survives-a-slip",
        "log-is-kept-for-a-year",
    }
