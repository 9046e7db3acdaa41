"""What a node's configuration names is opened with what it names beside it."""

from pathlib import Path

import pytest

from tests.bus.carriers import polled
from tests.governance.valkey import Valkey
from vanta.bus.port import Parcel
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.node.carrier import open_inbox, open_outbox, redis_access
from vanta.node.config import NodeConfig

PLACE = Path("etc/node.yaml")


def config(**fields: object) -> NodeConfig:
    return NodeConfig.model_validate(
        {
            "node": "executor",
            "role": "executor",
            "environment": "dev",
            "governance": {"remote": "/srv/governance.git"},
            **fields,
        }
    )


def test_a_folder(tmp_path: Path) -> None:
    wanted = config(bus=str(tmp_path))
    with open_outbox(wanted, PLACE) as outbox, open_inbox(wanted, PLACE) as inbox:
        outbox.send("a", b"1")
        assert polled(inbox) == [Parcel("a", b"1")]


def test_a_redis_with_a_password_in_a_file_by_its_path(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("open-sesame\n")
    secret.chmod(0o400)
    with Valkey(tmp_path, "--requirepass", "open-sesame") as server:
        wanted = config(bus=server.url, redis={"password": str(secret)})
        with open_outbox(wanted, PLACE) as outbox, open_inbox(wanted, PLACE) as inbox:
            outbox.send("a", b"1")
            assert polled(inbox) == [Parcel("a", b"1")]
        secret.chmod(0o444)
        with pytest.raises(RefusedError) as refused, open_outbox(wanted, PLACE):
            pass
        assert refused.value.code == "CREDENTIAL_OPEN"


def test_a_redis_with_a_password_from_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config(redis={"user": "executor", "password": "redis-password"})
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(UnavailableError) as refused:
        redis_access(wanted, "redis://alpha:6379/0")
    assert refused.value.code == "NO_CREDENTIAL"
    tmp_path.chmod(0o700)
    (tmp_path / "redis-password").write_text("open-sesame")
    (tmp_path / "redis-password").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    access = redis_access(wanted, "redis://alpha:6379/0")
    assert (access.user, access.password()) == ("executor", "open-sesame")
    assert "open-sesame" not in repr(access)


def test_a_node_without_a_bus_is_told_how_to_have_one() -> None:
    with pytest.raises(RefusedError) as refused, open_inbox(config(), PLACE):
        pass
    assert (refused.value.code, refused.value.place) == ("NO_BUS", str(PLACE))
