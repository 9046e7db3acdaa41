"""The gate, look by look, and systemd as it answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vanta.builds.health import Clock, Gate, Limits, judge
from vanta.builds.services import Look
from vanta.builds.systemd import Systemd
from vanta.domain.errors import UnavailableError
from vanta.node.config import BuildsConfig
from vanta.node.readiness import Ready, ready_path

BUILD = "0.1.0-aaaaaaaaaaaa"
UP = Look("up", 0, 7)


def said(pid: int = 7, build: str = BUILD) -> Ready:
    return Ready("executor", pid, build, 0)


@pytest.mark.parametrize(
    ("look", "ready", "before", "found"),
    [
        (UP, said(), None, None),
        (UP, said(), UP, None),
        (Look("down", 0, 0), said(), None, ("NOT_UP", True)),
        (Look("starting", 0, 7), said(), None, ("STARTING", False)),
        (UP, None, None, ("NOT_READY", False)),
        (UP, said(pid=6), None, ("NOT_READY", False)),
        (UP, said(build="0.2.0-bbbbbbbbbbbb"), None, ("WRONG_BUILD", True)),
        (UP, said(build=""), None, ("WRONG_BUILD", True)),
        (Look("up", 1, 7), said(), UP, ("RESTARTED", True)),
        (Look("up", 0, 8), said(pid=8), UP, ("RESTARTED", True)),
        (UP, said(), Look("starting", 0, 0), None),
    ],
)
def test_one_look(
    look: Look, ready: Ready | None, before: Look | None, found: tuple[str, bool] | None
) -> None:
    """What keeps it from passing, and whether waiting cannot help."""
    one = judge("executor", BUILD, look, ready, before)
    assert (one and (one.sick.code, one.final)) == found


class Scripted:
    """Services whose looks are told beforehand, the last for ever."""

    def __init__(self, *looks: Look) -> None:
        self._looks = self._told(looks)
        self.asked = 0

    def _told(self, looks: tuple[Look, ...]) -> Iterator[Look]:
        yield from looks
        while True:
            yield looks[-1]

    def look(self, _service: str) -> Look:
        self.asked += 1
        return next(self._looks)

    def restart(self, *_services: str) -> None:
        raise AssertionError

    def said(self, _service: str) -> str:
        raise AssertionError


def gated(tmp_path: Path, services: Scripted) -> str | None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    ready_path(tmp_path, "executor").write_text(
        f'{{"service":"executor","pid":7,"build":"{BUILD}","since":0}}'
    )
    limits = Limits(passes=3, within=2.0, every=0.5)
    gate = Gate(services, tmp_path, limits, clock=Clock(lambda: now[0], sleep))
    sick = gate.wait(("executor",), BUILD)
    return sick.code if sick else None


def test_it_takes_several_good_looks_in_a_row(tmp_path: Path) -> None:
    starting = Look("starting", 0, 7)
    services = Scripted(starting, UP, UP, UP)
    assert gated(tmp_path, services) is None
    assert services.asked == 4
    # One that comes and goes never has three.
    flapping = Scripted(UP, starting, UP, UP, starting)
    assert gated(tmp_path, flapping) == "STARTING"
    assert gated(tmp_path, Scripted(starting, starting, starting, starting, UP)) == "TOO_LATE"


def test_what_cannot_get_better_is_not_waited_for(tmp_path: Path) -> None:
    services = Scripted(UP, UP, Look("up", 1, 9))
    assert gated(tmp_path, services) == "RESTARTED"
    assert services.asked == 3


def systemctl(folder: Path, answers: str, *, code: int = 0) -> Systemd:
    """A `systemctl` that notes how it was called, and answers as systemd does."""
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$*" >> {folder}/called\n{answers}\nexit {code}\n')
    program.chmod(0o755)
    return Systemd((str(program),))


def test_a_unit_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    systemctl(tmp_path, "echo ActiveState=active")
    builds = BuildsConfig.model_validate({"services": {"executor": "executor-router.service"}})
    services = Systemd((str(tmp_path / "systemctl"),), builds.unit)
    services.look("executor")
    services.look("judge")
    assert [line.split()[-1] for line in (tmp_path / "called").read_text().splitlines()] == [
        "executor-router.service",
        "vanta-judge.service",
    ]


def test_systemd_is_asked_by_its_own_command(tmp_path: Path) -> None:
    shown = "echo MainPID=41; echo NRestarts=2; echo ActiveState=active"
    services = systemctl(tmp_path, shown)
    assert services.look("executor") == Look("up", 2, 41)
    services.restart("executor")
    assert (tmp_path / "called").read_text().splitlines() == [
        "show --property=ActiveState,NRestarts,MainPID vanta-executor.service",
        "reset-failed vanta-executor.service",
        "restart vanta-executor.service",
    ]


@pytest.mark.parametrize(
    ("state", "condition"),
    [("activating", "starting"), ("failed", "down"), ("inactive", "down"), ("", "down")],
)
def test_what_systemd_calls_it(tmp_path: Path, state: str, condition: str) -> None:
    services = systemctl(tmp_path, f"echo ActiveState={state}; echo MainPID=; echo NRestarts=")
    assert services.look("judge") == Look(condition, 0, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        "System has not been booted with systemd as init system (PID 1).",
        "Failed to restart vanta-x.service: Unit vanta-x.service is masked.",
        "",
    ],
)
def test_what_is_no_fault_of_the_service_is_told_as_systemd_says_it(
    tmp_path: Path, said: str
) -> None:
    services = systemctl(tmp_path, f'echo "{said}" >&2', code=1)
    with pytest.raises(UnavailableError) as found:
        services.restart("x")
    assert found.value.code == "SERVICE"
    assert (said or "ended with 1") in found.value.message


@pytest.mark.parametrize(
    "said",
    [
        "Job for vanta-x.service failed because the control process exited.",
        "A dependency job for vanta-x.service failed. See 'journalctl -xe'.",
    ],
)
def test_a_service_that_does_not_start_is_left_to_the_gate(tmp_path: Path, said: str) -> None:
    systemctl(tmp_path, f'echo "{said}" >&2', code=1).restart("x")


def test_all_are_started_at_once_and_the_one_that_cannot_be_is_named(tmp_path: Path) -> None:
    services = systemctl(tmp_path, "echo 'Unit vanta-y.service not found.' >&2", code=5)
    with pytest.raises(UnavailableError) as found:
        services.restart("x", "y", "z")
    assert found.value.place == "y"
    assert (tmp_path / "called").read_text().splitlines() == [
        "reset-failed vanta-x.service vanta-y.service vanta-z.service",
        "restart vanta-x.service vanta-y.service vanta-z.service",
    ]
    services.restart()
    assert len((tmp_path / "called").read_text().splitlines()) == 2


def test_a_unit_that_is_not_there_and_a_systemd_that_is_not(tmp_path: Path) -> None:
    services = systemctl(tmp_path, "echo 'Unit vanta-x.service not found.' >&2", code=5)
    with pytest.raises(UnavailableError) as found:
        services.restart("x")
    assert (found.value.code, "builds.services" in found.value.remedy) == ("SERVICE", True)
    with pytest.raises(UnavailableError) as found:
        Systemd((str(tmp_path / "nothing"),)).look("x")
    assert found.value.code == "SERVICE"
