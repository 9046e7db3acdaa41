"""The JSON Schemas that ship: they equal what the models say, and agree with the strict reader."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.governance.fund import CEILING, MOMENTUM, OVERLAY
from tests.governance.wrong_documents import ARES, CORPUS, GOOD, Editor, Wrong
from tests.governance.yaml12 import read_yaml12
from vanta.domain.errors import MalformedError
from vanta.domain.policy import Policy, VaultPolicy
from vanta.governance.documents.editor import MARK, editor_hint, file_name
from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.read import AUTHORITY, read_document
from vanta.governance.documents.schema import DIALECT, render, schema
from vanta.governance.starter import starter_files
from vanta.lattice.governed import Governed, Group, Keyed, directions

ROOT = Path(__file__).resolve().parents[2]
GITOPS = ROOT / "gitops"
SHIPPED = [*GITOPS.glob("[!.]*/**/*.yaml"), *(ROOT / "policies" / "governance").glob("*.yaml")]
SCHEMAS = {kind: schema(kind) for kind in KINDS}
KIND_OF = {
    MOMENTUM: "Vault",
    CEILING: "Ceiling",
    ARES: "Persona",
    OVERLAY: "Overlay",
    AUTHORITY: "Authority",
}
every_kind = pytest.mark.parametrize("kind", KINDS)
shipped = pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))


def errors(kind: str, document: object) -> list[str]:
    """What the kind's schema has against a document."""
    found = jsonschema.Draft202012Validator(SCHEMAS[kind]).iter_errors(document)
    return [error.message for error in found]


def seen(wrong: Wrong) -> Editor:
    """Who sees a mistake: what an editor reads is what its schema is asked about."""
    try:
        document = read_yaml12(wrong.content)
    except (yaml.YAMLError, UnicodeDecodeError):
        return Editor.PARSER
    kind = KIND_OF.get(wrong.file, "Overlay")
    return Editor.SCHEMA if errors(kind, document) else Editor.READER


# What ships


@every_kind
def test_the_schema_that_ships_is_what_the_models_say(kind: str) -> None:
    file = GITOPS / "schemas" / file_name(kind)
    assert file.read_bytes() == render(kind), (
        "run `vanta governance schema --output gitops/schemas`"
    )


def test_no_other_schema_ships() -> None:
    found = {path.name for path in (GITOPS / "schemas").iterdir()}
    assert found == {file_name(kind) for kind in KINDS}


@every_kind
def test_it_is_a_schema_of_its_dialect(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])
    assert SCHEMAS[kind]["$schema"] == DIALECT
    assert SCHEMAS[kind]["title"] == kind


@shipped
def test_every_document_that_ships_leads_its_editor_to_a_schema_it_is_valid_under(
    path: Path,
) -> None:
    text = path.read_text()
    first, _, _ = text.partition("\n")
    assert first.startswith(MARK)
    target = (path.parent / first.removeprefix(MARK)).resolve()
    assert target.parent == GITOPS / "schemas"
    document = read_yaml12(text)
    assert target.name == file_name(document["kind"])
    assert errors(document["kind"], document) == []


def test_in_a_new_repository_every_hint_leads_on() -> None:
    files = starter_files()
    hinted = {
        path: data for path, data in files.items() if path.endswith(".yaml") and path[0] != "."
    }
    assert len(hinted) == len(SHIPPED)
    for path, data in hinted.items():
        kind = read_document(data, file=path).kind
        assert data.startswith(editor_hint(kind, path).encode())
        up = "../" * path.count("/")
        target = data.partition(b"\n")[0].decode().removeprefix(f"{MARK}{up}")
        assert target in files


# What they say


def objects(part: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401
    """Every object schema below a part, with its path."""
    if isinstance(part, list):
        for at, item in enumerate(part):
            yield from objects(item, f"{path}/{at}")
    elif isinstance(part, dict):
        if "properties" in part:
            yield path, part
        for key, item in part.items():
            yield from objects(item, f"{path}/{key}")


@every_kind
def test_every_object_is_closed_and_every_field_explains_itself(kind: str) -> None:
    for path, found in objects(SCHEMAS[kind]):
        table = "default" in found["properties"]
        assert table == (found["additionalProperties"] is not False), path
        assert found["description"], path
        for name, field in found["properties"].items():
            assert field["title"], f"{path}/{name}"
            assert field["description"], f"{path}/{name}"
            assert "ppm" not in field["description"]


def test_a_governed_field_says_which_way_is_tighter_and_what_it_counts() -> None:
    limits = SCHEMAS["Vault"]["$defs"]["OrderLimitsShape"]["properties"]
    assert limits["maxNotional"]["description"] == (
        "Greatest notional of one order. Cap (dollars); tighter: lower."
    )
    assert limits["duplicateWindow"]["description"].endswith("Floor (time span); tighter: higher.")
    spec = SCHEMAS["Vault"]["$defs"]["VaultSpec"]["properties"]
    assert spec["bands"]["description"].endswith("tighter: lower at every conviction.")
    assert spec["rails"]["description"].endswith("Allow-set; tighter: fewer names.")
    persona = SCHEMAS["Persona"]["$defs"]["PersonaTermsShape"]["properties"]
    assert persona["stopLoss"]["description"].endswith("every change takes the quorum.")
    boost = SCHEMAS["Overlay"]["$defs"]["BoostEntry"]["properties"]
    assert boost["until"]["description"].endswith("tighter: ending sooner.")


def test_every_field_of_a_vault_has_its_place_in_the_schema() -> None:
    def fields(kind: type[Governed]) -> Iterator[str]:
        for name, direction in directions(kind).items():
            yield name
            if isinstance(direction, Group):
                yield from fields(direction.kind)

    text = json.dumps(SCHEMAS["Vault"]) + json.dumps(SCHEMAS["Persona"])
    for name in fields(VaultPolicy):
        camel = re.sub("_(.)", lambda letter: letter[1].upper(), name)
        assert f'"{camel}": {{' in text or name == "name"
    # What an environment enforces beside its vaults is in the other kinds.
    assert {n for n, d in directions(Policy).items() if not isinstance(d, Group | Keyed)} == {
        "environment",
        "released",
        "nodes",
    }


def test_what_a_vault_leaves_out_is_closed_and_what_a_ceiling_leaves_out_is_nothing() -> None:
    vault = SCHEMAS["Vault"]["$defs"]
    assert vault["VaultSpec"]["properties"]["capital"]["default"] == 0
    assert vault["PositionLimitsShape"]["properties"]["short"]["default"] is False
    assert vault["ExposureShape"]["properties"]["perTicker"]["default"] == {"default": 0}
    ceiling = SCHEMAS["Ceiling"]["$defs"]
    assert "default" not in ceiling["CeilingSpec"]["properties"]["capital"]
    # But for the account, which a ceiling does not clamp: it is where the account's bounds stand.
    assert ceiling["AccountPolicyShape"]["properties"]["gross"]["default"] == 0


def test_tables_ask_for_a_default_and_switches_for_one_scope() -> None:
    table = SCHEMAS["Vault"]["$defs"]["RatioTable"]
    assert table["required"] == ["default"]
    assert table["additionalProperties"] == {"$ref": "#/$defs/Ratio"}
    overlay = SCHEMAS["Overlay"]["$defs"]
    assert overlay["Scope"]["maxProperties"] == 1
    assert overlay["SwitchEntry"]["properties"]["switch"]["enum"][-1] == "full_halt"


# What they refuse


@pytest.mark.parametrize("file", KIND_OF)
def test_good_documents_are_good_to_both(file: str) -> None:
    document = read_yaml12(GOOD[file])
    assert errors(KIND_OF[file], document) == []
    assert read_document(GOOD[file].encode(), file=file).kind == KIND_OF[file]


@pytest.mark.parametrize("wrong", CORPUS, ids=lambda wrong: wrong.id)
def test_an_editor_sees_what_a_schema_can_know(wrong: Wrong) -> None:
    """Where only the strict reader knows, the row says why."""
    assert seen(wrong) is wrong.editor
    assert bool(wrong.why) == (wrong.editor is Editor.READER)


def test_what_only_the_reader_knows_has_few_reasons() -> None:
    """Each is something no JSON Schema can say; a new one asks to be looked at."""
    assert {wrong.why for wrong in CORPUS if wrong.why} == {
        "YAML 1.2 reads it as a value that is allowed",
        "a parser drops it before a schema looks",
        "it takes more than one value to see it",
        "it is allowed to be any text",
        "a schema compares numbers, and this is text",
        "the digits of a number are gone when it is parsed",
        "a schema cannot multiply",
        "a schema cannot compare times",
        "a pattern knows no calendar",
        "a key is more than its spelling",
        "it is refused where the authority is put to use",
        "it is neither below nor above any number",
    }


_values = st.one_of(
    st.booleans(),
    st.integers(-5, 5),
    st.integers(10**9, 10**13),
    st.decimals("-1", "2", places=3).map(str),
    st.sampled_from(["30s", "AAPL", "*", "momentum", "2026-12-01T15:00:00Z", "x\ny", ""]),
    st.lists(st.sampled_from(["AAPL", "*", "-"]), max_size=3),
    st.dictionaries(st.sampled_from(["default", "AAPL", "*"]), st.integers(-1, 2), max_size=2),
)


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, (*path, key))
    else:
        yield path


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KIND_OF)), st.data())
def test_the_schema_is_never_stricter_than_the_reader(file: str, data: st.DataObject) -> None:
    document = read_yaml12(GOOD[file])
    path = data.draw(st.sampled_from(sorted(_leaves(document), key=str)))
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = data.draw(_values)
    try:
        read_document(json.dumps(document).encode(), file=file)
    except MalformedError:
        return
    assert errors(KIND_OF[file], document) == []
