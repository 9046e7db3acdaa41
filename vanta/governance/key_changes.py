"""Giving people keys and taking keys away: the signed commits, in the order that is safe.

A revocation takes effect by one signature, so it is signed on the governed branch itself and
pushed at once. A new key takes the root quorum, so it is proposed: signed on the clone, with the
signer's approval for every environment, because each is approved by itself.

A rotation is both, and never one commit: with the new key in it, the revocation would wait for the
quorum. The key is revoked first and the new one proposed on top, except by whoever signs with the
key that is to go. Revoked, it could not approve its own replacement; so then the new key comes
first, and the revocation is what to type once it is in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.governance.authoring import Desk
from vanta.governance.authority import ROOT, resolve
from vanta.governance.clone import Clone, Signer, public_half, signer
from vanta.governance.delivery import Delivery, onto_branch
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.keyring import (
    ListedKey,
    find,
    listed,
    read_authority,
    with_key,
    with_revoked,
)
from vanta.governance.keys import PublicKey, parse_public_key
from vanta.governance.signing import LOOK_BACK, environments


@dataclass(frozen=True)
class NewKey:
    """A key to give to a person.

    Attributes:
        email: for somebody new, the address their commits carry.
        expires: UTC nanoseconds from which it approves nothing.
        roles: what they become, besides what they are.
    """

    person: str
    key: PublicKey
    email: str = ""
    expires: int | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What an addition takes: how many of root, who signed already, and who else could."""

    quorum: int
    signed: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class KeyChange:
    """What became of a change of keys; without commits, what would become of it.

    Attributes:
        before: `authority.yaml` before it.
        after: and after it.
        revoked: the commit that revokes.
        proposed: the commit that adds a key.
        approvals: environment to the commit that approves the addition for it.
        needs: what the addition takes.
        deliveries: where the revocation was taken to.
        next: what to type afterwards.
    """

    signer: str
    before: str
    after: str
    revoked: str = ""
    proposed: str = ""
    approvals: dict[str, str] | None = None
    needs: Asked | None = None
    deliveries: tuple[Delivery, ...] = ()
    next: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Revocation:
    """A key about to be revoked, and the nearest commit whose authority can be read."""

    base: str
    before: bytes
    after: bytes
    who: Signer
    fingerprint: str


def read_key_file(path: Path) -> PublicKey:
    """The public key in a `.pub` file.

    Raises:
        RefusedError: code `PRIVATE_KEY`; and what `parse_public_key` raises.
        UnavailableError: code `NO_KEY`.
    """
    try:
        text = path.read_text(errors="replace").strip()
    except OSError as error:
        raise UnavailableError(
            f"cannot be read ({error.strerror})", code="NO_KEY", place=str(path)
        ) from error
    if "PRIVATE KEY" in text:
        raise RefusedError(
            "this is a private key, which stays where it is",
            code="PRIVATE_KEY",
            place=str(path),
            remedy=f"name {path}.pub",
        )
    return parse_public_key(text, place=str(path))


class KeyDesk:
    """One person, everybody's keys, and a clone.

    Args:
        path: the clone.
        key: the private key file to sign with.
        now: UTC nanoseconds.
        named: environments to approve an addition for; all the clone has when none is named.
    """

    def __init__(self, path: Path, key: Path, now: int, named: Sequence[str] = ()) -> None:
        self._clone = Clone(path)
        found = tuple(dict.fromkeys(named)) or environments(self._clone)
        if not found:
            raise RefusedError(
                "the clone has no environments",
                code="NO_ENVIRONMENT",
                place=str(path),
                remedy="name a clone of the governance repository with --repo",
            )
        self._desks = [Desk(path, each, key, now) for each in found]
        self._desk = self._desks[0]
        self._key = key
        self._now = now

    def push(self, remote: str) -> None:
        """Push the checked-out branch."""
        self._clone.push(remote, self._clone.head(), self._clone.branch())

    def add(self, new: NewKey, *, dry_run: bool = False) -> KeyChange:
        """Propose a key, on the checked-out branch.

        Raises:
            VantaError: it cannot be; nothing was signed.
        """
        head = self._clone.head()
        self._refuse_edited()
        before = self._desk.authority_file(head)
        after = _with(before, new)
        who = self._desk.signer(head)
        change = KeyChange(who.name, before.decode(), after.decode(), needs=_asked(before, who))
        if dry_run:
            return change
        approvals = self._propose(head, after, new, who)
        return replace(change, proposed=approvals[self._desk.environment], approvals=approvals)

    def revoke(
        self, person: str, fingerprint: str, remote: str, branch: str, *, dry_run: bool = False
    ) -> KeyChange:
        """Revoke a key on the governed branch; one signature suffices, of root or of its owner.

        Where the branch's own authority cannot be read, the revocation is signed on the nearest
        one that can, and merged: the tree of the branch is left as it is.

        Raises:
            RefusedError: also code `NOT_YOURS`: the signer is neither. Nothing was signed.
            UnavailableError: code `NOT_DELIVERED`: the remote did not take it.
        """
        tip = self._clone.fetch(remote, branch)
        found = self._revocation(tip, person, fingerprint)
        change = KeyChange(found.who.name, found.before.decode(), found.after.decode())
        if dry_run:
            return change

        def commit_on(parent: str) -> str:
            at = self._revocation(parent, person, fingerprint)
            message = f"Revoke a key of {person}\n\n{at.fingerprint}"
            tree = self._clone.tree_with(at.base, {AUTHORITY: at.after})
            commit = self._desk.sign(tree, [at.base], message, at.who)
            if at.base == parent:
                return commit
            merged = self._desk.tree(parent)
            return self._desk.sign(merged, [parent, commit], message, at.who)

        delivery = onto_branch(self._clone, remote, branch, tip, commit_on)
        if not delivery.taken:
            raise UnavailableError(
                f"{delivery.where} did not take it: {delivery.said}",
                code="NOT_DELIVERED",
                place=str(self._clone.path),
                remedy=f"`vanta halt` first, which needs no branch; if the branch is protected, "
                f"git push {remote} {delivery.commit[:12]}:refs/heads/revoke-"
                f"{delivery.commit[:8]} and merge that, with a merge commit",
            )
        return replace(change, revoked=delivery.commit, deliveries=(delivery,))

    def rotate(
        self, new: NewKey, fingerprint: str, remote: str, branch: str, *, dry_run: bool = False
    ) -> KeyChange:
        """Replace a key, in the order this module's text gives.

        Args:
            new: whose key, and the new one.
            fingerprint: of the old one; empty for the only one they have.
            remote: see `revoke`; so are the others.
            branch: see `revoke`.
            dry_run: sign nothing.
        """
        tip = self._clone.fetch(remote, branch)
        old = self._old(tip, new.person, fingerprint)
        if public_half(self._key).openssh == old.openssh:
            change = self.add(new, dry_run=dry_run)
            later = f"vanta governance keys revoke {new.person} {old.fingerprint} --key NEW_KEY"
            return replace(change, next=(f"once the new key is in force: {later}",))
        found = self._revocation(tip, new.person, old.fingerprint)
        # Whatever is wrong with the new key or the clone is said before anything is pushed.
        after = _with(found.after, new)
        self._refuse_edited("")
        self._refuse_left_behind(tip, f"{remote} {branch}")
        if dry_run:
            needs = _asked(found.after, found.who)
            return KeyChange(found.who.name, found.before.decode(), after.decode(), needs=needs)
        gone = self.revoke(new.person, old.fingerprint, remote, branch)
        self._clone.fast_forward(gone.revoked)
        change = self.add(new)
        return replace(change, before=gone.before, revoked=gone.revoked, deliveries=gone.deliveries)

    def _old(self, tip: str, person: str, fingerprint: str) -> ListedKey:
        """The key a rotation replaces."""
        document = read_authority(self._desk.authority_file(self._readable(tip)))
        if fingerprint:
            return find(document, person, fingerprint)
        theirs = [key for key in listed(document, 0) if key.person == person]
        live = [key for key in theirs if key.state != "revoked"]
        if len(live) == 1:
            return live[0]
        # Says who there is, where nobody is called that.
        find(document, person, theirs[0].fingerprint if theirs else "")
        names = ", ".join(key.fingerprint for key in live) or "all revoked"
        raise RefusedError(
            f"which of {person}'s keys is to go?",
            code="SEVERAL_KEYS",
            place=AUTHORITY,
            remedy=f"name it: {names}" if live else "add one: vanta governance keys add",
        )

    def _revocation(self, tip: str, person: str, fingerprint: str) -> _Revocation:
        base = self._readable(tip)
        before = self._desk.authority_file(base)
        document = read_authority(before)
        authority = resolve(document)
        who = signer(authority, self._key)
        named = find(document, person, fingerprint).fingerprint
        root = authority.roles[ROOT].people
        if who.name != person and who.name not in root:
            raise RefusedError(
                f"{who.name} may not revoke a key of {person}",
                code="NOT_YOURS",
                place=AUTHORITY,
                remedy=f"ask {person}, or one of root: {', '.join(sorted(root))}",
            )
        after = with_revoked(before, person, named, self._now)
        return _Revocation(base, before, after, who, named)

    def _readable(self, tip: str) -> str:
        """The nearest commit, at the tip or below it, whose authority can be read."""
        at = tip
        for _ in range(LOOK_BACK):
            try:
                read_authority(self._desk.authority_file(at))
            except (MalformedError, RefusedError):
                parents = self._desk.repository.parents(at)
                if not parents:
                    break
                at = parents[0]
            else:
                return at
        return tip

    def _propose(self, head: str, after: bytes, new: NewKey, who: Signer) -> dict[str, str]:
        """Commits that approve the new authority, one for each environment; HEAD moves last."""
        tree = self._clone.tree_with(head, {AUTHORITY: after})
        digests = [(desk, desk.check(tree)) for desk in self._desks]
        first = f"Give {new.person} a key\n\n{new.key.fingerprint}"
        approvals: dict[str, str] = {}
        at = head
        for desk, digest in digests:
            message = f"Approve {desk.environment} at {at[:12]}" if approvals else first
            at = desk.sign(tree, [at], message, who, digest=digest)
            approvals[desk.environment] = at
        self._clone.advance(at, head)
        self._clone.restore(AUTHORITY)
        return approvals

    def _refuse_edited(self, path: str = AUTHORITY) -> None:
        if self._clone.edited(path):
            raise RefusedError(
                f"{path or 'the working tree'} has changes that are not committed",
                code="EDITED",
                place=str(self._clone.path),
                remedy="propose them first, or put them away: git stash",
            )

    def _refuse_left_behind(self, tip: str, where: str) -> None:
        if not self._clone.holds(tip, self._clone.head()):
            raise RefusedError(
                f"the clone has commits that {where} has not",
                code="NOT_UP_TO_DATE",
                place=str(self._clone.path),
                remedy="push them, or git switch to a branch that has been: nothing was signed",
            )


def _with(data: bytes, new: NewKey) -> bytes:
    return with_key(
        data, new.person, new.key, email=new.email, expires=new.expires, roles=new.roles
    )


def _asked(data: bytes, who: Signer) -> Asked:
    """What an addition takes, by the authority it changes."""
    document = read_authority(data)
    authority = resolve(document)
    root = authority.roles[ROOT].people
    able = {key.person for key in listed(document, 0) if key.state == "live"}
    signed = tuple({who.name} & root)
    return Asked(authority.root_quorum, signed, tuple(sorted((root & able) - {who.name})))
