"""What an alarm listens for is what somebody says: the same names at both ends."""

import json
from typing import Any

import pytest

from infra.topology import NODES
from tests.infra.recording import ENVIRONMENTS, Resource, recorded
from vanta.diagnostics.cloud_metrics import NAMESPACE, Datum, health, snapshot_age
from vanta.diagnostics.finding import Severity

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
PROVIDERS = ("AWS/",)
Heard = tuple[str, str, tuple[tuple[str, str], ...]]


def heard(alarm: Resource) -> Heard:
    dimensions: dict[str, str] = alarm.inputs.get("dimensions", {})
    return (
        alarm.inputs["namespace"],
        alarm.inputs["metricName"],
        tuple(sorted(dimensions.items())),
    )


def said(datum: Datum) -> Heard:
    return (NAMESPACE, datum.name, tuple(sorted(datum.dimensions.items())))


def counted(stack: str) -> set[Heard]:
    """What CloudWatch counts itself, in the lines of a log."""
    found: set[Heard] = set()
    for one in recorded(stack).of("aws:cloudwatch/logMetricFilter:LogMetricFilter"):
        how: dict[str, Any] = one.inputs["metricTransformation"]
        found.add((how["namespace"], how["name"], ()))
    return found


def published(stack: str) -> set[Heard]:
    """What the nodes of an environment put, each by its role."""
    nodes = [node for node in NODES if node != "jump"]
    return {said(health(stack, node, Severity.OK, 0)) for node in nodes} | {
        said(snapshot_age(stack, 0, 0))
    }


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_alarm_listens_for_what_nobody_says(stack: str) -> None:
    ours = {
        heard(alarm)
        for alarm in recorded(stack).of(ALARM)
        if not alarm.inputs["namespace"].startswith(PROVIDERS)
    }
    assert ours == published(stack) | counted(stack)


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_silence_is_an_alarm(stack: str) -> None:
    for alarm in recorded(stack).of(ALARM):
        if heard(alarm) in published(stack):
            assert alarm.inputs["treatMissingData"] == "breaching", alarm.name
            assert alarm.inputs["statistic"] == "Minimum", alarm.name
            # A look a minute, so that one that is late is no silence.
            assert alarm.inputs["period"] >= 180, alarm.name


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_machine_may_put_into_this_namespace_and_no_other(stack: str) -> None:
    recording = recorded(stack)
    assert recording.outputs["metrics"]["namespace"] == NAMESPACE
    for node in NODES:
        text = recording.one("aws:iam/rolePolicy:RolePolicy", node).inputs["policy"]
        [allowed] = [
            one
            for one in json.loads(text)["Statement"]
            if "cloudwatch:PutMetricData" in one["Action"]
        ]
        assert allowed["Condition"] == {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
