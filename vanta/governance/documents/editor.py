"""What an editor is told about a document: which schema it has, and where that lies."""

FOLDER = "schemas/"
"""Where a governance repository keeps its schemas: beside what is governed, and in no digest."""

MARK = "# yaml-language-server: $schema="


def file_name(kind: str) -> str:
    """What the schema of a kind is called."""
    return f"{kind.lower()}.schema.json"


def editor_hint(kind: str, path: str) -> str:
    """The first line of a document, which leads an editor to its schema.

    Args:
        kind: what the document is.
        path: where it lies in a governance repository.
    """
    up = "../" * path.count("/")
    return f"{MARK}{up}{FOLDER}{file_name(kind)}\n"
