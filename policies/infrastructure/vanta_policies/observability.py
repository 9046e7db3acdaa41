"""What happened: kept long enough, encrypted, and told to somebody."""

from collections.abc import Iterator
from typing import Any

from vanta_policies.document import open_to_anybody, statements
from vanta_policies.framework import cis, design
from vanta_policies.kinds import ALARM, BUDGET, DETECTOR, LOG_GROUP, TOPIC, TOPIC_POLICY, TRAIL
from vanta_policies.rule import HIGH, LOW, MEDIUM, Resource, at_least, rule


@rule(
    "log-is-encrypted",
    LOG_GROUP,
    grounds=design("observability"),
    severity=MEDIUM,
    remedy="kms_key_id=...",
)
def log_encrypted(one: Resource) -> Iterator[str]:
    """A log lies under a key that is named."""
    if not one.states("kmsKeyId"):
        yield "kmsKeyId is not set"


@rule(
    "log-is-kept-and-ends",
    LOG_GROUP,
    grounds=design("observability"),
    severity=MEDIUM,
    remedy="retention_in_days of at least `days`; without one a log is kept, and paid, for ever",
    settings={"days": at_least(14, "How long a log is kept, at least.", lowest=1)},
)
def log_kept(one: Resource) -> Iterator[str]:
    """How long a log is kept is written down, and is long enough to look something up."""
    days = one.number("retentionInDays") or 0
    if days < one.settings["days"]:
        yield f"retentionInDays is {days or 'not set'}, less than {one.settings['days']}"


@rule(
    "log-is-kept-for-a-year",
    LOG_GROUP,
    grounds=design("observability"),
    severity=MEDIUM,
    remedy="retention_in_days=365 or more",
    settings={"days": at_least(365, "How long a log is kept in production.", lowest=30)},
    in_production=True,
)
def log_kept_long(one: Resource) -> Iterator[str]:
    """In production a log is kept for a year: who asks for it often asks late."""
    days = one.number("retentionInDays") or 0
    if days < one.settings["days"]:
        yield f"retentionInDays is {days or 'not set'}, less than {one.settings['days']}"


def _every_region(inputs: dict[str, Any]) -> None:
    inputs.update(isMultiRegionTrail=True, includeGlobalServiceEvents=True, enableLogging=True)


@rule(
    "trail-records-every-region",
    TRAIL,
    grounds=cis("3.1"),
    severity=HIGH,
    remedy="is_multi_region_trail=True, include_global_service_events=True",
    repair=_every_region,
)
def trail_everywhere(one: Resource) -> Iterator[str]:
    """The trail records what is done in every region, IAM's included, and is switched on."""
    if one.at("isMultiRegionTrail") is not True:
        yield "isMultiRegionTrail is not True"
    for name in ("includeGlobalServiceEvents", "enableLogging"):
        if one.at(name) is False:
            yield f"{name} is False"


@rule(
    "trail-shows-that-it-is-whole",
    TRAIL,
    grounds=cis("3.2"),
    severity=HIGH,
    remedy="enable_log_file_validation=True",
    repair=lambda inputs: inputs.update(enableLogFileValidation=True),
)
def trail_whole(one: Resource) -> Iterator[str]:
    """The trail signs its files, so that one that is changed or missing is seen."""
    if one.at("enableLogFileValidation") is not True:
        yield "enableLogFileValidation is not True"


@rule(
    "trail-is-encrypted",
    TRAIL,
    grounds=cis("3.5"),
    severity=MEDIUM,
    remedy="kms_key_id=...",
)
def trail_encrypted(one: Resource) -> Iterator[str]:
    """The trail lies under a key that is named."""
    if not one.states("kmsKeyId"):
        yield "kmsKeyId is not set"


@rule(
    "threats-are-looked-for",
    DETECTOR,
    grounds=design("observability"),
    severity=HIGH,
    remedy="enable=True, or leave it out",
    repair=lambda inputs: inputs.update(enable=True),
)
def detector_on(one: Resource) -> Iterator[str]:
    """A detector of threats that there is, is on."""
    if one.at("enable") is False:
        yield "enable is False"


@rule(
    "alarm-tells-somebody",
    ALARM,
    grounds=design("observability"),
    severity=HIGH,
    remedy="alarm_actions=[topic.arn]",
)
def alarm_heard(one: Resource) -> Iterator[str]:
    """An alarm that goes off tells somebody."""
    if one.at("actionsEnabled") is False:
        yield "actionsEnabled is False"
    given = one.given.get("alarmActions") if not one.pending("alarmActions") else True
    if not given:
        yield "alarmActions is empty"


@rule(
    "alarm-says-what-it-means",
    ALARM,
    grounds=design("observability"),
    severity=LOW,
    remedy="alarm_description=... in a sentence for whoever is woken, treat_missing_data=...",
)
def alarm_clear(one: Resource) -> Iterator[str]:
    """An alarm says what it means, and what silence means, to whoever is woken by it."""
    if len(str(one.at("alarmDescription") or "")) < 15:  # noqa: PLR2004 - no sentence is shorter
        yield "alarmDescription is missing"
    if one.at("treatMissingData") is None:
        yield "treatMissingData is not set: silence means whatever AWS says"


@rule(
    "topic-is-encrypted",
    TOPIC,
    grounds=design("observability"),
    severity=MEDIUM,
    remedy="kms_master_key_id=...",
)
def topic_encrypted(one: Resource) -> Iterator[str]:
    """What a topic holds lies under a key that is named."""
    if not one.states("kmsMasterKeyId"):
        yield "kmsMasterKeyId is not set"


@rule(
    "topic-is-for-those-it-names",
    TOPIC_POLICY,
    TOPIC,
    grounds=design("observability"),
    severity=HIGH,
    remedy="name the service, and bind it by aws:SourceAccount",
    document=True,
)
def topic_closed(one: Resource) -> Iterator[str]:
    """Only whom a topic names may write to it, for this account alone: false alarms are weapons."""
    for each in open_to_anybody(one, "policy"):
        yield f"{each.where} allows {', '.join(each.actions)} to everybody"
    for each in statements(one, "policy"):
        bound = each.demands("aws:SourceAccount") or each.demands("aws:SourceArn")
        if each.allows and each.principals.get("Service") and not bound:
            services = ", ".join(each.principals["Service"])
            yield f"{each.where} lets {services} write for whoever asks"


@rule(
    "budget-tells-before-it-is-spent",
    BUDGET,
    grounds=design("costs"),
    severity=MEDIUM,
    remedy="a notification of type FORECASTED at 100 % or less, with a subscriber",
)
def budget_tells(one: Resource) -> Iterator[str]:
    """A budget has a limit, and tells somebody when it looks as if it would be passed."""
    if not float(one.at("limitAmount") or 0) > 0 and not one.states("plannedLimits"):
        yield "limitAmount is not set"
    early = [
        each
        for each in one.each("notifications")
        if each.at("notificationType") == "FORECASTED" and (each.number("threshold") or 101) <= 100  # noqa: PLR2004 - percent
    ]
    if not early:
        yield "nobody is told of a forecast"
    subscribers = ("subscriberEmailAddresses", "subscriberSnsTopicArns")
    if early and not any(each.states(path) for each in early for path in subscribers):
        yield "the notification of a forecast has no subscriber"


RULES = (
    log_encrypted,
    log_kept,
    log_kept_long,
    trail_everywhere,
    trail_whole,
    trail_encrypted,
    detector_on,
    alarm_heard,
    alarm_clear,
    topic_encrypted,
    topic_closed,
    budget_tells,
)
