"""Fetching: everything or nothing, within bounds, from where it may be fetched."""

import hashlib
import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.simulator import RepositorySimulator, run_git
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance.repository import Bounds, Repository, SshAccess
from vanta.governance.transport import check_url

MAIN = "refs/heads/main"


@pytest.fixture
def sim(tmp_path: Path) -> RepositorySimulator:
    return RepositorySimulator(tmp_path, "forge.git")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Repository]:
    with Repository.create(tmp_path / "mirror.git") as opened:
        yield opened


def contents(folder: Path) -> dict[str, str]:
    """Every file of the mirror, by path, with a digest of what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def code_of_fetch(mirror: Repository, url: Path | str, ref: str = MAIN) -> str:
    with pytest.raises(VantaError) as caught:
        mirror.fetch(str(url), ref)
    assert str(caught.value).isprintable()
    return caught.value.code


class TestWhatArrives:
    @pytest.mark.parametrize("object_format", ["sha1", "sha256"])
    def test_a_ref_with_its_whole_history(self, tmp_path: Path, object_format: str) -> None:
        sim = RepositorySimulator(tmp_path, "forge.git", object_format=object_format)
        ada = sim.person("ada")
        root = sim.commit({"authority.yaml": "a: 1\n"}, signer=ada)
        line = [sim.change({"authority.yaml": f"a: {at}\n"}, signer=ada) for at in range(5)]
        path = tmp_path / "mirror.git"
        with Repository.create(path, object_format=object_format) as mirror:
            head = mirror.fetch(str(sim.path), MAIN)

            assert head == line[-1] == sim.head()
            assert mirror.first_parents(head, root) == line
            listing = mirror.tree_files(mirror.commit(head).tree)
            assert mirror.blob(listing["authority.yaml"].oid) == b"a: 4\n"
        fsck = run_git(["--git-dir", str(path), "fsck", "--strict", "--full"], home=tmp_path)
        assert "missing" not in fsck.stdout + fsck.stderr

    def test_later_commits_come_without_the_earlier_ones(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        sim.commit({f"{at}.yaml": f"n: {at}\n" for at in range(50)})
        first = mirror.fetch(str(sim.path), MAIN)
        before = contents(tmp_path / "mirror.git" / "objects")
        second = sim.change({"0.yaml": "n: 1000\n"})

        assert mirror.fetch(str(sim.path), MAIN) == second
        added = contents(tmp_path / "mirror.git" / "objects").keys() - before.keys()
        assert len(added) == 3, "a commit, a tree and a file"
        assert mirror.first_parents(second, first) == [second]

    def test_a_large_history_comes_as_a_pack(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        line = [sim.commit({"a.yaml": f"n: {at}\n"}) for at in range(150)]
        mirror.fetch(str(sim.path), MAIN)
        assert len(list((tmp_path / "mirror.git" / "objects" / "pack").glob("*.pack"))) == 1
        assert mirror.first_parents(line[-1], line[0]) == line[1:]

    def test_nothing_new_is_not_an_error(
        self, sim: RepositorySimulator, mirror: Repository
    ) -> None:
        head = sim.commit({"a": "1"})
        assert mirror.fetch(str(sim.path), MAIN) == mirror.fetch(str(sim.path), MAIN) == head

    def test_a_force_push_is_told_as_it_is(
        self, sim: RepositorySimulator, mirror: Repository
    ) -> None:
        """Whether to follow is the anchor's question, not the fetch's."""
        root = sim.commit({"a": "1"})
        sim.commit({"a": "2"})
        mirror.fetch(str(sim.path), MAIN)
        sim.point(MAIN, root)
        assert mirror.fetch(str(sim.path), MAIN) == root

    def test_main_and_the_halt_lane_come_in_one_connection(
        self, sim: RepositorySimulator, mirror: Repository
    ) -> None:
        main = sim.commit({"a": "1"})
        halts = {
            f"refs/vanta/halts/{name}": sim.change(
                {f"{name}.yaml": "halt: true\n"}, parents=[main], ref=f"refs/vanta/halts/{name}"
            )
            for name in ("one", "two")
        }
        found = mirror.fetch_refs(str(sim.path), [MAIN, "refs/vanta/halts/*"])
        assert found == {MAIN: main, **halts}
        assert mirror.commit(halts["refs/vanta/halts/two"]).parents == (main,)

    def test_a_pattern_may_match_nothing(
        self, sim: RepositorySimulator, mirror: Repository
    ) -> None:
        main = sim.commit({"a": "1"})
        assert mirror.fetch_refs(str(sim.path), [MAIN, "refs/vanta/halts/*"]) == {MAIN: main}

    def test_what_git_s_checker_dislikes_cannot_block_what_is_above_it(
        self, sim: RepositorySimulator, mirror: Repository
    ) -> None:
        root = sim.commit({"a": "1"})
        payload = sim.payload(tree=sim.tree({"a": "2"}), parents=[root])
        poison = sim.raw_commit(payload.replace(b"\nauthor Nobody", b"\nauthor \x1bNo"), files={})
        halt = sim.commit({"halt.yaml": "halt: true\n"}, parents=[poison])
        assert mirror.fetch(str(sim.path), MAIN) == halt
        assert mirror.first_parents(halt, root) == [poison, halt]


class TestWhatFails:
    def test_a_failed_fetch_leaves_the_mirror_as_it_was(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        good = sim.commit({"a": "1"})
        mirror.fetch(str(sim.path), MAIN)
        before = contents(tmp_path / "mirror.git")
        bad = sim.commit({"a": "2", "b": "3"})
        sim.remove(sim.write("blob", b"3"))

        assert code_of_fetch(mirror, sim.path) == "FETCH_FAILED"
        assert contents(tmp_path / "mirror.git") == before
        with pytest.raises(UnavailableError):
            mirror.commit(bad)
        assert mirror.commit(good).oid == good

    def test_more_bytes_than_a_fetch_may_bring(
        self, sim: RepositorySimulator, tmp_path: Path
    ) -> None:
        sim.commit({"large": random.Random(1).randbytes(400_000)})
        with Repository.create(tmp_path / "m.git", Bounds(fetch_bytes=100_000)) as mirror:
            before = contents(tmp_path / "m.git")
            assert code_of_fetch(mirror, sim.path) == "FETCH_TOO_LARGE"
            assert contents(tmp_path / "m.git") == before

    def test_many_files_that_together_are_too_large(
        self, sim: RepositorySimulator, tmp_path: Path
    ) -> None:
        generator = random.Random(2)
        sim.commit({f"{at}": generator.randbytes(5_000) for at in range(40)})
        with Repository.create(tmp_path / "m.git", Bounds(fetch_bytes=100_000)) as mirror:
            before = contents(tmp_path / "m.git")
            assert code_of_fetch(mirror, sim.path) == "FETCH_TOO_LARGE"
            assert contents(tmp_path / "m.git") == before

    @pytest.mark.parametrize("number", [20, 200])
    def test_more_objects_than_a_fetch_may_bring(
        self, sim: RepositorySimulator, tmp_path: Path, number: int
    ) -> None:
        sim.commit({f"{at}.yaml": f"n: {at}\n" for at in range(number)})
        with Repository.create(tmp_path / "m.git", Bounds(fetch_objects=number)) as mirror:
            before = contents(tmp_path / "m.git")
            assert code_of_fetch(mirror, sim.path) == "TOO_MANY_OBJECTS"
            assert contents(tmp_path / "m.git") == before

    def test_more_refs_than_a_pattern_may_match(
        self, sim: RepositorySimulator, tmp_path: Path
    ) -> None:
        head = sim.commit({"a": "1"})
        for number in range(12):
            sim.point(f"refs/vanta/halts/{number}", head)
        with Repository.create(tmp_path / "m.git", Bounds(refs_per_fetch=10)) as mirror:
            with pytest.raises(RefusedError) as caught:
                mirror.fetch_refs(str(sim.path), ["refs/vanta/halts/*"])
            assert caught.value.code == "TOO_MANY_REFS"

    def test_a_server_that_never_answers(self, sim: RepositorySimulator, tmp_path: Path) -> None:
        """Its refs are a pipe nobody writes to, so its upload-pack waits for ever."""
        sim.commit({"a": "1"})
        os.mkfifo(sim.path / "packed-refs")
        with Repository.create(tmp_path / "m.git", Bounds(fetch_seconds=0.5)) as mirror:
            before = contents(tmp_path / "m.git")
            started = time.monotonic()
            assert code_of_fetch(mirror, sim.path) == "FETCH_TIMEOUT"
            assert time.monotonic() - started < 5
            assert contents(tmp_path / "m.git") == before
        assert not _git_processes_about(sim.path)

    def test_a_shallow_copy_is_no_source(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        for number in range(3):
            sim.commit({"a": str(number)})
        shallow = tmp_path / "shallow.git"
        run_git(
            ["clone", "--quiet", "--bare", "--depth=1", f"file://{sim.path}", str(shallow)],
            home=tmp_path,
        )
        before = contents(tmp_path / "mirror.git")
        assert code_of_fetch(mirror, shallow) in {"SHALLOW", "REF_MISSING", "FETCH_FAILED"}
        assert contents(tmp_path / "mirror.git") == before

    def test_a_ref_that_is_not_there(self, sim: RepositorySimulator, mirror: Repository) -> None:
        sim.commit({"a": "1"})
        assert code_of_fetch(mirror, sim.path, "refs/heads/none") == "REF_MISSING"

    def test_a_ref_that_is_no_commit(self, sim: RepositorySimulator, mirror: Repository) -> None:
        sim.point("refs/tags/file", sim.write("blob", b"x"))
        assert code_of_fetch(mirror, sim.path, "refs/tags/file") == "WRONG_TYPE"

    def test_nobody_is_there(self, mirror: Repository, tmp_path: Path) -> None:
        assert code_of_fetch(mirror, tmp_path / "absent") == "FETCH_FAILED"
        (tmp_path / "empty").mkdir()
        assert code_of_fetch(mirror, tmp_path / "empty") == "FETCH_FAILED"
        (tmp_path / "bundle").write_bytes(b"# v2 git bundle\n")
        assert code_of_fetch(mirror, tmp_path / "bundle") == "FETCH_FAILED"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_somebody_else_s_repository_is_not_entered(
        self, sim: RepositorySimulator, mirror: Repository
    ) -> None:
        """Git would read its configuration, and advises a setting that is not read here."""
        sim.commit({"a": "1"})
        os.chown(sim.path, 12345, 12345)
        assert code_of_fetch(mirror, sim.path) == "FOREIGN_OWNER"

    def test_ssh_without_a_key_is_not_tried(self, mirror: Repository) -> None:
        assert code_of_fetch(mirror, "ssh://git@localhost/governance.git") == "FETCH_FAILED"

    def test_what_a_crashed_fetch_left_is_swept(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        sim.commit({"a": "1"})
        old = tmp_path / "mirror.git" / "incoming" / "fetch-old"
        (old / "objects").mkdir(parents=True)
        recent = old.with_name("fetch-recent")
        recent.mkdir()
        os.utime(old, (0, 0))
        mirror.fetch(str(sim.path), MAIN)
        assert [path.name for path in old.parent.iterdir()] == ["fetch-recent"]

    def test_a_damaged_mirror_is_made_whole_by_fetching_afresh(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        root = sim.commit({"a": "1"})
        head = sim.commit({"a": "2"})
        mirror.fetch(str(sim.path), MAIN)
        (tmp_path / "mirror.git" / "objects" / root[:2] / root[2:]).unlink()
        mirror.fetch(str(sim.path), MAIN)
        with pytest.raises(UnavailableError) as caught:
            mirror.commit(root)
        assert caught.value.code == "MISSING_OBJECT"

        assert mirror.fetch_refs(str(sim.path), [MAIN], afresh=True) == {MAIN: head}
        assert mirror.commit(root).oid == root

    def test_a_known_head_that_is_gone_does_not_stop_the_next_fetch(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        sim.commit({"a": "1"})
        first = mirror.fetch(str(sim.path), MAIN)
        (tmp_path / "mirror.git" / "objects" / first[:2] / first[2:]).unlink()
        second = sim.commit({"a": "2"})
        assert mirror.fetch(str(sim.path), MAIN) == second
        assert mirror.first_parents(second, first) == [second]
        assert mirror.commit(first).oid == first


def _git_processes_about(path: Path) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if str(path) in line and "git" in line:
                found.append(line)
    return found


class TestHostileSurroundings:
    def test_configuration_of_the_mirror_is_not_read(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        head = sim.commit({"a": "1"})
        ran = tmp_path / "ran"
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
        script.chmod(0o700)
        hooks = tmp_path / "mirror.git" / "hooks"
        hooks.mkdir()
        for name in ("reference-transaction", "post-merge", "post-checkout"):
            (hooks / name).symlink_to(script)
        with (tmp_path / "mirror.git" / "config").open("a") as config:
            config.write(
                f"[core]\n\thooksPath = {hooks}\n\tfsmonitor = {script}\n"
                f"\tsshCommand = {script}\n\talternateRefsCommand = {script}\n"
                f'[url "ext::{script} "]\n\tinsteadOf = {sim.path}\n'
                f"[credential]\n\thelper = {script}\n[fetch]\n\trecurseSubmodules = true\n"
                f"[gc]\n\tauto = 1\n[protocol]\n\tallow = always\n"
            )
        assert mirror.fetch(str(sim.path), MAIN) == head
        assert not ran.exists()

    def test_nothing_is_linked_into_the_mirror(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        """Objects are copied: whoever writes to the source later does not write to the mirror."""
        head = sim.commit({"a": "1"})
        mirror.fetch(str(sim.path), MAIN)
        ours = tmp_path / "mirror.git" / "objects" / head[:2] / head[2:]
        assert ours.stat().st_ino != sim.object_path(head).stat().st_ino
        assert ours.stat().st_nlink == 1

    def test_submodules_are_not_followed(
        self, sim: RepositorySimulator, mirror: Repository, tmp_path: Path
    ) -> None:
        other = RepositorySimulator(tmp_path, "other.git")
        foreign = other.commit({"a": "1"})
        modules = sim.write("blob", f'[submodule "m"]\n\tpath = m\n\turl = {other.path}\n'.encode())
        tree = sim.raw_tree([("100644", b".gitmodules", modules), ("160000", b"m", foreign)])
        sim.point(MAIN, sim.raw_commit(sim.payload(tree=tree)))
        mirror.fetch(str(sim.path), MAIN)
        with pytest.raises(UnavailableError):
            mirror.commit(foreign)


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("/srv/governance.git", "file"),
        ("ssh://git@alpha/srv/governance.git", "ssh"),
        ("ssh://alpha.example.org:2222/~/governance.git", "ssh"),
        ("https://forge.example.org/fund/governance.git", "https"),
        ("https://forge.example.org:8443/fund/governance", "https"),
    ],
)
def test_remotes_that_may_be_fetched_from(url: str, transport: str) -> None:
    assert check_url(url) == transport


@pytest.mark.parametrize(
    "url",
    [
        "",
        "governance.git",
        "../governance.git",
        "/srv/../etc",
        "/srv/./x",
        "/srv/..",
        "-/x",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "git://forge.example.org/x",
        "http://forge.example.org/x",
        "ftp://forge.example.org/x",
        "file:///srv/governance.git",
        "file://alpha/srv",
        "git@alpha:governance.git",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-oProxyCommand@alpha/x",
        "ssh://git@-alpha/x",
        "ssh://alpha/-x/../y",
        "ssh://alpha",
        "ssh://alpha:port/x",
        "https://ada:secret@forge.example.org/x",
        "https://ada@forge.example.org/x",
        "https://forge.example.org/x?y",
        "https://forge.example.org/x#y",
        "https://forge.example.org/%2e%2e/x",
        "/srv/a b",
        "/srv/a\nb",
        "/srv/a\n",
        "/srv/$(touch x)",
        "/srv/a;b",
        "https://fоrge.example.org/x",  # noqa: RUF001 - the attack: a Cyrillic o
    ],
)
def test_remotes_that_may_not(url: str, mirror: Repository, tmp_path: Path) -> None:
    before = contents(tmp_path)
    assert code_of_fetch(mirror, url) == "BAD_URL"
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "ref",
    [
        *("main", "HEAD", "", "*", "refs/heads/*/x", "refs/*/*", "refs/heads/a\n"),
        *("--upload-pack=x", "+refs/heads/a", "^refs/heads/a", "refs/heads/a:refs/heads/b"),
        "refs/heads/../x",
    ],
)
def test_refs_that_may_not_be_asked_for(
    sim: RepositorySimulator, mirror: Repository, ref: str
) -> None:
    sim.commit({"a": "1"})
    assert code_of_fetch(mirror, sim.path, ref) == "BAD_REF"


def test_ssh_reads_no_configuration_and_accepts_no_new_host(tmp_path: Path) -> None:
    command = SshAccess(Path("/etc/vanta/fetch.key"), Path("/etc/vanta/known_hosts")).command()
    assert command.startswith("ssh -F none ")
    for option in (
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "IdentityFile=/etc/vanta/fetch.key",
        "UserKnownHostsFile=/etc/vanta/known_hosts",
        "IdentitiesOnly=yes",
    ):
        assert f"-o {option}" in command
    assert "Control" not in command
    for odd in (Path("relative"), tmp_path / "a b", Path("/x;y"), Path("/x%h")):
        with pytest.raises(RefusedError) as caught:
            SshAccess(odd, Path("/etc/vanta/known_hosts")).command()
        assert caught.value.code == "BAD_PATH"


def test_fetches_share_a_connection_where_its_socket_has_room() -> None:
    def command(sockets: Path) -> str:
        return SshAccess(Path("/k"), Path("/h"), sockets).command()

    shared = command(Path("/opt/vanta/mirror/ssh"))
    assert re.search(r"ControlPath=/opt/vanta/mirror/ssh/%C-[0-9]'? ", shared)
    for option in ("ControlMaster=auto", "ControlPersist=10", "ServerAliveInterval=2"):
        assert f"-o {option}" in shared
    assert "Control" not in command(Path("/" + 50 * "a"))
    assert "Control" in command(Path("/" + 45 * "a"))
    with pytest.raises(RefusedError) as caught:
        command(Path("/x%h"))
    assert caught.value.code == "BAD_PATH"


def test_a_connection_is_shared_for_a_minute_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    access = SshAccess(Path("/k"), Path("/h"), Path("/s"))

    def at(second: float) -> str:
        monkeypatch.setattr(time, "monotonic", lambda: second)
        return access.command()

    assert at(60) == at(119) != at(120)
