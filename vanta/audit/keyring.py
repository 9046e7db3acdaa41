"""Whose key was whose, and when: what a node's governance journal published."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vanta.domain.policy import Published
from vanta.governance.keys import parse_public_key
from vanta.journal.note import key_id


class Keyring:
    """The node keys of every policy a node enforced, by the commit it was in force under."""

    def __init__(self) -> None:
        self._by_commit: dict[str, dict[str, set[str]]] = {}
        self._notaries: dict[tuple[str, bytes], Ed25519PublicKey] = {}

    def learn(self, published: Published) -> None:
        """Take in one more publication."""
        keys = self._by_commit.setdefault(published.provenance.commit, {})
        for node, registered in published.policy.nodes.items():
            for text in registered:
                keys.setdefault(node, set()).add(text)
                key = parse_public_key(text).material.key
                if isinstance(key, Ed25519PublicKey):
                    self._notaries[node, key_id(node, key)] = key

    def __contains__(self, commit: str) -> bool:
        """Whether a policy was ever published under this commit."""
        return commit in self._by_commit

    def __bool__(self) -> bool:
        return bool(self._by_commit)

    def keys(self, node: str, commit: str) -> frozenset[str]:
        """The keys of `node` under the policy of `commit`, in OpenSSH form."""
        return frozenset(self._by_commit.get(commit, {}).get(node, ()))

    def every_key(self) -> dict[str, list[str]]:
        """All keys each node ever had, in OpenSSH form and order."""
        found: dict[str, set[str]] = {}
        for keys in self._by_commit.values():
            for node, texts in keys.items():
                found.setdefault(node, set()).update(texts)
        return {node: sorted(texts) for node, texts in sorted(found.items())}

    def notary(self, name: str, wanted: bytes) -> Ed25519PublicKey | None:
        """The key that signs notes as `name` under this key id; keys that were replaced count."""
        return self._notaries.get((name, wanted))
