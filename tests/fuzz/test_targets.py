"""Every seed, and a bounded number of inputs made from the seeds: the same ones in every run.

`make fuzz` lets a coverage-guided fuzzer go on from here.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import SEEDS, TARGETS, edited, seeds, target

EXAMPLES = 400


@pytest.mark.parametrize(
    ("name", "seed"), [(name, seed) for name in TARGETS for seed in seeds(name)]
)
def test_a_seed(name: str, seed: str) -> None:
    target(name).one_input(seeds(name)[seed])


def test_every_seed_has_its_target() -> None:
    assert {path.name for path in SEEDS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_edited_seeds(name: str) -> None:
    one_input = target(name).one_input

    @settings(max_examples=EXAMPLES, derandomize=True, database=None)
    @given(edited(name) | st.binary(max_size=64))
    def run(data: bytes) -> None:
        one_input(data)

    run()
