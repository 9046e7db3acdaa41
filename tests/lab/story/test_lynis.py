"""What a scanner that is not ours says of a converged node."""

import re

import pytest

from tests.lab.story.people import People

pytestmark = pytest.mark.lab
ON = ("executor",)

_AT_LEAST = 80
"""A stock Debian 12 has 59; what is lacking to 85 is in `tests/lab/waivers.yaml` and the lab's own:
it has no security repository, and its kernel is the host's."""


def test_lynis_finds_it_hardened(people: People, machine: str, figures: dict[str, str]) -> None:
    installed = people.on(machine, "apt-get", "install", "-y", "-q", "lynis")
    assert installed.returncode == 0, installed.stderr
    scan = people.on(machine, "lynis", "audit", "system", "--quick", "--no-colors", patience=600)
    found = re.search(r"Hardening index : (\d+)", scan.stdout)
    assert found, scan.stdout[-2000:]
    figures[f"Lynis on {machine}"] = f"{found[1]} of 100"
    assert int(found[1]) >= _AT_LEAST
