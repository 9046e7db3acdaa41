"""What the reflection journal amounts to, and what people read of it."""

from collections.abc import Iterable, Mapping

import msgspec

from vanta.domain.conviction import Conviction
from vanta.domain.encoding import decode
from vanta.domain.record import Record
from vanta.domain.trading import Envelope, Intent
from vanta.markets import records
from vanta.markets.promote import CANDIDATE, Promoted, key
from vanta.markets.rerank import Ranking

SENT = 256
"""Intents promoted last whose envelopes are kept, to be sent again after a crash."""
PROMOTIONS = 20_000
"""Promotions remembered, a vault and a symbol each."""
STRONGEST = 50
TOP = 5

TRADE_SIGNALS = "trade_signals"
SYSTEM_BELIEF = "system_belief"
LEADERBOARD = "signal_leaderboard"


class Standing(msgspec.Struct):
    """How a model did over all reflections: how often it spoke, and what it moved."""

    views: int = 0
    moved_for: int = 0
    """ppm, summed."""
    moved_against: int = 0


class Sent(msgspec.Struct, frozen=True):
    """An intent that was handed to the bus, or was about to be."""

    expires: int
    envelope: Envelope


class Snapshot(msgspec.Struct, frozen=True):
    """All of it, as a segment opens with it."""

    started: records.ReflectionStarted | None
    ranking: Ranking | None
    views: dict[str, Conviction]
    promoted: dict[str, Promoted]
    sent: dict[str, Sent]
    held: dict[str, dict[str, tuple[str, ...]]]
    refused: str
    models: dict[str, Standing]


class Beliefs:
    """The state of a reflection journal."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.started = snapshot.started if snapshot else None
        self.ranking = snapshot.ranking if snapshot else None
        self.views = dict(snapshot.views) if snapshot else {}
        """Convictions of the last reflection, by id."""
        self.promoted = dict(snapshot.promoted) if snapshot else {}
        self.sent = dict(snapshot.sent) if snapshot else {}
        self.held = dict(snapshot.held) if snapshot else {}
        """Conviction id to vault to the thresholds not met, of the last reflection."""
        self.refused = snapshot.refused if snapshot else ""
        self.models = dict(snapshot.models) if snapshot else {}

    def snapshot(self) -> Snapshot:
        """All there is to know it again."""
        return Snapshot(
            self.started,
            self.ranking,
            dict(self.views),
            dict(self.promoted),
            dict(self.sent),
            dict(self.held),
            self.refused,
            dict(self.models),
        )

    def fold(self, found: Iterable[Record]) -> None:
        """Take records in, in order; types of no consequence pass."""
        for record in found:
            body = bytes(record.body)
            if record.type == records.REFLECTION_STARTED:
                self._start(decode(records.ReflectionStarted, body, place=record.id))
            elif record.type == records.CONVICTION_REFLECTED:
                self._believe(decode(records.ConvictionReflected, body, place=record.id).conviction)
            elif record.type == records.RANKING_MADE:
                self.ranking = decode(records.RankingMade, body, place=record.id).ranking
            elif record.type == records.INTENT_PROMOTED:
                promoted = decode(records.IntentPromoted, body, place=record.id)
                self._ask(promoted.intent)
                self._send(promoted)
            elif record.type == records.INTENT_PROPOSED:
                self._ask(decode(records.IntentProposed, body, place=record.id).intent)
            elif record.type == records.INTENT_HELD:
                held = decode(records.IntentHeld, body, place=record.id)
                self.held.setdefault(held.conviction_id, {})[held.vault] = held.codes
            elif record.type == records.PROMOTION_REFUSED:
                self.refused = decode(records.PromotionRefused, body, place=record.id).code

    def _start(self, started: records.ReflectionStarted) -> None:
        self.started, self.refused = started, ""
        self.views, self.held = {}, {}

    def _believe(self, view: Conviction) -> None:
        self.views[view.id] = view
        for reason in view.reasons:
            standing = self.models.setdefault(reason.model, Standing())
            standing.views += 1
            standing.moved_for += max(0, reason.part)
            standing.moved_against += max(0, -reason.part)

    def _ask(self, intent: Intent) -> None:
        name = key(intent.vault, intent.symbol)
        self.promoted.pop(name, None)
        self.promoted[name] = Promoted(intent.side, intent.conviction, intent.market_time)
        if len(self.promoted) > PROMOTIONS:
            del self.promoted[next(iter(self.promoted))]

    def _send(self, promoted: records.IntentPromoted) -> None:
        intent = promoted.intent
        self.sent[intent.id] = Sent(intent.expires, promoted.envelope)
        if len(self.sent) > SENT:
            del self.sent[next(iter(self.sent))]


def trade_signals(state: Beliefs) -> list[dict[str, object]]:
    """Every view of the last reflection in order of rank, with what came of it."""
    if state.ranking is None:
        return []
    return [
        {
            "rank": entry.rank,
            "was": entry.was,
            "streak": entry.streak,
            "turned": entry.turned,
            "conviction": state.views[entry.conviction_id],
            "held": state.held.get(entry.conviction_id, {}),
        }
        for entry in state.ranking.entries
        if entry.conviction_id in state.views
    ]


def _mood(views: Iterable[Conviction]) -> dict[str, dict[str, int]]:
    """By asset class: how many views point up and down, and their mean with its sign."""
    signed: dict[str, list[int]] = {}
    for view in views:
        score = view.score if view.side == "buy" else -view.score
        signed.setdefault(view.asset_class, []).append(score)
    return {
        name: {
            "up": sum(score > 0 for score in scores),
            "down": sum(score < 0 for score in scores),
            "mean_ppm": sum(scores) // len(scores),
        }
        for name, scores in sorted(signed.items())
    }


def _favourites(state: Beliefs) -> dict[str, list[dict[str, object]]]:
    if state.ranking is None:
        return {}
    return {
        name: [
            {"symbol": view.symbol, "side": view.side, "conviction_ppm": view.overlays[name]}
            for view in (state.views[found] for found in order if found in state.views)
            if view.overlays.get(name, 0) >= CANDIDATE
        ][:TOP]
        for name, order in sorted(state.ranking.personas.items())
    }


def _held_by(held: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for vaults in held.values():
        for codes in vaults.values():
            for code in codes:
                counts[code] = counts.get(code, 0) + 1
    return dict(sorted(counts.items()))


def system_belief(state: Beliefs) -> dict[str, object]:
    """What the house believes as a whole: mood, favourites of each persona, what holds it back."""
    started = state.started
    return {
        "as_of": started.as_of if started else 0,
        "harvest": started.harvest if started else None,
        "models": started.models if started else (),
        "policy": started.provenance if started else None,
        "mood": _mood(state.views.values()),
        "personas": _favourites(state),
        "held": _held_by(state.held),
        "promotion_refused": state.refused,
    }


def leaderboard(state: Beliefs) -> dict[str, object]:
    """Who moved what: models over all reflections, signals in the last one."""
    moved: dict[str, tuple[int, str]] = {}
    for view in state.views.values():
        for reason in view.reasons:
            for signal in reason.signals:
                strength = abs(reason.part) // len(reason.signals)
                if strength > moved.get(signal, (0, ""))[0]:
                    moved[signal] = (strength, view.symbol)
    best = sorted(moved.items(), key=lambda item: (-item[1][0], item[0]))[:STRONGEST]
    return {
        "as_of": state.started.as_of if state.started else 0,
        "models": {name: state.models[name] for name in sorted(state.models)},
        "signals": [
            {"signal": signal, "symbol": symbol, "moved_ppm": strength}
            for signal, (strength, symbol) in best
        ],
        "promoted": {name: state.promoted[name] for name in sorted(state.promoted)},
    }


VIEWS = {
    TRADE_SIGNALS: trade_signals,
    SYSTEM_BELIEF: system_belief,
    LEADERBOARD: leaderboard,
}
"""Name of each view to what it says."""
