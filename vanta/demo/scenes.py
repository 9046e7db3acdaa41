"""Which days the story is told on, and the pictures of what happened in them."""

from collections import Counter
from pathlib import Path

from vanta.demo.ledger import Tally, denied_for, of, records
from vanta.demo.play import Feeds, Play
from vanta.demo.report import Bar, Moment, Picture
from vanta.domain.errors import UnavailableError
from vanta.domain.exact import UNIT, show_units
from vanta.domain.instant import show_instant
from vanta.domain.record import Record

_MOMENTS = 60

RECORDED = (
    ("2014-06-05T13:00:00Z", "2014-06-06T14:00:00Z"),
    ("2014-06-06T14:00:00Z", "2014-06-06T15:00:00Z"),
    ("2014-06-06T15:00:00Z", "2014-06-06T17:00:00Z"),
    ("2014-06-09T13:30:00Z", "2014-06-09T20:00:00Z"),
)
"""Around Apple's seven-for-one split: tweets, prices and every option trade were recorded."""


def recorded_feeds(folder: Path) -> Feeds:
    """Real recorded days.

    Raises:
        UnavailableError: the folder does not hold June 2014.
    """
    if not (folder / "twitter" / "tweets_2014-06.jsonl.gz").exists():
        raise UnavailableError(
            "these feeds do not hold June 2014, which the story is told on",
            code="NO_FEEDS",
            place=str(folder),
            remedy="leave FEEDS out to use the bundled sample",
        )
    name = "real recorded tweets, prices and options of 5 to 9 June 2014"
    return Feeds(folder.resolve(), name, RECORDED, "1h")


def pictures(play: Play, tally: Tally) -> list[Picture]:
    """What the report draws."""
    harvest = records(play.stage.node("markets"), "harvest")
    signals = Counter(s["signal"]["feed"] for s in of(harvest, "signal.harvested"))
    aside = Counter(s["set_aside"]["code"] for s in of(harvest, "item.set_aside"))
    traded: Counter[str] = Counter()
    for fill in tally.fills:
        traded[fill["symbol"]] += fill["price"] * fill["quantity"] // UNIT
    return [
        _bars("Signals by feed", "What was harvested, after repeats were left out.", signals),
        _bars("Items set aside", "Malformed or unusable, by reason; none stopped it.", aside),
        _bars("Why orders were denied", "Every fence that said no is counted.", tally.codes),
        Picture(
            "Traded by symbol",
            "Notional of all fills on the paper broker, in dollars.",
            tuple(
                Bar(symbol, float(worth), f"${show_units(worth // UNIT * UNIT)}")
                for symbol, worth in traded.most_common(12)
            ),
        ),
    ]


def _bars(title: str, caption: str, counted: Counter[str]) -> Picture:
    bars = tuple(Bar(name, float(n), f"{n:,}") for name, n in counted.most_common(12))
    return Picture(title, caption, bars)


def moments(trades: list[Record]) -> list[Moment]:
    """The last decisions, oldest first, each with what came of it."""
    outcome: dict[str, str] = {}
    for prepared in of(trades, "order.prepared"):
        outcome[prepared["order"]["client_order_id"]] = "prepared"
    for kind in ("cancelled", "rejected", "withheld"):
        for each in of(trades, f"order.{kind}"):
            outcome[each["client_order_id"]] = kind
    filled: Counter[str] = Counter()
    for each in of(trades, "order.filled"):
        filled[each["fill"]["client_order_id"]] += each["fill"]["quantity"]
    for name, quantity in filled.items():
        outcome[name] = f"filled {show_units(quantity)}"
    found = []
    for made in of(trades, "decision.made"):
        intent, decision = made["intent"], made["decision"]
        order = decision["order"]
        what = "accepted" if order else "denied: " + ", ".join(sorted(denied_for(made)))
        found.append(
            Moment(
                show_instant(intent["market_time"]),
                f"{intent['symbol']} ({intent['vault']})",
                intent["side"],
                what,
                outcome.get(order["client_order_id"], "") if order else "-",
            )
        )
    return found[-_MOMENTS:]


def sample_feeds(folder: Path) -> Feeds:
    """The bundled sample, composed into a folder."""
    # Only Markets knows how its sample is made; the demo is above it and asks.
    from vanta.markets.sample.compose import compose  # noqa: PLC0415 - not needed with --feeds

    compose(folder)
    return Feeds(folder, "the bundled sample of six invented feeds", SAMPLE, "1h")


SAMPLE = (
    ("2026-03-02T13:00:00Z", "2026-03-03T14:00:00Z"),
    ("2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z"),
    ("2026-03-03T15:00:00Z", "2026-03-03T21:00:00Z"),
    ("2026-03-04T00:00:00Z", "2026-03-04T22:00:00Z"),
)
"""The sample's three trading days."""
