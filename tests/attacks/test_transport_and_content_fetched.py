"""Transport and content: a fetch brings everything or nothing, in bounds, and journals why not.

The door fetches nothing, so here the node's controller is the door.
"""

import os
import time
from pathlib import Path

import pytest

from tests.attacks.changes import LOOSER, stop
from tests.attacks.door import knock
from tests.governance.fund import (
    MOMENTUM,
    Fund,
    capital,
    halted,
    vault,
)
from tests.governance.simulator import MAIN, run_git
from tests.governance.station import Station
from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance.bounds import Bounds
from vanta.governance.fetcher import Fetcher, Source
from vanta.governance.repository import Repository


def blob(fund: Fund, content: bytes = b"x") -> str:
    return fund.sim.write("blob", content)


def records(station: Station) -> list[str]:
    """The code of everything that could not be had."""
    return [body["code"] for body in station.bodies("head.refused")]


def objects(station: Station) -> set[Path]:
    return {path for path in (station.mirror / "objects").rglob("*") if path.is_file()}


# Fetches that fail.


def test_a_failed_fetch_persisted_and_later_trusted(station: Station, fund: Fund) -> None:
    """Nothing of it is kept, not even as something one has; what comes next is whole or nothing."""
    controller = station.start()
    controller.tick()
    before, known = objects(station), station.published()
    first = fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    second = fund.change(stop(fund), by="olga")
    lost = fund.sim.object_path(first)
    kept = lost.read_bytes()
    lost.unlink()
    for _ in range(2):
        assert controller.tick() == ()
        assert set(records(station)) == {"FETCH_FAILED"}
        assert objects(station) == before
        assert station.reader() == known
    # The forge mends itself, with less: what failed before is no reason to believe it.
    fund.sim.point(MAIN, fund.introduction)
    assert controller.tick() == ()
    lost.write_bytes(kept)
    fund.sim.point(MAIN, second)
    assert [step.verdict for step in controller.tick()] == ["tightened", "tightened"]
    assert halted(station.reader().policy)
    assert capital(station.reader().policy) == 1


def test_a_failed_fetch_that_is_told_otherwise_each_time_fills_no_journal(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side writes the complaint; a record for each poll is a record every second."""
    controller = station.start()
    controller.tick()
    told = iter(range(100))
    code = "FETCH_FAILED"

    def fail(*_: object, **__: object) -> dict[str, str]:
        said = f"git fetch failed: remote: request {next(told)}"
        raise UnavailableError(said, code=code, place=station.remote)

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "fetch_refs", fail)
        said = []
        for _ in range(5):
            controller.tick()
            said.append(controller.trouble)
        assert len(set(said)) == 5, "the last is shown"
        assert [body["message"] for body in station.bodies("head.refused")] == said[:1]
        code = "FETCH_TIMEOUT"
        controller.tick()
        assert records(station) == ["FETCH_FAILED", "FETCH_TIMEOUT"]
    controller.tick()
    assert not controller.trouble
    assert capital(station.reader().policy) == 1000


def test_a_failed_fetch_leaves_a_node_that_was_never_reached_without_a_policy(
    station: Station, fund: Fund
) -> None:
    station.remote = "/nowhere/governance.git"
    assert station.start().tick() == ()
    assert not (station.memory / "vault.json").exists()
    station.remote = str(fund.sim.path)
    fund.change(stop(fund), by="olga")
    station.start().tick()
    assert halted(station.reader().policy)


def test_a_mirror_whose_objects_hold_other_bytes_is_fetched_again(
    fund: Fund, station: Station
) -> None:
    """Somebody wrote a looser policy under the id of a file: noticed, refused, and made whole."""
    station.start().tick()
    head = fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    wrong = fund.sim.object_path(blob(fund, vault("momentum", capital=4999).encode()))
    right = fund.sim.object_path(blob(fund, vault("momentum", capital=1).encode()))
    controller = station.start()
    controller.fetcher.fetch()
    planted_at = station.mirror / right.relative_to(fund.sim.path)
    planted_at.chmod(0o644)
    planted_at.write_bytes(wrong.read_bytes())
    for _ in range(3):
        controller.tick()
    assert "OBJECT_MISMATCH" in records(station)
    assert capital(station.reader().policy) == 1
    assert controller.memory.state is not None
    assert controller.memory.state.anchor == head


def test_a_mirror_with_an_empty_object_hears_the_next_halt(fund: Fund, station: Station) -> None:
    """As a crash of the machine leaves one behind."""
    station.start().tick()
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    station.start().tick()
    for path in objects(station):
        path.chmod(0o644)
        path.write_bytes(b"")
    fund.change(stop(fund), by="olga")
    controller = station.start()
    for _ in range(5):
        controller.tick()
    assert halted(station.reader().policy)


# Remotes.


URLS = ["ext::sh -c touch% {canary}", "ext::{script}", "fd::7", "--upload-pack=touch {canary}",
        "-u touch {canary}", "file://{repository}", "{repository}/../x", "{repository}\n",
        "ssh://-oProxyCommand=touch%20{canary}/x", "git://localhost/x", "http://localhost/x",
        "$(touch {canary})", "`touch {canary}`", "{repository}; touch {canary}", ""]  # fmt: skip


def test_ext_urls_and_option_injection(
    station: Station, fund: Fund, script: Path, canary: Path
) -> None:
    """A node's configuration names its remote; nothing but three plain forms is one."""
    said = {"canary": canary, "script": script, "repository": fund.sim.path}
    for url in URLS:
        station.remote = url.format(**said)
        assert station.start().tick() == ()
        assert not (station.memory / "vault.json").exists()
    assert records(station) == ["BAD_URL"] * len(URLS)
    assert not canary.exists()
    station.remote = str(fund.sim.path)
    station.start().tick()
    assert capital(station.reader().policy) == 1000


def test_ext_urls_and_option_injection_at_the_door(
    fund: Fund, script: Path, canary: Path, tmp_path: Path
) -> None:
    """What it is given is a folder or nothing; a bundle and a URL are nothing."""
    bundle = tmp_path / "b.bundle"
    fund.sim.git("bundle", "create", "-q", str(bundle), "main")
    said = {"canary": canary, "script": script, "repository": fund.sim.path}
    places = [url.format(**said) for url in URLS if not url.startswith("-")]
    for place in [*places[:-1], str(bundle), "https://forge.example.org/x"]:
        if Path(place).is_dir():
            continue
        answer = knock(fund, Path(place))
        assert answer == ("refused", "NO_REPOSITORY", 1)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("branch", "code"),
    [
        ("--upload-pack=x", "REF_MISSING"),
        ("+main", "REF_MISSING"),
        ("../main", "BAD_REF"),
        ("main:refs/heads/x", "BAD_REF"),
        ("main\n", "BAD_REF"),
        ("", "BAD_REF"),
    ],
)
def test_option_injection_by_the_name_of_the_branch(
    fund: Fund, tmp_path: Path, branch: str, code: str
) -> None:
    with Repository.create(tmp_path / "mirror.git") as mirror:
        found = Fetcher(mirror, Source(str(fund.sim.path), branch)).fetch()
    assert isinstance(found.head, VantaError)
    assert found.head.code == code


def test_local_clone_links(fund: Fund, station: Station, tmp_path: Path) -> None:
    """Links among the objects of the other side lead to files of ours, and bring none of them."""
    secret = tmp_path / "secret"
    secret.write_text("the key")
    head = fund.change(LOOSER, by="ada")
    path = fund.sim.object_path(head)
    for target in (secret, Path("/etc/passwd"), path):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        controller = station.start()
        assert controller.tick() == ()
        held = b"".join(file.read_bytes() for file in objects(station))
        assert b"the key" not in held
        assert not any(each.is_symlink() for each in station.mirror.rglob("*"))
        answer = knock(fund)
        assert answer.verdict == "refused"
        assert answer.reason in {"CORRUPT_OBJECT", "MISSING_OBJECT"}


def test_local_clone_links_share_no_bytes_with_the_mirror(fund: Fund, station: Station) -> None:
    """Whoever writes over the other side's files later changes nothing of ours."""
    fund.change(stop(fund), by="olga")
    station.start().tick()
    for ours in objects(station):
        assert ours.stat().st_nlink == 1
    for theirs in (fund.sim.path / "objects").rglob("*"):
        if theirs.is_file():
            theirs.write_bytes(b"")
    station.start().tick()
    assert halted(station.reader().policy)


def test_alternates_lend_objects_and_no_trust(fund: Fund, tmp_path: Path) -> None:
    """Objects of another store are the same objects, or not what was asked for."""
    fund.change(stop(fund), by="olga")
    bare = tmp_path / "bare.git"
    run_git(["clone", "-q", "--bare", "--shared", str(fund.sim.path), str(bare)], home=tmp_path)
    assert knock(fund, bare) == ("tightened", None, 3)
    (bare / "objects" / "info" / "alternates").write_text("/nowhere\n" * 100 + "../objects\n")
    assert knock(fund, bare) == ("refused", "MISSING_OBJECT", 1)


# What is huge, or never ends.


def test_huge_packs(fund: Fund, station: Station) -> None:
    """Beyond the bound nothing of it is kept; what is in force stays, and so does the lane."""
    bounds = Bounds(fetch_bytes=200_000)
    station.start(bounds=bounds).tick()
    before = objects(station)
    fund.change({"noise": os.urandom(300_000)}, by=None)
    halt = fund.change(
        stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop"
    )
    controller = station.start(bounds=bounds)
    controller.tick()
    assert "FETCH_TOO_LARGE" in records(station)
    assert halted(station.reader().policy)
    assert controller.memory.state is not None
    assert halt in controller.memory.state.lane
    assert sum(path.stat().st_size for path in objects(station) - before) < 100_000


def test_huge_numbers_of_objects(fund: Fund, station: Station) -> None:
    bounds = Bounds(fetch_objects=200)
    station.start(bounds=bounds).tick()
    fund.change({f"noise/{n}": f"{n}" for n in range(300)}, by=None)
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    station.start(bounds=bounds).tick()
    assert "TOO_MANY_OBJECTS" in records(station)
    assert halted(station.reader().policy)


def test_huge_numbers_of_refs(fund: Fund, station: Station) -> None:
    """Branches and tags by the thousand are not asked for; refs of the lane are counted."""
    lines = [f"{fund.introduction} refs/heads/junk-{n:05d}\n" for n in range(20_000)]
    lines += [f"{fund.introduction} refs/tags/junk-{n:05d}\n" for n in range(20_000)]
    (fund.sim.path / "packed-refs").write_text("".join(sorted(lines)))
    fund.change(stop(fund), by="olga")
    assert knock(fund) == ("tightened", None, 3)
    station.start().tick()
    assert records(station) == []
    assert halted(station.reader().policy)


def flooded(fund: Fund, number: int) -> None:
    """Refs of the lane that anybody may push, before and after an honest one."""
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    lines = [
        f"{fund.introduction} refs/vanta/halts/{'a' if n % 2 else 'z'}-{n:05d}\n"
        for n in range(number)
    ]
    (fund.sim.path / "packed-refs").write_text("".join(sorted(lines)))


def test_huge_numbers_of_refs_in_the_lane_at_the_door(fund: Fund) -> None:
    flooded(fund, 3_000)
    answer = knock(fund)
    assert answer == ("tightened", "HALTED", 3)
    assert halted(answer.policy)


FEW = Bounds(refs_per_fetch=20)


def test_huge_numbers_of_refs_in_the_lane_hold_the_main_line_back_for_nobody(
    fund: Fund, station: Station
) -> None:
    station.start(bounds=FEW).tick()
    flooded(fund, 60)
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    station.start(bounds=FEW).tick()
    assert "TOO_MANY_REFS" in records(station)
    assert capital(station.reader().policy) == 1


def test_huge_numbers_of_refs_in_the_lane_hide_no_halt(fund: Fund, station: Station) -> None:
    station.start(bounds=FEW).tick()
    flooded(fund, 60)
    controller = station.start(bounds=FEW)
    for _ in range(5):
        controller.tick()
    assert halted(station.reader().policy)


def test_a_huge_ref_in_the_lane_hides_no_halt_beside_it(fund: Fund, station: Station) -> None:
    """One push that is too much to fetch, to a ref of its own."""
    bounds = Bounds(fetch_bytes=200_000)
    station.start(bounds=bounds).tick()
    fund.change(
        {"noise": os.urandom(300_000)},
        by=None, parents=[fund.introduction], ref="refs/vanta/halts/a-noise",
    )  # fmt: skip
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    controller = station.start(bounds=bounds)
    for _ in range(3):
        controller.tick()
    assert "FETCH_TOO_LARGE" in records(station)
    assert halted(station.reader().policy)


@pytest.mark.timeout(30)
def test_slow_servers(fund: Fund, station: Station) -> None:
    """Refs that are a pipe nobody fills: the other side never answers, and nobody waits long."""
    bounds = Bounds(fetch_seconds=0.5)
    station.start(bounds=bounds).tick()
    fund.change(stop(fund), by="olga")
    kept = (fund.sim.path / MAIN).read_text()
    os.mkfifo(fund.sim.path / "packed-refs")
    controller = station.start(bounds=bounds)
    began = time.monotonic()
    assert controller.tick() == ()
    assert time.monotonic() - began < 10
    assert records(station) == ["FETCH_TIMEOUT"]
    assert capital(station.reader().policy) == 1000
    (fund.sim.path / "packed-refs").unlink()
    assert (fund.sim.path / MAIN).read_text() == kept
    controller.tick()
    assert halted(station.reader().policy)


def _impatient(defaults: tuple[object, ...] | None) -> tuple[object, ...]:
    assert defaults
    return tuple(0.3 if each == Bounds().read_seconds else each for each in defaults)


@pytest.mark.timeout(60)
def test_objects_that_never_end(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe in the place of an object: the door waits as long as for any other, and no longer."""
    monkeypatch.setattr(Bounds.__init__, "__defaults__", _impatient(Bounds.__init__.__defaults__))
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    head = fund.change(LOOSER, by="ada")
    fund.sim.remove(head)
    os.mkfifo(fund.sim.object_path(head))
    answer = knock(fund)
    assert answer == ("tightened", "GIT_STALLED", 3)
    assert halted(answer.policy)
