"""A turn of collecting: every source that is configured, each by itself, within one budget."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import msgspec

from vanta.domain.errors import MalformedError, UnavailableError, VantaError
from vanta.markets.collectors import crypto, prices
from vanta.markets.collectors.recorded import SLACK
from vanta.markets.fetch import (
    alpaca,
    alpaca_options,
    coinbase,
    gdelt,
    kraken,
    reddit,
    sec,
    sec_ownership,
    x,
)
from vanta.markets.fetch.asking import Terms
from vanta.markets.fetch.shelf import Shelf
from vanta.markets.fetch.source import Ask, Source, Tier
from vanta.markets.permission import CollectorsHaltedError
from vanta.node.collecting import CollectConfig

_WRITTEN: tuple[tuple[re.Pattern[str], int], ...] = (
    (sec.PLACES, 0),
    (sec_ownership.PLACES, 0),
    (coinbase.PLACES, crypto.HISTORY),
    (kraken.PLACES, crypto.HISTORY),
    (alpaca.PLACES, prices.HISTORY),
    (alpaca_options.PLACES, 0),
    (gdelt.PLACES, 0),
    (reddit.PLACES, 0),
    (x.PLACES, 0),
)
"""What is written, and how far back the models that read it look."""


T = TypeVar("T")


class Failure(msgspec.Struct, frozen=True):
    """Something that was asked for, and was not recorded."""

    what: str
    error: VantaError


class Collected(msgspec.Struct):
    """What one source came to."""

    source: str
    asked: int = 0
    new: int = 0
    """Records that were not there yet."""
    failures: list[Failure] = []


class Turn(msgspec.Struct):
    """What a turn came to."""

    sources: list[Collected]
    halted: CollectorsHaltedError | None = None
    """Why nobody was asked, or nobody any more."""
    pruned: int = 0
    """Files that were old enough to go."""

    @property
    def failures(self) -> list[tuple[str, Failure]]:
        """Of every source, with its name."""
        return [(one.source, failure) for one in self.sources for failure in one.failures]


def makers(
    config: CollectConfig, terms: Terms, shelf: Shelf
) -> list[tuple[str, Callable[[], Source]]]:
    """How each source that is configured is made; the slow ones last."""
    found: list[tuple[str, Callable[[], Source]]] = []

    def wanted(name: str, kind: Callable[[T, Terms, Shelf], Source], at: T | None) -> None:
        if at is not None:
            found.append((name, partial(kind, at, terms, shelf)))

    wanted("sec", sec.Sec, config.sec)
    wanted("sec ownership", sec_ownership.SecOwnership, config.sec)
    wanted("coinbase", coinbase.Coinbase, config.coinbase)
    wanted("alpaca", alpaca.Alpaca, config.alpaca)
    wanted("alpaca options", alpaca_options.AlpacaOptions, config.alpaca)
    wanted("kraken", kraken.Kraken, config.kraken)
    wanted("reddit", reddit.Reddit, config.reddit)
    wanted("x", x.X, config.x)
    wanted("gdelt", gdelt.Gdelt, config.gdelt)
    return found


def planned(config: CollectConfig, terms: Terms, shelf: Shelf, tier: Tier) -> Iterator[Ask]:
    """What a turn would ask; nobody is asked."""
    for _, make in makers(config, terms, shelf):
        yield from make().asks(tier)


def collect(config: CollectConfig, terms: Terms, shelf: Shelf, tier: Tier) -> Turn:
    """Ask every source for what a turn of this tier asks, and record what they answer.

    A source that fails keeps no other from its turn.
    """
    turn = Turn([])
    try:
        with terms.endings:
            terms.permit()
            for name, make in makers(config, terms, shelf):
                one = Collected(name)
                try:
                    _each(one, make, tier)
                finally:
                    if one.asked or one.failures:
                        turn.sources.append(one)
    except CollectorsHaltedError as error:
        turn.halted = error
        return turn
    if tier is not Tier.LIGHT:
        _prune(turn, config, shelf, terms.now)
    return turn


def _each(one: Collected, make: Callable[[], Source], tier: Tier) -> None:
    try:
        source = make()
    except VantaError as error:
        one.failures.append(Failure(one.source, error))
        return
    for ask in source.asks(tier):
        one.asked += 1
        try:
            one.new += ask.take()
        except CollectorsHaltedError:
            raise
        except VantaError as error:
            one.failures.append(Failure(ask.what, error))
            if getattr(error, "over", not isinstance(error, MalformedError)):
                return


def _prune(turn: Turn, config: CollectConfig, shelf: Shelf, now: int) -> None:
    for written, history in _WRITTEN:
        try:
            turn.pruned += shelf.prune(written, now - max(config.keep, history + SLACK))
        except UnavailableError as error:
            turn.sources.append(Collected("pruning", failures=[Failure("old files", error)]))
            return
