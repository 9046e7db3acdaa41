"""What can be odd about a commit, one thing each: what Git thinks of it, and what we do.

Where Git says `G` here, it takes for good what nobody should: each such line is a difference on
purpose, and `test_git_is_wrong` asserts it by itself.
"""

from dataclasses import dataclass, replace
from typing import Final

from tests.conformance import edits
from tests.conformance.drafts import Draft, at_end_of_headers, before, folded, moved_before
from tests.conformance.people import OTHER, STRANGER, WEAK

DIES: Final = None
"""Git stops with an error, and so does every command that walks over the commit."""
NOBODY: Final = "Nobody <nobody@example.org> 5 +0000"
FOREIGN: Final = b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n=x\n-----END PGP SIGNATURE-----\n"
SEALED: Final = ("ssh-", "ecdsa-", "rsa-")


@dataclass(frozen=True)
class Oddity:
    """One thing that is unlike what `git commit -S` writes.

    Attributes:
        edit: makes a draft odd.
        git: the grade Git gives; `DIES` when it gives none.
        ours: our reason code; empty if we accept it too.
        of: kinds of key it can be said of, by the start of the algorithm's name; all if empty.
    """

    edit: edits.Edit
    git: str | None
    ours: str
    of: tuple[str, ...] = ()

    def fits(self, draft: Draft) -> bool:
        """Whether it can be said of this draft."""
        return not self.of or (
            draft.signer is not None and draft.signer.algorithm.startswith(self.of)
        )


ODDITIES: Final[dict[str, Oddity]] = {
    # Headers nobody reads, under a good signature.
    "an encoding": Oddity(edits.inside(b"encoding ISO-8859-1"), "G", "UNKNOWN_HEADER"),
    "a merged tag": Oddity(edits.inside(b"mergetag object 1", b" x"), "G", "UNKNOWN_HEADER"),
    "another tool's header": Oddity(edits.inside(b"HG:rename a b"), "G", "UNKNOWN_HEADER"),
    "a header of 40 kB": Oddity(edits.inside(b"x " + b"y" * 40_000), "G", "UNKNOWN_HEADER"),
    "a second tree": Oddity(
        edits.payload(before(b"\nauthor ", b"\ntree " + b"1" * 40)), "G", "DUPLICATE_HEADER"
    ),
    "a second author": Oddity(
        edits.payload(before(b"\nauthor ", b"\nauthor Eve <e@e> 5 +0000")), "G", "DUPLICATE_HEADER"
    ),
    "a second committer": Oddity(
        edits.inside(b"committer " + NOBODY.encode()), "G", "DUPLICATE_HEADER"
    ),
    "a committer before the committer": Oddity(
        edits.payload(before(b"\ncommitter ", b"\ncommitter " + NOBODY.encode())),
        "G",
        "DUPLICATE_HEADER",
    ),
    "a parent after the author": Oddity(
        edits.payload(before(b"\ncommitter ", b"\nparent " + b"1" * 40)), "G", "MALFORMED_COMMIT"
    ),
    "a folded author": Oddity(
        edits.payload(before(b"\ncommitter ", b"\n folded")), "G", "MALFORMED_COMMIT"
    ),
    "a parent twice": Oddity(
        lambda draft: edits.first_parent(draft, lambda first: [first, first]),
        "G",
        "DUPLICATE_HEADER",
    ),
    "a parent in capitals": Oddity(
        lambda draft: edits.first_parent(draft, lambda first: ["A" + first[1:]]),
        "G",
        "MALFORMED_COMMIT",
    ),
    "a tree in capitals": Oddity(
        lambda draft: replace(draft, tree="F" + draft.tree[1:]), "G", "MALFORMED_COMMIT"
    ),
    "a parent line with a space after it": Oddity(
        lambda draft: edits.first_parent(draft, lambda first: [first + " "]),
        DIES,
        "MALFORMED_COMMIT",
    ),
    "an abbreviated tree": Oddity(
        lambda draft: replace(draft, tree=draft.tree[:-1]), DIES, "MALFORMED_COMMIT"
    ),
    "carriage returns": Oddity(
        edits.payload(lambda payload: payload.replace(b"\n", b"\r\n")), DIES, "UNKNOWN_HEADER"
    ),
    # Messages.
    "a message of 100 kB": Oddity(
        lambda draft: replace(draft, message=b"a" * 100_000), "G", "COMMIT_TOO_LARGE"
    ),
    "a NUL in the message": Oddity(
        lambda draft: replace(draft, message=b"Seen\0unseen\n"), "G", "MALFORMED_COMMIT"
    ),
    "a message that is not UTF-8": Oddity(
        lambda draft: replace(draft, message=b"R\xe9duire\n"), "G", "MALFORMED_COMMIT"
    ),
    # Names and dates.
    "an escape in the committer's name": Oddity(
        edits.stamp("A\x1b[2J <@> 5 +0000"), "G", "BAD_IDENTITY"
    ),
    "a carriage return in a name": Oddity(edits.stamp("A\rda <@> 5 +0000"), "G", "BAD_IDENTITY"),
    "text turned around in a name": Oddity(
        edits.stamp("A\u202eda <@> 5 +0000"), "G", "BAD_IDENTITY"
    ),
    "no date": Oddity(edits.stamp("Ada <@>"), "G", "BAD_IDENTITY"),
    "no zone": Oddity(edits.stamp("Ada <@> 5"), "G", "BAD_IDENTITY"),
    "a date before 1970": Oddity(edits.stamp("Ada <@> -5 +0000"), "G", "BAD_IDENTITY"),
    "a date with a leading zero": Oddity(edits.stamp("Ada <@> 05 +0000"), "G", "BAD_IDENTITY"),
    "a date in the year 2116": Oddity(edits.stamp("Ada <@> 4611686018 +0000"), "G", "BAD_IDENTITY"),
    "a date beyond every clock": Oddity(
        edits.stamp("Ada <@> 9" + "9" * 20 + " +0000"), DIES, "BAD_IDENTITY"
    ),
    "a zone of five digits": Oddity(edits.stamp("Ada <@> 5 +00000"), "G", "BAD_IDENTITY"),
    "something after the zone": Oddity(edits.stamp("Ada <@> 5 +0000 x"), "G", "BAD_IDENTITY"),
    "two addresses": Oddity(edits.stamp("Ada <x@y> <@> 5 +0000"), "G", "BAD_IDENTITY"),
    "no space before the address": Oddity(edits.stamp("Ada<@> 5 +0000"), "G", "BAD_IDENTITY"),
    "a name that is not UTF-8": Oddity(
        lambda draft: replace(draft, author=b"\xff <a@b> 5 +0000"), "G", "BAD_IDENTITY"
    ),
    # Whose commit it is.
    "somebody else's name on it": Oddity(
        edits.committer(f"{OTHER.identity} 5 +0000"), "G", "COMMITTER_MISMATCH"
    ),
    "nobody's name on it": Oddity(edits.committer(NOBODY), "G", "COMMITTER_MISMATCH"),
    "an address that looks like theirs": Oddity(
        edits.stamp("Ada <@\u200b> 5 +0000"), "G", "BAD_IDENTITY"
    ),
    "an address with a space after it": Oddity(
        edits.stamp("Ada <@ > 5 +0000"), "G", "COMMITTER_MISMATCH"
    ),
    "an address in capitals": Oddity(
        lambda draft: replace(draft, committer=draft.committer.replace(b"@example", b"@Example")),
        "G",
        "COMMITTER_MISMATCH",
    ),
    # Where the signature stands, and what stands beside it unsigned.
    "a signature before the author": Oddity(
        edits.by_header(lambda header: edits.whole(moved_before(b"\nauthor ", header))),
        "G",
        "MALFORMED_COMMIT",
    ),
    "a signature before the committer": Oddity(
        edits.by_header(lambda header: edits.whole(moved_before(b"\ncommitter ", header))),
        "G",
        "MALFORMED_COMMIT",
    ),
    "a signature of the other format beside it": Oddity(
        edits.by_header(
            lambda header: edits.whole(
                at_end_of_headers(b"\n" + folded(b"x\ny", edits.other_format(header)))
            )
        ),
        "G",
        "UNKNOWN_HEADER",
    ),
    "a header that only begins like a signature": Oddity(
        edits.whole(before(b"\nauthor ", b"\ngpgsigs-parent " + b"1" * 40)), "G", "UNKNOWN_HEADER"
    ),
    "only a signature of the other format": Oddity(
        lambda draft: replace(draft, header=edits.other_format(draft.header)), "N", "UNKNOWN_HEADER"
    ),
    "one signature in two headers": Oddity(
        edits.by_header(lambda header: edits.whole(lambda raw: edits.split_signature(raw, header))),
        "G",
        "DUPLICATE_HEADER",
    ),
    # The armour.
    "two armour blocks": Oddity(edits.armored(lambda made: made + made), "G", "SEVERAL_SIGNATURES"),
    "text after the armour": Oddity(
        edits.armored(lambda made: made + b"more\n"), "G", "MALFORMED_COMMIT"
    ),
    "text before the armour": Oddity(
        edits.armored(lambda made: b"x\n" + made), DIES, "MALFORMED_COMMIT"
    ),
    "a line of nothing in the armour": Oddity(
        edits.armored(before(b"\n-----END", b"\n")), "G", "MALFORMED_SIGNATURE"
    ),
    "spaces in the armour": Oddity(
        edits.armored(lambda made: made.replace(b"\n", b"\n ", 1)), "G", "MALFORMED_SIGNATURE"
    ),
    "one long line of armour": Oddity(
        edits.armored(lambda made: b"\n".join(edits.unwrapped(made))), "G", "MALFORMED_SIGNATURE"
    ),
    "armour with carriage returns": Oddity(
        edits.armored(lambda made: made.replace(b"\n", b"\r\n")), "B", "MALFORMED_COMMIT"
    ),
    "armour without its end": Oddity(
        edits.armored(lambda made: made[: made.index(b"-----END")]), "B", "MALFORMED_COMMIT"
    ),
    "another kind of armour": Oddity(edits.armored(lambda _: FOREIGN), "N", "FOREIGN_SIGNATURE"),
    # Inside the armour.
    "bytes after the signature": Oddity(
        edits.blob(lambda blob: blob + b"x"), "B", "MALFORMED_SIGNATURE"
    ),
    "something in the reserved field": Oddity(
        edits.resealed(reserved=b"x"), "G", "MALFORMED_SIGNATURE", of=SEALED
    ),
    "version 2": Oddity(edits.resealed(version=2), "B", "MALFORMED_SIGNATURE", of=SEALED),
    "a hash it was not made with": Oddity(
        edits.resealed(hash_name="sha256"), "B", "BAD_SIGNATURE", of=SEALED
    ),
    "a hash nobody has": Oddity(edits.resealed(hash_name="sha1"), "B", "WRONG_HASH", of=SEALED),
    "another namespace": Oddity(edits.options(namespace="file"), "B", "WRONG_NAMESPACE"),
    "an Ed25519 signature malleated": Oddity(
        edits.blob(edits.malleated), "G", "BAD_SIGNATURE", of=("ssh-ed25519",)
    ),
    "an ECDSA signature with a spare zero": Oddity(
        edits.blob(edits.spare_zero), "G", "MALFORMED_SIGNATURE", of=("ecdsa-",)
    ),
    # Keys.
    "nobody touched the key": Oddity(edits.options(flags=0), "G", "USER_ABSENT", of=("sk-",)),
    "the key saw its user, who did not touch it": Oddity(
        edits.options(flags=4), "G", "USER_ABSENT", of=("sk-",)
    ),
    "RSA of 2048 bits": Oddity(edits.signed_by(WEAK["RSA of 2048 bits"]), "G", "WEAK_KEY"),
    "RSA of 1024 bits": Oddity(edits.signed_by(WEAK["RSA of 1024 bits"]), "G", "WEAK_KEY"),
    "RSA with SHA-1": Oddity(edits.signed_by(WEAK["RSA with SHA-1"]), "B", "WRONG_HASH"),
    "a security key of a web site": Oddity(
        edits.signed_by(WEAK["a web site's"]),
        "G",
        "UNSUPPORTED_KEY",
    ),
    "a security key asked by a browser": Oddity(
        edits.signed_by(WEAK["a browser's"]), "G", "MALFORMED_SIGNATURE"
    ),
    "a certificate": Oddity(edits.signed_by(WEAK["certified"]), "G", "UNSUPPORTED_KEY"),
    # Who signed, and what.
    "no signature": Oddity(lambda draft: replace(draft, signer=None), "N", "UNSIGNED"),
    "a stranger's signature": Oddity(edits.signed_by(lambda: STRANGER), "U", "UNKNOWN_SIGNER"),
    "a signature of another message": Oddity(
        edits.whole(lambda raw: raw + b"more\n"), "B", "BAD_SIGNATURE"
    ),
    "a signature of another tree": Oddity(edits.whole(edits.another_tree), "B", "BAD_SIGNATURE"),
    "a signature that names another's key": Oddity(
        edits.of_signer(edits.claims_other), "B", "BAD_SIGNATURE", of=("ssh-ed25519",)
    ),
}
