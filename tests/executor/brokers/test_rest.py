"""The shared ground under the vendors: edge, pace, breaker, credentials, numbers."""

import contextlib
import datetime as dt
import os
import pickle
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.executor.brokers.vendor import Asked, Told, VendorServer
from tests.executor.building import Ticks
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.instant import MINUTE, SECOND
from vanta.executor.brokers.port import BrokerAwayError, Executions
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import Endpoint, HttpEdge, Reply
from vanta.executor.brokers.rest.exact import counted, exact, finest, nearest, whole
from vanta.executor.brokers.rest.pace import Pace
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import LONGEST_PAUSE, Throttle, Urgency
from vanta.node.credentials import read_secret


class Echo(VendorServer):
    def submits(self, asked: Asked) -> bool:
        return asked.method == "POST"

    def answer(self, asked: Asked) -> Told:
        return 200, {"path": asked.path}


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


class Clock:
    def __init__(self) -> None:
        self.now = SECOND
        self.slept: list[float] = []

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds * SECOND)


# The edge ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://", "api.example",
        "https://user:pass@api.example.com", "https://api.example.com/?key=1", "https://a:b",
        "http://127.0.0.1.example.com",
    ],
)  # fmt: skip
def test_secrets_never_go_in_the_clear(url: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Endpoint.parse(url)
    assert refused.value.code == "BROKER_ENDPOINT"


def test_a_connection_is_used_again_and_a_stale_one_is_not(echo: Echo) -> None:
    edge = HttpEdge(Endpoint.parse(echo.url), time.time_ns, read_timeout=0.3)
    assert edge.exchange("GET", "/one", {}).status == 200
    first = edge._connection
    edge.exchange("GET", "/two", {})
    assert edge._connection is first
    assert first is not None
    first.sock.shutdown(socket.SHUT_RDWR)
    assert edge.exchange("POST", "/three", {}, b"x").status == 200
    assert [one.path for one in echo.asked] == ["/one", "/two", "/three"]
    edge.close()


def test_an_answer_has_an_end_however_it_drips(echo: Echo) -> None:
    edge = HttpEdge(Endpoint.parse(echo.url), time.time_ns, read_timeout=0.3)
    echo.always = "drip"
    started = time.monotonic()
    with pytest.raises(BrokerAwayError) as late:
        edge.exchange("GET", "/", {})
    assert late.value.code == "BROKER_TIMEOUT"
    assert time.monotonic() - started < 2  # all of it would take longer


def test_an_answer_without_an_end_is_not_read_to_it(echo: Echo) -> None:
    edge = HttpEdge(Endpoint.parse(echo.url), time.time_ns, max_body=100_000)
    echo.always = "endless"
    with pytest.raises(BrokerAwayError) as endless:
        edge.exchange("GET", "/", {})
    assert endless.value.code == "BROKER_TOO_LONG"


def test_an_answer_after_which_the_vendor_hangs_up_is_read_whole(echo: Echo) -> None:
    edge = HttpEdge(Endpoint.parse(echo.url), time.time_ns, read_timeout=0.3)
    echo.headers["Connection"] = "close"
    for path in ("/one", "/two"):
        assert edge.exchange("GET", path, {}).body == b'{"path": "%s"}' % path.encode()
    assert edge._connection is None
    edge.close()


@pytest.mark.parametrize("wrong", ["torn", "reset", "lost"])
def test_half_an_answer_is_none(echo: Echo, wrong: str) -> None:
    edge = HttpEdge(Endpoint.parse(echo.url), time.time_ns, read_timeout=0.3)
    edge.exchange("GET", "/", {})
    echo.always = wrong
    with pytest.raises(BrokerAwayError) as torn:
        edge.exchange("GET", "/", {})
    assert torn.value.code == "BROKER_TORN"
    echo.always = ""
    assert edge.exchange("GET", "/again", {}).status == 200
    assert len(echo.asked) == 3, "nothing is sent twice"
    edge.close()


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        edge = HttpEdge(Endpoint.parse(f"http://127.0.0.1:{port}"), time.time_ns)
        with pytest.raises(BrokerAwayError) as away:
            edge.exchange("GET", "/", {})
    assert away.value.code == "BROKER_UNREACHABLE"


BROKER = "api.broker.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `localhost` and a broker, signed by itself, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName(BROKER)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


def over_tls(certificate: Path, ask: Callable[[int], object]) -> None:
    """Serve one request over TLS while `ask` is given the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(4096)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            ask(listener.getsockname()[1])
        finally:
            thread.join(5)


def test_a_certificate_is_checked_and_so_is_its_name(certificate: Path) -> None:
    def trusting(port: int) -> None:
        edge = HttpEdge(
            Endpoint.parse(f"https://localhost:{port}"), time.time_ns, authority=certificate
        )
        assert edge.exchange("GET", "/", {}).body == b"{}"
        edge.close()

    def refused(url: str, authority: Path | None) -> Callable[[int], None]:
        def ask(port: int) -> None:
            edge = HttpEdge(Endpoint.parse(f"{url}:{port}"), time.time_ns, authority=authority)
            with pytest.raises(BrokerAwayError) as error:
                edge.exchange("GET", "/", {"Authorization": "Bearer x"})
            assert error.value.code == "BROKER_UNREACHABLE"
            assert "certificate is not trusted" in error.value.message

        return ask

    over_tls(certificate, trusting)
    over_tls(certificate, refused("https://localhost", None))
    over_tls(certificate, refused("https://127.0.0.1", certificate))


@contextlib.contextmanager
def proxied(answer: bytes, to: int = 0) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that answers one CONNECT, and carries bytes to a port where it said 200.

    Yields:
        Its port, and what it was asked.
    """
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def carry(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while block := source.recv(65_536):
                    target.sendall(block)
                target.shutdown(socket.SHUT_WR)

        def serve() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as client:
                asked.append(client.recv(4096))
                client.sendall(answer)
                if b" 200 " in answer:
                    with socket.create_connection(("127.0.0.1", to)) as vendor:
                        back = threading.Thread(target=carry, args=(vendor, client))
                        back.start()
                        carry(client, vendor)
                        back.join(5)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join(5)


def test_a_node_that_has_a_proxy_reaches_the_vendor_through_it(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is asked for by the proxy alone, and the certificate is still the vendor's."""

    def ask(port: int) -> None:
        with proxied(b"HTTP/1.1 200 OK\r\n\r\n", port) as (proxy, asked):
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
            endpoint = Endpoint.parse(f"https://{BROKER}/v1")
            edge = HttpEdge(endpoint, time.time_ns, authority=certificate)
            assert edge.exchange("GET", "/account", {"Authorization": "Bearer x"}).body == b"{}"
            edge.close()
        assert asked[0].startswith(f"CONNECT {BROKER}:443 ".encode())
        assert b"Bearer" not in asked[0]

    over_tls(certificate, ask)


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxied(b"HTTP/1.1 403 Filtered\r\nContent-Length: 0\r\n\r\n") as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        edge = HttpEdge(Endpoint.parse(f"https://{BROKER}"), time.time_ns)
        with pytest.raises(BrokerAwayError) as away:
            edge.exchange("POST", "/orders", {}, b"x")
    assert away.value.code == "BROKER_UNREACHABLE"
    assert "proxy lets nothing through" in away.value.message


def test_what_is_on_this_machine_needs_no_proxy(
    echo: Echo, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    plain = HttpEdge(Endpoint.parse(echo.url), time.time_ns)
    assert plain.exchange("GET", "/", {}).status == 200
    plain.close()

    def ask(port: int) -> None:
        url = f"https://localhost:{port}"
        edge = HttpEdge(Endpoint.parse(url), time.time_ns, authority=certificate)
        assert edge.exchange("GET", "/", {}).status == 200
        edge.close()

    over_tls(certificate, ask)


@pytest.mark.parametrize(
    ("date", "sent", "received", "skew"),
    [
        (100, 100, 100, 0),
        (100, 100.9, 100.95, 0),
        (100, 99.5, 100.2, 0),
        (100, 161, 161.2, 60),
        (100, 39, 40, -60),
        (100, 99, 102, 0),
    ],
)
def test_skew_is_only_what_a_second_and_the_way_do_not_explain(
    date: int, sent: float, received: float, skew: int
) -> None:
    said = dt.datetime.fromtimestamp(date, dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    reply = Reply(200, b"", {"date": said}, int(sent * SECOND), int(received * SECOND))
    assert reply.skew == skew * SECOND
    assert Reply(200, b"", {"date": "soon"}, 0, 0).skew is None
    assert Reply(200, b"", {}, 0, 0).skew is None


def test_a_reply_shows_neither_its_body_nor_its_headers() -> None:
    assert "s3cret" not in repr(Reply(200, b"s3cret", {"x": "s3cret"}, 0, 0))


# Pace -------------------------------------------------------------------------------------------


def test_orders_leave_turns_to_reads_and_reads_to_cancels() -> None:
    clock = Clock()
    throttle = Throttle(60, clock, clock.sleep)

    def taken(urgency: Urgency) -> int:
        for count in range(100):
            try:
                throttle.take(urgency)
            except BrokerAwayError:
                return count
            if clock.slept:
                # It had to wait: the turns that were there are gone.
                clock.slept.clear()
                return count
        raise AssertionError("no end")

    orders, reads = taken(Urgency.ORDER), taken(Urgency.READ)
    assert orders > 0
    assert reads > 0
    assert orders + reads >= 10
    clock.now += 3 * SECOND // 2
    assert taken(Urgency.READ) == 0
    clock.now += 5 * SECOND
    assert taken(Urgency.READ) == 0, "who was sent away waits until a whole row can be asked"
    clock.now += 10 * SECOND
    assert taken(Urgency.READ) > 5


def test_a_cancel_never_waits_and_is_never_refused() -> None:
    clock = Clock()
    throttle = Throttle(60, clock, clock.sleep)
    for _ in range(200):
        throttle.take(Urgency.CANCEL)
    assert clock.slept == []
    # What they took beyond the bucket is made good by the rest, within a bucket's time.
    with pytest.raises(BrokerAwayError):
        throttle.take(Urgency.READ)
    clock.now += 30 * SECOND
    throttle.take(Urgency.READ)


_GIVING_WAY = st.sampled_from([Urgency.READ, Urgency.ORDER])


@given(st.lists(st.tuples(_GIVING_WAY, st.integers(0, 2 * SECOND)), max_size=200))
def test_no_minute_ever_has_more_than_the_vendor_allows(
    asked: list[tuple[Urgency, int]],
) -> None:
    clock = Clock()
    throttle = Throttle(60, clock, clock.sleep)
    taken: list[int] = []
    for urgency, pause in asked:
        clock.now += pause
        try:
            throttle.take(urgency)
            taken.append(clock.now)
        except BrokerAwayError:
            pass
    assert all(wait <= 2 for wait in clock.slept)
    for start in taken:
        assert sum(start <= one < start + MINUTE for one in taken) <= 60


def test_silence_that_is_asked_for_is_kept_but_for_cancels() -> None:
    clock = Clock()
    throttle = Throttle(600, clock, clock.sleep)
    throttle.pause(10 * SECOND)
    for urgency in (Urgency.READ, Urgency.ORDER):
        with pytest.raises(BrokerAwayError):
            throttle.take(urgency)
    throttle.take(Urgency.CANCEL)
    clock.now += 10 * SECOND
    throttle.take(Urgency.ORDER)
    throttle.pause(10**9 * SECOND)
    clock.now += LONGEST_PAUSE
    throttle.take(Urgency.READ)


# The breaker ------------------------------------------------------------------------------------


def test_it_opens_after_failures_in_a_row_and_tries_once() -> None:
    clock = Clock()
    breaker = Breaker(3, 10 * SECOND, clock)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(3):
        breaker.admit()
        breaker.failed()
    with pytest.raises(BrokerAwayError) as opened:
        breaker.admit()
    assert opened.value.code == "BROKER_CIRCUIT_OPEN"
    clock.now += 10 * SECOND
    assert breaker.state == "probing"
    breaker.admit()
    breaker.failed()
    assert breaker.state == "open"
    clock.now += 10 * SECOND
    breaker.admit()
    breaker.succeeded()
    assert breaker.state == "closed"


def test_a_vendor_that_fails_is_left_alone_and_asked_nothing(echo: Echo) -> None:
    session = Session(
        HttpEdge(Endpoint.parse(echo.url), time.time_ns), Throttle(60_000), Breaker(3)
    )
    echo.always = "503"
    codes = []
    for _ in range(5):
        with pytest.raises(BrokerAwayError) as error:
            session.read("/")
        codes.append(error.value.code)
    assert codes == ["BROKER_FAILED"] * 3 + ["BROKER_CIRCUIT_OPEN"] * 2
    assert len(echo.asked) == 3
    session.close()


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><title>We will be back</title>", b"\xef\xbb\xbf\n <html></html>"]
)
def test_a_page_for_people_is_a_failure_though_it_says_that_all_is_well(
    echo: Echo, monkeypatch: pytest.MonkeyPatch, page: bytes
) -> None:
    session = Session(
        HttpEdge(Endpoint.parse(echo.url), time.time_ns), Throttle(60_000), Breaker(3)
    )
    monkeypatch.setattr(echo, "answer", lambda _: (200, page))
    codes = []
    for _ in range(4):
        with pytest.raises(BrokerAwayError) as error:
            session.read("/")
        codes.append(error.value.code)
    assert codes == ["BROKER_PAGE"] * 3 + ["BROKER_CIRCUIT_OPEN"]
    monkeypatch.undo()
    session.close()


# Credentials ------------------------------------------------------------------------------------


@pytest.fixture
def given_by_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    path = tmp_path / "key"
    path.write_text("PK-123\n")
    path.chmod(0o400)
    return path


def test_a_secret_is_read_and_shown_to_nobody(given_by_systemd: Path) -> None:
    assert given_by_systemd.exists()
    secret = read_secret("key")
    assert secret.reveal() == "PK-123"
    assert f"{secret} {secret!r} {[secret]}" == "<secret> <secret> [<secret>]"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("mode", [0o404, 0o420, 0o402, 0o444, 0o777])
def test_a_secret_others_may_read_is_not_used(given_by_systemd: Path, mode: int) -> None:
    given_by_systemd.chmod(mode)
    with pytest.raises(RefusedError) as refused:
        read_secret("key")
    assert refused.value.code == "CREDENTIAL_OPEN"
    assert "PK-123" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_others_may_write_is_not_read(given_by_systemd: Path, mode: int) -> None:
    """Whoever may write the folder may put another file in its place."""
    given_by_systemd.parent.chmod(mode)
    with pytest.raises(RefusedError) as refused:
        read_secret("key")
    assert refused.value.code == "CREDENTIAL_FOLDER"
    assert (refused.value.place, "chmod" in refused.value.remedy) == (
        str(given_by_systemd.parent), True
    )  # fmt: skip
    given_by_systemd.parent.chmod(0o550)
    assert read_secret("key").reveal() == "PK-123", "as systemd makes it"
    given_by_systemd.parent.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can give a file away")
@pytest.mark.parametrize("folder", [True, False])
def test_a_secret_of_somebody_elses_is_not_used(given_by_systemd: Path, *, folder: bool) -> None:
    os.chown(given_by_systemd.parent if folder else given_by_systemd, 65_534, -1)
    with pytest.raises(RefusedError) as refused:
        read_secret("key")
    assert refused.value.code == ("CREDENTIAL_FOLDER" if folder else "CREDENTIAL_OPEN")


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n", "a b", "PK-1\r\n", "ключ", "x" * 2000])
def test_a_secret_that_is_no_line_of_text_is_not_used(given_by_systemd: Path, text: str) -> None:
    given_by_systemd.chmod(0o600)
    given_by_systemd.write_text(text)
    with pytest.raises(RefusedError) as refused:
        read_secret("key")
    assert refused.value.code == "CREDENTIAL_TEXT"
    assert not text.strip() or text.strip() not in str(refused.value)


@pytest.mark.parametrize("name", ["none", "../key", "", ".", "a/b", "a\nb", "x" * 65])
def test_a_secret_that_was_not_given_is_not_looked_for(given_by_systemd: Path, name: str) -> None:
    assert given_by_systemd.exists()
    with pytest.raises(UnavailableError) as missing:
        read_secret(name)
    assert missing.value.code == "NO_CREDENTIAL"


def test_a_link_is_not_followed_and_no_other_place_is_asked(
    given_by_systemd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (given_by_systemd.parent / "link").symlink_to(given_by_systemd)
    with pytest.raises(UnavailableError):
        read_secret("link")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    monkeypatch.setenv("key", "from-the-environment")
    with pytest.raises(UnavailableError):
        read_secret("key")


# Numbers ----------------------------------------------------------------------------------------


@given(st.integers(-(10**20), 10**20))
def test_every_unit_comes_back(value: int) -> None:
    written = Decimal(value).scaleb(-8)
    assert exact(written, "") == value
    assert nearest(written, "") == value


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e15", "1e999999", "sNaN"])
def test_what_is_no_number_is_no_answer(text: str) -> None:
    for read in (exact, nearest):
        with pytest.raises(BrokerAwayError):
            read(Decimal(text), "")


def test_only_a_vendor_of_binary_fractions_is_rounded() -> None:
    assert nearest(Decimal("62.450000000000003"), "") == 62 * UNIT + 45 * UNIT // 100
    with pytest.raises(BrokerAwayError):
        exact(Decimal("62.450000000000003"), "")


def test_a_quantity_is_read_past_what_a_binary_fraction_is_off_and_no_further() -> None:
    assert counted(Decimal("62.450000000000003"), "") == 62 * UNIT + 45 * UNIT // 100
    for finer in ("0.123456789", "7.000000001", "62.4500000003"):
        with pytest.raises(BrokerAwayError):
            counted(Decimal(finer), "")


def test_less_than_a_unit_is_not_there_yet() -> None:
    assert whole(Decimal("0.123456789"), "") == 12_345_678
    assert whole(Decimal("-0.123456789"), "") == -12_345_679
    assert finest(Decimal("0.123456789"), "") == 123_456_789 * 10**9
    with pytest.raises(BrokerAwayError):
        finest(Decimal("1E-19"), "")


# How often an account is read --------------------------------------------------------------------


def test_executions_are_read_now_and_then_and_at_once_where_something_happened() -> None:
    ticks = Ticks()
    pace, asked = Pace(2 * SECOND, lambda: ticks.now), list[int]()

    def since(watermark: int) -> Executions:
        asked.append(watermark)
        return Executions((), (), watermark + 1)

    assert pace.read(1, since).watermark == 2
    ticks.now += 2 * SECOND - 1
    assert pace.read(2, since) == Executions((), (), 2)
    ticks.now += 1
    assert pace.read(2, since).watermark == 3
    pace.hurry()
    assert pace.read(3, since).watermark == 4
    assert asked == [1, 2, 3]


def test_a_reading_that_fails_does_not_count() -> None:
    pace = Pace(2 * SECOND, Ticks())

    def fails(_: int) -> Executions:
        raise BrokerAwayError("away", code="BROKER_UNAVAILABLE")

    for _ in range(2):
        with pytest.raises(BrokerAwayError):
            pace.read(1, fails)
    assert pace.read(1, lambda at: Executions((), (), at + 1)).watermark == 2


def test_one_order_is_asked_about_twice_as_seldom_and_another_at_once() -> None:
    ticks = Ticks()
    pace = Pace(2 * SECOND, lambda: ticks.now)
    assert pace.asks("a")
    assert not pace.asks("a")
    assert pace.asks("b")
    ticks.now += 4 * SECOND - 1
    assert not pace.asks("a")
    ticks.now += 1
    assert pace.asks("a")
