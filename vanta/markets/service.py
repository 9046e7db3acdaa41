"""The Markets node: the one writer of its two journals and of the views made of them.

A scheduler, a command or a test only nudges it: `harvest`, `reflect`, or both over a stretch of
time with `run`. Whatever is nudged happens here, in this process, or not at all.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.bus.port import Outbox
from vanta.domain.encoding import content_id, decode
from vanta.domain.errors import RefusedError, VantaError
from vanta.domain.policy import Published
from vanta.domain.record import Entry
from vanta.journal.reader import live_state
from vanta.journal.view import write_view
from vanta.journal.writer import ROTATE_AT, Journal
from vanta.markets import beliefs, harvested, records
from vanta.markets.beliefs import Beliefs
from vanta.markets.collectors import crypto, news, options, prices, reddit, sec, twitter
from vanta.markets.collectors.port import Collector
from vanta.markets.directory import Company, load
from vanta.markets.entities import Directory
from vanta.markets.harvest import Harvest
from vanta.markets.harvested import Harvested
from vanta.markets.permission import permission
from vanta.markets.reflection import Maker, Reflected, Reflection
from vanta.node.layout import Layout

_FEEDS = (twitter, reddit, sec, news, crypto, options, prices)


class Step(NamedTuple):
    """One turn of `MarketsNode.run`."""

    as_of: int
    harvest: records.HarvestFinished | RefusedError
    """What was taken, or why no collector ran."""
    reflection: Reflected


def recorded_collectors(feeds: Path) -> tuple[Collector, ...]:
    """A collector for each feed recorded below `feeds`, reference prices last."""
    return tuple(feed.collector(feeds) for feed in _FEEDS)


def default_build() -> str:
    """The build intents carry: this package's version."""
    return f"markets@{version('vanta')}"


class MarketsNode:
    """Harvests, reflects and promotes. Use `open`, and close it.

    Attributes:
        harvested: what the harvest journal amounts to.
        beliefs: what the reflection journal amounts to.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        policy: Callable[[], Published],
        clock: Callable[[], int],
        maker: Maker,
        outbox: Outbox | None,
        collectors: Sequence[Collector],
        companies: tuple[Company, ...],
        rotate_at: int,
        working: Callable[[], object],
    ) -> None:
        self._layout = layout
        self._policy = policy
        self._clock = clock
        self._collectors = collectors
        self._working = working
        self._stack = ExitStack()
        with ExitStack() as stack:
            # Both are held before they are read: nobody appends between the two.
            self.harvested, self.beliefs = Harvested(), Beliefs()
            self._harvest_journal = stack.enter_context(
                self._journal(records.HARVEST, rotate_at, maker, self._harvest_state)
            )
            self._reflection_journal = stack.enter_context(
                self._journal(records.REFLECTION, rotate_at, maker, self._reflection_state)
            )
            self._restore()
            self._harvest = Harvest(self._harvest_journal, self.harvested, Directory(companies))
            self._reflection = Reflection(
                self._reflection_journal, self.beliefs, maker=maker, outbox=outbox, clock=clock
            )
            self._stack = stack.pop_all()

    @classmethod
    def open(
        cls,
        layout: Layout,
        *,
        policy: Callable[[], Published],
        clock: Callable[[], int],
        key: Ed25519PrivateKey | None,
        outbox: Outbox | None,
        feeds: Path,
        node: str = "markets",
        build: str = "",
        collectors: Sequence[Collector] | None = None,
        rotate_at: int = ROTATE_AT,
        working: Callable[[], object] = lambda: None,
    ) -> Self:
        """Take the node's journals, rebuild what they amount to, and send what may be unsent.

        Args:
            layout: the node's folders; `memory` is made when it is not there.
            policy: reads the published policy; may raise, and then nothing is promoted.
            clock: UTC nanoseconds.
            key: the node's own, registered in `Authority`; it signs the intents. None to propose
                them to a promoter.
            outbox: the Markets end of the bus; None where a promoter has it.
            feeds: folder of recorded feeds, and of the lists of companies beside them.
            node: the name the key is registered under.
            build: what intents carry as their maker; the package's version when empty.
            collectors: instead of those of the recorded feeds.
            rotate_at: bytes after which a journal begins a new segment.
            working: called between parts of the work: it goes on.

        Raises:
            UnavailableError: another process holds a journal, or the disk refuses.
            MalformedError: a journal was changed by somebody.
        """
        layout.memory.mkdir(parents=True, exist_ok=True)
        found = cls(
            layout,
            policy=policy,
            clock=clock,
            maker=Maker(node, build or default_build(), key),
            outbox=outbox,
            collectors=recorded_collectors(feeds) if collectors is None else collectors,
            companies=load(feeds),
            rotate_at=rotate_at,
            working=working,
        )
        try:
            found.write_views()
            found._reflection.send_again()
        except BaseException:
            found.close()
            raise
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the journals up; a second time does nothing."""
        self._stack.close()

    def _restore(self) -> None:
        """Read both states, each from its journal's live segment alone."""
        path = self._layout.journal(records.HARVEST)
        live = live_state(path)
        self.harvested = Harvested(_state(live.state, harvested.Snapshot, path))
        self.harvested.fold(live.records)
        path = self._layout.journal(records.REFLECTION)
        live = live_state(path)
        self.beliefs = Beliefs(_state(live.state, beliefs.Snapshot, path))
        self.beliefs.fold(live.records)

    def _harvest_state(self) -> harvested.Snapshot:
        """Of the state as it stands when a segment opens; it is restored after the journal is."""
        return self.harvested.snapshot()

    def _reflection_state(self) -> beliefs.Snapshot:
        return self.beliefs.snapshot()

    def _journal(
        self, name: str, rotate_at: int, maker: Maker, snapshot: Callable[[], object]
    ) -> Journal:
        return Journal.open(
            self._layout.journal(name),
            actor=maker.build,
            clock=self._clock,
            rotate_at=rotate_at,
            snapshot=snapshot,
        )

    def _in_force(self) -> Published | VantaError:
        try:
            return self._policy()
        except VantaError as error:
            return error

    def harvest(self, since: int, until: int) -> records.HarvestFinished:
        """Collect what could first be had in `[since, until)`, UTC nanoseconds.

        The same window again takes nothing twice, whatever came between.

        Raises:
            RefusedError: `COLLECTORS_HALTED`: a switch forbids calls out, or no policy can be
                read, which means the same. It is journalled.
            UnavailableError: a feed's folder is missing, or the journal takes nothing more.
        """
        if since >= until:
            raise RefusedError(
                "the window ends before it begins", code="WINDOW", remedy="swap since and until"
            )
        commit = self._permit(since, until)
        self._harvest.know_names(commit)
        finished = self._harvest.run(
            self._collectors, since, until, commit, lambda: self._permit(since, until)
        )
        self._write_harvest_views()
        return finished

    def _permit(self, since: int, until: int) -> str:
        """The commit in force, when it lets collectors run."""
        self._working()
        found = permission(self._layout.memory, self._in_force())
        if found.forbidden:
            at = str(self._harvest_journal.position.size).encode()
            self._harvest_journal.append(
                [
                    Entry(
                        records.HARVEST_REFUSED,
                        content_id("harvest", b"refused", at),
                        records.HarvestRefused(since, until, found.forbidden, found.why),
                        policy=found.commit,
                    )
                ]
            )
        found.require()
        return found.commit

    def reflect(self, as_of: int) -> Reflected:
        """Form and rank views of what was known at `as_of`, and promote what is eligible.

        Without a readable policy views are formed and nothing is promoted; the result says why.

        Raises:
            UnavailableError: a journal or the bus takes nothing; what was journalled and not sent
                is sent with the next reflection, or when the node is opened again.
        """
        try:
            return self._reflection.run(
                self.harvested.observed, self._harvest_journal.position, as_of, self._in_force()
            )
        finally:
            self._write_reflection_views()

    @property
    def in_force(self) -> str:
        """Commit of the policy in force; empty where none can be read."""
        found = self._in_force()
        return "" if isinstance(found, VantaError) else found.provenance.commit

    @property
    def reached(self) -> int:
        """Until when every feed was harvested, by the market's time; 0 before the first time."""
        ends = [self.harvested.reached.get(one.feed, (0, 0))[1] for one in self._collectors]
        return min(ends, default=0)

    def run(
        self, start: int, end: int, step: int, each: Callable[[Step], None] | None = None
    ) -> list[Step]:
        """Harvest and reflect turn by turn from `start` to `end`, each turn `step` long.

        A turn whose collectors may not run still reflects: old evidence ages by itself.

        Args:
            start: UTC nanoseconds of the market's time.
            end: likewise; the last turn may be shorter.
            step: nanoseconds, above 0.
            each: called after every turn.
        """
        if step <= 0:
            raise RefusedError("a step takes time", code="STEP", remedy="give a step above 0")
        steps = []
        for since in range(start, end, step):
            until = min(since + step, end)
            taken: records.HarvestFinished | RefusedError
            try:
                taken = self.harvest(since, until)
            except RefusedError as refused:
                taken = refused
            steps.append(Step(until, taken, self.reflect(until)))
            if each is not None:
                each(steps[-1])
        return steps

    def write_views(self) -> None:
        """Make every view again from what the journals amount to."""
        self._write_harvest_views()
        self._write_reflection_views()

    def _write_harvest_views(self) -> None:
        for feed, name in harvested.VIEWS.items():
            write_view(
                self._layout.view(name),
                self.harvested.view(feed),
                source=records.HARVEST,
                position=self._harvest_journal.position,
            )

    def _write_reflection_views(self) -> None:
        for name, said in beliefs.VIEWS.items():
            write_view(
                self._layout.view(name),
                said(self.beliefs),
                source=records.REFLECTION,
                position=self._reflection_journal.position,
            )


T = TypeVar("T")


def _state(raw: msgspec.Raw, kind: type[T], path: Path) -> T | None:
    """The snapshot a segment opens with; None where the journal began without one."""
    data = bytes(raw)
    return None if data == b"null" else decode(kind, data, place=str(path))
