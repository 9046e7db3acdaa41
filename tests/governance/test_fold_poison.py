"""R3: what speaks for nobody contributes nothing, and stops nothing above it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.governance.fund import (
    CEILING,
    CRYPTO,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content
from vanta.governance.documents.read import AUTHORITY

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
TIGHTER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=1)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def unsigned(fund: Fund, changes: dict[str, Content | None]) -> str:
    return fund.change(changes, by=None)


def foreign(fund: Fund, changes: dict[str, Content | None]) -> str:
    return fund.change(changes, by="mallory", approve=True)


def _raw(fund: Fund, changes: dict[str, Content | None], **spoiled: str) -> str:
    files = {**fund.sim.files(fund.sim.head()), **changes}
    kept = {path: text for path, text in files.items() if text is not None}
    ada = fund.person("ada")
    payload = fund.sim.payload(tree=fund.sim.tree(kept), parents=[fund.sim.head()], committer=ada)
    if "committer" in spoiled:
        payload = payload.replace(
            b"committer Ada <ada@example.org>", f"committer {spoiled['committer']}".encode()
        )
    raw = fund.sim.signed(payload, ada, namespace=spoiled.get("namespace", "git"))
    if "after" in spoiled:
        raw = raw.replace(b"A change", spoiled["after"].encode())
    return fund.sim.raw_commit(raw, files=kept, ref=MAIN)


def mismatched(fund: Fund, changes: dict[str, Content | None]) -> str:
    return _raw(fund, changes, committer="Grace <grace@example.org>")


def misused(fund: Fund, changes: dict[str, Content | None]) -> str:
    return _raw(fund, changes, namespace="file")


def altered(fund: Fund, changes: dict[str, Content | None]) -> str:
    return _raw(fund, changes, after="Altered since it was signed")


Spoil = Callable[[Fund, dict[str, Content | None]], str]
POISON = pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (unsigned, "UNSIGNED"),
        (foreign, "UNKNOWN_SIGNER"),
        (mismatched, "COMMITTER_MISMATCH"),
        (misused, "WRONG_NAMESPACE"),
        (altered, "BAD_SIGNATURE"),
    ],
)


@POISON
@pytest.mark.parametrize("changes", [LOOSER, TIGHTER], ids=["looser", "tighter"])
def test_a_head_that_speaks_for_nobody_does_nothing(
    fund: Fund, spoil: Spoil, code: str, changes: dict[str, Content | None]
) -> None:
    spoil(fund, changes)
    step = fund.step()
    assert (step.verdict, step.reason) == ("refused", code)
    assert step.seen[-1].code == code
    assert step.state.policy == fund.state.policy


@POISON
def test_a_halt_on_top_lands_at_once(fund: Fund, spoil: Spoil, code: str) -> None:
    spoil(fund, dict(LOOSER))
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "QUORUM_MISSING")
    assert halted(step.state.policy)
    assert capital(step.state.policy) == 1000
    assert fund.walk()[0].reason == code


@POISON
def test_a_quorum_on_top_that_names_the_tree_takes_it_in(
    fund: Fund, spoil: Spoil, code: str
) -> None:
    spoil(fund, dict(LOOSER))
    fund.approve("ada")
    assert fund.step().verdict == "refused"
    fund.approve("grace")
    assert capital(fund.after().policy) == 2000
    assert fund.walk()[0].reason == code


def test_an_unsigned_commit_mid_range_under_a_signed_head_is_not_carried_by_it(fund: Fund) -> None:
    fund.change({"README.md": "a\n"}, by="ada", approve=True)
    unsigned(fund, dict(LOOSER))
    fund.change({"README.md": "b\n"}, by="grace")
    step = fund.step()
    assert (step.verdict, capital(step.state.policy)) == ("refused", 1000)


def test_a_revert_of_poison_is_no_change(fund: Fund) -> None:
    unsigned(fund, dict(LOOSER))
    fund.change({MOMENTUM: vault("momentum")}, by=None)
    step = fund.step()
    assert (step.verdict, step.state.policy) == ("unchanged", fund.state.policy)


def test_a_signed_revert_of_poison_tightens_nothing_that_was_in_force(fund: Fund) -> None:
    poisoned = vault("momentum").replace("allow: [AAPL, MSFT, KO]", "allow: [AAPL, PEP]")
    unsigned(fund, {MOMENTUM: poisoned})
    fund.change({MOMENTUM: vault("momentum")}, by="ada")
    assert fund.after().policy == fund.state.policy


FALLING = "bands: [{conviction: 1, size: 1}, {conviction: 0, size: 1}]"
UNREADABLE: list[dict[str, Content | None]] = [
    {MOMENTUM: "spec: [unclosed\n"},
    {MOMENTUM: vault("momentum", capital=-1)},
    {MOMENTUM: vault("momentum", more=FALLING)},
    {AUTHORITY: "not: an authority\n"},
    {AUTHORITY: None},
    {CEILING: None},
    {OVERLAY: overlay(switches="[{name: a, switch: full_halt, reason: x, until: never}]")},
    {"ceilings/notes.txt": "hello"},
    {"environments/prod/vaults/\u00e9.yaml": "a: b"},
    {MOMENTUM: b"\xff\xfe"},
]  # fmt: skip


@pytest.mark.parametrize("changes", UNREADABLE)
def test_a_tree_that_cannot_be_read_changes_nothing(
    fund: Fund, changes: dict[str, Content | None]
) -> None:
    fund.change(changes, by="ada")
    step = fund.step()
    assert step.verdict == "refused"
    assert step.reason
    assert step.message
    assert step.state.policy == fund.state.policy


@pytest.mark.parametrize("changes", UNREADABLE)
def test_a_halt_file_on_an_unreadable_tree_lands(
    fund: Fund, changes: dict[str, Content | None]
) -> None:
    fund.change(changes, by=None)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    step = fund.step()
    assert step.verdict == "tightened"
    assert halted(step.state.policy)


@pytest.mark.parametrize("changes", UNREADABLE)
def test_a_halt_in_the_commit_that_breaks_the_tree_lands_too(
    fund: Fund, changes: dict[str, Content | None]
) -> None:
    fund.change({**changes, fund.halt("stop"): switch("stop")}, by="olga")
    assert halted(fund.after().policy)


def test_a_halt_that_mends_the_tree_lands(fund: Fund) -> None:
    fund.change({MOMENTUM: "broken: [\n"}, by=None)
    fund.change({MOMENTUM: vault("momentum"), fund.halt("stop"): switch("stop")}, by="olga")
    assert halted(fund.after().policy)


def test_a_lower_limit_in_the_commit_that_mends_the_tree_lands(fund: Fund) -> None:
    fund.change({MOMENTUM: "broken: [\n"}, by=None)
    fund.change(dict(TIGHTER), by="ada")
    assert capital(fund.after().policy) == 1


def test_a_vaults_halt_on_an_unreadable_tree_is_held_to_its_signers_scope(fund: Fund) -> None:
    fund.change({AUTHORITY: None}, by=None)
    fund.change({fund.halt("one"): switch("one", scope="vault: crypto")}, by="carol")
    fund.change({fund.halt("two"): switch("two", scope="vault: momentum")}, by="carol")
    table = fund.after().policy.overlay.vaults
    assert (table.at("crypto").full_halt > 0, table.at("momentum").full_halt > 0) == (True, False)


def test_a_broken_halt_file_beside_a_good_one_hides_nothing(fund: Fund) -> None:
    fund.change({fund.halt("bad"): "spec: ["}, by=None)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    assert halted(fund.after().policy)


def test_a_halt_stays_when_the_tree_is_mended_without_it(fund: Fund) -> None:
    fund.change({MOMENTUM: "broken: [\n"}, by=None)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    fund.change({MOMENTUM: vault("momentum"), fund.halt("stop"): None}, by="ada", approve=True)
    step = fund.step()
    assert (step.reason, halted(step.state.policy)) == ("QUORUM_MISSING", True)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("120000", b"x.yaml"),
        ("160000", b"x.yaml"),
        ("100755", b"x.yaml"),
        ("100644", b".."),
        ("100644", b"\xff.yaml"),
    ],
)
def test_a_halt_lands_on_a_tree_that_git_objects_have_spoilt(
    fund: Fund, mode: str, name: bytes
) -> None:
    """A link, a submodule, an executable or a bad name among the vaults cannot keep it out."""
    sim = fund.sim
    blob = sim.write("blob", b"/etc/passwd")

    def spoilt(halt: bool) -> str:  # noqa: FBT001 - two trees
        overlay_blob = sim.write("blob", overlay().encode())
        vaults = sim.raw_tree([(mode, name, blob)])
        prod = [("100644", b"overlay.yaml", overlay_blob), ("40000", b"vaults", vaults)]
        if halt:
            stop = sim.write("blob", switch("stop").encode())
            prod.insert(0, ("40000", b"halts", sim.raw_tree([("100644", b"stop.yaml", stop)])))
        environments = sim.raw_tree([("40000", b"prod", sim.raw_tree(prod))])
        return sim.raw_tree([("40000", b"environments", environments)])

    poison = sim.raw_commit(sim.payload(tree=spoilt(halt=False), parents=[sim.head()]), ref=MAIN)
    payload = sim.payload(tree=spoilt(halt=True), parents=[poison], committer=fund.person("olga"))
    head = sim.raw_commit(sim.signed(payload, fund.person("olga")), ref=MAIN)
    assert [step.verdict for step in fund.walk(head)] == ["refused", "tightened"]
    assert halted(fund.after(head).policy)


def test_a_halt_lands_where_somebody_pretended_to_have_halted_already(fund: Fund) -> None:
    """What nobody authorised is not in force, so it cannot make a halt look superfluous."""
    unsigned(fund, {fund.halt("fake"): switch("fake", scope="vault: momentum")})
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    assert halted(fund.after().policy)


def test_a_halt_in_the_overlay_covers_every_vault_whatever_was_pretended(fund: Fund) -> None:
    unsigned(fund, {fund.halt("fake"): switch("fake", scope="vault: momentum")})
    stop = "[{name: stop, switch: full_halt, reason: test}]"
    fund.change({OVERLAY: overlay(switches=stop)}, by="olga")
    assert halted(fund.after().policy)


def test_ten_commits_on_top_before_the_next_look_bury_nothing(fund: Fund) -> None:
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    for count in range(10):
        fund.change({"README.md": f"{count}\n", CRYPTO: vault("crypto", capital=count)}, by=None)
    assert halted(fund.after().policy)
