"""A fact passes at its limit and is told one step beyond it; pure, so nothing has to be broken."""

from collections.abc import Iterable

import msgspec
import pytest

from vanta.diagnostics.checks import journals, machine, markets, services, standing, trading
from vanta.diagnostics.facts import (
    Bus,
    Checkpoint,
    Clock,
    Disk,
    Export,
    Feed,
    Feeds,
    Flip,
    Journal,
    Journals,
    Lag,
    NodeStatus,
    Open,
    Peer,
    Pipeline,
    Ready,
    Reflection,
    Service,
    Services,
    Standing,
    Unit,
    Volume,
)
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told, findings, worst
from vanta.diagnostics.registry import CHECKS
from vanta.domain.instant import HOUR, SECOND
from vanta.journal.chain import MAX_LINE
from vanta.journal.writer import ROTATE_AT

NOW = 1_800_000_000 * SECOND
AT = Moment(NOW, "executor", "executor")
MIB = 1024 * 1024


def codes(told: Iterable[Told]) -> set[str]:
    return {one.says.code for one in told}


def test_silence() -> None:
    def said(silent: int) -> set[str]:
        one = Service("judge", True, True, silent, None, None)  # noqa: FBT003 - facts in order
        return codes(services.judge(Services((one,), ""), AT))

    limit = services.LIMITS.silent
    assert said(limit) == {"SERVICES_RUN"}
    assert said(limit + 1) == {"SERVICE_SILENT"}


def test_restarts_and_a_failed_unit() -> None:
    def said(unit: Unit) -> set[str]:
        one = Service("judge", True, True, 0, None, unit)  # noqa: FBT003 - facts in order
        return codes(services.judge(Services((one,), ""), AT))

    assert said(Unit("active", "running", 3, "success")) == {"SERVICES_RUN"}
    assert said(Unit("active", "running", 4, "success")) == {"SERVICE_RESTARTS"}
    # A sign of life that is young is a sign of the one before.
    assert said(Unit("failed", "failed", 0, "exit-code")) == {"SERVICE_FAILED"}


def test_a_service_that_only_a_timer_starts_is_no_matter_between() -> None:
    unit = Unit("inactive", "dead", 0, "success")
    one = Service("markets", False, False, None, None, unit)  # noqa: FBT003 - facts in order
    assert codes(services.judge(Services((one,), ""), AT)) == set()
    assert codes(services.judge(Services((one,), "no answer"), AT)) == {"SYSTEMD_SILENT"}


def test_what_nobody_hears_of_is_ready_or_gone() -> None:
    def said(ready: Ready | None, *, expected: bool = True) -> set[str]:
        one = Service("api", expected, False, None, ready, None)  # noqa: FBT003 - facts in order
        return codes(services.judge(Services((one,), ""), AT))

    assert said(None) == {"SERVICE_ABSENT"}
    assert said(Ready(7, "", NOW, alive=True)) == {"SERVICES_RUN"}
    assert said(Ready(7, "", NOW, alive=False)) == {"SERVICE_DIED"}


def test_a_checkpoint() -> None:
    def said(checkpoint: Checkpoint | None, opened: int = NOW) -> set[str]:
        one = Journal(
            "trade_log", 9, 9, True, 100, opened, NOW, 0, 0, "", "", "", checkpoint  # noqa: FBT003
        )  # fmt: skip
        return codes(journals.judge(Journals((one,)), AT))

    limit = journals.LIMITS.uncovered
    assert said(Checkpoint(8, "", "", 1, NOW - limit)) == {"JOURNALS_SOUND"}
    assert said(Checkpoint(8, "", "", 1, NOW - limit - 1)) == {"CHECKPOINT_OLD"}
    assert said(None, NOW - limit) == {"JOURNALS_SOUND"}
    assert said(None, NOW - limit - 1) == {"CHECKPOINT_NONE"}


def test_a_live_segment_that_goes_on_and_on() -> None:
    def said(live: int) -> set[str]:
        one = Journal(
            "trade_log", 9, 9, True, live, NOW, NOW, 0, 0, "", "", "", None  # noqa: FBT003
        )  # fmt: skip
        return codes(journals.judge(Journals((one,)), AT))

    limit = journals.LIMITS.live_bytes
    # A snapshot as long as a line may be, and what closes a segment, are no reason to worry.
    assert limit > MAX_LINE + ROTATE_AT
    assert said(limit) == {"JOURNALS_SOUND"}
    assert said(limit + 1) == {"JOURNAL_OVERGROWN"}


def test_a_journal_too_large_to_follow_is_no_sound_one() -> None:
    one = Journal("trade_log", 9, 5, False, 100, NOW, NOW, 0, 0, "", "", "", None)  # noqa: FBT003
    assert codes(journals.judge(Journals((one,)), AT)) == {"JOURNAL_PART"}


@pytest.mark.parametrize(
    ("free", "code"),
    [
        (1024 * MIB, "DISK_ROOM"),
        (1024 * MIB - 1, "DISK_LOW"),
        (256 * MIB, "DISK_LOW"),
        (256 * MIB - 1, "DISK_FULL"),
    ],
)
def test_room_in_bytes(free: int, code: str) -> None:
    one = Volume(("memory",), 4096 * MIB, free, 0, 0, read_only=False, errors=0)
    assert codes(machine.judge_disk(Disk((one,)), AT)) == {code}


@pytest.mark.parametrize(
    ("percent", "code"), [(10, "DISK_ROOM"), (9, "DISK_LOW"), (2, "DISK_LOW"), (1, "DISK_FULL")]
)
def test_room_in_percent(percent: int, code: str) -> None:
    total = 2**50
    one = Volume(("memory",), total, -(-total * percent // 100), 0, 0, read_only=False, errors=0)
    assert codes(machine.judge_disk(Disk((one,)), AT)) == {code}


def test_files_that_can_be_made_a_disk_that_fails_and_one_that_only_reads() -> None:
    def said(**changes: object) -> set[str]:
        fine = Volume(("memory",), 2**50, 2**49, 100, 10, read_only=False, errors=0)
        one = msgspec.structs.replace(fine, **changes)
        return codes(machine.judge_disk(Disk((one,)), AT))

    assert said() == {"DISK_ROOM"}
    assert said(free_inodes=9) == {"INODES_LOW"}
    assert said(inodes=0, free_inodes=0) == {"DISK_ROOM"}
    assert said(errors=1) == {"DISK_ERRORS"}
    assert said(read_only=True) == {"DISK_READ_ONLY"}


def test_the_clock() -> None:
    def said(*, offset: int = 0, error: int = 0, synchronised: bool = True) -> set[str]:
        return codes(machine.judge_clock(Clock(synchronised, offset, error, "", ()), AT))

    limits = machine.CLOCK_LIMITS
    assert said(offset=limits.offset, error=limits.error) == {"CLOCK_RIGHT"}
    assert said(offset=-limits.offset - 1) == {"CLOCK_OFF"}
    assert said(error=limits.error + 1) == {"CLOCK_OFF"}
    assert said(synchronised=False) == {"CLOCK_UNSYNCED"}
    doubted = Clock(True, 0, 0, "it was set", ("paper",))  # noqa: FBT003 - facts in order
    assert codes(machine.judge_clock(doubted, AT)) == {"CLOCK_DOUBTED", "BROKER_SKEW"}


def test_the_export() -> None:
    def said(age: int, took: int = 0) -> set[str]:
        one = Export(True, "nfs4", "alpha:/build", True, 3, NOW - age, took)  # noqa: FBT003
        return codes(machine.judge_export(one, AT))

    limits = machine.EXPORT_LIMITS
    assert said(limits.old) == {"EXPORT_MOUNTED"}
    assert said(limits.old + 1) == {"EXPORT_STALE"}
    assert said(0, limits.took) == {"EXPORT_MOUNTED"}
    assert said(0, limits.took + 1) == {"EXPORT_SLOW"}


def test_feeds_and_reflection() -> None:
    def said(age: int) -> set[str]:
        feed = Feed("news", "", NOW - age, 7, 1, 0, 0)
        return codes(markets.judge_feeds(Feeds((feed,), 7, writing=False), AT))

    assert said(markets.FEED_LIMITS.old) == {"FEEDS_FRESH"}
    assert said(markets.FEED_LIMITS.old + 1) == {"FEED_OLD"}

    def thought(age: int) -> set[str]:
        return codes(markets.judge_reflection(Reflection(NOW - age, 0, "", 0, 0), AT))

    assert thought(markets.LIMITS.old) == {"REFLECTS"}
    assert thought(markets.LIMITS.old + 1) == {"REFLECTION_OLD"}


def test_a_view_that_is_behind_while_its_journal_is_written_is_only_on_its_way() -> None:
    feed = Feed("news", "", NOW, 6, 1, 0, 0)
    assert codes(markets.judge_feeds(Feeds((feed,), 7, writing=True), AT)) == {"FEEDS_FRESH"}
    assert codes(markets.judge_feeds(Feeds((feed,), 7, writing=False), AT)) == {"FEED_BEHIND"}


def flow(**changes: object) -> Pipeline:
    step, none = Lag(9, 1, 1, 1), Open(0, None)
    return msgspec.structs.replace(Pipeline(step, step, step, none, none, {}, 0), **changes)


def test_the_steps_of_an_order() -> None:
    def said(**changes: object) -> set[str]:
        return codes(trading.judge_orders(flow(**changes), AT))

    limits = trading.LIMITS
    assert said() == {"ORDERS_FLOW"}
    for step in ("arrived", "decided", "confirmed"):
        limit = getattr(limits, step)
        assert said(**{step: Lag(9, 0, limit, limit)}) == {"ORDERS_FLOW"}
        assert said(**{step: Lag(9, 0, limit + 1, limit + 1)}) == {"ORDERS_SLOW"}
    for waits, code in (("undecided", "INTENTS_WAIT"), ("unconfirmed", "ORDERS_UNCONFIRMED")):
        assert said(**{waits: Open(1, NOW - limits.waiting)}) == {"ORDERS_FLOW"}
        assert said(**{waits: Open(1, NOW - limits.waiting - 1)}) == {code}
        assert said(**{waits: Open(1, NOW - limits.stuck)}) == {code}
        assert said(**{waits: Open(1, NOW - limits.stuck - 1)}) == {"ORDERS_STUCK"}
    assert said(ahead=limits.ahead) == {"ORDERS_FLOW"}
    assert said(ahead=limits.ahead + 1) == {"INTENT_AHEAD"}
    assert said(refused={"EXPIRED": 2}) == {"ORDERS_FLOW", "PARCELS_REFUSED"}


def test_the_bus() -> None:
    limit = trading.BUS_LIMITS.waiting
    assert codes(trading.judge_bus(Bus("bus", 1, NOW - limit, 0), AT)) == {"BUS_EMPTY"}
    assert codes(trading.judge_bus(Bus("bus", 1, NOW - limit - 1, 0), AT)) == {"BUS_WAITING"}


OWN = NodeStatus("executor", "executor", "dev", NOW, "b", "c" * 40, "t", "d", 3, NOW - HOUR)


def stands(peer: NodeStatus | None = None, **changes: object) -> Standing:
    peers = (Peer("alpha", peer),) if peer else ()
    fine = Standing(OWN, "", "", (), "b", True, {}, None, False, ("statuses",), peers)  # noqa: FBT003
    return msgspec.structs.replace(fine, **changes)


def other(**changes: object) -> NodeStatus:
    return msgspec.structs.replace(OWN, node="alpha", role="alpha", **changes)


def test_the_age_of_what_another_node_told() -> None:
    def said(at: int) -> set[str]:
        return codes(standing.judge_peers(stands(other(at=at)), AT))

    limits = standing.PEER_LIMITS
    assert said(NOW - limits.old) == {"PEERS_SEEN"}
    assert said(NOW - limits.old - 1) == {"PEER_OLD"}
    assert said(NOW + limits.ahead) == {"PEERS_SEEN"}
    assert said(NOW + limits.ahead + 1) == {"PEER_AHEAD"}


def test_nodes_may_differ_while_a_change_is_on_its_way() -> None:
    def said(changed: int, at: int = NOW) -> set[str]:
        found = stands(other(commit="e" * 40, published=changed, at=at))
        return codes(standing.judge_policy(found, AT))

    limit = standing.LIMITS.settling
    assert said(NOW - limit) == {"POLICY_NEW"}
    assert said(NOW - limit - 1) == {"POLICY_DIFFERS"}
    # It told before this node changed, so it could not tell of the same change.
    assert said(NOW - 9 * HOUR, at=OWN.published) == {"POLICY_NEW"}
    held = stands(other(policy="e"))
    assert codes(standing.judge_policy(held, AT)) == {"POLICY_HELD"}


def test_a_flip_may_take_a_minute() -> None:
    def said(at: int) -> set[str]:
        return codes(standing.judge_build(stands(flip=Flip("n", at, over=False)), AT))

    limit = standing.LIMITS.settling
    assert said(NOW - limit) == {"BUILD_RUNS"}
    assert said(NOW - limit - 1) == {"FLIP_OPEN"}
    back = Flip("n", NOW - HOUR, over=True, given_up="NOT_READY")
    assert codes(standing.judge_build(stands(flip=back), AT)) == {"BUILD_WENT_BACK"}
    lost = msgspec.structs.replace(back, restored="NOT_READY")
    assert codes(standing.judge_build(stands(flip=lost), AT)) == {"BUILD_UNRESTORED"}
    frozen = codes(standing.judge_build(stands(frozen=True), AT))
    assert frozen == {"BUILD_RUNS", "BUILD_FROZEN"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_what_could_not_be_looked_at_is_unknown_and_never_fine(check: Check) -> None:
    from vanta.diagnostics.finding import Unseen  # noqa: PLC0415 - beside what it is about

    [found] = findings(check, Unseen("NO_ANSWER", "no answer", "see `dmesg`"), AT)
    assert (found.severity, found.code) == (Severity.UNKNOWN, "NO_ANSWER")
    assert worst([found]).rank > Severity.NOTE.rank


def test_another_nodes_words_do_not_steer_the_terminal() -> None:
    says = Says("X", Severity.WARN, "{build}", "see {build}")
    told = Told(says, "a\x1b[2J", {"build": "0.1\x1b]0;owned\x07"})
    check = Check("x", "x", (says,), None, lambda _facts, _moment: [told])
    [found] = findings(check, object(), AT)
    assert "\x1b" not in found.subject + found.says + found.remedy
