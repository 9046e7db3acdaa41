"""A node's own configuration, and where its files lie."""

from pathlib import Path

import pytest

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.node.config import (
    AlpacaConfig,
    BybitConfig,
    CoinbaseConfig,
    IbkrConfig,
    TradierConfig,
    read_config,
)
from vanta.node.layout import Layout

CONFIG = """\
node: executor
role: executor
environment: prod
governance:
  remote: /srv/governance.git
  poll_ms: 250
bus: /var/bus
"""


def written(root: Path, text: str) -> Path:
    path = Layout(root).config
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_a_configuration_is_read(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, CONFIG))
    assert (config.node, config.role, config.environment) == ("executor", "executor", "prod")
    assert (config.governance.remote, config.governance.branch) == ("/srv/governance.git", "main")
    assert (config.governance.poll_ms, config.bus, config.broker) == (250, "/var/bus", "")


def test_brokers_are_named_with_their_credentials_names(tmp_path: Path) -> None:
    more = "brokers:\n  main:\n    vendor: tradier\n    account: VA1\n  a:\n    vendor: alpaca\n"
    config = read_config(written(tmp_path, CONFIG + more + "executor:\n  brokers: [main, a]\n"))
    assert config.executor.brokers == ("main", "a")
    tradier, alpaca = config.brokers["main"], config.brokers["a"]
    assert isinstance(tradier, TradierConfig)
    assert (tradier.token, tradier.per_minute) == ("tradier-token", 60)
    assert isinstance(alpaca, AlpacaConfig)
    assert (alpaca.key, alpaca.secret, alpaca.timeout_ms) == ("alpaca-key", "alpaca-secret", 5000)


def test_a_gateway_is_named_with_the_certificate_it_is_known_by(tmp_path: Path) -> None:
    more = "brokers:\n  ibkr:\n    vendor: ibkr\n    account: DU1\n    certificate: /etc/g.pem\n"
    ibkr = read_config(written(tmp_path, CONFIG + more)).brokers["ibkr"]
    assert isinstance(ibkr, IbkrConfig)
    assert (ibkr.account, ibkr.certificate) == ("DU1", "/etc/g.pem")
    assert (ibkr.url, ibkr.per_minute) == ("https://localhost:5000/v1/api", 300)


def test_exchanges_are_named_with_their_credentials(tmp_path: Path) -> None:
    more = "brokers:\n  coinbase:\n    vendor: coinbase\n  bybit:\n    vendor: bybit\n"
    found = read_config(written(tmp_path, CONFIG + more)).brokers
    coinbase, bybit = found["coinbase"], found["bybit"]
    assert isinstance(coinbase, CoinbaseConfig)
    assert isinstance(bybit, BybitConfig)
    assert (coinbase.key, coinbase.secret) == ("coinbase-key", "coinbase-secret")
    assert (bybit.key, bybit.secret) == ("bybit-key", "bybit-secret")
    assert coinbase.url == "https://api.coinbase.com"
    assert bybit.url == "https://api-testnet.bybit.com"


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("brokers:\n  a:\n    vendor: robinhood\n", ":9"),
        ("brokers:\n  a:\n    vendor: alpaca\n    secret: ../etc/shadow\n", ":11"),
        ("brokers:\n  a:\n    vendor: alpaca\n    per_minute: 0\n", ":11"),
        ("brokers:\n  a:\n    vendor: tradier\n", ":9"),
        ("brokers:\n  a:\n    vendor: tradier\n    account: ../1\n", ":11"),
        ("brokers:\n  A:\n    vendor: alpaca\n", ":9"),
        ("brokers:\n  a:\n    vendor: ibkr\n    account: DU1\n", ":9"),
        ("brokers:\n  a:\n    vendor: ibkr\n    certificate: x\n    account: D/1\n", ":12"),
    ],
)
def test_a_broker_that_cannot_be_is_refused_where_it_stands(
    tmp_path: Path, more: str, place: str
) -> None:
    with pytest.raises(MalformedError) as wrong:
        read_config(written(tmp_path, CONFIG + more))
    assert place in wrong.value.place


@pytest.mark.parametrize("folder", ["", "broker: /var/paper\n"])
def test_no_account_is_called_like_the_broker_that_needs_no_entry(
    tmp_path: Path, folder: str
) -> None:
    """It would be shadowed by the folder, or real money would go by the name of play."""
    text = f"{CONFIG}{folder}brokers:\n  paper:\n    vendor: alpaca\n"
    with pytest.raises(MalformedError) as refused:
        read_config(written(tmp_path, text))
    assert refused.value.code == "BROKER_NAME"
    line = text.splitlines().index("  paper:") + 1
    assert f"node.yaml:{line}" in refused.value.place
    assert "another name" in refused.value.remedy


def test_a_forge_over_ssh_is_reached_with_a_key_and_known_hosts_of_the_node(tmp_path: Path) -> None:
    remote = "ssh://git@alpha/srv/governance.git"
    given = "  identity: /etc/vanta/keys/fetch\n  known_hosts: /etc/vanta/known_hosts\n"
    text = CONFIG.replace("/srv/governance.git\n", f"{remote}\n{given}")
    found = read_config(written(tmp_path, text)).governance
    assert (found.remote, found.identity) == (remote, Path("/etc/vanta/keys/fetch"))
    assert found.known_hosts == Path("/etc/vanta/known_hosts")


def test_a_forge_over_ssh_without_them_is_refused_where_it_stands(tmp_path: Path) -> None:
    text = CONFIG.replace("/srv/governance.git", "ssh://git@alpha/srv/governance.git")
    with pytest.raises(MalformedError, match="identity") as wrong:
        read_config(written(tmp_path, text))
    assert ":4" in wrong.value.place


def test_what_the_controller_does_by_default(tmp_path: Path) -> None:
    governance = read_config(written(tmp_path, CONFIG)).governance
    ages = governance.alert_after, governance.reduce_only_after, governance.silent_after
    assert ages == (5 * MINUTE, DAY, 5 * MINUTE)
    assert (governance.hints, governance.metrics, governance.metrics_textfile) == ("", "", "")
    assert (governance.group, governance.require_clock_sync) == ("", False)


def test_what_the_controller_does_can_be_told(tmp_path: Path) -> None:
    more = """\
  poll_ms: 250
  hints: redis://alpha:6379/0
  alert_after: 30s
  reduce_only_after: 12h
  silent_after: never
  require_clock_sync: true
  group: vanta
  metrics: 127.0.0.1:9464
  metrics_textfile: /var/lib/node_exporter/vanta.prom
"""
    text = CONFIG.replace("  poll_ms: 250\n", more)
    governance = read_config(written(tmp_path, text)).governance
    assert governance.hints == "redis://alpha:6379/0"
    ages = governance.alert_after, governance.reduce_only_after, governance.silent_after
    assert ages == (30 * SECOND, 12 * HOUR, None)
    assert (governance.group, governance.require_clock_sync) == ("vanta", True)
    assert governance.metrics == "127.0.0.1:9464"
    assert governance.metrics_textfile.endswith("vanta.prom")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("role: executor", "role: trader", ":2: role"),
        ("poll_ms: 250", "poll_ms: 5", ":6: governance.poll_ms"),
        ("environment: prod\n", "", ": environment"),
        ("bus: /var/bus", "buss: /var/bus", ":7: buss"),
        ("remote: /srv/governance.git", 'remote: ""', ":5: governance.remote"),
        ("node: executor", "node: 7", ":1: node"),
        ("poll_ms: 250", "silent_after: 5", ":6: governance.silent_after"),
        ("poll_ms: 250", "alert_after: off soon", ":6: governance.alert_after"),
        ("poll_ms: 250", "metrics: 9464", ":6: governance.metrics"),
        ("poll_ms: 250", "require_clock_sync: 1", ":6: governance.require_clock_sync"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    path = written(tmp_path, CONFIG.replace(old, new, 1))
    with pytest.raises(MalformedError) as refused:
        read_config(path)
    assert refused.value.place.startswith(str(path))
    assert refused.value.place.endswith(place)


def test_a_missing_configuration_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as missing:
        read_config(tmp_path / "node.yaml")
    assert missing.value.code == "NO_CONFIG"


def test_everything_of_a_node_lies_below_its_root(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.journal("governance") == tmp_path / "memory" / "governance.jsonl"
    assert layout.view("vault") == tmp_path / "memory" / "vault.json"
    assert layout.trust == tmp_path / "etc" / "trust.json"
    assert layout.key == tmp_path / "etc" / "keys" / "node"
    assert {layout.logs, layout.memory, layout.mirror} == {
        tmp_path / "logs", tmp_path / "memory", tmp_path / "mirror" / "governance.git",
    }  # fmt: skip


def test_a_bus_is_a_folder_or_a_redis_and_its_password_is_named(tmp_path: Path) -> None:
    more = CONFIG.replace("/var/bus", "rediss://alpha:6379/0") + (
        "statuses: unix:///run/redis.sock\ncheckpoints: /srv/checkpoints\n"
        "redis:\n  user: executor\n  password: redis-password\n  ca: /etc/vanta/ca.pem\n"
    )
    config = read_config(written(tmp_path, more))
    assert (config.bus, config.statuses) == ("rediss://alpha:6379/0", "unix:///run/redis.sock")
    assert (config.redis.user, config.redis.password) == ("executor", "redis-password")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("bus: /var/bus", "bus: redis://executor:open-sesame@alpha/0", "node.yaml:7"),
        ("bus: /var/bus", "bus: amqp://alpha", "node.yaml:7"),
        ("  poll_ms: 250", "  hints: redis://:open-sesame@alpha/0", "node.yaml:6"),
        ("bus: /var/bus", "redis:\n  password: open sesame", "node.yaml:8"),
        ("bus: /var/bus", "redis:\n  ca: relative.pem", "node.yaml:8"),
    ],
)
def test_what_has_a_secret_in_it_or_is_no_carrier_is_refused_where_it_stands(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    with pytest.raises(MalformedError) as wrong:
        read_config(written(tmp_path, CONFIG.replace(old, new)))
    assert place in wrong.value.place
    assert "open-sesame" not in str(wrong.value)


def test_services_are_listed_or_named_with_their_units(tmp_path: Path) -> None:
    listed = read_config(written(tmp_path / "a", CONFIG + "builds:\n  services: [governance]\n"))
    assert tuple(listed.builds.services or ()) == ("governance",)
    assert listed.builds.unit("governance") == "vanta-governance.service"
    more = "builds:\n  services:\n    judge: vanta-judge.service\n    executor: router.service\n"
    named = read_config(written(tmp_path / "b", CONFIG + more))
    assert tuple(named.builds.services or ()) == ("judge", "executor"), "in their order"
    assert named.builds.unit("executor") == "router.service"


@pytest.mark.parametrize("unit", ["router", "../router.service", "-x.service", "a b.service"])
def test_a_unit_is_called_as_units_are(tmp_path: Path, unit: str) -> None:
    with pytest.raises(MalformedError) as wrong:
        read_config(written(tmp_path, f"{CONFIG}builds:\n  services:\n    executor: {unit}\n"))
    assert "node.yaml" in wrong.value.place
