"""From the files of a governed tree to documents: strict, all or nothing, errors with a place."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from pydantic import ValidationError

from vanta.domain.errors import MalformedError
from vanta.governance.documents.kinds import (
    KINDS,
    AuthorityDocument,
    CeilingDocument,
    Document,
    OverlayDocument,
    PersonaDocument,
    VaultDocument,
)
from vanta.governance.documents.mistakes import malformed
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import Mapping as YamlMapping
from vanta.governance.yaml_tree import Node, Plain, place_of, plain

AUTHORITY = "authority.yaml"
CEILINGS = "ceilings/"
PERSONAS = "personas/"
ENVIRONMENTS = "environments/"

_REMEMBERED = 512
_REMEMBERED_BYTES = 16 * 1024
"""Larger than any document a person writes; what is larger is read again rather than kept."""


def halts(environment: str) -> str:
    """The folder of self-contained halt files of an environment."""
    return f"{ENVIRONMENTS}{environment}/halts/"


def governed_paths(environment: str) -> tuple[str, ...]:
    """What one environment's digest covers: a file, or folders with a closing slash."""
    return (AUTHORITY, CEILINGS, PERSONAS, f"{ENVIRONMENTS}{environment}/")


@dataclass(frozen=True)
class Documents:
    """Every document one environment is made of."""

    environment: str
    authority: AuthorityDocument
    ceiling: CeilingDocument
    personas: dict[str, PersonaDocument]
    vaults: dict[str, VaultDocument]
    overlays: tuple[OverlayDocument, ...]


def read_document(data: bytes, *, file: str) -> Document:
    """One file as the document its `kind` names.

    Raises:
        MalformedError: with `file:line: field` and what to write instead.
    """
    return _remembered(data, file) if len(data) <= _REMEMBERED_BYTES else _read(data, file)


def _read(data: bytes, file: str) -> Document:
    node = read_yaml(data, file=file)
    kind = _kind(node)
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise MalformedError(
            f"kind {repr(kind)[:60]} is not one of {', '.join(KINDS)}",
            code="UNKNOWN_KIND",
            place=str(place_of(node, ("kind",))),
            remedy="start the file with `apiVersion: vanta.dev/v1` and one of these kinds",
        )
    try:
        return model.of(node, data, file)
    except ValidationError as error:
        raise malformed(error, node, model) from error


# A commit changes one file of twenty, and documents are never changed: the others are read once.
_remembered = lru_cache(maxsize=_REMEMBERED)(_read)


def _kind(node: Node) -> Plain:
    """What a document says it is; empty text when it does not say."""
    if isinstance(node, YamlMapping) and "kind" in node.entries:
        return plain(node.entries["kind"])
    return ""


def read_documents(files: Mapping[str, bytes], environment: str) -> Documents:
    """Every governed file of one environment's tree.

    Args:
        files: path to content, exactly those below `governed_paths(environment)`.
        environment: whose folder it is.

    Raises:
        MalformedError: any file is not what its place says; nothing is returned.
    """
    here = f"{ENVIRONMENTS}{environment}/"
    found: dict[type[Document], dict[str, Document]] = {kind: {} for kind in KINDS.values()}
    for path in sorted(files):
        expected = _expected(path, here)
        document = read_document(files[path], file=path)
        if not isinstance(document, expected):
            raise MalformedError(
                f"this place is for {expected.__name__.removesuffix('Document')} documents",
                code="WRONG_KIND",
                place=document.place("kind"),
                remedy="move the file to where its kind belongs, or correct `kind`",
            )
        name = document.metadata.name
        stem = PurePosixPath(path).stem
        if expected is not AuthorityDocument and name != stem:
            raise MalformedError(
                f"metadata.name is {name!r} but the file is {stem!r}",
                code="NAME_MISMATCH",
                place=document.place("metadata", "name"),
                remedy=f"write {stem!r}, or rename the file: a document is called what its file is",
            )
        # Overlays lie in two folders, so a halt may be called what another overlay is called.
        found[expected][path if expected is OverlayDocument else name] = document
    return _assembled(environment, found)


def _expected(path: str, here: str) -> type[Document]:
    folder, _, file = path.rpartition("/")
    if path == AUTHORITY:
        return AuthorityDocument
    if file.endswith(".yaml"):
        by_folder: dict[str, type[Document]] = {
            CEILINGS: CeilingDocument,
            PERSONAS: PersonaDocument,
            f"{here}vaults/": VaultDocument,
            f"{here}halts/": OverlayDocument,
        }
        if path == f"{here}overlay.yaml":
            return OverlayDocument
        if f"{folder}/" in by_folder:
            return by_folder[f"{folder}/"]
    raise MalformedError(
        "no document has its place here",
        code="UNEXPECTED_FILE",
        place=path,
        remedy="governed folders hold documents only; keep other files outside them",
    )


def _assembled(environment: str, found: dict[type[Document], dict[str, Document]]) -> Documents:
    authority = next(iter(found[AuthorityDocument].values()), None)
    ceiling = found[CeilingDocument].get(environment)
    if not isinstance(authority, AuthorityDocument):
        raise MalformedError(
            "the tree has no authority",
            code="MISSING_AUTHORITY",
            place=AUTHORITY,
            remedy="restore the file; without it nobody may change anything",
        )
    if not isinstance(ceiling, CeilingDocument):
        raise MalformedError(
            f"environment {environment!r} has no ceiling",
            code="MISSING_CEILING",
            place=f"{CEILINGS}{environment}.yaml",
            remedy="an environment without a ceiling has no limit; add the document",
        )
    return Documents(
        environment=environment,
        authority=authority,
        ceiling=ceiling,
        personas={
            n: d for n, d in found[PersonaDocument].items() if isinstance(d, PersonaDocument)
        },
        vaults={n: d for n, d in found[VaultDocument].items() if isinstance(d, VaultDocument)},
        overlays=tuple(
            d for d in found[OverlayDocument].values() if isinstance(d, OverlayDocument)
        ),
    )
