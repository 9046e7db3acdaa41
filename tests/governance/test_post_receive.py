"""The ready-made hook of the forge: real pushes, real sockets, and never a push that fails."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import redis

from tests.governance.valkey import Valkey, free_port
from vanta.governance.hints import HintSocket, RedisHints
from vanta.governance.starter import starter_files

HOOK = Path(__file__).resolve().parents[2] / "gitops" / "hooks" / "post-receive"


class Forge:
    """A bare repository with the hook, and a clone that pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.path, self.clone = folder / "forge.git", folder / "clone"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.path))
        self.git("init", "--quiet", "--initial-branch=main", str(self.clone))
        shutil.copy(HOOK, self.path / "hooks" / "post-receive")

    def git(self, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        who = {
            f"GIT_{role}_{what}": "x"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        return subprocess.run(
            ["git", *(("-C", str(at)) if at else ()), *arguments],
            env={**kept, **who, "GIT_CONFIG_GLOBAL": "/dev/null"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    def set(self, name: str, value: str) -> None:
        self.git("config", "--add", name, value, at=self.path)

    def push(self) -> str:
        self.git("commit", "--quiet", "--allow-empty", "-m", "x", at=self.clone)
        return self.git("push", str(self.path), "main", at=self.clone).stderr


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


def test_a_push_hints_at_a_node_on_the_same_machine(forge: Forge) -> None:
    short = Path(f"/tmp/vanta-hook-{os.getpid()}")  # noqa: S108 - a socket's address is short
    short.mkdir()
    hints = HintSocket(short)
    forge.set("vanta.hintSocket", str(short / "governance.hint"))
    forge.push()
    assert hints.drain()
    hints.close()
    short.rmdir()


def test_a_push_hints_at_whoever_listens_on_a_redis(forge: Forge, tmp_path: Path) -> None:
    heard: list[float] = []
    with Valkey(tmp_path) as valkey:
        hints = RedisHints(valkey.url, lambda: heard.append(time.monotonic()))
        deadline = time.monotonic() + 30
        while not hints.connected and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        before = len(heard)
        forge.set("vanta.hintRedis", valkey.url)
        assert "not told" not in forge.push()
        while len(heard) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(heard) > before
        hints.close()


def test_the_password_comes_from_a_file_that_the_settings_only_name(
    forge: Forge, tmp_path: Path
) -> None:
    secret = tmp_path / "hint-password"
    secret.write_text("a long one\n")
    with Valkey(tmp_path) as valkey, redis.Redis.from_url(valkey.url) as client:
        client.acl_setuser(
            "forge",
            enabled=True,
            passwords=["+a long one"],
            channels=["vanta:governance:hint"],
            commands=["+publish"],
        )
        forge.set("vanta.hintRedis", valkey.url.replace("://", "://forge@"))
        client.config_set("requirepass", "nobody has this")
        assert "was not told, it will poll" in forge.push()
        forge.set("vanta.hintPassword", str(secret))
        assert "vanta" not in forge.push()
        forge.set("vanta.hintPassword", str(tmp_path / "gone"))
        said = forge.push()
        assert "was not told, it will poll" in said
        assert "a long one" not in said


def test_nobody_there_is_said_and_fails_no_push(forge: Forge, tmp_path: Path) -> None:
    forge.set("vanta.hintSocket", str(tmp_path / "nowhere"))
    forge.set("vanta.hintRedis", f"redis://:secret@127.0.0.1:{free_port()}/0")
    forge.set("vanta.hintRedis", "nonsense")
    said = forge.push()
    assert said.count("was not told, it will poll") == 3
    assert "secret" not in said


def test_with_nothing_configured_it_says_nothing(forge: Forge) -> None:
    assert "vanta" not in forge.push()


def test_a_new_governance_repository_brings_it_along() -> None:
    assert starter_files()["hooks/post-receive"] == HOOK.read_bytes()
    assert os.access(HOOK, os.X_OK)
