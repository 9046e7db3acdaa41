"""Raw commit objects, read byte by byte: what was signed is exactly what is read.

`parse_commit` is for judging: anything Git would tolerate but a person would not expect is an
error. `parse_links` is for walking: it follows the same two fields Git follows, so that an
unreadable commit can be stepped over (it contributes nothing) and cannot stop what is above it.
"""

import re
import unicodedata
from dataclasses import dataclass

from vanta.domain.errors import MalformedError
from vanta.domain.instant import FOREVER, SECOND, parse_instant
from vanta.domain.name import NAME

APPROVAL_KEY = "Vanta-Approve"
MAX_COMMIT = 64 * 1024
"""Bytes of a commit that is read. A larger one is walked through: whoever can push can make many,
and for next to nothing, since they compress."""

_SHA1_DIGITS, _SHA256_DIGITS = 40, 64
_OID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_LINKS = {
    width: re.compile(
        rb"tree ([0-9a-fA-F]{%d})\n((?:parent [0-9a-fA-F]{%d}\n)*)(?=.)(?!parent .{%d})"
        % (width, width, width + 1),
        re.DOTALL,
    )
    for width in (_SHA1_DIGITS, _SHA256_DIGITS)
}
"""By the length of an object id. Git reads no commit that ends here, and none with a parent line
that is broken; what is too short to be a parent line it takes for something else."""
_IDENTITY = re.compile(r"((?:([^<>\n]*) )?<([^<>\n]*)>) (0|[1-9][0-9]{0,9}) [+-][0-9]{4}\Z")
_ARMOR_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----\n")
_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*): *(.*)\Z")
_APPROVAL = re.compile(rf"({NAME}) ([0-9a-f]{{64}}) until=([0-9TtZz:.+-]{{1,40}})\Z")
_FORMAT_CHARACTERS = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


@dataclass(frozen=True, slots=True)
class Links:
    """Where a commit stands in the graph: all that walking needs of it."""

    tree: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit object, read strictly.

    Attributes:
        oid: its object id.
        tree: the root tree's object id.
        parents: parent ids, in order; the first is the main line.
        author: `Name <email>`, as written; says nothing about who signed.
        author_email: as written; differs from the committer's where somebody rebased or amended.
        committer_name: as written; only the signature says who the committer is.
        committer_email: as written.
        committer_time: UTC nanoseconds, as claimed; anybody can claim any time.
        message: everything after the first empty line.
        signature: the one armour block of the signature header (`gpgsig`, or `gpgsig-sha256` in
            SHA-256 repositories), of whatever kind; `None` when unsigned.
        signed_payload: the object's bytes without that header, which the signature is over.
        legible: neither name holds what cannot be seen, which may show somebody another name.
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    committer_name: str
    committer_email: str
    committer_time: int
    message: str
    signature: bytes | None
    signed_payload: bytes | None
    legible: bool = True


@dataclass(frozen=True, slots=True)
class Approval:
    """What one signed commit approves: exactly this governed tree, there, until then.

    Attributes:
        environment: name of the environment.
        tree_digest: 64 hexadecimal digits over the governed tree.
        until_ns: UTC nanoseconds after which it no longer counts when first seen.
    """

    environment: str
    tree_digest: str
    until_ns: int


def is_oid(text: str) -> bool:
    """Whether `text` is a full object id: never an abbreviation, a ref or an option."""
    return _OID.match(text) is not None


def parse_links(oid: str, raw: bytes) -> Links:
    """The tree and parents Git itself would follow from these bytes.

    Raises:
        MalformedError: code `MALFORMED_COMMIT`: Git could not walk through it either.
    """
    links = _LINKS.get(len(oid))
    match = links.match(raw) if links else None
    if match is None:
        raise _malformed(oid, "it does not begin with a tree and its parents")
    tree, parents = match.groups()
    # One `parent ` is 7 bytes long.
    ids = tuple(line[7:].decode("ascii").lower() for line in parents.splitlines())
    return Links(tree.decode("ascii").lower(), ids)


def parse_commit(oid: str, raw: bytes) -> Commit:
    """Read a commit object whose headers are exactly those `git commit -S` writes there.

    Args:
        oid: the id the bytes were asked for by, and verified against.
        raw: the object's content, without Git's `commit <size>` frame.

    Raises:
        MalformedError: codes `COMMIT_TOO_LARGE`, `DUPLICATE_HEADER`, `UNKNOWN_HEADER`,
            `SEVERAL_SIGNATURES`, `BAD_IDENTITY`, `MALFORMED_COMMIT`; the place is the commit.
    """
    if len(raw) > MAX_COMMIT:
        raise MalformedError(
            f"{len(raw)} bytes, more than {MAX_COMMIT}",
            code="COMMIT_TOO_LARGE",
            place=_place(oid),
            remedy="say less in its message",
        )
    head, separator, body = raw.partition(b"\n\n")
    if not separator or b"\0" in raw:
        raise _malformed(oid, "it has no empty line after its headers, or a NUL")
    lines = head.split(b"\n")
    names = [line.partition(b" ")[0] for line in lines]
    parents = 0
    while parents + 1 < len(names) and names[parents + 1] == b"parent":
        parents += 1
    plain = parents + 3
    if names[:plain] != [b"tree", *[b"parent"] * parents, b"author", b"committer"]:
        raise _header_error(oid, names)
    signature = payload = None
    if len(lines) > plain:
        header = _signature_header(oid)
        # Continuation lines begin with a space, so their name is empty.
        if names[plain] != header or any(names[plain + 1 :]):
            raise _header_error(oid, names)
        signature = _armor(oid, [lines[plain][len(header) :], *lines[plain + 1 :]])
        payload = b"\n".join(lines[:plain]) + b"\n\n" + body
    author, author_name, author_email, _ = _identity(oid, lines[plain - 2])
    _, name, email, seconds = _identity(oid, lines[plain - 1])
    try:
        message = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(oid, "its message is not UTF-8") from error
    ids = tuple(_id(oid, line[7:]) for line in lines[1 : parents + 1])
    if len(set(ids)) != parents:
        raise MalformedError("a parent stands twice", code="DUPLICATE_HEADER", place=_place(oid))
    return Commit(
        oid=oid,
        tree=_id(oid, lines[0][5:]),
        parents=ids,
        author=author,
        author_email=author_email,
        committer_name=name,
        committer_email=email,
        committer_time=seconds * SECOND,
        message=message,
        signature=signature,
        signed_payload=payload,
        legible=not (_unseen(author_name) or _unseen(name)),
    )


def trailers(message: str) -> list[tuple[str, str]]:
    """The `Key: value` lines of the message's last paragraph, in order.

    Strict: the subject is never a trailer, and one line that is no trailer makes the whole
    paragraph prose, so a sentinel that is quoted, indented or told about is not one. A value
    that continues on an indented line keeps its line break. What is taken for a trailer here, Git
    takes for one too.
    """
    found: list[tuple[str, list[str]]] = []
    for line in _last_paragraph(message):
        match = _TRAILER.match(line)
        text = line.strip(" \t")
        if not text.isprintable():
            return []
        if found and line.startswith((" ", "\t")):
            found[-1][1].append(text)
        elif match:
            found.append((match[1], [match[2].rstrip()]))
        else:
            return []
    return [(key, "\n".join(value)) for key, value in found]


def parse_approval(commit: Commit) -> Approval | None:
    """The approval a commit carries: exactly one `Vanta-Approve` trailer, or `None` without one.

    Says nothing about who signed it or whether it counts.

    Raises:
        MalformedError: code `MALFORMED_APPROVAL`: there are several, or it is not
            `Vanta-Approve: <environment> <64 hex digits> until=<RFC 3339>`.
    """
    if APPROVAL_KEY.lower() not in commit.message.lower():
        return None
    stated = [pair for pair in trailers(commit.message) if pair[0].lower() == APPROVAL_KEY.lower()]
    if not stated:
        return None
    key, value = stated[0]
    match = _APPROVAL.match(value)
    if len(stated) > 1 or key != APPROVAL_KEY or match is None:
        raise _malformed_approval(commit.oid)
    try:
        until = parse_instant(match[3])
    except MalformedError as error:
        raise _malformed_approval(commit.oid) from error
    if not 0 < until < FOREVER:
        raise _malformed_approval(commit.oid)
    return Approval(environment=match[1], tree_digest=match[2], until_ns=until)


def _last_paragraph(message: str) -> list[str]:
    # What Git takes for an empty line; no other invisible character makes one.
    lines = [line if line.strip(" \t\r") else "" for line in message.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    start = len(lines)
    while start and lines[start - 1]:
        start -= 1
    # The first paragraph is the subject.
    return lines[start:] if any(lines[:start]) else []


def _signature_header(oid: str) -> bytes:
    """What Git calls it in a repository of this object format.

    The other format's header Git neither checks nor counts among the bytes that are signed, so
    anybody may add one to anybody's commit.
    """
    return b"gpgsig-sha256" if len(oid) == _SHA256_DIGITS else b"gpgsig"


def _armor(oid: str, lines: list[bytes]) -> bytes:
    """The unfolded lines of the signature header's value, if they are exactly one armour block."""
    # Each begins with the space after the header's name, or that of its fold.
    armor = b"\n".join(line[1:] for line in lines)
    begin = _ARMOR_BEGIN.match(armor)
    if begin is None:
        raise _malformed(oid, "its signature header holds no armoured signature")
    if armor.count(b"-----BEGIN ") > 1 or armor.count(b"-----END ") > 1:
        raise MalformedError(
            "its signature header holds several signatures",
            code="SEVERAL_SIGNATURES",
            place=_place(oid),
        )
    # Forges end PGP armour with an empty continuation line.
    if not armor.rstrip(b"\n").endswith(b"\n-----END " + begin[1] + b"-----"):
        raise _malformed(oid, "its signature header does not end where its signature ends")
    return armor


def _identity(oid: str, line: bytes) -> tuple[str, str, str, int]:
    """`Name <email>`, name, email and UTC seconds of an author or committer line."""
    header, _, value = line.partition(b" ")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad_identity(oid, header, "is not UTF-8") from error
    match = _IDENTITY.match(text)
    if match is None:
        raise _bad_identity(oid, header, "is not `Name <email> seconds zone`")
    # People are known by their address. A strange name keeps nobody from stopping something.
    if unseen := _unseen(match[3]):
        raise _bad_identity(oid, header, f"has U+{ord(unseen):04X} in its address")
    seconds = int(match[4])
    if seconds >= FOREVER // SECOND:
        raise _bad_identity(oid, header, "is dated beyond what an instant can hold")
    return match[1], match[2] or "", match[3], seconds


def _unseen(text: str) -> str:
    """The first control or formatting character of a text; empty when it has none."""
    if text.isascii() and text.isprintable():
        return ""
    return next((each for each in text if unicodedata.category(each) in _FORMAT_CHARACTERS), "")


def _id(oid: str, value: bytes) -> str:
    text = value.decode("latin-1")
    if len(text) != len(oid) or not is_oid(text):
        raise _malformed(oid, "its tree or a parent is not an object id")
    return text


def _header_error(oid: str, names: list[bytes]) -> MalformedError:
    """Say which header should not be there, or not there."""
    once = {b"tree", b"author", b"committer", _signature_header(oid)}
    seen: set[bytes] = set()
    for name in names:
        shown = name[:32].decode("latin-1")
        if name in seen:
            return MalformedError(
                f"the header {shown!r} stands twice", code="DUPLICATE_HEADER", place=_place(oid)
            )
        if name in once:
            seen.add(name)
        elif name not in {b"parent", b""}:
            return MalformedError(
                f"the header {shown!r} is not accepted", code="UNKNOWN_HEADER", place=_place(oid)
            )
    return _malformed(oid, "its headers are not tree, parents, author, committer, gpgsig")


def _bad_identity(oid: str, header: bytes, what: str) -> MalformedError:
    return MalformedError(
        f"its {header.decode('ascii')} {what}", code="BAD_IDENTITY", place=_place(oid)
    )


def _malformed(oid: str, message: str) -> MalformedError:
    return MalformedError(message, code="MALFORMED_COMMIT", place=_place(oid))


def _malformed_approval(oid: str) -> MalformedError:
    return MalformedError(
        f"it does not carry exactly one well-formed {APPROVAL_KEY}",
        code="MALFORMED_APPROVAL",
        place=_place(oid),
        remedy="let `vanta governance approve` write it",
    )


def _place(oid: str) -> str:
    return f"commit {oid[:12]}"
