"""Transport and content: what lies in trees, and how it is called, decides nothing by itself."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.changes import LOOSER, stop
from tests.attacks.clone import Clone
from tests.attacks.door import Answer, knock
from tests.attacks.planting import (
    EXECUTABLE,
    FILE,
    FOLDER,
    LINK,
    SUBMODULE,
    Entry,
    approved_by_two,
)
from tests.governance.fund import (
    CEILING,
    HERE,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    halted,
    vault,
)
from tests.governance.simulator import MAIN, Content
from vanta.governance.documents.read import AUTHORITY

VAULTS, HALTS = f"{HERE}vaults", f"{HERE}halts"


def approved(fund: Fund, plants: dict[str, list[Entry]]) -> Answer:
    """What the door says of a looser tree with plants in it, which two people approved."""
    files = {**fund.sim.files(fund.introduction), **LOOSER}
    approved_by_two(fund, files, plants)
    return knock(fund)


def blob(fund: Fund, content: bytes = b"x") -> str:
    return fund.sim.write("blob", content)


# What lies in trees.


TARGETS = [b"momentum-real.yaml", b"../../../personas/ares.yaml", b"/etc/passwd", b"", b"x" * 5000]


@pytest.mark.parametrize("target", TARGETS, ids=["beside", "above", "outside", "nothing", "far"])
@pytest.mark.parametrize(
    ("folder", "name"),
    [(VAULTS, b"momentum.yaml"), (VAULTS, b"other.yaml"), ("", b"authority.yaml"),
     (HERE.rstrip("/"), b"overlay.yaml"), ("ceilings", b"prod.yaml")],
)  # fmt: skip
def test_symlinked_yaml(fund: Fund, folder: str, name: bytes, target: bytes) -> None:
    answer = approved(fund, {folder: [(LINK, name, blob(fund, target))]})
    assert answer == ("refused", "SYMLINK", 1)
    assert name.decode() in answer.message
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("folder", ["", "environments", HERE.rstrip("/")])
def test_symlinked_yaml_by_the_folder_it_lies_in(fund: Fund, folder: str) -> None:
    name = {"": b"environments", "environments": b"prod", HERE.rstrip("/"): b"vaults"}[folder]
    answer = approved(fund, {folder: [(LINK, name, blob(fund, b"elsewhere"))]})
    assert answer == ("refused", "SYMLINK", 1)
    assert capital(answer.policy) == 1000


def test_symlinked_yaml_checked_in_by_git(fund: Fund, tmp_path: Path) -> None:
    """A link to a file outside, whose content would loosen everything, were it read."""
    (tmp_path / "loose.yaml").write_text(vault("momentum", capital=4999))
    ada = Clone(fund, "ada")
    (ada.path / MOMENTUM).unlink()
    (ada.path / MOMENTUM).symlink_to(tmp_path / "loose.yaml")
    ada.commit("Link\n")
    ada.push("HEAD:refs/heads/main")
    for repository in (fund.sim.path, ada.path):
        answer = knock(fund, repository)
        assert answer == ("refused", "SYMLINK", 1)
        assert capital(answer.policy) == 1000


@pytest.mark.parametrize("halt", ["main", "lane"])
def test_symlinked_yaml_keeps_no_halt_out(fund: Fund, halt: str) -> None:
    approved(fund, {"": [(LINK, b"authority.yaml", blob(fund, b"people.yaml"))]})
    ref = MAIN if halt == "main" else "refs/vanta/halts/stop"
    fund.change(stop(fund), by="olga", parents=[fund.sim.head()], ref=ref)
    assert halted(knock(fund).policy)


DOTS = [b"..", b".", b"../momentum.yaml", b"a/b.yaml", b"...", b"..\\x.yaml", b"/etc", b"x/"]


@pytest.mark.parametrize("name", DOTS, ids=str)
@pytest.mark.parametrize("kind", [FILE, FOLDER])
def test_dot_dot_slash_in_trees(fund: Fund, name: bytes, kind: str) -> None:
    content = vault("momentum", capital=4999).encode()
    oid = blob(fund, content) if kind == FILE else fund.sim.tree({"momentum.yaml": content})
    answer = approved(fund, {VAULTS: [(kind, name, oid)]})
    assert answer == ("refused", "BAD_NAME", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("name", ["../momentum", "..", "/etc/passwd", "a/../b", ".", "momentum/.."])
@pytest.mark.parametrize(
    ("path", "before"),
    [(MOMENTUM, "name: momentum"), (MOMENTUM, "persona: ares"), (AUTHORITY, "people: [olga]")],
)
def test_dot_dot_slash_in_documents(fund: Fund, path: str, before: str, name: str) -> None:
    text = str(fund.sim.files(fund.introduction)[path])
    after = before.replace(before.split(": ")[1].strip("[]"), name)
    fund.change({path: text.replace(before, after, 1)}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "INVALID_FIELD", 1)
    assert answer.message.startswith(path)


@pytest.mark.parametrize(
    ("where", "code"),
    [("HEAD", "BAD_REF"), ("refs/heads/main", "MALFORMED_REF"), ("packed-refs", "REF_MISSING")],
)
def test_dot_dot_slash_in_refs(fund: Fund, tmp_path: Path, where: str, code: str) -> None:
    """A ref that leads out of the repository, to a file that holds an id."""
    outside = tmp_path / "outside"
    outside.write_text(f"{fund.introduction}\n")
    (fund.sim.path / MAIN).unlink()
    text = {
        "HEAD": "ref: refs/heads/../../../outside\n",
        "refs/heads/main": "ref: ../../../outside\n",
        "packed-refs": f"{fund.introduction} refs/heads/x/../main\n",
    }[where]
    (fund.sim.path / where).write_text(text)
    assert knock(fund) == ("refused", code, 1)


def test_dot_dot_slash_in_the_lane(fund: Fund) -> None:
    """Only what lies in the lane is the lane's."""
    fund.change(stop(fund), by="olga", parents=[fund.introduction], ref="refs/heads/x")
    oid = fund.sim.head("refs/heads/x")
    (fund.sim.path / "packed-refs").write_text(
        f"{oid} refs/vanta/halts/../../heads/x\n{oid} refs/vanta/haltsx/y\n{oid} ../halts/z\n"
    )
    answer = knock(fund)
    assert answer == ("unchanged", None, 0)
    assert answer.told["lane"] == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [(VAULTS, b"momentum.yaml"), (VAULTS, b"vendor"), (HERE.rstrip("/"), b"halts"),
     ("", b"personas"), ("ceilings", b"x")],
)  # fmt: skip
def test_submodules(fund: Fund, folder: str, name: bytes) -> None:
    """Somebody else's repository decides what stands there, and nobody signed that."""
    answer = approved(fund, {folder: [(SUBMODULE, name, fund.introduction)]})
    assert answer == ("refused", "SUBMODULE", 1)
    assert capital(answer.policy) == 1000


# Names.


GITS = [b".git", b".GIT", b".Git", b"git~1", b"GIT~1", b".git.", b".git ", b".git::$INDEX",
        ".g\u200cit".encode(), ".gi\u0307t".encode(), b".git\\x", b".gitmodules\n"]  # fmt: skip


@pytest.mark.parametrize("name", GITS, ids=ascii)
@pytest.mark.parametrize("kind", [FILE, FOLDER])
def test_git_like_names(fund: Fund, name: bytes, kind: str) -> None:
    oid = blob(fund) if kind == FILE else fund.sim.tree({"config": "[core]\n"})
    answer = approved(fund, {VAULTS: [(kind, name, oid)]})
    assert answer == ("refused", "BAD_NAME", 1)
    assert answer.message.isprintable()
    assert capital(answer.policy) == 1000


def test_git_like_names_outside_what_is_governed(fund: Fund, canary: Path) -> None:
    """Nothing is checked out, so nothing can be checked out over."""
    config = f"[core]\n\tfsmonitor = touch {canary}\n"
    plants: dict[str, list[Entry]] = {
        "": [(FOLDER, b".git", fund.sim.tree({"config": config, "HEAD": "ref: refs/heads/x\n"}))]
    }
    answer = approved(fund, plants)
    assert answer == ("applied", None, 0)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("folder", "name", "code"),
    [
        (VAULTS, b"MOMENTUM.yaml", "NAME_COLLISION"),
        (VAULTS, b"Momentum.YAML", "NAME_COLLISION"),
        ("", b"AUTHORITY.yaml", "NAME_COLLISION"),
        ("", b"Environments", "NAME_COLLISION"),
        ("", b"authority.yaml.", "BAD_NAME"),
        ("", b"authority.yaml ", "BAD_NAME"),
        ("environments", b"PROD", "NAME_COLLISION"),
        ("environments", b"prod.", "BAD_NAME"),
        ("", b"CEILINGS", "NAME_COLLISION"),
        (HERE.rstrip("/"), b"VAULTS", "NAME_COLLISION"),
    ],
)
def test_colliding_names(fund: Fund, folder: str, name: bytes, code: str) -> None:
    """On some file system one of the two hides the other; which, nobody approved."""
    answer = approved(fund, {folder: [(FILE, name, blob(fund))]})
    assert answer == ("refused", code, 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize(
    "entries",
    [
        lambda a, b: [(FILE, b"momentum.yaml", a), (FILE, b"momentum.yaml", b)],
        lambda a, b: [(FILE, b"momentum.yaml", a), (FILE, b"crypto.yaml", b)],
        lambda a, _: [(FILE, b"", a)],
        lambda a, _: [("100664", b"momentum.yaml", a)],
        lambda a, _: [("0100644", b"momentum.yaml", a)],
        lambda a, _: [("777", b"momentum.yaml", a)],
        lambda a, _: [(EXECUTABLE, b"momentum.yaml", a)],
    ],
    ids=["twice", "unsorted", "nameless", "odd mode", "padded mode", "short mode", "executable"],
)
def test_trees_that_git_never_writes(
    fund: Fund, entries: Callable[[str, str], list[Entry]]
) -> None:
    a, b = (blob(fund, vault("momentum", capital=c).encode()) for c in (1, 4999))
    tree = fund.sim.raw_tree(entries(a, b))
    answer = approved(fund, {HERE.rstrip("/"): [(FOLDER, b"vaults", tree)]})
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert answer.reason in {"MALFORMED_TREE", "BAD_MODE"}
    assert capital(answer.policy) == 1000
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)


# Attributes.


LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1000\n"


@pytest.mark.parametrize("path", [MOMENTUM, AUTHORITY, OVERLAY, CEILING])
def test_lfs_pointers_are_not_followed(fund: Fund, path: str) -> None:
    fund.change({path: LFS, ".gitattributes": "*.yaml filter=lfs\n"}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("refused", "UNKNOWN_KIND", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("where", [".gitattributes", "info/attributes", f"{HALTS}/.gitattributes"])
def test_export_ignore_and_eol_rewriting(fund: Fund, tmp_path: Path, where: str) -> None:
    """What `git archive` leaves out of a tarball, and what a checkout would rewrite, is read."""
    lines = "*.yaml export-ignore text eol=crlf ident\nhalts export-ignore\n"
    changes: dict[str, Content | None] = {**stop(fund)}
    if where == "info/attributes":
        (fund.sim.path / "info").mkdir(exist_ok=True)
        (fund.sim.path / where).write_text(lines)
    elif where == ".gitattributes":
        changes[where] = lines
    else:
        changes[where] = lines
    fund.change(changes, by="olga")
    archive = tmp_path / "tree.tar"
    fund.sim.git("archive", "-o", str(archive), "main")
    listed = subprocess.run(["tar", "tf", archive], capture_output=True, text=True, check=True)
    assert fund.halt("stop") not in listed.stdout
    answer = knock(fund)
    assert halted(answer.policy)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)


def test_eol_rewriting_changes_what_is_approved(fund: Fund) -> None:
    """The same text with other line ends is other bytes, which nobody approved and nobody reads."""
    fund.change(LOOSER, by="ada", approve=True)
    text = str(LOOSER[MOMENTUM]).replace("\n", "\r\n")
    fund.change({MOMENTUM: text}, by="grace", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "HIDDEN_CHARACTER", 1)
    assert capital(answer.policy) == 1000


# What is huge.


@pytest.mark.parametrize(
    ("path", "size"), [(MOMENTUM, 300_000), (MOMENTUM, 1_100_000), (f"{VAULTS}/x.yaml", 5_000_000)]
)
def test_huge_blobs(fund: Fund, path: str, size: int) -> None:
    fund.change({path: b"#" * size}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "YAML_TOO_LARGE" if size < 1_000_000 else "OBJECT_TOO_LARGE", 1)
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)


def test_huge_commits(fund: Fund) -> None:
    """A message beyond the bound says nothing, whoever signed it, and is stepped over."""
    huge = fund.sim.commit(signer=fund.person("ada"), message="x" * 1_100_000)
    answer = knock(fund)
    assert answer == ("unchanged", None, 0)
    assert answer.code_of(huge) == "OBJECT_TOO_LARGE"
    fund.change(stop(fund), by="olga")
    assert knock(fund) == ("tightened", None, 3)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("width", [10, 1_000])
def test_huge_trees_that_are_small_to_push(fund: Fund, width: int) -> None:
    """Ten levels of one folder beside itself: a few objects, ten thousand million files."""
    tree = fund.sim.tree({"a.yaml": "x"})
    for _ in range(10):
        tree = fund.sim.raw_tree([(FOLDER, b"d%04d" % n, tree) for n in range(width)])
    began = time.monotonic()
    answer = approved(fund, {HERE.rstrip("/"): [(FOLDER, b"zz", tree)]})
    assert answer == ("refused", "TOO_MANY_FILES", 1)
    fund.change(stop(fund), by="olga")
    assert halted(knock(fund).policy)
    assert time.monotonic() - began < 20


def test_huge_depth(fund: Fund) -> None:
    tree = fund.sim.tree({"a.yaml": "x"})
    for _ in range(3_000):
        tree = fund.sim.raw_tree([(FOLDER, b"d", tree)])
    answer = approved(fund, {VAULTS: [(FOLDER, b"d", tree)]})
    assert answer == ("refused", "TOO_DEEP", 1)


def test_huge_numbers_of_parents(fund: Fund) -> None:
    """An octopus with a thousand arms, each of them somebody's signature."""
    base = fund.introduction
    arms = [
        fund.change({"README.md": f"{n}\n"}, by="carol", parents=[base], ref=None)
        for n in range(300)
    ]
    halt = fund.change(stop(fund), by="olga", parents=[base], ref=None)
    fund.tree(fund.sim.files(base), by=None, parents=[base, *arms, halt])
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    assert halted(answer.policy)
