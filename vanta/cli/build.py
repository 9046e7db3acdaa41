"""`vanta build`: make a build, look at builds, and change which one a node runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vanta.cli import build_change, build_status
from vanta.cli.options import NODE_DEFAULT, DryRun, Json, MaybeKey, NodeDir
from vanta.cli.output import command, errors, print_json, say

if TYPE_CHECKING:
    from vanta.builds.permission import Permission
    from vanta.builds.release import Release

app = typer.Typer(help="Make, verify, stage, promote and roll back builds.", no_args_is_help=True)

app.command("status")(build_status.status)
app.command("release")(build_change.release)
app.command("stage")(build_change.stage)
app.command("promote")(build_change.promote)
app.command("rollback")(build_change.rollback)
app.command("recover")(build_change.recover)
app.command("gc")(build_change.gc)

_UNSETTLED = 3


@app.command("create")
@command
def create(
    out: Annotated[
        Path, typer.Argument(help="Folder that gets it, such as /opt/vanta/build/modules.")
    ],
    source: Annotated[
        Path, typer.Option("--source", help="A clone; its HEAD is what is built.")
    ] = Path(),
    extra: Annotated[
        list[str] | None, typer.Option("--extra", help="A role or broker: executor, markets, ...")
    ] = None,
    follows: Annotated[
        str, typer.Option("--follows", help="The one build it may be promoted after.")
    ] = "",
    key: MaybeKey = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a build of a clean commit and its lock file, and sign it; the same bytes each time.

    With `--key` it is signed; without, what to sign is told. A build that is there already is
    made again and compared.
    """
    from vanta.builds.create import Wanted, planned
    from vanta.builds.create import create as make
    from vanta.builds.manifest import BUILD_NAMESPACE, checked_name
    from vanta.builds.pack import MANIFEST, SIGNATURE
    from vanta.builds.seal import seal
    from vanta.journal.files import atomic_write

    wanted = Wanted(source, tuple(extra or ()), checked_name(follows) if follows else "")
    if dry_run:
        plan = planned(wanted)
        if as_json:
            print_json(plan._asdict())
        else:
            say(f"would build {plan.version} of commit {plan.commit[:12]} for {plan.platform}")
        return

    def told(step: str) -> None:
        if not as_json:
            errors.print(f"  {step} ...", markup=False)

    name = make(wanted, out, told)
    folder = out / name
    if key is not None:
        manifest = (folder / MANIFEST).read_bytes()
        atomic_write(folder / SIGNATURE, seal(manifest, key, BUILD_NAMESPACE), mode=0o644)
    signed = (folder / SIGNATURE).exists()
    if as_json:
        print_json({"build": name, "folder": folder, "signed": signed})
        return
    say(f"{name} in {folder}")
    if not signed:
        say(f"  unsigned: ssh-keygen -Y sign -n {BUILD_NAMESPACE} -f KEY {folder / MANIFEST}")


@app.command("verify")
@command
def verify(
    build: Annotated[
        str, typer.Argument(help="A release folder, or a build in a slot of the node.")
    ],
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Hold a build against its signed manifest, byte for byte, and say who answers for it.

    With the Python that compiled it, its bytecode is held against its sources too.

    Exit 0: it is as signed, and enough people signed it off by this node's policy. 3: it is as
    signed, and may not be promoted here; it is told why. 1: an error, such as `TAMPERED`. 2: usage.
    """
    from vanta.builds.bytecode import check_bytecode
    from vanta.builds.node import builds_of
    from vanta.builds.release import check_artefact, check_sums, read_release
    from vanta.domain.errors import VantaError

    folder = Path(build)
    permission, trouble = None, ""
    try:
        here = builds_of(node)
        permission = here.in_force().permission
    except VantaError as error:
        here, trouble = None, f"no policy here says whose keys count [{error.code}]"
    if here is not None and not folder.is_dir():
        release = here.slots.verify(build)
    else:
        release = read_release(folder)
        check_artefact(folder / "artefact.tar", release.manifest)
        check_sums(folder, release.manifest)
    compared = check_bytecode(release)
    found = _answers(release, permission) | ({"missing": trouble} if trouble else {})
    found |= {"compiler": release.manifest.compiler, "bytecode_compared": compared}
    if as_json:
        print_json(found)
    else:
        for line in _lines(found):
            say(line)
    raise typer.Exit(_UNSETTLED if found["missing"] else 0)


def _answers(release: "Release", permission: "Permission | None") -> dict[str, Any]:
    """Who answers for a build."""
    from vanta.builds.admit import approved, signed_for
    from vanta.domain.errors import RefusedError

    manifest = release.manifest
    key = release.builders_key()
    found: dict[str, Any] = {
        "build": release.name,
        "files": len(manifest.files),
        "bytes": sum(file.size for file in manifest.files),
        "commit": manifest.commit,
        "signed_with": key.fingerprint,
        "builder": None,
        "reviewers": [],
        "missing": None,
    }
    if permission is None:
        return found
    try:
        found["builder"] = signed_for(release, permission)
        keys, _ = release.reviewers_keys()
        found["reviewers"] = sorted(permission.reviewers(keys, builder=found["builder"]))
        approved(release, permission)
    except RefusedError as error:
        found["missing"] = f"{error.message} [{error.code}]"
    return found


def _lines(found: dict[str, Any]) -> list[str]:
    whose = found["builder"] or found["signed_with"]
    lines = [
        f"{found['build']}: {found['files']} files, {found['bytes']} bytes, as they were signed",
        f"  commit {found['commit']}",
        f"  built by {whose}",
        f"  signed off by {', '.join(found['reviewers']) or 'nobody'}",
    ]
    if found["compiler"]:
        other = f"was not held against its sources: that takes Python {found['compiler']}"
        lines.append(
            f"  its bytecode {'is what its sources say' if found['bytecode_compared'] else other}"
        )
    return [*lines, f"  missing: {found['missing']}"] if found["missing"] else lines
