"""The lab's provider as Pulumi's engine speaks to it: a process of its own, over gRPC.

What needs no root is here; `tests/lab/test_provider.py` boots a machine the same way.
"""

from collections.abc import Iterator

import pytest

from infra.lab.image import image_of
from infra.lab.plan import plan_of
from tests.infra.lab.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """The provider's process."""
    with Engine() as engine:
        yield engine


def test_a_machine_that_can_be_is_taken_as_it_stands(engine: Engine) -> None:
    assert engine.check(lab="lab", machine="executor") == {}


@pytest.mark.parametrize(
    ("lab", "machine", "field", "code"),
    [
        ("lab", "beta", "machine", "NO_MACHINE"),
        ("lab", "", "machine", "NO_MACHINE"),
        ("a/b", "alpha", "lab", "LAB_NAME"),
        ("../../etc", "alpha", "lab", "LAB_NAME"),
    ],
)
def test_what_no_lab_has_is_refused_before_anything_is_made(
    engine: Engine, lab: str, machine: str, field: str, code: str
) -> None:
    failures = engine.check(lab=lab, machine=machine)
    assert list(failures) == [field]
    assert code in failures[field]


def test_another_machine_or_image_is_a_replacement_and_the_same_is_nothing(engine: Engine) -> None:
    image = image_of(plan_of("lab")).name
    there = {"lab": "lab", "machine": "alpha", "image": image, "address": "10.77.0.11"}
    wanted = {"lab": "lab", "machine": "alpha"}
    assert engine.diff("lab/alpha", there, wanted) == (False, [])
    assert engine.diff("lab/alpha", {**there, "image": "debian-old"}, wanted) == (True, ["image"])
    assert engine.diff("lab/alpha", there, {**wanted, "machine": "markets"}) == (True, ["machine"])


def test_a_machine_that_is_off_is_gone_for_a_refresh(engine: Engine) -> None:
    assert engine.read("unbooted/alpha", {"lab": "unbooted", "machine": "alpha"}) == ("", {})
