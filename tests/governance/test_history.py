"""Governed trees out of a repository: what a digest covers, and what is no tree at all."""

import hashlib
from pathlib import Path

import pytest

from tests.governance.fund import HERE, MOMENTUM, OVERLAY, Fund, switch, vault
from tests.governance.simulator import Content
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.governance.bounds import Bounds
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.history import History, tree_digest
from vanta.governance.repository import Repository
from vanta.governance.walk import Written


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def test_a_digest_can_be_computed_by_hand() -> None:
    files = {"b.yaml": b"two\n", "a.yaml": b"one\n"}
    lines = "".join(
        f"{hashlib.sha256(files[path]).hexdigest()} {path}\n" for path in ("a.yaml", "b.yaml")
    )
    by_hand = hashlib.sha256(f"vanta-governed-tree-v1\nprod\n{lines}".encode()).hexdigest()
    assert tree_digest("prod", files) == by_hand


def test_a_digest_tells_content_place_and_environment_apart() -> None:
    digests = {
        tree_digest("prod", {"a": b"1"}),
        tree_digest("dev", {"a": b"1"}),
        tree_digest("prod", {"a": b"2"}),
        tree_digest("prod", {"b": b"1"}),
        tree_digest("prod", {"a": b"1", "b": b""}),
        tree_digest("prod", {}),
    }
    assert len(digests) == 6


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        (AUTHORITY, True),
        ("ceilings/prod.yaml", True),
        ("ceilings/dev.yaml", True),
        ("personas/ares.yaml", True),
        (MOMENTUM, True),
        (f"{HERE}halts/a.yaml", True),
        (f"{HERE}anything.txt", True),
        ("environments/dev/overlay.yaml", False),
        ("README.md", False),
        ("authority.yaml.bak", False),
        (".github/workflows/plan.yaml", False),
    ],
)
def test_what_the_digest_of_an_environment_covers(fund: Fund, path: str, *, covered: bool) -> None:
    before = fund.history.digest(fund.introduction)
    after = fund.history.digest(fund.change({path: "something else\n"}, by=None))
    assert (after != before) is covered


def test_equal_trees_are_one_candidate_wherever_they_stand(fund: Fund) -> None:
    again = fund.change({"README.md": "x"}, by=None)
    assert fund.history.digest(again) == fund.history.digest(fund.introduction)
    assert fund.history.candidate(again) is fund.history.candidate(fund.introduction)


def test_a_tree_that_cannot_be_listed_equals_nothing_but_itself(fund: Fund) -> None:
    first = fund.change({f"{HERE}vaults/\u00e9.yaml": "a: b"}, by=None)
    again = fund.change({}, by=None)
    other = fund.change({"README.md": "x"}, by=None)
    assert fund.history.digest(first) == fund.history.digest(again)
    assert fund.history.digest(first) != fund.history.digest(other)
    assert fund.history.digest(first).startswith("unreadable:")
    with pytest.raises(RefusedError):
        fund.history.files(first)


def test_a_tree_that_cannot_be_read_says_so_every_time(fund: Fund) -> None:
    broken = fund.change({MOMENTUM: "spec: ["}, by=None)
    for _ in range(2):
        with pytest.raises(MalformedError) as refused:
            fund.history.candidate(broken)
        assert refused.value.place.startswith(MOMENTUM)


def test_a_fault_of_the_store_is_no_answer_and_is_not_remembered(fund: Fund) -> None:
    """Stepping over what this node lost would step over a halt that every other node sees."""
    halt = fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    blob = fund.sim.write("blob", switch("stop").encode())
    path = fund.sim.object_path(blob)
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(UnavailableError) as missing:
        fund.walk(halt)
    assert missing.value.code == "MISSING_OBJECT"
    path.write_bytes(kept)
    assert fund.step(halt).verdict == "tightened"


def test_halt_files_are_had_whatever_the_rest_of_the_tree_is(fund: Fund) -> None:
    broken = fund.change({f"{HERE}vaults/\u00e9.yaml": "a", AUTHORITY: None}, by=None)
    halt = fund.change({fund.halt("stop"): switch("stop")}, by=None)
    assert fund.history.halts_added(broken, fund.introduction) == {}
    added = fund.history.halts_added(halt, broken)
    assert added == {fund.halt("stop"): Written(switch("stop").encode())}
    assert fund.history.halts_added(halt, halt) == {}


def test_what_is_no_plain_file_among_the_halts_keeps_no_halt_from_being_read(fund: Fund) -> None:
    sim = fund.sim
    blob = sim.write("blob", switch("stop").encode())
    link = sim.write("blob", b"/etc/passwd")
    here = sim.raw_tree(
        [
            ("100644", b"\x01.yaml", blob),
            ("120000", b"a.yaml", link),
            ("100644", b"stop.yaml", blob),
            ("100755", b"tool.yaml", blob),
        ]
    )
    prod = sim.raw_tree([("40000", b"halts", here)])
    root = sim.raw_tree([("40000", b"environments", sim.raw_tree([("40000", b"prod", prod)]))])
    oid = sim.raw_commit(sim.payload(tree=root, parents=[fund.introduction], committer=None))
    assert set(fund.history.halts_added(oid, fund.introduction)) == {fund.halt("stop")}


def test_one_repository_holds_several_environments(fund: Fund) -> None:
    """What another environment says is neither read nor in the way."""
    fund.change({"environments/dev/vaults/a.yaml": "spec: [", MOMENTUM: vault("momentum")}, by=None)
    dev = History(fund.repository, "dev")
    with pytest.raises(MalformedError):
        dev.candidate(fund.sim.head())
    assert fund.history.candidate(fund.sim.head()).policy == fund.state.policy


def test_a_halt_too_large_to_read_keeps_no_other_out(tmp_path: Path) -> None:
    fund = Fund(tmp_path)
    large, stop = fund.halt("large"), fund.halt("stop")
    halt = fund.change({large: b"#" * 2**20 + b"#", stop: switch("stop")}, by=None)
    assert set(fund.history.halts_added(halt, fund.introduction)) == {stop}


def test_what_somebody_else_made_crowds_out_nothing_of_what_a_commit_made_itself(
    fund: Fund,
) -> None:
    """Junk of a branch that is merged beside a halt; and the overlay comes before any of them."""
    junk: dict[str, Content] = {fund.halt(f"a{n:03d}"): "spec: [" for n in range(100)}
    main = fund.introduction
    branch = fund.change(junk, by=None, parents=[main], ref=None)
    own: dict[str, Content] = {fund.halt("stop"): switch("stop"), OVERLAY: switch("all")}
    files = {**fund.sim.files(main), **junk, **own}
    merge = fund.tree(files, by="olga", parents=[main, branch])
    assert len(fund.history.halts_added(merge, main)) == 102
    with Repository(fund.sim.path, Bounds(tree_bytes=20_000)) as little:
        found = History(little, "prod").halts_added(merge, main)
    assert own.keys() < found.keys()
    assert len(found) == 20


def test_a_folder_of_halts_that_git_would_not_write_is_looked_through_as_it_stands(
    fund: Fund,
) -> None:
    sim = fund.sim
    blob = sim.write("blob", switch("stop").encode())
    twice = sim.raw_tree([("100644", b"b.yaml", blob), ("100644", b"a.yaml", blob)])
    prod = sim.raw_tree([("40000", b"halts", twice)])
    root = sim.raw_tree([("40000", b"environments", sim.raw_tree([("40000", b"prod", prod)]))])
    oid = sim.raw_commit(sim.payload(tree=root, parents=[fund.introduction], committer=None))
    assert set(fund.history.halts_added(oid, fund.introduction)) == {
        fund.halt("a"),
        fund.halt("b"),
    }
    blob = sim.raw_tree([("40000", b"environments", sim.raw_tree([("40000", b"prod", blob)]))])
    none = sim.raw_commit(sim.payload(tree=blob, parents=[fund.introduction], committer=None))
    assert fund.history.halts_added(none, fund.introduction) == {}


def test_an_authority_is_read_apart_and_its_faults_are_remembered(fund: Fund) -> None:
    broken = fund.change({MOMENTUM: "spec: ["}, by=None)
    assert fund.history.authority(broken) == fund.state.authority
    faults = {"kind: [": "MALFORMED_YAML", vault("fund"): "WRONG_KIND"}
    for content, code in faults.items():
        oid = fund.change({AUTHORITY: content}, by=None)
        for _ in range(2):
            with pytest.raises(MalformedError) as unreadable:
                fund.history.authority(oid)
            assert unreadable.value.code == code
    with pytest.raises(MalformedError):
        fund.history.authority(fund.change({AUTHORITY: None}, by=None))


def test_files_that_are_too_much_together_are_not_read(fund: Fund) -> None:
    with Repository(fund.sim.path, Bounds(tree_bytes=1_000)) as small:
        history = History(small, "prod")
        with pytest.raises(RefusedError) as refused:
            history.candidate(fund.introduction)
        assert refused.value.code == "TREE_TOO_LARGE"
        assert history.digest(fund.introduction).startswith("unreadable:")
