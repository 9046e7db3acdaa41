"""Ways to make one thing about a draft odd: an edit takes a draft and gives another."""

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, Unpack

from tests.conformance.drafts import Draft, with_signature
from tests.conformance.people import OTHER, STRANGER
from tests.conformance.signers import Options, Signer, envelope, to_be_signed
from vanta.governance.ssh_wire import string
from vanta.governance.sshsig import armor

ORDER_25519: Final = 2**252 + 27742317777372353535851937790883648493

Edit = Callable[[Draft], Draft]


def payload(edit: Callable[[bytes], bytes]) -> Edit:
    """Changes what is signed."""
    return lambda draft: replace(draft, edit_payload=edit)


def armored(edit: Callable[[bytes], bytes]) -> Edit:
    """Changes the signature after it is made."""

    def after(draft: Draft) -> Draft:
        first = draft.edit_armor
        return replace(draft, edit_armor=lambda made: edit(first(made)))

    return after


def whole(edit: Callable[[bytes], bytes]) -> Edit:
    """Changes the object after it is signed."""
    return lambda draft: replace(draft, edit_object=edit)


def inside(*lines: bytes) -> Edit:
    """Header lines after the committer, signed with the rest."""
    return lambda draft: replace(draft, inside=list(lines))


def committer(value: str) -> Edit:
    """Another committer line."""
    return lambda draft: replace(draft, committer=value.encode())


def stamp(text: str) -> Edit:
    """Another committer line of the signer's own."""

    def edit(draft: Draft) -> Draft:
        email = draft.signer.email if draft.signer else ""
        return replace(draft, committer=text.replace("@", email).encode())

    return edit


def options(**options: Unpack[Options]) -> Edit:
    """Tells the signer something."""
    return lambda draft: replace(draft, options=draft.options | options)


def signed_by(make: Callable[[], Signer]) -> Edit:
    """Somebody else's key, and their name with it."""

    def edit(draft: Draft) -> Draft:
        signer = make()
        return replace(draft, signer=signer, committer=f"{signer.identity} 5 +0000".encode())

    return edit


def blob(edit: Callable[[bytes], bytes]) -> Edit:
    """Changes the bytes inside the armour."""
    return armored(lambda made: armor(edit(base64.b64decode(b"".join(made.splitlines()[1:-1])))))


def resealed(*, version: int = 1, reserved: bytes = b"", hash_name: str = "sha512") -> Edit:
    """A good SHA-512 signature by the signer, in an envelope that says something else."""

    def edit(draft: Draft) -> Draft:
        signer = draft.signer or STRANGER

        def seal(payload: bytes) -> bytes:
            inner = string(signer.algorithm.encode()) + string(signer.raw(to_be_signed(payload)))
            fields = envelope(
                signer.blob, inner, version=version, reserved=reserved, hash_name=hash_name
            )
            return with_signature(payload, armor(fields), draft.header)

        return replace(draft, signer=None, edit_object=seal)

    return edit


def claims_other(made: bytes, signer: Signer) -> bytes:
    """The signature with `OTHER`'s key where the signer's stands."""
    return made.replace(string(signer.blob), string(OTHER.blob), 1)


def split_signature(raw: bytes, header: bytes) -> bytes:
    """The signature's lines as two headers of the same name."""
    marker = b"\n" + header + b" "
    start = raw.index(marker)
    lines = raw[start:].split(b"\n ", 3)
    return raw[:start] + b"\n ".join(lines[:3]) + marker + lines[3]


def first_parent(draft: Draft, edit: Callable[[str], list[str]]) -> Draft:
    """Other values for the first parent."""
    parents = draft.parents or ["1" * len(draft.tree)]
    return replace(draft, parents=[*edit(parents[0]), *parents[1:]])


def malleated(blob: bytes) -> bytes:
    """The other S that satisfies the same equation."""
    number = int.from_bytes(blob[-32:], "little") + ORDER_25519
    return blob[:-32] + number.to_bytes(32, "little")


def spare_zero(blob: bytes) -> bytes:
    """An ECDSA signature whose second number has a leading zero it does not need."""
    fields = _fields(blob)
    pair = _fields(fields[-1], prefix=0)
    algorithm, value = pair[0], pair[1]
    first, second = _fields(value, prefix=0)
    longer = string(first) + string(b"\0" + second)
    inner = string(algorithm) + string(longer)
    return blob[: blob.rindex(string(fields[-1]))] + string(inner)


def _fields(blob: bytes, prefix: int = 10) -> list[bytes]:
    """The strings of SSH-encoded bytes, after a fixed prefix (`SSHSIG` and its version)."""
    at, found = prefix, []
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        found.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def unwrapped(made: bytes) -> list[bytes]:
    """The lines of an armour whose base64 is one long line."""
    begin, *lines, end = made.splitlines()
    return [begin, b"".join(lines), end]


def another_tree(raw: bytes) -> bytes:
    """The object with one digit of its tree changed."""
    digit = b"0" if raw[5:6] != b"0" else b"1"
    return raw[:5] + digit + raw[6:]


def of_signer(edit: Callable[[bytes, Signer], bytes]) -> Edit:
    """Changes the bytes inside the armour, knowing who signed."""

    def bound(draft: Draft) -> Draft:
        return blob(partial(_with, edit, draft.signer or STRANGER))(draft)

    return bound


def _with(edit: Callable[[bytes, Signer], bytes], signer: Signer, blob: bytes) -> bytes:
    return edit(blob, signer)


def by_header(make: Callable[[bytes], Edit]) -> Edit:
    """An edit that depends on the signature header's name."""
    return lambda draft: make(draft.header)(draft)


def other_format(header: bytes) -> bytes:
    """What the other object format calls its signature."""
    return b"gpgsig" if header == b"gpgsig-sha256" else b"gpgsig-sha256"
