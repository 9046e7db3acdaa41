"""Fuzz target: the strict YAML reader against PyYAML's two, and documents read from it."""

import re
from typing import Any

import yaml
from yaml.cyaml import CSafeLoader

from tests.fuzz.attempts import attempt, twice
from vanta.domain.errors import VantaError
from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.read import read_document
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import List, Mapping, Node, Number, plain

TOKENS = (
    *(b": ", b"- ", b"\n  ", b"\n", b"{", b"}", b"[", b"]", b", ", b"'", b'"', b"|\n", b">-\n"),
    *(b"&a ", b"*a", b"<<: ", b"!!str ", b"!", b"%YAML 1.2\n", b"---\n", b"...\n", b"#", b"? "),
    *(b"true", b"no", b"~", b"null", b"0.10", b"010", b"1e3", b".nan", b"1:30", b"0x1f", b"1_000"),
    *(b"2026-11-25", b"\\u202e", b"\\0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\t"),
    *(b"apiVersion: vanta.dev/v1", b"kind: Vault", b"kind: Authority", b"metadata: {name: a}"),
)
FILE = "environments/prod/vaults/core.yaml"
_SMALL = 4096
"""Beyond this the reader written in Python is not asked: it takes too long."""
_PLACE = re.compile(re.escape(FILE) + r"(?::[0-9]+(?:: .*)?)?\Z", re.DOTALL)
_TEXT_HERE = frozenset({"str", "timestamp", "value", "merge"})
"""Tags of YAML 1.1 that are text to us: a date is read by the field that wants one, and `=` and
`<<` as values (as a key `<<` is refused) are nothing that anybody reads otherwise."""


def one_input(data: bytes) -> None:
    """Read it as YAML and as a document."""
    node = twice(read_yaml, data, file=FILE)
    document = twice(read_document, data, file=FILE)
    for error in (node, document):
        if isinstance(error, VantaError):
            assert _PLACE.match(error.place), error.place
    if isinstance(node, VantaError):
        assert isinstance(document, VantaError)
        return
    lines = data.count(b"\n") + 1
    _check_places(node, lines)
    theirs = yaml.compose(data, Loader=CSafeLoader)
    assert theirs is not None
    _check_agreement(node, theirs)
    if len(data) <= _SMALL:
        try:
            theirs = yaml.compose(data.decode(), Loader=yaml.SafeLoader)
        except yaml.YAMLError:
            # It knows less of YAML than libyaml does.
            pass
        else:
            _check_agreement(node, theirs)
    if not isinstance(document, VantaError):
        content = attempt(plain, node)
        assert isinstance(content, dict)
        assert type(document) is KINDS[str(content["kind"])]


def _check_agreement(node: Node, theirs: Any) -> None:  # noqa: ANN401 - yaml's nodes
    """PyYAML reads the same collections, keys and values."""
    kind = theirs.tag.rpartition(":")[2]
    if isinstance(node, Mapping):
        assert kind == "map"
        assert [key.value for key, _ in theirs.value] == list(node.entries)
        for ours, (_, value) in zip(node.entries.values(), theirs.value, strict=True):
            _check_agreement(ours, value)
    elif isinstance(node, List):
        assert kind == "seq"
        assert len(theirs.value) == len(node.items)
        for ours, value in zip(node.items, theirs.value, strict=True):
            _check_agreement(ours, value)
    else:
        _check_scalar(node.value, kind, theirs.value)


def _check_scalar(value: str | int | bool, kind: str, text: str) -> None:  # noqa: FBT001 - a switch is a value
    if isinstance(value, bool):
        assert (kind, text) == ("bool", "true" if value else "false")
    elif isinstance(value, int):
        assert (kind, int(text), str(value)) == ("int", value, text)
    elif isinstance(value, Number):
        assert (kind, text) == ("float", str(value))
        assert float(text) == float(value)
    else:
        assert kind in _TEXT_HERE, kind
        assert value == text


def _check_places(node: Node, lines: int) -> None:
    assert 1 <= node.line <= lines
    children = node.entries.values() if isinstance(node, Mapping) else ()
    for child in node.items if isinstance(node, List) else children:
        assert child.place.field.startswith(node.place.field)
        _check_places(child, lines)
