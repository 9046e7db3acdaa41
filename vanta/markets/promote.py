"""From a ranking to intents, under thresholds that are governed like any other limit.

Everything a promotion depends on is an argument, `Terms` being the part of the policy it reads;
signing and sending happen at the edge.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from vanta.domain.conviction import BANDS, Conviction, Side, band
from vanta.domain.encoding import content_id
from vanta.domain.instant import DAY, NEVER, SECOND
from vanta.domain.policy import Flip, Policy
from vanta.domain.trading import Intent
from vanta.lattice.direction import EVERYTHING
from vanta.markets.personas import Persona
from vanta.markets.reflect import CLIP
from vanta.markets.rerank import Ranked, Ranking
from vanta.markets.times import regular_hours

CONFIRMING = frozenset({"relevance", "volume", CLIP.partition("/")[0]})
"""Models that are no reason by themselves."""
REASK = DAY
"""By the market's time, after which a vault is asked again at the latest: the Executor may have
said no for a reason that has passed, and sizes to what is left of the band in any case."""
CANDIDATE = 300_000
"""Views weaker than this, ppm, are not asked about at all."""
AHEAD = 2 * SECOND
"""By which a proposal may be from the future: a clock that is being set goes back a little."""
NAMESPACE = "vanta-intent"
"""What an intent is signed for."""


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one vault's policy says to a promotion; journalled with it."""

    vault: str
    persona: str
    horizon: int
    persona_conviction: int
    conviction: int
    reasons: int
    signal_age: int
    per_run: int
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    asset_classes: tuple[str, ...]
    short: bool
    intent_age: int
    duplicate_window: int
    flip_until: int
    flip_conviction: int


class Promoted(msgspec.Struct, frozen=True, array_like=True):
    """What a vault was last asked for in a symbol."""

    side: Side
    conviction: int
    market_time: int


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view that was not promoted to a vault, and every threshold it did not meet."""

    conviction_id: str
    vault: str
    codes: tuple[str, ...]


class Moment(NamedTuple):
    """When, by whom and under which policy."""

    now: int
    """The node's clock: ages, flips and lifetimes."""
    market_time: int
    build: str
    commit: str


def terms_of(policy: Policy) -> tuple[Terms, ...]:
    """What a promotion reads of a policy, by vault."""
    found = []
    for name in sorted(policy.vaults):
        vault = policy.vaults[name]
        flip = policy.overlay.flips.get(name, Flip())
        found.append(
            Terms(
                vault=name,
                persona=vault.persona.name,
                horizon=vault.persona.horizon,
                persona_conviction=vault.persona.conviction,
                conviction=vault.promotion.conviction,
                reasons=vault.promotion.reasons,
                signal_age=vault.promotion.signal_age,
                per_run=vault.promotion.per_run,
                allow=tuple(sorted(vault.universe.allow)),
                deny=tuple(sorted(vault.universe.deny)),
                asset_classes=tuple(sorted(vault.universe.asset_classes)),
                short=bool(vault.positions.short),
                intent_age=vault.orders.intent_age,
                duplicate_window=vault.orders.duplicate_window,
                flip_until=max(NEVER, flip.until),
                flip_conviction=flip.conviction,
            )
        )
    return tuple(found)


def personas_of(terms: Sequence[Terms]) -> tuple[Persona, ...]:
    """The personas these vaults trade by; the same name under two horizons is the shorter."""
    found: dict[str, int] = {}
    for one in terms:
        if one.persona:
            found[one.persona] = min(found.get(one.persona, one.horizon), one.horizon)
    return tuple(Persona(name, found[name]) for name in sorted(found))


def key(vault: str, symbol: str) -> str:
    """What a promotion is remembered under."""
    return f"{vault}/{symbol}"


def independent(view: Conviction) -> int:
    """Reasons that point the view's way and do not only confirm others."""
    return sum(
        reason.part > 0 and reason.model.partition("/")[0] not in CONFIRMING
        for reason in view.reasons
    )


def strategy(view: Conviction) -> str:
    """The model that leads the view: what a switch on a strategy stops."""
    leading = max(
        (reason for reason in view.reasons if reason.model.partition("/")[0] not in CONFIRMING),
        key=lambda reason: (reason.part, reason.model),
    )
    return leading.model.partition("/")[0]


def _member(name: str, names: tuple[str, ...]) -> bool:
    return EVERYTHING in names or name in names


def _step(conviction: int) -> int:
    return sum(conviction >= edge for edge, _ in BANDS)


def _repeats(view: Conviction, score: int, last: Promoted | None, terms: Terms) -> bool:
    """Whether the vault was asked for this already, and the view did not rise by a band since."""
    if last is None or last.side != view.side or _step(score) > _step(last.conviction):
        return False
    patience = max(terms.duplicate_window, min(terms.horizon, REASK))
    return abs(view.as_of - last.market_time) < patience


def _codes(
    view: Conviction, entry: Ranked, score: int, terms: Terms, last: Promoted | None, moment: Moment
) -> tuple[str, ...]:
    flip = terms.flip_until > moment.now
    persona_floor = terms.flip_conviction if flip else terms.persona_conviction
    checks = (
        ("UNIVERSE_ALLOW", _member(view.symbol, terms.allow)),
        ("UNIVERSE_DENY", not _member(view.symbol, terms.deny)),
        ("CONVICTION", score >= terms.conviction),
        ("PERSONA_CONVICTION", score >= persona_floor),
        ("REASONS", independent(view) >= terms.reasons),
        ("SIGNAL_AGE", view.as_of - view.youngest <= terms.signal_age),
        ("LIFETIME", terms.intent_age > 0),
        # An intent lives for minutes: one for a closed market would die before the bell.
        ("HOURS", view.asset_class == "crypto" or regular_hours(view.as_of)),
        ("TURNED", not entry.turned),
        ("REPEAT", not _repeats(view, score, last, terms)),
    )
    return tuple(code for code, met in checks if not met)


def _intent(view: Conviction, score: int, terms: Terms, moment: Moment) -> Intent:
    flip = terms.flip_until > moment.now
    expires = moment.now + terms.intent_age
    return Intent(
        id=content_id("intent", view.id.encode(), terms.vault.encode()),
        vault=terms.vault,
        symbol=view.symbol,
        asset_class=view.asset_class,
        side=view.side,
        reducing=view.side == "sell" and not terms.short,
        conviction=score,
        band=band(score),
        conviction_id=view.id,
        strategy=strategy(view),
        flip=flip,
        created=moment.now,
        expires=min(expires, terms.flip_until) if flip else expires,
        market_time=moment.market_time,
        build=moment.build,
        policy=moment.commit,
        dag_id=view.id,
    )


def intents(
    ranking: Ranking,
    views: Mapping[str, Conviction],
    terms: Sequence[Terms],
    last: Mapping[str, Promoted],
    moment: Moment,
) -> tuple[list[Intent], list[Held]]:
    """What each vault is asked for, in its persona's order, and what it is not and why.

    Args:
        ranking: of this instant.
        views: its convictions by id.
        terms: one per vault.
        last: what each vault was last asked for, by `key`.
        moment: when, by whom, under which policy.
    """
    entries = {entry.conviction_id: entry for entry in ranking.entries}
    asked: list[Intent] = []
    held: list[Held] = []
    for one in terms:
        taken = 0
        order = ranking.personas.get(one.persona) or tuple(entries)
        for view in (views[conviction_id] for conviction_id in order):
            score = view.overlays.get(one.persona, view.score)
            if score < CANDIDATE or not _member(view.asset_class, one.asset_classes):
                continue
            before = last.get(key(one.vault, view.symbol))
            codes = _codes(view, entries[view.id], score, one, before, moment)
            if not codes and taken >= one.per_run:
                codes = ("PER_RUN",)
            if codes:
                held.append(Held(view.id, one.vault, codes))
            else:
                taken += 1
                asked.append(_intent(view, score, one, moment))
    return asked, held


def proposal_id(intent_id: str) -> str:
    """Id of the record that proposes an intent, which its promotion has another one for."""
    return content_id("proposal", intent_id.encode())


class Denied(NamedTuple):
    """A proposal that is not signed, and everything that is wrong with it."""

    intent: Intent
    codes: tuple[str, ...]


def admit(
    proposed: Sequence[Intent], terms: Sequence[Terms], now: int
) -> tuple[list[Intent], list[Denied]]:
    """Which proposals a promoter signs, under the policy in force when it does; pure.

    Who proposes reads what strangers write. So nothing it says of a vault is believed: each
    proposal is held against the terms again, which may have been tightened meanwhile.

    Args:
        proposed: in the order they were made.
        terms: one per vault.
        now: the node's clock.
    """
    by_vault = {one.vault: one for one in terms}
    signed: list[Intent] = []
    denied: list[Denied] = []
    for intent in proposed:
        codes = _wrong(intent, by_vault.get(intent.vault), now)
        if codes:
            denied.append(Denied(intent, codes))
        else:
            signed.append(intent)
    return signed, denied


def _wrong(intent: Intent, terms: Terms | None, now: int) -> tuple[str, ...]:
    if terms is None:
        return ("VAULT",)
    flip = terms.flip_until > now
    persona_floor = terms.flip_conviction if intent.flip else terms.persona_conviction
    checks = (
        ("UNIVERSE_ALLOW", _member(intent.symbol, terms.allow)),
        ("UNIVERSE_DENY", not _member(intent.symbol, terms.deny)),
        ("ASSET_CLASS", _member(intent.asset_class, terms.asset_classes)),
        ("CONVICTION", intent.conviction >= terms.conviction),
        ("PERSONA_CONVICTION", intent.conviction >= persona_floor),
        ("BAND", intent.band == band(intent.conviction)),
        ("SHORT", intent.side == "buy" or intent.reducing or terms.short),
        ("FLIP", flip or not intent.flip),
        ("LIFETIME", 0 < intent.expires - intent.created <= terms.intent_age),
        ("EXPIRED", intent.expires > now),
        ("FROM_FUTURE", intent.created <= now + AHEAD),
    )
    return tuple(code for code, met in checks if not met)
