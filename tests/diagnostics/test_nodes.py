"""Every check on real nodes, each made bad on purpose."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.diagnostics.house import NODES, House, eventually, look, running, typed
from tests.governance.valkey import Valkey
from vanta.builds.events import (
    BuildFailed,
    BuildPromoted,
    BuildRestored,
    FlipBegun,
    FlipMade,
    FlipReverted,
)
from vanta.builds.log import BuildLog
from vanta.bus.access import Access
from vanta.bus.redis import Keys, RedisOutbox
from vanta.diagnostics.finding import Severity
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.governance.published import OVERLAY_FILE
from vanta.journal.segment import checkpoints_path

CRITICAL, WARN, NOTE = Severity.CRITICAL, Severity.WARN, Severity.NOTE
UNKNOWN, OK = Severity.UNKNOWN, Severity.OK


def test_nodes_that_are_well_say_so(house: House) -> None:
    house.publish()
    posted(house)
    for node in NODES:
        report = house.examined(node)
        bad = {
            one.code
            for one in report.findings
            # The machine's own clock is no business of ours, nor how long this test's fund lay
            # between what Markets made of it and what the Executor did.
            if one.check not in {"clock", "orders"} and one.severity.rank >= UNKNOWN.rank
        }
        assert not bad, node


def test_what_does_not_apply_to_a_role_is_left_out(house: House) -> None:
    checks = {node: {one.check for one in house.examined(node).findings} for node in NODES}
    everywhere = {"services", "build", "policy", "peers", "vaults", "journals", "disk", "clock"}
    assert checks["alpha"] == everywhere | {"tracker", "assistant"}
    assert checks["markets"] == everywhere | {"bus", "feeds", "reflection", "export"}
    assert checks["executor"] == everywhere | {"bus", "orders", "brokers", "export"}


# Services


def test_a_service_that_gives_no_sign_of_life(house: House) -> None:
    house.signs("judge")
    found = house.says("executor", "services")
    assert (found["SERVICE_ABSENT"].severity, found["SERVICE_ABSENT"].subject) == (
        CRITICAL, "judge",
    )  # fmt: skip
    assert found["SERVICES_RUN"].says == "governance, executor run"
    beat = house.layout("executor").memory / "executor.heartbeat"
    old = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 20 * SECOND
    os.utime(beat, ns=(old, old))
    silent = house.says("executor", "services")["SERVICE_SILENT"]
    assert (silent.severity, silent.subject) == (CRITICAL, "executor")
    assert silent.figures["silent_seconds"] >= 20


def ready(house: House, node: str, service: str, **said: object) -> Path:
    run = house.layout(node).run
    run.mkdir(exist_ok=True)
    path = run / f"{service}.ready.json"
    told = {"service": service, "pid": os.getpid(), "build": "", "since": time.time_ns(), **said}
    path.write_bytes(msgspec.json.encode(told))
    return path


def test_a_service_that_was_ready_and_is_gone(house: House) -> None:
    ready(house, "alpha", "board", since=time.time_ns() - HOUR)
    died = house.says("alpha", "services")["SERVICE_DIED"]
    # This very process was started after that: its pid is another one's by now.
    assert (died.severity, died.subject) == (CRITICAL, "board")
    ready(house, "alpha", "board")
    assert house.says("alpha", "services")["SERVICES_RUN"].says == "governance, board run"


def test_a_service_that_is_killed_is_missed(house: House) -> None:
    house.signs("governance", "executor", "judge")
    words = ("executor", "run", "-n", "nodes/executor", "--with-paper-broker", "--with-judge")
    with running(house, "governance", "controller", "-n", "nodes/executor"):
        with running(house, *words) as executor:
            eventually(lambda: set(house.says("executor", "services")) == {"SERVICES_RUN"})
            os.kill(executor.pid, signal.SIGSTOP)
            try:
                eventually(lambda: "SERVICE_SILENT" in house.says("executor", "services"))
                gone = house.says("executor", "services")["SERVICE_SILENT"]
            finally:
                os.kill(executor.pid, signal.SIGCONT)
        assert gone.subject == "executor"


def test_a_service_that_was_killed_left_its_word_behind(house: House) -> None:
    ready_file = house.layout("alpha").run / "governance.ready.json"
    with running(house, "governance", "controller", "-n", "nodes/alpha") as controller:
        eventually(ready_file.exists)
        up = house.says("alpha", "services")["SERVICES_RUN"]
        assert up.figures["governance_uptime_seconds"] >= 0
        controller.kill()
        controller.wait()
        died = house.says("alpha", "services")["SERVICE_DIED"]
    assert (died.subject, f"pid {controller.pid}," in died.says) == ("governance", True)


# Build


def slot(house: House, node: str, build: str) -> None:
    root = house.layout(node).root
    (root / "slots" / build).mkdir(parents=True, exist_ok=True)
    (root / "slots" / build / "manifest.json").write_text("{}")
    (root / "current").unlink(missing_ok=True)
    (root / "current").symlink_to(f"slots/{build}")


def test_a_build_beside_the_other_nodes(house: House) -> None:
    for node in NODES:
        slot(house, node, "0.2.0-0123456789ab")
    house.publish()
    runs = house.says("executor", "build")["BUILD_RUNS"]
    assert runs.says == "0.2.0-0123456789ab, as alpha, markets"
    slot(house, "markets", "0.1.0-ba9876543210")
    house.publish("markets")
    differs = house.says("executor", "build")["BUILD_DIFFERS"]
    assert (differs.severity, differs.subject) == (WARN, "markets")
    assert "0.1.0-ba9876543210" in differs.says


def test_a_link_that_leads_nowhere_and_a_service_of_another_build(house: House) -> None:
    slot(house, "alpha", "0.2.0-0123456789ab")
    ready(house, "alpha", "governance", build="0.1.0-ba9876543210")
    other = house.says("alpha", "build")["SERVICE_OTHER_BUILD"]
    assert (other.severity, other.subject) == (WARN, "governance")
    (house.layout("alpha").root / "slots" / "0.2.0-0123456789ab" / "manifest.json").unlink()
    assert house.says("alpha", "build")["BUILD_BROKEN"].severity is CRITICAL


def test_a_flip_that_nobody_finished_and_one_that_was_given_up(house: House) -> None:
    path = house.layout("alpha").journal("builds")
    log = BuildLog(path, actor="test", clock=time.time_ns)
    log.state(FlipBegun("new", "old", "promote", "ada", ()))
    assert "FLIP_OPEN" not in house.says("alpha", "build")
    assert house.says("alpha", "build", later=HOUR)["FLIP_OPEN"].severity is WARN
    log.state(FlipMade("new"))
    log.state(BuildFailed("new", "NOT_READY", "it did not answer", ""))
    log.state(FlipReverted("old", "new", "NOT_READY"))
    back = house.says("alpha", "build", later=HOUR)["BUILD_WENT_BACK"]
    assert (back.severity, "new" in back.says, "[NOT_READY]" in back.says) == (WARN, True, True)
    log.state(BuildRestored("old", 1000, "NOT_READY"))
    assert house.says("alpha", "build")["BUILD_UNRESTORED"].severity is CRITICAL
    log.state(FlipBegun("newer", "old", "promote", "ada", ()))
    log.state(BuildPromoted("newer", 900))
    log.close()
    assert house.says("alpha", "build", later=HOUR).keys() == {"BUILD_NONE"}


# Policy


def test_a_node_that_did_not_hear_of_a_change(house: House) -> None:
    where = ("-r", "governance", "-e", "dev", "-k", "people/grace")
    typed(house.root, "halt", *where, "--switch", "maintenance", "--reason", "a drill",
          "--remote", str(house.root / "forge.git"))  # fmt: skip
    for node in ("alpha", "executor"):
        config = house.layout(node).config
        assert str(house.root) in config.read_text()
    look(house, "executor")
    house.publish()
    # Only just: a node may take a minute, and one that told before has had no chance.
    assert house.says("executor", "policy")["POLICY_NEW"].severity is NOTE
    differs = house.says("executor", "policy", later=2 * MINUTE)["POLICY_DIFFERS"]
    assert differs.severity is WARN
    switched = house.says("executor", "vaults")["SWITCHED"]
    assert (switched.severity, switched.says) == (WARN, "maintenance on everywhere")
    look(house, "markets", "alpha")
    house.publish()
    assert house.says("executor", "policy").keys() == {"POLICY_HOLDS"}


def test_a_policy_that_cannot_be_read(house: House) -> None:
    (house.layout("executor").memory / OVERLAY_FILE).unlink()
    none = house.says("executor", "policy")["POLICY_UNREADABLE"]
    assert (none.severity, "[NO_POLICY]" in none.says) == (CRITICAL, True)
    assert house.says("executor", "vaults")["SWITCHES_UNKNOWN"].severity is UNKNOWN
    assert house.says("executor", "peers")["PEERS_UNNAMED"].severity is UNKNOWN


def test_a_forge_that_is_gone(house: House) -> None:
    (house.root / "forge.git").rename(house.root / "gone.git")

    def told() -> set[tuple[str, str]]:
        found = house.examined("alpha").findings
        return {(one.code, one.subject) for one in found if one.check == "policy"}

    with running(house, "governance", "controller", "-n", "nodes/alpha"):
        # What is in the forge was never looked at, and nobody calls that fine.
        wanted = {("POLICY_CONDITION", "Fetched"), ("POLICY_UNJUDGED", "Verified")}
        eventually(lambda: told() >= wanted)


# Peers


def test_a_status_that_is_old_forged_or_of_a_clock_ahead(house: House) -> None:
    house.publish()
    assert house.says("alpha", "peers").keys() == {"PEERS_SEEN", "PEER_VERDICT"} or house.says(
        "alpha", "peers"
    ).keys() == {"PEERS_SEEN"}
    old = house.says("alpha", "peers", later=HOUR)["PEER_OLD"]
    assert (old.severity, old.figures["age_seconds"] >= 3600) == (WARN, True)
    ahead = house.says("alpha", "peers", later=-MINUTE)["PEER_AHEAD"]
    assert ahead.severity is WARN
    theirs = house.statuses / "markets.status.json"
    theirs.write_bytes(theirs.read_bytes().replace(b"dev", b"prd"))
    forged = house.says("alpha", "peers")["PEER_STATUS"]
    assert (forged.severity, forged.subject) == (WARN, "markets")
    theirs.write_bytes((house.statuses / "executor.status.json").read_bytes())
    assert "STATUS_NOT_ITS_OWN" in house.says("alpha", "peers")["PEER_STATUS"].says
    theirs.unlink()
    unseen = house.says("alpha", "peers")["PEER_UNSEEN"]
    assert (unseen.severity, unseen.subject) == (UNKNOWN, "markets")


# Vaults and overlay


def test_the_latch_a_hand_edit_and_a_held_vault(house: House) -> None:
    overlay = house.layout("executor").memory / OVERLAY_FILE
    text = json.loads(overlay.read_bytes())
    text["vaults"]["momentum-us"]["reduce_only"] = True
    overlay.write_text(json.dumps(text))
    held = house.says("executor", "vaults")["VAULT_HELD"]
    assert (held.severity, held.says) == (WARN, "momentum-us: reduce_only")
    look(house, "executor")
    assert house.says("executor", "vaults")["HAND_EDITED"].severity is WARN
    typed(house.root, "halt", "--now", "-n", "nodes/executor", "--reason", "a drill")
    assert house.says("executor", "vaults")["LATCHED"].severity is CRITICAL
    look(house, "executor")
    assert house.says("executor", "vaults")["HALTED"].severity is CRITICAL


# Bus, orders, brokers


def test_a_bus_that_nobody_empties(house: House) -> None:
    assert house.says("markets", "bus").keys() == {"BUS_EMPTY"}
    (house.bus / "intent_1.parcel").write_bytes(b"{}")
    assert house.says("executor", "bus").keys() == {"BUS_EMPTY"}
    waits = house.says("executor", "bus", later=MINUTE)["BUS_WAITING"]
    assert (waits.severity, waits.figures["waiting"]) == (WARN, 1)
    (house.bus / "aside").mkdir(exist_ok=True)
    (house.bus / "aside" / "what").touch()
    assert house.says("executor", "bus")["BUS_ASIDE"].severity is WARN
    config = house.layout("executor").config
    lines = config.read_text().splitlines()
    config.write_text("\n".join(line for line in lines if not line.startswith("bus:")))
    assert house.says("executor", "bus")["NO_BUS"].severity is UNKNOWN


def test_a_bus_over_redis(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    config = house.layout("executor").config
    with Valkey(folder) as server:
        rest = [line for line in config.read_text().splitlines() if not line.startswith("bus:")]
        config.write_text("\n".join([*rest, f"bus: {server.url}"]))
        assert house.says("executor", "bus").keys() == {"BUS_EMPTY"}
        with closing(RedisOutbox(Access(server.url), Keys.of("dev"))) as outbox:
            outbox.send("intent_1", b"{}")
        assert house.says("executor", "bus").keys() == {"BUS_EMPTY"}
        waits = house.says("executor", "bus", later=MINUTE)["BUS_WAITING"]
        assert waits.figures["waiting"] == 1
    assert house.says("executor", "bus")["BUS_UNAVAILABLE"].severity is UNKNOWN


def made(house: House, before: int) -> None:
    """Let every intent have been made so long before it was let in."""
    path = house.layout("executor").journal("intents")
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        if line["type"] == "intent.accepted":
            line["body"]["intent"]["created"] = line["ts"] - before
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_orders_are_timed_from_promotion_to_confirmation(house: House) -> None:
    made(house, SECOND)
    flow = house.says("executor", "orders")["ORDERS_FLOW"]
    assert (flow.severity, flow.figures["let_in_p95_seconds"]) == (OK, 1)
    assert 0 < flow.figures["decided_count"] >= flow.figures["confirmed_count"] > 0
    assert flow.figures["decided_p50_seconds"] <= flow.figures["decided_p95_seconds"]
    made(house, MINUTE)
    slow = house.says("executor", "orders")["ORDERS_SLOW"]
    assert (slow.severity, slow.subject) == (WARN, "let in")
    made(house, -3 * SECOND)
    assert house.says("executor", "orders")["INTENT_AHEAD"].severity is WARN


def cut(path: Path, kind: str) -> None:
    """Take a kind of record out, as if it had never come to it."""
    mark = f'"type":"{kind}"'.encode()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if mark not in line))


def test_intents_and_orders_that_wait_for_the_next_step(house: House) -> None:
    log = house.layout("executor").journal("trade_log")
    cut(log, "order.acknowledged")
    cut(log, "order.filled")
    cut(log, "order.cancelled")
    silent = house.says("executor", "orders", later=MINUTE)["ORDERS_UNCONFIRMED"]
    assert (silent.severity, "ord_" in silent.says) == (WARN, True)
    stuck = house.says("executor", "orders", later=HOUR)["ORDERS_STUCK"]
    assert (stuck.severity, stuck.subject) == (CRITICAL, "orders without a word of the broker")
    cut(log, "decision.made")
    waits = house.says("executor", "orders", later=MINUTE)["INTENTS_WAIT"]
    assert (waits.severity, "intent_" in waits.says) == (WARN, True)
    assert house.says("executor", "orders")["ORDERS_NONE"].severity is NOTE


def posted(house: House) -> Path:
    """What the Executor last said of its brokers, as if it had compared them just now."""
    path = house.layout("executor").run / "executor.json"
    said = json.loads(path.read_bytes())
    said["brokers"][0]["reconciled"] = time.time_ns()
    path.write_text(json.dumps(said))
    return path


def test_a_broker_that_is_not_armed_or_differs(house: House) -> None:
    path = posted(house)
    assert house.says("executor", "brokers").keys() == {"BROKERS_ARMED"}
    assert house.says("executor", "brokers", later=HOUR)["BROKER_OLD"].severity is WARN
    said = json.loads(path.read_bytes())
    said["brokers"][0] |= {"armed": False, "trouble": "CLOCK_SKEW"}
    said["trouble"] = "RECONCILIATION_DRIFT"
    difference = {"code": "CASH", "subject": "", "ours": 1, "theirs": 2}
    said["brokers"][0]["differences"] = [difference]
    path.write_text(json.dumps(said))
    found = house.says("executor", "brokers")
    assert {code: one.severity for code, one in found.items()} == {
        "EXECUTOR_SHUT": CRITICAL, "BROKER_UNARMED": CRITICAL, "BROKER_DIFFERS": CRITICAL,
    }  # fmt: skip
    assert house.says("executor", "clock")["BROKER_SKEW"].severity is CRITICAL
    (path.parent / "surveillance.json").write_text('{"brokers":[],"standing":2}')
    mismatched = house.says("executor", "brokers")["COMPARISON_MISMATCH"]
    assert (mismatched.severity, mismatched.figures["mismatches"]) == (CRITICAL, 2)
    path.unlink()
    assert house.says("executor", "brokers")["BROKERS_UNKNOWN"].severity is UNKNOWN
    path.write_text("{")
    assert house.says("executor", "brokers")["LOOK_FAILED"].severity is UNKNOWN


# Feeds and reflection


def test_feeds_that_are_old_absent_empty_or_behind(house: House) -> None:
    fresh = house.says("markets", "feeds")["FEEDS_FRESH"]
    assert (fresh.severity, fresh.figures["reddit_signals"] > 0) == (OK, True)
    old = house.says("markets", "feeds", later=3 * HOUR)["FEED_OLD"]
    assert old.severity is WARN
    view = house.layout("markets").view("news_signals")
    said = json.loads(view.read_bytes())
    said["data"]["counts"] = {"taken": 0, "duplicate": 0, "set_aside": {"NO_SYMBOL": 7}}
    view.write_text(json.dumps(said))
    empty = house.says("markets", "feeds")["FEED_EMPTY"]
    assert (empty.severity, empty.says) == (
        WARN, "news: not one signal was ever taken (7 items set aside)",
    )  # fmt: skip
    said["derived_from"]["size"] -= 1
    view.write_text(json.dumps(said))
    assert house.says("markets", "feeds")["FEED_BEHIND"].subject == "news"
    view.write_text("[]")
    assert "VIEW_SHAPE" in house.says("markets", "feeds")["FEED_ABSENT"].says
    view.unlink()
    assert "VIEW_MISSING" in house.says("markets", "feeds")["FEED_ABSENT"].says


def test_a_reflection_that_is_long_ago_or_never_was(house: House) -> None:
    thinks = house.says("markets", "reflection")["REFLECTS"]
    assert (thinks.severity, thinks.figures["views"] > 0) == (OK, True)
    assert house.says("markets", "reflection", later=3 * HOUR)["REFLECTION_OLD"].severity is WARN
    house.layout("markets").journal("reflection").unlink()
    assert house.says("markets", "reflection")["REFLECTION_NONE"].severity is WARN


def test_a_reflection_that_could_promote_nothing(house: House) -> None:
    (house.layout("markets").memory / OVERLAY_FILE).unlink()
    window = ("--from", "2026-03-03T00:00:00Z", "--to", "2026-03-03T01:00:00Z")
    typed(house.root, "markets", "run", "-n", "nodes/markets", "--feeds", "feeds", *window)
    refused = house.says("markets", "reflection")["PROMOTION_REFUSED"]
    assert (refused.severity, refused.says.endswith(": NO_POLICY")) == (WARN, True)


# Journals


def test_a_journal_that_was_changed(house: House) -> None:
    path = house.layout("executor").journal("trade_log")
    path.write_bytes(path.read_bytes().replace(b'"paper"', b'"peper"', 1))
    broken = house.says("executor", "journals")["JOURNAL_BROKEN"]
    assert (broken.severity, broken.subject) == (CRITICAL, "trade_log")
    assert "(byte " in broken.says
    assert house.says("executor", "journals")["JOURNALS_SOUND"].says.startswith("governance")


def test_a_journal_that_was_cut_short_behind_its_checkpoint(house: House) -> None:
    path = house.layout("executor").journal("trade_log")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    cut_short = house.says("executor", "journals")["CHECKPOINT_BROKEN"]
    assert (cut_short.severity, "[CHECKPOINT_AHEAD]" in cut_short.says) == (CRITICAL, True)


def test_a_last_line_that_was_rewritten_is_not_what_was_signed(house: House) -> None:
    path = house.layout("markets").journal("reflection")
    *lines, last = path.read_bytes().splitlines(keepends=True)
    # No line follows it, so the chain alone cannot tell.
    path.write_bytes(b"".join(lines) + last.replace(b'"ts":1', b'"ts":2'))
    found = house.says("markets", "journals")["CHECKPOINT_BROKEN"]
    assert "[CHECKPOINT_HEAD]" in found.says


def test_a_disk_that_gives_a_journal_back_with_an_error(house: House) -> None:
    path = house.layout("executor").journal("intents")
    path.unlink()
    # The kernel answers whoever reads the first page of a process with EIO.
    path.symlink_to("/proc/self/mem")
    broken = house.says("executor", "journals")["JOURNAL_BROKEN"]
    assert (broken.severity, broken.subject) == (CRITICAL, "intents")
    assert "[DISK_ERROR]" in broken.says


def test_a_line_without_its_end(house: House) -> None:
    path = house.layout("executor").journal("intents")
    with path.open("ab") as file:
        file.write(b'{"seq":')
    torn = house.says("executor", "journals")["JOURNAL_TORN"]
    assert (torn.severity, torn.figures["torn_bytes"]) == (WARN, 7)


def test_a_checkpoint_that_is_old_none_or_another_nodes(house: House) -> None:
    path = house.layout("executor").journal("governance")
    assert house.says("executor", "journals", later=3 * DAY).keys() == {"JOURNALS_SOUND"}
    where = ("-r", "governance", "-e", "dev", "-k", "people/grace")
    typed(house.root, "halt", *where, "--reason", "a drill", "--remote",
          str(house.root / "forge.git"))  # fmt: skip
    look(house, "executor")
    old = house.says("executor", "journals", later=3 * DAY)["CHECKPOINT_OLD"]
    assert (old.severity, old.subject) == (WARN, "governance")
    theirs = checkpoints_path(house.layout("markets").journal("governance"))
    checkpoints_path(path).write_bytes(theirs.read_bytes())
    assert house.says("executor", "journals")["CHECKPOINT_UNSIGNED"].severity is WARN
    checkpoints_path(path).unlink()
    none = house.says("executor", "journals", later=3 * DAY)["CHECKPOINT_NONE"]
    assert none.severity is WARN
    assert "CHECKPOINT_NONE" not in house.says("executor", "journals")


def test_a_node_without_a_journal(house: House) -> None:
    for path in house.layout("alpha").memory.glob("*.jsonl"):
        path.unlink()
    assert house.says("alpha", "journals")["JOURNAL_NONE"].severity is CRITICAL


# Alpha's own parts


def test_a_tracker_where_there_is_one(house: House) -> None:
    layout = house.layout("alpha")
    none = house.says("alpha", "tracker")["TRACKER_NONE"]
    assert (none.severity, none.says.startswith("not installed")) == (NOTE, True)
    assert house.says("alpha", "assistant")["ASSISTANT_NONE"].severity is NOTE
    typed(house.root, "tracker", "add", "fences", "look at them", "-n", "nodes/alpha")
    assert house.says("alpha", "tracker").keys() == {"TRACKER_UP"}
    view = layout.view("thread_tracker")
    said = json.loads(view.read_bytes())
    said["derived_from"]["size"] -= 1
    view.write_text(json.dumps(said))
    behind = house.says("alpha", "tracker")["TRACKER_VIEW"]
    assert (behind.severity, behind.figures["records"]) == (WARN, said["derived_from"]["size"] + 1)
    view.unlink()
    assert " none of " in house.says("alpha", "tracker")["TRACKER_VIEW"].says
    view.write_text("{}")
    layout.journal("tracker").unlink()
    assert house.says("alpha", "tracker")["TRACKER_LOST"].severity is CRITICAL


def test_uptime_of_the_assistant(house: House) -> None:
    ready(house, "alpha", "assistant")
    up = house.says("alpha", "assistant")["ASSISTANT_UP"]
    assert (up.severity, up.figures["uptime_seconds"] >= 0) == (OK, True)


# Export


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_the_export_is_mounted_read_only_and_fresh(house: House) -> None:
    build = house.layout("executor").root / "build"
    assert house.says("executor", "export")["EXPORT_NONE"].severity is NOTE
    build.mkdir()
    assert house.says("executor", "export")["EXPORT_UNMOUNTED"].severity is WARN
    exported = house.layout("alpha").root / "build"
    exported.mkdir()
    if not mount("--bind", exported, build):
        pytest.skip("nothing can be mounted here")
    try:
        found = house.says("executor", "export")
        assert found["EXPORT_WRITABLE"].severity is WARN
        assert found["EXPORT_AGELESS"].severity is UNKNOWN
        assert mount("-o", "remount,bind,ro", build)
        house.publish("alpha")
        assert house.says("executor", "export").keys() == {"EXPORT_MOUNTED"}
        assert house.says("executor", "export", later=HOUR)["EXPORT_STALE"].severity is WARN
    finally:
        subprocess.run(["umount", build], check=True)


def mount(*how: str | Path) -> bool:
    return subprocess.run(["mount", *how], check=False, capture_output=True).returncode == 0
