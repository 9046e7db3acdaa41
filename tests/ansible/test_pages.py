"""Units that the docs tell people to start, stop or look at are units that roles bring."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "ansible" / "roles"
_TYPED = re.compile(r"systemctl (?:start|stop|restart|status) ([a-z .-]+?)(?:  |$|`|\n)")
_DEBIANS = {"nfs-ganesha", "chrony", "prometheus", "systemd-journal-upload"}
"""Units of Debian's packages."""
_MOUNTED = {"opt-vanta-build.mount"}
"""What systemd calls the mount of `nfs_mount_path`."""


def _brought() -> Iterator[str]:
    """Units by their names, with and without what kind they are of."""
    for path in ROLES.glob("*/vars/main.yml"):
        for services in yaml.safe_load(path.read_text()).values():
            for each in services if isinstance(services, list) else ():
                if isinstance(each, dict) and "name" in each:
                    yield from (each["name"], f"{each['name']}.service", f"{each['name']}.timer")
    for path in ROLES.rglob("*.yml"):
        for unit in re.findall(r"[a-z0-9-]+\.(?:timer|service|mount|target)", path.read_text()):
            yield from (unit, unit.rpartition(".")[0])


def _told() -> Iterator[tuple[str, str]]:
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for units in _TYPED.findall(page.read_text()):
            for unit in units.split():
                yield page.name, unit


@pytest.mark.parametrize(("page", "unit"), list(_told()))
def test_a_unit_on_a_page_is_one_that_is_there(page: str, unit: str) -> None:
    assert unit in _DEBIANS | _MOUNTED | set(_brought()), page
