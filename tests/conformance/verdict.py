"""Our own verdict on one commit, made of the parts the walk makes it of."""

import json
from collections.abc import Iterable, Mapping

from tests.conformance.signers import Signer
from vanta.domain.errors import VantaError
from vanta.domain.instant import show_instant
from vanta.governance.authority import Authority, resolve
from vanta.governance.commits import parse_commit
from vanta.governance.documents.kinds import AuthorityDocument
from vanta.governance.documents.read import read_document
from vanta.governance.sshsig import GIT_NAMESPACE, parse_armor, verify

GOOD = ""


def authority_over(
    signers: Iterable[Signer], *, expires: Mapping[str, int] | None = None
) -> Authority:
    """An authority over these people, in which all of them are root.

    Args:
        signers: everybody with their keys.
        expires: when the keys of some of them do, by name.
    """
    keys: dict[str, list[str | dict[str, str]]] = {}
    for who in signers:
        known = keys.setdefault(who.name, [])
        ends = (expires or {}).get(who.name)
        key = {"key": who.openssh, "expires": show_instant(ends)} if ends else who.openssh
        if key not in known:
            known.append(key)
    people = "".join(
        f"  - {{name: {name}, email: {name}@example.org, keys: {json.dumps(listed)}}}\n"
        for name, listed in keys.items()
    )
    text = (
        "apiVersion: vanta.dev/v1\nkind: Authority\nmetadata: {name: fund}\n"
        f"spec:\n  people:\n{people}  nodes: []\n"
        f"  roles: [{{name: root, people: [{', '.join(keys)}], quorum: 1}}]\n"
    )
    document = read_document(text.encode(), file="authority.yaml")
    if not isinstance(document, AuthorityDocument):
        raise TypeError("an authority was written, and something else was read")
    return resolve(document)


def judge(authority: Authority, oid: str, raw: bytes) -> tuple[str, str]:
    """`(person, GOOD)`, or a reason code in place of either: rule R2's reading of one commit."""
    try:
        commit = parse_commit(oid, raw)
        if commit.signature is None or commit.signed_payload is None:
            return "", "UNSIGNED"
        key = verify(parse_armor(commit.signature), commit.signed_payload, GIT_NAMESPACE)
    except VantaError as error:
        return "", error.code
    person = authority.person_of(key)
    if person is None:
        return "", "UNKNOWN_SIGNER"
    if commit.committer_email != authority.people[person].email:
        return "", "COMMITTER_MISMATCH"
    return person, GOOD if commit.legible else "BAD_IDENTITY"
