"""What differs between environments: one typed model of `Pulumi.<stack>.yaml`.

Every key under `vanta:` is an object, so that a message can name the value that is wrong the way
`pulumi config set --path` does: `vanta:database.retentionDays`. No secret is among them; where one
is needed it is named, and lies in Secrets Manager.
"""

import json
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from infra.samples import samples_in
from infra.topology import NODES, Node
from vanta.domain.errors import MalformedError, RefusedError

PROJECT = "vanta"

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[1-9]$")]
Zone = Annotated[str, Field(pattern=r"^[a-f]$")]
"""The letter after the region: zone `a` of `us-east-1` is `us-east-1a`."""
Mail = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[a-z]+$", max_length=200)]
Days = Annotated[int, Field(ge=1, le=3650)]
LogDays = Literal[7, 14, 30, 60, 90, 180, 365, 400, 731, 1827, 2557, 3653]
"""What CloudWatch offers."""
SecretName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""As the systemd credential that the service loads is called."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, regex_engine="python-re"
    )


class Account(_Part):
    """Where the environment lies. An account of its own keeps it apart from the others."""

    id: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    region: Region
    replica_region: Region
    """Where copies of what must survive the region go."""
    owned: bool
    """Whether what there is one of in an account (trail, defaults, analyzer) is this stack's."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.replica_region == self.region:
            raise ValueError("a copy in the same region does not survive it")
        return self


class Ownership(_Part):
    """Who answers for it, and who pays."""

    owner: Mail
    cost_centre: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class Network(_Part):
    """The private network, and from where people enter it."""

    cidr: IPv4Network
    zones: Annotated[tuple[Zone, ...], Field(min_length=2, max_length=4)]
    egress_per_zone: bool
    """An inspection and a way out in each zone; else all share those of the first."""
    operators: Annotated[tuple[IPv4Network, ...], Field(min_length=1, max_length=20)]
    """From where SSH to the jump host is open."""
    flow_log_days: LogDays

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.cidr.is_private or not 16 <= self.cidr.prefixlen <= 20:  # noqa: PLR2004
            raise ValueError("cidr: a private range between /16 and /20, such as 10.40.0.0/16")
        if len(set(self.zones)) != len(self.zones):
            raise ValueError("zones: each once")
        wide = [str(net) for net in self.operators if net.prefixlen < 24]  # noqa: PLR2004
        if wide:
            raise ValueError(f"operators: {', '.join(wide)} is wider than a /24")
        return self


class Machine(_Part):
    """One machine."""

    instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]+\.[a-z0-9]+$")]
    zone: Zone
    root_gib: Annotated[int, Field(ge=8, le=1000)]
    data_gib: Annotated[int, Field(ge=0, le=4000)]
    """The volume under `/opt/vanta`, which outlives the machine; 0 for none."""


class Agent(_Part):
    """The Session Manager agent, which Debian's images lack; fetched only if the digest is it."""

    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+){3}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Nodes(_Part):
    """The three nodes and the jump host."""

    image: Annotated[str, Field(pattern=r"^ami-[0-9a-f]{8,17}$")]
    """A Debian 12 image for amd64, by id: what runs changes only when this line does."""
    operator_keys: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(ssh|sk-ssh)-\S+ \S+ .+$")], ...],
        Field(min_length=1, max_length=50),
    ]
    """Public keys that may log in first; Ansible says who may afterwards."""
    agent: Agent | None = None
    jump: Machine
    alpha: Machine
    markets: Machine
    executor: Machine

    def machine(self, node: Node) -> Machine:
        """The machine called `node`."""
        machine: Machine = getattr(self, node)
        return machine


class Nfs(_Part):
    """Alpha's export of builds."""

    gib: Annotated[int, Field(ge=10, le=4000)]


class Database(_Part):
    """The API's Postgres."""

    engine_version: Annotated[str, Field(pattern=r"^[0-9]{2}\.[0-9]+$")]
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")]
    gib: Annotated[int, Field(ge=20, le=4000)]
    max_gib: Annotated[int, Field(ge=20, le=16000)]
    multi_zone: bool
    retention_days: Annotated[int, Field(ge=1, le=35)]
    """How far back any second can be restored."""
    replicated: bool
    """Whether that is possible in the other region, too."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.max_gib <= self.gib:
            raise ValueError("maxGib: more than gib, so that the disk can grow")
        return self


class Cache(_Part):
    """Alpha's Redis: how often its snapshot leaves the machine."""

    snapshot_minutes: Annotated[int, Field(ge=1, le=60)]
    alarm_minutes: Annotated[int, Field(ge=2, le=240)]

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.alarm_minutes < 2 * self.snapshot_minutes:
            raise ValueError("alarmMinutes: twice snapshotMinutes or more, for one late snapshot")
        return self


class Storage(_Part):
    """Buckets: how long nothing in them can be deleted, by whom, and where the copies are."""

    lock: Literal["GOVERNANCE", "COMPLIANCE"]
    """`COMPLIANCE`: not even the account's root shortens it. `GOVERNANCE`: who holds the right."""
    journal_days: Days
    backup_days: Days
    replicated: bool


class Secrets(_Part):
    """Names of secrets, and who may read each; their values are put in by people."""

    readers: dict[SecretName, Annotated[tuple[Node, ...], Field(min_length=1)]]
    recovery_days: Annotated[int, Field(ge=7, le=30)]
    replicated: bool


class Observability(_Part):
    """Logs, alarms, and who hears of them."""

    log_days: LogDays
    mail: Annotated[tuple[Mail, ...], Field(min_length=1, max_length=10)]


class Budget(_Part):
    """What the environment may cost in a month."""

    monthly_usd: Annotated[int, Field(ge=50, le=100_000)]


class Backups(_Part):
    """Copies of the machines' volumes."""

    hourly_days: Days
    daily_days: Annotated[int, Field(ge=7, le=3650)]
    copied: bool
    """Whether each day's copy goes to the other region."""
    locked: bool
    """Whether nobody can delete a copy before its time."""


class Protection(_Part):
    """Whether what holds data can be destroyed by one command."""

    enabled: bool


class Settings(_Part):
    """One environment."""

    account: Account
    ownership: Ownership
    network: Network
    nodes: Nodes
    nfs: Nfs
    database: Database
    cache: Cache
    storage: Storage
    secrets: Secrets
    observability: Observability
    budget: Budget
    backups: Backups
    protection: Protection

    def volumes(self, node: Node) -> list[tuple[str, str, str, int]]:
        """A machine's volumes: what for, where mounted, where attached, and how large."""
        found = [("data", "/opt/vanta", "/dev/sdf", self.nodes.machine(node).data_gib)]
        if node == "alpha":
            found.append(("builds", "/opt/vanta/build", "/dev/sdg", self.nfs.gib))
        return [volume for volume in found if volume[-1]]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for node in NODES:
            if self.nodes.machine(node).zone not in self.network.zones:
                raise ValueError(f"nodes.{node}.zone: not one of network.zones")
        if self.nodes.alpha.data_gib == 0:
            raise ValueError("nodes.alpha.dataGib: its journals outlive the machine")
        return self


def read_settings(stack: str) -> Settings:
    """The settings of the stack that runs.

    Raises:
        MalformedError: a key is unknown or missing, or a value is not what it must be.
        RefusedError: a secret lies in the stack file, or a sample was not replaced.
    """
    file = f"infra/Pulumi.{stack}.yaml"
    prefix = f"{PROJECT}:"
    values: dict[str, object] = {}
    for key, text in sorted({**get_config_env(), **CONFIG.get()}.items()):
        if not key.startswith(prefix):
            continue
        if is_config_secret(key):
            raise RefusedError(
                "a secret in the stack's configuration",
                code="SECRET_IN_CONFIG",
                place=f"{file}: {key}",
                remedy=f"put it into Secrets Manager, and its name under {prefix}secrets.readers",
            )
        values[key.removeprefix(prefix)] = _object(file, key, text)
    try:
        settings = Settings.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        raise _malformed(file, error) from error
    for path, sample, remedy in samples_in(values):
        raise RefusedError(
            f"still the sample {sample}",
            code="SAMPLE",
            place=f"{file}: {prefix}{path}",
            remedy=remedy,
        )
    return settings


def environment() -> str:
    """The environment's name: its stack's."""
    return pulumi.get_stack()


def _object(file: str, key: str, text: str) -> object:
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if not isinstance(value, dict):
        raise MalformedError(
            "not an object",
            code="SETTING",
            place=f"{file}: {key}",
            remedy=f"say which part of it: pulumi config set --path {key}.PART VALUE",
        )
    return value


def _malformed(file: str, error: ValidationError) -> MalformedError:
    first = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    key = f"{PROJECT}:{path}" if path else f"{PROJECT}:*"
    missing = first["type"] == "missing"
    unknown = first["type"] == "extra_forbidden"
    if missing:
        remedy = f"pulumi config set --path {key} VALUE"
    elif unknown:
        remedy = f"pulumi config rm --path {key}; infra/settings.py says which there are"
    else:
        remedy = f"put it right: pulumi config set --path {key} VALUE"
    return MalformedError(
        "nothing is called that" if unknown else first["msg"],
        code="SETTING",
        place=f"{file}: {key}",
        remedy=remedy,
    )
