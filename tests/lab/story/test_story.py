"""A week at the fund: each part goes on from where the one before ended."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.lab import faults
from infra.lab.lab import Lab
from tests.lab.story.people import People, wait
from vanta.domain.errors import UnavailableError

pytestmark = pytest.mark.lab

_NODES = ("alpha", "markets", "executor")


def _condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    return next((each for each in status.get("conditions", []) if each["type"] == kind), {})


def _hears(people: People) -> bool:
    """Whether the Executor's controller could fetch from Alpha lately."""
    return bool(_condition(people.status("executor"), "Fetched").get("status") == "True")


def _halted(people: People) -> bool:
    done = people.vanta("executor", "executor", "status")
    return "full_halt is on" in done.stdout


def _open(people: People) -> bool:
    return people.vanta("executor", "executor", "status").returncode == 0


def _orders(people: People) -> dict[str, Any]:
    told = people.told("executor", "executor", "orders") or {}
    orders: dict[str, Any] = told.get("orders", {})
    return orders


def _runs(people: People, machine: str) -> str:
    told = people.told(machine, "build", "status") or {}
    current: str = (told.get("current") or {}).get("build", "")
    return current


def _sound(people: People) -> None:
    """Nothing was lost, doubled or rewritten: every journal's chain, and the book at the broker."""
    for machine in _NODES:
        done = people.vanta(machine, "audit", "verify")
        assert done.returncode == 0, f"{machine}: {done.stdout}{done.stderr}"
    wait(
        lambda: people.vanta("executor", "executor", "reconcile").returncode == 0,
        60,
        "book and broker agree",
    )


def test_orders_come_of_what_markets_read_over_redis(
    people: People, figures: dict[str, str]
) -> None:
    took = wait(lambda: _orders(people), 180, "an order on the Executor")
    figures["first order after the nodes converged"] = f"{took:.0f} s more"
    explained = people.vanta("executor", "executor", "explain", "last")
    assert explained.returncode == 0, explained.stderr
    assert len(explained.stdout) > 200


def _key(people: People, person: str) -> tuple[str, str]:
    return "-k", str(people.fund.key(person))


def _halt(people: People) -> float:
    """Grace pushes a halt; seconds until the Executor says that it is halted."""
    words = ("vanta", "halt", "-e", "dev", *_key(people, "grace"))
    people.here("grace", *words, "--reason", "prices look wrong")
    return wait(lambda: _halted(people), 30, "the Executor is halted")


def _resume(people: People, *what: str) -> None:
    """Ada takes back what halts, and Alan approves, each in a clone of their own."""
    for person in ("ada", "alan"):
        people.here(person, "git", "pull", "-q", "--ff-only")
        if person == "ada":
            words = ("vanta", "resume", "-e", "dev", *_key(people, person), *what)
            people.here(person, *words, "--reason", "looked into")
            assert _halted(people)
        else:
            words = ("vanta", "governance", "approve", "-e", "dev", *_key(people, person))
            people.here(person, *words, "--push")


def test_a_pushed_halt_stops_the_executor(people: People, figures: dict[str, str]) -> None:
    wait(lambda: _open(people), 60, "orders may leave")
    took = _halt(people)
    figures["halt pushed to Alpha until the Executor says so"] = f"{took:.1f} s, SSH included"
    assert not _open(people)


def test_it_takes_two_to_go_on(people: People) -> None:
    _resume(people)
    wait(lambda: not _halted(people), 30, "the halt is lifted")
    wait(lambda: _open(people), 30, "orders may leave")


def _candidate(people: People, title: str) -> str:
    """A build of what Ada committed last, on the export and signed off in the tracker."""
    name = people.fund.build()
    folder = people.fund.modules / name
    people.send(folder, "alpha", "/opt/vanta/build/modules")
    tracker = ("-u", "vanta-alpha", "/opt/vanta/current/bin/vanta", "tracker")
    added = people.on("alpha", *tracker, "add", "fund", title, "--candidate", name,
                      "--node", "/opt/vanta")  # fmt: skip
    assert added.returncode == 0, added.stdout + added.stderr
    for person in ("grace", "alan"):
        # They sign at home: no key of a person comes near a node.
        signed = (folder / "signoffs" / f"{person}.sig").read_text()
        people.on("alpha", "tee", f"/run/{person}.sig", typed=signed)
        people.on("alpha", "chmod", "0644", f"/run/{person}.sig")
        done = people.on("alpha", *tracker, "sign", name, "--signature", f"/run/{person}.sig",
                         "--node", "/opt/vanta")  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return name


def _milliseconds(people: People, playbook: str) -> dict[str, int]:
    """What each node measured itself, as the playbook said it."""
    log = json.loads((people.lab.plan.state / f"{playbook}.json").read_text())
    found: dict[str, int] = {}
    for play in log["plays"]:
        for task in play["tasks"]:
            for host, did in task["hosts"].items():
                try:
                    found[host] = json.loads(did.get("stdout", ""))["milliseconds"]
                except (ValueError, KeyError, TypeError):
                    continue
    return found


def test_a_build_is_promoted_node_by_node(people: People, figures: dict[str, str]) -> None:
    people.fund.change("README.md", "# ", "#  ", "Nothing that runs differs")
    name = _candidate(people, "A build like the first")
    people.play("promote.yml", "-e", f"build={name}")
    assert {machine: _runs(people, machine) for machine in _NODES} == dict.fromkeys(_NODES, name)
    figures["promoted, each node from flip to gated-ready"] = _each(people, "promote")


def _each(people: People, playbook: str) -> str:
    return ", ".join(f"{host} {ms} ms" for host, ms in _milliseconds(people, playbook).items())


def test_a_broken_build_goes_back_everywhere_by_itself(people: People) -> None:
    before = {machine: _runs(people, machine) for machine in _NODES}
    people.fund.change(
        "vanta/executor/judge/service.py",
        "class Judge:",
        'raise SystemExit("broken on purpose")\n\n\nclass Judge:',
        "Break the judge on purpose",
    )
    name = _candidate(people, "A build that is broken")
    people.fund.take_back()
    with pytest.raises(UnavailableError, match="did not pass"):
        people.play("promote.yml", "-e", f"build={name}")
    assert {machine: _runs(people, machine) for machine in _NODES} == before
    wait(lambda: _open(people), 60, "orders may leave")


def test_everything_goes_back_at_once(people: People, figures: dict[str, str]) -> None:
    before = {machine: _runs(people, machine) for machine in _NODES}
    people.play("rollback.yml")
    after = {machine: _runs(people, machine) for machine in _NODES}
    assert all(after[machine] != before[machine] for machine in _NODES)
    figures["rolled back, each node from flip to gated-ready"] = _each(people, "rollback")
    wait(lambda: _open(people), 60, "orders may leave")


def test_without_alpha_the_executor_enforces_and_can_be_halted(lab: Lab, people: People) -> None:
    lab.off(["alpha"], pull_the_plug=True)
    try:
        executor = lab.machine("executor")
        executor.inside("systemctl", "restart", "executor-router.service")
        wait(
            lambda: executor.inside("systemctl", "is-active", "executor-router", check=False)
            .stdout.strip() == "active",
            60,
            "the router starts from its own slot",
        )  # fmt: skip
        wait(lambda: not _hears(people), 60, "the controller says that it hears nobody")
        assert _condition(people.status("executor"), "Published")["status"] == "True"
        people.play("halt.yml", "-e", "reason=Alpha is gone")
        assert wait(lambda: _halted(people), 10, "the Executor is halted") < 10
    finally:
        lab.up(["alpha"])
    _resume_from_the_latch(people)


def _resume_from_the_latch(people: People) -> None:
    """Let go of all that the latch holds, with the quorum that loosening takes.

    More than one may have halted: whatever measures by a clock that was set has its own reason.
    """
    wait(lambda: _hears(people), 60, "the controller hears Alpha again")
    latches = people.status("executor")["latches"]
    assert latches
    _resume(people, *(word for nonce in latches for word in ("--edit", nonce)))
    wait(lambda: not _halted(people), 60, "the latch is let go of")


def test_without_markets_what_is_open_stays_managed(lab: Lab, people: People) -> None:
    lab.off(["markets"], pull_the_plug=True)
    try:
        wait(lambda: _open(people), 60, "orders may leave")
        assert people.vanta("executor", "executor", "reconcile").returncode == 0
    finally:
        lab.up(["markets"])
    wait(lambda: _runs(people, "markets"), 60, "Markets runs its build")
    _sound(people)


def test_a_cut_network_loses_nothing(lab: Lab, people: People) -> None:
    executor = lab.machine("executor")
    count = len(_orders(people))
    faults.cut(executor)
    try:
        inside = executor.inside("systemctl", "is-active", "executor-router", check=False)
        assert inside.stdout.strip() == "active"
        wait(
            lambda: "Fetched" in executor.inside(
                "/opt/vanta/current/bin/vanta", "governance", "status", "--node", "/opt/vanta",
                check=False,
            ).stdout,
            60,
            "the controller says that it hears nobody",
        )  # fmt: skip
    finally:
        faults.mend(executor)
    wait(lambda: _hears(people), 90, "the controller hears Alpha again")
    assert len(_orders(people)) >= count
    _sound(people)


def test_a_full_disk_lets_nothing_leave_and_loses_nothing(lab: Lab, people: People) -> None:
    executor = lab.machine("executor")
    faults.fill(executor)
    try:
        wait(lambda: not _open(people), 120, "nothing may leave")
    finally:
        faults.free(executor)
    # The judge latched a halt, and room alone does not lift it: people do.
    people.on("executor", "systemctl", "restart", "vanta.target")
    assert not _open(people)
    _resume_from_the_latch(people)
    wait(lambda: _open(people), 60, "orders may leave again")
    _sound(people)


def test_a_clock_that_is_set_lets_nothing_leave(lab: Lab, people: People) -> None:
    executor = lab.machine("executor")
    faults.wind(executor)
    try:
        wait(lambda: _open(people), 60, "orders may leave")
        faults.set_clock(executor, "+10m")
        wait(lambda: _halted(people), 30, "the judge halts the node")
        told = " ".join(each["reason"] for each in people.status("executor")["latches"].values())
        assert "the clock was set by +600" in told
        wait(
            lambda: _condition(people.status("executor"), "ClockHealthy").get("status") != "True",
            30,
            "the controller doubts its clock",
        )
    finally:
        faults.unwind(executor)
    _resume_from_the_latch(people)
    wait(lambda: _open(people), 60, "orders may leave again")
    _sound(people)


def test_a_node_gets_a_new_key_once_people_trust_it(people: People) -> None:
    def public(name: str) -> str:
        text = people.on("executor", "cat", f"/etc/vanta/keys/{name}.pub").stdout
        return " ".join(text.split()[:2])

    def in_force() -> str:
        return people.on("executor", "cat", "/opt/vanta/memory/vault.json").stdout

    old = public("node")
    people.play("rotate-keys.yml", "--limit", "executor")
    new = public("node.next")
    assert public("node") == old
    _introduce(people, f'"{old}"', f'"{old}", "{new}"')
    wait(lambda: new in in_force(), 30, "the policy in force names the new key")
    people.play("rotate-keys.yml", "--limit", "executor")
    assert public("node") == new
    wait(lambda: _open(people), 60, "orders may leave")
    _introduce(people, f'"{old}", "{new}"', f'"{new}"')
    wait(lambda: old not in in_force(), 30, "the policy in force forgets the old key")
    _sound(people)


def _introduce(people: People, old: str, new: str) -> None:
    """Ada edits which keys a node has, and Alan approves."""
    for person in ("ada", "alan"):
        people.here(person, "git", "pull", "-q", "--ff-only")
    authority = people.clone("ada") / "authority.yaml"
    text = authority.read_text()
    assert old in text
    authority.write_text(text.replace(old, new))
    propose = ("vanta", "governance", "propose", "-e", "dev", *_key(people, "ada"))
    people.here("ada", *propose, "-m", "A node's key", "--push")
    people.here("alan", "git", "pull", "-q", "--ff-only")
    people.here(
        "alan", "vanta", "governance", "approve", "-e", "dev", *_key(people, "alan"), "--push"
    )


def test_alpha_comes_back_from_its_backup(people: People) -> None:
    git = ("-u", "git", "git", "-C", "/srv/governance.git")
    people.on("alpha", "systemctl", "stop", "vanta-backup.timer")
    assert people.on("alpha", "systemctl", "start", "vanta-backup").returncode == 0
    before = people.on("alpha", *git, "for-each-ref").stdout
    assert "refs/heads/main" in before
    # What a disk that was replaced lacks.
    assert people.on("alpha", "rm", "-r", "/opt/vanta/memory").returncode == 0
    assert people.on("alpha", *git, "update-ref", "-d", "refs/heads/main").returncode == 0
    people.play("restore.yml", "-e", "confirm=alpha")
    people.on("alpha", "systemctl", "start", "vanta-backup.timer")
    assert people.on("alpha", *git, "for-each-ref").stdout == before
    wait(lambda: _hears(people), 60, "the controller hears Alpha")
    assert people.vanta("alpha", "governance", "status").returncode == 0
    # People can halt by it, and go on, as before.
    people.here("grace", "git", "pull", "-q", "--ff-only")
    _halt(people)
    _resume(people)
    wait(lambda: _open(people), 60, "orders may leave")
    _sound(people)


def test_after_all_restart_state_resumes_from_memory(lab: Lab, people: People) -> None:
    before = _orders(people)
    lab.off()
    lab.up()
    wait(lambda: _runs(people, "executor"), 60, "the Executor runs its build")
    wait(lambda: _open(people), 120, "orders may leave")
    assert before.keys() <= _orders(people).keys()
    _sound(people)


@pytest.mark.parametrize(
    ("worker", "journals"),
    [("markets", {"harvest", "reflection", "promotion"}), ("executor", {"intents", "trade_log"})],
)
def test_checkpoints_of_workers_come_back_countersigned(
    people: People, worker: str, journals: set[str]
) -> None:
    def countersigned() -> set[str]:
        asked = ("grep", "-rl", "--include=*.checkpoints", "^— alpha ", "/opt/vanta/memory")
        found = people.on(worker, *asked).stdout.split()
        return {Path(each).name.partition(".")[0] for each in found}

    wait(lambda: journals <= countersigned(), 150, f"Alpha signed {worker}'s checkpoints")
    _sound(people)
