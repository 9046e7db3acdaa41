"""The keys in `authority.yaml`: listed, added, revoked; everything else in the file stays.

An edit changes the text where it must and nowhere else, so comments, order and layout survive. It
is believed only when the result reads back, strictly, as what was meant and nothing more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.instant import FOREVER, show_instant
from vanta.governance.authority import ROOT, resolve
from vanta.governance.authority_text import (
    Path,
    append,
    key_item,
    mark_revoked,
    name_item,
    newcomer,
)
from vanta.governance.documents.kinds import AuthorityDocument, KeyEntry, Person
from vanta.governance.documents.read import AUTHORITY, read_document
from vanta.governance.keys import PublicKey, parse_public_key

_SHORTEST_PREFIX = 12
"""Characters of a fingerprint, `SHA256:` included, below which it names nothing."""


@dataclass(frozen=True)
class ListedKey:
    """One key of a person, as the document has it.

    Attributes:
        state: `live`; `expired`: it may still tighten, and approves nothing; `revoked`: it
            signs for nobody and is kept for the record.
        expires: RFC 3339, or empty for a key without an end.
    """

    person: str
    email: str
    roles: tuple[str, ...]
    fingerprint: str
    kind: str
    state: str
    expires: str
    openssh: str


def read_authority(data: bytes) -> AuthorityDocument:
    """The document; raises `VantaError` when it is none, or could not govern."""
    document = read_document(data, file=AUTHORITY)
    if not isinstance(document, AuthorityDocument):
        raise RefusedError("not an Authority", code="WRONG_KIND", place=AUTHORITY)
    resolve(document)
    return document


def listed(document: AuthorityDocument, now: int) -> tuple[ListedKey, ...]:
    """Every key of every person, in the order written."""
    spec = document.spec
    roles = {
        person.name: tuple(role.name for role in spec.roles if person.name in role.people)
        for person in spec.people
    }
    return tuple(
        _listed(person, entry, roles[person.name], now)
        for person in spec.people
        for entry in person.keys
    )


def _listed(person: Person, item: str | KeyEntry, roles: tuple[str, ...], now: int) -> ListedKey:
    entry = _entry(item)
    key = parse_public_key(entry.key, place=AUTHORITY)
    ended = entry.expires is not None and entry.expires <= now
    return ListedKey(
        person=person.name,
        email=person.email,
        roles=roles,
        fingerprint=key.fingerprint,
        kind=key.kind,
        state="revoked" if entry.revoked else "expired" if ended else "live",
        expires="" if entry.expires is None else show_instant(entry.expires),
        openssh=key.openssh,
    )


def _entry(item: str | KeyEntry) -> KeyEntry:
    return item if isinstance(item, KeyEntry) else KeyEntry.model_construct(key=item)


def find(document: AuthorityDocument, person: str, fingerprint: str) -> ListedKey:
    """The key of a person that a fingerprint, or the beginning of one, names.

    Raises:
        RefusedError: codes `UNKNOWN_PERSON`, `UNKNOWN_KEY`, `NOT_THEIR_KEY`, `SEVERAL_KEYS`.
    """
    require_person(document, person)
    keys = listed(document, 0)
    long_enough = len(fingerprint) >= _SHORTEST_PREFIX
    named = [key for key in keys if long_enough and key.fingerprint.startswith(fingerprint)]
    theirs = [key for key in named if key.person == person]
    if len(theirs) == 1:
        return theirs[0]
    has = ", ".join(key.fingerprint for key in keys if key.person == person)
    if theirs:
        raise RefusedError(
            f"{fingerprint} is the beginning of several keys of {person!r}",
            code="SEVERAL_KEYS",
            place=AUTHORITY,
            remedy=f"write more of it: {has}",
        )
    if named:
        raise RefusedError(
            f"{named[0].fingerprint} is a key of {named[0].person!r}, not of {person!r}",
            code="NOT_THEIR_KEY",
            place=AUTHORITY,
            remedy=f"name {named[0].person}, or one of {person}'s keys: {has}",
        )
    raise RefusedError(
        f"{person!r} has no key {fingerprint}",
        code="UNKNOWN_KEY",
        place=AUTHORITY,
        remedy=f"their keys are: {has}",
    )


def require_person(document: AuthorityDocument, name: str) -> Person:
    """The person of that name; raises `RefusedError` with who there is."""
    found = next((each for each in document.spec.people if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in document.spec.people)
        raise RefusedError(
            f"nobody is called {name!r}",
            code="UNKNOWN_PERSON",
            place=AUTHORITY,
            remedy=f"the people are: {names}; somebody new needs --email",
        )
    return found


def with_key(
    data: bytes,
    person: str,
    key: PublicKey,
    *,
    email: str = "",
    expires: int | None = None,
    roles: Sequence[str] = (),
) -> bytes:
    """The file with one more key, of a person who is there or, with an address, of a new one.

    Args:
        data: `authority.yaml`.
        person: whose key it is.
        key: not listed yet, under nobody's name.
        email: the address their commits carry; needed for somebody new, and only then.
        expires: UTC nanoseconds from which it approves nothing.
        roles: roles they get, besides those they have.

    Raises:
        RefusedError: codes `UNKNOWN_PERSON`, `KEY_TAKEN`, `KEY_LISTED`, `UNKNOWN_ROLE`,
            `OTHER_EMAIL`, `NOT_EDITABLE`; nothing is returned.
    """
    document = read_authority(data)
    _refuse_taken(document, person, key)
    wanted = document.model_copy(deep=True)
    edits: list[Edit] = []
    listed_as = key_item(key, expires)
    if email and all(each.name != person for each in document.spec.people):
        edits.append(lambda text: append(text, ("people",), newcomer(person, email, listed_as)))
        wanted.spec.people.append(_new_person(person, email, _term(key, expires)))
    else:
        at = document.spec.people.index(require_person(document, person))
        _refuse_other_email(document.spec.people[at], email)
        edits.append(lambda text: append(text, ("people", at, "keys"), listed_as))
        wanted.spec.people[at].keys.append(_term(key, expires))
    for name in dict.fromkeys(roles):
        number = _role(document, name)
        if person not in document.spec.roles[number].people:
            edits.append(
                lambda text, number=number: append(  # type: ignore[misc]
                    text, ("roles", number, "people"), name_item(person)
                )
            )
            wanted.spec.roles[number].people.append(person)
    return _edited(data, edits, wanted)


def with_revoked(data: bytes, person: str, fingerprint: str, now: int) -> bytes:
    """The file with one key revoked; it stays listed for the record.

    Args:
        data: `authority.yaml`.
        person: whose key it is.
        fingerprint: as `ssh-keygen -l` prints it, or the beginning of it.
        now: UTC nanoseconds, at which other keys count as live.

    Raises:
        RefusedError: as `find`; codes `REVOKED_ALREADY`; `ROOT_LOCKOUT` when too few people who
            change this file would be left with a key; `NOT_EDITABLE`.
    """
    document = read_authority(data)
    found = find(document, person, fingerprint)
    if found.state == "revoked":
        raise RefusedError(
            f"{found.fingerprint} is revoked already", code="REVOKED_ALREADY", place=AUTHORITY
        )
    at = document.spec.people.index(require_person(document, person))
    number = next(
        number
        for number, item in enumerate(document.spec.people[at].keys)
        if parse_public_key(_entry(item).key).openssh == found.openssh
    )
    wanted = document.model_copy(deep=True)
    terms = _entry(wanted.spec.people[at].keys[number])
    wanted.spec.people[at].keys[number] = KeyEntry(
        key=terms.key,
        **({} if terms.expires is None else {"expires": show_instant(terms.expires)}),
        revoked=True,
    )
    _refuse_lockout(wanted, person, now)
    path: Path = ("people", at, "keys", number)
    return _edited(data, [lambda text: mark_revoked(text, path)], wanted)


def _new_person(name: str, email: str, key: str | KeyEntry) -> Person:
    try:
        return Person(name=name, email=email, keys=[key])
    except ValidationError as error:
        raise MalformedError(
            f"{name!r} with the address {email!r} is nobody an authority can name",
            code="BAD_PERSON",
            place=AUTHORITY,
            remedy="a name is lower-case letters, digits and dashes; an address is one line",
        ) from error


def _refuse_taken(document: AuthorityDocument, person: str, key: PublicKey) -> None:
    for each in listed(document, 0):
        if each.openssh != key.openssh:
            continue
        if each.person != person:
            raise RefusedError(
                f"{key.fingerprint} is a key of {each.person!r} already",
                code="KEY_TAKEN",
                place=AUTHORITY,
                remedy="everybody signs with keys of their own: ssh-keygen -t ed25519",
            )
        again = each.state == "revoked"
        raise RefusedError(
            f"{key.fingerprint} is listed for {person!r}" + (" as revoked" if again else ""),
            code="KEY_LISTED",
            place=AUTHORITY,
            remedy="a revoked key does not come back: ssh-keygen -t ed25519" if again else "",
        )
    for node in document.spec.nodes:
        if any(parse_public_key(line).openssh == key.openssh for line in node.keys):
            raise RefusedError(
                f"{key.fingerprint} is the key of node {node.name!r}",
                code="KEY_TAKEN",
                place=AUTHORITY,
                remedy="a person does not sign with a machine's key: ssh-keygen -t ed25519",
            )


def _refuse_other_email(person: Person, email: str) -> None:
    if email not in {"", person.email}:
        raise RefusedError(
            f"{person.name!r} is there already, with the address {person.email!r}",
            code="OTHER_EMAIL",
            place=AUTHORITY,
            remedy="leave --email out, or propose the new address by editing the file",
        )


def _role(document: AuthorityDocument, name: str) -> int:
    names = [role.name for role in document.spec.roles]
    if name not in names:
        raise RefusedError(
            f"there is no role {name!r}",
            code="UNKNOWN_ROLE",
            place=AUTHORITY,
            remedy=f"the roles are: {', '.join(names)}",
        )
    return names.index(name)


def _refuse_lockout(document: AuthorityDocument, person: str, now: int) -> None:
    """Refuse to leave root unable to ever meet its quorum: nobody could give a key back."""
    root = next(role for role in document.spec.roles if role.name == ROOT)
    able = {key.person for key in listed(document, now) if key.state == "live"} & set(root.people)
    if len(able) < (root.quorum or 1):
        raise RefusedError(
            f"without this key {len(able)} of the {root.quorum} people root needs could sign",
            code="ROOT_LOCKOUT",
            place=AUTHORITY,
            remedy=f"add another key first: vanta governance keys add {person} --public-key FILE",
        )


Edit = Callable[[str], str]


def _edited(data: bytes, edits: Sequence[Edit], wanted: AuthorityDocument) -> bytes:
    """The file after the edits, if it reads as `wanted`."""
    text = data.decode("utf-8")
    for edit in edits:
        text = edit(text)
    result = text.encode()
    try:
        same = read_authority(result).model_dump() == wanted.model_dump()
    except MalformedError as error:
        raise _not_editable(str(error)) from error
    if not same:
        raise _not_editable("the edit would have changed something else")
    return result


def _not_editable(why: str) -> RefusedError:
    return RefusedError(
        f"this layout cannot be edited safely ({why})",
        code="NOT_EDITABLE",
        place=AUTHORITY,
        remedy="edit the file by hand, and run `vanta governance propose`",
    )


def _term(key: PublicKey, expires: int | None) -> str | KeyEntry:
    if expires is None or expires >= FOREVER:
        return key.openssh
    return KeyEntry.model_validate({"key": key.openssh, "expires": show_instant(expires)})
