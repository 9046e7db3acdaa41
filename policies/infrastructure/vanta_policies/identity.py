"""Who may do what: one narrow role a node, no people, no keys, and trust with conditions."""

from collections.abc import Iterator

from vanta_policies.document import Statement, statements
from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    ACCESS_KEY,
    POLICY,
    ROLE,
    ROLE_ATTACHMENT,
    ROLE_POLICY,
    USER,
    USER_LOGIN,
)
from vanta_policies.rule import CRITICAL, HIGH, MEDIUM, Resource, at_least, rule, words

_UNBOUND = (
    # Session Manager and its agent: AWS knows no resource for these.
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
    "cloudwatch:PutMetricData",
    "ec2:DescribeInstances",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
)
_ESCALATING = frozenset(
    {
        "iam:addusertogroup",
        "iam:attachgrouppolicy",
        "iam:attachrolepolicy",
        "iam:attachuserpolicy",
        "iam:createaccesskey",
        "iam:createloginprofile",
        "iam:createpolicyversion",
        "iam:deleterolepermissionsboundary",
        "iam:passrole",
        "iam:putgrouppolicy",
        "iam:putrolepermissionsboundary",
        "iam:putrolepolicy",
        "iam:putuserpolicy",
        "iam:setdefaultpolicyversion",
        "iam:updateassumerolepolicy",
        "iam:updateloginprofile",
        "ec2:replaceiaminstanceprofileassociation",
        "ec2:associateiaminstanceprofile",
        "kms:putkeypolicy",
        "organizations:leaveorganization",
        "secretsmanager:putresourcepolicy",
        "sts:assumerole",
    }
)
"""Actions by which a role makes itself, or another, more than it is."""


def _granted(one: Resource) -> Iterator[Statement]:
    """What a role, or a policy for one, allows."""
    if one.kind != ROLE:
        yield from (each for each in statements(one, "policy") if each.allows)
        return
    for inline in one.each("inlinePolicies"):
        within = Resource(one.kind, one.name, inline.given, one.settings)
        yield from (each for each in statements(within, "policy") if each.allows)


@rule(
    "policy-has-no-wildcard-action",
    ROLE_POLICY,
    POLICY,
    ROLE,
    grounds=(cis("1.15"), design("identity")),
    severity=CRITICAL,
    remedy="write each action's whole name",
    document=True,
)
def whole_actions(one: Resource) -> Iterator[str]:
    """A policy allows actions by their whole names, so that no new one is allowed with them."""
    for each in _granted(one):
        loose = [action for action in each.actions if "*" in action or "?" in action]
        if loose:
            yield f"{each.where} allows {', '.join(loose)}"


@rule(
    "policy-names-its-resources",
    ROLE_POLICY,
    POLICY,
    ROLE,
    grounds=(cis("1.15"), design("identity")),
    severity=HIGH,
    remedy="name the resource; where AWS knows none, add the action to `unbound`",
    settings={"unbound": words(*_UNBOUND, says="Actions that AWS binds to no resource.")},
    document=True,
)
def bound_resources(one: Resource) -> Iterator[str]:
    """A policy says on what; on everything only where AWS knows nothing narrower."""
    known = {action.lower() for action in one.settings["unbound"]}
    for each in _granted(one):
        if "*" not in each.resources:
            continue
        loose = [action for action in each.actions if action.lower() not in known]
        if loose:
            yield f"{each.where} allows {', '.join(loose)} on everything"


@rule(
    "policy-allows-by-naming",
    ROLE_POLICY,
    POLICY,
    ROLE,
    grounds=design("identity"),
    severity=HIGH,
    remedy="Action and Resource; NotAction and NotResource only where Effect is Deny",
    document=True,
)
def named(one: Resource) -> Iterator[str]:
    """A policy allows what it names, and never everything but what it names."""
    for each in _granted(one):
        if each.inverted:
            yield f"{each.where} allows by {', '.join(each.inverted)}"


@rule(
    "policy-cannot-raise-itself",
    ROLE_POLICY,
    POLICY,
    ROLE,
    grounds=(cis("1.15"), design("identity")),
    severity=CRITICAL,
    remedy="leave it to people, who need a second one for it; PassRole names one role and the"
    " service by iam:PassedToService",
    document=True,
)
def no_escalation(one: Resource) -> Iterator[str]:
    """No role can give itself, or take from another, more than it has."""
    for each in _granted(one):
        for action in each.actions:
            if action.lower() not in _ESCALATING:
                continue
            passed = each.demands("iam:PassedToService") and "*" not in "".join(each.resources)
            if action.lower() != "iam:passrole" or not passed:
                yield f"{each.where} allows {action}"


@rule(
    "role-trusts-nobody-it-does-not-name",
    ROLE,
    grounds=design("identity"),
    severity=CRITICAL,
    remedy="name the service, and aws:SourceAccount; name the account, and sts:ExternalId or its"
    " organisation",
    settings={
        "services": words(
            "ec2.amazonaws.com",
            "backup.amazonaws.com",
            "cloudtrail.amazonaws.com",
            "dlm.amazonaws.com",
            "monitoring.rds.amazonaws.com",
            "s3.amazonaws.com",
            "vpc-flow-logs.amazonaws.com",
            says="Services that may take a role.",
        ),
        "sourceless": words(
            "ec2.amazonaws.com", says="Of these, the ones that state no source account."
        ),
    },
    document=True,
)
def narrow_trust(one: Resource) -> Iterator[str]:
    """Who may take a role is named: services of the list, for this account's own sake alone."""
    trusting = [each for each in statements(one, "assumeRolePolicy") if each.allows]
    if not trusting:
        yield "assumeRolePolicy names nobody"
    for each in trusting:
        if each.anybody or each.inverted:
            yield f"{each.where} trusts everybody"
        for service in each.principals.get("Service", ()):
            sourced = each.demands("aws:SourceAccount") or each.demands("aws:SourceArn")
            if service not in one.settings["services"]:
                yield f"{each.where} trusts {service}, which is not on the list"
            elif not sourced and service not in one.settings["sourceless"]:
                yield f"{each.where} trusts {service} for whoever asks it: no aws:SourceAccount"
        for account in each.principals.get("AWS", ()):
            known = each.demands("sts:ExternalId") or each.demands("aws:PrincipalOrgID")
            if account != "*" and not known:
                yield f"{each.where} trusts {account} without sts:ExternalId or aws:PrincipalOrgID"


@rule(
    "federated-role-names-its-subject",
    ROLE,
    grounds=design("identity"),
    severity=CRITICAL,
    remedy="StringEquals on the provider's :aud and :sub, the whole of both",
    document=True,
)
def federated_subject(one: Resource) -> Iterator[str]:
    """A role that a forge's workflows take names the audience and the one subject, without `*`."""
    for each in statements(one, "assumeRolePolicy"):
        for provider in each.principals.get("Federated", ()):
            name = provider.rpartition("oidc-provider/")[2]
            for claim in ("aud", "sub"):
                values = each.demands(f"{name}:{claim}", "StringEquals")
                if not values or any("*" in value for value in values):
                    yield f"{each.where} trusts {name} whatever its {claim}"


@rule(
    "role-session-is-short",
    ROLE,
    grounds=design("identity"),
    severity=MEDIUM,
    remedy="max_session_duration=3600, or leave it out",
    settings={"seconds": at_least(3600, "The longest session.", lowest=900)},
    repair=lambda inputs: inputs.update(maxSessionDuration=3600),
)
def short_session(one: Resource) -> Iterator[str]:
    """What is stolen from a role's session is worth an hour."""
    seconds = one.number("maxSessionDuration")
    if seconds is not None and seconds > one.settings["seconds"]:
        yield f"maxSessionDuration is {seconds}"


@rule(
    "role-has-no-broad-policy",
    ROLE_ATTACHMENT,
    ROLE,
    grounds=(cis("1.15"), design("identity")),
    severity=CRITICAL,
    remedy="write the few actions it needs into a policy of its own",
    settings={
        "allowed": words(
            "AWSBackupServiceRolePolicyForBackup",
            "AWSBackupServiceRolePolicyForRestores",
            "AmazonRDSEnhancedMonitoringRole",
            says="AWS's own policies that may be attached: of services, and none of a machine.",
        )
    },
)
def no_managed(one: Resource) -> Iterator[str]:
    """No role has a policy that AWS writes, and may widen, unless it is on the list."""
    paths = ("managedPolicyArns",) if one.kind == ROLE else ("policyArn",)
    for path in paths:
        # A policy of our own is not known before it is made, and is judged by itself.
        if not one.states(path) or one.pending(path):
            continue
        for arn in one.texts(path):
            name = arn.rpartition("/")[2]
            if arn.startswith("arn:aws:iam::aws:policy/") and name not in one.settings["allowed"]:
                yield f"{path}: {name}"


@rule(
    "nobody-has-a-key",
    USER,
    USER_LOGIN,
    ACCESS_KEY,
    grounds=cis("1.12"),
    severity=CRITICAL,
    remedy="people come through the identity provider, machines and workflows take roles",
)
def no_people(one: Resource) -> Iterator[str]:
    """The program makes no user, no password and no access key: what does not end gets lost."""
    yield f"{one.name} is one"


RULES = (
    whole_actions,
    bound_resources,
    named,
    no_escalation,
    narrow_trust,
    federated_subject,
    short_session,
    no_managed,
    no_people,
)
