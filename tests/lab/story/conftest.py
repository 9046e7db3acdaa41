"""The people of the lab's fund, and the machines they work on."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.lab.lab import Lab
from tests.lab.story.people import Fund, People

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def figures() -> Iterator[dict[str, str]]:
    """What is measured, printed by `make lab-test`."""
    measured: dict[str, str] = {}
    yield measured
    if place := os.environ.get("VANTA_LAB_FIGURES"):
        path = Path(place)
        before = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**before, **measured}))


@pytest.fixture(scope="session")
def people(lab: Lab) -> People:
    """Ada, Grace and Alan."""
    return People(lab, Fund(lab.plan.fund, REPOSITORY), REPOSITORY)
