"""Documents that read one way only, and errors that say file, line and field."""

import contextlib
import json
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vanta.domain.errors import MalformedError
from vanta.governance.strict_yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_yaml, visible
from vanta.governance.yaml_tree import List, Mapping, Number, Plain, Scalar, place_of, plain

DOCUMENT = b"""\
---
# The core vault.
apiVersion: vanta.dev/v1
kind: Vault
metadata: {name: core, labels: {}}
spec:
  switches:
    - name: halt-2026
      halt: true
      until: 2026-11-25T00:00:00Z
      reason: >-
        Two lines,
        folded.
    - name: 'no'
      halt: false
  caps:
    gross: 1.50
    BRK.B: -0.05
    positions: 12
    'odd key': "010"
"""


def read(text: str | bytes) -> Plain:
    data = text.encode() if isinstance(text, str) else text
    return plain(read_yaml(data, file="vault.yaml"))


def refused(text: str | bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        read(text)
    return caught.value


def test_a_document_is_what_it_looks_like() -> None:
    assert read(DOCUMENT) == {
        "apiVersion": "vanta.dev/v1",
        "kind": "Vault",
        "metadata": {"name": "core", "labels": {}},
        "spec": {
            "switches": [
                {
                    "name": "halt-2026",
                    "halt": True,
                    "until": "2026-11-25T00:00:00Z",
                    "reason": "Two lines, folded.",
                },
                {"name": "no", "halt": False},
            ],
            "caps": {
                "gross": Number("1.50"),
                "BRK.B": Number("-0.05"),
                "positions": 12,
                "odd key": "010",
            },
        },
    }


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("true", True, bool),
        ("false", False, bool),
        ("0", 0, int),
        ("-7", -7, int),
        ("0.10", "0.10", Number),
        ("-12.0", "-12.0", Number),
        ("100000000000000000000.00000001", "100000000000000000000.00000001", Number),
        ("'true'", "true", str),
        ("'0.10'", "0.10", str),
        ('"12"', "12", str),
        ("'~'", "~", str),
        ("''", "", str),
        ("core", "core", str),
        ("10.0.0.1", "10.0.0.1", str),
        ("72h", "72h", str),
        ("5%", "5%", str),
        ("2026-11-25", "2026-11-25", str),
        ("2026-11-25T00:00:00.5+01:00", "2026-11-25T00:00:00.5+01:00", str),
        ("vanta.dev/v1", "vanta.dev/v1", str),
        ("SHA256:abc", "SHA256:abc", str),
        ("Nope", "Nope", str),
        ("nano", "nano", str),
        ("1INCH", "1INCH", str),
        ("Zürich", "Zürich", str),
    ],
)
def test_scalars_have_the_type_they_are_written_with(
    text: str, value: object, kind: type[object]
) -> None:
    node = read_yaml(f"a: {text}".encode(), file="f")
    assert isinstance(node, Mapping)
    scalar = node.entries["a"]
    assert isinstance(scalar, Scalar)
    assert scalar.value == value
    assert type(scalar.value) is kind


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "on", "off", "Yes", "NO", "On", "OFF", "True", "TRUE", "False", "y", "N"],
)
def test_a_switch_is_true_or_false_and_nothing_like_it(text: str) -> None:
    error = refused(f"spec:\n  halt: {text}\n")
    assert error.code == "AMBIGUOUS_BOOL"
    assert error.place == "vault.yaml:2: spec.halt"
    assert "true or false" in error.remedy
    assert f"'{text}'" in error.remedy
    assert read(f"halt: '{text}'") == {"halt": text}


@pytest.mark.parametrize(
    "text",
    [
        *(".nan", ".NaN", "nan", "NaN", ".inf", "-.inf", "+.INF", "inf", "-inf", "Infinity"),
        *("1e3", "1E3", "1.5e-3", "1e+3", ".5e1"),
        *("010", "00", "-010", "0o17", "0x10", "0XfF", "0b1", "007.5"),
        *("1_000", "1_000.5", "1,000", "1,5", ".5", "-.5", "5.", "+5", "+0.5", "-0"),
        *("1:30", "12:30:00", "190:20:30.15", "-1:30"),
    ],
)
def test_a_number_is_plain_digits(text: str) -> None:
    error = refused(f"spec:\n  caps:\n    - gross: {text}\n")
    assert error.code == "AMBIGUOUS_NUMBER"
    assert error.place == "vault.yaml:3: spec.caps[0].gross"
    assert read(f"gross: '{text}'") == {"gross": text}


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL", " # comment"])
def test_nothing_is_no_value(text: str) -> None:
    assert refused(f"spec:\n  cap: {text}\n").code == "NULL"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        pytest.param("a: 1\nb: 2\na: 3", "DUPLICATE_KEY", "f:3: a", id="duplicate"),
        pytest.param("s:\n  a: 1\n  'a': 2", "DUPLICATE_KEY", "f:3: s.a", id="quoted duplicate"),
        pytest.param('a: 1\n"\\x61": 2', "DUPLICATE_KEY", "f:2: a", id="escaped duplicate"),
        pytest.param("{a: {b: 1, b: 2}}", "DUPLICATE_KEY", "f:1: a.b", id="flow duplicate"),
        pytest.param("a: &x 1\nb: 2", "ANCHOR", "f:1: a", id="anchor"),
        pytest.param("&x a: 1", "ANCHOR", "f:1", id="anchor on a key"),
        pytest.param("a: &x [1]\nb: *x", "ANCHOR", "f:1: a", id="anchored list"),
        pytest.param("a: 1\nb: *x", "ALIAS", "f:2: b", id="alias"),
        pytest.param("<<: {a: 1}", "MERGE_KEY", "f:1", id="merge"),
        pytest.param("a: !!str 1", "TAG", "f:1: a", id="tag"),
        pytest.param("a: ! 1", "TAG", "f:1: a", id="non-specific tag"),
        pytest.param("a: !!binary AAAA", "TAG", "f:1: a", id="binary"),
        pytest.param("!!map {a: 1}", "TAG", "f:1", id="tagged document"),
        pytest.param("!!str a: 1", "TAG", "f:1", id="tagged key"),
        pytest.param(
            "a: !!python/object/apply:os.system ['true']", "TAG", "f:1: a", id="unsafe tag"
        ),
        pytest.param("a: 1\n---\nb: 2", "SEVERAL_DOCUMENTS", "f:2", id="two documents"),
        pytest.param("a: 1\n...\n---\n", "SEVERAL_DOCUMENTS", "f:3", id="empty second document"),
        pytest.param("%YAML 1.1\n---\na: 1", "DIRECTIVE", "f:1", id="%YAML"),
        pytest.param("%TAG ! tag:x,2000:\n---\na: 1", "DIRECTIVE", "f:1", id="%TAG"),
        pytest.param("", "EMPTY_DOCUMENT", "f:1", id="empty"),
        pytest.param("# only a comment\n", "EMPTY_DOCUMENT", "f:1", id="comment"),
        pytest.param("? [a]\n: 1", "BAD_KEY", "f:1", id="list as key"),
        pytest.param("{? {a: 1} : 2}", "BAD_KEY", "f:1", id="mapping as key"),
        pytest.param("~: 1", "BAD_KEY", "f:1", id="null key"),
        pytest.param("{: 1}", "MALFORMED_YAML", "f:1", id="empty key"),
        pytest.param("'': 1", "BAD_KEY", "f:1", id="empty quoted key"),
        pytest.param("' a': 1", "BAD_KEY", "f:1", id="padded key"),
        pytest.param("hаlt: true", "BAD_KEY", "f:1", id="Cyrillic a"),  # noqa: RUF001 - the attack
        pytest.param('"a\\tb": 1', "BAD_KEY", "f:1", id="control character in a key"),
        pytest.param("k" * 300 + ": 1", "BAD_KEY", "f:1", id="long key"),
        pytest.param("a: " + "1" * 40, "NUMBER_TOO_LONG", "f:1: a", id="long number"),
        pytest.param('a: "x\\u202ey"', "HIDDEN_CHARACTER", "f:1: a", id="escaped bidi"),
        pytest.param('a: "x\\0y"', "HIDDEN_CHARACTER", "f:1: a", id="escaped NUL"),
        pytest.param('a: "x\\ty"', "HIDDEN_CHARACTER", "f:1: a", id="escaped tab"),
        pytest.param("a:\n\tb: 1", "TAB", "f:2", id="tab"),
        pytest.param("a: 1\r\nb: 2", "HIDDEN_CHARACTER", "f:1: a", id="carriage return"),
        pytest.param("a: x\u202ey", "HIDDEN_CHARACTER", "f:1: a", id="bidi"),
        pytest.param("a: 1\n# \u2066x", "HIDDEN_CHARACTER", "f:2", id="bidi in a comment"),
        pytest.param("a: x\u200by", "HIDDEN_CHARACTER", "f:1: a", id="zero width"),
        pytest.param("a: x\u2028b: 1", "HIDDEN_CHARACTER", "f:1: a", id="line separator"),
        pytest.param("a: x\x85b: 1", "HIDDEN_CHARACTER", "f:1: a", id="next line"),
        pytest.param("a: \x00", "HIDDEN_CHARACTER", "f:1: a", id="NUL"),
        pytest.param("a: \x1b[31m", "HIDDEN_CHARACTER", "f:1: a", id="escape"),
        pytest.param("a: x\ufeff", "HIDDEN_CHARACTER", "f:1: a", id="inner BOM"),
        pytest.param("a: \U000e0041", "HIDDEN_CHARACTER", "f:1: a", id="tag character"),
        pytest.param("\ufeffa: 1", "BOM", "f:1", id="BOM"),
        pytest.param("a: [1, 2", "MALFORMED_YAML", "f:1: a[2]", id="open list"),
        pytest.param("a: 'x", "MALFORMED_YAML", "f:1: a", id="open quote"),
        pytest.param("a: 1\n b: 2", "MALFORMED_YAML", "f:2", id="indentation"),
        pytest.param("a: @x", "MALFORMED_YAML", "f:1: a", id="reserved"),
        pytest.param('a: "\\ud800"', "MALFORMED_YAML", "f:1: a", id="escaped surrogate"),
    ],
)
def test_refuses_and_says_where(text: str, code: str, place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_yaml(text.encode(), file="f")
    assert (caught.value.code, caught.value.place) == (code, place)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"a: 1\nb: \xff", "NOT_UTF8", "f:2: b"),
        (b"a: \xed\xa0\x80", "NOT_UTF8", "f:1: a"),
        ("a: 1".encode("utf-16"), "BOM", "f:1"),
        ("a: 1".encode("utf-16-le"), "HIDDEN_CHARACTER", "f:1"),
        (b"a: 1\n" + b"#" * MAX_BYTES, "YAML_TOO_LARGE", "f"),
    ],
)
def test_refuses_bytes_that_are_not_plain_text(data: bytes, code: str, place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_yaml(data, file="f")
    assert (caught.value.code, caught.value.place) == (code, place)


CONTROLS = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
IGNORED = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x2065, 0x3164, 0xFE00, 0xFE0F)
"""Of those a display may ignore, what no category gives away."""


def test_no_control_format_or_invisible_character_is_ever_read() -> None:
    """Whatever Unicode calls one, by category; and what it lets a display leave out."""
    hidden = [chr(at) for at in range(0x110000) if unicodedata.category(chr(at)) in CONTROLS]
    hidden += [chr(at) for at in (*IGNORED, 0xFFA0, 0xFFF0, 0x2800, 0xE0100, 0xE01EF)]
    seen = [ascii(one) for one in hidden if one != "\n" and visible(one) != " "]
    assert seen == []


@pytest.mark.parametrize("text", ["plain", "two\nlines", "Zürich", "字", "é", "±5 %", "€", "🚀"])
def test_what_can_be_seen_is_read(text: str) -> None:
    assert visible(text) == text
    assert read(yaml.dump({"a": text}, allow_unicode=True)) == {"a": text}


@given(st.text(max_size=40))
def test_what_is_made_visible_can_be_read(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    # As JSON, which is how a halt's reason is written.
    quoted = json.dumps(shown, ensure_ascii=False).replace("\\n", "\\u000a")
    assert read(f"a: {quoted}") == {"a": shown}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n  b: x\u202ey", "f:2: a.b"),
        ("a:\n  - b: x\n    c: y\u200b", "f:3: a[0].c"),
        ("a:\n  b\u202e: x", "f:2: a"),
        ("a: 1  # x\u202e", "f:1: a"),
        ("a: >-\n  two\n  li\u200bnes", "f:3: a"),
        ("# x\u202e", "f:1"),
        ("a: 1\n# x\u202e", "f:2"),
        ("a: [1, 2\u202e]", "f:1: a[1]"),
        ("a: ]\u202e", "f:1: a"),
    ],
)
def test_a_hidden_character_is_found_in_its_field(text: str, place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_yaml(text.encode(), file="f")
    assert (caught.value.code, caught.value.place) == ("HIDDEN_CHARACTER", place)


def nested(depth: int) -> str:
    return "a: " + "[" * (depth - 1) + "1" + "]" * (depth - 1)


def test_depth_and_number_of_values_are_bounded() -> None:
    read(nested(MAX_DEPTH))
    assert refused(nested(MAX_DEPTH + 1)).code == "TOO_DEEP"
    assert refused("[" * 100_000).code == "TOO_DEEP"
    assert refused("{a: " * 60_000).code == "TOO_DEEP"

    assert read(f"[{'1,' * (MAX_NODES - 1)}]") == [1] * (MAX_NODES - 1)
    assert refused(f"[{'1,' * MAX_NODES}]").code == "TOO_MANY_NODES"


def test_a_billion_laughs_is_one_error() -> None:
    levels = ["a0: &a0 [lol, lol]"]
    levels += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 10)]
    assert refused("\n".join(levels)).code == "ANCHOR"


class TestPlaces:
    node = read_yaml(DOCUMENT, file="prod/core.yaml")

    @pytest.mark.parametrize(
        ("path", "place"),
        [
            ((), "prod/core.yaml:3"),
            (("kind",), "prod/core.yaml:4: kind"),
            (("spec",), "prod/core.yaml:6: spec"),
            (("spec", "switches"), "prod/core.yaml:7: spec.switches"),
            (("spec", "switches", 1, "halt"), "prod/core.yaml:15: spec.switches[1].halt"),
            (("spec", "switches", 0, "reason"), "prod/core.yaml:11: spec.switches[0].reason"),
            (("spec", "caps", "BRK.B"), "prod/core.yaml:18: spec.caps.BRK.B"),
            (("metadata", "labels"), "prod/core.yaml:5: metadata.labels"),
            # A missing field is named where it should be; a union's name is passed over.
            (("spec", "switches", 1, "reason"), "prod/core.yaml:14: spec.switches[1].reason"),
            (("spec", "VaultSpec", "caps", "gross"), "prod/core.yaml:17: spec.caps.gross"),
            (("spec", "switches", 9), "prod/core.yaml:7: spec.switches"),
            (("spec", "switches", -1), "prod/core.yaml:7: spec.switches"),
        ],
    )
    def test_a_model_s_error_is_found_again(self, path: tuple[str | int, ...], place: str) -> None:
        assert str(place_of(self.node, path)) == place

    def test_every_node_knows_its_line(self) -> None:
        assert isinstance(self.node, Mapping)
        spec = self.node.entries["spec"]
        assert isinstance(spec, Mapping)
        switches = spec.entries["switches"]
        assert isinstance(switches, List)
        kind = self.node.entries["kind"]
        lines = (self.node.line, kind.line, spec.line, switches.line, switches.items[1].line)
        assert lines == (3, 4, 6, 7, 14)


def test_what_can_be_made_visible_can_be_read() -> None:
    """For words of somebody else's that go into a document, such as a halt's reason."""
    shown = visible("stop\x1b[2J \u202enow\u2028\there")
    assert shown == "stop [2J  now  here"
    assert read(f'reason: "{shown}"') == {"reason": shown}


def test_the_file_s_name_is_the_caller_s(tmp_path: Path) -> None:
    with pytest.raises(MalformedError) as caught:
        read_yaml(b"a: no", file=str(tmp_path / "x.yaml"))
    assert str(caught.value).startswith(f"{tmp_path}/x.yaml:1: a: 'no' ")


keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
values = st.recursive(
    st.booleans() | st.integers(-(10**20), 10**20) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, values, max_size=5), st.booleans())
def test_what_a_careful_writer_writes_is_read_back(document: dict[str, Plain], flow: bool) -> None:  # noqa: FBT001 - hypothesis fills it
    text = yaml.dump(document, default_style='"', default_flow_style=flow)
    # The quoted style quotes numbers and switches too, under a tag; write those plainly.
    for tag in ("!!bool", "!!int"):
        text = _unquote(text, tag)
    assert read(text) == document


def _unquote(text: str, tag: str) -> str:
    parts = text.split(f'{tag} "')
    return parts[0] + "".join(part.replace('"', "", 1) for part in parts[1:])


@settings(max_examples=300)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text("ab:-[]{}#&*!|>'\"%@`?,. \n\\01~<=_", max_size=80).map(str.encode)
    | st.builds(
        lambda at, length, new: DOCUMENT[:at] + new + DOCUMENT[at + length :],
        st.integers(0, len(DOCUMENT)),
        st.integers(0, 40),
        st.binary(max_size=12),
    )
)
def test_any_bytes_are_a_document_or_a_malformed_error(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        plain(read_yaml(data, file="f"))
