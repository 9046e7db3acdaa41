"""Transport and content: whatever becomes of a node's own copy, the node hears the next halt.

Disks fill up and fail, machines crash halfway through a write, people run Git where they should
not. The forge has everything, so what is damaged here is fetched again, and kept until it was.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.changes import stop
from tests.governance.fund import MOMENTUM, Fund, capital, halted, vault
from tests.governance.station import Station
from vanta.governance import mirror
from vanta.governance.bounds import Bounds
from vanta.governance.repository import Repository

HASTY = Bounds(fetch_seconds=2.0, read_seconds=0.5)
LANE = "refs/vanta/halts/stop"

Damage = Callable[[Path], object]


def files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file())


def over(pattern: str, content: bytes | None) -> Damage:
    """Damage that writes over files, or cuts them off in the middle."""

    def damage(at: Path) -> None:
        found = list(at.glob(pattern))
        assert found, pattern
        for path in found:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            if content is not None:
                path.write_bytes(content)

    return damage


def gone(pattern: str) -> Damage:
    def damage(at: Path) -> None:
        found = list(at.glob(pattern))
        assert found, pattern
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def instead(pattern: str, make: Callable[[Path], object]) -> Damage:
    """Damage that puts something of another kind there."""

    def damage(at: Path) -> None:
        found = list(at.glob(pattern))
        gone(pattern)(at)
        for path in found:
            make(path)

    return damage


def locked(at: Path) -> None:
    names = ["HEAD", "config", "shallow", "packed-refs", "refs/vanta/fetched/x", "objects/info/x"]
    for path in [*names, *(str(each.relative_to(at)) for each in files(at / "refs"))]:
        place = at / f"{path}.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"")


def left(at: Path) -> None:
    for name in ("objects/pack/tmp_pack_x", "objects/pack/tmp_idx_x", "objects/tmp_obj_x"):
        (at / name).write_bytes(b"PACK\0\0\0\2")
    (at / "incoming" / "fetch-x" / "objects").mkdir(parents=True)


def pretended(at: Path) -> None:
    """A pack that is none, with the newest time stamp of all."""
    for suffix in ("pack", "idx"):
        (at / f"objects/pack/pack-{'0' * 40}.{suffix}").write_bytes(b"x" * 2000)


def cut_off(at: Path) -> None:
    (at / "shallow").write_text(f"{'0' * 40}\n")
    (at / "objects" / "info").mkdir(exist_ok=True)
    (at / "objects" / "info" / "alternates").write_text("/nowhere\n")


def emptied(at: Path) -> None:
    shutil.rmtree(at)
    at.mkdir()


def a_file(at: Path) -> None:
    shutil.rmtree(at)
    at.write_text("x")


LOOSE, PACKS = "objects/[0-9a-f][0-9a-f]/*", "objects/pack/*.pack"
INDEXES, KNOWN = "objects/pack/*.idx", "refs/vanta/fetched/*"

DAMAGES: dict[str, Damage] = {
    "empty objects": over(LOOSE, b""),
    "cut-off objects": over(LOOSE, None),
    "objects of noise": over(LOOSE, b"\x78\x01noise"),
    "objects gone": gone(LOOSE),
    "folders for objects": instead(LOOSE, Path.mkdir),
    "pipes for objects": instead(LOOSE, os.mkfifo),
    "files for folders of objects": instead("objects/[0-9a-f][0-9a-f]", Path.touch),
    "empty packs": over(PACKS, b""),
    "cut-off packs": over(PACKS, None),
    "packs of noise": over(PACKS, b"PACK" + b"x" * 4000),
    "packs gone": gone(PACKS),
    "pipes for packs": instead(PACKS, os.mkfifo),
    "cut-off indexes": over(INDEXES, None),
    "indexes gone": gone(INDEXES),
    "folders for indexes": instead(INDEXES, Path.mkdir),
    "no packs at all": gone("objects/pack"),
    "a file for the packs": instead("objects/pack", Path.touch),
    "no objects at all": gone("objects"),
    "a file for the objects": instead("objects", Path.touch),
    "a pack that is none": pretended,
    "locks": locked,
    "leftovers": left,
    "history cut off": cut_off,
    "HEAD of noise": over("HEAD", b"\0\xff"),
    "HEAD empty": over("HEAD", b""),
    "HEAD gone": gone("HEAD"),
    "a folder for HEAD": instead("HEAD", Path.mkdir),
    "a pipe for HEAD": instead("HEAD", os.mkfifo),
    "config of noise": over("config", b"\0[[["),
    "config of another format": over("config", b"[extensions]\n\tobjectformat = sha256\n"),
    "config gone": gone("config"),
    "a folder for config": instead("config", Path.mkdir),
    "a file for refs": instead("refs", Path.touch),
    "refs of noise": over(KNOWN, b"\0\xff" * 999),
    "folders for refs": instead(KNOWN, Path.mkdir),
    "pipes for refs": instead(KNOWN, os.mkfifo),
    "a file for what is known": instead("refs/vanta/fetched", Path.touch),
    "a folder for packed-refs": lambda at: (at / "packed-refs").mkdir(),
    "packed-refs of noise": lambda at: (at / "packed-refs").write_bytes(b"\0" * 9999),
    "a file for what comes in": instead("incoming", Path.touch),
    "nothing in it": emptied,
    "nothing there": shutil.rmtree,
    "a file for the mirror": a_file,
}


def settled(fund: Fund, station: Station) -> None:
    """A node whose mirror has a pack and loose objects."""
    for number in range(60):
        fund.change({"README.md": f"{number}\n"}, by=None)
    station.start(bounds=HASTY).tick()
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    station.start(bounds=HASTY).tick()
    assert capital(station.reader().policy) == 1
    assert list(station.mirror.glob(PACKS))
    assert list(station.mirror.glob(LOOSE))


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("running", "ref"),
    [(True, LANE), (False, "refs/heads/main")],
    ids=["running, by the lane", "restarted, by the branch"],
)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_mirror_hears_the_next_halt(
    fund: Fund, station: Station, damage: Damage, ref: str, *, running: bool
) -> None:
    settled(fund, station)
    controller = station.start(bounds=HASTY)
    if running:
        controller.tick()
    damage(station.mirror)
    fund.change(stop(fund), by="olga", parents=[fund.sim.head()], ref=ref)
    if not running:
        controller = station.start(bounds=HASTY)
    for _ in range(5):
        controller.tick()
        if halted(station.reader().policy):
            break
    assert halted(station.reader().policy)
    assert capital(station.reader().policy) == 1
    # And is sound, or was made so.
    head = fund.change({"README.md": "sound\n"}, by="ada")
    for _ in range(3):
        controller.tick()
    assert controller.memory.state is not None
    assert controller.memory.state.anchor == head
    assert not list(station.mirror.parent.glob("mirror.git.fresh-*"))


def test_a_new_mirror_keeps_what_the_old_one_has_and_the_forge_no_longer(
    fund: Fund, station: Station
) -> None:
    """A halt whose ref somebody deleted, and a branch that was put back."""
    settled(fund, station)
    halt = fund.change(stop(fund), by="olga", parents=[fund.introduction], ref=LANE)
    head = fund.change({"README.md": "last\n"}, by="ada")
    station.start(bounds=HASTY).tick()
    (fund.sim.path / LANE).unlink()
    fund.sim.point("refs/heads/main", fund.introduction)
    (station.mirror / "incoming").rmdir()
    (station.mirror / "incoming").touch()
    controller = station.start(bounds=HASTY)
    controller.tick()
    assert (station.mirror / "incoming").is_dir(), "it is another one"
    with Repository(station.mirror) as opened:
        assert opened.commit(halt).oid == halt
        assert len(opened.first_parents(head, fund.introduction)) == 62
    assert controller.refusals["branch"].code == "NOT_DESCENDANT"
    assert halted(station.reader().policy)


def test_a_mirror_is_kept_until_another_is_whole(fund: Fund, station: Station) -> None:
    """The forge lacks an object, and it is not the mirror's fault: nothing is given up for it."""
    settled(fund, station)
    head = fund.change(stop(fund), by="olga")
    lost = fund.sim.object_path(head)
    kept = lost.read_bytes()
    lost.unlink()
    before = {path: path.stat().st_ino for path in files(station.mirror)}
    controller = station.start(bounds=HASTY)
    for _ in range(5):
        assert controller.tick() == ()
    assert {path: path.stat().st_ino for path in files(station.mirror)} == before
    assert [path.name for path in station.mirror.parent.glob("mirror.git*")] == ["mirror.git"]
    lost.write_bytes(kept)
    controller.tick()
    assert halted(station.reader().policy)


def test_a_forge_that_fails_for_ever_is_not_asked_for_everything_at_every_look(
    fund: Fund, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(fund, station)
    fund.sim.object_path(fund.change(stop(fund), by="olga")).unlink()
    made: list[Path] = []
    beside = mirror.beside

    def noted(path: Path) -> Path:
        made.append(beside(path))
        return made[-1]

    monkeypatch.setattr(mirror, "beside", noted)
    controller = station.start(bounds=HASTY)
    for _ in range(9):
        controller.tick()
    assert len(made) == 3


def test_what_a_crash_left_beside_the_mirror_is_removed(station: Station) -> None:
    left = station.mirror.with_name("mirror.git.fresh-0123")
    left.mkdir()
    (left / "HEAD").touch()
    station.start().tick()
    assert not left.exists()
    assert station.mirror.is_dir()
