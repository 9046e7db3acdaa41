"""Journals to test with: small facts, a clock that ticks, files cut and changed."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import pytest

from vanta.domain.record import Entry, Position, Record
from vanta.journal.chain import chain
from vanta.journal.segment import complete_lines
from vanta.journal.writer import Journal

ACTOR = "executor@0.1.0"


class Ticks:
    """A clock that moves a nanosecond every time it is read."""

    def __init__(self, now: int = 1_700_000_000_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Count:
    """The state of a service that counts facts: what its journal's snapshots hold."""

    def __init__(self) -> None:
        self.facts = 0

    def fold(self, records: Sequence[Record]) -> None:
        self.facts += len(records)

    def snapshot(self) -> object:
        return {"facts": self.facts}


def facts(numbers: Iterable[int], *, size: int = 20) -> list[Entry]:
    return [
        Entry(
            type="order.filled",
            id=f"fill_{number}",
            body={"number": number, "note": "x" * size},
            parents=(f"order_{number}",),
            dag_id=f"dag_{number}",
            policy="c0ffee",
        )
        for number in numbers
    ]


def numbers(records: Iterable[Record]) -> list[int]:
    """The numbers of the facts among `records`."""
    return [
        msgspec.json.decode(record.body)["number"]
        for record in records
        if record.type == "order.filled"
    ]


def build(path: Path, count: int, *, per_segment: int = 0, batch: int = 1) -> Position:
    """A closed journal of `count` facts, rotated after every `per_segment` of them."""
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        for start in range(0, count, batch):
            if per_segment and start and start % per_segment == 0:
                journal.rotate()
            journal.append(facts(range(start, min(start + batch, count))))
        return journal.position


def spy(patch: pytest.MonkeyPatch, *names: str) -> list[tuple[str, object]]:
    """Calls of `os` functions by these names from now on: name and first argument."""
    calls: list[tuple[str, object]] = []

    def watch(name: str, real: Callable[..., object]) -> None:
        def call(*args: object) -> object:
            calls.append((name, args[0]))
            return real(*args)

        patch.setattr(os, name, call)

    for name in names:
        watch(name, getattr(os, name))
    return calls


def lines_of(path: Path) -> list[bytes]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return [line for _, line in complete_lines(fd)]
    finally:
        os.close(fd)


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def flip(path: Path, offset: int, value: int) -> None:
    """Put one other byte at `offset`."""
    content = bytearray(path.read_bytes())
    assert content[offset] != value
    content[offset] = value
    path.write_bytes(content)


def rechained(lines: Sequence[bytes]) -> list[bytes]:
    """The lines as a forger writes them who recomputes every `prev` after the first."""
    forged = [lines[0]]
    for line in lines[1:]:
        record = msgspec.json.decode(line, type=Record)
        before = msgspec.json.decode(forged[-1], type=Record)
        prev = chain(before.prev, forged[-1])
        forged.append(line.replace(record.prev.encode(), prev.encode()))
    return forged
