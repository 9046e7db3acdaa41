"""YAML and meaning: what could be read two ways is read none."""

from pathlib import Path

import pytest

from tests.attacks.door import Answer, knock
from tests.attacks.planting import FILE, FOLDER, Entry, commit_of, planted
from tests.governance.fund import (
    HERE,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    document,
    flip,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import Content
from tests.governance.wrong_documents import CORPUS, GOOD
from vanta.domain.instant import HOUR
from vanta.governance.documents.read import AUTHORITY

VAULTS = f"{HERE}vaults"


def check_refused(fund: Fund, text: Content, code: str, *, path: str = MOMENTUM) -> Answer:
    """Two people approved it, and it is read by nobody: refused, with its place."""
    fund.change({path: text}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("refused", code, 1)
    assert f"{path}:" in answer.message
    assert answer.message.replace("\n", "").isprintable()
    assert capital(answer.policy) == 1000
    return answer


def check_halt_lands(fund: Fund) -> None:
    """On top of whatever it was, one signature stops everything."""
    fund.change({fund.halt("enough"): switch("enough")}, by="olga")
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert halted(answer.policy)


# Bombs, tags, duplicates.


def laughs(levels: int) -> str:
    """Nine times nine times nine: a few hundred bytes that are gigabytes."""
    first = "l0: &l0 [" + ", ".join(["ha"] * 9) + "]"
    rest = (f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}"] * 9) + "]" for n in range(1, levels))
    return "\n".join((first, *rest, ""))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("path", [MOMENTUM, AUTHORITY, OVERLAY, f"{HERE}halts/other.yaml"])
def test_alias_bombs(fund: Fund, path: str) -> None:
    check_refused(fund, laughs(20), "ANCHOR", path=path)
    check_halt_lands(fund)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: *a\n", "ALIAS"),
        ("a: &a\n  <<: *a\n", "ANCHOR"),
        ("<<: {capital: 4999}\n", "MERGE_KEY"),
        ("a: " + "[" * 60_000, "TOO_DEEP"),
        ("a: " + "{b: " * 60_000, "TOO_DEEP"),
        ("- " * 60_000 + "a\n", "TOO_DEEP"),
        ("a: [" + "1, " * 40_000 + "1]\n", "TOO_MANY_NODES"),
        ("a: 1\n---\nb: 2\n", "SEVERAL_DOCUMENTS"),
        ("%YAML 1.1\n---\na: 1\n", "DIRECTIVE"),
        ("a: 1\n? [b]\n: 2\n", "BAD_KEY"),
        ("a:\t1\n", "TAB"),
        ("\ufeffa: 1\n", "BOM"),
        ("a: 1\r\nb: 2\r\n", "HIDDEN_CHARACTER"),
        ("a: x\u202ey\n", "HIDDEN_CHARACTER"),
        (vault("momentum").encode("utf-16"), "BOM"),
        (vault("momentum", more="label: \xff").encode("latin-1"), "NOT_UTF8"),
    ],
)
def test_other_bombs_and_disguises(fund: Fund, text: Content, code: str) -> None:
    check_refused(fund, text, code)


def test_a_file_that_is_only_large(fund: Fund) -> None:
    text = vault("momentum") + "# " + "x" * (256 * 1024) + "\n"
    fund.change({MOMENTUM: text}, by="ada", approve=True)
    assert knock(fund) == ("refused", "YAML_TOO_LARGE", 1)
    check_halt_lands(fund)


@pytest.mark.parametrize(
    "tag",
    [
        '!!python/object/apply:os.system ["touch CANARY"]',
        "!!python/object/new:subprocess.Popen [[touch, CANARY]]",
        "!!python/name:os.system",
        "!!python/module:antigravity",
        "!!binary bm8=",
        "!!bool 'yes'",
        "!!int '0x1F'",
        "!!set {a, b}",
        "!<tag:yaml.org,2002:str> 5",
        "!vault |\n    $ANSIBLE_VAULT",
        "!include /etc/passwd",
        "!",
    ],
)
def test_unsafe_tags(fund: Fund, tmp_path: Path, tag: str) -> None:
    canary = tmp_path / "canary"
    text = vault("momentum").replace(
        "capital: 1000", f"capital: {tag}".replace("CANARY", str(canary))
    )
    check_refused(fund, text, "TAG")
    assert not canary.exists()


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (MOMENTUM, "capital: 1000", "capital: 1000\n  capital: 4999"),
        (MOMENTUM, "capital: 1000", 'capital: 1000\n  "capital": 4999'),
        (MOMENTUM, "capital: 1000", "capital: 1000\n  'c\\u0061pital': 4999".replace("'", '"')),
        (MOMENTUM, "spec:", "spec: {capital: 4999}\nspec:"),
        (MOMENTUM, "default: 0.10", "default: 0.10, default: 1"),
        (AUTHORITY, "quorum: 2", "quorum: 2, quorum: 1"),
        (OVERLAY, "switches: []", "switches: []\n  switches: []"),
    ],
)
def test_duplicate_keys(fund: Fund, path: str, before: str, after: str) -> None:
    """Some readers take the first, some the last."""
    text = str(fund.sim.files(fund.introduction)[path])
    assert before in text
    answer = check_refused(fund, text.replace(before, after, 1), "DUPLICATE_KEY", path=path)
    assert "it stands already on line" in answer.message


def test_halt_no_and_every_other_document_nobody_may_write(fund: Fund) -> None:
    """`halt: no`, `'no'`, `.nan`, `inf`, negatives, `1e3`: the whole corpus, a commit each."""
    good: dict[str, Content] = {**fund.sim.files(fund.introduction), **GOOD}
    fund.tree(good, by="ada", approve=True)
    fund.approve("grace")
    begun = knock(fund)
    assert begun == ("applied", None, 0)
    for wrong in CORPUS:
        fund.tree({**good, wrong.file: wrong.content}, by="ada", approve=True)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    said = {
        wrong.id: verdict
        for wrong, verdict in zip(CORPUS, answer.verdicts[2:], strict=True)
        if verdict != ("refused", wrong.code)
    }
    assert said == {}
    assert answer.policy == begun.policy


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("no", "AMBIGUOUS_BOOL"),
        ("'no'", "INVALID_FIELD"),
        (".nan", "AMBIGUOUS_NUMBER"),
        ("inf", "AMBIGUOUS_NUMBER"),
        ("'inf'", "INVALID_FIELD"),
        ("-1", "INVALID_FIELD"),
        ("-0.0", "AMBIGUOUS_NUMBER"),
        ("1e3", "AMBIGUOUS_NUMBER"),
        ("'1e3'", "INVALID_FIELD"),
        ("010", "AMBIGUOUS_NUMBER"),
        ("0x7d0", "AMBIGUOUS_NUMBER"),
        ("2_000", "AMBIGUOUS_NUMBER"),
        ("'\u0662\u0660\u0660\u0660'", "INVALID_FIELD"),
        ("9" * 40, "NUMBER_TOO_LONG"),
        ("2000.000000001", "INVALID_FIELD"),
        ("true", "INVALID_FIELD"),
        ("", "NULL"),
    ],
)
def test_no_nan_inf_negatives_and_1e3_where_money_stands(fund: Fund, value: str, code: str) -> None:
    check_refused(fund, vault("momentum").replace("1000", value), code)


@pytest.mark.parametrize(
    ("path", "field", "code"),
    [
        (OVERLAY, "switches: [{name: a, switch: no, reason: x}]", "AMBIGUOUS_BOOL"),
        (OVERLAY, "switches: [{name: a, switch: 'no', reason: x}]", "INVALID_FIELD"),
        (OVERLAY, "switches: no", "AMBIGUOUS_BOOL"),
        (OVERLAY, "halt: no", "AMBIGUOUS_BOOL"),
        (OVERLAY, "full_halt: false", "INVALID_FIELD"),
        (OVERLAY, "switches: [{name: a, switch: full_halt, reason: x, until: no}]",
         "AMBIGUOUS_BOOL"),
        (OVERLAY, "switches: [{name: a, switch: full_halt, reason: x, until: 0}]",
         "INVALID_FIELD"),
        (OVERLAY, "switches: [{name: a, switch: full_halt, reason: x, scope: {vault: no}}]",
         "AMBIGUOUS_BOOL"),
        (OVERLAY, "switches: [{name: a, switch: full_halt, reason: x, scope: no}]",
         "AMBIGUOUS_BOOL"),
    ],
)  # fmt: skip
def test_halt_no_where_a_switch_stands(fund: Fund, path: str, field: str, code: str) -> None:
    check_refused(fund, document("Overlay", "overlay", field), code, path=path)
    check_halt_lands(fund)


# Names that are one, or two.


def _twin(fund: Fund, name: bytes, text: str) -> tuple[dict[str, Content], list[Entry]]:
    return fund.sim.files(fund.introduction), [(FILE, name, fund.sim.write("blob", text.encode()))]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (b"momentum-2.yaml", "NAME_MISMATCH"),
        (b"MOMENTUM.yaml", "NAME_COLLISION"),
        (b"momentum.yml", "UNEXPECTED_FILE"),
        (b"momentum", "UNEXPECTED_FILE"),
        (b"momentum.yaml.", "BAD_NAME"),
        (b"momentum.yaml ", "BAD_NAME"),
        ("mome\u0301ntum.yaml".encode(), "BAD_NAME"),
        ("m\u043ementum.yaml".encode(), "BAD_NAME"),
    ],
)
def test_two_vaults_with_one_id(fund: Fund, name: bytes, code: str) -> None:
    """Two files that say they are the same vault, or that some file system says are."""
    files, plant = _twin(fund, name, vault("momentum", capital=4999))
    commit_of(fund, planted(fund.sim, files, {VAULTS: plant}), by="ada", files=files)
    for person in ("ada", "grace"):
        fund.approve(person)
    answer = knock(fund)
    assert answer.verdicts[0] == ("refused", code)
    assert capital(answer.policy) == 1000


def test_two_vaults_with_one_id_in_one_tree_object(fund: Fund) -> None:
    """The same name twice, as Git never writes it."""
    sim, files = fund.sim, fund.sim.files(fund.introduction)
    small, large = (sim.write("blob", vault("momentum", capital=c).encode()) for c in (1, 4999))
    for first, second in ((small, large), (large, small)):
        twins = sim.raw_tree([(FILE, b"momentum.yaml", first), (FILE, b"momentum.yaml", second)])
        plants = {HERE.rstrip("/"): [(FOLDER, b"vaults", twins)]}
        commit_of(fund, planted(sim, files, plants), by="ada", files=files)
        answer = knock(fund)
        assert answer == ("refused", "MALFORMED_TREE", 1)
        assert capital(answer.policy) == 1000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({f"{VAULTS}/sub/momentum.yaml": vault("momentum", capital=4999)}, "UNEXPECTED_FILE"),
        ({f"{HERE}momentum.yaml": vault("momentum", capital=4999)}, "UNEXPECTED_FILE"),
        ({"personas/ares2.yaml": document("Persona", "ares", "multiplier: 9")}, "NAME_MISMATCH"),
        ({"ceilings/prod2.yaml": document("Ceiling", "prod", "account: {gross: 99999}")},
         "NAME_MISMATCH"),
        ({f"{HERE}halts/stop.yaml": switch("a"), f"{HERE}halts/a.yaml": switch("a")},
         "NAME_MISMATCH"),
        ({OVERLAY: overlay(switches="[{name: stop, switch: full_halt, reason: x}]"),
          f"{HERE}halts/stop.yaml": switch("stop")}, "DUPLICATE_ENTRY"),
    ],
)  # fmt: skip
def test_two_documents_with_one_id(fund: Fund, changes: dict[str, Content], code: str) -> None:
    fund.change(changes, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer.verdicts[0][1] == code
    assert answer.reason == code
    assert (answer.verdict, answer.exit_code) in {("refused", 1), ("tightened", 3)}
    assert capital(answer.policy) == 1000


def test_two_flips_of_one_vault(fund: Fund) -> None:
    """Each within its envelope; together they would be twice it."""
    twins = flip(fund.now + HOUR), flip(fund.now + HOUR).replace("flip-momentum", "again")
    fund.change({OVERLAY: overlay(*twins)}, by="olga", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "BAD_FLIP", 1)
    assert answer.policy.overlay.flips == {}
