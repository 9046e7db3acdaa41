"""Whatever is done to a journal, in whatever order, it is a list that only grows."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.building import ACTOR, Count, Ticks, facts, numbers
from vanta.journal.reader import Tail, live_state, read, segments
from vanta.journal.verify import verify
from vanta.journal.writer import Journal


@dataclass(frozen=True)
class Append:
    count: int
    size: int


@dataclass(frozen=True)
class Crash:
    """The process is gone, in the middle of a line of which this much was written."""

    torn: bytes


@dataclass(frozen=True)
class Poll:
    limit: int


class Rotate: ...


class Resume:
    """A reader stops, and another goes on from its position."""


STEPS = st.lists(
    st.one_of(
        st.builds(Append, st.integers(0, 5), st.integers(0, 300)),
        st.builds(Crash, st.binary(max_size=40).map(lambda torn: torn.replace(b"\n", b""))),
        st.builds(Poll, st.integers(1, 8)),
        st.builds(Rotate),
        st.builds(Resume),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(300, 3000))
def test_a_journal_is_a_list_that_only_grows(steps: list[object], rotate_at: int) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "trade_log.jsonl"
        count, ticks = Count(), Ticks()

        def start() -> Journal:
            return Journal.open(
                path, actor=ACTOR, clock=ticks, rotate_at=rotate_at, snapshot=count.snapshot
            )

        model: list[int] = []
        polled: list[int] = []
        journal, tail = start(), Tail(path)
        for step in steps:
            match step:
                case Append(count=more, size=size):
                    new = list(range(len(model), len(model) + more))
                    count.fold(journal.append(facts(new, size=size)))
                    model += new
                case Crash(torn=torn):
                    position = journal.position
                    journal.close()
                    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
                    os.write(fd, torn)
                    os.close(fd)
                    assert numbers(read(path)) == model
                    journal = start()
                    assert (journal.torn, journal.position) == (len(torn), position)
                case Poll(limit=limit):
                    polled += numbers(tail.poll(limit))
                case Rotate():
                    journal.rotate()
                case Resume():
                    after = tail.position
                    tail.close()
                    tail = Tail(path, after=after)
        polled += numbers(tail.poll())
        tail.close()
        journal.close()

        assert numbers(read(path)) == model == polled
        verified = verify(path, workers=1)
        assert verified.position == journal.position == tail.position
        assert verified.records == len(model) + len(segments(path))
        live = live_state(path)
        state = msgspec.json.decode(live.state)["facts"]
        assert numbers(live.records) == model[state:]
        assert live.position == journal.position
