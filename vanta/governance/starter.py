"""`vanta governance init`: a governance repository from the starter.

The starter is `gitops/`, with the ceilings of `policies/governance/`.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from vanta.domain.encoding import encode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.authority import resolve
from vanta.governance.clone import Clone, public_half, signer
from vanta.governance.documents.editor import MARK, editor_hint
from vanta.governance.documents.kinds import AuthorityDocument
from vanta.governance.documents.read import AUTHORITY, CEILINGS, read_document
from vanta.governance.keys import PublicKey
from vanta.governance.trust import Trust

_TEMPLATE = "authority.yaml.in"


@dataclass(frozen=True)
class Founder:
    """One of the first people."""

    name: str
    email: str
    key: PublicKey


def starter_files() -> dict[str, bytes]:
    """Every file of the starter by its path in a new repository; the authority as a template.

    An installed package holds them as they are; in a checkout they are gathered.
    """
    installed = files("vanta.governance") / "starter"
    if installed.is_dir():
        return _hinted(_walk(installed))
    checkout = Path(__file__).resolve().parents[2]
    gitops, ceilings = checkout / "gitops", checkout / "policies" / "governance"
    for folder in (gitops, ceilings):
        if not folder.is_dir():
            raise UnavailableError(
                "the starter is not installed",
                code="NO_STARTER",
                place=str(folder),
                remedy="install vanta again: pip install --force-reinstall vanta",
            )
    return _hinted(_walk(gitops) | _walk(ceilings, CEILINGS))


def _hinted(found: dict[str, bytes]) -> dict[str, bytes]:
    """The starter with every ceiling's editor hint leading on from where it will lie."""
    for path, data in found.items():
        first, _, rest = data.partition(b"\n")
        if path.startswith(CEILINGS) and first.startswith(MARK.encode()):
            found[path] = editor_hint("Ceiling", path).encode() + rest
    return found


def _walk(folder: Traversable, prefix: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found |= _walk(entry, f"{path}/")
        else:
            found[path] = entry.read_bytes()
    return found


def render_authority(
    founders: Sequence[Founder], nodes: Mapping[str, PublicKey], quorum: int
) -> bytes:
    """The first authority: every founder in every role, and the nodes' keys.

    Raises:
        MalformedError, RefusedError: these people cannot govern; with what is missing.
    """
    template = Template(starter_files()[_TEMPLATE].decode())
    people = "\n".join(
        f'    - name: {one.name}\n      email: "{one.email}"\n      keys: ["{one.key.openssh}"]'
        for one in founders
    )
    listed = "\n".join(
        f'    - name: {name}\n      keys: ["{key.openssh}"]' for name, key in nodes.items()
    )
    everyone = "[" + ", ".join(one.name for one in founders) + "]"
    text = template.substitute(people=people, nodes=listed, everyone=everyone, quorum=quorum)
    if not nodes:
        text = text.replace("  nodes:\n", "  nodes: []")
    data = text.encode()
    document = read_document(data, file=AUTHORITY)
    if not isinstance(document, AuthorityDocument):
        raise RefusedError("the template is no Authority", code="WRONG_KIND", place=_TEMPLATE)
    resolve(document)
    return data


def start(
    target: Path,
    founders: Sequence[Founder],
    nodes: Mapping[str, PublicKey],
    key: Path,
    *,
    quorum: int = 2,
) -> Trust:
    """Make the repository and its signed introduction.

    Args:
        target: a folder that does not exist or is empty.
        founders: the first people; at least one more than the quorum.
        nodes: node name to public key.
        key: the private key of the founder who signs the introduction.
        quorum: how many people a loosening takes.

    Returns:
        What every node must pin.
    """
    if target.exists() and any(target.iterdir()):
        raise RefusedError(
            "the folder is not empty",
            code="NOT_EMPTY",
            place=str(target),
            remedy="name a new folder",
        )
    content = {path: data for path, data in starter_files().items() if path != _TEMPLATE}
    content[AUTHORITY] = render_authority(founders, nodes, quorum)
    document = read_document(content[AUTHORITY], file=AUTHORITY)
    if not isinstance(document, AuthorityDocument):
        raise RefusedError("not an Authority", code="WRONG_KIND", place=AUTHORITY)
    who = signer(resolve(document), key)
    target.mkdir(parents=True, exist_ok=True)
    _git_init(target)
    for path, data in content.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)
    clone = Clone(target)
    introduction = clone.commit(clone.first_tree(), [], "Introduce the fund's governance\n", who)
    clone.begin(introduction)
    return Trust(introduction=introduction, fingerprints=(public_half(key).fingerprint,))


def _git_init(target: Path) -> None:
    try:
        subprocess.run(
            ["git", "init", "--quiet", "--initial-branch=main", str(target)],  # noqa: S607 - own git
            check=True,
            capture_output=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(
            f"git init failed: {error}",
            code="GIT_FAILED",
            place=str(target),
            remedy="install git: apt-get install git",
        ) from error


def trust_file(trust: Trust) -> bytes:
    """The trust file's bytes."""
    return encode(trust) + b"\n"
