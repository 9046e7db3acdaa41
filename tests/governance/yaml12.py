"""YAML as an editor reads it: the core schema of YAML 1.2, which is what a JSON Schema is shown."""

import re
from typing import Any

import yaml


class Yaml12(yaml.SafeLoader):
    """What an editor reads YAML with: the core schema of YAML 1.2, where names are unique."""

    # PyYAML's own are those of YAML 1.1; merge keys went with them.
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002 - PyYAML's own
        keys = [str(key.value) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError("map keys must be unique")
        return super().construct_mapping(node, deep)


def _resolves(tag: str, pattern: str, first: str) -> None:
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolves("null", r"(?:~|null|Null|NULL|)\Z", "~nN")
Yaml12.yaml_implicit_resolvers[""] = [("tag:yaml.org,2002:null", re.compile(r"\Z"))]
_resolves("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF")
_resolves("int", r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", "-+0123456789")
_resolves(
    "float",
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
    "-+.0123456789",
)


def _int(loader: Yaml12, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


Yaml12.add_constructor("tag:yaml.org,2002:int", _int)


def read_yaml12(content: str | bytes) -> Any:  # noqa: ANN401 - any document
    """What a document says; raises `yaml.YAMLError` or `UnicodeDecodeError`."""
    # PyYAML's safe loader, and it reads less than that.
    return yaml.load(content, Loader=Yaml12)  # noqa: S506
