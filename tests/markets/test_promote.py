"""Governed thresholds: at each limit a view passes, and beyond it is held with that code."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.house import COMMIT, NOON, policy
from tests.markets.test_rerank import view
from vanta.domain.conviction import Conviction
from vanta.domain.instant import DAY, HOUR, MINUTE
from vanta.domain.policy import Flip
from vanta.domain.trading import Intent
from vanta.markets.promote import (
    Held,
    Moment,
    Promoted,
    Terms,
    independent,
    intents,
    key,
    personas_of,
    strategy,
    terms_of,
)
from vanta.markets.rerank import Ranking, rank

NOW = NOON + 10**17
MOMENT = Moment(NOW, NOON, "markets@test", COMMIT)
BASE = terms_of(policy())[2]
assert BASE.vault == "momentum-us"


def ask(
    *views: Conviction,
    terms: Terms = BASE,
    last: dict[str, Promoted] | None = None,
    ranking: Ranking | None = None,
    moment: Moment = MOMENT,
) -> tuple[list[Intent], list[Held]]:
    order = ranking or rank(views, NOON, None)
    return intents(order, {one.id: one for one in views}, [terms], last or {}, moment)


def codes(found: Conviction, **changes: object) -> tuple[str, ...]:
    asked, held = ask(found, terms=msgspec.structs.replace(BASE, **changes))
    assert bool(asked) != bool(held)
    return held[0].codes if held else ()


GOOD = view("AAPL", 600_000, ares=600_000)


def test_a_view_that_meets_everything_becomes_one_intent() -> None:
    [intent], held = ask(GOOD)
    assert held == []
    assert (intent.vault, intent.symbol, intent.side) == ("momentum-us", "AAPL", "buy")
    assert (intent.conviction, intent.band, intent.strategy) == (600_000, "lean", "sentiment")
    assert intent.created == NOW
    assert intent.expires == NOW + 10 * MINUTE
    assert intent.market_time == NOON
    assert (intent.build, intent.policy) == ("markets@test", COMMIT)
    assert intent.dag_id == intent.conviction_id == GOOD.id
    assert not intent.reducing
    assert not intent.flip


def test_the_id_depends_on_the_conviction_and_the_vault_alone() -> None:
    [first], _ = ask(GOOD)
    [again], _ = ask(GOOD, moment=MOMENT._replace(now=NOW + 5))
    [other], _ = ask(GOOD, terms=msgspec.structs.replace(BASE, vault="another"))
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("field", "passes", "fails", "code"),
    [
        ("conviction", 600_000, 600_001, "CONVICTION"),
        ("persona_conviction", 600_000, 600_001, "PERSONA_CONVICTION"),
        ("reasons", 2, 3, "REASONS"),
        ("allow", ("AAPL",), ("MSFT",), "UNIVERSE_ALLOW"),
        ("allow", ("*",), (), "UNIVERSE_ALLOW"),
        ("deny", ("MSFT",), ("AAPL",), "UNIVERSE_DENY"),
        ("deny", (), ("*",), "UNIVERSE_DENY"),
        ("intent_age", 1, 0, "LIFETIME"),
        ("per_run", 1, 0, "PER_RUN"),
    ],
)
def test_each_threshold(field: str, passes: object, fails: object, code: str) -> None:
    assert codes(GOOD, **{field: passes}) == ()
    assert codes(GOOD, **{field: fails}) == (code,)


def test_the_age_of_the_youngest_signal_is_by_the_markets_time() -> None:
    old = msgspec.structs.replace(GOOD, youngest=NOON - DAY)
    assert codes(old, signal_age=DAY) == ()
    assert codes(old, signal_age=DAY - 1) == ("SIGNAL_AGE",)


def test_every_threshold_not_met_is_named_not_only_the_first() -> None:
    assert codes(GOOD, conviction=10**6, reasons=9, deny=("AAPL",)) == (
        "UNIVERSE_DENY",
        "CONVICTION",
        "REASONS",
    )


def test_another_asset_class_or_a_whisper_is_not_even_asked_about() -> None:
    assert ask(GOOD, terms=msgspec.structs.replace(BASE, asset_classes=("crypto",))) == ([], [])
    assert ask(view("AAPL", 299_999, ares=299_999)) == ([], [])


def test_shares_are_asked_for_while_new_york_trades_and_coins_always() -> None:
    night = msgspec.structs.replace(GOOD, as_of=NOON + 8 * HOUR, youngest=NOON + 8 * HOUR)
    assert codes(night) == ("HOURS",)
    coin = msgspec.structs.replace(night, asset_class="crypto", symbol="BTC-USD")
    terms = {"asset_classes": ("crypto",), "allow": ("BTC-USD",)}
    assert codes(coin, **terms) == ()


def test_the_personas_own_order_decides_who_comes_first() -> None:
    views = [view("AAPL", 600_000, ares=650_000), view("AMD", 700_000, ares=640_000)]
    asked, held = ask(*views, terms=msgspec.structs.replace(BASE, per_run=1))
    assert [intent.symbol for intent in asked] == ["AAPL"]
    assert [one.codes for one in held] == [("PER_RUN",)]


def test_a_sell_in_a_vault_that_may_not_be_short_only_reduces() -> None:
    sell = view("AAPL", 600_000, "sell", ares=600_000)
    [careful], _ = ask(sell)
    [free], _ = ask(sell, terms=msgspec.structs.replace(BASE, short=True))
    assert careful.reducing
    assert not free.reducing


def test_a_vault_is_not_asked_twice_for_the_same() -> None:
    last = {key("momentum-us", "AAPL"): Promoted("buy", 600_000, NOON - HOUR)}
    assert ask(GOOD, last=last)[1][0].codes == ("REPEAT",)
    other_side = {key("momentum-us", "AAPL"): Promoted("sell", 600_000, NOON - HOUR)}
    assert ask(GOOD, last=other_side)[0]
    risen = {key("momentum-us", "AAPL"): Promoted("buy", 499_999, NOON - HOUR)}
    assert ask(GOOD, last=risen)[0]
    yesterday = {key("momentum-us", "AAPL"): Promoted("buy", 600_000, NOON - DAY)}
    assert ask(GOOD, last=yesterday)[0]
    other_vault = {key("crypto-flow", "AAPL"): Promoted("buy", 600_000, NOON)}
    assert ask(GOOD, last=other_vault)[0]


def test_a_turn_waits_until_it_stays() -> None:
    first = rank([view("AAPL", 600_000, "sell")], NOON, None)
    turned = rank([GOOD], NOON, first)
    assert ask(GOOD, ranking=turned)[1][0].codes == ("TURNED",)


def flipped(until: int, conviction: int = 400_000) -> Terms:
    flip = Flip(until=until, slice=100_000, amplifier=10**6, conviction=conviction)
    return terms_of(policy(flips={"momentum-us": flip}))[2]


def test_an_open_flip_takes_the_personas_place_and_ends_by_the_nodes_clock() -> None:
    terms = msgspec.structs.replace(flipped(NOW + MINUTE), persona_conviction=900_000)
    [intent], _ = ask(GOOD, terms=terms)
    assert intent.flip
    assert intent.expires == NOW + MINUTE
    over = msgspec.structs.replace(flipped(NOW), persona_conviction=900_000)
    assert ask(GOOD, terms=over)[1][0].codes == ("PERSONA_CONVICTION",)


def test_a_flip_does_not_lower_the_vaults_own_floor() -> None:
    terms = msgspec.structs.replace(flipped(NOW + MINUTE), conviction=600_001)
    assert ask(GOOD, terms=terms)[1][0].codes == ("CONVICTION",)
    assert ask(GOOD, terms=flipped(NOW + MINUTE, 600_001))[1][0].codes == ("PERSONA_CONVICTION",)


def test_what_only_confirms_is_no_reason() -> None:
    assert independent(GOOD) == 2
    quiet = tuple(msgspec.structs.replace(r, model="volume/1") for r in GOOD.reasons)
    assert independent(msgspec.structs.replace(GOOD, reasons=quiet)) == 0
    assert strategy(GOOD) == "sentiment"


def test_terms_are_what_the_policy_says() -> None:
    assert BASE.persona == "ares"
    assert BASE.horizon == 3 * DAY
    assert [one.vault for one in terms_of(policy())] == [
        "crypto-flow", "fundamental-core", "momentum-us",
    ]  # fmt: skip
    assert [one.name for one in personas_of(terms_of(policy()))] == ["apollo", "ares", "athena"]


SCORES = st.integers(300_000, 10**6)
TIGHTER = st.sampled_from(
    [
        {"conviction": 800_000},
        {"persona_conviction": 800_000},
        {"reasons": 3},
        {"signal_age": 0},
        {"allow": ("AAPL",)},
        {"deny": ("AAPL", "MSFT")},
        {"intent_age": 0},
        {"asset_classes": ()},
    ]
)


@given(
    st.dictionaries(st.sampled_from(["AAPL", "MSFT", "NVDA", "AMD"]), SCORES, max_size=4), TIGHTER
)
@settings(max_examples=120)
def test_tighter_thresholds_never_admit_what_looser_ones_hold(
    scores: dict[str, int], tighter: dict[str, object]
) -> None:
    """But for the bound on a run: what one view leaves unused another may use."""
    views = [
        msgspec.structs.replace(view(symbol, score, ares=score), youngest=NOON - HOUR)
        for symbol, score in scores.items()
    ]
    loose, _ = ask(*views)
    tight, _ = ask(*views, terms=msgspec.structs.replace(BASE, **tighter))
    assert {intent.id for intent in tight} <= {intent.id for intent in loose}
