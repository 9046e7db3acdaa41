"""Commits verified a second, and one more of them, beside `git log --format=%G?`.

Three figures, for a commit costs what has to be looked at for it. `signatures` is what Git is
compared with: raw object, hash, strict parse, signature. `fold` is all of it from the introduction
on a history as people make it: the governed tree, its documents, the judgement. In `fold_limits`
every commit brings limits nobody has read before.
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.history import ENVIRONMENT, FundHistory
from benchmarks.spread import spread
from vanta.governance.clock import NodeClock
from vanta.governance.controller import Controller
from vanta.governance.fetcher import Source
from vanta.governance.fold import fold, introduce
from vanta.governance.history import History
from vanta.governance.repository import Repository
from vanta.governance.sshsig import GIT_NAMESPACE, parse_armor, verify
from vanta.governance.walk import State

RUNS = 5


def run(
    *, weeks: int = 120, limits: int = 300, asked: int = 300, pushes: int = 400, runs: int = RUNS
) -> dict[str, Any]:
    """Every figure; rates are the medians of `runs` runs.

    Args:
        weeks: of the history that is folded, nine commits each.
        limits: commits of the history in which no tree repeats.
        asked: commits Git is asked about, which takes it some 10 ms each.
        pushes: how often one more commit is pushed.
        runs: how often each rate is measured.
    """
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as folder:
        weekly, limited = (FundHistory(_made(Path(folder) / name)) for name in ("a", "b"))
        for _ in range(weeks):
            for _ in weekly.week():
                pass
        for _ in range(limits):
            limited.limit()
        for made in (weekly, limited):
            # As a clone or a fetch leaves it: in packs.
            made.sim.git("repack", "-adq")
        return {
            "commits": weekly.commits,
            "signatures_per_s": _rate(runs, lambda: signatures(weekly)),
            "fold_per_s": _rate(runs, lambda: folded(weekly)),
            "fold_limits_per_s": _rate(runs, lambda: folded(limited)),
            "git_log_per_s": _rate(runs, lambda: by_git(weekly, asked)),
            **one_more(weekly, Path(folder), pushes),
        }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _rate(runs: int, work: Callable[[], int]) -> int:
    """The median over `runs` of what `work` gets done a second."""
    rates = []
    for _ in range(runs):
        began = time.perf_counter()
        done = work()
        rates.append(done / (time.perf_counter() - began))
    return round(statistics.median(rates))


def signatures(history: FundHistory) -> int:
    """Read, hash, parse and check the signature of every commit; how many there were."""
    with Repository(history.sim.path) as repository:
        seen: set[str] = set()
        waiting = [history.sim.head()]
        while waiting:
            oid = waiting.pop()
            if oid not in seen:
                seen.add(oid)
                commit = repository.commit(oid)
                assert commit.signature is not None
                assert commit.signed_payload is not None
                verify(parse_armor(commit.signature), commit.signed_payload, GIT_NAMESPACE)
                waiting.extend(commit.parents)
    assert len(seen) == history.commits
    return len(seen)


def folded(history: FundHistory) -> int:
    """Fold from the introduction to the head, as a fresh node does; how many were judged."""
    with Repository(history.sim.path) as repository:
        objects = History(repository, ENVIRONMENT)
        state = _introduced(history, objects)
        steps = list(fold(state, history.sim.head(), objects, history.sim.now))
    judged = sum(len(step.seen) for step in steps)
    assert judged == history.commits - 1
    return judged


def _introduced(history: FundHistory, objects: History) -> State:
    pinned = frozenset(history.trust.fingerprints)
    return introduce(history.introduction, pinned, ENVIRONMENT, objects)


def by_git(history: FundHistory, asked: int) -> int:
    """Let Git check the signatures of the last commits; how many it said are good."""
    signers = history.sim.allowed_signers()
    said = history.sim.git(
        *("-c", f"gpg.ssh.allowedSignersFile={signers}"),
        *("log", "--format=%G?", f"--max-count={asked}"),
    ).stdout.split()
    assert set(said) == {"G"}
    return len(said)


def one_more(history: FundHistory, folder: Path, pushes: int) -> dict[str, Any]:
    """What one more push costs a node that has seen all before it.

    Returns:
        `one_more_judged`: from raw object to verdict, the fetch not counted; `one_more_fetched`:
        with the fetch; `one_more_enforced`: a controller's whole round, which also writes the
        receipt to disk and replaces the published files.
    """
    judged, fetched, enforced = [], [], []
    source = Source(str(history.sim.path))
    memory = _made(folder / "memory")
    with (
        Repository.create(folder / "folded.git") as mirror,
        Repository.create(folder / "controlled.git") as controlled,
    ):
        objects = History(mirror, ENVIRONMENT)
        head = mirror.fetch(source.remote, source.ref)
        state = _introduced(history, objects)
        for step in fold(state, head, objects, history.sim.now):
            state = step.state
        controller = Controller(
            memory,
            controlled,
            source,
            ENVIRONMENT,
            history.trust,
            clock=NodeClock.steady(lambda: history.sim.now),
        )
        controller.tick()
        for _ in _pushes(history, pushes):
            began = time.perf_counter_ns()
            head = mirror.fetch(source.remote, source.ref)
            there = time.perf_counter_ns()
            for step in fold(state, head, objects, history.sim.now):
                state = step.state
            done = time.perf_counter_ns()
            assert controller.tick()
            enforced.append(time.perf_counter_ns() - done)
            judged.append(done - there)
            fetched.append(done - began)
        controller.close()
    return {
        "one_more_judged": spread(judged),
        "one_more_fetched": spread(fetched),
        "one_more_enforced": spread(enforced),
    }


def _pushes(history: FundHistory, pushes: int) -> Iterator[str]:
    weeks = itertools.chain.from_iterable(history.week() for _ in itertools.count())
    return itertools.islice(weeks, pushes)
