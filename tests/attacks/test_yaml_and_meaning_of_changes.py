"""YAML and meaning: a change is what it does, from now on, to every vault it reaches."""

import pytest

from tests.attacks.door import knock
from tests.governance.fund import (
    CEILING,
    CRYPTO,
    HERE,
    MOMENTUM,
    OVERLAY,
    Fund,
    boost,
    capital,
    document,
    flip,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import Content
from vanta.domain.instant import FOREVER, HOUR, NEVER
from vanta.domain.policy import Policy

VAULTS = f"{HERE}vaults"


# Overlays.


@pytest.mark.parametrize(
    "spec",
    [
        "capital: 99999",
        "vaults: {momentum: {capital: 99999}}",
        "switches: []\nexposure: {gross: 99999}",
        "switches: [{name: a, switch: full_halt, reason: x, enabled: false}]",
        "switches: [{name: a, switch: full_halt, reason: x, value: off}]",
        "switches: [{name: a, switch: not_halted, reason: x}]",
        "patches: [{op: remove, path: /spec/capital}]",
        "extends: ../dev/overlay.yaml",
    ],
)
def test_an_overlay_that_weakens_its_base_has_no_words_for_it(fund: Fund, spec: str) -> None:
    fund.change({OVERLAY: document("Overlay", "overlay", spec)}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert answer.reason in {"INVALID_FIELD", "AMBIGUOUS_BOOL"}
    assert answer.policy == knock(fund, applied=fund.introduction).policy
    assert capital(answer.policy) == 1000


def test_an_overlay_that_weakens_its_base_by_a_narrower_scope(fund: Fund) -> None:
    """Everywhere for ever, and here for an hour: here is everywhere too."""
    both = (
        "[{name: all, switch: full_halt, reason: x}, "
        "{name: one, switch: full_halt, scope: {vault: momentum}, reason: x, "
        'until: "2026-11-22T01:00:00Z"}]'
    )
    fund.change({OVERLAY: overlay(switches=both)}, by="olga", approve=True)
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER
    assert halted(answer.policy)


@pytest.mark.parametrize("by", ["olga", "ada", "carol", "mallory", None])
def test_an_overlay_that_weakens_its_base_by_a_flip_beyond_the_envelope(
    fund: Fund, by: str | None
) -> None:
    for wide in (
        flip(fund.now + 9 * HOUR),
        flip(fund.now + HOUR, slice_="0.11"),
        flip(fund.now + HOUR, amplifier="1.6"),
        flip(fund.now + HOUR, of="crypto", slice_="0.2"),
    ):
        fund.change({OVERLAY: overlay(wide)}, by=by, approve=by is not None)
        answer = knock(fund)
        assert (answer.verdict, answer.exit_code) == ("refused", 1)
        assert answer.policy.overlay.flips == {}


def test_an_overlay_that_weakens_its_base_and_the_envelope_at_once(fund: Fund) -> None:
    """One signature opens a flip inside the envelope that was approved, not the one beside it."""
    wide = vault("momentum").replace("slice: 0.10, amplifier: 1.5", "slice: 0.9, amplifier: 3")
    changes = {MOMENTUM: wide, OVERLAY: overlay(flip(fund.now + HOUR, slice_="0.5"))}
    fund.change(changes, by="olga", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.policy.overlay.flips == {}
    assert answer.policy.vaults["momentum"].envelope.slice == 100_000


def test_an_overlay_that_weakens_its_base_by_a_boost(fund: Fund) -> None:
    boost = (
        'boosts: [{name: b, vault: momentum, until: "2026-11-22T02:00:00Z", multiplier: 2, '
        "reason: x}]"
    )
    fund.change({OVERLAY: document("Overlay", "overlay", boost)}, by="olga", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.policy.overlay.boosts == {}
    fund.approve("ada")
    fund.approve("grace")
    assert knock(fund) == ("applied", None, 0)


@pytest.mark.parametrize("where", ["overlay", "halt"])
def test_an_overlay_that_weakens_what_a_quorum_may_not_exceed(fund: Fund, where: str) -> None:
    """The ceiling clamps a flip that two people approved; it refuses no tree."""
    tight = document(
        "Ceiling", "prod",
        "account: {gross: 10000}\ncapital: 5000\nenvelope: {ttl: 2h, slice: 0.02, amplifier: 1.1}",
    )  # fmt: skip
    fund.change({CEILING: tight}, by="ada", approve=True)
    wide = overlay(flip(fund.now + HOUR, slice_="0.9", amplifier="9"))
    path = OVERLAY if where == "overlay" else fund.halt("overlay")
    fund.change({path: wide}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    found = answer.policy.overlay.flips["momentum"]
    assert (found.slice, found.amplifier) == (20_000, 1_100_000)


@pytest.mark.parametrize("text", ["flip", "released"])
def test_a_halt_file_that_loosens_halts_and_does_not_loosen(fund: Fund, text: str) -> None:
    """It is read apart and at once for its switches, and for nothing else."""
    loosens = {
        "flip": "flips:\n" + flip(fund.now + HOUR),
        "released": 'released: ["3f9c2a7d41b80e65"]',
    }[text]
    spec = f"switches: [{{name: stop, switch: full_halt, reason: x}}]\n{loosens}"
    for ref in ("refs/heads/main", "refs/vanta/halts/stop"):
        fund.change(
            {fund.halt("stop"): document("Overlay", "stop", spec)},
            by="olga",
            parents=[fund.introduction],
            ref=ref,
        )
        answer = knock(fund)
        assert (answer.verdict, answer.exit_code) == ("tightened", 3)
        assert halted(answer.policy)
        assert answer.policy.overlay.flips == {}
        assert answer.policy.released == frozenset()
        fund.sim.point("refs/heads/main", fund.introduction)


# Vaults that go, and go by another name.


@pytest.mark.parametrize("by", ["ada", "carol"])
def test_a_vault_deleted_means_no_new_orders(fund: Fund, by: str) -> None:
    """By one person it is closed as far as they may close it, and comes back by two."""
    fund.change({CRYPTO: None}, by=by)
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    closed = answer.policy.vaults["crypto"]
    assert (closed.capital, closed.rails, closed.exposure.gross) == (0, frozenset(), 0)
    assert capital(answer.policy) == 1000
    fund.change({CRYPTO: vault("crypto", persona="athena")}, by="ada", approve=True)
    assert knock(fund) == ("refused", "QUORUM_MISSING", 1)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert capital(answer.policy, "crypto") == 1000


def test_a_vault_deleted_by_approval_is_there_no_more(fund: Fund) -> None:
    fund.change({MOMENTUM: None}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert "momentum" not in answer.policy.vaults
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada", approve=True)
    assert knock(fund) == ("refused", "QUORUM_MISSING", 1)


def loosened(policy: Policy) -> set[str]:
    """Vaults that are flipped or boosted."""
    flips = {name for name, one in policy.overlay.flips.items() if one.until > NEVER}
    return flips | {name for name, one in policy.overlay.boosts.items() if one.until > NEVER}


def test_a_vault_deleted_beside_its_flip_and_its_boost(fund: Fund) -> None:
    """The overlay still names it; that must not keep the vault from being stopped."""
    loose = {OVERLAY: overlay(flip(fund.now + HOUR), boosts=[boost(fund.now + HOUR)])}
    fund.change(loose, by="ada", approve=True)
    fund.approve("grace")
    assert loosened(knock(fund).policy) == {"momentum"}
    fund.change({MOMENTUM: None}, by="ada")
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("tightened", 3)
    assert capital(answer.policy) == 0
    assert loosened(answer.policy) == set()
    back = {MOMENTUM: vault("momentum")}
    fund.change(back, by="olga", approve=True)
    answer = knock(fund)
    assert loosened(answer.policy) == set(), "who may open a flip may not give the vault back"
    assert capital(answer.policy) == 0
    fund.change(by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert capital(answer.policy) == 1000
    assert loosened(answer.policy) == {"momentum"}, "a quorum approved the whole tree"


def test_a_vault_deleted_by_nobody_stays(fund: Fund) -> None:
    fund.change({MOMENTUM: None}, by=None)
    answer = knock(fund)
    assert answer == ("refused", "UNSIGNED", 1)
    assert capital(answer.policy) == 1000


def test_a_vault_renamed_is_a_new_one_that_starts_closed(fund: Fund) -> None:
    """Its halt stays with the old name, and the new name has none of what the old one had."""
    fund.change({fund.halt("stop"): switch("stop", scope="vault: momentum")}, by="olga")
    renamed = {MOMENTUM: None, f"{VAULTS}/impulse.yaml": vault("impulse")}
    fund.change(renamed, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    assert "impulse" not in answer.policy.vaults
    assert capital(answer.policy) == 0
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER


@pytest.mark.parametrize("lane", [False, True], ids=["main", "lane"])
def test_a_vault_renamed_out_of_its_halt_by_a_quorum(fund: Fund, *, lane: bool) -> None:
    """Two people may; the halt of the old name outlives it, and stands if the name comes back."""
    fund.change(
        {fund.halt("stop"): switch("stop", scope="vault: momentum")},
        by="olga",
        parents=[fund.introduction],
        ref="refs/vanta/halts/stop" if lane else "refs/heads/main",
    )
    renamed = {MOMENTUM: None, f"{VAULTS}/impulse.yaml": vault("impulse")}
    fund.change(renamed, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer.policy.vaults.keys() == {"crypto", "impulse"}
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER
    fund.change({MOMENTUM: vault("momentum")}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert capital(answer.policy) == 1000
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER


# Halts of a persona.


@pytest.mark.parametrize("where", ["halt file", "overlay", "lane"])
@pytest.mark.parametrize("by", [None, "ada", "olga"])
def test_a_halt_scoped_to_a_persona_and_the_vault_moved_to_another_persona(
    fund: Fund, where: str, by: str | None
) -> None:
    if where == "overlay":
        stop = "[{name: stop, switch: full_halt, scope: {persona: ares}, reason: x}]"
        fund.change({OVERLAY: overlay(switches=stop)}, by="olga")
    else:
        fund.change(
            {fund.halt("stop"): switch("stop", scope="persona: ares")},
            by="olga",
            parents=[fund.introduction],
            ref="refs/vanta/halts/stop" if where == "lane" else "refs/heads/main",
        )
    answer = knock(fund)
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER
    assert answer.policy.overlay.vaults.at("crypto").full_halt == 0
    fund.change({MOMENTUM: vault("momentum", persona="athena")}, by=by, approve=by is not None)
    answer = knock(fund)
    # Athena is tighter than ares, so one may move a vault there where that resumes nothing, and
    # the halt of the lane goes along.
    moved = where == "lane" and by is not None
    reason = "UNSIGNED" if by is None else "HALTED" if moved else "QUORUM_MISSING"
    verdict = "refused" if by is None and where != "lane" else "tightened"
    assert (answer.verdict, answer.reason) == (verdict, reason)
    assert answer.policy.vaults["momentum"].persona.name == ("athena" if moved else "ares")
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER


@pytest.mark.parametrize("lane", [False, True], ids=["main", "lane"])
def test_a_halt_scoped_to_a_persona_and_the_vault_moved_there_and_back_by_a_quorum(
    fund: Fund, *, lane: bool
) -> None:
    """On the main line two people see that it resumes; from the lane's halt nobody walks away."""
    fund.change(
        {fund.halt("stop"): switch("stop", scope="persona: ares")},
        by="olga",
        parents=[fund.introduction],
        ref="refs/vanta/halts/stop" if lane else "refs/heads/main",
    )
    fund.change({MOMENTUM: vault("momentum", persona="athena")}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer.policy.vaults["momentum"].persona.name == "athena"
    assert answer.policy.overlay.vaults.at("momentum").full_halt == (FOREVER if lane else 0)
    fund.change({MOMENTUM: vault("momentum", persona="ares")}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER


def test_a_halt_scoped_to_a_persona_and_the_persona_renamed(fund: Fund) -> None:
    """Every vault of it moves along to a document of the same content."""
    fund.change({fund.halt("stop"): switch("stop", scope="persona: ares")}, by="olga")
    files = fund.sim.files(fund.introduction)
    moved: dict[str, Content | None] = {
        "personas/ares.yaml": None,
        "personas/mars.yaml": str(files["personas/ares.yaml"]).replace("ares", "mars"),
        MOMENTUM: vault("momentum", persona="mars"),
    }
    fund.change(moved, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.policy.overlay.vaults.at("momentum").full_halt == FOREVER


# Switches that only some may take back.


@pytest.mark.parametrize("by", ["olga", "carol", "ada"])
@pytest.mark.parametrize(
    "how", ["removed", "emptied", "of another vault", "of a venue", "milder", "ended", "renamed"]
)
def test_a_kill_switch_removed_by_tighten_only_authority(fund: Fund, by: str, how: str) -> None:
    """Whoever set it, and however it is taken away, it takes whoever may loosen, and two."""
    fund.change({fund.halt("stop"): switch("stop", scope="vault: crypto")}, by="carol")
    ways: dict[str, dict[str, Content | None]] = {
        "removed": {fund.halt("stop"): None},
        "emptied": {fund.halt("stop"): document("Overlay", "stop", "switches: []")},
        "of another vault": {fund.halt("stop"): switch("stop", scope="vault: nothing")},
        "of a venue": {fund.halt("stop"): switch("stop", scope="venue: paper")},
        "milder": {fund.halt("stop"): switch("stop", kind="reduce_only", scope="vault: crypto")},
        "ended": {fund.halt("stop"): switch("stop", scope="vault: crypto", until=fund.now + HOUR)},
        "renamed": {
            fund.halt("stop"): None,
            fund.halt("go"): switch("go", kind="maintenance", scope="vault: crypto"),
        },
    }
    fund.change(ways[how], by=by, approve=True)
    answer = knock(fund)
    assert answer.reason == "QUORUM_MISSING"
    assert answer.exit_code in {1, 3}
    assert answer.policy.overlay.vaults.at("crypto").full_halt == FOREVER


def test_a_kill_switch_removed_by_two_who_may_only_tighten(fund: Fund) -> None:
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    fund.change({fund.halt("stop"): None}, by="olga", approve=True)
    fund.approve("carol")
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert halted(answer.policy)
    fund.approve("ada")
    assert halted(knock(fund).policy)
    fund.approve("grace")
    assert not halted(knock(fund).policy)


def test_a_kill_switch_removed_together_with_a_tightening(fund: Fund) -> None:
    """The tightening lands; the switch stays."""
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    both: dict[str, Content | None] = {
        fund.halt("stop"): None, MOMENTUM: vault("momentum", capital=1),
    }  # fmt: skip
    fund.change(both, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    assert halted(answer.policy)
    assert capital(answer.policy) == 1


def test_a_limit_that_loosens_by_what_is_removed(fund: Fund) -> None:
    """A 5 % entry under a 10 % default: without it there is more room, not less."""
    tight = vault("momentum").replace("{default: 0.10}", "{default: 0.10, AAPL: 0.05}")
    fund.change({MOMENTUM: tight}, by="ada", approve=True)
    assert knock(fund) == ("applied", None, 0)
    fund.change({MOMENTUM: vault("momentum")}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.policy.vaults["momentum"].exposure.per_ticker.at("AAPL") == 50_000


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("deny: []", "deny: []\n    sectors: {AAPL: utilities}"),
        ("persona: ares", "compounding: {reinvest: 1}\n  persona: ares"),
    ],
)
def test_what_has_no_direction_waits_for_the_quorum(fund: Fund, before: str, after: str) -> None:
    """It can by itself cause an order, or decide which cap one counts against."""
    text = vault("momentum", capital=500).replace(before, after, 1)
    assert text != vault("momentum", capital=500)
    fund.change({MOMENTUM: text}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("tightened", "QUORUM_MISSING", 3)
    found = answer.policy.vaults["momentum"]
    assert (capital(answer.policy), found.universe.sectors, found.compounding.reinvest) == (
        500, {}, 0,
    )  # fmt: skip
