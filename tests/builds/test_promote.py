"""A build is promoted with real processes; one that is broken on purpose rolls itself back."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.builds.making import MACHINE, NODE, log, make, node, permission, staged
from vanta.builds.flip import target_of
from vanta.builds.log import recall, remember
from vanta.builds.processes import Processes
from vanta.builds.promote import Outcome, carry_out, plan_promotion, plan_rollback
from vanta.builds.recover import recover
from vanta.builds.site import Site
from vanta.builds.slots import discard
from vanta.builds.state import ROLLED_BACK
from vanta.cli.main import app
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.journal.reader import read
from vanta.node.layout import Layout
from vanta.node.readiness import read_ready


def promote(site: Site, build: str, *, rollback: bool = False, again: bool = False) -> Outcome:
    plan = plan_promotion(
        site.now, site.slots, build, permission(), MACHINE, rollback=rollback, again=again
    )
    return carry_out(site, plan)


def put(site: Site, export: Path, how: str, number: int) -> str:
    return staged(site, make(export, how, number)).build


def told(site: Site) -> list[str]:
    found = [record.type for record in read(site.layout.journal("builds"))]
    return [each for each in found if not each.startswith("journal.")]


def runs(site: Site, service: str = "executor") -> str:
    """The build a service that lives says it runs."""
    ready = read_ready(site.layout.run, service)
    return ready.build if ready and ready.pid == site.services.look(service).pid else ""


def test_a_build_is_promoted_and_its_services_run_it(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first = put(site, tmp_path, "well", 1)
        outcome = promote(site, first)
        assert (outcome.current, outcome.sick) == (first, None)
        second = put(site, tmp_path, "well", 2)
        assert runs(site) == first
        assert promote(site, second).current == second
        assert runs(site) == runs(site, "judge") == second
        assert target_of(site.layout.current) == second
        now = site.now
        assert (now.current, now.previous, now.last_good) == (second, first, second)
        assert now == recall(site.layout.journal("builds"))
        links = {each: target_of(site.layout.slots / each) for each in ("_A", "_B")}
        assert links == now.letters == {"_A": first, "_B": second}
        assert told(site) == 2 * ["build.staged", "flip.begun", "flip.made", "build.promoted"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("crashes", "NOT_UP"),
        ("dies", "NOT_UP"),
        ("silent", "NOT_READY"),
        ("lies", "WRONG_BUILD"),
    ],
)
def test_a_build_broken_on_purpose_rolls_itself_back(tmp_path: Path, how: str, code: str) -> None:
    with node(tmp_path / "node") as site:
        good = put(site, tmp_path, "well", 1)
        promote(site, good)
        bad = put(site, tmp_path, how, 2)
        outcome = promote(site, bad)
        assert outcome.sick is not None
        assert outcome.sick.code == code
        if how in {"crashes", "silent"}:
            last = (
                "no module named trouble" if how == "crashes" else f"executor of {bad} does {how}"
            )
            assert outcome.sick.reason.endswith(f"; it printed last: {last}")
        assert outcome.still_sick is None
        assert (outcome.current, runs(site)) == (good, good)
        assert target_of(site.layout.current) == good
        assert site.now.bad == {bad: code}
        assert site.now.last_good == good
        assert told(site)[-6:] == [
            "build.staged", "flip.begun", "flip.made", "build.failed", "flip.reverted",
            "build.restored",
        ]  # fmt: skip
        _, failures = remember(site.layout.journal("builds"))
        why = failures[bad]
        assert (why.code, why.reason) == (code, f"{outcome.sick.service}: {outcome.sick.reason}")
        assert why.evidence == outcome.evidence
        kept = site.layout.logs / outcome.evidence
        assert f"[{code}]" in (kept / "gate.txt").read_text()
        assert f"executor of {bad} does {how}" in (kept / "executor.log").read_text()
        with pytest.raises(RefusedError) as refused:
            promote(site, bad)
        assert refused.value.code == "MARKED_BAD"
        # Marked bad is no life sentence: somebody may know better.
        assert promote(site, bad, again=True).current == good


def test_the_first_build_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        bad = put(site, tmp_path, "crashes", 1)
        outcome = promote(site, bad)
        assert outcome.still_sick is not None
        assert target_of(site.layout.current) == outcome.current == bad
        assert site.now.pending is None
        assert site.now.last_good == ""
        # The next one may be promoted over it.
        good = put(site, tmp_path, "well", 2)
        assert promote(site, good).sick is None


def test_somebody_goes_back_and_the_build_they_left_is_bad(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first, second = put(site, tmp_path, "well", 1), put(site, tmp_path, "well", 2)
        promote(site, first)
        promote(site, second)
        outcome = carry_out(site, plan_rollback(site.now, site.slots, "", permission(), NODE))
        assert (outcome.current, runs(site)) == (first, first)
        assert site.now.bad == {second: ROLLED_BACK}
        _, failures = remember(site.layout.journal("builds"))
        assert failures[second].reason == f"somebody went back from it to {first}"
        with pytest.raises(RefusedError) as refused:
            plan_rollback(site.now, site.slots, "", permission(), NODE)
        assert refused.value.code == "MARKED_BAD"


def test_going_back_a_second_time_goes_one_further(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first, second, third = (put(site, tmp_path, "well", number) for number in (1, 2, 3))
        for build in (first, second, third):
            promote(site, build)
        for wanted in (second, first):
            outcome = carry_out(site, plan_rollback(site.now, site.slots, "", permission(), NODE))
            assert (outcome.current, runs(site)) == (wanted, wanted)
        assert site.now.bad == dict.fromkeys((second, third), ROLLED_BACK)
        with pytest.raises(RefusedError) as refused:
            plan_rollback(site.now, site.slots, "", permission(), NODE)
        assert refused.value.code == "MARKED_BAD"


def test_going_back_asks_no_policy_but_a_frozen_node_stays(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first, second = put(site, tmp_path, "well", 1), put(site, tmp_path, "well", 2)
        promote(site, first)
        promote(site, second)
        with pytest.raises(RefusedError) as refused:
            plan_rollback(site.now, site.slots, "", permission(frozen="[executor]"), NODE)
        assert refused.value.code == "FROZEN"
        plan = plan_rollback(site.now, site.slots, "", None, NODE)
        assert carry_out(site, plan).current == first


def test_what_never_ran_here_is_promoted_and_not_gone_back_to(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first = put(site, tmp_path, "well", 2)
        promote(site, first)
        older = put(site, tmp_path, "well", 1)
        for build, code in ((older, "NEVER_RAN"), (first, "ALREADY_RUNS"), ("", "NOTHING_BEFORE")):
            with pytest.raises(RefusedError) as refused:
                plan_rollback(site.now, site.slots, build, permission(), NODE)
            assert refused.value.code == code
        assert promote(site, older, rollback=True).current == older


def test_services_start_when_the_export_is_away(tmp_path: Path) -> None:
    export = tmp_path / "export"
    export.mkdir()
    with node(tmp_path / "node") as site:
        build = put(site, export, "well", 1)
        promote(site, build)
        export.rename(tmp_path / "away")
        before = site.services.look("executor").pid
        os.kill(before, signal.SIGKILL)
        site.services.restart("executor")
        assert runs(site) == build
        assert site.services.look("executor").pid != before


def test_recovery_puts_a_moved_link_back_and_restarts_what_runs_elsewhere(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first, second = put(site, tmp_path, "well", 1), put(site, tmp_path, "well", 2)
        promote(site, first)
        promote(site, second)
        site.flip(first)
        site.services.restart("executor")
        assert runs(site) == first
        found = recover(site)
        assert (found.code, found.current, found.was) == ("LINK_MOVED", second, first)
        assert found.restarted == site.names
        assert runs(site) == target_of(site.layout.current) == second
        assert recover(site).code == ""
        assert recover(site).restarted == ()


def test_recovery_starts_nothing_that_does_not_run(tmp_path: Path) -> None:
    processes = Processes(Layout(tmp_path / "node"))
    with node(tmp_path / "node", processes) as site:
        build = put(site, tmp_path, "well", 1)
        promote(site, build)
        processes.stop_all()
        assert recover(site).restarted == ()
        assert processes.look("executor").condition == "down"


def test_a_process_of_another_node_is_not_ours(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site, node(tmp_path / "node-2") as other:
        for one in (site, other):
            promote(one, staged(one, make(one.layout.root, "well", 1)).build)
        pid = other.services.look("executor").pid
        assert site.services.look("executor").pid != pid
        assert Processes(site.layout).stop_all() == ["judge", "executor"]
        assert site.services.look("executor").condition == "down"
        assert other.services.look("executor").pid == pid


def test_a_service_is_found_though_whoever_started_it_was_killed(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        promote(site, put(site, tmp_path, "well", 1))
        start = site.layout.current / "bin" / "vanta"
        words = [str(start), "executor", "run", "--node", str(site.layout.root)]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as stray:
            try:
                # A process is there a moment before its command line is.
                while site.services.look("executor").pid != stray.pid:
                    time.sleep(0.01)
                site.services.restart("executor")
                assert stray.wait(timeout=10) is not None
            finally:
                stray.kill()
        assert site.services.look("executor").condition == "up"


def test_where_the_running_slot_is_lost_somebody_says_that_it_may_be_older(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        lost, other = put(site, tmp_path, "well", 1), put(site, tmp_path, "well", 2)
        promote(site, lost)
        site.slots.remove(lost)
        with pytest.raises(RefusedError) as refused:
            promote(site, other)
        assert refused.value.code == "RUNNING_UNKNOWN"
        assert promote(site, other, rollback=True).current == other


def test_a_node_whose_journal_is_lost_goes_on_and_is_not_led_back(tmp_path: Path) -> None:
    with node(tmp_path / "node", names=()) as site:
        newer, older = put(site, tmp_path, "well", 2), make(tmp_path, "well", 1)
        promote(site, newer)
    site.layout.journal("builds").unlink()
    with node(tmp_path / "node", names=()) as site:
        assert recover(site).was == newer
        with pytest.raises(RefusedError) as refused:
            promote(site, staged(site, older).build)
        assert (refused.value.code, refused.value.place) == ("RUNNING_UNKNOWN", newer)
        discard(site.slots.path(newer) / "lib")
        with pytest.raises(RefusedError) as refused:
            recover(site)
        assert refused.value.code == "NO_SOUND_SLOT"
        assert promote(site, older.name, rollback=True).current == older.name


def test_two_cannot_change_a_node_at_once(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site, pytest.raises(UnavailableError) as refused:
        log(site.layout)
    assert refused.value.code == "JOURNAL_LOCKED"
    # The other one is in the middle of a promotion: nobody is told to stop it.
    assert f"pid {os.getpid()}" in refused.value.message
    assert "wait" in refused.value.remedy


def test_a_sign_off_that_is_taken_back_counts_no_more_on_a_node(tmp_path: Path) -> None:
    with node(tmp_path / "node", names=()) as site:
        build = put(site, tmp_path, "well", 1)
        stand = {"alan.sig": site.slots.read(build).signoffs["alan.sig"]}
        with pytest.raises(RefusedError) as refused:
            plan_promotion(site.now, site.slots, build, permission(), MACHINE, signoffs=stand)
        assert refused.value.code == "UNAPPROVED"
        site.slots.renew_signoffs(build, stand)
        assert site.slots.verify(build).signoffs == stand
        with pytest.raises(RefusedError) as refused:
            promote(site, build)
        assert (refused.value.code, "vt-sign" in refused.value.remedy) == ("UNAPPROVED", True)


def test_recovery_leaves_a_node_to_whoever_changes_it_just_now(tmp_path: Path) -> None:
    """At the first promotion the unit that recovers starts with the services that wait for it."""
    with node(tmp_path / "node") as site:
        site.layout.etc.mkdir()
        site.layout.config.write_text(
            "node: executor\nrole: executor\nenvironment: prod\n"
            "governance: {remote: /srv/governance.git}\n"
        )
        done = CliRunner().invoke(app, ["build", "recover", "--node", str(site.layout.root)])
        assert done.exit_code == 0
        assert "somebody changes builds just now" in done.output
        # What somebody else makes of the journal is trouble all the same.
        site.layout.journal("builds").with_suffix(".jsonl.lock").unlink()
        site.layout.journal("builds").with_suffix(".jsonl.lock").mkdir()
        assert (
            CliRunner()
            .invoke(app, ["build", "recover", "--node", str(tmp_path / "node")])
            .exit_code
        )


def test_what_is_refused_is_journalled(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        build = put(site, tmp_path, "well", 1)
        with pytest.raises(RefusedError), site.refusals(build, "promote"):
            plan_promotion(site.now, site.slots, build, permission(frozen="[executor]"), MACHINE)
        last = list(read(site.layout.journal("builds")))[-1]
        assert last.type == "build.refused"
        assert b'"code":"FROZEN"' in bytes(last.body)
        assert recall(site.layout.journal("builds")) == site.now


def test_a_journal_that_opened_a_new_segment_goes_on_from_its_snapshot(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        first = put(site, tmp_path, "well", 1)
        promote(site, first)
        site.log.rotate()
        bad = put(site, tmp_path, "crashes", 2)
        promote(site, bad)
        now = site.now
    assert recall(Layout(tmp_path / "node").journal("builds")) == now
    assert (now.current, now.bad) == (first, {bad: "NOT_UP"})
