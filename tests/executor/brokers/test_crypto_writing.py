"""What `ccxt` writes for us: nothing before it is needed, nothing sent by it, nothing shown."""

import logging
import socket
import subprocess
import sys
from typing import NoReturn

import pytest

from tests.executor.brokers.bybit_vendor import KEY, SECRET
from tests.executor.building import NOW
from tests.executor.building import order as built
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.trading import Instrument
from vanta.executor.brokers.crypto.writing import Writing

MARKET = Instrument("BTC-USDT", "crypto", "crypto", UNIT // 100, UNIT // 10_000)
URL = "https://api.invalid"


def writing(secret: str = SECRET) -> Writing:
    return Writing("bybit", URL, KEY, secret, lambda: NOW)


def test_ccxt_is_imported_when_an_account_is_opened_and_not_before() -> None:
    program = "import sys, vanta.executor.brokers.named; sys.exit('ccxt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_node_without_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(UnavailableError) as missing:
        writing()
    assert missing.value.code == "NO_CCXT"
    assert "vanta[executor,ccxt]" in missing.value.remedy


def test_writing_sends_and_logs_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def never(*_: object) -> NoReturn:
        raise AssertionError("it sends")

    caplog.set_level(logging.DEBUG)
    one = writing()
    monkeypatch.setattr(socket.socket, "connect", never)
    order = built("BTC-USDT", 5, 160, asset_class="crypto")
    written = one.order(order, MARKET, "BTCUSDT", order.client_order_id)
    assert (written.method, written.target) == ("POST", "/v5/order/create")
    assert caplog.text == ""


def test_a_request_shows_neither_its_headers_nor_its_body() -> None:
    written = writing().request(["private"], "POST", "v5/order/cancel", {"orderId": "told-to-none"})
    assert written.headers["X-BAPI-API-KEY"] == KEY
    shown = f"{written!r} {written}"
    assert KEY not in shown
    assert "told-to-none" not in shown


def test_only_what_signs_is_carried() -> None:
    written = writing().request(["private"], "POST", "v5/order/cancel", {"orderId": "1"})
    assert {name for name in written.headers if not name.startswith("X-BAPI-")} == {"Content-Type"}
    public = writing().request(["public"], "GET", "v5/market/tickers", {"category": "spot"})
    assert public.headers == {}
    assert public.target == "/v5/market/tickers?category=spot"


def test_the_time_of_a_request_is_the_clocks_that_was_handed_in() -> None:
    written = writing().request(["private"], "GET", "v5/user/query-api", {})
    assert written.headers["X-BAPI-TIMESTAMP"] == str(NOW // 1_000_000)


def test_what_goes_wrong_in_it_never_tells_a_secret() -> None:
    for exchange, secret in (("coinbase", "-----BEGIN tell-nobody"), ("bybit", "PRIVATE KEY tell")):
        one = Writing(exchange, URL, "organizations/x", secret, lambda: NOW)  # type: ignore[arg-type]
        api = ["v3", "private"] if exchange == "coinbase" else ["private"]
        path = "brokerage/accounts" if exchange == "coinbase" else "v5/user/query-api"
        with pytest.raises(RefusedError) as refused:
            one.request(api, "GET", path, {})
        error = refused.value
        assert error.code == "BROKER_UNWRITTEN"
        assert "tell" not in f"{error!r}{error}{error.__cause__!r}{vars(one)}"
