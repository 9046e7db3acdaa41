"""Commits that are spoilt in one place: signed by somebody else, for something else, or twice.

A `Spoil` goes from the unsigned bytes of a commit that would approve a looser policy to the bytes
that are written. Each table below has the code such a commit must say.
"""

import hashlib
from collections.abc import Callable

from tests.attacks.changes import LOOSER
from tests.governance.fund import Fund
from tests.governance.simulator import Content
from vanta.domain.instant import HOUR, show_instant
from vanta.governance import sshsig
from vanta.governance.ssh_wire import string


def approving(fund: Fund, by: str = "ada") -> tuple[bytes, dict[str, Content]]:
    """The unsigned bytes of a commit that raises a limit and approves it, and its files."""
    files = {**fund.sim.files(fund.sim.head()), **LOOSER}
    until = show_instant(fund.now + 72 * HOUR)
    payload = fund.sim.payload(
        tree=fund.sim.tree(files),
        parents=[fund.sim.head()],
        committer=fund.person(by),
        message=f"Raise\n\nVanta-Approve: prod {fund.digest(files)} until={until}\n",
    )
    return payload, files


def header(payload: bytes, line: bytes, *, after: bytes = b"committer ") -> bytes:
    """The payload with one more header line, after the first that begins so."""
    lines = payload.split(b"\n")
    at = next(n for n, each in enumerate(lines) if each.startswith(after))
    return b"\n".join([*lines[: at + 1], line, *lines[at + 1 :]])


def blob_of(fund: Fund, payload: bytes, *, namespace: str = "git", hash_name: str) -> bytes:
    """Ada's signature over `payload`, whatever hash it is said to be made with."""
    ada = fund.person("ada")
    digest = hashlib.new(hash_name, payload).digest()
    parts = (namespace.encode(), b"", hash_name.encode())
    signed = b"SSHSIG" + b"".join(string(part) for part in (*parts, digest))
    inner = string(b"ssh-ed25519") + string(ada.private_key.sign(signed))
    fields = (ada.key.blob, *parts, inner)
    return b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(string(field) for field in fields)


Spoil = Callable[[Fund, bytes], bytes]
"""From the unsigned bytes to what is written."""


def by_ada(change: Callable[[bytes], bytes]) -> Spoil:
    """Change the bytes, then let ada sign exactly what came out."""
    return lambda fund, payload: fund.sim.signed(change(payload), fund.person("ada"))


def afterwards(change: Callable[[bytes], bytes]) -> Spoil:
    """Let ada sign, and change what she signed."""
    return lambda fund, payload: change(fund.sim.signed(payload, fund.person("ada")))


def armoured(make: Callable[[Fund, bytes], bytes]) -> Spoil:
    """Put in a whole signature, made of the bytes."""
    return lambda fund, payload: fund.sim.signed(
        payload, fund.person("ada"), armor=make(fund, payload)
    )


def named(namespace: str) -> Spoil:
    """Signed by ada for something else."""
    return lambda fund, payload: fund.sim.signed(payload, fund.person("ada"), namespace=namespace)


def hashed(name: str) -> Spoil:
    """Signed by ada with another hash."""
    return armoured(lambda fund, p: sshsig.armor(blob_of(fund, p, hash_name=name)))


def both(fund: Fund, payload: bytes) -> bytes:
    """Two whole signatures, one after the other."""
    ours, theirs = fund.person("ada"), fund.mallory
    return sshsig.sign(ours.private_key, payload, "git") + sshsig.sign(
        theirs.private_key, payload, "git"
    )


def tag_of(payload: bytes) -> bytes:
    """A header that holds a tag, as a merge of a signed tag has it."""
    parent = payload.split(b"\n")[1].removeprefix(b"parent ")
    return b"mergetag object %s\n type commit\n tag v1\n tagger A <a@b.c> 1 +0000\n \n v1" % parent


def doubled(payload: bytes, name: bytes) -> bytes:
    """The payload with a header said twice."""
    line = next(each for each in payload.split(b"\n") if each.startswith(name))
    return header(payload, line, after=name)


def renamed(name: bytes) -> Callable[[bytes], bytes]:
    """The payload with another name for its committer and author."""
    return lambda payload: payload.replace(b"Ada <", name + b" <")


DUPLICATE: dict[str, tuple[Spoil, str]] = {
    "two parents that are one": (by_ada(lambda p: doubled(p, b"parent ")), "DUPLICATE_HEADER"),
    "two authors": (by_ada(lambda p: doubled(p, b"author ")), "DUPLICATE_HEADER"),
    "two committers": (by_ada(lambda p: doubled(p, b"committer ")), "DUPLICATE_HEADER"),
    "a parent that comes late": (
        by_ada(lambda p: header(p, p.split(b"\n")[1])),
        "MALFORMED_COMMIT",
    ),
    "two gpgsig, hers first": (
        lambda f, p: f.sim.signed(f.sim.signed(p, f.person("ada")), f.mallory),
        "DUPLICATE_HEADER",
    ),
    "two gpgsig, hers last": (
        lambda f, p: f.sim.signed(f.sim.signed(p, f.mallory), f.person("ada")),
        "DUPLICATE_HEADER",
    ),
}
UNKNOWN: dict[str, tuple[Spoil, str]] = {
    "a header of nobody's": (by_ada(lambda p: header(p, b"x-approved yes")), "UNKNOWN_HEADER"),
    "mergetag": (by_ada(lambda p: header(p, tag_of(p))), "UNKNOWN_HEADER"),
    "encoding": (by_ada(lambda p: header(p, b"encoding UTF-7")), "UNKNOWN_HEADER"),
    "gpgsig-sha256": (by_ada(lambda p: header(p, b"gpgsig-sha256 x")), "UNKNOWN_HEADER"),
    "a header after the signature": (
        afterwards(lambda raw: raw.replace(b"\n\n", b"\nx-approved yes\n\n", 1)),
        "UNKNOWN_HEADER",
    ),
    "several armour blocks": (armoured(both), "SEVERAL_SIGNATURES"),
    "armour of another kind": (
        armoured(lambda _f, _p: b"-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----"),
        "FOREIGN_SIGNATURE",
    ),
    "armour with something after it": (
        armoured(lambda f, p: sshsig.sign(f.person("ada").private_key, p, "git") + b"more"),
        "MALFORMED_COMMIT",
    ),
    "armour around nothing": (
        armoured(lambda _f, _p: b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----"),
        "MALFORMED_SIGNATURE",
    ),
    "a signature with nothing in it": (
        lambda _f, p: header(p, b"gpgsig "),
        "MALFORMED_COMMIT",
    ),
}
WRONG: dict[str, tuple[Spoil, str]] = {
    "for a file": (named("file"), "WRONG_NAMESPACE"),
    "for GIT": (named("GIT"), "WRONG_NAMESPACE"),
    "for git and more": (named("git\0"), "MALFORMED_SIGNATURE"),
    "for nothing": (named(""), "MALFORMED_SIGNATURE"),
    "with SHA-1": (hashed("sha1"), "WRONG_HASH"),
    "with MD5": (hashed("md5"), "WRONG_HASH"),
    "with SHA-384": (hashed("sha384"), "WRONG_HASH"),
}
OTHERS: dict[str, tuple[Spoil, str]] = {
    "mallory's, naming ada's key": (
        lambda f, p: f.sim.signed(p, f.mallory, claimed=f.person("ada")),
        "BAD_SIGNATURE",
    ),
    "grace's, naming ada's key": (
        lambda f, p: f.sim.signed(p, f.person("grace"), claimed=f.person("ada")),
        "BAD_SIGNATURE",
    ),
    "mallory's, in a commit by ada": (
        lambda f, p: f.sim.signed(p, f.mallory),
        "UNKNOWN_SIGNER",
    ),
    "grace's, in a commit by ada": (
        lambda f, p: f.sim.signed(p, f.person("grace")),
        "COMMITTER_MISMATCH",
    ),
    "ada's, over another commit": (
        armoured(lambda f, p: sshsig.sign(f.person("ada").private_key, p + b"x", "git")),
        "BAD_SIGNATURE",
    ),
    "ada's, over the commit with its signature": (
        armoured(
            lambda f, p: sshsig.sign(
                f.person("ada").private_key, f.sim.signed(p, f.person("ada")), "git"
            )
        ),
        "BAD_SIGNATURE",
    ),
    "ada's, and the message changed since": (
        afterwards(lambda raw: raw.replace(b"Raise", b"Lower")),
        "BAD_SIGNATURE",
    ),
    "ada's, and the date changed since": (
        afterwards(lambda raw: raw.replace(b" +0000", b" +0100")),
        "BAD_SIGNATURE",
    ),
}
NAMES: dict[str, tuple[Spoil, str]] = {
    "an address in the name": (by_ada(renamed(b"Ada <ada@example.org> 1 +0000")), "BAD_IDENTITY"),
    "a newline": (by_ada(renamed(b"Ada\nparent")), "MALFORMED_COMMIT"),
    "a carriage return": (by_ada(renamed(b"Ada\r")), "BAD_IDENTITY"),
    "an escape": (by_ada(renamed(b"\x1b[2JAda")), "BAD_IDENTITY"),
    "a NUL": (by_ada(renamed(b"Ada\0")), "MALFORMED_COMMIT"),
    "text turned around": (by_ada(renamed("\u202eadA".encode())), "BAD_IDENTITY"),
    "bytes that are no text": (by_ada(renamed(b"\xff\xfe")), "BAD_IDENTITY"),
}
SPOILT = DUPLICATE | UNKNOWN | WRONG | OTHERS | NAMES
