"""`vanta node cloudwatch`, against a real server that speaks CloudWatch."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.provider import monitoring
from tests.cli.founded import vanta
from tests.diagnostics.cloud import KEYS, REGION, Metadata, free_port, moto
from tests.diagnostics.house import House
from vanta.cli.diagnostics import _EXITS
from vanta.diagnostics.cloud_metrics import health
from vanta.diagnostics.copied import dump_written
from vanta.diagnostics.examine import Report
from vanta.diagnostics.finding import Severity
from vanta.diagnostics.metrics import read, write
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import SECOND

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server", reason="moto is not installed: `make workshop`")

CONFIG = f"""\
node: one
role: alpha
environment: prod
governance:
  remote: nowhere
metrics:
  cloudwatch: {{namespace: Vanta, region: {REGION}}}
"""
UNTIMED = '{"struct_type":"node","type":"file","name":"dump.rdb","mtime":"yesterday"}\n'
ROOT = Path(__file__).parents[2]
TYPED = ("node", "cloudwatch", "-n", "node", "--examined", "vanta.prom")
COMMAND = (sys.executable, "-m", "vanta.cli", *TYPED)
ALPHA = {"Environment": "prod", "Node": "alpha"}
NO_ROLE = {"AWS_EC2_METADATA_DISABLED": "true", **dict.fromkeys(KEYS, "")}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def cloud(server: str) -> str:
    """Empty again."""
    with closing(http.client.HTTPConnection(server.removeprefix("http://"), timeout=30)) as asked:
        asked.request("POST", "/moto-api/reset")
        assert asked.getresponse().status == 200
    return server


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The folder of a node that looked just now, and was well."""
    config = tmp_path / "node/etc/node.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    looked(tmp_path)
    return tmp_path


def looked(at: Path, verdict: Severity = Severity.OK, *, ago: float = 0) -> None:
    when = time.time_ns() - int(ago * SECOND)
    write(Report("one", "alpha", "prod", when, verdict, ()), at / "vanta.prom")


def copied(at: Path, dump: datetime | None) -> None:
    """What the unit that copies backups leaves behind, in restic's words."""
    when = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.123456789Z}"
    lines: list[dict[str, str]] = [{"time": when, "id": "4f", "struct_type": "snapshot"}]
    if dump is not None:
        lines.append(
            {"name": "dump.rdb", "type": "file", "path": "/var/lib/redis/dump.rdb",
             "mtime": f"{dump:%Y-%m-%dT%H:%M:%S.%f}789+00:00", "struct_type": "node"}
        )  # fmt: skip
    (at / "newest.json").write_text("".join(json.dumps(line) + "\n" for line in lines))


def told(at: Path, endpoint: str, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    typed = ("node", "cloudwatch", "-n", "node", "--examined", "vanta.prom", *words)
    return vanta(
        *typed, at=at, **{"AWS_ENDPOINT_URL": endpoint, "NO_PROXY": "127.0.0.1", **KEYS, **more}
    )


def client(url: str) -> Any:  # noqa: ANN401 - boto3 has no types
    return boto3.client(
        "cloudwatch", region_name=REGION, endpoint_url=url,
        aws_access_key_id="testing", aws_secret_access_key="testing",  # noqa: S106 - moto's
    )  # fmt: skip


def metrics(url: str) -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each there is."""
    return [
        (one["Namespace"], one["MetricName"], {d["Name"]: d["Value"] for d in one["Dimensions"]})
        for one in client(url).list_metrics()["Metrics"]
    ]


def values(url: str, name: str, dimensions: dict[str, str]) -> list[float]:
    """Its minimum as an alarm reads it, by period of five minutes."""
    now = datetime.now(UTC)
    read = client(url).get_metric_statistics(
        Namespace="Vanta", MetricName=name, Statistics=["Minimum"], Period=300,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=5),
    )  # fmt: skip
    return [one["Minimum"] for one in read["Datapoints"]]


# What is put


@pytest.mark.parametrize(("verdict", "healthy"), [("note", 1), ("unknown", 0)])
def test_a_well_node_is_one_and_every_other_zero(
    node: Path, cloud: str, verdict: str, healthy: int
) -> None:
    looked(node, Severity(verdict))
    done = told(node, cloud)
    assert (done.returncode, done.stdout) == (0, f"Healthy {healthy} of prod, alpha\n")
    assert metrics(cloud) == [("Vanta", "Healthy", ALPHA)]
    assert values(cloud, "Healthy", ALPHA) == [healthy]


def test_healthy_is_what_ends_with_0() -> None:
    """The exit code of `vanta diagnostics`, and the alarm, say the same."""
    for verdict in Severity:
        assert health("prod", "alpha", verdict, 0).value == (_EXITS[verdict] == 0)


def test_what_diagnostics_wrote_is_what_is_told(house: House, cloud: str) -> None:
    """A real node whose controller is silent: critical for people, 0 for the alarm."""
    house.signs("governance")
    config = house.layout("executor").config
    config.write_text(config.read_text() + CONFIG[CONFIG.index("metrics:") :])
    own = ("-n", "nodes/executor")
    seen = vanta("diagnostics", *own, "--prometheus", "vanta.prom", at=house.root)
    assert seen.returncode == 4
    done = vanta(
        "node", "cloudwatch", *own, "--examined", "vanta.prom", "--json",
        at=house.root, AWS_ENDPOINT_URL=cloud, **KEYS,
    )  # fmt: skip
    dimensions = {"Environment": "dev", "Node": "executor"}
    assert json.loads(done.stdout) == [
        {"metric": "Healthy", "dimensions": dimensions, "value": 0.0}
    ]
    assert values(cloud, "Healthy", dimensions) == [0]


def test_the_age_is_of_the_dump_and_not_of_the_copy(node: Path, cloud: str) -> None:
    copied(node, datetime.now(UTC) - timedelta(minutes=7))
    done = told(node, cloud, "--copied", "newest.json")
    assert done.returncode == 0, done.stderr
    [age] = values(cloud, "RedisSnapshotAgeSeconds", {"Environment": "prod"})
    assert 420 <= age < 480
    assert {name for _, name, _ in metrics(cloud)} == {"Healthy", "RedisSnapshotAgeSeconds"}


@pytest.mark.parametrize("there", [False, True])
def test_where_no_dump_lies_outside_nothing_is_said_of_its_age(
    node: Path,
    cloud: str,
    there: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    if there:
        copied(node, None)
    assert told(node, cloud, "--copied", "newest.json").returncode == 0
    assert [name for _, name, _ in metrics(cloud)] == ["Healthy"]


# What is not


def test_without_a_configuration_nobody_is_asked(node: Path) -> None:
    config = node / "node/etc/node.yaml"
    config.write_text(CONFIG[: CONFIG.index("metrics:")])
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(0.1)
        done = told(node, f"http://127.0.0.1:{listening.getsockname()[1]}")
        assert done.returncode == 0
        assert "nothing is put" in done.stdout
        with pytest.raises(TimeoutError):
            listening.accept()


def test_an_old_look_is_not_told_as_if_it_were_of_now(node: Path, cloud: str) -> None:
    looked(node, ago=400)
    copied(node, datetime.now(UTC))
    done = told(node, cloud, "--copied", "newest.json")
    assert (done.returncode, "[LOOK_OLD]" in done.stderr) == (1, True)
    assert [name for _, name, _ in metrics(cloud)] == ["RedisSnapshotAgeSeconds"]


@pytest.mark.parametrize(("file", "code"), [("vanta.prom", "METRICS_"), ("newest.json", "COPIED_")])
def test_what_cannot_be_read_takes_nothing_from_the_rest(
    node: Path, cloud: str, file: str, code: str
) -> None:
    copied(node, datetime.now(UTC))
    (node / file).write_text("{")
    done = told(node, cloud, "--copied", "newest.json")
    assert done.returncode == 1
    assert f"[{code}UNREADABLE]" in done.stderr
    assert "  try: " in done.stderr
    assert len(metrics(cloud)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vanta_diagnostics_verdict 0\n",
        "vanta_diagnostics_verdict 7\nvanta_diagnostics_timestamp_seconds 1\n",
        "vanta_diagnostics_verdict 0\nvanta_diagnostics_timestamp_seconds NaN\n",
        "vanta_diagnostics_verdict 0\nvanta_diagnostics_timestamp_seconds +Inf\n",
        'vanta_diagnostics_verdict{a="b"} 0\nvanta_diagnostics_timestamp_seconds 1\n',
    ],
)
def test_a_look_without_verdict_and_time_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "vanta.prom"
    with pytest.raises(UnavailableError, match="METRICS_UNREADABLE"):
        read(file)
    file.write_text(text)
    with pytest.raises(MalformedError, match="METRICS_UNREADABLE"):
        read(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        UNTIMED,
        '{"struct_type":"snapshot"}\n' + UNTIMED,
        '{"struct_type":"snapshot"}\n' + " " * 70_000,
    ],
)
def test_what_restic_does_not_say_is_no_age(tmp_path: Path, text: str) -> None:
    file = tmp_path / "newest.json"
    assert dump_written(file) is None
    file.write_text(text)
    with pytest.raises(MalformedError, match="COPIED_UNREADABLE"):
        dump_written(file)


# A cloud that is not as it should be


def test_who_the_machine_is_is_asked_of_the_cloud_in_a_session(node: Path, cloud: str) -> None:
    with Metadata() as metadata:
        own = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url, "HOME": str(node)}
        done = told(node, cloud, **dict.fromkeys(KEYS, ""), **own)
    assert done.returncode == 0, done.stderr
    assert metadata.asked[0] == "/latest/api/token"
    assert metadata.asked[-1].endswith("/security-credentials/vanta-prod-alpha")
    assert metadata.without == 0
    assert values(cloud, "Healthy", ALPHA) == [1]


def test_a_machine_that_is_nobody_is_told_so(node: Path, cloud: str) -> None:
    done = told(node, cloud, HOME=str(node), **NO_ROLE)
    assert (done.returncode, "[NO_CREDENTIALS]" in done.stderr) == (1, True)
    assert "firewall_metadata_users" in done.stderr


def test_it_goes_by_the_proxy_to_the_name_that_the_stack_lists(node: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as proxy:
        process = subprocess.Popen(
            COMMAND, cwd=node, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **KEYS, "NO_COLOR": "1",
                 "HTTPS_PROXY": f"http://127.0.0.1:{proxy.getsockname()[1]}"},
        )  # fmt: skip
        for _ in range(2):
            asked, _ = proxy.accept()
            with asked:
                line = asked.recv(65536).splitlines()[0].decode()
                asked.sendall(b"HTTP/1.1 403 Filtered\r\nContent-Length: 0\r\n\r\n")
            assert line.startswith(f"CONNECT {monitoring(REGION)}:443 ")
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, "[CLOUDWATCH_AWAY]" in errors) == (1, True)


def test_a_server_that_is_away_is_told_in_one_line(node: Path) -> None:
    done = told(node, f"http://127.0.0.1:{free_port()}")
    first, *rest = done.stderr.splitlines()
    assert done.returncode == 1
    assert first.startswith(f"error: cloudwatch in {REGION}: it cannot be reached: ")
    assert first.endswith("[CLOUDWATCH_AWAY]")
    assert [line[:7] for line in rest] == ["  try: "]


def test_a_server_that_says_nothing_costs_seconds(node: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        began = time.monotonic()
        done = told(node, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert (done.returncode, "[CLOUDWATCH_AWAY]" in done.stderr) == (1, True)
    assert time.monotonic() - began < 30


def test_a_refusal_says_whose_and_why(node: Path) -> None:
    said = (
        b'{"__type":"AccessDenied","message":"not authorized to perform: cloudwatch:PutMetricData"}'
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        process = subprocess.Popen(
            COMMAND, cwd=node, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **KEYS, "AWS_ENDPOINT_URL": url, "NO_COLOR": "1"},
        )  # fmt: skip
        listening.settimeout(60)
        asked, _ = listening.accept()
        with asked:
            asked.recv(65536)
            head = b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/x-amz-json-1.0\r\n"
            asked.sendall(
                head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(said) + said
            )
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "[CLOUDWATCH_REFUSED]" in errors
    assert "identity.py" in errors


def test_a_build_without_the_sdk_says_how_to_make_one_with_it(node: Path, cloud: str) -> None:
    (node / "boto3.py").write_text("raise ImportError('no boto3 here')\n")
    done = subprocess.run(
        COMMAND, cwd=node, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "AWS_ENDPOINT_URL": cloud, "PYTHONPATH": f"{node}:{ROOT}"},
    )  # fmt: skip
    assert (done.returncode, "[NO_AWS]" in done.stderr) == (1, True)
    assert "--extra aws" in done.stderr


def test_a_namespace_or_region_that_cannot_be_is_refused_with_its_place(node: Path) -> None:
    config = node / "node/etc/node.yaml"
    for wrong in ("eu central", "https://evil.example", ""):
        config.write_text(CONFIG.replace(REGION, f'"{wrong}"'))
        done = told(node, "http://127.0.0.1:9")
        assert (done.returncode, "[INVALID_FIELD]" in done.stderr) == (1, True)
        assert "node.yaml:7" in done.stderr
