"""Reflection: what was harvested becomes convictions, a ranking, and signed intents."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.bus.port import Outbox
from vanta.domain.conviction import Conviction
from vanta.domain.encoding import content_id, encode
from vanta.domain.errors import VantaError
from vanta.domain.policy import Published
from vanta.domain.record import Entry, Position
from vanta.domain.trading import Envelope, Intent
from vanta.governance.sshsig import sign
from vanta.journal.writer import Journal
from vanta.markets import promote, records
from vanta.markets.beliefs import Beliefs, Sent
from vanta.markets.features import align
from vanta.markets.handing import Handing
from vanta.markets.models.panel import VERSIONS
from vanta.markets.observed import Observed
from vanta.markets.promote import Held, Moment
from vanta.markets.reflect import convictions, parents
from vanta.markets.rerank import Ranking, rank

Promotions = Mapping[str, promote.Promoted]


class Reflected(NamedTuple):
    """What one reflection came to."""

    views: tuple[Conviction, ...]
    ranking: Ranking
    intents: tuple[Intent, ...]
    held: tuple[Held, ...]
    refused: VantaError | None
    """Why nothing could be promoted: the policy could not be read."""


class Maker(NamedTuple):
    """Who makes intents, and as what they are signed."""

    node: str
    build: str
    key: Ed25519PrivateKey | None
    """None where a promoter of its own signs what is proposed here."""


def think(
    observed: Observed,
    started: records.ReflectionStarted,
    previous: Ranking | None,
    last: Promotions,
) -> tuple[list[Conviction], Ranking, list[Intent], list[Held]]:
    """Everything a reflection computes, from what it recorded before it began; pure.

    Args:
        observed: the harvest, as far as `started.harvest`.
        started: every other input.
        previous: the ranking before.
        last: what each vault was last asked for.
    """
    terms = started.terms or ()
    audit = f"{records.HARVEST}.jsonl@{started.harvest.size}"
    aligned = align(observed, started.as_of)
    personas = promote.personas_of(terms)
    views = convictions(aligned, personas, audit=audit, after=started.previous)
    ranking = rank(views, started.as_of, previous)
    commit = started.provenance.commit if started.provenance else ""
    moment = Moment(started.now, started.as_of, started.build, commit)
    by_id = {view.id: view for view in views}
    intents, held = promote.intents(ranking, by_id, terms, last, moment)
    return views, ranking, intents, held


def seal(intent: Intent, node: str, key: Ed25519PrivateKey) -> Envelope:
    """The intent as it travels."""
    payload = encode(intent)
    signature = sign(key, payload, promote.NAMESPACE)
    return Envelope(payload.decode(), signature.decode(), node)


class Reflection:
    """Runs reflections into the reflection journal, and hands their intents over.

    Args:
        journal: `reflection.jsonl`, held by this process.
        state: what it amounts to; kept up to date here.
        maker: whose name and key intents carry.
        outbox: the Markets end of the bus; None where a promoter of its own has it.
        clock: UTC nanoseconds.
    """

    def __init__(
        self,
        journal: Journal,
        state: Beliefs,
        *,
        maker: Maker,
        outbox: Outbox | None,
        clock: Callable[[], int],
    ) -> None:
        self._journal = journal
        self.state = state
        self._maker = maker
        self._clock = clock
        self._handing = Handing(outbox, clock) if outbox is not None else None

    def run(
        self,
        observed: Observed,
        harvest: Position,
        as_of: int,
        policy: Published | VantaError,
    ) -> Reflected:
        """Form views as of `as_of`, rank them, and ask the vaults that may want them.

        Everything is on disk, signatures included, before anything is sent.

        Args:
            observed: the harvest.
            harvest: how far of its journal that is.
            as_of: the market's time.
            policy: what is in force, or why that cannot be said.
        """
        published = policy if isinstance(policy, Published) else None
        previous = self.state.ranking
        started = records.ReflectionStarted(
            as_of=as_of,
            now=self._clock(),
            harvest=records.Evidence(harvest.size, harvest.head),
            models=VERSIONS,
            terms=promote.terms_of(published.policy) if published else None,
            provenance=published.provenance if published else None,
            build=self._maker.build,
            node=self._maker.node,
            previous=previous.id if previous else "",
        )
        views, ranking, intents, held = think(observed, started, previous, self.state.promoted)
        key, node = self._maker.key, self._maker.node
        sealed = [(intent, seal(intent, node, key) if key else None) for intent in intents]
        refused = policy if isinstance(policy, VantaError) else None
        self._record(started, views, ranking, sealed, held, refused)
        if self._handing is not None:
            self._handing.add(
                {intent.id: Sent(intent.expires, made) for intent, made in sealed if made}
            )
            self._handing.hand_over(self.state.sent)
        return Reflected(tuple(views), ranking, tuple(intents), tuple(held), refused)

    def send_again(self) -> int:
        """Hand over what may not have been before a crash; the receiver knows each by its id."""
        now = self._clock()
        waiting = {name: sent for name, sent in self.state.sent.items() if sent.expires > now}
        if self._handing is not None:
            self._handing.add(waiting)
            self._handing.hand_over(self.state.sent)
        return len(waiting)

    def _record(
        self,
        started: records.ReflectionStarted,
        views: list[Conviction],
        ranking: Ranking,
        sealed: list[tuple[Intent, Envelope | None]],
        held: list[Held],
        refused: VantaError | None,
    ) -> None:
        commit = started.provenance.commit if started.provenance else ""
        size = self._journal.position.size
        ident = content_id("reflection", str(size).encode(), encode(started))

        def entry(kind: str, name: str, body: object, cause: tuple[str, ...], dag: str) -> Entry:
            return Entry(kind, name, body, parents=cause, dag_id=dag, policy=commit)

        entries = [entry(records.REFLECTION_STARTED, ident, started, (), ident)]
        entries += [
            entry(
                records.CONVICTION_REFLECTED,
                view.id,
                records.ConvictionReflected(view),
                parents(view),
                view.id,
            )
            for view in views
        ]
        made = records.RankingMade(ranking)
        entries.append(entry(records.RANKING_MADE, ranking.id, made, (ident,), ident))
        for intent, envelope in sealed:
            cause, dag = (intent.conviction_id,), intent.dag_id
            if envelope is not None:
                sent = records.IntentPromoted(intent, envelope)
                entries.append(entry(records.INTENT_PROMOTED, intent.id, sent, cause, dag))
                continue
            name = promote.proposal_id(intent.id)
            asked = records.IntentProposed(intent)
            entries.append(entry(records.INTENT_PROPOSED, name, asked, cause, dag))
        for one in held:
            name = content_id(
                "held", ident.encode(), one.conviction_id.encode(), one.vault.encode()
            )
            cause = (one.conviction_id,)
            body = records.IntentHeld.of(one)
            entries.append(entry(records.INTENT_HELD, name, body, cause, one.conviction_id))
        if refused is not None:
            body_refused = records.PromotionRefused(started.as_of, refused.code, refused.message)
            name = content_id("refusal", ident.encode())
            entries.append(entry(records.PROMOTION_REFUSED, name, body_refused, (ident,), ident))
        self.state.fold(self._journal.append(entries))
