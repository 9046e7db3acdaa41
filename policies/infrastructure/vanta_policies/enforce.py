"""A judgement in Pulumi's dress: settings, exemptions, what is not known, and repairs.

Pulumi makes a mandatory policy that meets an unknown value advisory, and goes on. Here it is a
violation like any other: a value that is judged is written in the program. Only a document that
names other resources is let through a preview, and judged before its resource is made.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ResourceRemediation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import deserialize_properties, serialize_properties
from pulumi_policy.policy import PolicyResource, ReportViolation
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from vanta_policies.document import UnreadableDocumentError
from vanta_policies.rule import Resource, Rule
from vanta_policies.stack import Member, Stack, StackRule

ENVIRONMENT_TAG = "vanta:environment"
_UNKNOWN = (
    "{path} is not known before it is made, so nobody can say whether this holds: write the value"
    " in the program"
)


def resource_policy(rule: Rule) -> ResourceValidationPolicy:
    """A policy over one resource, for Pulumi."""
    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.says,
        validate=_validation(rule),
        # The SDK calls it, and awaits what can be awaited; its types say it always can.
        remediate=cast("ResourceRemediation", _remediation(rule)) if rule.repair else None,
        **_about(rule),
    )


def stack_policy(rule: StackRule) -> StackValidationPolicy:
    """A policy over a whole stack, for Pulumi."""
    return StackValidationPolicy(
        name=rule.name, description=rule.says, validate=_stack_validation(rule), **_about(rule)
    )


def _about(rule: Rule | StackRule) -> dict[str, Any]:
    first = rule.grounds[0]
    return {
        "enforcement_level": EnforcementLevel.MANDATORY,
        "config_schema": PolicyConfigSchema(rule.schema),
        "display_name": rule.name.replace("-", " ").capitalize(),
        "severity": rule.severity,
        "framework": PolicyComplianceFramework(
            first.framework, first.version, first.item, first.title
        ),
        "tags": [f"{one.framework} {one.item}" for one in rule.grounds],
        "remediation_steps": rule.remedy,
    }


def _settled(rule: Rule | StackRule, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy was told, with its defaults. Numbers come as floats over the wire."""
    settings = {name: schema["default"] for name, schema in rule.schema.items()} | dict(told)
    return {name: _whole(value) for name, value in settings.items()}


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _strange(rule: Rule | StackRule, told: Mapping[str, Any]) -> str:
    """What is wrong with what a policy was told: the engine lets a misspelt setting pass."""
    strange = sorted(set(told) - set(rule.schema))
    return f"its configuration has no setting {', '.join(strange)}" if strange else ""


def environment_of(urn: str) -> str:
    """The stack a URN is of: `urn:pulumi:STACK::PROJECT::...`."""
    return urn.partition("::")[0].rpartition(":")[2]


def _in_production(
    settings: Mapping[str, Any], urn: str, stack_tags: Mapping[str, str], own: str | None
) -> bool:
    """Whether it trades with money: by the stack's name, the stack's tag, or the resource's own.

    One of them is enough, so that renaming a stack does not make production of less.
    """
    names = (environment_of(urn), stack_tags.get(ENVIRONMENT_TAG), own)
    return any(name in settings["production"] for name in names)


def _exemption(settings: Mapping[str, Any], name: str) -> tuple[str, bool]:
    """Why a resource is exempt, and whether it still is; nothing where it never was."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for one in settings["exempt"]:
        if one["name"] == name:
            return f"{one['reason']} (until {one['until']})", today <= one["until"]
    return "", False


def _said(rule: Rule | StackRule, what: str) -> str:
    return f"{what}\n  remedy: {rule.remedy}"


def _resource(args: ResourceValidationArgs, settings: Mapping[str, Any]) -> Resource:
    return Resource(
        args.resource_type,
        args.name,
        args.props,
        settings,
        environment=environment_of(args.urn),
        protected=args.opts.protect,
        # A provider is judged by its own inputs, and judges nothing.
        provider=args.provider.props if args.provider else None,
    )


def _validation(rule: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        reason, exempt = _applies(rule, args)
        if reason and exempt:
            args.not_applicable(reason)
        told = args.get_config()
        if strange := _strange(rule, told):
            report(_said(rule, strange), None)
        ended = f" (its exemption has ended: {reason})" if reason else ""
        one = _resource(args, _settled(rule, told))
        try:
            for what in rule.judge(one):
                report(_said(rule, what + ended), None)
        except UnknownValueError as unknown:
            # What cannot be told in a preview is told in the update, before anything is made.
            if rule.document and pulumi.runtime.is_dry_run():
                raise
            report(_said(rule, _UNKNOWN.format(path=".".join(unknown.props))), None)
        except (UnreadableDocumentError, ValueError) as error:
            report(_said(rule, f"cannot be read: {error}"), None)

    return validate


def _applies(rule: Rule, args: ResourceValidationArgs) -> tuple[str, bool]:
    """Why a policy does not judge a resource, or would not have until its exemption ended."""
    if args.resource_type not in rule.kinds:
        return "not of a kind it judges", True
    settings = _settled(rule, args.get_config())
    if rule.in_production:
        try:
            own = _resource(args, settings).tag(ENVIRONMENT_TAG)
        except UnknownValueError:
            own = None
        if not _in_production(settings, args.urn, args.stack_tags, own):
            return "holds in production alone", True
    return _exemption(settings, args.name)


def _remediation(rule: Rule) -> Callable[[ResourceValidationArgs], Mapping[str, Any] | None]:
    def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        reason, exempt = _applies(rule, args)
        if reason and exempt:
            args.not_applicable(reason)
        # A copy with secrets and unknowns as they came over the wire, so that they go back so.
        inputs = dict(serialize_properties(args.props))
        if not _complaints(rule, args, inputs):
            return None
        assert rule.repair is not None  # noqa: S101 - `resource_policy` asks
        rule.repair(inputs)
        return inputs

    return remediate


def _complaints(rule: Rule, args: ResourceValidationArgs, inputs: dict[str, Any]) -> list[str]:
    settings = _settled(rule, args.get_config())
    read = unknown_checking_proxy(deserialize_properties(inputs))
    one = Resource(
        args.resource_type, args.name, read, settings, environment=environment_of(args.urn)
    )
    return list(rule.judge(one))


def _stack_validation(rule: StackRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        told = args.get_config()
        settings = _settled(rule, told)
        stack = Stack((_member(one, settings) for one in args.resources), settings)
        if rule.kinds and not list(stack.of(*rule.kinds)):
            args.not_applicable("nothing of a kind it judges")
        if rule.in_production and not _produces(stack, settings, args.stack_tags):
            args.not_applicable("holds in production alone")
        if strange := _strange(rule, told):
            report(_said(rule, strange), None)
        try:
            for what, urn in _findings(rule, stack, settings):
                report(_said(rule, what), urn)
        except UnknownValueError as unknown:
            report(_said(rule, _UNKNOWN.format(path=".".join(unknown.props))), None)
        except ValueError as error:
            report(_said(rule, f"cannot be read: {error}"), None)

    return validate


def _findings(
    rule: StackRule, stack: Stack, settings: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    for found in rule.judge(stack):
        if found.member is None:
            yield found.says, None
            continue
        reason, exempt = _exemption(settings, found.member.name)
        if not exempt:
            ended = f" (its exemption has ended: {reason})" if reason else ""
            yield f"{found.member.name}: {found.says}{ended}", found.member.urn


def _produces(stack: Stack, settings: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    urn = stack.members[0].urn if stack.members else ""
    return _in_production(settings, urn, tags, None)


def _member(given: PolicyResource, settings: Mapping[str, Any]) -> Member:
    return Member(
        given.resource_type,
        given.name,
        given.props,
        settings,
        urn=given.urn,
        needs={
            path: tuple(one.urn for one in many)
            for path, many in given.property_dependencies.items()
        },
        environment=environment_of(given.urn),
        protected=given.opts.protect,
    )
