"""Alpha's backups in the object store: the units' own lines, run by restic against a real server.

Only the machine is not there: what systemd does with a unit (credentials, folders, its sandbox) is
done by hand. Everything else is as on AWS: the bucket's settings, what role, endpoint and bucket
allow, the one way out through the proxy, and names as the stack gives them to Ansible.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ansible.conftest import ANSIBLE, render_cloud
from tests.ansible.store import OPERATOR
from tests.diagnostics.cloud import answers, free_port
from tests.infra.judged import policies_of
from tests.infra.recording import Recording, recorded
from vanta.diagnostics.copied import dump_written

boto3 = pytest.importorskip("boto3")
ClientError = pytest.importorskip("botocore.exceptions").ClientError
pytest.importorskip("moto.server", reason="moto is not installed: `make workshop`")
pytestmark = [
    pytest.mark.skipif(not shutil.which("restic"), reason="restic is not installed"),
    pytest.mark.skipif(not shutil.which("flock"), reason="flock is not installed"),
]
DUMP = b"REDIS0009 as it was\n" * 5000


@dataclass(frozen=True)
class World:
    """Alpha's disk, and the store."""

    root: Path
    units: dict[str, str]
    url: str
    bucket: str
    repository: str

    @property
    def dump(self) -> Path:
        return self.root / "redis/dump.rdb"

    @property
    def newest(self) -> Path:
        return self.root / "state/newest.json"

    @property
    def operator(self) -> Any:  # noqa: ANN401 - boto3 has no types
        return self.client(OPERATOR)

    def client(self, key: str) -> Any:  # noqa: ANN401 - boto3 has no types
        return boto3.client(
            "s3", region_name="us-east-1", endpoint_url=self.url, aws_access_key_id=key,
            aws_secret_access_key="o", verify=str(self.root / "store.crt"),  # noqa: S106 - of moto
        )  # fmt: skip

    def start(self, unit: str) -> "list[subprocess.CompletedProcess[str]]":
        """What systemd does: its lines in order, until one fails that may not."""
        text = self.units[unit]
        environment = {"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": str(self.root)}
        environment |= {
            "STATE_DIRECTORY": str(self.root / "state"),
            "CACHE_DIRECTORY": str(self.root / "cache"),
        }
        for key, value in directives(text):
            if key == "Environment":
                environment |= dict(word.split("=", 1) for word in value.split())
            elif key == "EnvironmentFile":
                lines = Path(value).read_text().splitlines()
                environment |= dict(line.split("=", 1) for line in lines)
        done = []
        for key, value in directives(text):
            if key not in {"ExecStartPre", "ExecStart", "ExecStartPost"}:
                continue
            for name in ("CREDENTIALS", "STATE", "CACHE"):
                value = value.replace(  # noqa: PLW2901 - as systemd expands it
                    f"${{{name}_DIRECTORY}}", environment[f"{name}_DIRECTORY"]
                )
            words = shlex.split(value.removeprefix("-").replace("%%", "%"))
            done.append(run(*words, **environment))
            if done[-1].returncode and not value.startswith("-"):
                break
        return done

    def restic(self, *words: str, key: str = OPERATOR) -> "subprocess.CompletedProcess[str]":
        """As somebody types it, in the store."""
        own = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "o", "PATH": os.environ["PATH"]}
        given = dict(
            word.split("=", 1)
            for name, value in directives(self.units["copy.service"])
            if name == "Environment"
            for word in value.split()
        )
        return run(
            "restic", "--no-cache", "-o", "s3.bucket-lookup=path", "--cacert",
            str(self.root / "store.crt"), "--repo", self.repository,
            "--password-file", str(self.root / "password"), *words, **own, **given,
        )  # fmt: skip

    def requests(self) -> list[dict[str, Any]]:
        """What Alpha asked of the store so far, by the judge's log."""
        return [json.loads(line) for line in (self.root / "log.jsonl").read_text().splitlines()]

    def kept(self, part: str) -> set[str]:
        """Names of what lies in a part of the store now."""
        read = self.operator.list_objects_v2(Bucket=self.bucket, Prefix=f"alpha/{part}/")
        return {one["Key"] for one in read.get("Contents", [])}


def directives(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.isalpha():
            yield key, value


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, check=False, timeout=100
    )


def certify(folder: Path, *names: str) -> None:
    """A certificate for these names, its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
    now = datetime.now(UTC)
    alternatives = [*map(x509.DNSName, names), x509.IPAddress(IPv4Address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "store.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "store.key").write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("store")
    stack = recorded("prod")
    names = stack.outputs["nodes"]["alpha"]["services"]
    ports = {"proxy": free_port(), "store": free_port()}
    certify(root, *names)
    settings = {**ports, "names": names, "policies": policies_of(stack, "alpha", "backups")}
    (root / "settings.json").write_text(json.dumps(settings))
    (root / "credentials").write_text("AWS_ACCESS_KEY_ID=ALPHA\nAWS_SECRET_ACCESS_KEY=a\n")
    (root / "password").write_text("of the backups")
    for folder in ("state", "cache", "redis", "collected/repository", "local"):
        (root / folder).mkdir(parents=True)
    (root / "redis/dump.rdb").write_bytes(DUMP)
    os.utime(root / "redis/dump.rdb", (time.time() - 600, time.time() - 600))
    (root / "collected/repository/governance.bundle").write_text("a bundle")
    rendering = tmp_path_factory.mktemp("copies")
    units = render_cloud(
        rendering,
        stack.outputs,
        backups_folder=str(root / "local"),
        backups_password=str(root / "password"),
        backups_collected=str(root / "collected"),
        backups_dump=str(root / "redis/dump.rdb"),
        backups_paths=[str(root / "redis/dump.rdb")],
        backups_remote_proxy=f"http://127.0.0.1:{ports['proxy']}",
        backups_remote_credentials=str(root / "credentials"),
        backups_remote_authority=str(root / "store.crt"),
    )["alpha"]
    with (root / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.ansible.store", str(root)],
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        answers(ports["store"], process)
        made = World(
            root, units, f"https://127.0.0.1:{ports['store']}",
            stack.outputs["buckets"]["backups"], stack.outputs["backups"],
        )  # fmt: skip
        make_bucket(made, stack)
        make_local(made)
        yield made
    finally:
        process.terminate()
        process.wait(timeout=30)


def make_bucket(world: World, stack: Recording) -> None:
    """As the stack has it: versions, and a lock on each."""
    rule = stack.one(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "backups"
    )
    retention = rule.inputs["rule"]["defaultRetention"]
    world.operator.create_bucket(Bucket=world.bucket, ObjectLockEnabledForBucket=True)
    world.operator.put_object_lock_configuration(
        Bucket=world.bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {
                "DefaultRetention": {"Mode": retention["mode"], "Days": int(retention["days"])}
            },
        },
    )


def make_local(world: World) -> None:
    """The store on the machine, by the role's own task."""
    tasks = yaml.safe_load((ANSIBLE / "roles/backups/tasks/main.yml").read_text())
    [task] = [one for one in tasks if one["name"] == "Make the store on the machine, once"]
    values = {"{{ backups_folder }}": world.root / "local"}
    values |= {"{{ backups_password }}": world.root / "password"}
    words = [str(values.get(word, word)) for word in task["ansible.builtin.command"]["argv"]]
    assert run(*words, PATH=os.environ["PATH"]).returncode == 0


@pytest.fixture(scope="module")
def copied(world: World) -> World:
    """After the first backup and its copy into a bucket that was empty."""
    made = world.start("backup.service")
    assert [one.returncode for one in made] == [0, 0], [one.stderr for one in made]
    done = world.start("copy.service")
    assert [one.returncode for one in done] == [0, 0, 0, 0], [one.stderr for one in done]
    return world


def test_a_new_bucket_needs_nobody_and_what_is_there_is_said(copied: World) -> None:
    assert copied.kept("snapshots")
    assert dump_written(copied.newest) == copied.dump.stat().st_mtime_ns
    assert copied.newest.stat().st_mode & 0o777 == 0o644


def test_copying_again_adds_nothing(copied: World) -> None:
    before = {part: copied.kept(part) for part in ("data", "index", "snapshots", "keys")}
    _, *done = copied.start("copy.service")
    assert [one.returncode for one in done] == [0, 0, 0]
    assert {part: copied.kept(part) for part in before} == before


def test_everything_it_asks_is_allowed_and_no_more_is_allowed_than_it_asks(copied: World) -> None:
    asked = copied.requests()
    assert [one for one in asked if not one["passes"]] == []
    assert {one["action"] for one in asked} == {
        "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
    }  # fmt: skip
    parts = {one["resource"].split("/alpha/")[-1].split("/")[0]: one for one in asked
             if one["action"] == "s3:GetObject"}  # fmt: skip
    assert "data" not in parts


def test_it_goes_out_by_the_one_name_that_the_stack_lists(copied: World) -> None:
    connects = set((copied.root / "connects").read_text().splitlines())
    assert connects == {"s3.dualstack.us-east-1.amazonaws.com:443 passes"}
    assert {tuple(one["region"]) for one in copied.requests()} == {("us-east-1",)}


def test_its_locks_are_let_go_of_and_lie_there_all_the_same(copied: World) -> None:
    assert copied.kept("locks") == set()
    assert versions(copied, "locks")


def test_an_operator_restores_the_same_bytes(copied: World, tmp_path: Path) -> None:
    done = copied.restic("restore", "latest", "--host", "alpha", "--target", str(tmp_path))
    assert done.returncode == 0, done.stderr
    restored = tmp_path / str(copied.dump).removeprefix("/")
    assert restored.read_bytes() == DUMP
    assert restored.stat().st_mtime_ns == copied.dump.stat().st_mtime_ns


def test_another_password_opens_nothing(copied: World, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("a guess")
    done = copied.restic("--password-file", str(wrong), "snapshots")
    assert (done.returncode, "wrong password" in done.stderr) == (1, True)


def test_alpha_itself_neither_reads_nor_deletes_what_it_put(copied: World) -> None:
    alpha = copied.client("ALPHA")
    for key in copied.kept("data"):
        with pytest.raises(ClientError, match="AccessDenied"):
            alpha.get_object(Bucket=copied.bucket, Key=key)
    for key in copied.kept("data") | copied.kept("snapshots") | {"alpha/config"}:
        with pytest.raises(ClientError, match="AccessDenied"):
            alpha.delete_object(Bucket=copied.bucket, Key=key)
    for version in versions(copied, "locks"):
        with pytest.raises(ClientError, match="AccessDenied"):
            alpha.delete_object(Bucket=copied.bucket, Key=version[0], VersionId=version[1])


def versions(world: World, part: str) -> set[tuple[str, str]]:
    read = world.operator.list_object_versions(Bucket=world.bucket, Prefix=f"alpha/{part}/")
    return {(one["Key"], one["VersionId"]) for one in read.get("Versions", [])}


# Later


def test_the_age_is_the_dumps_where_the_backup_is_new_and_the_dump_is_not(copied: World) -> None:
    """And one that is newer is said as soon as it lies outside."""
    assert copied.start("backup.service")[-1].returncode == 0
    copied.start("copy.service")
    assert dump_written(copied.newest) == copied.dump.stat().st_mtime_ns
    copied.dump.write_bytes(DUMP + b"and more")
    assert copied.start("backup.service")[-1].returncode == 0
    before = dump_written(copied.newest)
    copied.start("copy.service")
    after = dump_written(copied.newest)
    assert after == copied.dump.stat().st_mtime_ns != before


def test_a_copy_that_fails_leaves_what_was_said(copied: World) -> None:
    before = copied.newest.read_bytes()
    (copied.root / "credentials").rename(copied.root / "aside")
    (copied.root / "credentials").write_text("AWS_ACCESS_KEY_ID=OF_NOBODY\n")
    copied.dump.write_bytes(DUMP + b"and more still")
    try:
        assert copied.start("backup.service")[-1].returncode == 0
        done = copied.start("copy.service")
    finally:
        (copied.root / "aside").rename(copied.root / "credentials")
    assert [bool(one.returncode) for one in done] == [True, False, True]
    assert copied.newest.read_bytes() == before


def test_a_backup_without_a_dump_says_none(copied: World) -> None:
    copied.dump.rename(copied.root / "aside.rdb")
    try:
        assert copied.start("backup.service")[-1].returncode == 0
        assert copied.start("copy.service")[-1].returncode == 0
        assert dump_written(copied.newest) is None
    finally:
        (copied.root / "aside.rdb").rename(copied.dump)


def test_an_operator_forgets_and_what_is_locked_lies_there_all_the_same(copied: World) -> None:
    """`forget --prune` deletes; versions and their lock make a mark of that."""
    before = versions(copied, "data") | versions(copied, "snapshots")
    done = copied.restic("forget", "--group-by", "host", "--keep-last", "1", "--prune")
    assert done.returncode == 0, done.stderr
    assert len(copied.kept("snapshots")) == 1
    assert before <= versions(copied, "data") | versions(copied, "snapshots")
    checked = copied.restic("check", "--read-data")
    assert checked.returncode == 0, checked.stderr
    assert copied.start("copy.service")[-1].returncode == 0


def test_forgetting_on_the_machine_changes_nothing_in_the_store(copied: World) -> None:
    before = copied.kept("snapshots")
    assert [one.returncode for one in copied.start("forget.service")] == [0, 0, 0]
    assert copied.kept("snapshots") == before


@pytest.mark.parametrize("lock", ["shared", "exclusive"])
@pytest.mark.parametrize("unit", ["backup.service", "forget.service"])
def test_what_was_killed_with_its_lock_keeps_nothing_from_going_on(
    copied: World, unit: str, lock: str
) -> None:
    """As by a power cut."""
    hold(copied, lock)
    done = copied.start(unit)
    assert [one.returncode for one in done] == [0] * len(done), [one.stderr for one in done]
    assert not [*(copied.root / "local/locks").iterdir()]


def hold(world: World, lock: str) -> None:
    """Leave the lock of a restic that was killed."""
    local, locks = world.root / "local", world.root / "local/locks"
    words = ("restic", "--no-cache", "--repo", str(local), "--password-file")
    doing = ("backup", "--stdin") if lock == "shared" else ("check", "--read-data")
    with subprocess.Popen(
        [*words, str(world.root / "password"), *doing],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]},
    ) as process:  # fmt: skip
        until = time.monotonic() + 60
        while not [*locks.iterdir()]:
            assert process.poll() is None
            assert time.monotonic() < until
        process.kill()
    assert [*locks.iterdir()]
