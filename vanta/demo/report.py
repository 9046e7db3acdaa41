"""`report.html`: the story with its figures and pictures in one file, readable offline."""

from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from vanta.demo.story import Story


@dataclass(frozen=True)
class Bar:
    """One bar of a picture."""

    name: str
    value: float
    shown: str


@dataclass(frozen=True)
class Picture:
    """Horizontal bars, drawn as SVG and told as a table for those who do not see it."""

    title: str
    caption: str
    bars: tuple[Bar, ...]

    @property
    def scale(self) -> float:
        """Pixels for one unit, so that the longest bar fits."""
        return 420 / max((bar.value for bar in self.bars), default=1) if self.bars else 0.0


@dataclass(frozen=True)
class Moment:
    """One thing that happened, on the time line of the trading day."""

    at: str
    symbol: str
    side: str
    what: str
    outcome: str


def render(
    story: Story,
    *,
    pictures: list[Picture],
    moments: list[Moment],
    explanation: str,
    feeds: str,
    made: str,
) -> str:
    """The page.

    Args:
        story: what happened.
        pictures: drawn in the order given.
        moments: the orders and denials worth a line, oldest first.
        explanation: one order explained, as text.
        feeds: which feeds it was told on.
        made: when, and on what.
    """
    # Everything on the page, feeds included, is somebody else's text until it is escaped.
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    source = (files("vanta.demo") / "report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        story=story,
        pictures=pictures,
        moments=moments,
        explanation=explanation,
        feeds=feeds,
        made=made,
    )
