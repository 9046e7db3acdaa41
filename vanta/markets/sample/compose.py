"""The bundled sample: `compose` writes three invented days of every feed into a folder.

The files have the formats, the layout and the quirks of the recorded feeds. They are the same bytes
each time, so what a first run shows can be compared with what the documentation says.
"""

from pathlib import Path
from random import Random

from vanta.markets.sample import filings, prices, words
from vanta.markets.sample.plot import SEED


def compose(directory: Path) -> None:
    """Write `twitter/`, `reddit/`, `sec/`, `news/`, `rss/`, `crypto/`, `options/` and `prices/`.

    Args:
        directory: made where it is missing; files of the sample's names are replaced.
    """
    rng = Random(SEED)  # noqa: S311 - a story, not a secret
    sampled = prices.write_shares(directory / "prices", rng)
    prices.write_coins(directory / "crypto", rng)
    prices.write_options(directory / "options", sampled, rng)
    words.write_tweets(directory / "twitter", rng)
    words.write_posts(directory / "reddit", rng)
    words.write_news(directory / "news", directory / "rss", rng)
    filings.write_documents(directory / "sec" / "form345")
    filings.write_rows(directory / "sec" / "form4_parsed")
    filings.write_feed(directory / "sec" / "edgar_current_atom")
