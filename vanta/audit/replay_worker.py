"""The fresh process of a replay: `python -m vanta.audit.replay_worker NODE...`.

It reads journals, computes every pure step again, compares bytes, and writes what it found as JSON
lines. Whoever started it chose its hash seed, so a result that depends on the order of a set or of
a dictionary shows.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from vanta.audit.nodes import GOVERNANCE, Node, nodes
from vanta.audit.problems import Problem
from vanta.audit.refold import refold
from vanta.audit.trail import trail
from vanta.domain.encoding import encode
from vanta.domain.errors import VantaError
from vanta.domain.record import Record
from vanta.governance.trust import read_trust
from vanta.node.layout import Layout

BEFORE = 80
AFTER = 240
"""Bytes of each side that are shown around the first that differs."""
_EVERY = 5_000
"""Records between two lines of progress."""


class Difference(msgspec.Struct, frozen=True):
    """One record that was computed to something else."""

    record_id: str
    at: int
    """The first byte that differs."""
    recorded: str
    recomputed: str
    """Both from a little before that byte on."""


class StepReport(msgspec.Struct, frozen=True):
    """One pure step of one node, made again."""

    node: str
    step: str
    compared: int
    different: int
    first: Difference | None
    trouble: Problem | None
    """Why it could not be made again to the end."""

    @property
    def same(self) -> bool:
        """Whether everything came out byte for byte."""
        return not self.different and self.trouble is None


class Skipped(msgspec.Struct, frozen=True):
    """A step that was not made again, and what it would need."""

    node: str
    step: str
    why: str


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line the worker writes."""

    doing: str = ""
    step: StepReport | None = None
    skipped: Skipped | None = None
    hash_seed: str = ""
    """In the last line, which is missing when the worker died."""


class Replayed(Protocol):
    """What a step yields, whoever it belongs to."""

    @property
    def record_id(self) -> str:
        """The record."""

    @property
    def recorded(self) -> bytes:
        """What it says."""

    @property
    def recomputed(self) -> bytes:
        """What it should say."""


def replay_step(
    node: str, step: str, made: Iterable[Replayed], say: Callable[[str], None]
) -> StepReport:
    """Compare everything a step yields."""
    compared = different = 0
    first: Difference | None = None
    trouble: Problem | None = None
    try:
        for one in made:
            compared += 1
            if one.recorded != one.recomputed:
                different += 1
                first = first or difference(one)
            if compared % _EVERY == 0:
                say(f"{step} of {node}: {compared} compared")
    except VantaError as error:
        trouble = Problem(error.code, error.place, error.message, error.remedy)
    except ModuleNotFoundError as error:
        trouble = Problem(
            "MODULE_MISSING",
            f"{step} of {node}",
            f"{error.name} is not installed",
            "replay where every role is installed: pip install 'vanta[markets,executor,audit]'",
        )
    return StepReport(node, step, compared, different, first, trouble)


def difference(one: Replayed) -> Difference:
    """Where two byte strings part, with some of each."""
    pairs = zip(one.recorded, one.recomputed, strict=False)
    shorter = min(len(one.recorded), len(one.recomputed))
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), shorter)
    shown = slice(max(0, at - BEFORE), at + AFTER)
    return Difference(
        record_id=one.record_id,
        at=at,
        recorded=one.recorded[shown].decode(errors="replace"),
        recomputed=one.recomputed[shown].decode(errors="replace"),
    )


def steps(node: Node, among: Sequence[Node] = ()) -> Iterator[tuple[str, Iterator[Replayed] | str]]:
    """Every step a node's journals hold, with what it yields or why it cannot be made again.

    Args:
        node: whose journals.
        among: every node that is here; a shadow's decisions are made from another one's journal.
    """
    layout = node.layout
    if layout.journal("harvest").exists():
        yield "harvest", _harvest(node)
    if layout.journal("reflection").exists():
        there = layout.journal("harvest").exists()
        yield "reflection", _reflection(node) if there else "its harvest.jsonl is not here"
    if layout.journal("promotion").exists():
        there = layout.journal("reflection").exists()
        yield "promotion", _promotion(node) if there else "its reflection.jsonl is not here"
    if layout.journal("trade_log").exists():
        yield "trade_log", _trade_log(node)
    if layout.journal("shadow").exists():
        yield "shadow", _shadow(node, among)
    if layout.journal(GOVERNANCE).exists():
        yield GOVERNANCE, _governance(node)


def _records(node: Node, journal: str) -> Iterator[Record]:
    return (found.record for found in trail(node.name, node.layout.journal(journal)))


def _harvest(node: Node) -> Iterator[Replayed]:
    from vanta.markets.replay import replay_harvest  # noqa: PLC0415 - a node installs its role

    yield from replay_harvest(_records(node, "harvest"))


def _reflection(node: Node) -> Iterator[Replayed]:
    from vanta.markets.replay import replay_reflection  # noqa: PLC0415 - a node installs its role

    yield from replay_reflection(_records(node, "harvest"), _records(node, "reflection"))


def _promotion(node: Node) -> Iterator[Replayed]:
    from vanta.markets.replay import replay_promotion  # noqa: PLC0415 - a node installs its role

    yield from replay_promotion(_records(node, "reflection"), _records(node, "promotion"))


def _trade_log(node: Node) -> Iterator[Replayed]:
    from vanta.executor.replay import replay  # noqa: PLC0415 - a node installs its role

    yield from replay(_records(node, "trade_log"))


def _shadow(node: Node, among: Sequence[Node]) -> Iterator[Replayed] | str:
    from vanta.executor.shadow_replay import (  # noqa: PLC0415 - a node installs its role
        first_told,
        followed,
        replay_shadow,
    )

    first = first_told(_records(node, "shadow"))
    if first is None:
        return "it has decided nothing yet"
    for live in among:
        there = live is not node and live.layout.journal("trade_log").exists()
        if there and followed(_records(live, "trade_log"), first):
            return replay_shadow(_records(live, "trade_log"), _records(node, "shadow"))
    return "the trade_log.jsonl of the live node it followed is not here"


def _governance(node: Node) -> Iterator[Replayed] | str:
    layout = node.layout
    for needed in (layout.mirror, layout.trust):
        if not needed.exists():
            return f"{needed.name} is not here"
    trust = read_trust(layout.trust)
    return refold(trail(node.name, layout.journal(GOVERNANCE)), layout.mirror, trust)


def main(folders: Sequence[str], write: Callable[[bytes], object]) -> None:
    """Replay the nodes in `folders`, writing lines."""

    def line(content: Line) -> None:
        write(encode(content) + b"\n")

    def say(doing: str) -> None:
        line(Line(doing=doing))

    found = nodes([Layout(Path(folder)) for folder in folders])
    for node in found:
        for step, made in steps(node, found):
            if isinstance(made, str):
                line(Line(skipped=Skipped(node.name, step, made)))
                continue
            say(f"{step} of {node.name}")
            line(Line(step=replay_step(node.name, step, made, say)))
    line(Line(hash_seed=os.environ.get("PYTHONHASHSEED", "random")))


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:], _write)
