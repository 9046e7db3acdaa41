"""The conformance door and the plan: what a fold ends in, as data, exit codes and sentences."""

from pathlib import Path

import pytest

from tests.governance.fund import (
    CRYPTO,
    ENVIRONMENT,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    compiled,
    documents,
    flip,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import START, Content, person
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import RefusedError
from vanta.domain.instant import FOREVER, HOUR, parse_instant
from vanta.governance.report import EXIT, Report, sentence, told, unit_of, walk
from vanta.governance.trust import Trust
from vanta.lattice.algebra import changes
from vanta.lattice.direction import DEFAULT, Change, Effect

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
TIGHTER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=500)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def door(fund: Fund, *, applied: str | None = None, head: str = "HEAD") -> Report:
    return walk(fund.sim.path, fund.trust, ENVIRONMENT, head=head, applied=applied, now=fund.now)


# The door


def test_an_introduction_alone_is_unchanged(fund: Fund) -> None:
    report = door(fund)
    assert (report.verdict, report.reason, EXIT[report.verdict]) == ("unchanged", None, 0)
    assert report.policy == fund.state.policy
    assert report.commits == ()


@pytest.mark.parametrize(
    ("steps", "verdict", "reason", "exit_code"),
    [
        ([("ada", LOOSER, True), ("grace", {}, True)], "applied", None, 0),
        ([("ada", TIGHTER, True)], "applied", None, 0),
        ([("ada", {"README.md": "x"}, False)], "unchanged", None, 0),
        ([("ada", TIGHTER, False)], "tightened", None, 3),
        (
            [("ada", {**LOOSER, CRYPTO: vault("crypto", capital=1)}, False)],
            "tightened",
            "QUORUM_MISSING",
            3,
        ),
        ([("ada", LOOSER, True)], "refused", "QUORUM_MISSING", 1),
        ([(None, LOOSER, False)], "refused", "UNSIGNED", 1),
        ([("mallory", TIGHTER, True)], "refused", "UNKNOWN_SIGNER", 1),
        ([("ada", {MOMENTUM: "spec: ["}, True)], "refused", "MALFORMED_YAML", 1),
    ],
)
def test_the_verdict_is_that_of_the_last_step(
    fund: Fund,
    steps: list[tuple[str | None, dict[str, Content], bool]],
    verdict: str,
    reason: str | None,
    exit_code: int,
) -> None:
    for by, changed, approve in steps:
        fund.change(changed, by=by, approve=approve)
    report = door(fund)
    assert (report.verdict, report.reason) == (verdict, reason)
    assert report.head == fund.sim.head()
    assert EXIT[report.verdict] == exit_code
    assert len(report.commits) == len(steps)


def test_every_commit_is_told_with_who_signed_and_who_approved(fund: Fund) -> None:
    first = fund.change(LOOSER, by="ada", approve=True)
    second = fund.change({"README.md": "x"}, by=None)
    told = door(fund).commits
    assert told[0] == {
        "commit": first,
        "verdict": "refused",
        "reason": "QUORUM_MISSING",
        "approvers": ("ada",),
        "signers": {first: "ada"},
        "approvals": {first: "counts"},
    }
    assert told[1]["signers"] == {second: "UNSIGNED"}


def test_a_report_is_json(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    told = decode(dict, encode(door(fund)))
    assert told["verdict"] == "refused"
    assert told["needs"][0]["missing"] == ["alan", "grace"]
    assert told["policy"]["vaults"]["momentum"]["capital"] == 1000 * 10**8


def test_a_head_may_be_named_by_ref_or_id(fund: Fund) -> None:
    head = fund.change(TIGHTER, by="ada", ref="refs/heads/proposal")
    for name in (head, "refs/heads/proposal"):
        report = door(fund, head=name)
        assert (report.verdict, report.head) == ("tightened", head)
    missing = door(fund, head="refs/heads/nowhere")
    assert (missing.verdict, missing.reason, missing.head) == ("refused", "REF_MISSING", "")


def test_against_the_policy_at_a_commit(fund: Fund) -> None:
    first = fund.change(TIGHTER, by="ada")
    second = fund.change({"README.md": "x"}, by=None)
    third = fund.change({MOMENTUM: vault("momentum")}, by="ada", approve=True)
    fourth = fund.approve("grace")

    def verdict(head: str, applied: str) -> str:
        return door(fund, head=head, applied=applied).verdict

    start = fund.introduction
    assert verdict(second, start) == "tightened"
    assert verdict(second, first) == "unchanged"
    assert verdict(third, second) == "refused"
    assert verdict(fourth, first) == "applied"
    assert verdict(fourth, start) == "unchanged"


def test_a_commit_off_the_line_is_nothing_to_compare_with(fund: Fund) -> None:
    fund.change(TIGHTER, by="ada")
    with pytest.raises(RefusedError) as refused:
        door(fund, applied="f" * 40)
    assert refused.value.code == "NOT_DESCENDANT"


def test_a_head_that_left_the_introduction_is_refused(fund: Fund) -> None:
    other = fund.tree(documents(fund.keys), by="ada", parents=[], ref="refs/heads/other")
    report = door(fund, head=other)
    assert (report.verdict, report.reason) == ("refused", "NOT_DESCENDANT")


def test_an_introduction_nobody_pinned_is_refused(fund: Fund) -> None:
    for trust, code in (
        (Trust(fund.introduction, ()), "UNTRUSTED_INTRODUCTION"),
        (Trust(fund.introduction[:12], fund.trust.fingerprints), "BAD_OID"),
    ):
        with pytest.raises(RefusedError) as refused:
            walk(fund.sim.path, trust, ENVIRONMENT, now=START)
        assert refused.value.code == code


# Sentences


BANDS = "bands: [{conviction: 0.5, size: 0.02}, {conviction: 0.7, size: 0.05}]"


def said(changed: dict[str, Content | None]) -> list[str]:
    keys = {name: [person(name).key.openssh] for name in ("ada", "grace", "alan", "olga", "carol")}
    before = documents(keys)
    after = {path: text for path, text in {**before, **changed}.items() if text is not None}
    return [sentence(change) for change in changes(compiled(before), compiled(after))]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        (LOOSER, ["vaults.momentum.capital: 1000 -> 2000"]),
        (
            {MOMENTUM: vault("momentum").replace("default: 0.10", "default: 0.05, KO: 0.1")},
            ["vaults.momentum.exposure.perTicker.(default): 0.1 -> 0.05"],
        ),
        (
            {MOMENTUM: vault("momentum").replace("ttl: 2h", "ttl: 90m")},
            ["vaults.momentum.envelope.ttl: 2h -> 90m"],
        ),
        (
            {MOMENTUM: vault("momentum").replace("deny: []", "deny: [PEP, KO]")},
            ["vaults.momentum.universe.deny: [] -> [KO, PEP]"],
        ),
        (
            {MOMENTUM: vault("momentum", more="positions: {short: true}")},
            ["vaults.momentum.positions.short: off -> on"],
        ),
        (
            {MOMENTUM: vault("momentum", more="label: Fast")},
            ["vaults.momentum.label: (none) -> Fast"],
        ),
        (
            {MOMENTUM: vault("momentum", more=BANDS)},
            ["vaults.momentum.bands: (none) -> from 0.5: 0.02, from 0.7: 0.05"],
        ),
        (
            {MOMENTUM: vault("momentum").replace("deny: []", "sectors: {KO: staples}")},
            ["vaults.momentum.universe.sectors is new"],
        ),
        (
            {MOMENTUM: vault("momentum").replace("[AAPL, MSFT, KO]", '["*"]')},
            ["vaults.momentum.universe.allow: [AAPL, KO, MSFT] -> [*]"],
        ),
        ({CRYPTO: None}, ["vaults.crypto goes away"]),
        (
            {f"environments/{ENVIRONMENT}/vaults/new.yaml": vault("new")},
            ["vaults.new is new"],
        ),
        (
            {OVERLAY: overlay(flip(START + HOUR))},
            ["overlay.flips.momentum is new"],
        ),
        (
            {
                f"environments/{ENVIRONMENT}/halts/stop.yaml": switch(
                    "stop", scope="vault: crypto", until=START
                )
            },
            ["overlay.vaults.crypto.full_halt: off -> on until 2026-11-22T00:00:00Z"],
        ),
    ],
)  # fmt: skip
def test_a_change_is_said_the_way_a_risk_officer_would(
    changed: dict[str, Content | None], sentences: list[str]
) -> None:
    assert said(changed) == sentences


def test_a_switch_is_on_or_off_and_says_until_when() -> None:
    path = f"environments/{ENVIRONMENT}/halts/stop.yaml"
    assert "overlay.everywhere.full_halt: off -> on" in said({path: switch("stop")})
    ends = "2036-11-22T12:00:00Z"
    found = said({path: switch("stop", until=parse_instant(ends))})
    assert f"overlay.everywhere.full_halt: off -> on until {ends}" in found


def test_a_field_is_spelled_as_in_the_documents_and_a_name_as_people_gave_it() -> None:
    change = Change(("vaults", "a", "orders", "per_minute"), 60, 90, Effect.LOOSENS)
    assert sentence(change) == "vaults.a.orders.perMinute: 60 -> 90"
    change = Change(("overlay", "venues", "ib_paper", "full_halt"), 0, FOREVER, Effect.TIGHTENS)
    assert sentence(change) == "overlay.venues.ib_paper.full_halt: off -> on"


@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        ("keys.ada.SHA256:x", "valid", "revoked", "key SHA256:x of ada: valid -> revoked"),
        ("keys.ada.SHA256:x", None, "valid", "key SHA256:x of ada: none -> valid"),
        ("people.bob", None, "bob@example.org", "bob <bob@example.org> joins"),
        ("people.bob", "bob@example.org", None, "bob leaves"),
        ("people.bob", "bob@example.org", "b@example.org", "bob is b@example.org now"),
        ("roles.risk", ["ada"], ["ada", "bob"], "role risk: [ada] -> [ada, bob]"),
        ("roles.risk", None, ["ada"], "role risk: (none) -> [ada]"),
        ("roles.risk", ["ada"], ["ada"], "role risk: other rights"),
        ("quorum", 2, 3, "quorum of root: 2 -> 3"),
    ],
)
def test_a_change_of_people_is_said_by_name(
    path: str, before: object, after: object, said: str
) -> None:
    change = Change(("authority", *path.split(".")), before, after, Effect.UNORDERED)
    assert sentence(change) == said


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        (("vaults", "momentum", "capital"), "money"),
        (("vaults", "momentum", "exposure", "per_ticker", "KO"), "ratio"),
        (("overlay", "vaults", DEFAULT, "full_halt"), "until"),
        (("overlay", "flips", "momentum", "until"), "until"),
        (("vaults", "momentum", "orders", "quote_age"), "duration"),
        (("vaults", "momentum", "label"), ""),
        (("nowhere",), ""),
    ],
)
def test_a_path_says_what_its_number_counts(path: tuple[str, ...], unit: str) -> None:
    assert unit_of(path) == unit


def test_the_capital_of_the_test_fund_is_what_the_door_says(fund: Fund) -> None:
    policy = door(fund).policy
    assert policy is not None
    assert capital(policy) == 1000


def test_a_switch_everywhere_is_told_once(fund: Fund) -> None:
    files = documents(fund.keys)
    stopped: dict[str, Content] = {**files, fund.halt("stop"): switch("stop")}
    found = changes(compiled(files), compiled(stopped))
    assert len(told(found)) < len(found)
    assert [c.path for c in told(found) if c.path[:2] == ("overlay", "everywhere")]
