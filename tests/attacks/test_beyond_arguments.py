"""Not on the list: what is typed at the door, and folders that are no repository of anybody's."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.door import arguments, call, call_raw, knock, pin, turned_away, visit
from tests.governance.fund import MOMENTUM, Fund, switch, vault
from tests.governance.simulator import run_git

# Mistakes of usage: exit 2, and nothing was judged.


@pytest.mark.parametrize(
    "now",
    [
        *("", "0", "now", "yesterday", "2026-11-22", "2026-11-22T00:00:00", "1795305600"),
        *("2026-11-22T00:00:60Z", "2026-13-01T00:00:00Z", "2026-11-22T00:00:00+99:99"),
        *("0000-01-01T00:00:00Z", "\u0662026-11-22T00:00:00Z", "2026-11-22T00:00:00Z\n", "\udcff"),
    ],
)
def test_a_time_that_is_none(fund: Fund, now: str) -> None:
    assert "TIME" in turned_away(arguments(fund.sim.path, pin(fund), now=now))


@pytest.mark.parametrize(
    "now", ["0001-01-01T00:00:00+23:59", "1600-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"]
)
def test_a_time_nobody_lives_in_is_a_time(fund: Fund, now: str) -> None:
    assert visit(arguments(fund.sim.path, pin(fund), now=now)) == ("unchanged", None, 0)


@pytest.mark.parametrize(
    "applied",
    ["", "garbage", "HEAD", "main", "--json", "abc123", "F" * 40, "f" * 41,
     "f" * 40 + "\n", "\udcff"],
)  # fmt: skip
def test_a_commit_to_compare_with_that_is_no_full_id(fund: Fund, applied: str) -> None:
    line = arguments(fund.sim.path, pin(fund), now=fund.now, applied=applied)
    assert "BAD_OID" in turned_away(line)


@pytest.mark.parametrize("applied", ["f" * 40, "f" * 64])
def test_a_commit_to_compare_with_that_is_not_there(fund: Fund, applied: str) -> None:
    assert knock(fund, applied=applied) == ("refused", "NOT_DESCENDANT", 1)


@pytest.mark.parametrize(
    "environment",
    ["", ".", "..", "prod/", "/prod", "prod/../prod", "prod/vaults", "PROD", "prod ", "prod\n",
     "*", "pr\u00f6d", "p" * 64, "\udcff"],
)  # fmt: skip
def test_an_environment_that_is_no_name(fund: Fund, environment: str) -> None:
    line = arguments(fund.sim.path, pin(fund), now=fund.now, environment=environment)
    assert "BAD_ENVIRONMENT" in turned_away(line)


def test_an_environment_that_is_not_there(fund: Fund) -> None:
    assert knock(fund, environment="dev") == ("refused", "MISSING_CEILING", 1)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"null", b"[]", b"{}", b"\xff\xfe{}", b"{" * 100_000, b"[" * 100_000, b"\0" * 100),
        b'{"introduction": 1, "fingerprints": []}',
        b'{"introduction": "HEAD", "fingerprints": ["SHA256:x"]}',
        b'{"introduction": "--upload-pack", "fingerprints": ["SHA256:x"]}',
        b'{"introduction": "%s", "fingerprints": []}' % (b"a" * 40),
        b'{"introduction": "%s", "fingerprints": "SHA256:x"}' % (b"a" * 40),
        b'{"introduction": "%s\\n", "fingerprints": ["SHA256:x"]}' % (b"a" * 40),
        b'{"introduction": "%s", "fingerprints": ["\\ud800"]}' % (b"a" * 40),
        b'{"introduction": "%s", "fingerprints": ["SHA256:x"], "quorum": 0}' % (b"a" * 40),
    ],
)
def test_a_pin_that_pins_nothing(fund: Fund, tmp_path: Path, content: bytes) -> None:
    trust = tmp_path / "pin"
    trust.write_bytes(content)
    turned_away(arguments(fund.sim.path, trust, now=fund.now))


def test_a_pin_that_is_no_file(fund: Fund, tmp_path: Path) -> None:
    for trust in (tmp_path, tmp_path / "none", tmp_path / ("x" * 300), "\udcff"):
        assert "NO_TRUST" in turned_away(arguments(fund.sim.path, trust, now=fund.now))


def test_bytes_that_are_no_text_are_told_and_not_tripped_over(fund: Fund) -> None:
    trust = os.fsencode(pin(fund))
    line = [b"governance", b"verify", b"/no\xffwhere", b"--trust", trust, b"-e", b"prod"]
    for more in ([], [b"--json"]):
        done = call_raw([*line, *more])
        assert (done.returncode, done.stderr) == (1, b"")
        assert b"NO_REPOSITORY" in done.stdout


def test_a_label_in_any_script_is_printed_on_any_terminal(fund: Fund) -> None:
    label = vault("momentum", more='label: "Gr\u00f6\u00dfe \u4e2d"')
    fund.change({MOMENTUM: label}, by="ada", approve=True)
    line = arguments(fund.sim.path, pin(fund), now=fund.now)
    assert call(line, PYTHONIOENCODING="ascii") == ("applied", None, 0)


# Folders.


def emptied(fund: Fund) -> Path:
    folder = fund.sim.path.with_name("nothing")
    folder.mkdir()
    return folder


def a_file(fund: Fund) -> Path:
    return fund.sim.path / "HEAD"


def a_folder_inside(fund: Fund) -> Path:
    return fund.sim.path / "refs"


def absent(fund: Fund) -> Path:
    return fund.sim.path.with_name("absent")


def without_objects(fund: Fund) -> Path:
    shutil.rmtree(fund.sim.path / "objects")
    return fund.sim.path


def with_objects_in_a_circle(fund: Fund) -> Path:
    without_objects(fund).joinpath("objects").symlink_to("objects")
    return fund.sim.path


def pointing(content: bytes) -> Callable[[Fund], Path]:
    def place(fund: Fund) -> Path:
        folder = fund.sim.path.with_name("tree")
        folder.mkdir()
        (folder / ".git").write_bytes(content)
        return folder

    return place


def with_file(name: str, content: bytes) -> Callable[[Fund], Path]:
    def place(fund: Fund) -> Path:
        (fund.sim.path / name).unlink(missing_ok=True)
        (fund.sim.path / name).write_bytes(content)
        return fund.sim.path

    return place


def with_pipe(name: str) -> Callable[[Fund], Path]:
    def place(fund: Fund) -> Path:
        (fund.sim.path / name).unlink(missing_ok=True)
        os.mkfifo(fund.sim.path / name)
        return fund.sim.path

    return place


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("place", "code"),
    [
        (emptied, "NO_REPOSITORY"),
        (a_file, "NO_REPOSITORY"),
        (a_folder_inside, "NO_REPOSITORY"),
        (absent, "NO_REPOSITORY"),
        (without_objects, "NO_REPOSITORY"),
        (with_objects_in_a_circle, "NO_REPOSITORY"),
        (lambda _: Path("x" * 5_000), "UNREADABLE"),
        (pointing(b"gitdir: ../nowhere"), "NO_REPOSITORY"),
        (pointing(b"gitdir: " + b"x" * 5_000), "UNREADABLE"),
        (pointing(b"gitdir: x\0y"), "NO_REPOSITORY"),
        (with_file("commondir", b"x" * 5_000), "UNREADABLE"),
        (with_file("commondir", b"\xff\0"), "NO_REPOSITORY"),
        (with_file("HEAD", b""), "MALFORMED_REF"),
        (with_file("HEAD", b"ref: refs/heads/none\n"), "REF_MISSING"),
        (with_file("HEAD", b"ref: refs/heads/../../../etc/passwd\n"), "BAD_REF"),
        (with_file("HEAD", b"ref: refs/heads/" + b"a/" * 3_000 + b"b\n"), "UNREADABLE"),
        (with_file("HEAD", b"x" * (1 << 20) + b"x"), "FILE_TOO_LARGE"),
        (with_file("refs/heads/main", b"ref: refs/heads/main\n"), "MALFORMED_REF"),
        (with_file("refs/heads/main", b"f" * 40), "MISSING_OBJECT"),
        (with_file("refs/heads/main", b"f" * 64), "BAD_OID"),
        (with_file("config", b"[extensions]\nobjectformat = sha256\n"), "BAD_OID"),
        (with_pipe("config"), "UNREADABLE"),
        (with_pipe("HEAD"), "NO_REPOSITORY"),
        (with_pipe("refs/heads/main"), "REF_MISSING"),
    ],
)
def test_a_place_that_is_no_repository(
    fund: Fund, place: Callable[[Fund], Path], code: str
) -> None:
    answer = knock(fund, place(fund))
    assert answer == ("refused", code, 1)
    assert answer.message.replace("\n", "").isprintable()


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "place",
    [
        with_file("config", b"\n" * (1 << 20)),
        with_file("config", b" " * (1 << 20)),
        with_file("config", b"[core\n\xff\0[[[["),
        with_file("packed-refs", b"# no\n" * 1_000 + b"\xff\xfe \0\n"),
        with_file("shallow", b"garbage"),
        with_file("refs/vanta", b"a file where a folder should be"),
        with_file("info/grafts", b"garbage"),
    ],
)
def test_what_is_not_read_does_not_matter(fund: Fund, place: Callable[[Fund], Path]) -> None:
    assert knock(fund, place(fund)) == ("unchanged", None, 0)


@pytest.mark.timeout(30)
def test_a_lane_of_pipes_and_giants_hides_no_halt(fund: Fund) -> None:
    """Next to an honest ref lie a pipe, a giant, a circle and a name too long to look up."""
    lane = fund.sim.path / "refs" / "vanta" / "halts"
    halt = fund.change(
        {fund.halt("stop"): switch("stop")},
        by="olga",
        parents=[fund.introduction],
        ref="refs/vanta/halts/stop",
    )
    os.mkfifo(lane / "pipe")
    (lane / "giant").write_bytes(b"0" * (2 << 20))
    (lane / "circle").symlink_to("circle")
    (lane / "far").symlink_to("x" * 300)
    (lane / "folder").mkdir()
    answer = knock(fund)
    assert answer == ("tightened", "HALTED", 3)
    assert [each["commit"] for each in answer.told["lane"]] == [halt]


def test_a_repository_anywhere_is_the_same_repository(fund: Fund, tmp_path: Path) -> None:
    for name in ("a b", "a\nb", "a:b", '"q"', "\u00e9", "-x", "$(touch x)", "a\udcffb"):
        copy = tmp_path / name
        shutil.copytree(fund.sim.path, copy)
        assert knock(fund, copy) == ("unchanged", None, 0)
    assert not (tmp_path / "x").exists()


def test_a_clone_a_linked_tree_and_a_mirror_are_the_same_repository(
    fund: Fund, tmp_path: Path
) -> None:
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada")
    expected = knock(fund)
    run_git(["clone", "-q", str(fund.sim.path), str(tmp_path / "clone")], home=tmp_path)
    linked = ["-C", str(tmp_path / "clone"), "worktree", "add", "-q", "--detach"]
    run_git([*linked, str(tmp_path / "linked")], home=tmp_path)
    run_git(["clone", "-q", "--mirror", str(fund.sim.path), str(tmp_path / "m")], home=tmp_path)
    run_git(["-C", str(tmp_path / "m"), "repack", "-adq"], home=tmp_path)
    for copy in ("clone", "linked", "m"):
        assert knock(fund, tmp_path / copy) == expected == ("tightened", None, 3)


def test_an_empty_repository_has_no_head(fund: Fund, tmp_path: Path) -> None:
    run_git(["init", "-q", str(tmp_path / "empty")], home=tmp_path)
    assert knock(fund, tmp_path / "empty") == ("refused", "REF_MISSING", 1)
