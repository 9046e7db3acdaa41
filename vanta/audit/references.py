"""What records say of each other, within a node and across nodes; pure over records.

Governance journals come first, for the keys in them; then every other journal in reading order, so
that what a record refers to comes after it: a reference is opened where it is met in one journal
and closed by what it names in another.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from vanta.audit.keyring import Keyring
from vanta.audit.nodes import GOVERNANCE
from vanta.audit.problems import Problems
from vanta.audit.trail import Found
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.domain.trading import Envelope, Intent
from vanta.governance.receipts import published_by
from vanta.governance.sshsig import parse_armor, verify

INTENT_NAMESPACE = "vanta-intent"
"""What an intent's signature is made for."""

PROMOTED = "intent.promoted"
ACCEPTED = "intent.accepted"

_UPSTREAM = {
    "conviction.reflected": "harvest",
    ACCEPTED: "reflection",
    "decision.made": "intents",
}
"""Where the parents of a type are; of any other, in its own journal."""

_ABOVE = {"promotion": "reflection"}
"""Journals whose records are caused by those of another one, whatever their type."""

_ELSEWHERE = frozenset({"reflection"})
"""Journals of another node than the one whose records refer to them: they may not be given."""

_EVIDENCE = "keep the journals as evidence: one was changed, or is not the whole one"


class Sealed(msgspec.Struct, frozen=True):
    """Body of `intent.promoted` and of `intent.accepted`."""

    intent: Intent
    envelope: Envelope


class _Reference(NamedTuple):
    """Something a record named in another journal, not met there yet."""

    node: str
    place: str
    by: str
    """Type of the record."""


class References:
    """Follows every reference between the records it is given.

    Args:
        problems: where to put what is found, by node.
        whole: node and journal of those that are given and sound.
        broken: of those that are given and not; no reference into one is judged.
    """

    def __init__(
        self,
        problems: Mapping[str, Problems],
        whole: frozenset[tuple[str, str]],
        broken: frozenset[tuple[str, str]],
    ) -> None:
        self.checked: Counter[tuple[str, str]] = Counter()
        """By node and kind (`parents`, `policies`, `signatures`, `promotions`)."""
        self.unjudged: Counter[tuple[str, str]] = Counter()
        """By node and journal: references into one that is not given, or is broken."""
        self.keyrings = {node: Keyring() for node in problems}
        self._problems = problems
        self._whole = whole
        self._journals = frozenset(journal for _, journal in whole)
        self._doubtful = frozenset(journal for _, journal in broken)
        self._parents: dict[tuple[str, str], _Reference] = {}
        """By journal and id."""
        self._envelopes: dict[str, tuple[bytes, _Reference]] = {}
        """By intent: what the Executor took, as a digest."""
        self._reading = ("", "")
        self._met: set[str] = set()

    def learn(self, found: Found) -> None:
        """Take in a record of a governance journal."""
        published = published_by(found.record)
        if published is not None:
            self.keyrings[found.node].learn(published)

    def follow(self, found: Found) -> None:
        """Take in a record of any other journal."""
        if (found.node, found.journal) != self._reading:
            self._reading = (found.node, found.journal)
            self._met = set()
        record = found.record
        if record.policy or record.type == "decision.made":
            self._policy(found)
        for parent in record.parents:
            self._parent(parent, found)
        if record.type in {PROMOTED, ACCEPTED}:
            self._envelope(found)
        self._met.add(record.id)
        self._parents.pop((found.journal, record.id), None)

    def close(self) -> None:
        """Judge the references that were never met."""
        for (journal, parent), reference in self._parents.items():
            self._missing(journal, parent, reference)
        for intent, (_, reference) in self._envelopes.items():
            if self._given("reflection", reference) and self._given("promotion", reference):
                self._problems[reference.node].add(
                    "INTENT_UNPROMOTED",
                    reference.place,
                    f"intent {intent} was accepted, and no Markets journal promoted it",
                    _EVIDENCE,
                )

    def _given(self, journal: str, reference: _Reference) -> bool:
        if journal in self._journals or journal not in self._doubtful | _ELSEWHERE:
            return True
        self.unjudged[reference.node, journal] += 1
        return False

    def _missing(self, journal: str, parent: str, reference: _Reference) -> None:
        if self._given(journal, reference):
            self._problems[reference.node].add(
                "PARENT_MISSING",
                reference.place,
                f"{reference.by} was caused by {parent}, which {journal}.jsonl does not hold",
                _EVIDENCE,
            )

    def _parent(self, parent: str, found: Found) -> None:
        self.checked[found.node, "parents"] += 1
        if parent in self._met:
            return
        home = _ABOVE.get(found.journal, found.journal)
        journal = _UPSTREAM.get(found.record.type, home)
        reference = _Reference(found.node, found.place, found.record.type)
        if journal == found.journal:
            # It would have to be above: nothing is caused by what comes later.
            self._missing(journal, parent, reference)
        else:
            self._parents.setdefault((journal, parent), reference)

    def _policy(self, found: Found) -> None:
        commit, node = found.record.policy, found.node
        if (node, GOVERNANCE) not in self._whole:
            self.unjudged[node, GOVERNANCE] += 1
            return
        self.checked[node, "policies"] += 1
        if commit not in self.keyrings[node]:
            said = f"policy {commit[:12]}" if commit else "no policy"
            self._problems[node].add(
                "POLICY_UNKNOWN",
                found.place,
                f"{found.record.type} was made under {said}, which this node never published",
                _EVIDENCE,
            )

    def _envelope(self, found: Found) -> None:
        record, node = found.record, found.node
        try:
            sealed = decode(Sealed, bytes(record.body), place=found.place)
        except VantaError as error:
            self._problems[node].error(error)
            return
        self._signature(sealed, found)
        digest = sha256(encode(sealed.envelope)).digest()
        if record.type == ACCEPTED:
            reference = _Reference(node, found.place, record.type)
            self._envelopes[record.id] = (digest, reference)
        elif record.id in self._envelopes:
            taken, reference = self._envelopes.pop(record.id)
            self.checked[reference.node, "promotions"] += 1
            if taken != digest:
                self._problems[reference.node].add(
                    "ENVELOPE_DIFFERS",
                    reference.place,
                    f"intent {record.id} was accepted in another envelope than {node} sent it in",
                    _EVIDENCE,
                )

    def _signature(self, sealed: Sealed, found: Found) -> None:
        record, node = found.record, found.node
        if (node, GOVERNANCE) not in self._whole:
            return
        self.checked[node, "signatures"] += 1
        payload, sender = sealed.envelope.payload.encode(), sealed.envelope.node
        add = self._problems[node].add
        try:
            key = verify(parse_armor(sealed.envelope.signature.encode()), payload, INTENT_NAMESPACE)
            signed = decode(Intent, payload, place=found.place)
        except VantaError as error:
            add(error.code, found.place, f"intent {record.id}: {error.message}", _EVIDENCE)
            return
        if key.openssh not in self.keyrings[node].keys(sender, record.policy):
            add(
                "UNKNOWN_SIGNER",
                found.place,
                f"intent {record.id} is signed by {key.fingerprint}, which is not a key of"
                f" {sender} under the policy it was taken under",
                _EVIDENCE,
            )
        if signed != sealed.intent or signed.id != record.id:
            add(
                "INTENT_DIFFERS",
                found.place,
                f"intent {record.id} is not the one that was signed",
                _EVIDENCE,
            )
