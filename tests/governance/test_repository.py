"""The repository's edge: what is read is what the id names, whoever keeps the store."""

import os
import shutil
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.simulator import RepositorySimulator, run_git
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.governance.repository import Bounds, GovernedFile, Repository


@pytest.fixture
def sim(tmp_path: Path) -> RepositorySimulator:
    return RepositorySimulator(tmp_path)


@pytest.fixture
def repository(sim: RepositorySimulator) -> Iterator[Repository]:
    with Repository(sim.path) as opened:
        yield opened


def code_of_tree(repository: Repository, oid: str, prefix: str = "") -> str:
    with pytest.raises(VantaError) as caught:
        repository.tree_files(oid, prefix)
    return caught.value.code


class TestObjects:
    @pytest.mark.parametrize("object_format", ["sha1", "sha256"])
    def test_commits_trees_and_files_by_id(self, tmp_path: Path, object_format: str) -> None:
        sim = RepositorySimulator(tmp_path, object_format=object_format)
        ada = sim.person("ada")
        files: dict[str, str | bytes] = {
            "authority.yaml": "a: 1\n",
            "environments/prod/x.yaml": b"\xff\0\n",
        }
        root = sim.commit(files, signer=ada)
        head = sim.change({"authority.yaml": "a: 2\n"}, signer=ada)
        with Repository(sim.path) as repository:
            commit = repository.commit(head)
            listing = repository.tree_files(commit.tree)

            assert commit.parents == (root,)
            assert repository.parents(head) == (root,)
            assert list(listing) == ["authority.yaml", "environments/prod/x.yaml"]
            assert repository.blob(listing["environments/prod/x.yaml"].oid) == b"\xff\0\n"
            assert repository.blob(listing["authority.yaml"].oid) == b"a: 2\n"
            assert repository.first_parents(head, root) == [head]
            assert repository.new_commits(head, root) == [head]
            assert repository.is_ancestor(root, head)

    def test_packed_and_loose_objects_are_the_same(self, sim: RepositorySimulator) -> None:
        line = [sim.commit({"a.yaml": f"n: {number}\n"}) for number in range(20)]
        with Repository(sim.path) as repository:
            before = [repository.commit(oid) for oid in line]
        sim.git("repack", "-adq")
        with Repository(sim.path) as repository:
            assert [repository.commit(oid) for oid in line] == before

    def test_objects_that_arrive_later_are_seen(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        head = sim.commit({"a": "1"})
        sim.object_path(head).rename(sim.path / "aside")
        with pytest.raises(UnavailableError) as caught:
            repository.commit(head)
        assert caught.value.code == "MISSING_OBJECT"
        (sim.path / "aside").rename(sim.object_path(head))
        assert repository.commit(head).oid == head

    @pytest.mark.parametrize(
        "oid",
        [
            *("HEAD", "refs/heads/main", "abc123", "", "--batch", "a" * 40 + "^{tree}"),
            *("a" * 39, "A" * 40, "a" * 40 + "\n", "a" * 64, "a" * 20 + "\n" + "a" * 19),
        ],
    )
    def test_only_full_ids_reach_git(self, repository: Repository, oid: str) -> None:
        for read in (repository.commit, repository.blob, repository.tree_files):
            with pytest.raises(RefusedError) as caught:
                read(oid)
            assert caught.value.code == "BAD_OID"

    def test_an_object_of_another_type_is_not_the_one_asked_for(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        head = sim.commit({"a": "1"})
        tree = repository.commit(head).tree
        for read, oid in (
            (repository.commit, tree),
            (repository.blob, head),
            (repository.tree_files, head),
        ):
            with pytest.raises(RefusedError) as caught:
                read(oid)
            assert caught.value.code == "WRONG_TYPE"

    def test_a_large_object_is_refused_and_the_next_one_is_read(
        self, sim: RepositorySimulator
    ) -> None:
        large = sim.write("blob", b"x" * 100_001)
        most = sim.write("blob", b"x" * 100_000)
        small = sim.write("blob", b"small")
        with Repository(sim.path, Bounds(object_bytes=100_000)) as repository:
            with pytest.raises(RefusedError) as caught:
                repository.blob(large)
            assert caught.value.code == "OBJECT_TOO_LARGE"
            assert repository.blob(small) == b"small"
            assert len(repository.blob(most)) == 100_000

    def test_an_object_git_has_no_memory_for_is_too_large_everywhere(
        self, sim: RepositorySimulator
    ) -> None:
        """The verdict does not depend on whether Git died of it or said its size first."""
        bomb = sim.write("commit", bytes(192 * 1024 * 1024))
        small = sim.write("blob", b"small")
        little = Bounds(memory_bytes=128 * 1024 * 1024, folder_bytes=16 * 1024 * 1024)
        with Repository(sim.path, little) as repository:
            with pytest.raises(RefusedError) as caught:
                repository.commit(bomb)
            assert caught.value.code == "OBJECT_TOO_LARGE"
            assert repository.blob(small) == b"small"

    def test_an_unreadable_commit_is_refused_each_time_and_can_be_walked_through(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        root = sim.commit({"a": "1"})
        payload = sim.payload(tree=sim.tree({"a": "2"}), parents=[root])
        spoilt = sim.raw_commit(payload.replace(b"\n\n", b"\nencoding x\n\n", 1), files={"a": "2"})
        above = sim.commit({"a": "3"}, parents=[spoilt])
        for _ in range(2):
            with pytest.raises(MalformedError) as caught:
                repository.commit(spoilt)
            assert caught.value.code == "UNKNOWN_HEADER"
        assert repository.first_parents(above, root) == [spoilt, above]
        assert repository.tree_files(repository.links(spoilt).tree).keys() == {"a"}

    def test_a_closed_repository_says_so(self, sim: RepositorySimulator) -> None:
        head = sim.commit({"a": "1"})
        repository = Repository(sim.path)
        repository.close()
        with pytest.raises(UnavailableError) as caught:
            repository.commit(head)
        assert caught.value.code == "REPOSITORY_CLOSED"

    def test_no_git_process_or_folder_outlives_it(
        self, sim: RepositorySimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "own"))
        (tmp_path / "own").mkdir()
        head = sim.commit({"a": "1"})
        with Repository(sim.path) as repository:
            repository.commit(head)
            home = next((tmp_path / "own").iterdir())
            assert _processes_in(home)
        assert not list((tmp_path / "own").iterdir())
        assert not _processes_in(home)


def _processes_in(folder: Path) -> list[str]:
    """Process ids whose working directory is, or was, `folder`."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                where = (process / "cwd").readlink()
            except OSError:
                continue
            if str(where).startswith(str(folder)):
                found.append(process.name)
    return found


class TestLyingStores:
    def test_another_object_s_bytes_under_an_id(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        ada = sim.person("ada")
        approved = sim.commit({"a": "1"}, signer=ada)
        other = sim.payload(tree=sim.tree({"a": "2"}), committer=ada)
        sim.corrupt(approved, "commit", sim.signed(other, ada))
        with pytest.raises(UnavailableError) as caught:
            repository.commit(approved)
        assert caught.value.code == "OBJECT_MISMATCH"
        assert caught.value.remedy

    def test_a_file_whose_content_was_changed_in_place(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        head = sim.commit({"a": "halt: true\n"})
        oid = repository.tree_files(repository.commit(head).tree)["a"].oid
        sim.corrupt(oid, "blob", b"halt: fals\n")
        with pytest.raises(UnavailableError) as caught:
            repository.blob(oid)
        assert caught.value.code == "OBJECT_MISMATCH"

    def test_one_type_s_bytes_as_another(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        blob = sim.write("blob", b"x")
        sim.corrupt(blob, "commit", b"x")
        with pytest.raises(UnavailableError) as caught:
            repository.commit(blob)
        assert caught.value.code == "OBJECT_MISMATCH"

    @pytest.mark.parametrize(
        "content", [b"", b"garbage", zlib.compress(b"blob 5\0"), zlib.compress(b"blob")]
    )
    def test_a_damaged_file_is_damage_and_the_next_object_is_read(
        self, sim: RepositorySimulator, repository: Repository, content: bytes
    ) -> None:
        blob, other = sim.write("blob", b"x"), sim.write("blob", b"y")
        sim.object_path(blob).write_bytes(content)
        with pytest.raises(UnavailableError) as caught:
            repository.blob(blob)
        assert caught.value.code in {"CORRUPT_OBJECT", "MISSING_OBJECT"}
        assert repository.blob(other) == b"y"

    def test_a_replace_ref_fools_git_and_not_us(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        ada = sim.person("ada")
        unsigned = sim.commit({"a": "1"})
        signed = sim.commit({"a": "1"}, signer=ada, parents=[])
        sim.replace(unsigned, by=signed)

        assert sim.git_accepts(unsigned)
        assert repository.commit(unsigned).signature is None

    def test_grafts_do_not_move_the_walk(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        root = sim.commit({"a": "1"})
        middle = sim.commit({"a": "2"})
        head = sim.commit({"a": "3"})
        (sim.path / "info").mkdir(exist_ok=True)
        (sim.path / "info" / "grafts").write_text(f"{head} {root}\n")
        assert repository.first_parents(head, root) == [middle, head]

    def test_truncated_history_is_missing_not_short(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        root = sim.commit({"a": "1"})
        middle = sim.commit({"a": "2"})
        head = sim.commit({"a": "3"})
        sim.remove(middle)
        (sim.path / "shallow").write_text(f"{head}\n")
        with pytest.raises(UnavailableError) as caught:
            repository.first_parents(head, root)
        assert caught.value.code == "MISSING_OBJECT"


class TestHostileConfiguration:
    def test_nothing_configured_in_the_repository_runs(
        self, sim: RepositorySimulator, tmp_path: Path
    ) -> None:
        """A partial clone fetches what is missing by running what its configuration says."""
        head = sim.commit({"a": "1", "b": "2"})
        tree = sim.payload(tree=sim.tree({"a": "1", "b": "2"}))
        gone = sim.write("blob", b"2")
        sim.remove(gone)
        ran = tmp_path / "ran"
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\necho ran >> {ran}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        for name, value in {
            "core.fsmonitor": script,
            "core.hooksPath": tmp_path,
            "core.sshCommand": script,
            "core.askPass": script,
            "core.pager": script,
            "core.alternateRefsCommand": script,
            "core.attributesFile": tmp_path / "attributes",
            "credential.helper": script,
            "filter.x.smudge": script,
            "filter.x.clean": script,
            "filter.x.process": script,
            "diff.x.textconv": script,
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.url": str(sim.path),
            "remote.origin.uploadpack": script,
        }.items():
            sim.git("config", name, str(value))
        sim.git("config", "core.repositoryformatversion", "1")
        sim.git("cat-file", "-p", gone, check=False)
        assert ran.exists(), "the bait works on plain Git"
        ran.unlink()

        with Repository(sim.path) as repository:
            assert repository.commit(head).oid == head
            assert tree
            with pytest.raises(UnavailableError) as caught:
                repository.blob(gone)
            assert caught.value.code == "MISSING_OBJECT"
        assert not ran.exists()

    def test_broken_configuration_does_not_matter(self, sim: RepositorySimulator) -> None:
        head = sim.commit({"a": "1"})
        (sim.path / "config").write_text("[include\n\tpath = /dev/zero\n\xff")
        with Repository(sim.path) as repository:
            assert repository.commit(head).oid == head

    def test_the_environment_of_the_caller_does_not_reach_git(
        self, sim: RepositorySimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        head = sim.commit({"a": "1"})
        for name, value in {
            "GIT_DIR": str(tmp_path / "elsewhere"),
            "GIT_OBJECT_DIRECTORY": str(tmp_path / "elsewhere"),
            "GIT_TRACE": str(tmp_path / "trace"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.bogus",
            "GIT_CONFIG_VALUE_0": "x",
            "GIT_EXEC_PATH": str(tmp_path),
            "LD_PRELOAD": "",
        }.items():
            monkeypatch.setenv(name, value)
        with Repository(sim.path) as repository:
            assert repository.commit(head).oid == head
        assert not (tmp_path / "trace").exists()

    def test_eol_export_and_filter_attributes_change_nothing(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        attributes = "* text eol=crlf export-ignore filter=lfs ident\n"
        head = sim.commit({".gitattributes": attributes, "a.yaml": "n: 1\n$Id$\n"})
        listing = repository.tree_files(repository.commit(head).tree)
        assert repository.blob(listing["a.yaml"].oid) == b"n: 1\n$Id$\n"


class TestGovernedTrees:
    def entry(self, sim: RepositorySimulator, mode: str, name: bytes) -> tuple[str, bytes, str]:
        target = sim.tree({"x.yaml": "1"}) if mode == "40000" else sim.write("blob", b"1")
        return (mode, name, target)

    def test_every_file_by_path(self, sim: RepositorySimulator, repository: Repository) -> None:
        tree = sim.tree({"b.yaml": "2", "a/c.yaml": "1", "a.yaml": "3", "a/.gitkeep": ""})
        listing = repository.tree_files(tree)
        assert list(listing) == ["a.yaml", "a/.gitkeep", "a/c.yaml", "b.yaml"]
        assert listing["b.yaml"] == GovernedFile("100644", sim.write("blob", b"2"))
        listing.clear()
        assert len(repository.tree_files(tree)) == 4
        assert repository.tree_files(sim.tree({})) == {}

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("environments/prod", ["environments/prod/a.yaml", "environments/prod/v/b.yaml"]),
            ("environments/prod/v", ["environments/prod/v/b.yaml"]),
            ("authority.yaml", ["authority.yaml"]),
            ("authority.yaml/x", []),
            ("environments/none", []),
            ("environments/pro", []),
        ],
    )
    def test_a_prefix_is_a_folder_or_a_file(
        self, sim: RepositorySimulator, repository: Repository, prefix: str, expected: list[str]
    ) -> None:
        tree = sim.tree(
            {
                "authority.yaml": "1",
                "environments/prod/a.yaml": "2",
                "environments/prod/v/b.yaml": "3",
                "environments/prod2/c.yaml": "4",
            }
        )
        assert list(repository.tree_files(tree, prefix)) == expected

    @pytest.mark.parametrize(
        ("mode", "name", "code"),
        [
            ("120000", b"a.yaml", "SYMLINK"),
            ("160000", b"module", "SUBMODULE"),
            ("100755", b"a.yaml", "BAD_MODE"),
            ("100664", b"a.yaml", "BAD_MODE"),
            ("100600", b"a.yaml", "BAD_MODE"),
            ("040000", b"folder", "BAD_MODE"),
            ("100644", b"..", "BAD_NAME"),
            ("100644", b".", "BAD_NAME"),
            ("40000", b"..", "BAD_NAME"),
            ("100644", b"../../etc/passwd", "BAD_NAME"),
            ("100644", b"a/b.yaml", "BAD_NAME"),
            ("100644", b"a\\b.yaml", "BAD_NAME"),
            ("100644", b"C:a.yaml", "BAD_NAME"),
            ("40000", b".git", "BAD_NAME"),
            ("40000", b".GIT", "BAD_NAME"),
            ("40000", b".git.", "BAD_NAME"),
            ("40000", b".git ", "BAD_NAME"),
            ("40000", b"git~1", "BAD_NAME"),
            ("40000", b"GIT~12", "BAD_NAME"),
            ("40000", ".g\u200cit".encode(), "BAD_NAME"),
            ("100644", "é.yaml".encode(), "BAD_NAME"),
            ("100644", b"\xff.yaml", "BAD_NAME"),
            ("100644", b"a\n.yaml", "BAD_NAME"),
            ("100644", b"a\x1b[31m.yaml", "BAD_NAME"),
            ("100644", b"a.yaml.", "BAD_NAME"),
            ("100644", b"a.yaml ", "BAD_NAME"),
            ("100644", b'a".yaml', "BAD_NAME"),
        ],
    )
    def test_what_no_governed_folder_may_hold(
        self, sim: RepositorySimulator, repository: Repository, mode: str, name: bytes, code: str
    ) -> None:
        entry = self.entry(sim, mode, name)
        bad = sim.raw_tree([entry])
        assert code_of_tree(repository, bad) == code
        nested = sim.raw_tree([("40000", b"environments", sim.raw_tree([("40000", b"p", bad)]))])
        assert code_of_tree(repository, nested) == code
        assert code_of_tree(repository, nested, "environments/p") == code
        assert repository.tree_files(nested, "authority.yaml") == {}

    def test_the_message_about_a_name_cannot_play_with_the_terminal(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        tree = sim.raw_tree([self.entry(sim, "100644", b"a\x1b[31m.yaml")])
        with pytest.raises(RefusedError) as caught:
            repository.tree_files(tree)
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize(
        "names", [(b"A.yaml", b"a.yaml"), (b"Halt", b"halt"), (b"README", b"ReadMe")]
    )
    def test_names_one_file_system_would_take_for_one(
        self, sim: RepositorySimulator, repository: Repository, names: tuple[bytes, ...]
    ) -> None:
        tree = sim.raw_tree([self.entry(sim, "100644", name) for name in names])
        assert code_of_tree(repository, tree) == "NAME_COLLISION"

    def test_a_look_alike_of_the_prefix_is_seen_from_outside(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        both = sim.tree({"Environments/prod/a.yaml": "1", "environments/prod/a.yaml": "2"})
        assert code_of_tree(repository, both, "environments/prod") == "NAME_COLLISION"
        below = sim.tree({"environments/Prod/a.yaml": "1", "environments/prod/a.yaml": "2"})
        assert code_of_tree(repository, below, "environments/prod") == "NAME_COLLISION"
        dotted = sim.tree({"environments./a.yaml": "1", "environments/a.yaml": "2"})
        assert code_of_tree(repository, dotted, "environments") == "BAD_NAME"
        alone = sim.tree({"Environments/prod/a.yaml": "1"})
        assert repository.tree_files(alone, "environments/prod") == {}

    def test_the_prefix_itself_may_not_be_a_link(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        tree = sim.raw_tree([self.entry(sim, "120000", b"environments")])
        assert code_of_tree(repository, tree, "environments/prod") == "SYMLINK"

    def test_what_is_not_governed_may_be_what_it_likes(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        entries = [
            self.entry(sim, "120000", b"README"),
            self.entry(sim, "40000", b"environments"),
            self.entry(sim, "100755", "exécuter.sh".encode()),
        ]
        tree = sim.raw_tree(entries)
        assert list(repository.tree_files(tree, "environments")) == ["environments/x.yaml"]

    @pytest.mark.parametrize(
        "names",
        [(b"b", b"a"), (b"a", b"a"), (b"a.b", b"a"), (b"a0", b"a")],
    )
    def test_entries_stand_once_and_in_order(
        self, sim: RepositorySimulator, repository: Repository, names: tuple[bytes, ...]
    ) -> None:
        tree = sim.raw_tree([self.entry(sim, "100644", name) for name in names])
        assert code_of_tree(repository, tree) == "MALFORMED_TREE"

    def test_a_folder_sorts_as_if_it_ended_in_a_slash(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        files = {"a.yaml": "1", "a/x.yaml": "2", "a0.yaml": "3"}
        assert set(repository.tree_files(sim.tree(files))) == set(files)
        twice = [self.entry(sim, "100644", b"a"), self.entry(sim, "40000", b"a")]
        assert code_of_tree(repository, sim.raw_tree(twice)) == "MALFORMED_TREE"

    @pytest.mark.parametrize(
        "raw",
        [
            *(b"x", b"100644 a", b"100644 a\0", b"100644 a\0" + b"x" * 19),
            *(b"100644 \0" + b"x" * 20, b"10064x a\0" + b"x" * 20, b" a\0" + b"x" * 20),
            b"1006440 a\0" + b"x" * 20,
        ],
    )
    def test_a_tree_that_is_not_one(
        self, sim: RepositorySimulator, repository: Repository, raw: bytes
    ) -> None:
        assert code_of_tree(repository, sim.write("tree", raw)) == "MALFORMED_TREE"

    def test_depth_number_and_length_are_bounded(self, sim: RepositorySimulator) -> None:
        bounds = Bounds(tree_depth=3, files_per_tree=8, path_length=20)
        with Repository(sim.path, bounds) as repository:
            fits = {"a/b/c.yaml": "", **{f"{number}.yaml": "" for number in range(4)}}
            assert len(repository.tree_files(sim.tree(fits))) == 5
            deep = sim.tree({"a/b/c/d.yaml": ""})
            assert code_of_tree(repository, deep) == "TOO_DEEP"
            many = sim.tree({f"{number}/a.yaml": "" for number in range(4)})
            assert code_of_tree(repository, many) == "TOO_MANY_FILES"
            long = sim.tree({"a" * 10 + "/" + "b" * 10: ""})
            assert code_of_tree(repository, long) == "PATH_TOO_LONG"

    def test_a_tree_that_repeats_itself_is_cut_off(self, sim: RepositorySimulator) -> None:
        """Ten folders of ten folders of ...: a few kilobytes that stand for ten billion files."""
        tree = sim.tree({"x.yaml": ""})
        for _ in range(10):
            tree = sim.raw_tree([("40000", b"%d" % number, tree) for number in range(10)])
        with Repository(sim.path) as repository:
            assert code_of_tree(repository, tree) == "TOO_MANY_FILES"

    def test_an_empty_tree_that_repeats_itself_is_cut_off(self, sim: RepositorySimulator) -> None:
        tree = sim.tree({})
        for _ in range(10):
            tree = sim.raw_tree([("40000", b"%d" % number, tree) for number in range(10)])
        with Repository(sim.path) as repository:
            assert code_of_tree(repository, tree) == "TOO_MANY_FILES"


class TestPlaces:
    def test_a_work_tree_a_linked_one_and_a_bare_repository(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        run_git(["init", "--quiet", "--initial-branch=main", str(work)], home=tmp_path)
        run_git(["-C", str(work), "commit", "--quiet", "--allow-empty", "-m", "A"], home=tmp_path)
        run_git(["-C", str(work), "worktree", "add", "-q", "../side", "-b", "s"], home=tmp_path)
        run_git(
            ["-C", str(tmp_path / "side"), "commit", "-q", "--allow-empty", "-m", "B"],
            home=tmp_path,
        )
        heads = []
        for path in (work, tmp_path / "side", work / ".git"):
            with Repository(path) as repository:
                heads.append(repository.resolve())
                assert repository.commit(heads[-1]).message
                assert repository.resolve("refs/heads/main") == heads[0]
        assert heads[0] == heads[2] != heads[1]

    def test_packed_and_loose_refs(self, sim: RepositorySimulator, repository: Repository) -> None:
        old = sim.commit({"a": "1"}, ref="refs/vanta/halts/one")
        sim.point("refs/vanta/halts/two", old)
        sim.git("pack-refs", "--all")
        new = sim.commit({"a": "2"}, ref="refs/vanta/halts/two")
        assert repository.refs("refs/vanta/halts") == {
            "refs/vanta/halts/one": old,
            "refs/vanta/halts/two": new,
        }
        assert repository.resolve("refs/vanta/halts/one") == old
        assert repository.refs("refs/none") == {}

    def test_a_malformed_ref_does_not_hide_its_neighbours(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        good = sim.commit({"a": "1"}, ref="refs/vanta/halts/good")
        sim.point("refs/vanta/halts/bad", "not an id")
        sim.point("refs/vanta/halts/o'dd", good)
        assert repository.refs("refs/vanta/halts") == {"refs/vanta/halts/good": good}
        with pytest.raises(MalformedError) as caught:
            repository.resolve("refs/vanta/halts/bad")
        assert caught.value.code == "MALFORMED_REF"

    def test_a_detached_head(self, sim: RepositorySimulator, repository: Repository) -> None:
        head = sim.commit({"a": "1"})
        (sim.path / "HEAD").write_text(f"{head}\n")
        assert repository.resolve() == head

    @pytest.mark.parametrize(
        "ref",
        [
            *("main", "", "-x", "refs//a", "refs/heads/", "refs/heads/../../x", "refs/heads/.x"),
            *("refs/heads/x.lock", "refs/heads/a b", "refs/heads/a\n", "refs/a@{1}"),
            "refs/heads/é",
        ],
    )
    def test_only_full_ref_names(self, repository: Repository, ref: str) -> None:
        with pytest.raises(RefusedError) as caught:
            repository.resolve(ref)
        assert caught.value.code == "BAD_REF"

    def test_a_ref_that_is_not_there(self, repository: Repository) -> None:
        with pytest.raises(UnavailableError) as caught:
            repository.resolve()
        assert caught.value.code == "REF_MISSING"

    def test_files_of_git_s_own_that_are_not_what_they_should_be(
        self, sim: RepositorySimulator, repository: Repository
    ) -> None:
        (sim.path / "HEAD").write_bytes(b"x" * (1024 * 1024 + 1))
        with pytest.raises(RefusedError) as caught:
            repository.resolve()
        assert caught.value.code == "FILE_TOO_LARGE"
        (sim.path / "packed-refs").mkdir()
        with pytest.raises(UnavailableError) as unreadable:
            repository.resolve("refs/heads/none")
        assert unreadable.value.code == "UNREADABLE"

    def test_no_repository(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "absent"):
            with pytest.raises(UnavailableError) as caught:
                Repository(path)
            assert caught.value.code == "NO_REPOSITORY"

    def test_git_that_is_not_installed(
        self, sim: RepositorySimulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        head = sim.commit({"a": "1"})
        monkeypatch.setattr("vanta.governance.git_process.SAFE_PATH", str(sim.path))
        with Repository(sim.path) as repository, pytest.raises(UnavailableError) as caught:
            repository.commit(head)
        assert caught.value.code == "GIT_MISSING"
        assert "apt-get install" in caught.value.remedy

    def test_git_that_says_nothing(
        self, sim: RepositorySimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        head = sim.commit({"a": "1"})
        (tmp_path / "prlimit").write_text("#!/bin/sh\nexec sleep 60\n")
        (tmp_path / "prlimit").chmod(0o700)
        (tmp_path / "git").symlink_to(shutil.which("git") or "")
        monkeypatch.setattr(
            "vanta.governance.git_process.SAFE_PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin"
        )
        bounds = Bounds(read_seconds=0.05)
        with Repository(sim.path, bounds) as repository, pytest.raises(UnavailableError) as caught:
            repository.commit(head)
        assert caught.value.code == "GIT_STALLED"
