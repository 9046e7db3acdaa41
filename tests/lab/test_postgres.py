"""PostgreSQL on Alpha: over its socket, with users that own nothing."""

import pytest
from testinfra.host import Host

from tests.lab.reading import now

pytestmark = pytest.mark.lab

ON = ("alpha",)
SETTINGS = {
    "checksums": ("data_checksums", "on"),
    "scram": ("password_encryption", "scram-sha-256"),
    "socket-only": ("listen_addresses", ""),
    "on-the-disk": ("fsync", "on"),
    "acknowledged": ("synchronous_commit", "on"),
    "connections-logged": ("log_connections", "on"),
    "ends-logged": ("log_disconnections", "on"),
    "ddl-logged": ("log_statement", "ddl"),
}


def _asked(host: Host, query: str, database: str = "postgres") -> str:
    return now(
        host, "runuser", "-u", "postgres", "--", "psql", "-XAtc", query, "--dbname", database
    )


@pytest.fixture(autouse=True)
def _installed(host: Host) -> None:
    if not host.package("postgresql-15").is_installed:
        pytest.skip("the database of this environment is a managed one")


@pytest.mark.parametrize(("name", "value"), SETTINGS.values(), ids=SETTINGS)
def test_it_is_set(host: Host, name: str, value: str) -> None:
    assert _asked(host, f"SHOW {name}") == value


def test_who_logs_in_owns_nothing_and_is_nobody(host: Host) -> None:
    roles = _asked(
        host,
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'vanta%' AND (rolsuper OR rolcreaterole "
        "OR rolcreatedb OR rolreplication OR rolbypassrls)",
    )
    assert roles == ""
    assert _asked(host, "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'vanta_owner'") == "f"


def test_the_public_has_nothing(host: Host) -> None:
    assert _asked(host, "SELECT has_database_privilege('public', 'vanta', 'CONNECT')") == "f"
    assert _asked(host, "SELECT has_schema_privilege('public', 'public', 'USAGE')", "vanta") == "f"


def test_another_unix_user_does_not_get_in(host: Host) -> None:
    done = host.run("runuser -u nobody -- psql -XAtc 'SELECT 1' --username=vanta_api vanta")
    assert done.rc != 0


def test_it_does_not_listen(host: Host) -> None:
    assert ":5432" not in now(host, "ss", "--no-header", "--listening", "--tcp", "--numeric")
