"""The text of `authority.yaml`, changed where it must be and nowhere else; pure.

Comments, order and layout survive. Whoever asks for an edit reads the result back: a layout nobody
thought of must not change what was not meant.
"""

import json
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from vanta.domain.errors import MalformedError
from vanta.domain.instant import FOREVER, show_instant
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.keys import PublicKey
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import plain

Path = tuple[str | int, ...]
"""Steps below `spec`."""


def _node(text: str, path: Path) -> Node:
    """The YAML node below `spec`; the file has been read strictly, so each step is there."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in ("spec", *path):
        if isinstance(node, SequenceNode):
            node = node.value[step]
        else:
            node = next(value for key, value in node.value if key.value == step)
    if not isinstance(node, Node):
        raise TypeError(f"no node at {path}")
    return node


def _end(node: Node) -> int:
    """Where a node's own text ends; a block collection's mark lies behind what follows it."""
    if isinstance(node, ScalarNode) or getattr(node, "flow_style", False):
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, MappingNode) else last)


def append(text: str, path: Path, added: str) -> str:
    """`text` with one more item in a list; its lines are indented like the list's."""
    node = _node(text, path)
    end = _end(node.value[-1])
    if getattr(node, "flow_style", False):
        return f"{text[:end]}, {_flow(added)}{text[end:]}"
    dash = " " * int(node.start_mark.column)
    lines = added.splitlines()
    block = f"\n{dash}- {lines[0]}" + "".join(f"\n{dash}  {line}" for line in lines[1:])
    # A comment behind the last item stays behind it.
    line_end = text.find("\n", end)
    at = len(text) if line_end < 0 else line_end
    return f"{text[:at]}{block}{text[at:]}"


def _flow(added: str) -> str:
    lines = added.splitlines()
    return f"{{{', '.join(lines)}}}" if len(lines) > 1 else added


def mark_revoked(text: str, path: Path) -> str:
    """`text` with a key marked as revoked, however it was written."""
    node = _node(text, path)
    start, end = int(node.start_mark.index), _end(node)
    if isinstance(node, ScalarNode):
        return f"{text[:start]}{{key: {json.dumps(node.value)}, revoked: true}}{text[end:]}"
    stated = next((value for key, value in node.value if key.value == "revoked"), None)
    if stated is not None:
        return f"{text[: stated.start_mark.index]}true{text[stated.end_mark.index :]}"
    last = _end(node.value[-1][1])
    if getattr(node, "flow_style", False):
        return f"{text[:last]}, revoked: true{text[last:]}"
    indent = " " * int(node.start_mark.column)
    line_end = text.find("\n", last)
    at = len(text) if line_end < 0 else line_end
    return f"{text[:at]}\n{indent}revoked: true{text[at:]}"


def key_item(key: PublicKey, expires: int | None) -> str:
    """A key as an item of a person's `keys`."""
    if expires is None or expires >= FOREVER:
        return f'"{key.openssh}"'
    return f'{{key: "{key.openssh}", expires: "{show_instant(expires)}"}}'


def newcomer(person: str, email: str, key: str) -> str:
    """A person with one key, as an item of `people`."""
    return f"name: {name_item(person)}\nemail: {json.dumps(email)}\nkeys: [{key}]"


def name_item(text: str) -> str:
    """A name as YAML, quoted where it would read as something else."""
    try:
        same = plain(read_yaml(f"- {text}\n".encode(), file=AUTHORITY)) == [text]
    except MalformedError:
        same = False
    return text if same else json.dumps(text)
