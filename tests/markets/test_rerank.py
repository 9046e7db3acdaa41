"""An order that does not flicker: places go to the clearly better, and turns are confirmed."""

from tests.markets.house import NOON
from vanta.domain.conviction import Conviction, Reason, Side, band
from vanta.markets.rerank import HOLD, SURE, Ranking, rank


def view(symbol: str, score: int, side: Side = "buy", **overlays: int) -> Conviction:
    reasons = (
        Reason("sentiment/1", score - score // 3, 1, 1, "x", (f"sig_{symbol}",)),
        Reason("momentum/1", score // 3, 1, 1, "x"),
    )
    return Conviction(
        id=f"conviction_{symbol}_{score}_{side}",
        symbol=symbol,
        asset_class="equity",
        as_of=NOON,
        side=side,
        score=score,
        band=band(score),
        reasons=reasons,
        overlays=overlays,
        youngest=NOON,
        audit="harvest.jsonl@1",
    )


def order(ranking: Ranking) -> list[str]:
    return [entry.symbol for entry in ranking.entries]


def test_without_a_past_the_strongest_comes_first_and_ties_go_by_name() -> None:
    views = [view("B", 500_000), view("A", 500_000), view("C", 700_000)]
    assert order(rank(views, NOON, None)) == ["C", "A", "B"]


def test_a_newcomer_has_to_be_clearly_better() -> None:
    first = rank([view("A", 500_000)], NOON, None)
    near = [view("A", 500_000), view("B", 500_000 + HOLD - 1)]
    assert order(rank(near, NOON, first)) == ["A", "B"]
    clear = [view("A", 500_000), view("B", 500_000 + HOLD + 1)]
    assert order(rank(clear, NOON, first)) == ["B", "A"]


def test_places_and_streaks_are_remembered() -> None:
    first = rank([view("A", 500_000), view("B", 400_000)], NOON, None)
    second = rank([view("A", 510_000), view("B", 900_000)], NOON, first)
    assert [(e.symbol, e.rank, e.was, e.streak) for e in second.entries] == [
        ("B", 1, 2, 2),
        ("A", 2, 1, 2),
    ]


def test_a_turn_is_looked_at_twice_unless_it_is_sure() -> None:
    first = rank([view("A", 500_000)], NOON, None)
    second = rank([view("A", 600_000, "sell")], NOON, first)
    assert second.entries[0].turned
    assert second.entries[0].streak == 1
    third = rank([view("A", 600_000, "sell")], NOON, second)
    assert not third.entries[0].turned
    assert not rank([view("A", SURE, "sell")], NOON, first).entries[0].turned


def test_a_view_that_was_noise_may_turn_at_once() -> None:
    first = rank([view("A", 299_999)], NOON, None)
    assert not rank([view("A", 600_000, "sell")], NOON, first).entries[0].turned


def test_each_persona_has_its_own_order() -> None:
    views = [view("A", 500_000, ares=100, athena=900), view("B", 600_000, ares=200, athena=300)]
    ranking = rank(views, NOON, None)
    assert ranking.personas["ares"] == (views[1].id, views[0].id)
    assert ranking.personas["athena"] == (views[0].id, views[1].id)


def test_two_rankings_of_one_instant_are_told_apart_by_what_came_before() -> None:
    first = rank([], NOON, None)
    assert rank([], NOON, first).id != first.id
    assert rank([], NOON, None) == first
