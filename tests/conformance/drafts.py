"""Commits with every byte in the test's hand: varied ones, and what can be odd about one.

A `Draft` is a commit before it is signed. `varied` draws one as different people, forges and
tools write them; Git and we read all of these alike. An `Oddity` then makes one thing about it
unlike what `git commit -S` writes, and says what Git thinks of that and what we do.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.conformance.signers import Options, Signer

NAMES: Final = (
    *(
        "Ada",
        "Grace Hopper",
        "Ève-Zoë Müller",
        "李 小龙",
        'O\'Neil "Bob"',
        "a, b; c",
        "$(id)",
        "-rf",
    ),
    *("", "x" * 300, "Dr. A. (root)", "Vanta-Approve: prod", "gpgsig", "tree " + "0" * 40),
)
ZONES: Final = ("+0000", "-0000", "+0200", "-1130", "+1400", "+9999")
MESSAGES: Final = (
    *(
        "",
        "x",
        "\n",
        "Fix\n",
        "\n\nLate subject\n",
        "Réduire l'exposition\n\n• détail\n",
        "a" * 9000,
    ),
    *("Approve\n\nVanta-Approve: prod " + "0" * 64 + " until=2026-11-25T00:00:00Z\n",),
    *("Sub\r\n\r\nbody\r\n", "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n", "tree x\nparent y\n"),
    *("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", "---\ndiff --git\n"),
    *(
        "🦊\u200d\U0001f525\n",
        "\x01\x02\x7f\n",
        " \n \n",
        "#comment\n\n# more\n",
        "a\n\nb: c\n d\n",
    ),
)


@dataclass
class Draft:
    """A commit before it is written.

    Attributes:
        tree: value of the tree line.
        parents: values of the parent lines.
        author: value of the author line.
        committer: value of the committer line.
        signer: who signs; `None` for nobody.
        message: as it is.
        header: the signature header's name in this object format.
        inside: lines put after the committer's, before signing.
        edit_payload: changes what is signed.
        edit_armor: changes the signature after it is made.
        edit_object: changes the whole object after it is signed.
        options: what `Signer.sign` is told.
    """

    tree: str
    parents: list[str]
    author: bytes
    committer: bytes
    signer: Signer | None
    message: bytes
    header: bytes = b"gpgsig"
    inside: list[bytes] = field(default_factory=list)
    edit_payload: Callable[[bytes], bytes] = bytes
    edit_armor: Callable[[bytes], bytes] = bytes
    edit_object: Callable[[bytes], bytes] = bytes
    options: Options = field(default_factory=Options)

    def payload(self) -> bytes:
        """What is signed."""
        lines = [
            b"tree " + self.tree.encode(),
            *(b"parent " + parent.encode() for parent in self.parents),
            b"author " + self.author,
            b"committer " + self.committer,
            *self.inside,
        ]
        return self.edit_payload(b"\n".join(lines) + b"\n\n" + self.message)

    def raw(self) -> bytes:
        """The whole object."""
        payload = self.payload()
        if self.signer is None:
            return self.edit_object(payload)
        made = self.signer.sign(payload, **self.options)
        return self.edit_object(with_signature(payload, self.edit_armor(made), self.header))


def with_signature(payload: bytes, armor: bytes, header: bytes = b"gpgsig") -> bytes:
    """`payload` with a signature where `git commit` puts it."""
    head, _, body = payload.partition(b"\n\n")
    return head + b"\n" + folded(armor, header) + b"\n\n" + body


def folded(armor: bytes, header: bytes = b"gpgsig") -> bytes:
    """A signature as the header that holds it."""
    return header + b" " + armor.rstrip(b"\n").replace(b"\n", b"\n ")


def varied(
    chance: random.Random, signers: Sequence[Signer], trees: Sequence[str], commits: Sequence[str]
) -> Draft:
    """A commit as somebody's tool may write it, signed by its committer."""
    signer = chance.choice(signers)
    parents = chance.sample(list(commits), chance.choice((0, 1, 1, 1, 2, 3)))
    message = chance.choice(MESSAGES)
    if chance.random() < 0.3:
        message = "".join(chance.choice("ab :\n-é#>\t") for _ in range(chance.randrange(80)))
    options: Options = {"hash_name": chance.choice(("sha512", "sha512", "sha256"))}
    if signer.application:
        options["flags"] = chance.choice((1, 5, 0x81))
        options["counter"] = chance.randrange(2**32)
    draft = Draft(
        tree=chance.choice(trees),
        parents=parents,
        author=_stamp(
            chance, chance.choice(NAMES), chance.choice(("a@b", "", "é@x", signer.email))
        ),
        committer=_stamp(chance, chance.choice(NAMES), signer.email),
        signer=signer,
        message=message.encode(),
        header=b"gpgsig" if len(trees[0]) == len("0" * 40) else b"gpgsig-sha256",
        options=options,
    )
    width = chance.choice((70, 70, 70, 64, 76))
    return replace(draft, edit_armor=lambda armor: _wrapped(armor, width))


def _stamp(chance: random.Random, name: str, email: str) -> bytes:
    seconds = chance.choice((0, 5, 1_795_305_600, chance.randrange(2**32), 4_611_686_017))
    return f"{name}{name and ' '}<{email}> {seconds} {chance.choice(ZONES)}".encode()


def _wrapped(armor: bytes, width: int) -> bytes:
    begin, *lines, end = armor.splitlines()
    text = b"".join(lines)
    parts = [text[at : at + width] for at in range(0, len(text), width)]
    return b"\n".join([begin, *parts, end]) + b"\n"


def header_end(raw: bytes) -> int:
    """Where the newline stands that ends the last header."""
    return raw.index(b"\n\n")


def before(marker: bytes, text: bytes) -> Callable[[bytes], bytes]:
    """Puts `text` before the first `marker`."""
    return lambda raw: raw.replace(marker, text + marker, 1)


def at_end_of_headers(text: bytes) -> Callable[[bytes], bytes]:
    """Puts `text` after the last header."""
    return lambda raw: raw[: header_end(raw)] + text + raw[header_end(raw) :]


def moved_before(marker: bytes, header: bytes) -> Callable[[bytes], bytes]:
    """Moves the signature before the header that begins with `marker`."""
    signature = re.compile(rb"\n" + header + rb" .*(?:\n .*)*")

    def move(raw: bytes) -> bytes:
        found = signature.search(raw)
        if found is None:
            raise ValueError("there is no signature to move")
        rest = raw[: found.start()] + raw[found.end() :]
        return rest.replace(marker, found[0] + marker, 1)

    return move
