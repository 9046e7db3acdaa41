"""What happens in the three days: invented, as everything in this package."""

from typing import NamedTuple

from vanta.domain.instant import HOUR, parse_instant

DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
BEFORE = 40
"""Sessions of daily bars before the first day."""
CLOSED = ("2026-01-19", "2026-02-16")
"""Weekdays on which New York did not trade."""
START = parse_instant("2026-03-02T00:00:00Z")
END = parse_instant("2026-03-05T00:00:00Z")
STEP = HOUR
"""What a run over the sample takes as its turn."""
SEED = 20260302


class Story(NamedTuple):
    """One symbol's three days."""

    symbol: str
    name: str
    price: float
    """Dollars, before the first day."""
    daily: float
    """Usual size of a day's move."""
    volume: int
    """Usual shares or coins of a day."""
    moves: tuple[float, float, float]
    mood: tuple[float, float, float]
    """-1 to 1: what is said of it."""
    talk: tuple[int, int, int]
    """Tweets of each day."""
    crowd: tuple[float, float, float]
    """Volume in usual volumes."""
    calls: tuple[float, float, float] = (0, 0, 0)
    """Share of calls among the day's option contracts; 0 for no options."""


STORIES = (
    Story("AAPL", "Apple", 240.0, 0.011, 48_000_000, (0.009, 0.016, 0.003), (0.5, 0.8, 0.1),
          (26, 34, 18), (1.1, 1.8, 0.9), (0.62, 0.74, 0.60)),
    Story("MSFT", "Microsoft", 415.0, 0.009, 21_000_000, (0.001, -0.002, 0.001), (0.0, 0.1, 0.0),
          (8, 7, 8), (0.9, 1.0, 0.9)),
    Story("NVDA", "NVIDIA", 182.0, 0.018, 170_000_000, (0.028, 0.034, -0.012), (0.9, 0.9, -0.2),
          (38, 44, 26), (1.9, 2.4, 1.2), (0.72, 0.78, 0.55)),
    Story("TSLA", "Tesla", 401.0, 0.022, 80_000_000, (-0.031, -0.042, -0.008), (-0.8, -0.9, -0.3),
          (34, 40, 22), (1.7, 2.6, 1.1), (0.41, 0.33, 0.48)),
    Story("AMD", "Advanced Micro Devices", 204.0, 0.021, 34_000_000, (0.006, 0.041, 0.012),
          (0.3, 0.9, 0.4), (12, 28, 16), (1.0, 2.3, 1.3)),
    Story("JPM", "JPMorgan", 305.0, 0.010, 9_000_000, (0.006, 0.014, 0.011), (0.4, 0.6, 0.6),
          (8, 12, 14), (1.0, 1.4, 1.3)),
    Story("XOM", "Exxon Mobil", 128.0, 0.012, 15_000_000, (-0.006, -0.021, -0.017),
          (-0.3, -0.8, -0.8), (7, 14, 16), (1.0, 1.9, 1.8)),
    Story("BTC-USD", "Bitcoin", 71_500.0, 0.024, 13_000, (0.034, 0.022, -0.068), (0.8, 0.7, -0.9),
          (30, 26, 42), (1.6, 1.4, 3.0)),
    Story("ETH-USD", "Ethereum", 2_350.0, 0.031, 130_000, (0.011, 0.044, -0.059),
          (0.4, 0.8, -0.8), (14, 22, 26), (1.1, 1.9, 2.6)),
)  # fmt: skip


def tag(story: Story) -> str:
    """How people mark the symbol: `$AAPL`, `$BTC`."""
    return "$" + story.symbol.partition("-")[0]


def is_coin(story: Story) -> bool:
    """Whether it trades round the clock."""
    return "-" in story.symbol
