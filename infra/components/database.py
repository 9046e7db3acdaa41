"""The API's Postgres: managed, encrypted, restorable to any second of its retention."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.network import Network
from infra.permissions import assumed_by
from infra.settings import Database as Sizes

_PARAMETERS = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_min_duration_statement": "1000",
    "log_statement": "ddl",
}
_LOGS = ("postgresql", "upgrade")
_MONITORING = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


@dataclass(frozen=True)
class DatabaseArgs:
    """Its size and retention, who reaches it, and with what it is encrypted."""

    environment: str
    account: str
    network: Network
    sizes: Sizes
    group: pulumi.Input[str]
    key: pulumi.Input[str]
    log_key: pulumi.Input[str]
    log_days: int
    replica_region: str
    replica_key: pulumi.Input[str]
    protect: bool


class Database(Component):
    """One instance; in `prod` another stands by in another zone."""

    def __init__(self, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("database", opts)
        sizes = args.sizes
        identifier = f"vanta-{args.environment}"
        subnets = aws.rds.SubnetGroup(
            "database",
            subnet_ids=[args.network.subnets["data", zone].id for zone in args.network.args.zones],
            opts=self.child(),
        )
        parameters = aws.rds.ParameterGroup(
            "database",
            family=f"postgres{sizes.engine_version.split('.')[0]}",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=name, value=value)
                for name, value in sorted(_PARAMETERS.items())
            ],
            opts=self.child(),
        )
        monitoring = aws.iam.Role(
            "database-monitoring",
            assume_role_policy=assumed_by("monitoring.rds.amazonaws.com", args.account),
            opts=self.child(),
        )
        attached = aws.iam.RolePolicyAttachment(
            "database-monitoring", role=monitoring.name, policy_arn=_MONITORING, opts=self.child()
        )
        # RDS would make them itself, readable by its own key and kept for ever.
        logs = [
            aws.cloudwatch.LogGroup(
                f"database-{kind}",
                name=f"/aws/rds/instance/{identifier}/{kind}",
                retention_in_days=args.log_days,
                kms_key_id=args.log_key,
                opts=self.child(),
            )
            for kind in _LOGS
        ]
        self.instance = aws.rds.Instance(
            "database",
            identifier=identifier,
            engine="postgres",
            engine_version=sizes.engine_version,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            instance_class=sizes.instance_class,
            db_name="vanta",
            username="vanta",
            # RDS makes the password, renews it, and keeps it in Secrets Manager: we never see it.
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.key,
            iam_database_authentication_enabled=True,
            allocated_storage=sizes.gib,
            max_allocated_storage=sizes.max_gib,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.key,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[args.group],
            publicly_accessible=False,
            port=5432,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            parameter_group_name=parameters.name,
            multi_az=sizes.multi_zone,
            backup_retention_period=sizes.retention_days,
            backup_window="21:00-22:00",
            maintenance_window="sat:22:30-sat:23:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{identifier}-last",
            deletion_protection=args.protect,
            apply_immediately=False,
            enabled_cloudwatch_logs_exports=list(_LOGS),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key,
            performance_insights_retention_period=7,
            monitoring_interval=60,
            monitoring_role_arn=monitoring.arn,
            opts=self.child(after=[attached, *logs]),
        )
        if sizes.replicated:
            aws.rds.InstanceAutomatedBackupsReplication(
                "database",
                source_db_instance_arn=self.instance.arn,
                kms_key_id=args.replica_key,
                retention_period=sizes.retention_days,
                region=args.replica_region,
                opts=self.child(),
            )
        self.register_outputs({})

    @property
    def password(self) -> pulumi.Output[str]:
        """Where the password lies; never itself."""
        return self.instance.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
