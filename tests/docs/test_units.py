"""The units that pages show are such as systemd takes them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS

_INI = re.compile(r"^```ini\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_UNIT = re.compile(r"^# /etc/systemd/system/(?P<name>\S+)\n", re.MULTILINE)


def units() -> dict[str, str]:
    """Every unit a page shows, by its name."""
    found: dict[str, str] = {}
    for page in sorted(DOCS.rglob("*.md")):
        for block in _INI.findall(page.read_text()):
            _, *parts = _UNIT.split(block)
            found.update(zip(parts[::2], parts[1::2], strict=True))
    return found


def verified(folder: Path, **change: str) -> "subprocess.CompletedProcess[str]":
    """What systemd says of the units, as they would stand on a node whose build is in `folder`."""
    start = folder / "current" / "bin" / "vanta-diagnostics"
    start.parent.mkdir(parents=True)
    start.write_text("#!/bin/sh\n")
    start.chmod(0o755)
    paths = []
    for name, shown in units().items():
        unit = shown.replace("/opt/vanta", str(folder))
        for old, new in change.items():
            unit = re.sub(f"^{old}=.*$", f"{old}={new}", unit, flags=re.MULTILINE)
        (folder / name).write_text(unit)
        paths.append(str(folder / name))
    return subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_every_unit_that_is_shown(tmp_path: Path) -> None:
    assert set(units()) == {"vanta-diagnostics.service", "vanta-diagnostics.timer"}
    done = verified(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize(
    "change", [{"OnCalendar": "every minute"}, {"ProtectSystem": "most"}, {"Type": "once"}]
)
def test_a_word_that_is_not_systemds_is_found(tmp_path: Path, change: dict[str, str]) -> None:
    assert verified(tmp_path, **change).stderr


def test_a_unit_starts_what_a_build_has() -> None:
    text = units()["vanta-diagnostics.service"]
    started = re.search(r"^ExecStart=/opt/vanta/current/bin/(\S+)", text, re.MULTILINE)
    project = (DOCS.parent / "pyproject.toml").read_text()
    assert started is not None
    assert re.search(rf"^{started[1]} = ", project, re.MULTILINE)
