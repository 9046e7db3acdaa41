"""The managed Postgres: encrypted, private, restorable to the second, and not deleted by a slip."""

from collections.abc import Iterator
from typing import Any

from vanta_policies.framework import cis, design
from vanta_policies.kinds import DATABASE, DATABASE_PARAMETERS
from vanta_policies.rule import CRITICAL, HIGH, LOW, MEDIUM, Resource, at_least, rule, words


@rule(
    "database-is-encrypted",
    DATABASE,
    grounds=cis("2.2.1"),
    severity=CRITICAL,
    remedy="storage_encrypted=True, kms_key_id=...; an existing one is restored from a snapshot",
)
def encrypted(one: Resource) -> Iterator[str]:
    """A database is encrypted at rest, with a key that is named."""
    if one.at("storageEncrypted") is not True:
        yield "storageEncrypted is not True"
    elif not one.states("kmsKeyId"):
        yield "kmsKeyId is not set"


@rule(
    "database-is-private",
    DATABASE,
    grounds=cis("2.2.3"),
    severity=CRITICAL,
    remedy="publicly_accessible=False",
    repair=lambda inputs: inputs.update(publiclyAccessible=False),
)
def private(one: Resource) -> Iterator[str]:
    """A database has no address outside its network, and that it has none is written down."""
    if one.at("publiclyAccessible") is not False:
        yield "publiclyAccessible is not False"


@rule(
    "database-takes-minor-upgrades",
    DATABASE,
    grounds=cis("2.2.2"),
    severity=MEDIUM,
    remedy="auto_minor_version_upgrade=True, or leave it out",
    repair=lambda inputs: inputs.update(autoMinorVersionUpgrade=True),
)
def upgrades(one: Resource) -> Iterator[str]:
    """A database takes security fixes by itself, in its window."""
    if one.at("autoMinorVersionUpgrade") is False:
        yield "autoMinorVersionUpgrade is False"


def _keep(days: int) -> Any:  # noqa: ANN401 - a repair
    def repair(inputs: dict[str, Any]) -> None:
        inputs["backupRetentionPeriod"] = days

    return repair


@rule(
    "database-can-be-restored",
    DATABASE,
    grounds=design("backups"),
    severity=HIGH,
    remedy="backup_retention_period in days; 0 switches restoring off",
    settings={"days": at_least(1, "How far back any second can be restored.", lowest=1)},
)
def restorable(one: Resource) -> Iterator[str]:
    """Any second of the last days can be restored (PITR)."""
    days = one.number("backupRetentionPeriod") or 0
    if days < one.settings["days"]:
        yield f"backupRetentionPeriod is {days}, less than {one.settings['days']}"


@rule(
    "database-can-be-restored-for-a-month",
    DATABASE,
    grounds=design("backups"),
    severity=HIGH,
    remedy="backup_retention_period, up to 35",
    settings={"days": at_least(30, "How far back any second can be restored.", lowest=7)},
    in_production=True,
    repair=_keep(30),
)
def restorable_long(one: Resource) -> Iterator[str]:
    """In production that goes back a month, since damage is not always seen the same week."""
    days = one.number("backupRetentionPeriod") or 0
    if days < one.settings["days"]:
        yield f"backupRetentionPeriod is {days}, less than {one.settings['days']}"


@rule(
    "database-has-a-standby",
    DATABASE,
    grounds=cis("2.2.4"),
    severity=HIGH,
    remedy="multi_az=True",
    in_production=True,
)
def standby(one: Resource) -> Iterator[str]:
    """In production a database has a standby in another zone."""
    if one.at("multiAz") is not True:
        yield "multiAz is not True"


@rule(
    "database-survives-a-slip",
    DATABASE,
    grounds=design("protection"),
    severity=HIGH,
    remedy="deletion_protection=True",
    in_production=True,
    repair=lambda inputs: inputs.update(deletionProtection=True),
)
def protected(one: Resource) -> Iterator[str]:
    """In production a database cannot be deleted before somebody says twice that it may."""
    if one.at("deletionProtection") is not True:
        yield "deletionProtection is not True"


@rule(
    "database-leaves-a-last-snapshot",
    DATABASE,
    grounds=design("protection"),
    severity=HIGH,
    remedy="skip_final_snapshot=False, final_snapshot_identifier=...",
    in_production=True,
)
def last_snapshot(one: Resource) -> Iterator[str]:
    """In production a database that is deleted leaves a snapshot, and its backups, behind."""
    if one.at("skipFinalSnapshot") is True:
        yield "skipFinalSnapshot is True"
    elif not one.states("finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier is not set, so deleting would fail half way"
    if one.at("deleteAutomatedBackups") is not False:
        yield "deleteAutomatedBackups is not False"


@rule(
    "database-password-is-nobodys",
    DATABASE,
    grounds=design("secrets"),
    severity=CRITICAL,
    remedy="manage_master_user_password=True, and no password",
)
def password(one: Resource) -> Iterator[str]:
    """The database makes its own password and keeps it in Secrets Manager; we write none."""
    if one.states("password") or one.states("passwordWo"):
        yield "a password is written in the program"
    if one.at("manageMasterUserPassword") is not True:
        yield "manageMasterUserPassword is not True"


@rule(
    "database-logs-leave-it",
    DATABASE,
    grounds=design("observability"),
    severity=MEDIUM,
    remedy="enabled_cloudwatch_logs_exports=['postgresql', ...]",
    settings={"logs": words("postgresql", says="Logs that must leave the database.")},
)
def logs(one: Resource) -> Iterator[str]:
    """A database's log is kept where the database cannot change it."""
    exported = one.texts("enabledCloudwatchLogsExports")
    missing = [name for name in one.settings["logs"] if name not in exported]
    if missing:
        yield f"enabledCloudwatchLogsExports lacks {', '.join(missing)}"


@rule(
    "database-snapshots-carry-tags",
    DATABASE,
    grounds=design("costs"),
    severity=LOW,
    remedy="copy_tags_to_snapshot=True",
    repair=lambda inputs: inputs.update(copyTagsToSnapshot=True),
)
def snapshot_tags(one: Resource) -> Iterator[str]:
    """A snapshot says whose it is as its database does."""
    if one.at("copyTagsToSnapshot") is not True:
        yield "copyTagsToSnapshot is not True"


@rule(
    "database-demands-tls",
    DATABASE_PARAMETERS,
    grounds=design("reach"),
    severity=HIGH,
    remedy="ParameterGroupParameterArgs(name='rds.force_ssl', value='1')",
)
def tls(one: Resource) -> Iterator[str]:
    """A database talks to nobody in the clear."""
    given = {each.at("name"): str(each.at("value")) for each in one.each("parameters")}
    if given.get("rds.force_ssl") not in ("1", "1.0"):
        yield "parameters: rds.force_ssl is not 1"


RULES = (
    encrypted,
    private,
    upgrades,
    restorable,
    restorable_long,
    standby,
    protected,
    last_snapshot,
    password,
    logs,
    snapshot_tags,
    tls,
)
