"""A node's own configuration, `etc/node.yaml`: who it is, and where its neighbours are."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vanta.domain.address import check_address
from vanta.domain.errors import MalformedError, UnavailableError, VantaError
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.governance.documents.scalars import read_duration
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import place_of, plain
from vanta.node.collecting import CollectConfig
from vanta.node.parts import Credential, Part, Text
from vanta.node.telling import MetricsConfig

NEVER = "never"


def _age(value: object) -> int | None:
    return None if value in {NEVER, None} else read_duration(value)


Age = Annotated[int | None, BeforeValidator(_age)]
"""A duration such as `30s`, `5m` or `1d`, as nanoseconds; `never` for no limit."""

Address = Annotated[str, Field(pattern=r"^(|(127\.0\.0\.1|\[::1\]|[A-Za-z0-9.-]+):[0-9]{1,5})$")]


def _carrier(text: str) -> str:
    if "://" in text:
        try:
            check_address(text)
        except VantaError as error:
            raise ValueError(f"{error.message}; {error.remedy}") from error
    return text


Carrier = Annotated[Text, AfterValidator(_carrier)]
"""A folder that nodes share, or the address of a Redis: `redis://`, `rediss://`, `unix://`."""


class GovernanceConfig(Part):
    """Where the governed branch comes from, and what the controller does around it."""

    remote: Text
    branch: Text = "main"
    poll_ms: Annotated[int, Field(ge=20, le=600_000)] = 500
    hints: Annotated[StrictStr, Field(max_length=400), AfterValidator(_carrier)] = ""
    """Redis whose channel says that there is something new; empty for none."""
    alert_after: Age = 5 * MINUTE
    """Without a confirmed head, until the status and the metrics say so."""
    reduce_only_after: Age = DAY
    """Without a confirmed head, until the node only allows reductions."""
    silent_after: Age = 5 * MINUTE
    """Without a sign of the controller, until the node's services only allow reductions."""
    require_clock_sync: StrictBool = False
    """Let no halt end by a clock that the kernel does not call synchronised."""
    identity: Path | None = None
    """Private key this node fetches with where `remote` is `ssh://`; it opens no more there."""
    known_hosts: Path | None = None
    """Host keys that are accepted there, and no others."""
    group: Annotated[StrictStr, Field(max_length=32)] = ""
    """Who may read the published files, where the controller runs as root; empty for its own."""
    metrics: Address = ""
    """Where Prometheus finds the metrics, such as `127.0.0.1:9464`; empty for nowhere."""
    metrics_textfile: Annotated[StrictStr, Field(max_length=400)] = ""
    """A file for node_exporter's textfile collector, ending in `.prom`; empty for none."""

    @model_validator(mode="after")
    def _reached_by_ssh(self) -> Self:
        given = self.identity is not None and self.known_hosts is not None
        if self.remote.startswith("ssh://") and not given:
            raise ValueError("an `ssh://` remote needs `identity` and `known_hosts`")
        return self


class RedisConfig(Part):
    """As whom this node gets into the Redis that its addresses name."""

    user: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    """Empty for Redis's default user."""
    password: Annotated[
        StrictStr, Field(pattern=r"^(|[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}|/[A-Za-z0-9_./-]{1,255})$")
    ] = ""
    """Name of a systemd credential, or the path of a file; never the password itself."""
    ca: Annotated[StrictStr, Field(pattern=r"^(|/[A-Za-z0-9_./-]{1,255})$")] = ""
    """File of the certificates that `rediss://` is held against; empty for the system's."""


_COMPARED = {"alpaca": (55, 120), "tradier": (50, 60), "coinbase": (100, 250), "bybit": (75, 330)}
"""Requests a minute that the comparison needs to be in time, and that the Executor needs to trade:
where the vendor's pace has no room for both, it is for trading. Interactive Brokers lists orders
once in five seconds, for everybody together, which leaves none."""


class _RestBroker(Part):
    per_minute: Annotated[int, Field(ge=10, le=6000)]
    """Requests the vendor allows in a minute."""
    timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 5000
    """For one whole answer."""
    compared_per_minute: Annotated[int | None, Field(ge=0, le=3000)] = None
    """How many of them are for the continuous comparison; 0 to leave it out, and where nothing is
    said what it needs, where that leaves the Executor enough."""

    @field_validator("compared_per_minute")
    @classmethod
    def _leaves_most(cls, compared: int | None, known: ValidationInfo) -> int | None:
        if compared is not None and compared > known.data.get("per_minute", 0) // 2:
            raise ValueError("the comparison may have half of `per_minute` at most")
        return compared

    @property
    def statements_per_minute(self) -> int:
        """Requests of the comparison; the Executor has the others."""
        if self.compared_per_minute is not None:
            return self.compared_per_minute
        needed, trading = _COMPARED.get(self.vendor, (0, 0))
        return needed if self.per_minute >= needed + trading else 0

    vendor: str


class AlpacaConfig(_RestBroker):
    """An account at Alpaca."""

    vendor: Literal["alpaca"]
    key: Credential = "alpaca-key"
    secret: Credential = "alpaca-secret"  # noqa: S105 - its name
    trading: Text = "https://paper-api.alpaca.markets"
    """`https://api.alpaca.markets` trades with real money."""
    data: Text = "https://data.alpaca.markets"
    per_minute: Annotated[int, Field(ge=10, le=6000)] = 200
    stream: StrictBool = False
    """Let its stream of trade updates hint when to ask; it takes `vanta[alpaca]`."""


class TradierConfig(_RestBroker):
    """An account at Tradier."""

    vendor: Literal["tradier"]
    account: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9]{1,32}$")]
    token: Credential = "tradier-token"  # noqa: S105 - its name
    url: Text = "https://sandbox.tradier.com/v1"
    """`https://api.tradier.com/v1` trades with real money."""
    per_minute: Annotated[int, Field(ge=10, le=6000)] = 60
    stream: StrictBool = False
    """Let its stream of account events hint when to ask; it takes `vanta[tradier]`."""
    events: Text = "wss://ws.tradier.com/v1/accounts/events"
    """Where that is; not in the sandbox."""


class IbkrConfig(_RestBroker):
    """An account at Interactive Brokers."""

    vendor: Literal["ibkr"]
    account: Annotated[StrictStr, Field(pattern=r"^[A-Z0-9]{1,16}$")]
    """Such as `U1234567`; one that begins with `DU` is a paper account."""
    certificate: Text
    """File with the certificate of the gateway, the only one that is trusted there."""
    url: Text = "https://localhost:5000/v1/api"
    """Of the gateway's Web API."""
    compared_per_minute: Annotated[int | None, Field(ge=0, le=0)] = None
    """It is left out of the continuous comparison."""
    per_minute: Annotated[int, Field(ge=10, le=6000)] = 300


class CoinbaseConfig(_RestBroker):
    """A portfolio at Coinbase Advanced Trade."""

    vendor: Literal["coinbase"]
    key: Credential = "coinbase-key"
    secret: Credential = "coinbase-secret"  # noqa: S105 - its name
    url: Text = "https://api.coinbase.com"
    """Trades with real money: there is no other."""
    per_minute: Annotated[int, Field(ge=10, le=6000)] = 600


class BybitConfig(_RestBroker):
    """A unified account at Bybit."""

    vendor: Literal["bybit"]
    key: Credential = "bybit-key"
    secret: Credential = "bybit-secret"  # noqa: S105 - its name
    url: Text = "https://api-testnet.bybit.com"
    """`https://api.bybit.com` trades with real money."""
    per_minute: Annotated[int, Field(ge=10, le=6000)] = 300


BrokerConfig = Annotated[
    AlpacaConfig | TradierConfig | IbkrConfig | CoinbaseConfig | BybitConfig,
    Field(discriminator="vendor"),
]
BrokerName = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""As vaults name it in `brokers`."""

PAPER = "paper"
"""The broker that needs no entry: its folder is `broker`."""


class SurveillanceConfig(Part):
    """The continuous comparison, and who is told of a mismatch."""

    silent_after: Age = None
    """Without a sign of it, until nothing leaves; `never` where none runs."""
    command: Annotated[tuple[Text, ...], Field(max_length=32)] = ()
    """What is run for each alert, which it reads as JSON; empty for nothing."""
    metrics: Address = ""
    """Where Prometheus finds its metrics, such as `127.0.0.1:9465`; empty for nowhere."""
    metrics_textfile: Annotated[StrictStr, Field(max_length=400)] = ""
    """A file for node_exporter's textfile collector, ending in `.prom`; empty for none."""


class ExecutorConfig(Part):
    """Where orders go, and what the Executor asks for before any leaves."""

    brokers: tuple[BrokerName, ...] = (PAPER,)
    """`paper`, or names under `brokers`; the first choice first."""
    judge_silent_after: Age = 10 * SECOND
    """Without a sign of the judge of automatic halts, until nothing leaves."""
    surveillance: SurveillanceConfig = SurveillanceConfig()


class MarketsConfig(Part):
    """What Markets follows, and how."""

    feeds: Annotated[StrictStr, Field(max_length=400)] = ""
    """Folder that collectors write to, or of recorded feeds."""
    every: Annotated[int, BeforeValidator(read_duration), Field(ge=SECOND, le=DAY)] = MINUTE
    """From one turn to the next."""
    recorded: StrictBool = False
    """Go through the window that the folder says it is about, as if it were happening now."""
    pace: Annotated[int, Field(ge=1, le=100_000)] = 1
    """How much faster than it happened, where it is recorded."""
    collect: CollectConfig = CollectConfig()
    """Whom collectors ask, and for what; nobody where nothing is said."""


Service = Literal["governance", "judge", "surveillance", "executor", "markets", "promoter"]


Unit = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,199}\.service$")]
"""A systemd unit."""


class BuildsConfig(Part):
    """Where builds come from, and what must run well before one stays."""

    export: Annotated[StrictStr, Field(max_length=400)] = ""
    """Alpha's export; empty for `build` in the node's folder, where it is mounted."""
    services: tuple[Service, ...] | dict[Service, Unit] | None = None
    """What runs here, each after what it needs; without it, what the role says. As a map, with the
    systemd unit of each, which else is `vanta-<service>.service`."""
    supervisor: Literal["systemd", "processes"] = "systemd"
    """`processes` for a folder on a machine without systemd."""
    passes: Annotated[int, Field(ge=1, le=1000)] = 3
    """Good looks in a row until a build stays."""
    every_ms: Annotated[int, Field(ge=10, le=60_000)] = 200
    """Between two looks."""
    within: Annotated[int, BeforeValidator(read_duration), Field(ge=SECOND, le=DAY)] = 30 * SECOND
    """How long they may take, before the build is gone back from."""

    def unit(self, service: str) -> str:
        """The systemd unit of a service."""
        named = self.services.items() if isinstance(self.services, dict) else ()
        units: dict[str, str] = dict(named)
        return units.get(service, f"vanta-{service}.service")


class NodeConfig(Part):
    """One node."""

    node: Text
    """The name its key is registered under in `Authority`."""
    role: Literal["alpha", "markets", "executor"]
    environment: Text
    governance: GovernanceConfig
    bus: Carrier = ""
    """What intents travel through: Markets writes it, the Executor reads it."""
    statuses: Carrier = ""
    """Where nodes tell each other how they stand; empty for nowhere."""
    checkpoints: Carrier = ""
    """Where the checkpoints of this node go to be countersigned; empty for nowhere."""
    redis: RedisConfig = RedisConfig()
    broker: Text = ""
    """Folder of the paper broker, whose socket the Executor talks to."""
    brokers: dict[BrokerName, BrokerConfig] = Field(default_factory=dict)
    """Accounts at vendors."""
    executor: ExecutorConfig = ExecutorConfig()
    markets: MarketsConfig = MarketsConfig()
    builds: BuildsConfig = BuildsConfig()
    metrics: MetricsConfig = MetricsConfig()

    @property
    def uncompared(self) -> list[str]:
        """The brokers whose pace leaves the continuous comparison nothing."""
        accounts = self.brokers
        named = [name for name in self.executor.brokers if name in accounts]
        return [name for name in named if not accounts[name].statements_per_minute]


def read_config(path: Path) -> NodeConfig:
    """The configuration of a node.

    Raises:
        UnavailableError: there is none.
        MalformedError: with file, line, field and remedy.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"no node configuration: {error.strerror}",
            code="NO_CONFIG",
            place=str(path),
            remedy="name a node folder, such as one `make demo` made",
        ) from error
    tree = read_yaml(data, file=str(path))
    try:
        config = NodeConfig.model_validate(plain(tree))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedError(
            first["msg"], code="INVALID_FIELD", place=str(place_of(tree, first["loc"]))
        ) from error
    if PAPER in config.brokers:
        raise MalformedError(
            f"an account at a vendor is called {PAPER!r}, like the broker that needs no entry",
            code="BROKER_NAME",
            place=str(place_of(tree, ("brokers", PAPER))),
            remedy="give it another name, here and where vaults and `executor` name it",
        )
    return config
