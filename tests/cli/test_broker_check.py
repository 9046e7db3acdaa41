"""`vanta broker check`: what works, what does not, and nothing changed by asking."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.executor.brokers.alpaca_vendor import KEY, SECRET, AlpacaVendor
from tests.executor.brokers.ibkr_vendor import IbkrVendor
from tests.executor.brokers.tradier_vendor import ACCOUNT, TOKEN, TradierVendor
from vanta.cli.main import app
from vanta.node.layout import Layout

CONFIG = """\
node: executor
role: executor
environment: prod
governance:
  remote: /srv/governance.git
brokers:
  alpaca:
    vendor: alpaca
    trading: {alpaca}
    data: {alpaca}
    timeout_ms: 500
  tradier:
    vendor: tradier
    account: {account}
    url: {tradier}/v1
    timeout_ms: 500
  ibkr:
    vendor: ibkr
    account: DU1234567
    certificate: /etc/vanta/gateway.pem
    url: {ibkr}
    timeout_ms: 500
"""


class Office:
    """A node that has an account at each of three vendors."""

    def __init__(self, root: Path) -> None:
        self.root, self.secrets = root / "node", root / "secrets"
        self.alpaca, self.tradier, self.ibkr = AlpacaVendor(), TradierVendor(), IbkrVendor()
        self.secrets.mkdir()
        config = Layout(self.root).config
        config.parent.mkdir(parents=True)
        config.write_text(
            CONFIG.format(
                alpaca=self.alpaca.url,
                tradier=self.tradier.url,
                ibkr=self.ibkr.api,
                account=ACCOUNT,
            )
        )
        for vendor in (self.alpaca, self.tradier, self.ibkr):
            vendor.live = True
        for name, value in [
            ("alpaca-key", KEY),
            ("alpaca-secret", SECRET),
            ("tradier-token", TOKEN),
        ]:
            self.give(name, value)

    def give(self, name: str, value: str) -> None:
        path = self.secrets / name
        path.unlink(missing_ok=True)
        path.write_text(value + "\n")
        path.chmod(0o400)

    def check(self, name: str, *options: str) -> Result:
        return CliRunner().invoke(app, ["broker", "check", name, "-n", str(self.root), *options])

    def found(self, name: str) -> dict[str, dict[str, object]]:
        told = json.loads(self.check(name, "--json").stdout)
        return {one["name"]: one for one in told["checks"]}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(made.secrets))
    yield made
    made.alpaca.close()
    made.tradier.close()
    made.ibkr.close()


@pytest.mark.parametrize("name", ["alpaca", "tradier"])
def test_everything_is_looked_at_and_nothing_touched(office: Office, name: str) -> None:
    shown = office.check(name)
    assert shown.exit_code == 0, shown.output
    said = [line.split(":")[0] for line in shown.stdout.splitlines()]
    assert said == [
        "ok   credentials", "ok   reachable", "ok   clock", "ok   account", "ok   permissions",
        "ok   quote", "ok   orders", "ok   positions", "ok   rate limit",
    ]  # fmt: skip
    vendor = office.alpaca if name == "alpaca" else office.tradier
    assert {one.method for one in vendor.asked} == {"GET"}
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in shown.output


def test_a_gateway_is_looked_at_and_nothing_ordered(office: Office) -> None:
    shown = office.check("ibkr")
    assert shown.exit_code == 0, shown.output
    assert "cash 985376.94, buying power 3941507.76" in shown.stdout
    assert office.ibkr.submissions() == []
    assert {one.method for one in office.ibkr.asked} == {"GET", "POST"}
    posted = {one.path for one in office.ibkr.asked if one.method == "POST"}
    assert {path.rsplit("/", 1)[1] for path in posted} == {"tickle", "invalidate"}


def test_a_gateway_nobody_is_logged_in_at_says_where_to(office: Office) -> None:
    office.ibkr.logged_in = False
    shown = office.check("ibkr")
    assert shown.exit_code == 3
    assert "[BROKER_CREDENTIALS]" in shown.stdout
    assert "log in at the gateway's own page" in shown.stdout


def test_missing_credentials_are_told_with_the_line_that_gives_them(office: Office) -> None:
    (office.secrets / "alpaca-secret").unlink()
    shown = office.check("alpaca")
    assert shown.exit_code == 3
    assert "FAIL credentials" in shown.stdout
    assert "LoadCredential=alpaca-secret:" in shown.stdout
    assert office.alpaca.asked == []


@pytest.mark.parametrize(
    ("name", "which"), [("alpaca", "alpaca-secret"), ("tradier", "tradier-token")]
)
def test_wrong_credentials_end_the_questions(office: Office, name: str, which: str) -> None:
    office.give(which, "wrong-and-s3cret")
    shown = office.check(name)
    assert shown.exit_code == 3
    assert "[BROKER_CREDENTIALS]" in shown.stdout
    assert "wrong-and-s3cret" not in shown.output
    vendor = office.alpaca if name == "alpaca" else office.tradier
    assert len(vendor.asked) == 1, "a wrong key is not tried again and again"


def test_a_vendor_that_is_down_is_not_reachable(office: Office) -> None:
    office.alpaca.close()
    found = office.found("alpaca")
    assert (found["reachable"]["fine"], found["reachable"]["code"]) == (False, "BROKER_UNREACHABLE")


def test_a_clock_that_is_off_is_told_with_its_side(office: Office) -> None:
    office.alpaca.skew = 90
    found = office.found("alpaca")["clock"]
    assert found["code"] == "CLOCK_SKEW"
    assert "behind" in str(found["said"])
    office.alpaca.skew = -90
    assert "ahead of" in str(office.found("alpaca")["clock"]["said"])


def test_an_account_that_takes_no_orders_fails(office: Office) -> None:
    office.alpaca.account |= {"trading_blocked": True}
    shown = office.check("alpaca")
    assert shown.exit_code == 3
    assert "FAIL account: takes no orders: trading_blocked [BROKER_ACCOUNT]" in shown.stdout


def test_few_requests_left_fails(office: Office) -> None:
    office.alpaca.headers["X-RateLimit-Remaining"] = "3"
    assert office.found("alpaca")["rate limit"]["code"] == "BROKER_THROTTLED"


def test_a_symbol_without_a_market_fails_alone(office: Office) -> None:
    shown = office.check("tradier", "--symbol", "NOSUCH")
    assert shown.exit_code == 3
    assert shown.stdout.count("FAIL") == 1
    assert "FAIL quote: none for NOSUCH [NO_MARKET]" in shown.stdout


def test_a_broker_the_node_does_not_have_is_an_error(office: Office) -> None:
    shown = office.check("robinhood")
    assert shown.exit_code == 1
    assert "[NO_BROKER]" in shown.output
    assert "alpaca, tradier, ibkr" in shown.output


def test_a_vendor_that_is_away_is_not_remedied_by_the_same_check(office: Office) -> None:
    office.tradier.close()
    shown = office.check("tradier")
    assert shown.exit_code == 3
    assert "FAIL reachable: " in shown.stdout
    assert "see whether its address in etc/node.yaml is right" in shown.stdout
    assert "vanta broker check" not in shown.stdout


def test_the_age_of_a_quote_is_in_a_unit_one_reads(office: Office) -> None:
    assert re.search(r"ok   quote: AAPL .*, \d{3,5} d old, ", office.check("alpaca").stdout)
