"""The bus over Redis: it may be killed, hang, forget or be full, and no intent is lost for it."""

import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.bus.carriers import KEYS, ByRedis, gathered, polled, quiet, told, until
from tests.governance.valkey import Valkey, free_port
from vanta.bus.access import Access
from vanta.bus.board import RedisBoard
from vanta.bus.port import MAX_PAYLOAD, Parcel
from vanta.bus.redis import waiting
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.governance.hints import RedisHints

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "bus.md"
Client = Any
"""Redis's own, whose answers have no types."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path) as made:
        yield made


@pytest.fixture
def bus(server: Valkey) -> Iterator[ByRedis]:
    made = ByRedis(server.url)
    yield made
    made.close()


@pytest.fixture
def client(server: Valkey) -> Iterator[Client]:
    with closing(Access(server.url).connect()) as made:
        yield made


# What becomes of a parcel


def test_what_is_done_is_off_the_server(bus: ByRedis, client: Client) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    outbox.send("a", b"1")
    gathered(inbox, 1)
    assert client.xpending(KEYS.stream, "receivers")["pending"] == 1
    inbox.done("a")
    assert until(lambda: client.xlen(KEYS.stream) == 0)
    assert client.xpending(KEYS.stream, "receivers")["pending"] == 0
    assert client.hlen(KEYS.waiting) == 0


def test_a_receiver_that_was_killed_has_its_parcels_again_at_once(
    bus: ByRedis, server: Valkey
) -> None:
    bus.outbox().send("a", b"1")
    script = (
        "import sys, time\nfrom vanta.bus.access import Access\n"
        "from vanta.bus.redis import Keys, RedisInbox\n"
        "inbox = RedisInbox(Access(sys.argv[1]), Keys.of('dev'), 'executor')\n"
        "from tests.bus.carriers import polled\ncame = polled(inbox, 1)\n"
        "print(came[0].id, flush=True)\ntime.sleep(60)\n"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", script, server.url], stdout=subprocess.PIPE, cwd=PAGE.parents[2]
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"a\n"
    killed.kill()
    killed.wait()
    killed.stdout.close()
    assert polled(bus.inbox()) == [Parcel("a", b"1")]


def test_of_two_receivers_one_has_a_parcel_and_the_other_when_that_one_is_gone(
    bus: ByRedis,
) -> None:
    outbox = bus.outbox()
    first, second = bus.inbox("one", abandoned=0.5), bus.inbox("two", abandoned=0.5)
    names = [f"p{n:02d}" for n in range(40)]
    for name in names:
        outbox.send(name, b"")
    had: dict[str, set[str]] = {"one": set(), "two": set()}

    def all_there() -> bool:
        had["one"] |= {parcel.id for parcel in first.poll(100)}
        had["two"] |= {parcel.id for parcel in second.poll(100)}
        return len(had["one"] | had["two"]) == len(names)

    assert until(all_there)
    time.sleep(1.2)
    all_there()
    assert not had["one"] & had["two"], "who goes on keeps what is its own"
    second.done(*had["two"])
    first.close()
    left = gathered(second, len(had["one"])) if had["one"] else {}
    assert set(left) == had["one"]


def test_what_is_no_parcel_is_set_aside_and_stops_nothing(bus: ByRedis, client: Client) -> None:
    client.xadd(KEYS.stream, {"hello": "there"})
    client.xadd(KEYS.stream, {"id": "../up", "payload": "x"})
    client.xadd(KEYS.stream, {"id": "huge", "payload": b"x" * (MAX_PAYLOAD + 1)})
    bus.outbox().send("good", b"1")
    inbox = bus.inbox()
    assert polled(inbox) == [Parcel("good", b"1")]
    assert inbox.set_aside == 3
    assert next(fields for _, fields in client.xrange(KEYS.aside)) == {b"hello": b"there"}
    assert waiting(bus.access, KEYS)._replace(oldest=None) == (1, None, 3)


def test_an_entry_that_somebody_trimmed_can_be_sent_again(bus: ByRedis, client: Client) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    outbox.send("a", b"1")
    gathered(inbox, 1)
    client.xtrim(KEYS.stream, maxlen=0)
    outbox.send("a", b"1")
    again = bus.inbox()
    assert polled(again) == [Parcel("a", b"1")]


def test_a_stream_nobody_reads_is_full_one_day_and_drops_nothing(bus: ByRedis) -> None:
    outbox = bus.outbox(most=3)
    for name in "abc":
        outbox.send(name, b"")
    outbox.send("b", b"")
    with pytest.raises(UnavailableError) as full:
        outbox.send("d", b"")
    assert (full.value.code, bool(full.value.remedy)) == ("BUS_FULL", True)
    inbox = bus.inbox()
    assert list(gathered(inbox, 3)) == ["a", "b", "c"]
    inbox.done("a")
    assert until(lambda: waiting(bus.access, KEYS).parcels == 2)
    outbox.send("d", b"")


# A server that is killed, hangs, or is not there


def test_a_server_that_was_killed_forgets_and_the_sender_is_told_so(
    bus: ByRedis, server: Valkey
) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    assert not outbox.forgot()
    outbox.send("a", b"1")
    gathered(inbox, 1)
    server.stop()
    with pytest.raises(UnavailableError) as away:
        outbox.send("b", b"2")
    assert (away.value.code, bool(away.value.remedy)) == ("BUS_UNAVAILABLE", True)
    with pytest.raises(UnavailableError):
        outbox.forgot()
    server.start()
    assert outbox.forgot()
    assert not outbox.forgot()
    for name, payload in (("a", b"1"), ("b", b"2")):
        outbox.send(name, payload)
    assert gathered(inbox, 2) == {"a": b"1", "b": b"2"}


def test_what_was_saved_comes_again_and_is_no_second_parcel(tmp_path: Path) -> None:
    """Redis saves now and then: after a kill it may say that what was done still waits."""
    with Valkey(tmp_path) as server:
        bus = ByRedis(server.url)
        outbox, inbox = bus.outbox(), bus.inbox()
        outbox.send("a", b"1")
        gathered(inbox, 1)
        with closing(bus.access.connect()) as client:
            client.save()
        inbox.done("a")
        assert until(lambda: waiting(bus.access, KEYS).parcels == 0)
        server.stop()
        server.start()
        outbox.send("a", b"1")
        assert until(lambda: waiting(bus.access, KEYS).parcels == 1)
        assert polled(inbox) == [Parcel("a", b"1")]
        bus.close()


def test_while_the_server_is_gone_nobody_waits_for_it_and_what_is_done_is_told_later(
    bus: ByRedis, server: Valkey
) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    outbox.send("a", b"1")
    outbox.send("b", b"2")
    gathered(inbox, 2)
    with closing(bus.access.connect()) as client:
        client.save()
    server.stop()
    began = time.monotonic()
    inbox.done("a")
    assert [parcel.id for parcel in inbox.poll(10)] in (["b"], [])
    inbox.done("b")
    assert time.monotonic() - began < 0.2
    assert until(lambda: told(inbox) == "BUS_UNAVAILABLE")
    server.start()
    assert until(lambda: waiting(bus.access, KEYS).parcels == 0)
    assert quiet(inbox)


def test_a_server_that_hangs_holds_up_neither_poll_nor_done(bus: ByRedis, server: Valkey) -> None:
    outbox, inbox = bus.outbox(), bus.inbox()
    outbox.send("a", b"1")
    gathered(inbox, 1)
    server.send_signal(signal.SIGSTOP)
    try:
        longest = 0.0
        for _ in range(40):
            began = time.monotonic()
            with suppress(UnavailableError):
                inbox.poll(10)
            inbox.done("never-there")
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.1)
        assert longest < 0.5
    finally:
        server.send_signal(signal.SIGCONT)
    outbox.send("b", b"2")
    assert set(gathered(inbox, 2)) == {"a", "b"}


def test_a_receiver_that_starts_before_its_server_finds_it_when_it_comes(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    bus = ByRedis(server.url)
    inbox = bus.inbox()
    with server:
        bus.outbox().send("a", b"1")
        assert polled(inbox) == [Parcel("a", b"1")]
        bus.close()


# Getting in


def test_over_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with Valkey(tmp_path, "--unixsocket", str(path)):
        bus = ByRedis(f"unix://{path}")
        bus.outbox().send("a", b"1")
        assert polled(bus.inbox()) == [Parcel("a", b"1")]
        bus.close()


def test_a_user_may_do_what_the_page_says_and_no_more(tmp_path: Path) -> None:
    said = [line for line in PAGE.read_text().splitlines() if line.startswith("user ")]
    assert [line.split()[1] for line in said] == ["alpha", "markets", "executor"]
    rules = tmp_path / "users.acl"
    lines = [line.replace("PASSWORD", f"{line.split()[1]}-key") for line in said]
    rules.write_text("\n".join(["user default off", *lines, ""]))
    with Valkey(tmp_path, "--aclfile", str(rules)) as server:
        sending = ByRedis("", Access(server.url, "markets", lambda: "markets-key"))
        receiving = ByRedis("", Access(server.url, "executor", lambda: "executor-key"))
        outbox, inbox = sending.outbox(), receiving.inbox()
        assert not outbox.forgot()
        outbox.send("a", b"1")
        assert polled(inbox) == [Parcel("a", b"1")]
        inbox.done("a")
        assert until(lambda: waiting(receiving.access, KEYS).parcels == 0)
        alpha = Access(server.url, "alpha", lambda: "alpha-key")
        for name, access in (
            ("alpha", alpha),
            ("markets", sending.access),
            ("executor", receiving.access),
        ):
            statuses = RedisBoard(access, "vanta:dev:statuses")
            statuses.post(name, name.encode())
            assert statuses.read("alpha") == b"alpha"
            assert refusal(partial(statuses.post, "other", b"")) == "BUS_REFUSED"
            if name != "alpha":
                RedisBoard(access, "vanta:dev:checkpoints").post(name, b"note")
                assert RedisBoard(alpha, "vanta:dev:checkpoints").read(name) == b"note"
                RedisBoard(alpha, "vanta:dev:countersigned").post(name, b"note")
                countersigned = RedisBoard(access, "vanta:dev:countersigned")
                assert countersigned.read(name) == b"note"
                assert refusal(partial(countersigned.post, name, b"")) == "BUS_REFUSED"
            heard = threading.Event()
            hints = RedisHints(server.url, heard.set, connect=access.connect)
            assert heard.wait(10)
            hints.close()
        wrong = Access(server.url, "markets", lambda: "guessed-key")
        for access in (wrong, Access(server.url)):
            with pytest.raises(UnavailableError) as refused:
                ByRedis("", access).outbox().send("b", b"2")
            assert refused.value.code == "BUS_REFUSED"
            assert "guessed-key" not in f"{refused.value} {access}"
        with pytest.raises(UnavailableError) as refused:
            receiving.outbox().send("b", b"2")
        assert refused.value.code == "BUS_REFUSED"
        sending.close()
        receiving.close()


def refusal(ask: Callable[[], object]) -> str:
    """Code a server's refusal comes to."""
    with pytest.raises(UnavailableError) as refused:
        ask()
    return refused.value.code


def _certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate for `host`, signed by its own key; the certificate and both in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, both = folder / f"{host}.pem", folder / f"{host}-key.pem"
    text = made.public_bytes(serialization.Encoding.PEM)
    certificate.write_bytes(text)
    both.write_bytes(
        text
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, both


class Tls:
    """TLS in front of a server that speaks none, as a proxy on its machine would be."""

    def __init__(self, port: int, both: Path) -> None:
        self._behind = port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        self._socket = context.wrap_socket(
            socket.create_server(("127.0.0.1", 0)), server_side=True, do_handshake_on_connect=True
        )
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                came, _ = self._socket.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            behind = socket.create_connection(("127.0.0.1", self._behind))
            for one, other in ((came, behind), (behind, came)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def test_over_tls_and_only_to_whom_the_certificates_name(server: Valkey, tmp_path: Path) -> None:
    ours, both = _certificate(tmp_path, "127.0.0.1")
    theirs, _ = _certificate(tmp_path, "127.0.0.2")
    with closing(Tls(server.port, both)) as tls:
        url = f"rediss://127.0.0.1:{tls.port}/0"
        bus = ByRedis("", Access(url, ca=str(ours)))
        bus.outbox().send("a", b"1")
        assert polled(bus.inbox()) == [Parcel("a", b"1")]
        bus.close()
        with pytest.raises(UnavailableError) as refused:
            ByRedis("", Access(url, ca=str(theirs))).outbox().send("b", b"2")
        assert refused.value.code == "BUS_UNAVAILABLE"


@pytest.mark.parametrize(
    "url",
    ["redis://:secret@alpha:6379/0", "redis://executor:secret@alpha/0", "rediss://executor@alpha"],
)
def test_an_address_has_no_secret_in_it(url: str) -> None:
    with pytest.raises(RefusedError) as refused:
        Access(url)
    assert refused.value.code == "SECRET_IN_ADDRESS"
    assert "secret" not in str(refused.value).replace("SECRET_IN_ADDRESS", "")


@pytest.mark.parametrize(
    "url", ["alpha:6379", "http://alpha", "", "redis://", "redis://alpha/0?x=1", "unix://a", "a\nb"]
)
def test_what_is_no_address_of_a_redis_is_malformed(url: str) -> None:
    with pytest.raises(MalformedError) as refused:
        Access(url)
    assert (refused.value.code, "redis://" in refused.value.remedy) == ("BAD_URL", True)


def test_without_the_optional_client_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UnavailableError) as refused:
        Access("redis://alpha:6379/0")
    assert (refused.value.code, "vanta[redis]" in refused.value.remedy) == ("NO_REDIS_CLIENT", True)


def test_a_server_that_is_not_there_is_told_without_a_secret() -> None:
    access = Access(f"redis://127.0.0.1:{free_port()}/0", "executor", lambda: "open-sesame")
    with pytest.raises(UnavailableError) as away:
        waiting(access, KEYS)
    assert away.value.code == "BUS_UNAVAILABLE"
    assert "open-sesame" not in f"{away.value} {away.value.place} {access}"
