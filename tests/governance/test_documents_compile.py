"""From documents to the policy an environment enforces, compared for what it does."""

import msgspec
import pytest

from tests.governance.fund import (
    CEILING,
    CRYPTO,
    ENVIRONMENT,
    HERE,
    MOMENTUM,
    OVERLAY,
    authority,
    boost,
    compiled,
    document,
    documents,
    flip,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import START, Content, person
from vanta.domain.errors import MalformedError
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, FOREVER, HOUR
from vanta.domain.policy import Boost, Flip, Policy, VaultPolicy
from vanta.domain.switches import Switches
from vanta.governance.documents.compile import consistent, expand, settled
from vanta.governance.documents.kinds import OverlayDocument
from vanta.governance.documents.read import AUTHORITY, read_document
from vanta.lattice.algebra import changes, classify, compare
from vanta.lattice.direction import Effect, Order, Table

KEYS = {n: [person(n).key.openssh] for n in ("ada", "grace", "alan", "olga", "carol")}
FILES = documents(KEYS)
BASE = compiled(FILES)
HALTED = Switches(full_halt=FOREVER)
STOP = f"{HERE}halts/stop.yaml"


def with_files(changed: dict[str, Content]) -> Policy:
    return compiled({**FILES, **changed})


def test_a_vault_is_what_it_states_and_closed_in_the_rest() -> None:
    momentum = BASE.vaults["momentum"]
    assert momentum.capital == 1000 * UNIT
    assert momentum.rails == {"fiat"}
    assert momentum.exposure.per_ticker == Table(PPM // 10)
    assert momentum.orders == VaultPolicy().orders
    assert momentum.bands == ()


def test_a_persona_is_compiled_into_every_vault_that_trades_as_it() -> None:
    ares, athena = BASE.vaults["momentum"].persona, BASE.vaults["crypto"].persona
    assert (ares.name, ares.multiplier, ares.conviction) == ("ares", 1_250_000, 550_000)
    assert (athena.name, athena.multiplier, athena.conviction) == ("athena", 800_000, 600_000)


def test_which_persona_is_tighter_follows_from_what_it_compiles_to() -> None:
    calmer = with_files({MOMENTUM: vault("momentum", persona="athena")})
    assert classify(changes(BASE, calmer)) is Effect.TIGHTENS
    renamed_only = with_files(
        {"personas/ares.yaml": document("Persona", "ares", "multiplier: 2\nconviction: 0.55")}
    )
    assert [c.path for c in changes(BASE, renamed_only)] == [
        ("vaults", "momentum", "persona", "multiplier")
    ]
    assert classify(changes(BASE, renamed_only)) is Effect.LOOSENS


@pytest.mark.parametrize(
    ("ceiling", "stated", "field", "value"),
    [
        ("capital: 500", "", "capital", 500 * UNIT),
        ("capital: 5000", "", "capital", 1000 * UNIT),
        ("rails: [crypto]", "", "rails", frozenset()),
        ("universe: {deny: [KO]}", "", "universe.deny", frozenset({"KO"})),
        ("universe: {allow: [KO, PEP]}", "", "universe.allow", frozenset({"KO"})),
        ("positions: {short: false}", "positions: {short: true}", "positions.short", False),
        ("positions: {short: true}", "positions: {short: true}", "positions.short", True),
        ("losses: {drawdown: 0.1}", "positions: {short: true}", "positions.short", True),
        ("exposure: {perTicker: {default: 0.05}}", "", "exposure.per_ticker", Table(50_000)),
        (
            "exposure: {perTicker: {default: 1, KO: 0.02}}",
            "",
            "exposure.per_ticker",
            Table(100_000, {"KO": 20_000}),
        ),
        ("liquidity: {advFloor: 9}", "liquidity: {advFloor: 3}", "liquidity.adv_floor", 9 * UNIT),
        ("liquidity: {advFloor: 2}", "liquidity: {advFloor: 3}", "liquidity.adv_floor", 3 * UNIT),
        (
            "bands: [{conviction: 0.7, size: 0.03}]",
            "bands: [{conviction: 0.5, size: 0.05}]",
            "bands",
            ((700_000, 30_000),),
        ),
        ("persona: {multiplier: 1}", "", "persona.multiplier", PPM),
        ("persona: {multiplier: 2, conviction: 0.9}", "", "persona.conviction", 900_000),
    ],
)
def test_a_ceiling_clamps_what_it_states_and_nothing_else(
    ceiling: str, stated: str, field: str, value: object
) -> None:
    policy = with_files(
        {
            CEILING: document("Ceiling", ENVIRONMENT, f"account: {{gross: 1}}\n{ceiling}"),
            MOMENTUM: vault("momentum", more=stated),
        }
    )
    found: object = policy.vaults["momentum"]
    for step in field.split("."):
        found = getattr(found, step)
    assert found == value


def test_raising_a_ceiling_is_seen_even_where_no_vault_reaches_it() -> None:
    raised = with_files(
        {CEILING: document("Ceiling", ENVIRONMENT, "account: {gross: 10000}\ncapital: 9000")}
    )
    (change,) = changes(BASE, raised)
    assert (change.path, change.effect) == (("ceiling", "capital"), Effect.LOOSENS)


def test_bounds_of_the_account_stand_in_the_ceiling() -> None:
    assert BASE.account.gross == 10_000 * UNIT
    assert BASE.account.net == 0


# Switches


def test_a_switch_without_scope_is_on_everywhere_and_in_every_narrower_scope() -> None:
    found = with_files({STOP: switch("stop")}).overlay
    assert found.everywhere == HALTED
    for switched in (found.vaults, found.venues, found.strategies, found.followers):
        assert switched == Table(HALTED)


@pytest.mark.parametrize("kind", ["vault", "venue", "strategy", "follower"])
def test_a_scoped_switch_is_on_in_its_scope_alone(kind: str) -> None:
    found = with_files({STOP: switch("stop", scope=f"{kind}: momentum")}).overlay
    tables = {
        "vault": found.vaults,
        "venue": found.venues,
        "strategy": found.strategies,
        "follower": found.followers,
    }
    assert found.everywhere == Switches()
    for name, switched in tables.items():
        assert switched == Table(Switches(), {"momentum": HALTED} if name == kind else {})


def test_a_persona_switch_is_on_for_the_vaults_that_trade_as_it() -> None:
    found = with_files({STOP: switch("stop", scope="persona: athena")}).overlay
    assert found.vaults == Table(Switches(), {"crypto": HALTED})


def test_a_vault_nobody_knows_yet_can_be_halted_ahead() -> None:
    found = with_files({STOP: switch("stop", scope="vault: tomorrow")}).overlay
    assert found.vaults.at("tomorrow") == HALTED


def test_switches_of_one_kind_last_as_long_as_the_longest() -> None:
    later = START + HOUR
    found = with_files(
        {
            STOP: switch("stop", until=START),
            f"{HERE}halts/other.yaml": switch("other", until=later, scope="vault: crypto"),
        }
    ).overlay
    assert found.vaults.at("crypto").full_halt == later
    assert found.vaults.at("momentum").full_halt == START


def effect(before: dict[str, Content], after: dict[str, Content]) -> Effect:
    return classify(changes(with_files(before), with_files(after)))


def test_a_halt_widened_from_one_vault_to_everywhere_tightens() -> None:
    one, all_ = {STOP: switch("stop", scope="vault: crypto")}, {STOP: switch("stop")}
    assert effect(dict(one), dict(all_)) is Effect.TIGHTENS
    assert effect(dict(all_), dict(one)) is Effect.LOOSENS


def test_a_halt_moved_from_one_vault_to_another_loosens() -> None:
    assert (
        effect(
            {STOP: switch("stop", scope="vault: crypto")},
            {STOP: switch("stop", scope="vault: momentum")},
        )
        is Effect.LOOSENS
    )


def test_a_halt_renamed_or_moved_between_files_changes_nothing() -> None:
    files: dict[str, Content] = {f"{HERE}halts/other.yaml": switch("other")}
    assert effect({STOP: switch("stop")}, files) is Effect.NEUTRAL


def test_a_halt_given_an_end_or_an_earlier_one_loosens() -> None:
    ends: dict[str, Content] = {STOP: switch("stop", until=START + HOUR)}
    assert effect({STOP: switch("stop")}, ends) is Effect.LOOSENS
    assert effect(ends, {STOP: switch("stop", until=START)}) is Effect.LOOSENS
    assert effect(ends, {STOP: switch("stop", until=START + DAY)}) is Effect.TIGHTENS


def test_a_vault_moved_out_from_under_a_persona_halt_loosens() -> None:
    halt: dict[str, Content] = {STOP: switch("stop", scope="persona: ares")}
    moved: dict[str, Content] = {**halt, MOMENTUM: vault("momentum", persona="athena")}
    found = changes(with_files(halt), with_files(moved))
    loosened = [change.path for change in found if change.effect is Effect.LOOSENS]
    assert loosened == [("overlay", "vaults", "momentum", "full_halt")]


def test_a_renamed_vault_is_a_new_one() -> None:
    files = {path: text for path, text in FILES.items() if path != CRYPTO}
    renamed = compiled({**files, f"{HERE}vaults/coins.yaml": vault("coins", persona="athena")})
    assert {c.path: c.effect for c in changes(BASE, renamed)} == {
        ("vaults", "coins"): Effect.LOOSENS,
        ("vaults", "crypto"): Effect.TIGHTENS,
    }


def test_what_has_expired_compares_as_off() -> None:
    over = overlay(flip(START), flip(START, of="crypto"), boosts=[boost(START)])
    ended = with_files({STOP: switch("stop", until=START), OVERLAY: over})
    assert compare(settled(ended, START - 1), BASE) is not Order.EQUAL
    assert settled(ended, START) == BASE


def test_a_halt_read_on_its_own_covers_the_vaults_in_force() -> None:
    text = switch("stop", scope="persona: ares")
    found = read_document(text.encode(), file=STOP)
    assert isinstance(found, OverlayDocument)
    assert expand(found.spec.switches, {"momentum": "ares", "crypto": "athena"}).vaults == Table(
        Switches(), {"momentum": HALTED}
    )


# Flips, releases, nodes


def test_a_flip_is_clamped_by_the_ceilings_envelope() -> None:
    policy = with_files(
        {
            CEILING: document(
                "Ceiling", ENVIRONMENT, "account: {}\nenvelope: {slice: 0.02, amplifier: 3}"
            ),
            OVERLAY: overlay(flip(START, slice_="0.05", amplifier="1.2")),
        }
    )
    assert policy.overlay.flips == {
        "momentum": Flip(until=START, slice=20_000, amplifier=1_200_000, conviction=600_000)
    }


def test_a_vault_has_one_flip_at_a_time() -> None:
    with pytest.raises(MalformedError, match="two flips") as refused:
        with_files({OVERLAY: overlay(flip(START), flip(START).replace("flip-momentum", "again"))})
    assert refused.value.code == "BAD_FLIP"


def test_a_flip_or_boost_of_a_vault_that_is_not_there_does_nothing() -> None:
    """There is nothing that it could loosen; whoever deletes a vault need not look for it."""
    flipped = overlay(flip(START), boosts=[boost(START)])
    there, gone = compiled({**FILES, OVERLAY: flipped}), dict(FILES)
    del gone[MOMENTUM]
    left = compiled({**gone, OVERLAY: flipped})
    assert left == compiled(gone)
    assert classify(changes(there, left)) is Effect.TIGHTENS
    loosening = changes(left, there)
    assert classify(loosening) is Effect.LOOSENS, "if the vault comes back, so does its flip: seen"
    assert ("overlay", "flips", "momentum") in {change.path[:3] for change in loosening}
    nobodys = flip(START, of="nobody")
    assert with_files({OVERLAY: overlay(nobodys, nobodys.replace("flip-nobody", "again"))}) == BASE


@pytest.mark.parametrize("scope", ["vault", "persona", "venue", "strategy", "follower"])
def test_a_switch_of_what_is_not_there_stays_what_it_is(scope: str) -> None:
    """A halt that comes before what it halts, or outlives it, is no mistake."""
    policy = with_files({STOP: switch("stop", scope=f"{scope}: nobody")})
    tables = {"venue": "venues", "strategy": "strategies", "follower": "followers"}
    held: Table[Switches] = getattr(policy.overlay, tables.get(scope, "vaults"))
    assert held.at("nobody") == (Switches() if scope == "persona" else HALTED)
    assert held.at("momentum") == Switches()


def test_a_flip_must_end() -> None:
    text = overlay(flip(START)).replace(f'until: "{flip(START).split(chr(34))[1]}", ', "")
    with pytest.raises(MalformedError, match="required"):
        with_files({OVERLAY: text})


def boosted(until: int, multiplier: str = "1.5") -> dict[str, Content]:
    return {OVERLAY: overlay(boosts=[boost(until, multiplier=multiplier)])}


def test_a_boost_is_of_one_vault_and_compares_like_a_flip() -> None:
    policy = with_files(boosted(START))
    assert policy.overlay.boosts == {"momentum": Boost(until=START, multiplier=1_500_000)}
    assert effect({}, boosted(START)) is Effect.LOOSENS
    assert effect(boosted(START), {}) is Effect.TIGHTENS
    assert effect(boosted(START), boosted(START + HOUR)) is Effect.LOOSENS
    assert effect(boosted(START), boosted(START, "1.4")) is Effect.TIGHTENS
    # Longer and smaller is looser at one instant and tighter at another: nobody can rank it.
    assert effect(boosted(START), boosted(START + HOUR, "1.4")) is Effect.LOOSENS


@pytest.mark.parametrize(
    ("ceiling", "multiplier"), [("persona: {multiplier: 1.2}", 1_200_000), ("capital: 1", 9 * PPM)]
)
def test_a_boost_is_clamped_by_the_multiplier_a_ceiling_states(
    ceiling: str, multiplier: int
) -> None:
    files = {
        CEILING: document("Ceiling", ENVIRONMENT, f"account: {{}}\n{ceiling}"),
        **boosted(START, "9"),
    }
    policy = with_files(files)
    assert policy.overlay.boosts["momentum"].multiplier == multiplier
    assert consistent(policy) == policy


def test_a_ceiling_lowered_in_force_lowers_the_boosts_under_it() -> None:
    policy = with_files(boosted(START))
    persona = msgspec.structs.replace(policy.ceiling.persona, multiplier=PPM)
    ceiling = msgspec.structs.replace(policy.ceiling, persona=persona)
    found = consistent(msgspec.structs.replace(policy, ceiling=ceiling))
    assert found.overlay.boosts["momentum"].multiplier == PPM


def test_a_vault_has_one_boost_at_a_time() -> None:
    twins = [boost(START), boost(START).replace("boost-momentum", "again")]
    with pytest.raises(MalformedError, match="two boosts") as refused:
        with_files({OVERLAY: overlay(boosts=twins)})
    assert refused.value.code == "BAD_BOOST"


def test_a_boost_must_end() -> None:
    text = overlay(boosts=[boost(START)])
    until = f'until: "{boost(START).split(chr(34))[1]}", '
    assert until in text
    with pytest.raises(MalformedError, match="required"):
        with_files({OVERLAY: text.replace(until, "")})


def test_switches_flips_and_boosts_share_their_names() -> None:
    text = overlay(flip(START), boosts=[boost(START).replace("boost-", "flip-")])
    with pytest.raises(MalformedError, match="flip-momentum") as refused:
        with_files({OVERLAY: text})
    assert refused.value.code == "DUPLICATE_ENTRY"


def test_releases_of_every_overlay_add_up() -> None:
    policy = with_files(
        {
            OVERLAY: overlay(released=["aaaa"]),
            STOP: document("Overlay", "stop", 'released: ["bbbb"]'),
        }
    )
    assert policy.released == {"aaaa", "bbbb"}


def test_nodes_are_trusted_by_the_policy() -> None:
    key = person("executor").key.openssh
    text = authority(KEYS, nodes=f'[{{name: executor, keys: ["{key}"]}}]')
    assert with_files({AUTHORITY: text}).nodes == {"executor": (key,)}


def test_the_order_of_files_changes_nothing() -> None:
    assert compiled(dict(reversed(FILES.items()))) == BASE
