"""Redis on Alpha: over TLS alone, and each node can do what it needs and no more."""

import subprocess
from typing import Any

import pytest
from testinfra.host import Host

from infra.lab.lab import Lab
from tests.lab.reading import modes, now, said, text

pytestmark = pytest.mark.lab

ON = ("alpha", "markets", "executor")
SETTINGS = {
    "no-plain-port": "port 0",
    "tls-1.3": 'tls-protocols "TLSv1.3"',
    "save-300-1": "save 300 1",
    "no-eviction": "maxmemory-policy noeviction",
    "no-debug": "enable-debug-command no",
    "no-modules": "enable-module-command no",
    "no-config-of-paths": "enable-protected-configs no",
}
MODES = {
    "configuration": ("/etc/redis/redis.conf", "root:redis 640"),
    "rules-are-roots": ("/etc/redis/users.acl", "root:redis 640"),
}
INTENTS = "vanta:dev:intents"
REFUSED = {
    "flushall": ("FLUSHALL",),
    "config": ("CONFIG", "GET", "dir"),
    "keys": ("KEYS", "*"),
    "shutdown": ("SHUTDOWN",),
    "acl": ("ACL", "LIST"),
    "other-keys": ("GETRANGE", "elsewhere", "0", "1"),
    "overwrite": ("SET", INTENTS, "x"),
    "delete": ("DEL", INTENTS),
    "hint": ("PUBLISH", "vanta:governance:hint", "1"),
}
ONLY = {
    "markets-sends": ("markets", ("XADD", INTENTS, "NOMKSTREAM", "*", "a", "b")),
    "executor-takes": ("executor", ("XACK", INTENTS, "nobody", "1-1")),
    "alpha-countersigns": ("alpha", ("SET", "vanta:dev:countersigned:probe", "x", "PX", "1")),
}


def _asks(host: Host, machine: str, address: str, *words: str) -> str:
    """What Redis answers this node, over TLS and as itself; the password is typed, not argued."""
    asked = (
        f"{{ cat /etc/vanta/credentials/redis-password | sed 's/^/AUTH {machine} /;s/$/\\r/'; "
        f"printf '\\r\\n%s\\r\\nQUIT\\r\\n' '{' '.join(words)}'; sleep 0.3; }} | "
        # The firewall drops what comes too often, and it is sent again after one second, and three.
        f"timeout 20 openssl s_client -quiet -verify_quiet -verify_return_error -connect {address} "
        "-CAfile /etc/ssl/vanta/ca.crt -verify_hostname alpha 2>/dev/null"
    )
    return now(host, "sh", "-c", asked)


@pytest.fixture
def address(variables: dict[str, dict[str, Any]]) -> str:
    return f"{variables['alpha']['vanta_address']}:6379"


@pytest.mark.parametrize("line", SETTINGS.values(), ids=SETTINGS)
def test_it_is_set(host: Host, machine: str, line: str) -> None:
    if machine == "alpha":
        assert line in text(host, "/etc/redis/redis.conf").splitlines()


@pytest.mark.parametrize(("path", "mode"), MODES.values(), ids=MODES)
def test_files_are_whose_they_should_be(host: Host, machine: str, path: str, mode: str) -> None:
    if machine == "alpha":
        assert modes(host, path)[path] == mode


def test_the_password_is_roots_alone(host: Host) -> None:
    path = "/etc/vanta/credentials/redis-password"
    assert modes(host, path)[path] == "root:root 600"


def test_no_password_is_in_any_command_line(host: Host) -> None:
    password = text(host, "/etc/vanta/credentials/redis-password")
    assert password not in now(host, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")


def test_the_node_gets_in(host: Host, machine: str, address: str) -> None:
    assert "+PONG" in _asks(host, machine, address, "PING")


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_nobody_may(host: Host, machine: str, address: str, words: tuple[str, ...]) -> None:
    assert "NOPERM" in _asks(host, machine, address, *words)


@pytest.mark.parametrize(("who", "words"), ONLY.values(), ids=ONLY)
def test_one_may_and_no_other(
    host: Host, machine: str, address: str, who: str, words: tuple[str, ...]
) -> None:
    assert ("NOPERM" in _asks(host, machine, address, *words)) == (machine != who)


def test_without_a_password_nothing_is_answered(host: Host, machine: str, address: str) -> None:
    asked = (
        "{ printf 'PING\\r\\n'; sleep 0.3; } | "
        f"timeout 5 openssl s_client -quiet -connect {address} 2>/dev/null"
    )
    assert "NOAUTH" in now(host, "sh", "-c", f"{asked} || true"), machine


def test_the_unit_is_exposed_little(host: Host, machine: str) -> None:
    if machine == "alpha":
        said(host, "systemd-analyze", "security", "--threshold=15", "redis-server.service")


def test_nobody_outside_reaches_it(lab: Lab, host: Host, machine: str, address: str) -> None:
    """From this host, which is the operator's own."""
    name, port = address.split(":")
    tried = subprocess.run(
        ["timeout", "2", "bash", "-c", 'exec 3<>"/dev/tcp/$0/$1"', name, port],
        capture_output=True,
        check=False,
    )
    assert tried.returncode != 0, (lab.plan.name, machine, host)
