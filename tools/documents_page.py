"""The page `docs/reference/documents.md`: every kind of document with every field.

Made by `python tools/reference.py` from the models that read the documents, the words their fields
declare, and the documents that ship, which serve as examples.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from vanta.domain.errors import MalformedError
from vanta.governance.documents.derive import Shape
from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.mistakes import shape_in
from vanta.governance.documents.read import AUTHORITY, CEILINGS, ENVIRONMENTS, PERSONAS
from vanta.governance.documents.schema import meaning, ruling, schema
from vanta.governance.documents.words import kind_of, unit_of
from vanta.governance.starter import starter_files
from vanta.governance.strict_yaml import read_yaml
from vanta.governance.yaml_tree import Number, plain
from vanta.lattice.governed import directions

PLACES = {
    "Authority": f"`{AUTHORITY}`",
    "Ceiling": f"`{CEILINGS}<environment>.yaml`",
    "Persona": f"`{PERSONAS}<name>.yaml`",
    "Vault": f"`{ENVIRONMENTS}<environment>/vaults/<name>.yaml`",
    "Overlay": f"`{ENVIRONMENTS}<environment>/overlay.yaml`, and each halt in"
    f" `{ENVIRONMENTS}<environment>/halts/<name>.yaml`",
}
SHIPPED = {
    "Ceiling": "ceilings/prod.yaml",
    "Persona": "personas/athena.yaml",
    "Vault": "environments/prod/vaults/fundamental-core.yaml",
}
"""Documents of the starter that serve as examples; of the other kinds none says much."""

WRITTEN = {
    "Authority": """\
apiVersion: vanta.dev/v1
kind: Authority
metadata:
  name: fund
spec:
  people:
    - name: ada
      email: ada@fund.example
      keys:
        - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... ada
        - {key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... old", revoked: true}
    - name: grace
      email: grace@fund.example
      keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... grace]
    - name: alan
      email: alan@fund.example
      keys:
        - key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... alan
          expires: 2027-06-30T00:00:00Z
  nodes:
    - name: executor
      keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... executor]
  roles:
    - name: root
      people: [ada, grace, alan]
      quorum: 2
    - name: risk
      people: [ada, grace, alan]
      grants:
        - {environments: ["*"], vaults: ["*"], tighten: 1, loosen: 2}
    - name: crypto-desk
      people: [alan]
      grants:
        - environments: [prod]
          vaults: [crypto-flow]
          paths: [overlay, "vaults.*.exposure"]
          tighten: 1
          activate: 1
""",
    "Overlay": """\
apiVersion: vanta.dev/v1
kind: Overlay
metadata:
  name: overlay
spec:
  switches:
    - name: late-feed
      switch: reduce_only
      scope: {vault: momentum-us}
      reason: The feed is late since ten.
      until: 2026-12-01T21:00:00Z
  flips:
    - name: earnings
      vault: momentum-us
      until: 2026-12-01T16:00:00Z
      slice: 0.05
      amplifier: 1.2
      conviction: 0.60
      reason: Earnings of the large names tonight.
  boosts:
    - name: calm
      vault: fundamental-core
      until: 2026-12-24T21:00:00Z
      multiplier: 1.1
      reason: Low volatility until the holidays.
  released: [3f9c2a7d41b80e65]
""",
}

LINE = 60
"""How long an example of a field may be."""

HEAD = """\
# Documents

Generated from the models that read them by `python tools/reference.py`.

A governance repository holds five kinds of document, each a YAML file of its own. Every document
opens with `apiVersion: vanta.dev/v1`, its `kind` and its `metadata`; what it says stands in `spec`.
*Left out* is what holds where a field is not written. *Direction* is what the field is to risk, and
*tighter* the change that one signature makes; the opposite change takes the quorum, and so does
every change of a field that is unordered. `[]` stands for each entry of a list.

## How they are read

Strictly, and in one way only; an error names file, line, field, and what to write instead.

- A name stands once, is ASCII, and is one the table below knows. There are no anchors, aliases,
  merge keys, tags, directives, tabs, byte order marks, carriage returns or second documents, and no
  character that is invisible or turns text around, comments included.
- A switch is `true` or `false`; `no`, `'no'`, `on` and `0` are errors.
- A number is plain digits with at most one point, or text of the same: `1000`, `0.05`, `"0.05"`.
  NaN, infinities, exponents, octal, hexadecimal, underscores and signs are errors. Money has at
  most 8 decimals and a ratio at most 6, and both are exact.
- A time has a zone: `2026-12-01T15:00:00Z`. A span is `30s`, `5m`, `2h` or `3d`.
- A table has a `default`, which holds for every name that is not listed. `*` alone in a list of
  names is everything.
- A file is at most 256 KiB, 20 levels deep, and holds at most 20,000 values.

What loosens for a while (a flip, a boost) has an `until`. A ceiling clamps each vault to the
tighter of the two, field by field, and never refuses one; fields that are unordered, or no risk at
all, have no place in it.

## In an editor

`vanta governance init` puts a JSON Schema of each kind into `schemas/`, and the first line of every
document leads an editor to it (`# yaml-language-server: $schema=...`): the YAML extension of Visual
Studio Code and every other client of yaml-language-server then complete and check while you type.
`vanta governance schema` lists the schemas, prints one, or writes them (`--output`). They are never
stricter than the nodes, and know what a schema can know; `vanta governance propose` knows the rest.
"""


class Row(NamedTuple):
    """One field."""

    path: str
    what: str
    direction: str
    tighter: str
    unit: str
    absent: str
    example: str


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for kind in KINDS for line in _section(kind))]) + "\n"


def _section(kind: str) -> Iterator[str]:
    found = schema(kind)
    yield f"## {kind}"
    yield ""
    yield f"{found['description']} It lies in {PLACES[kind]}."
    yield ""
    yield from ["```yaml", *example(kind).decode().splitlines(), "```", ""]
    yield "| field | what | direction | tighter | unit | left out | example |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows(kind):
        yield "| " + " | ".join([f"`{row.path}`", *(cell or "-" for cell in row[1:])]) + " |"
    yield ""


def example(kind: str) -> bytes:
    """A document of the kind, without the line for editors."""
    if kind in WRITTEN:
        return WRITTEN[kind].encode()
    return starter_files()[SHIPPED[kind]].partition(b"\n")[2]


def rows(kind: str) -> Iterator[Row]:
    """Every field of a kind, parts before what they hold."""
    whole = schema(kind)
    shown = plain(read_yaml(example(kind), file=kind))
    if kind == "Ceiling":
        shown = _over(plain(read_yaml(example("Vault"), file="Vault")), shown)
    yield from _fields(whole, whole, (), shown, KINDS[kind])


def _over(below: Any, above: Any) -> Any:  # noqa: ANN401 - documents
    """What one document says, and where it is silent, another: a ceiling's fields are a vault's."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {
        name: _over(below[name], above[name])
        if name in below and name in above
        else above.get(name, below.get(name))
        for name in {**below, **above}
    }


def _fields(
    whole: dict[str, Any],
    part: dict[str, Any],
    path: tuple[str, ...],
    shown: Any,  # noqa: ANN401 - a document
    model: type[Shape],
) -> Iterator[Row]:
    for name, info in model.model_fields.items():
        alias = info.alias or name
        here = (*path, alias)
        field = part["properties"][alias]
        below = shown.get(alias) if isinstance(shown, dict) else None
        yield _row(here, model, name, {**_resolved(whole, field), **field}, below)
        shape, inner = shape_in(info.annotation), _object(whole, field)
        if inner is not None and shape is not None:
            listed = field.get("type") == "array"
            steps = (*path, f"{alias}[]") if listed else here
            yield from _fields(whole, inner, steps, below[0] if listed and below else below, shape)


def _row(
    path: tuple[str, ...], model: type[Shape], name: str, field: dict[str, Any], shown: object
) -> Row:
    owner = model.governs if ruling(model, name) else None
    direction, tighter = kind_of(directions(owner)[name]) if owner else ("", "")
    absent = f"`{_written(field['default'])}`" if "default" in field else ""
    if owner and not absent:
        absent = "no bound"
    values = [field["const"]] if "const" in field else field.get("enum") or field.get("examples")
    examples = [shown] if _short(shown) else values or []
    return Row(
        path=".".join(path),
        what=meaning(model, name).replace("|", "\\|"),
        direction=direction,
        tighter=tighter,
        unit=unit_of(owner, name) if owner else "",
        absent="required" if model.model_fields[name].is_required() else absent,
        example=" or ".join(f"`{_written(one)}`" for one in examples[:5]),
    )


def _resolved(whole: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    return whole["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field


def _object(whole: dict[str, Any], field: dict[str, Any]) -> dict[str, Any] | None:
    """The closed object a field is, or is a list of; none for a value or a table."""
    inner = field.get("items", field)
    for one in inner.get("oneOf", [inner]):
        found = _resolved(whole, one)
        if found.get("additionalProperties") is False:
            return found
    return None


def _short(value: object) -> bool:
    """Whether what a document says serves as an example: it says something, on one line."""
    return value not in (None, []) and len(_written(value)) < LINE


def _written(value: object) -> str:
    """A value as YAML in one line."""
    if isinstance(value, dict):
        inside = ", ".join(f"{name}: {_written(one)}" for name, one in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, bool | int | float | Number):
        return str(value).lower()
    text = str(value)
    try:
        plainly = plain(read_yaml(f"[{text}]".encode(), file="")) == [text]
    except MalformedError:
        plainly = False
    return text if plainly else json.dumps(text)
