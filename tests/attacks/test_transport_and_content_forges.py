"""Transport and content: forges that are broken, old, or emptied, and the lane that is heard on.

The node has a policy; then the forge comes to be so, and somebody halts through the lane.
"""

from collections.abc import Callable

import pytest

from tests.attacks.changes import stop
from tests.governance.fund import Fund, halted
from tests.governance.simulator import MAIN
from tests.governance.station import Station
from vanta.governance import git_process
from vanta.governance.bounds import Bounds

# Thousands of refs and objects each.
pytestmark = pytest.mark.slow

LANE = "refs/vanta/halts"
NOWHERE = "0123456789" * 4

Forge = Callable[[Fund], object]


def refs(fund: Fund, *lines: str) -> None:
    """Refs as the forge advertises them, whatever Git would let anybody push."""
    with (fund.sim.path / "packed-refs").open("a") as file:
        file.writelines(f"{line}\n" for line in sorted(lines, key=lambda line: line[41:]))


def lane(fund: Fund, *names: str) -> None:
    refs(fund, *(f"{fund.introduction} {LANE}/{name}" for name in names))


def lacks_a_file_of_main(fund: Fund) -> None:
    fund.change({"README.md": "lost\n"}, by="ada")
    fund.sim.remove(fund.sim.write("blob", b"lost\n"))


def lacks_main(fund: Fund) -> None:
    fund.sim.remove(fund.change({"README.md": "lost\n"}, by="ada"))


def lacks_a_file_of_another_halt(fund: Fund) -> None:
    fund.change({"README.md": "lost\n"}, by=None, parents=[fund.introduction], ref=f"{LANE}/a")
    fund.sim.remove(fund.sim.write("blob", b"lost\n"))


def lacks_another_halt(fund: Fund) -> None:
    fund.sim.remove(fund.lane("a", by="olga"))


def has_no_main(fund: Fund) -> None:
    (fund.sim.path / MAIN).unlink()


def cut_off(fund: Fund) -> None:
    """A forge that says it has only a part of the history of main."""
    head = fund.change({"README.md": "cut\n"}, by="ada")
    (fund.sim.path / "shallow").write_text(f"{head}\n")


def head_of(text: str) -> Forge:
    return lambda fund: (fund.sim.path / "HEAD").write_text(text)


def points(ref: str, kind: str) -> Forge:
    """A ref that is moved to what is no commit."""

    def point(fund: Fund) -> None:
        blob = fund.sim.write("blob", b"x")
        tag = f"object {fund.introduction}\ntype commit\ntag v1\ntagger x <x> 0 +0000\n\nx\n"
        to = {
            "blob": blob,
            "tree": fund.sim.tree({"x": "x"}),
            "tag": fund.sim.write("tag", tag.encode()),
            "tag of nothing": fund.sim.write(
                "tag", tag.replace(fund.introduction, NOWHERE).encode()
            ),
        }
        fund.sim.point(ref, to[kind])

    return point


ODD = ["ü", "a'b", 'a"b', "$(x)", "-x", "--upload-pack=x", "+a", "a|b", "a;b", "%2e", "!a", "@",
       "a\u202eb", "\U0001f6d1", "x" * 250, "/".join("x" * 40)]  # fmt: skip
"""Odd, but Git lets them be pushed."""


def loose(**written: bytes) -> Forge:
    """Refs that are written as Git would not write them."""

    def write(fund: Fund) -> None:
        (fund.sim.path / LANE).mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (fund.sim.path / LANE / name).write_bytes(text)

    return write


FORGES: dict[str, Forge] = {
    "lacks a file of main": lacks_a_file_of_main,
    "lacks main": lacks_main,
    "lacks a file of another halt": lacks_a_file_of_another_halt,
    "lacks another halt": lacks_another_halt,
    "has a halt that is nowhere": lambda fund: refs(fund, f"{NOWHERE} {LANE}/a"),
    "has a main that is nowhere": lambda fund: fund.sim.point(MAIN, NOWHERE),
    "has no main": has_no_main,
    "is cut off": cut_off,
    "has a HEAD to nowhere": head_of("ref: refs/heads/nowhere\n"),
    "has a HEAD that is nowhere": head_of(f"{NOWHERE}\n"),
    "has main on a blob": points(MAIN, "blob"),
    "has main on a tree": points(MAIN, "tree"),
    "has main on a tag": points(MAIN, "tag"),
    "has main on a tag of nothing": points(MAIN, "tag of nothing"),
    "has another halt on a blob": points(f"{LANE}/a", "blob"),
    "has another halt on a tree": points(f"{LANE}/a", "tree"),
    "has another halt on a tag": points(f"{LANE}/a", "tag"),
    "has another halt on a tag of nothing": points(f"{LANE}/a", "tag of nothing"),
    "has a record on a blob": points("refs/vanta/receipts/prod", "blob"),
    "has a record that is nowhere": lambda fund: refs(fund, f"{NOWHERE} refs/vanta/receipts/prod"),
    "has a halt below another": lambda fund: lane(fund, "a", "a/b", "stop/b"),
    "has a halt of each odd name": lambda fund: lane(fund, *ODD),
    "has a halt that is a loop": loose(a=b"ref: refs/vanta/halts/a\n"),
    "has a halt that is main": loose(a=b"ref: refs/heads/main\n"),
    "has halts that end early": loose(a=b"0123", b=b""),
}


@pytest.mark.parametrize("protocol", ["0", "1", "2"])
@pytest.mark.parametrize("forge", FORGES.values(), ids=FORGES)
def test_a_halt_lands_through_a_lane_of_a_forge_that(
    fund: Fund, station: Station, forge: Forge, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = (f"protocol.version={protocol}",)
    monkeypatch.setattr(git_process, "_CONFIGURATION", git_process._CONFIGURATION + spoken)
    station.start().tick()
    forge(fund)
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref=f"{LANE}/stop")
    controller = station.start(bounds=Bounds(fetch_seconds=5))
    for _ in range(3):
        controller.tick()
    assert halted(station.reader().policy)


@pytest.mark.slow
def test_a_halt_lands_through_many_thousand_refs_of_the_lane(fund: Fund, station: Station) -> None:
    """Each of them another commit, and none of them anybody's; then the branch moves on."""
    station.start().tick()
    number = 5_000
    tree, main = fund.sim.tree({"README.md": "x\n"}), [fund.introduction]
    commits = (
        fund.sim.raw_commit(
            fund.sim.payload(tree=tree, parents=main, message=f"{n}\n"), files={}, ref=None
        )
        for n in range(number)
    )
    names = (f"{'a' if n % 2 else 'z'}-{n:05d}" for n in range(number))
    refs(fund, *(f"{oid} {LANE}/{name}" for oid, name in zip(commits, names, strict=True)))
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref=f"{LANE}/stop")
    controller = station.start()
    for _ in range(3):
        controller.tick()
    assert halted(station.reader().policy)
    assert controller.refusals["lane"].code == "TOO_MANY_REFS"
    head = fund.change({"README.md": "on\n"}, by="ada", parents=[fund.introduction])
    controller.tick()
    assert controller.memory.state is not None
    assert controller.memory.state.anchor == head
