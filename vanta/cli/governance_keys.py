"""`vanta governance keys`: who signs with what, and until when."""

import difflib
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli.options import Branch, Json, MaybeKey, Remote, Repo, environments
from vanta.cli.output import command, print_json, say
from vanta.cli.signing_key import signing_key
from vanta.domain.instant import FOREVER

app = typer.Typer(
    help="The keys people sign with: list, add, rotate, revoke.", no_args_is_help=True
)

Person = Annotated[str, typer.Argument(help="Whose key: their name in authority.yaml.")]
PublicKeyFile = Annotated[
    Path, typer.Option("--public-key", "-p", help="The .pub file of the new key.")
]
Expires = Annotated[
    str | None,
    typer.Option("--expires", help="RFC 3339 time, or a span such as 365d; then it approves none."),
]
Environments = Annotated[
    list[str] | None,
    typer.Option(
        "--environment",
        "-e",
        help="Approve it for this one; for all if none is named.",
        autocompletion=environments,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would be; sign nothing.")]
Push = Annotated[bool, typer.Option("--push", help="Push the proposal too.")]


@app.command("list")
@command
def list_(
    person: Annotated[str | None, typer.Argument(help="Only this person's.")] = None,
    repo: Repo = Path(),
    as_json: Json = False,
) -> None:
    """Every key of the checked-out authority: person, fingerprint, kind, end, state, roles."""
    from vanta.governance.keyring import listed, read_authority, require_person
    from vanta.governance.signing import authority_at_head

    document = read_authority(authority_at_head(repo))
    if person:
        require_person(document, person)
    keys = [k for k in listed(document, time.time_ns()) if person in {None, k.person}]
    if as_json:
        print_json({"keys": keys})
        return
    for name in dict.fromkeys(key.person for key in keys):
        theirs = [key for key in keys if key.person == name]
        say(f"{name} <{theirs[0].email}>: {', '.join(theirs[0].roles) or 'no role'}")
        for key in theirs:
            ends = f", ends {key.expires}" if key.expires else ""
            say(f"  {key.fingerprint}  {key.kind}  {key.state}{ends}")


@app.command("add")
@command
def add(
    person: Person,
    public_key: PublicKeyFile,
    key: MaybeKey = None,
    email: Annotated[
        str, typer.Option("--email", help="The address of somebody new, as in their commits.")
    ] = "",
    expires: Expires = None,
    roles: Annotated[
        list[str] | None, typer.Option("--roles", help="A role they get; repeat for more.")
    ] = None,
    environment: Environments = None,
    repo: Repo = Path(),
    push: Push = False,
    remote: Remote = "origin",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Propose a key for somebody, or somebody new with one. It takes the root quorum.

    The commit holds this change alone and carries your approval for every environment.
    """
    desk = _desk(repo, key, environment)
    new = _new(person, public_key, expires, email=email, roles=roles)
    change = desk.add(new, dry_run=dry_run)
    if push and not dry_run:
        desk.push(remote)
    _tell(change, dry_run=dry_run, as_json=as_json, pushed=push)


@app.command("revoke")
@command
def revoke(
    person: Person,
    fingerprint: Annotated[str, typer.Argument(help="SHA256:..., or the beginning of it.")],
    key: MaybeKey = None,
    repo: Repo = Path(),
    remote: Remote = "origin",
    branch: Branch = "main",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take a key back, at once: signed on the governed branch and pushed.

    One signature is enough: of one root person, or of whoever the key belongs to. The key stays
    listed for the record and signs for nobody from then on.
    """
    desk = _desk(repo, key, None)
    change = desk.revoke(person, fingerprint, remote, branch, dry_run=dry_run)
    _tell(change, dry_run=dry_run, as_json=as_json, pushed=False)


@app.command("rotate")
@command
def rotate(
    person: Person,
    public_key: PublicKeyFile,
    key: MaybeKey = None,
    fingerprint: Annotated[
        str, typer.Option("--old", help="The key that goes, if they have several.")
    ] = "",
    expires: Expires = None,
    environment: Environments = None,
    repo: Repo = Path(),
    push: Push = False,
    remote: Remote = "origin",
    branch: Branch = "main",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Replace a key by two commits: first revoke the old one, then propose the new one.

    The revocation takes one signature, is pushed at once and holds whatever becomes of the rest.
    The new key takes the root quorum; in one commit the revocation would wait for it. Whoever
    signs with the key that is to go proposes the new one first, because a revoked key approves
    nothing, and is told how to revoke the old one once the new one is in force.
    """
    desk = _desk(repo, key, environment)
    new = _new(person, public_key, expires)
    change = desk.rotate(new, fingerprint, remote, branch, dry_run=dry_run)
    if push and not dry_run:
        desk.push(remote)
    _tell(change, dry_run=dry_run, as_json=as_json, pushed=push)


def _desk(repo: Path, key: Path | None, environment: list[str] | None) -> Any:  # noqa: ANN401 - lazily
    from vanta.governance.key_changes import KeyDesk

    return KeyDesk(repo, signing_key(key, repo), time.time_ns(), environment or ())


def _new(
    person: str,
    public_key: Path,
    expires: str | None,
    *,
    email: str = "",
    roles: list[str] | None = None,
) -> Any:  # noqa: ANN401 - imported lazily
    from vanta.cli.spans import instant_from
    from vanta.governance.key_changes import NewKey, read_key_file

    ends = instant_from(expires, time.time_ns(), place="--expires") if expires else FOREVER
    return NewKey(person, read_key_file(public_key), email, ends, tuple(roles or ()))


def _tell(change: Any, *, dry_run: bool, as_json: bool, pushed: bool) -> None:  # noqa: ANN401 - as above
    if as_json:
        print_json({"dry_run": dry_run, **_fields(change)})
        return
    for line in difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), "authority.yaml", "authority.yaml",
        lineterm="", n=1,
    ):  # fmt: skip
        say(line)
    if change.revoked:
        say(f"revoked by {change.signer}: commit {change.revoked[:12]}, in force at once")
        for each in change.deliveries:
            say(f"  taken by {each.where}")
    if change.proposed:
        say(f"proposed by {change.signer}: commit {change.proposed[:12]}")
        say(f"  approved for {', '.join(change.approvals)}")
    if change.needs:
        signed, missing = len(change.needs.signed), ", ".join(change.needs.missing)
        say(f"needs {change.needs.quorum} of root; {signed} signed; still to ask: {missing}")
    if dry_run:
        say("nothing was signed")
    elif change.proposed:
        named = " ".join(f"-e {each}" for each in change.approvals)
        first = "" if pushed else "git push; "
        say(f"  next: {first}each of the others, in their clone:")
        say(f"    git pull && vanta governance approve {named} --push")
    for line in change.next:
        say(f"  next: {line}")


def _fields(change: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    names = ("signer", "revoked", "proposed", "approvals", "needs", "deliveries", "next", "after")
    return {name: getattr(change, name) or None for name in names}
