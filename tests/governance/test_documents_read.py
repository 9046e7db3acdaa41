"""Reading a governed tree: all or nothing, and an error names file, line, field and remedy."""

import pytest

from tests.governance.fund import (
    CEILING,
    CRYPTO,
    ENVIRONMENT,
    HERE,
    MOMENTUM,
    OVERLAY,
    document,
    documents,
    governed,
    switch,
    vault,
)
from tests.governance.simulator import person
from vanta.domain.errors import MalformedError
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.kinds import VaultDocument
from vanta.governance.documents.read import AUTHORITY, read_document, read_documents

FILES = governed(
    documents(
        {name: [person(name).key.openssh] for name in ("ada", "grace", "alan", "olga", "carol")}
    )
)

PER_TICKER = "spec.exposure.perTicker"


def refused(changed: dict[str, str | None]) -> MalformedError:
    """What is said of the fund's tree with some files changed."""
    files = dict(FILES)
    for path, content in changed.items():
        if content is None:
            del files[path]
        else:
            files[path] = content.encode()
    with pytest.raises(MalformedError) as error:
        compile_policy(read_documents(files, ENVIRONMENT))
    return error.value


def refused_vault(old: str, new: str) -> MalformedError:
    """What is said of the momentum vault with some text of it replaced."""
    text = vault("momentum")
    assert old in text
    return refused({MOMENTUM: text.replace(old, new, 1)})


def test_the_tree_itself_reads() -> None:
    found = read_documents(FILES, ENVIRONMENT)
    assert sorted(found.vaults) == ["crypto", "momentum"]
    assert sorted(found.personas) == ["ares", "athena"]
    assert len(found.overlays) == 1


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("capital: 1000", "capitol: 1000", ":7: spec.capitol", "look for a misspelling"),
        ("capital: 1000", "capital: -1", ":7: spec.capital", "negative"),
        ("capital: 1000", "capital: true", ":7: spec.capital", "not a plain number"),
        ("capital: 1000", "capital: 99999999999999", ":7: spec.capital", "larger than any limit"),
        ("capital: 1000", 'capital: "1e3"', ":7: spec.capital", "not a plain decimal"),
        ("capital: 1000", "capital: [1]", ":7: spec.capital", "not a plain decimal"),
        ("  persona: ares\n", "", "spec.persona", "add it"),
        ("persona: ares", "persona: Ares", ":6: spec.persona", "match"),
        ("ttl: 2h", "ttl: 2", ":14: spec.envelope.ttl", "write it like 30s"),
        ("ttl: 2h", "ttl: 2h, ttll: 1", ":14: spec.envelope.ttll", "misspelling"),
        ("{default: 0.10}", "{AAPL: 0.05}", f":13: {PER_TICKER}", "add `default: ...`"),
        ("{default: 0.10}", "{default: 0.10, AAPL: -1}", f":13: {PER_TICKER}.AAPL", "negative"),
        ("{default: 0.10}", "0.10", f":13: {PER_TICKER}", "name: value"),
        ("{default: 0.10}", '{default: 0.10, "*": 0.01}', PER_TICKER, "name"),
        ("{default: 0.10}", '{default: 0.10, "(default)": 0.01}', PER_TICKER, "name"),
        ("deny: []", "deny: KO", ":11: spec.universe.deny", "list of names"),
        ("deny: []", "deny: [KO, KO]", ":11: spec.universe.deny", "twice"),
        ("deny: []", 'deny: ["*", KO]', ":11: spec.universe.deny", "alone"),
        ("apiVersion: vanta.dev/v1", "apiVersion: vanta.dev/v2", ":1: apiVersion", "vanta.dev/v1"),
        ("name: momentum", "name: Momentum", ":4: metadata.name", "match"),
        ("rails:", "positions: {short: 1}\n  rails:", ":8: spec.positions.short", "or false"),
        ("rails:", 'positions: {short: "no"}\n  rails:', ":8: spec.positions.short", "or false"),
    ],
)  # fmt: skip
def test_an_error_names_its_line_its_field_and_what_to_do(
    old: str, new: str, field: str, said: str
) -> None:
    error = refused_vault(old, new)
    assert error.code == "INVALID_FIELD"
    assert error.place.startswith(f"{MOMENTUM}:")
    assert error.place.endswith(field)
    assert said in f"{error.message} {error.remedy}"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("capital: 1000", "capital: .nan", "AMBIGUOUS_NUMBER"),
        ("capital: 1000", "capital: inf", "AMBIGUOUS_NUMBER"),
        ("capital: 1000", "capital: 1e3", "AMBIGUOUS_NUMBER"),
        ("capital: 1000", "capital: 010", "AMBIGUOUS_NUMBER"),
        ("capital: 1000", "capital: 1\n  capital: 2", "DUPLICATE_KEY"),
        ("capital: 1000", "capital: ~", "NULL"),
        ("rails:", "positions: {short: no}\n  rails:", "AMBIGUOUS_BOOL"),
        ("deny: []", "deny: &all [KO]", "ANCHOR"),
    ],
)
def test_yaml_that_reads_two_ways_reads_no_way(old: str, new: str, code: str) -> None:
    error = refused_vault(old, new)
    assert error.code == code
    assert error.place.startswith(f"{MOMENTUM}:")


@pytest.mark.parametrize(
    "bands",
    [
        "[{conviction: 0.7, size: 0.05}, {conviction: 0.5, size: 0.02}]",
        "[{conviction: 0.5, size: 0.05}, {conviction: 0.5, size: 0.02}]",
    ],
)
def test_bands_go_from_the_lowest_conviction_up_each_once(bands: str) -> None:
    error = refused({MOMENTUM: vault("momentum", more=f"bands: {bands}")})
    assert (error.code, error.place) == ("INVALID_FIELD", f"{MOMENTUM}:15: spec.bands")
    assert "lowest conviction to the highest" in error.message


def test_several_errors_are_counted() -> None:
    error = refused_vault("capital: 1000", "capital: -1\n  kapital: 2\n  labell: x")
    assert "and 2 more" in error.message


@pytest.mark.parametrize("kind", ["Valt", "vault", "[Vault]", "true", "7"])
def test_an_unknown_kind_lists_the_known_ones(kind: str) -> None:
    error = refused({MOMENTUM: vault("momentum").replace("kind: Vault", f"kind: {kind}")})
    assert (error.code, error.place) == ("UNKNOWN_KIND", f"{MOMENTUM}:2: kind")
    assert "Authority, Ceiling, Persona, Vault, Overlay" in error.message


@pytest.mark.parametrize("text", ["just text\n", "- a\n- b\n", "7\n"])
def test_what_is_no_document_at_all_has_no_kind(text: str) -> None:
    assert refused({MOMENTUM: text}).code == "UNKNOWN_KIND"


@pytest.mark.parametrize(
    ("changed", "code", "place"),
    [
        (
            {MOMENTUM: document("Persona", "momentum", "horizon: 1d")},
            "WRONG_KIND",
            f"{MOMENTUM}:2: kind",
        ),
        ({AUTHORITY: vault("authority")}, "WRONG_KIND", f"{AUTHORITY}:2: kind"),
        ({MOMENTUM: vault("other")}, "NAME_MISMATCH", f"{MOMENTUM}:4: metadata.name"),
        ({CEILING: None}, "MISSING_CEILING", CEILING),
        ({AUTHORITY: None}, "MISSING_AUTHORITY", AUTHORITY),
        ({f"{HERE}README.md": "hello"}, "UNEXPECTED_FILE", f"{HERE}README.md"),
        ({f"{HERE}vaults/momentum.yml": "a: b"}, "UNEXPECTED_FILE", f"{HERE}vaults/momentum.yml"),
        ({f"{HERE}vaults/old/a.yaml": "a: b"}, "UNEXPECTED_FILE", f"{HERE}vaults/old/a.yaml"),
        ({"ceilings/x/prod.yaml": "a: b"}, "UNEXPECTED_FILE", "ceilings/x/prod.yaml"),
        ({"authority.yaml/a.yaml": "a: b"}, "UNEXPECTED_FILE", "authority.yaml/a.yaml"),
        (
            {MOMENTUM: vault("momentum", persona="zeus")},
            "UNKNOWN_PERSONA",
            f"{MOMENTUM}:6: spec.persona",
        ),
    ],
)
def test_what_does_not_fit_its_place_is_refused(
    changed: dict[str, str | None], code: str, place: str
) -> None:
    error = refused(changed)
    assert (error.code, error.place) == (code, place)


def test_an_unknown_persona_is_told_the_known_ones() -> None:
    assert (
        refused({MOMENTUM: vault("momentum", persona="zeus")}).remedy == "use one of ares, athena"
    )


ENTRY = "{name: stop, switch: full_halt, reason: test}"


@pytest.mark.parametrize(
    ("entry", "place", "said"),
    [
        ("halt: no", "spec.switches", "true or false"),
        ("halt: false", "spec.switches", "list"),
        ("[{name: stop, switch: halt, reason: x}]", "spec.switches[0].switch", "full_halt"),
        ("[{name: stop, switch: full_halt}]", "spec.switches[0].reason", "required"),
        (
            "[{name: a, switch: full_halt, reason: x, scope: {vault: a, venue: b}}]",
            "spec.switches[0].scope",
            "one scope",
        ),
        ("[{name: a, switch: full_halt, reason: x, until: now}]", "spec.switches[0].until", "zone"),
        (
            "[{name: a, switch: full_halt, reason: x, scope: {book: b}}]",
            "spec.switches[0].scope.book",
            "misspelling",
        ),
        ("[{name: a, switch: true, reason: x}]", "spec.switches[0].switch", "full_halt"),
    ],
)
def test_a_switch_is_one_of_the_table_with_one_scope_and_a_reason(
    entry: str, place: str, said: str
) -> None:
    text = document(
        "Overlay", "overlay", f"switches: {{{entry}}}" if entry[0] == "h" else f"switches: {entry}"
    )
    error = refused({OVERLAY: text})
    assert place in error.place
    assert said in f"{error.message} {error.remedy}"


@pytest.mark.parametrize(
    "changed",
    [
        {OVERLAY: document("Overlay", "overlay", f"switches: [{ENTRY}, {ENTRY}]")},
        {
            OVERLAY: document("Overlay", "overlay", f"switches: [{ENTRY}]"),
            f"{HERE}halts/stop.yaml": switch("stop"),
        },
    ],
)
def test_every_entry_has_a_name_of_its_own(changed: dict[str, str | None]) -> None:
    error = refused(changed)
    assert error.code == "DUPLICATE_ENTRY"
    assert "'stop'" in error.message


def test_a_halt_file_called_like_the_overlay_still_halts() -> None:
    """Two files of one name in two folders are two documents, and neither hides the other."""
    files = {**FILES, f"{HERE}halts/overlay.yaml": switch("overlay").encode()}
    policy = compile_policy(read_documents(files, ENVIRONMENT))
    assert policy.overlay.everywhere.full_halt > 0


def test_other_ceilings_are_read_too_for_they_are_in_the_digest() -> None:
    error = refused({"ceilings/dev.yaml": document("Ceiling", "dev", "capitol: 1")})
    assert error.place.startswith("ceilings/dev.yaml:")


def test_a_document_is_of_the_kind_it_names() -> None:
    found = read_document(FILES[CRYPTO], file=CRYPTO)
    assert isinstance(found, VaultDocument)
    assert found.metadata.name == "crypto"
