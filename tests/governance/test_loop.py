"""The loop: hints and polls fetch, a hanging forge delays nothing on the node, and it ends well."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import MOMENTUM, Fund, capital, halted, switch, vault
from tests.governance.live import DeafForge, LiveNode, Systemd
from tests.governance.station import Station
from tests.governance.valkey import Valkey
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance.fetcher import Fetched
from vanta.governance.hints import HintSocket, publish_hint, send_hint
from vanta.governance.latch import set_latch
from vanta.governance.loop import LONGEST_DELAY, Backoff, Loop
from vanta.governance.published import OVERLAY_FILE


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


# Backing off


def failed(code: str = "FETCH_FAILED") -> Fetched:
    error = UnavailableError("no", code=code)
    return Fetched(error, error, error)


def test_it_waits_longer_while_the_forge_cannot_be_reached_and_never_very_long() -> None:
    backoff = Backoff(0.5, jitter=lambda: 1.0)
    waits = [backoff.after(failed()) for _ in range(6)]
    assert waits == [1.0, 2.0, LONGEST_DELAY, LONGEST_DELAY, LONGEST_DELAY, LONGEST_DELAY]
    assert backoff.after(Fetched("f" * 40, {}, {})) == 0.5
    assert backoff.after(failed("FETCH_TIMEOUT")) == 1.0
    backoff.reset()
    assert backoff.after(failed()) == 1.0


@pytest.mark.parametrize("code", ["REF_MISSING", "SHALLOW", "FETCH_TOO_LARGE", "TOO_MANY_OBJECTS"])
def test_what_came_and_is_bad_never_delays_what_comes_next(code: str) -> None:
    backoff = Backoff(0.5)
    error = RefusedError("bad", code=code)
    assert {backoff.after(Fetched(error, {}, {})) for _ in range(5)} == {0.5}


def test_many_nodes_do_not_come_back_at_once() -> None:
    backoff = Backoff(0.5)
    waits = {round(backoff.after(failed()), 6) for _ in range(20)}
    assert len(waits) > 5
    assert max(waits) <= LONGEST_DELAY * 1.2


def test_a_slow_poll_stays_as_slow() -> None:
    backoff = Backoff(60.0, jitter=lambda: 1.0)
    assert backoff.after(failed()) == 60.0


# In a thread


class Running:
    """A loop over a station."""

    def __init__(self, station: Station, poll: float) -> None:
        self.station = station
        self.hints = HintSocket(station.memory)
        self.controller = station.start()
        self.fetches = 0
        self.loop = Loop(self.controller, poll, hints=self.hints)
        self._fetch = self.controller.fetcher.fetch
        self.controller.fetcher.fetch = self._counted  # type: ignore[method-assign]
        self.error: VantaError | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _counted(self) -> Fetched:
        self.fetches += 1
        return self._fetch()

    def _run(self) -> None:
        try:
            self.loop.run()
        except VantaError as error:
            self.error = error

    def shows(self, wanted: int) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(VantaError):
                if capital(self.station.reader().policy) == wanted:
                    return True
            time.sleep(0.005)
        return False

    def ended(self) -> bool:
        self._thread.join(20)
        return not self._thread.is_alive()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.stop()
        assert self.ended()
        self.hints.close()
        self.station.stop()


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Station:
    return Station(tmp_path, fund)


@contextlib.contextmanager
def running(station: Station, poll: float) -> Iterator[Running]:
    made = Running(station, poll)
    try:
        yield made
    finally:
        made.stop()


def latched_policy(station: Station) -> bool:
    """Whether the files say what the latch does; an edit of them is of this publication then."""
    try:
        return halted(station.published().policy)
    except VantaError:
        return False


def lower(fund: Fund, limit: int) -> None:
    fund.change({MOMENTUM: vault("momentum", capital=limit)}, by="ada")


def test_a_hint_is_as_good_as_a_poll(station: Station, fund: Fund) -> None:
    with running(station, 3600) as run:
        assert run.shows(1000)
        for limit in (900, 800, 700):
            lower(fund, limit)
            send_hint(station.memory)
            assert run.shows(limit)
        assert run.fetches <= 1 + 2 * 3


def test_a_poll_needs_no_hint(station: Station, fund: Fund) -> None:
    with running(station, 0.05) as run:
        for limit in (900, 800):
            lower(fund, limit)
            assert run.shows(limit)


def test_a_flood_of_hints_is_a_bounded_number_of_fetches(station: Station) -> None:
    with running(station, 3600) as run:
        assert run.shows(1000)
        before, began = run.fetches, time.monotonic()
        while time.monotonic() - began < 2:
            send_hint(station.memory)
        took = time.monotonic() - began
        assert 1 <= run.fetches - before <= 4 + 4 * took + 1


def test_a_bad_head_does_not_delay_the_good_one_after_it(station: Station, fund: Fund) -> None:
    with running(station, 0.05) as run:
        assert run.shows(1000)
        good = fund.sim.head()
        for limit in (900, 800, 700):
            fund.tree({"README.md": f"{limit}\n"}, by="mallory", parents=[])
            while "branch" not in run.controller.refusals:
                time.sleep(0.005)
            fund.sim.point("refs/heads/main", good)
            lower(fund, limit)
            assert run.shows(limit)
            good = fund.sim.head()


def test_a_forge_that_is_away_is_tried_again_at_a_hint(station: Station, fund: Fund) -> None:
    with running(station, 3600) as run:
        assert run.shows(1000)
        moved = Path(f"{fund.sim.path}.away")
        fund.sim.path.rename(moved)
        send_hint(station.memory)
        while "branch" not in run.controller.refusals:
            time.sleep(0.005)
        moved.rename(fund.sim.path)
        lower(fund, 900)
        send_hint(station.memory)
        assert run.shows(900)


def test_a_forge_that_hangs_delays_neither_latch_nor_repair(station: Station) -> None:
    with running(station, 3600) as first:
        assert first.shows(1000)
    forge = DeafForge()
    station.remote = forge.url
    with running(station, 3600) as run:
        while run.fetches == 0:
            time.sleep(0.005)
        set_latch(station.memory, "stop", 1)
        while not latched_policy(station):
            time.sleep(0.005)
        station.limit(4000)
        while not station.bodies("edit.reverted"):
            time.sleep(0.005)
        assert run.fetches == 1, "the fetch still hangs"
        assert halted(station.reader().policy)
    forge.close()


def test_a_journal_that_somebody_changed_ends_it(station: Station) -> None:
    with running(station, 0.05) as run:
        assert run.shows(1000)
        with station.journal.open("ab") as journal:
            journal.write(b"x")
        set_latch(station.memory, "stop", 1)
        assert run.ended()
        assert run.error is not None
        assert run.error.code == "JOURNAL_CHANGED"


# As a process


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    made = Systemd(tmp_path)
    yield made
    made.close()


def test_it_tells_systemd_that_it_is_ready_alive_and_ending(
    tmp_path: Path, fund: Fund, systemd: Systemd
) -> None:
    with LiveNode(tmp_path / "node", fund, poll_ms=50) as node:
        node.start(NOTIFY_SOCKET=str(systemd.path), WATCHDOG_USEC="600000")
        assert systemd.hears("READY=1")
        assert node.policy() is not None, "ready means that a policy is published"
        systemd.said.clear()
        assert systemd.hears("WATCHDOG=1")
        assert node.stop() == 0
        assert systemd.hears("STOPPING=1")


def test_asked_to_end_it_ends_at_once_while_a_forge_hangs(
    tmp_path: Path, fund: Fund, systemd: Systemd
) -> None:
    forge = DeafForge()
    with LiveNode(tmp_path / "node", fund, remote=forge.url) as node:
        node.start(NOTIFY_SOCKET=str(systemd.path), WATCHDOG_USEC="300000")
        assert systemd.hears("WATCHDOG=1")
        began = time.monotonic()
        assert node.stop() == 0
        assert time.monotonic() - began < 20, "the fetch's own bound is 30 s"
        assert list((node.layout.mirror / "incoming").iterdir()) == []
        forge.close()


def test_a_redis_hint_reaches_a_controller_that_polls_once_an_hour(
    tmp_path: Path, fund: Fund
) -> None:
    (tmp_path / "valkey").mkdir()
    with (
        Valkey(tmp_path / "valkey") as valkey,
        LiveNode(tmp_path / "node", fund, poll_ms=600_000, hints=valkey.url) as node,
    ):
        node.start()
        assert node.shows(lambda policy: capital(policy) == 1000)
        assert node.until(lambda: publish_hint(valkey.url) == 1)
        lower(fund, 900)
        told = node.run("governance", "hint", "--redis", valkey.url)
        assert (told.returncode, told.stdout) == (0, "told 1 controllers by Redis\n")
        assert node.shows(lambda policy: capital(policy) == 900)
        valkey.stop()
        lower(fund, 800)
        hinted = node.run("governance", "hint", "--node", str(node.layout.root))
        assert hinted.returncode == 0, hinted.stderr
        assert node.shows(lambda policy: capital(policy) == 800)
        assert node.stop() == 0


def test_a_halt_on_the_spot_holds_with_the_controller_and_without(
    tmp_path: Path, fund: Fund
) -> None:
    with LiveNode(tmp_path / "node", fund, poll_ms=50) as node:
        root = str(node.layout.root)
        halt = ("halt", "--now", "--node", root, "--reason", "broker on fire")
        node.start()
        assert node.shows(lambda policy: capital(policy) == 1000)
        assert node.stop() == 0
        told = node.run(*halt, "--vault", "crypto", "--json")
        assert told.returncode == 0, told.stderr
        assert '"confirmed": true' in told.stdout
        policy = node.policy()
        assert policy is not None
        assert policy.overlay.vaults.at("crypto").full_halt > 0
        node.start()
        assert node.until(lambda: len(node.records("edit.adopted")) == 1)
        assert b'"reason":"broker on fire"' in bytes(node.records("edit.adopted")[0].body)
        told = node.run(*halt)
        assert told.returncode == 0, told.stderr
        assert told.stdout.startswith("HALTED under ")
        assert "no order is on its way" in told.stdout
        assert node.shows(halted)
        assert len(node.records("latch.set")) == 1
        again = node.run(*halt, "--vault", "crypto")
        assert "NOTHING ADDED" in again.stdout
        status = node.run("governance", "status", "--node", root)
        assert "HALTED: the latch is set" in status.stdout
        assert "vanta resume --edit" in status.stdout
        assert status.stdout.count(": broker on fire; release it with") == 2, "latch and hand edit"
        assert node.stop() == 0
        assert node.refolded() > 0


def test_the_published_files_are_healed_while_it_runs(tmp_path: Path, fund: Fund) -> None:
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    with LiveNode(tmp_path / "node", fund) as node:
        node.start()
        assert node.shows(halted)
        overlay = node.layout.memory / OVERLAY_FILE
        good = overlay.read_bytes()
        for content in (b"", good.replace(b'"full_halt": true', b'"full_halt": false')):
            overlay.write_bytes(content)
            assert node.until(lambda: overlay.read_bytes() == good)
        assert node.stop() == 0
        assert node.refolded() > 0
