"""The starter in `gitops/`, and the repository it becomes."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.governance.fund import compiled
from tests.governance.simulator import person, run_git
from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.domain.policy import Policy
from vanta.governance.authoring import Desk
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.editor import MARK, file_name
from vanta.governance.documents.kinds import KINDS, AuthorityDocument
from vanta.governance.documents.read import (
    AUTHORITY,
    governed_paths,
    read_document,
    read_documents,
)
from vanta.governance.documents.schema import render
from vanta.governance.keys import generate_key
from vanta.governance.report import walk
from vanta.governance.starter import Founder, render_authority, start, starter_files, trust_file
from vanta.governance.trust import Trust, read_trust
from vanta.lattice.algebra import compare, meet
from vanta.lattice.direction import Order

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "staging", "prod")
each = pytest.mark.parametrize("environment", ENVIRONMENTS)
FOUNDERS = [
    Founder(name, f"{name}@fund.example", person(name).key) for name in ("ada", "grace", "alan")
]
NODES = {name: person(name).key for name in ("alpha", "markets", "executor")}


def governed(environment: str) -> dict[str, bytes]:
    """The starter's files of one environment, with an authority over three founders."""
    files = {path: data for path, data in starter_files().items() if path.endswith(".yaml")}
    files[AUTHORITY] = render_authority(FOUNDERS, NODES, 2)
    roots = tuple(governed_paths(environment))
    return {path: data for path, data in files.items() if path.startswith(roots)}


def policy(environment: str) -> Policy:
    return compile_policy(read_documents(governed(environment), environment))


@each
def test_every_document_reads_and_compiles(environment: str) -> None:
    found = policy(environment)
    assert found.environment == environment
    assert sorted(found.vaults) == ["crypto-flow", "fundamental-core", "momentum-us"]
    assert set(found.nodes) == set(NODES)


@each
def test_every_vault_states_its_limits_and_lies_within_its_ceiling(environment: str) -> None:
    found = policy(environment)
    for vault in found.vaults.values():
        assert compare(meet(vault, found.ceiling), vault) is Order.EQUAL
        assert min(vault.capital, vault.orders.max_notional, vault.losses.daily) > 0
        assert vault.universe.allow
        assert vault.bands
        assert vault.persona.multiplier > 0


@each
def test_nothing_is_on_to_begin_with(environment: str) -> None:
    found = policy(environment)
    assert found.overlay.everywhere == type(found.overlay.everywhere)()
    assert found.overlay.flips == {}
    assert found.released == frozenset()


@each
def test_the_starter_allows_neither_shorts_nor_naked_options_nor_mirroring(
    environment: str,
) -> None:
    for vault in policy(environment).vaults.values():
        assert not vault.positions.short
        assert not vault.positions.naked_options
        assert not vault.mirroring.enabled


def test_every_file_of_the_starter_belongs_to_an_environment() -> None:
    seen = {path for environment in ENVIRONMENTS for path in governed(environment)}
    yaml = {path for path in starter_files() if path.endswith(".yaml")}
    assert {path for path in yaml if not path.startswith(".")} <= seen


def test_the_ceilings_of_the_starter_are_those_no_vault_of_this_house_exceeds() -> None:
    """They lie with the policies, and become the new repository's own."""
    for environment in ENVIRONMENTS:
        ours = (ROOT / "policies" / "governance" / f"{environment}.yaml").read_bytes()
        theirs = starter_files()[f"ceilings/{environment}.yaml"]
        assert ours.split(b"\n")[1:] == theirs.split(b"\n")[1:]
    assert not (ROOT / "gitops" / "ceilings").exists()


@pytest.mark.slow
def test_an_installed_package_has_the_same_starter(tmp_path: Path) -> None:
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    build = [uv, "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, timeout=110)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import hashlib, vanta.governance.starter as s\n"
        "assert s.__file__.startswith(sys.argv[1])\n"
        "for path, data in sorted(s.starter_files().items()):\n"
        "    print(hashlib.sha256(data).hexdigest(), path)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(installed)],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    ours = starter_files()
    assert found.stdout.splitlines() == [
        f"{hashlib.sha256(ours[path]).hexdigest()} {path}" for path in sorted(ours)
    ]


def test_a_vault_of_the_starter_is_no_vault_of_the_test_fund() -> None:
    """The two share their reader and nothing else."""
    with pytest.raises(VantaError):
        compiled({})


# The authority


def test_every_founder_has_every_role_and_every_node_its_key() -> None:
    document = read_document(render_authority(FOUNDERS, NODES, 2), file=AUTHORITY)
    assert isinstance(document, AuthorityDocument)
    assert {role.name: role.people for role in document.spec.roles} == {
        name: ["ada", "grace", "alan"] for name in ("root", "risk", "operator", "engineer")
    }
    assert [node.name for node in document.spec.nodes] == list(NODES)


def test_a_fund_may_begin_without_nodes() -> None:
    document = read_document(render_authority(FOUNDERS, {}, 2), file=AUTHORITY)
    assert isinstance(document, AuthorityDocument)
    assert document.spec.nodes == []


@pytest.mark.parametrize(
    ("founders", "quorum", "code"),
    [
        (FOUNDERS[:2], 2, "ROOT_LOCKOUT"),
        (FOUNDERS, 3, "ROOT_LOCKOUT"),
        (FOUNDERS, 0, "BAD_QUORUM"),
        ([*FOUNDERS, FOUNDERS[0]], 2, "DUPLICATE_PERSON"),
        ([*FOUNDERS, Founder("zoe", "z@x", FOUNDERS[0].key)], 2, "SHARED_KEY"),
        ([Founder("Ada Lovelace", "a@x", FOUNDERS[0].key), *FOUNDERS[1:]], 2, "INVALID_FIELD"),
        ([Founder("ada", 'a"\n', FOUNDERS[0].key), *FOUNDERS[1:]], 2, None),
        ([Founder("no", "no@x", person("no").key), *FOUNDERS], 2, None),
        ([], 2, None),
    ],
)
def test_people_who_cannot_govern_begin_no_fund(
    founders: list[Founder], quorum: int, code: str | None
) -> None:
    with pytest.raises(VantaError) as refused:
        render_authority(founders, {}, quorum)
    assert code in {None, refused.value.code}


# The repository


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "keys").mkdir()
    return {name: tmp_path / "keys" / name for name in ("ada", "grace", "alan", "mallory")}


def founded(target: Path, keys: dict[str, Path], *, by: str = "ada") -> Trust:
    public = {name: generate_key(path, name) for name, path in keys.items()}
    founders = [
        Founder(name, f"{name}@fund.example", public[name]) for name in ("ada", "grace", "alan")
    ]
    return start(target, founders, {}, keys[by])


def test_the_introduction_is_signed_pinned_and_in_force(
    tmp_path: Path, keys: dict[str, Path]
) -> None:
    target = tmp_path / "governance"
    trust = founded(target, keys)
    assert run_git(["-C", str(target), "log", "--format=%H"], home=tmp_path).stdout.split() == [
        trust.introduction
    ]
    assert run_git(["-C", str(target), "status", "--porcelain"], home=tmp_path).stdout == ""
    for environment in ENVIRONMENTS:
        report = walk(target, trust, environment, now=0)
        assert (report.verdict, report.head) == ("unchanged", trust.introduction)
        assert report.policy is not None
        assert len(report.policy.vaults) == 3


def test_a_founder_can_go_on_from_there(tmp_path: Path, keys: dict[str, Path]) -> None:
    target = tmp_path / "governance"
    founded(target, keys)
    (target / "notes.txt").write_text("hello\n")
    signed = Desk(target, "prod", keys["grace"], 0).propose("A note")
    assert signed.signer == "grace"


def test_schemas_come_along_and_are_in_no_digest(tmp_path: Path, keys: dict[str, Path]) -> None:
    target = tmp_path / "governance"
    founded(target, keys)
    for kind in KINDS:
        assert (target / "schemas" / file_name(kind)).read_bytes() == render(kind)
    for path in target.rglob("[!.]*.yaml"):
        if ".github" in path.parts:
            # The forge's, and no document.
            continue
        hint = path.read_text().partition("\n")[0]
        assert (path.parent / hint.removeprefix(MARK)).is_file()
    before = Desk(target, "prod", keys["grace"], 0).approve().digest
    (target / "schemas" / "vault.schema.json").write_text("{}")
    assert Desk(target, "prod", keys["grace"], 0).propose("Spoil an editor").digest == before


def test_only_a_founder_introduces(tmp_path: Path, keys: dict[str, Path]) -> None:
    with pytest.raises(RefusedError) as refused:
        founded(tmp_path / "governance", keys, by="mallory")
    assert refused.value.code == "UNKNOWN_SIGNER"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, keys: dict[str, Path]) -> None:
    target = tmp_path / "governance"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(RefusedError) as refused:
        founded(target, keys)
    assert refused.value.code == "NOT_EMPTY"
    assert [path.name for path in target.iterdir()] == ["mine.txt"]


def test_what_is_pinned_reads_back(tmp_path: Path) -> None:
    trust = Trust("a" * 40, ("SHA256:x", "SHA256:y"))
    path = tmp_path / "trust.json"
    path.write_bytes(trust_file(trust))
    assert read_trust(path) == trust == decode(Trust, path.read_bytes())


def test_without_a_trust_file_nothing_can_be_trusted(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as missing:
        read_trust(tmp_path / "trust.json")
    assert missing.value.code == "NO_TRUST"
    (tmp_path / "trust.json").write_text('{"introduction": "x"}')
    with pytest.raises(MalformedError):
        read_trust(tmp_path / "trust.json")


def test_git_says_the_introduction_is_good(tmp_path: Path, keys: dict[str, Path]) -> None:
    target = tmp_path / "governance"
    trust = founded(target, keys)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@fund.example {keys['ada'].with_suffix('.pub').read_text()}")
    verdict = subprocess.run(
        [
            *("git", "-C", str(target), "-c", f"gpg.ssh.allowedSignersFile={allowed}"),
            *("verify-commit", trust.introduction),
        ],
        capture_output=True,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stderr
