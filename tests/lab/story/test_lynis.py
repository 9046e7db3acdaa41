"""What a scanner that is not ours says of a converged node."""

import re

import pytest

from tests.lab.story.people import People

pytestmark = pytest.mark.lab
ON = ("executor",)

_AT_LEAST = 80
"""Of 100; a stock Debian 12 has 59 or 60, and the aim is 85. The lab loses some for having no
security repository."""


def test_lynis_finds_it_hardened(people: People, machine: str, figures: dict[str, str]) -> None:
    installed = people.on(machine, "apt-get", "install", "-y", "-q", "lynis")
    assert installed.returncode == 0, installed.stderr
    scan = people.on(machine, "lynis", "audit", "system", "--quick", "--no-colors", patience=600)
    found = re.search(r"Hardening index : (\d+)", scan.stdout)
    assert found, scan.stdout[-2000:]
    figures[f"Lynis on {machine}"] = f"{found[1]} of 100"
    assert int(found[1]) >= _AT_LEAST
