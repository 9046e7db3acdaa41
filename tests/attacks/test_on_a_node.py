"""What of the list only a node shows that runs: its clock, its journal, its hints, its Executor."""

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from tests.attacks.changes import LOOSER, stop
from tests.attacks.door import knock
from tests.attacks.trading import MARKETS, Trading, opened
from tests.governance.fund import (
    MOMENTUM,
    OVERLAY,
    Fund,
    authority,
    capital,
    flip,
    halted,
    overlay,
    revoked,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content
from tests.governance.station import Killed, Station
from vanta.domain.errors import UnavailableError, VantaError
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE
from vanta.domain.policy import Policy
from vanta.governance.conditions import conditions
from vanta.governance.controller import Controller
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.fetcher import Fetched
from vanta.governance.hints import HINT, HintSocket
from vanta.governance.latch import LATCH, set_latch
from vanta.governance.loop import Loop
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, PolicyReader
from vanta.governance.status import facts_of
from vanta.governance.trust import Trust
from vanta.lattice.algebra import compare
from vanta.lattice.direction import Order


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path, nodes=[MARKETS])


def enforced(station: Station) -> Policy:
    """What a reader that has just begun is told to enforce."""
    return PolicyReader(station.memory, patience=0.0)().policy


def refusals(station: Station) -> list[str]:
    return [body["code"] for body in station.bodies("head.refused")]


# Time.


@pytest.mark.parametrize("step", [DAY, -DAY, 400 * DAY, -400 * DAY])
def test_verifier_clock_stepping_mid_run(station: Station, fund: Fund, step: int) -> None:
    """Between one look and the next it is another day: no halt ends, and no flip comes back."""
    end, soon = fund.now + 12 * HOUR, fund.now + HOUR
    fund.change({fund.halt("stop"): switch("stop", scope="venue: paper", until=end)}, by="olga")
    fund.change({OVERLAY: overlay(flip(soon))}, by="olga", approve=True)
    controller = station.start()
    controller.tick()
    assert enforced(station).overlay.flips.keys() == {"momentum"}
    station.later(2 * HOUR)
    controller.tick()
    assert enforced(station).overlay.flips == {}
    station.set_clock(step)
    for _ in range(2):
        controller.tick()
        assert enforced(station).overlay.venues.at("paper").full_halt == end
        assert enforced(station).overlay.flips == {}
        assert station.bodies("clock.doubted")
        controller = station.start()


def test_verifier_clock_stepping_back_mid_run_makes_no_approval_young(
    station: Station, fund: Fund
) -> None:
    """It had run out by the latest clock seen."""
    first = fund.change(LOOSER, by="ada", approve=True, parents=[fund.introduction], ref=None)
    second = fund.approve("grace", parents=[first], ref=None)
    controller = station.start()
    controller.tick()
    station.later(80 * HOUR)
    controller.tick()
    station.set_clock(-80 * HOUR)
    fund.tree(fund.sim.files(second), by=None, parents=[fund.introduction, second])
    assert knock(fund) == ("applied", None, 0), "by the door's clock they are young"
    (step,) = controller.tick()
    assert (step.verdict, step.reason) == ("refused", "QUORUM_MISSING")
    assert capital(enforced(station)) == 1000


@pytest.mark.parametrize("lost", ["nothing", "the process", "the journal"])
def test_a_flips_ttl_renewed_by_a_restart(station: Station, fund: Fund, lost: str) -> None:
    """Its end is an instant of the document's, so no beginning counts from anew."""
    end = fund.now + 2 * HOUR
    fund.change({OVERLAY: overlay(flip(end))}, by="olga", approve=True)
    controller = station.start()
    controller.tick()
    assert enforced(station).overlay.flips["momentum"].until == end
    for _ in range(5):
        station.later(HOUR - MINUTE)
        if lost != "nothing":
            station.stop()
        if lost == "the journal":
            for path in station.memory.glob("governance*"):
                path.unlink()
        controller = controller if lost == "nothing" else station.start()
        controller.tick()
        flips = enforced(station).overlay.flips
        assert {each.until for each in flips.values()} <= {end}
        assert bool(flips) is (station.since_boot() < end)


# Keys and trust.


def test_trust_changed_while_the_head_did_not(station: Station, fund: Fund) -> None:
    """Ansible pins another key because the first was stolen; the branch stands still."""
    station.start().tick()
    pinned = fund.trust
    fund.trust = Trust(pinned.introduction, (fund.mallory.key.fingerprint,))
    controller = station.start()
    controller.tick()
    assert "UNTRUSTED_INTRODUCTION" in refusals(station)
    loosened_and_halted(station, fund, controller)
    assert refusals(station) == ["UNTRUSTED_INTRODUCTION"] * 2, "once for each head"
    fund.trust = pinned
    assert [step.verdict for step in station.start().tick()] == ["refused", "applied"]
    assert capital(enforced(station)) == 2000
    assert halted(enforced(station)), "and the halt of the lane is nobody's to forget"


@pytest.mark.parametrize("where", ["above", "below", "elsewhere"])
def test_another_introduction_pinned_while_the_head_did_not_change(
    station: Station, fund: Fund, where: str
) -> None:
    """By another pin another policy would be in force: which of the two is for people to say."""
    first = fund.change({MOMENTUM: vault("momentum", capital=900)}, by="ada")
    station.start().tick()
    place = {
        "above": fund.change(LOOSER, by="ada", ref=None),
        "below": first,
        "elsewhere": fund.tree(fund.sim.files(first), by="ada", parents=[], ref=None),
    }
    fund.trust = Trust(place[where], fund.trust.fingerprints)
    controller = station.start()
    controller.tick()
    assert refusals(station) == ["PIN_CHANGED"]
    assert "lost-key.md" in controller.trouble
    loosened_and_halted(station, fund, controller, capital_was=900)


def test_a_new_introduction_upon_what_was_enforced_is_the_way_back(
    station: Station, fund: Fund
) -> None:
    """Pinned by hand, and the journal moved away: nothing that was enforced is undone by it."""
    opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert not trading.trades()
    trading.stop()
    station.stop()
    older = fund.sim.head()
    anew = fund.change({"README.md": "Again\n"}, by="carol")
    fund.trust = Trust(anew, (fund.person("carol").key.fingerprint,))
    controller = station.start()
    controller.tick()
    assert refusals(station) == ["PIN_CHANGED"]
    station.stop()
    journal_gone(station)
    fund.sim.point(MAIN, older)
    station.start().tick()
    assert refusals(station) == ["NOT_DESCENDANT"]
    fund.sim.point(MAIN, anew)
    station.start().tick()
    trading.restart()
    assert not trading.trades()
    fund.change({fund.halt("stop"): None}, by="ada", approve=True)
    fund.approve("grace")
    station.start().tick()
    assert trading.trades()
    trading.stop()


def loosened_and_halted(
    station: Station, fund: Fund, controller: Controller, capital_was: int = 1000
) -> None:
    """Nothing loosens, and what stops lands: by the lane, by the latch, by a hand edit."""
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    assert controller.tick() == ()
    assert capital(enforced(station)) == capital_was
    assert not halted(enforced(station))
    fund.lane("stop", by="olga")
    assert controller.tick() == ()
    assert halted(enforced(station))
    station.overlay(maintenance=True)
    controller.settle()
    assert enforced(station).overlay.everywhere.maintenance == FOREVER
    set_latch(station.memory, "the pin was changed", station.clock())
    controller.settle()
    assert controller.memory.latched_by()
    shown = {one.type: one for one in conditions(facts_of(controller), (), station.clock())}
    assert shown["Verified"].reason == refusals(station)[-1]
    station.later(2 * DAY)
    controller.tick()
    assert controller.memory.aged, "no head is confirmed, so in the end it only reduces"


def test_trust_changed_by_the_head_holds_for_what_comes_at_the_same_look(
    station: Station, fund: Fund
) -> None:
    """A key is taken back and used in one range: the node saw neither before."""
    station.start().tick()
    gone = {**fund.keys, "grace": [revoked(fund.keys["grace"][0])]}
    text = str(fund.sim.files(fund.introduction)[AUTHORITY])
    fund.change(
        {AUTHORITY: authority(gone, nodes=text.partition("nodes: ")[2].partition("\n")[0])},
        by="alan",
    )
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    steps = station.start().tick()
    assert [step.verdict for step in steps] == ["tightened", "refused", "refused"]
    assert capital(enforced(station)) == 1000


# State that is lost.


Loss = Callable[[Station], None]


def journal_gone(station: Station) -> None:
    for path in station.memory.glob("governance*"):
        path.unlink()


def journal_and_mirror_gone(station: Station) -> None:
    journal_gone(station)
    shutil.rmtree(station.mirror)


def files_gone(station: Station) -> None:
    journal_gone(station)
    for name in (VAULT_FILE, OVERLAY_FILE):
        (station.memory / name).unlink()


def everything_gone_but_the_trade_log(station: Station) -> None:
    for path in station.memory.iterdir():
        if path.is_file() and not path.name.startswith("trade_log"):
            path.unlink()
    shutil.rmtree(station.mirror)


@pytest.mark.parametrize(
    "lose", [journal_gone, journal_and_mirror_gone, files_gone, everything_gone_but_the_trade_log]
)
@pytest.mark.parametrize("shown", ["older", "beside", "the introduction"])
def test_state_directory_deleted_then_rollback(
    station: Station, fund: Fund, lose: Loss, shown: str
) -> None:
    """The forge waits until a node has forgotten, and shows what was in force before the halt."""
    older = opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    halt = fund.change(stop(fund), by="olga")
    station.start().tick()
    assert not trading.trades()
    trading.stop()
    station.stop()
    lose(station)
    if shown == "beside":
        fund.change({"README.md": "as if nothing had been\n"}, by="ada", parents=[older])
    else:
        fund.sim.point(MAIN, older if shown == "older" else fund.introduction)
    controller = station.start()
    for _ in range(3):
        assert controller.tick() == ()
    assert set(refusals(station)) == {"ROLLBACK"}
    with pytest.raises(VantaError):
        enforced(station)
    trading.restart()
    assert not trading.trades()
    fund.sim.point(MAIN, halt)
    controller.tick()
    assert halted(enforced(station))
    trading.restart()
    assert not trading.trades()
    trading.stop()


def test_state_directory_deleted_then_rollback_to_where_markets_still_is(
    station: Station, fund: Fund
) -> None:
    """Another machine's intents name the policy it had; that is not what was enforced here."""
    older = opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert not trading.trades(markets_at=older)
    trading.stop()
    station.stop()
    everything_gone_but_the_trade_log(station)
    fund.sim.point(MAIN, older)
    controller = station.start()
    controller.tick()
    assert set(refusals(station)) == {"ROLLBACK"}
    trading.restart()
    assert not trading.trades()
    trading.stop()


def test_state_directory_deleted_and_an_intent_that_names_no_commit(
    station: Station, fund: Fund
) -> None:
    """What somebody else's message says keeps no node from coming back."""
    opened(fund)
    fund.change(stop(fund), by="olga")
    station.start().tick()
    trading = Trading(station)
    assert not trading.trades(markets_at="c" * 40)
    trading.stop()
    station.stop()
    everything_gone_but_the_trade_log(station)
    station.start().tick()
    assert refusals(station) == []
    assert halted(enforced(station))


def test_state_directory_restored_from_a_backup_then_rollback(
    station: Station, fund: Fund, tmp_path: Path
) -> None:
    """Journal and files of yesterday are put back; the Executor's own journal is of today."""
    older = opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    trading.stop()
    station.stop()
    shutil.copytree(station.memory, tmp_path / "backup")
    halt = fund.change(stop(fund), by="olga")
    station.start().tick()
    trading.restart()
    assert not trading.trades()
    trading.stop()
    station.stop()
    for path in (tmp_path / "backup").iterdir():
        if not path.name.startswith(("trade_log", "intents")) and path.is_file():
            shutil.copy2(path, station.memory / path.name)
    fund.sim.point(MAIN, older)
    controller = station.start()
    controller.tick()
    assert "ROLLBACK" in refusals(station)
    trading.restart()
    assert not trading.trades()
    fund.sim.point(MAIN, halt)
    controller.tick()
    assert halted(enforced(station))
    trading.stop()


# Hints.


class Counted:
    """A loop over a station's controller that fetches once an hour, unless it is hinted."""

    def __init__(self, station: Station) -> None:
        self.fetches = 0
        controller = station.start()
        self._fetch = controller.fetcher.fetch
        controller.fetcher.fetch = self._count  # type: ignore[method-assign]
        self._hints = HintSocket(station.memory)
        self._loop = Loop(controller, 3600, hints=self._hints)
        self._thread = threading.Thread(target=self._loop.run)
        self._station = station

    def _count(self) -> Fetched:
        self.fetches += 1
        return self._fetch()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self.until(lambda: self.fetches > 0 and (self._station.memory / VAULT_FILE).exists())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.stop()
        self._thread.join(20)
        self._hints.close()
        self._station.stop()

    @staticmethod
    def until(true: Callable[[], bool], seconds: float = 20) -> bool:
        """Whether something came true in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(VantaError):
                if true():
                    return True
            time.sleep(0.005)
        return False


def send(station: Station, payload: bytes, times: int = 1) -> None:
    """Datagrams to the node's socket, as fast as they are taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)  # noqa: FBT003 - as the standard library has it
        for _ in range(times):
            with contextlib.suppress(BlockingIOError):
                sender.sendto(payload, str(station.memory / HINT))


def test_a_hint_that_carries_state(station: Station, fund: Fund) -> None:
    """It names a head, a policy, a remote and a command: the node looks at its own forge."""
    evil = fund.change(LOOSER, by="mallory", approve=True, ref="refs/heads/evil")
    with Counted(station) as node:
        before = station.journal.read_bytes()
        for payload in (
            evil.encode(),
            b'{"ref": "refs/heads/evil", "after": "%s"}' % evil.encode(),
            b'{"full_halt": false, "capital": 999999}',
            b"remote=ext::sh -c touch% /tmp/x",
            b"\0" * 60_000,
            b"",
        ):
            looks = node.fetches
            send(station, payload)
            assert node.until(lambda looks=looks: node.fetches > looks)  # type: ignore[misc]
        time.sleep(0.1)
        assert station.journal.read_bytes() == before
        assert capital(enforced(station)) == 1000


def test_a_hint_that_floods(station: Station, fund: Fund) -> None:
    """A bounded number of looks, and a halt that comes meanwhile is enforced as ever."""
    with Counted(station) as node:
        began, looks = time.monotonic(), node.fetches
        flooding = threading.Event()

        def flood() -> None:
            while not flooding.is_set():
                send(station, b"now", 500)

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            time.sleep(0.3)
            fund.change(stop(fund), by="olga")
            assert node.until(lambda: halted(enforced(station)))
        finally:
            flooding.set()
            thread.join()
        took = time.monotonic() - began
        assert node.fetches - looks <= 4 + 4 * took + 1


def test_a_hint_that_is_forged(station: Station, fund: Fund) -> None:
    """There is nothing new, and nothing becomes of it: neither a record nor an older head."""
    fund.change(stop(fund), by="olga")
    with Counted(station) as node:
        assert halted(enforced(station))
        before = station.journal.read_bytes()
        looks = node.fetches
        send(station, b"now", 3)
        assert node.until(lambda: node.fetches > looks)
        time.sleep(0.1)
        assert station.journal.read_bytes() == before
        fund.sim.point(MAIN, fund.introduction)
        send(station, b"now")
        assert node.until(lambda: "NOT_DESCENDANT" in refusals(station))
        assert halted(enforced(station))


# Crashes, and an Executor alone.


def crashing(station: Station, step: int) -> str:
    """Run a controller until it dies at its n-th step; the step's name, or empty."""
    left = [step]
    at = [""]

    def fuse(name: str) -> None:
        if left[0] == 0:
            at[0] = name
            raise Killed(name)
        left[0] -= 1

    with contextlib.suppress(Killed):
        station.start(crash=fuse).tick()
    return at[0]


@pytest.mark.parametrize("change", ["a halt", "a loosening"])
def test_a_crash_between_apply_and_receipt(tmp_path: Path, change: str) -> None:
    """Whatever it dies at, a reader sees what a receipt allows, and the next start mends it."""
    for number in range(20):
        home = tmp_path / str(number)
        home.mkdir()
        fund = Fund(home)
        station = Station(home, fund)
        station.start().tick()
        if change == "a halt":
            fund.change(stop(fund), by="olga")
        else:
            fund.change(LOOSER, by="ada", approve=True)
            fund.approve("grace")
        died = crashing(station, number)
        with contextlib.suppress(UnavailableError):
            seen = enforced(station)
            receipted = [body["commit"] for body in station.bodies("policy.evaluated")]
            loose = compare(fund.state.policy, seen) not in {Order.EQUAL, Order.TIGHTER}
            assert not loose or fund.sim.head() in receipted
        controller = station.start()
        controller.tick()
        policy = enforced(station)
        assert halted(policy) if change == "a halt" else capital(policy) == 2000
        station.stop()
        if not died:
            assert number > 2
            return
    pytest.fail("it never ran to its end")


def test_the_executor_restarting_while_git_is_unreachable(station: Station, fund: Fund) -> None:
    """Last good, halts sticky: it trades by what it had, and does not begin again after a halt."""
    opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    station.remote = "/nowhere/governance.git"
    controller = station.start()
    controller.tick()
    trading.restart()
    assert trading.trades(), "last good"
    station.remote = str(fund.sim.path)
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert not trading.trades()
    station.remote = "/nowhere/governance.git"
    for with_controller in (True, False):
        station.start().tick()
        if not with_controller:
            station.stop()
        trading.restart()
        assert not trading.trades(), "halts sticky"
        assert halted(enforced(station))
    trading.stop()


@pytest.mark.parametrize("files", ["older ones", "none", "edited ones"])
def test_the_executor_restarting_alone_with_other_files_in_their_place(
    station: Station, fund: Fund, files: str
) -> None:
    """No controller, no Git: whoever has the disk opens nothing by what they put there."""
    opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    kept = {name: (station.memory / name).read_bytes() for name in (VAULT_FILE, OVERLAY_FILE)}
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert not trading.trades()
    station.stop()
    if files == "edited ones":
        station.overlay(full_halt=False)
        text = (station.memory / OVERLAY_FILE).read_text()
        (station.memory / OVERLAY_FILE).write_text(text.replace("true", "false"))
    for name, content in kept.items():
        if files == "older ones":
            (station.memory / name).write_bytes(content)
        elif files == "none":
            (station.memory / name).unlink()
    for _ in range(2):
        assert not trading.trades()
        trading.restart()
    trading.stop()


@pytest.mark.parametrize("latch", ["a file", "a folder", "a dangling link", "unreadable"])
def test_the_executor_restarting_under_a_latch_of_any_kind(
    station: Station, fund: Fund, latch: str
) -> None:
    """Without Git and without the controller: present or unreadable means halt."""
    opened(fund)
    station.start().tick()
    station.stop()
    trading = Trading(station)
    assert trading.trades()
    path = station.memory / LATCH
    if latch == "a folder":
        path.mkdir()
    elif latch == "a dangling link":
        path.symlink_to("nowhere")
    else:
        path.write_bytes(b"" if latch == "a file" else b"\xff\xfe")
        path.chmod(0)
    for _ in range(2):
        assert not trading.trades()
        trading.restart()
    trading.stop()


@pytest.mark.parametrize("how", ["by one person", "by two", "renamed by two"])
def test_a_vault_deleted_or_renamed_opens_nothing_and_may_still_be_left(
    station: Station, fund: Fund, how: str
) -> None:
    """Nobody is kept in a position by a document that went away."""
    opened(fund)
    station.start().tick()
    trading = Trading(station)
    assert trading.trades()
    changes: dict[str, Content | None] = {MOMENTUM: None}
    if how == "renamed by two":
        text = str(fund.sim.files(fund.sim.head())[MOMENTUM])
        changes[MOMENTUM.replace("momentum", "impulse")] = text.replace("momentum", "impulse")
    fund.change(changes, by="ada", approve=how != "by one person")
    if how != "by one person":
        fund.approve("grace")
    station.start().tick()
    assert not trading.trades()
    assert trading.reduces()
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert not trading.reduces()
    trading.stop()
