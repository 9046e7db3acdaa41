"""An environment on AWS: which component gets what of which, and nothing else."""

import pulumi
import pulumi_aws as aws

from infra import addresses, naming, outputs
from infra.components.account import Account, AccountArgs
from infra.components.alarms import Alarms, AlarmsArgs
from infra.components.backups import Backups, BackupsArgs
from infra.components.budget import Budget, BudgetArgs
from infra.components.database import Database, DatabaseArgs
from infra.components.directory import Directory, DirectoryArgs
from infra.components.endpoints import Endpoints, EndpointsArgs
from infra.components.entrance import Entrance, EntranceArgs
from infra.components.firewall import Firewall, FirewallArgs
from infra.components.identity import Identity, IdentityArgs
from infra.components.keys import Keys, KeysArgs
from infra.components.network import Network, NetworkArgs
from infra.components.nodes import Machine, MachineArgs
from infra.components.observability import Observability, ObservabilityArgs
from infra.components.routing import Routing, RoutingArgs
from infra.components.secrets import Secrets, SecretsArgs
from infra.components.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.components.shipping import BACKUPS, Shipping
from infra.components.storage import Storage, StorageArgs
from infra.components.trail_alarms import TrailAlarms, TrailAlarmsArgs
from infra.components.volumes import BACKUP, Volume, VolumeArgs
from infra.components.walls import Walls, WallsArgs
from infra.settings import environment, read_settings
from infra.topology import NODES

stack = environment()
settings = read_settings(stack)
account, region = settings.account.id, settings.account.region
replica_region = settings.account.replica_region
protect = settings.protection.enabled
cidr, zones = settings.network.cidr, settings.network.zones

pulumi.runtime.register_stack_transformation(naming.marks(stack, settings))

# The one way to the provider: in this account, or not at all.
provider = aws.Provider("aws", region=region, allowed_account_ids=[account])
inside = pulumi.ResourceOptions(provider=provider)

keys = Keys(KeysArgs(stack, account, region, replica_region), inside)
observability = Observability(
    ObservabilityArgs(account, settings.observability.mail, keys.logs.arn), inside
)
Budget(BudgetArgs(stack, settings.budget.monthly_usd, observability.topic.arn), inside)

node_addresses = {
    node: addresses.address(cidr, zones.index(settings.nodes.machine(node).zone), node)
    for node in NODES
}
network = Network(
    NetworkArgs(
        environment=stack,
        account=account,
        region=region,
        cidr=cidr,
        zones=zones,
        egress_per_zone=settings.network.egress_per_zone,
        flow_log_days=settings.network.flow_log_days,
        log_key=keys.logs.arn,
    ),
    inside,
)
firewall = Firewall(
    FirewallArgs(
        environment=stack,
        region=region,
        network=network,
        addresses=node_addresses,
        log_key=keys.logs.arn,
        log_days=settings.observability.log_days,
        protect=protect,
    ),
    inside,
)
routing = Routing(RoutingArgs(network, firewall), inside)
Walls(WallsArgs(network, settings.network.operators), inside)
groups = SecurityGroups(SecurityGroupsArgs(network.vpc.id, settings.network.operators), inside)

storage = Storage(
    StorageArgs(
        account=account,
        region=region,
        key=keys.storage.arn,
        lock=settings.storage.lock,
        journal_days=settings.storage.journal_days,
        backup_days=settings.storage.backup_days,
        replica_region=replica_region,
        replica_key=keys.replica.arn,
        replicated=settings.storage.replicated,
    ),
    inside,
)
secrets = Secrets(
    SecretsArgs(
        environment=stack,
        readers=settings.secrets.readers,
        key=keys.secrets.arn,
        recovery_days=settings.secrets.recovery_days,
        replica_region=replica_region if settings.secrets.replicated else None,
        replica_key=keys.replica.arn,
    ),
    inside,
)
Endpoints(
    EndpointsArgs(
        account=account,
        region=region,
        network=network,
        routing=routing,
        group=groups.group("endpoint"),
        buckets=[storage.journals.bucket.arn, storage.backups.bucket.arn],
        locks=pulumi.Output.format("{0}/{1}/locks", storage.backups.bucket.arn, BACKUPS),
    ),
    inside,
)
database = Database(
    DatabaseArgs(
        environment=stack,
        account=account,
        network=network,
        sizes=settings.database,
        group=groups.group("database"),
        key=keys.database.arn,
        log_key=keys.logs.arn,
        log_days=settings.observability.log_days,
        replica_region=replica_region,
        replica_key=keys.replica.arn,
        protect=protect,
    ),
    inside,
)
identity = Identity(
    IdentityArgs(
        environment=stack,
        account=account,
        region=region,
        log_key=keys.logs.arn,
        log_days=settings.observability.log_days,
        secrets={node: list(secrets.read_by(node).values()) for node in NODES},
        secrets_key=keys.secrets.arn,
        statements=Shipping(storage, keys.storage.arn, region).statements(),
    ),
    inside,
)
volumes = {
    node: [
        Volume(
            f"{node}-{purpose}",
            VolumeArgs(
                node=node,
                where=where,
                device=device,
                zone=f"{region}{settings.nodes.machine(node).zone}",
                gib=gib,
                key=keys.volumes.arn,
            ),
            inside,
        )
        for purpose, where, device, gib in settings.volumes(node)
    ]
    for node in NODES
}
machines = {
    node: Machine(
        node,
        MachineArgs(
            region=region,
            network=network,
            machine=settings.nodes.machine(node),
            address=node_addresses[node],
            image=settings.nodes.image,
            operator_keys=settings.nodes.operator_keys,
            agent=settings.nodes.agent,
            group=groups.group(node),
            profile=identity.profiles[node].name,
            key=keys.volumes.arn,
            volumes=volumes[node],
            # Alpha's system has the governance repository and Redis' memory on it.
            root_tags=BACKUP if node == "alpha" else {},
            protect=protect,
        ),
        inside,
    )
    for node in NODES
}
entrance = Entrance(
    EntranceArgs(network, groups.group("entrance"), machines["jump"].instance.id, protect), inside
)
Directory(DirectoryArgs(stack, network.vpc.id, node_addresses, database.instance.address), inside)
Backups(
    BackupsArgs(account, settings.backups, keys.volumes.arn, replica_region, keys.replica.arn),
    inside,
)
Alarms(
    AlarmsArgs(
        environment=stack,
        region=region,
        observability=observability,
        machines=machines,
        database=database,
        database_gib=settings.database.gib,
        firewall=firewall,
        network=network,
        snapshot_minutes=settings.cache.alarm_minutes,
    ),
    inside,
)
if settings.account.owned:
    owned = Account(
        AccountArgs(
            environment=stack,
            account=account,
            region=region,
            storage_key=keys.storage.arn,
            log_key=keys.logs.arn,
            log_days=settings.observability.log_days,
            lock=settings.storage.lock,
            trail_days=settings.storage.journal_days,
        ),
        inside,
    )
    TrailAlarms(TrailAlarmsArgs(owned.trail_log.name, observability), inside)

outputs.export(
    environment=stack,
    settings=settings,
    addresses=node_addresses,
    machines=machines,
    entrance=entrance,
    database=database,
    storage=storage,
    secrets=secrets,
)
