"""The bodies of what Markets journals: `harvest`, `reflection` and `promotion.jsonl`."""

import msgspec

from vanta.domain.conviction import Conviction
from vanta.domain.policy import Provenance
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.domain.trading import Envelope, Intent
from vanta.markets.directory import Company
from vanta.markets.promote import Held, Terms
from vanta.markets.rerank import Ranking

HARVEST = "harvest"
REFLECTION = "reflection"
PROMOTION = "promotion"

DIRECTORY_LOADED = "directory.loaded"
SIGNAL_HARVESTED = "signal.harvested"
ITEM_SET_ASIDE = "item.set_aside"
HARVEST_FINISHED = "harvest.finished"
HARVEST_REFUSED = "harvest.refused"

REFLECTION_STARTED = "reflection.started"
CONVICTION_REFLECTED = "conviction.reflected"
RANKING_MADE = "ranking.made"
INTENT_PROPOSED = "intent.proposed"
INTENT_PROMOTED = "intent.promoted"
INTENT_HELD = "intent.held"
PROMOTION_REFUSED = "promotion.refused"

INTENT_DENIED = "intent.denied"
PROMOTION_STARTED = "promotion.started"
PROMOTION_FINISHED = "promotion.finished"


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class DirectoryLoaded(_Body, frozen=True):
    """The names a harvest resolves by, from here on."""

    digest: str
    companies: tuple[Company, ...]


class SignalHarvested(_Body, frozen=True):
    """A signal, and the item it is computed from."""

    item: RawItem
    signal: Signal


class ItemSetAside(_Body, frozen=True):
    """What was not taken; `item` is null where there was no item to begin with."""

    item: RawItem | None
    set_aside: SetAside


class Taken(_Body, frozen=True):
    """What a harvest did with one feed."""

    taken: int = 0
    duplicate: int = 0
    set_aside: dict[str, int] = {}
    """By code; an item set aside in an earlier harvest is not counted again."""


class HarvestFinished(_Body, frozen=True):
    """One harvest over one window."""

    since: int
    until: int
    reached: dict[str, tuple[int, int]]
    """From and until when each feed was read, its history included."""
    feeds: dict[str, Taken]


class HarvestRefused(_Body, frozen=True):
    """Why no collector ran."""

    since: int
    until: int
    switches: tuple[str, ...]
    reason: str


class Evidence(_Body, frozen=True):
    """How far of which journal a reflection looked at."""

    size: int
    head: str


class ReflectionStarted(_Body, frozen=True):
    """Everything a reflection depends on that the harvest journal does not hold."""

    as_of: int
    now: int
    harvest: Evidence
    models: tuple[str, ...]
    terms: tuple[Terms, ...] | None
    """Null where no policy could be read, and then nothing is promoted."""
    provenance: Provenance | None
    build: str
    node: str
    previous: str
    """Id of the ranking before; empty for none."""


class ConvictionReflected(_Body, frozen=True):
    """One view."""

    conviction: Conviction


class RankingMade(_Body, frozen=True):
    """The order of the views."""

    ranking: Ranking


class IntentProposed(_Body, frozen=True):
    """What is asked for, where the promoter is a process of its own: it signs and sends it."""

    intent: Intent


class IntentPromoted(_Body, frozen=True):
    """What was asked for, and the bytes it was signed and sent as."""

    intent: Intent
    envelope: Envelope


class IntentHeld(_Body, frozen=True):
    """What was not asked for."""

    conviction_id: str
    vault: str
    codes: tuple[str, ...]

    @classmethod
    def of(cls, held: Held) -> "IntentHeld":
        """The record of a view that was held."""
        return cls(held.conviction_id, held.vault, held.codes)


class PromotionRefused(_Body, frozen=True):
    """Why nothing at all was promoted."""

    as_of: int
    code: str
    reason: str


class PromotionStarted(_Body, frozen=True):
    """Everything the promoter depends on besides what was proposed."""

    now: int
    terms: tuple[Terms, ...]
    provenance: Provenance
    build: str
    node: str


class PromotionFinished(_Body, frozen=True):
    """How far of the reflection journal the promoter has read."""

    reflection: Evidence


class IntentDenied(_Body, frozen=True):
    """What was proposed and is not signed."""

    intent_id: str
    vault: str
    codes: tuple[str, ...]
