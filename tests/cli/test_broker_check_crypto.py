"""`vanta broker check` at the two crypto exchanges."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.executor.brokers import bybit_vendor, coinbase_vendor
from tests.executor.brokers.bybit_vendor import BybitVendor
from tests.executor.brokers.coinbase_vendor import CoinbaseVendor
from vanta.cli.main import app
from vanta.node.layout import Layout

CONFIG = """\
node: executor
role: executor
environment: prod
governance:
  remote: /srv/governance.git
brokers:
  coinbase:
    vendor: coinbase
    url: {coinbase}
  bybit:
    vendor: bybit
    url: {bybit}
"""


class Office:
    """A node that has an account at both."""

    def __init__(self, root: Path) -> None:
        self.root, self.secrets = root / "node", root / "secrets"
        self.coinbase, self.bybit = CoinbaseVendor(), BybitVendor()
        self.coinbase.live = self.bybit.live = True
        self.secrets.mkdir()
        config = Layout(self.root).config
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG.format(coinbase=self.coinbase.url, bybit=self.bybit.url))
        self.give("coinbase", coinbase_vendor.KEY, coinbase_vendor.SECRET)
        self.give("bybit", bybit_vendor.KEY, bybit_vendor.SECRET)

    def give(self, name: str, key: str, secret: str) -> None:
        for part, value in (("key", key), ("secret", secret)):
            path = self.secrets / f"{name}-{part}"
            path.unlink(missing_ok=True)
            path.write_text(value + "\n")
            path.chmod(0o400)

    def check(self, name: str, *symbol: str) -> Result:
        asked = ["broker", "check", name, "-n", str(self.root)]
        asked += ["--symbol", *symbol] if symbol else []
        return CliRunner().invoke(app, asked)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(made.secrets))
    yield made
    made.coinbase.close()
    made.bybit.close()


@pytest.mark.parametrize("name", ["coinbase", "bybit"])
def test_where_no_shares_trade_a_coin_is_asked_for(office: Office, name: str) -> None:
    shown = office.check(name)
    assert shown.exit_code == 0, shown.output
    assert "ok   quote: BTC-USD" in shown.stdout
    assert "ok   permissions: long only" in shown.stdout


@pytest.mark.parametrize(("name", "symbol"), [("coinbase", "BTC-USD"), ("bybit", "BTC-USDT")])
def test_everything_is_looked_at_and_nothing_touched(
    office: Office, name: str, symbol: str
) -> None:
    shown = office.check(name, symbol)
    assert shown.exit_code == 0, shown.output
    said = [line.split(":")[0] for line in shown.stdout.splitlines()]
    assert said == [
        "ok   credentials", "ok   reachable", "ok   clock", "ok   account", "ok   permissions",
        "ok   quote", "ok   orders", "ok   positions",
    ]  # fmt: skip
    vendor = office.coinbase if name == "coinbase" else office.bybit
    assert {one.method for one in vendor.asked} == {"GET"}
    for secret in (coinbase_vendor.SECRET, bybit_vendor.SECRET, bybit_vendor.KEY):
        assert secret not in shown.output


@pytest.mark.parametrize(("name", "symbol"), [("coinbase", "BTC-USD"), ("bybit", "BTC-USDT")])
def test_credentials_that_are_not_taken_are_told_without_being_shown(
    office: Office, name: str, symbol: str
) -> None:
    office.give("coinbase", coinbase_vendor.KEY, coinbase_vendor.STRANGE)
    office.give("bybit", bybit_vendor.KEY, "somebody-elses")
    shown = office.check(name, symbol)
    assert shown.exit_code == 3
    assert "[BROKER_CREDENTIALS]" in shown.stdout
    for secret in (coinbase_vendor.STRANGE, "somebody-elses", bybit_vendor.KEY):
        assert secret not in shown.output


def test_a_secret_nothing_can_be_signed_with_is_refused_and_not_shown(office: Office) -> None:
    office.give("coinbase", coinbase_vendor.KEY, "bm90IGEga2V5")
    shown = office.check("coinbase", "BTC-USD")
    assert shown.exit_code == 3
    assert "[CREDENTIAL_TEXT]" in shown.stdout
    assert "bm90IGEga2V5" not in shown.output


def test_a_node_whose_clock_is_off_is_told_so_by_bybit(office: Office) -> None:
    office.bybit.skew = 90
    shown = office.check("bybit", "BTC-USDT")
    assert shown.exit_code == 3
    assert "[CLOCK_SKEW]" in shown.stdout
    assert "timedatectl" in shown.stdout
