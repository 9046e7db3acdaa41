"""`vanta tracker sign` and `withdraw`: a reviewer's word, and taking it back."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, errors, print_json, say
from vanta.cli.tracker_options import ThreadId, desk, layout_of
from vanta.domain.printable import printable

if TYPE_CHECKING:
    from vanta.alpha.tracker.signing import Signed


@command
def sign(
    thread: ThreadId,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            "-k",
            envvar="VANTA_KEY",
            help="Your SSH key: the private file, or the .pub of one an agent or token has.",
        ),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(
            "--signature", help="A signature made elsewhere: ssh-keygen -Y sign -n vanta-review."
        ),
    ] = None,
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Sign a thread's candidate off: an SSH signature over its manifest, by your own key.

    It says that you looked at exactly this build. It is verified now, and again whenever it counts.
    """
    from vanta.alpha.tracker import signing

    if (key is None) == (signature is None):
        raise typer.BadParameter(
            "name your key, or a signature that was made elsewhere", param_hint="--key"
        )
    layout, now = layout_of(node), time.time_ns()
    if signature is not None:
        given = signing.carried(signature)
        made_here = False
    else:
        # Nobody waits while a passphrase is typed or a token is looked for.
        given = signing.made(layout, thread, key or Path(), told=_tell)
        made_here = True
    with desk(node) as tracker:
        signed = signing.add(tracker, thread, given, now, made_here=made_here)
    _told(signed, as_json=as_json)


@command
def withdraw(
    thread: ThreadId,
    person: Annotated[str, typer.Argument(help="Whose sign-off.")],
    why: Annotated[str, typer.Option("--why", "-w", help="For whoever reads it.")],
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Take a sign-off back. It only tightens, so it takes nobody's signature."""
    from vanta.alpha.tracker import signing

    with desk(node) as tracker:
        candidate = signing.withdraw(tracker, thread, person, why)
    if as_json:
        print_json(candidate)
        return
    say(f"{printable(person)}'s sign-off of {candidate.build} is taken back")
    if candidate.needed:
        say(f"  {len(candidate.counted)} of {candidate.needed} count now")


def _tell(text: str) -> None:
    errors.print(text, markup=False, soft_wrap=True)


def _told(signed: "Signed", *, as_json: bool) -> None:
    if as_json:
        print_json(signed)
        return
    worth = signed.approval
    again = "" if signed.new else " already"
    say(f"{printable(signed.person)} signed {worth.build} off{again}")
    for one in worth.uncounted:
        if one.person == signed.person:
            say(f"  it {one.spoken}")
    if not worth.builder:
        say("  whoever built it may not: grant `build` to their role in authority.yaml")
    if worth.quorum:
        say(f"  approved: {len(worth.by)} of {worth.needed}, {', '.join(worth.by)}")
    else:
        say(
            f"  {len(worth.by)} of {worth.needed} count; ask {', '.join(worth.askable) or 'nobody'}"
        )
    if worth.blocked_by:
        say(f"  {', '.join(worth.blocked_by)} stands against it")
    if worth.met:
        say(f"  next: vanta build release {worth.build}")
