"""What the lab says where it cannot run, before it begins anything."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.lab import host
from infra.lab.commands import app
from vanta.domain.errors import UnavailableError


@pytest.mark.parametrize("word", ["up", "reset", "down"])
def test_who_is_not_root_is_told_to_be(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    done = CliRunner().invoke(app, [word])
    assert done.exit_code == 1
    assert "[NOT_ROOT]" in done.stderr
    assert "try: sudo make lab" in done.stderr


def test_what_is_missing_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError) as refused:
        host.look(tmp_path)
    assert refused.value.remedy.startswith("apt-get install ")
    assert {"debootstrap", "systemd-container"} <= set(refused.value.remedy.split())


def test_a_machine_nobody_has_is_an_error_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["shell", "beta"])
    assert done.exit_code == 1
    assert "one of: jump, alpha, markets, executor" in done.stderr
