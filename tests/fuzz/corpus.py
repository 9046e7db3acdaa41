"""The targets, their seeds, and inputs made from seeds by editing them.

A seed is a file under `seeds/<target>/`, named for what it is. Inputs that once found a bug stay
there, so that every run begins with them.
"""

import importlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

TARGETS = ("commits", "documents", "notes", "signatures", "trees")
SEEDS = Path(__file__).parent / "seeds"
MAX_INPUT = 8192


class Target(NamedTuple):
    """One parser under fuzz.

    Attributes:
        one_input: raises nothing, whatever the bytes are.
        tokens: pieces that mean something to the parser.
    """

    one_input: Callable[[bytes], None]
    tokens: tuple[bytes, ...]


def target(name: str) -> Target:
    """The target in the module of that name."""
    module = importlib.import_module(f"tests.fuzz.{name}")
    return Target(module.one_input, module.TOKENS)


@cache
def seeds(name: str) -> dict[str, bytes]:
    """The seeds of a target, by name."""
    return {path.name: path.read_bytes() for path in sorted((SEEDS / name).iterdir())}


def edited(name: str) -> st.SearchStrategy[bytes]:
    """A seed after some edits."""
    tokens = st.sampled_from(target(name).tokens)
    inserted = tokens | st.binary(min_size=1, max_size=4)
    edits = st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(_EDITS), inserted, _spans),
        min_size=1,
        max_size=5,
    )
    start = st.sampled_from(list(seeds(name).values()))
    return st.builds(_apply, start, start, edits)


_EDITS = ("put", "put", "overwrite", "cut", "double", "flip", "splice")
_spans = st.integers(1, 48)
_Edit = tuple[float, str, bytes, int]


def _apply(seed: bytes, other: bytes, edits: list[_Edit]) -> bytes:
    data = seed
    for where, what, new, span in edits:
        at = int(where * len(data))
        if what == "put":
            data = data[:at] + new + data[at:]
        elif what == "overwrite":
            data = data[:at] + new + data[at + len(new) :]
        elif what == "cut":
            data = data[:at] + data[at + span :]
        elif what == "double":
            data = data[: at + span] + data[at:]
        elif what == "splice":
            data = data[:at] + other[int(where * len(other)) :]
        elif data:
            data = data[:at] + bytes([data[at] ^ (1 << span % 8)]) + data[at + 1 :]
    return data[:MAX_INPUT]
