"""Documents that nobody may write, each with what is said of it and who can see it.

A row is a good document with one text replaced: the reader must name the line that text stands on,
the field, a code and a remedy. `editor` says whether somebody who only has the JSON Schema sees it
too: the schema itself refuses (`SCHEMA`), a YAML 1.2 parser does before it (`PARSER`), or nobody
but the strict reader can know (`READER`), for the reason given.
"""

import textwrap
from enum import Enum
from typing import NamedTuple

from tests.governance.fund import (
    CEILING,
    ENVIRONMENT,
    HERE,
    MOMENTUM,
    OVERLAY,
    authority,
    document,
)
from tests.governance.simulator import person
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.strict_yaml import MAX_DEPTH, MAX_NODES

PEOPLE = {name: [person(name).key.openssh] for name in ("ada", "grace", "alan", "olga", "carol")}
ARES = "personas/ares.yaml"
HALT = f"{HERE}halts/stop.yaml"

GOOD = {
    MOMENTUM: document(
        "Vault",
        "momentum",
        """
        label: US momentum
        persona: ares
        capital: 1000
        rails: [fiat]
        universe:
          allow: [AAPL, MSFT]
          deny: []
          sectors: {AAPL: technology}
        orders: {maxNotional: 100, quoteAge: 30s, perMinute: 60}
        positions: {short: false}
        exposure:
          perTicker: {default: 0.10, AAPL: 0.05}
        bands:
          - {conviction: 0.55, size: 0.02}
          - {conviction: 0.70, size: 0.05}
        envelope: {ttl: 2h}
        """,
    ),
    CEILING: document("Ceiling", ENVIRONMENT, "account: {gross: 10000}\ncapital: 5000"),
    ARES: document("Persona", "ares", "multiplier: 1.25\nhorizon: 3d"),
    OVERLAY: document(
        "Overlay",
        "overlay",
        """
        switches:
          - name: stop-paper
            switch: full_halt
            scope: {venue: paper}
            reason: the feed is late
            until: 2026-12-01T15:00:00Z
        flips:
          - name: strong-day
            vault: momentum
            until: "2026-12-01T16:00:00Z"
            slice: 0.05
            amplifier: 1.2
            conviction: 0.6
            reason: earnings
        boosts:
          - name: sure
            vault: momentum
            until: "2026-12-01T17:00:00Z"
            multiplier: 1.5
            reason: earnings
        released: []
        """,
    ),
    HALT: document("Overlay", "stop", "switches: [{name: now, switch: maintenance, reason: x}]"),
    AUTHORITY: authority(PEOPLE),
}
"""One good document of every kind, and a halt; the rows below spoil one of them."""


class Editor(Enum):
    """Who sees a mistake while it is being typed."""

    SCHEMA = "the JSON Schema refuses it"
    PARSER = "no YAML 1.2 parser reads it"
    READER = "only the strict reader knows"


SCHEMA, PARSER, READER = Editor.SCHEMA, Editor.PARSER, Editor.READER


class Wrong(NamedTuple):
    """A document nobody may write."""

    file: str
    old: str
    new: str
    field: str
    code: str = "INVALID_FIELD"
    editor: Editor = SCHEMA
    why: str = ""
    """Why no schema can know, where only the reader does."""
    below: int = 0
    """Lines from the replaced text down to the one that is named."""

    @property
    def content(self) -> bytes:
        """The spoilt file."""
        good = GOOD[self.file]
        assert good.count(self.old) >= 1, self.old
        # Surrogates stand for bytes that are no UTF-8.
        return good.replace(self.old, self.new, 1).encode("utf-8", "surrogateescape")

    @property
    def line(self) -> int:
        """The line the mistake stands on."""
        good = GOOD[self.file]
        return good.count("\n", 0, good.index(self.old)) + 1 + self.below

    @property
    def id(self) -> str:
        """What a failing test calls it."""
        return f"{self.code}: {textwrap.shorten(ascii(self.new), 60)}"


SPELLING = "YAML 1.2 reads it as a value that is allowed"
LOST = "a parser drops it before a schema looks"
SUM = "it takes more than one value to see it"

_CAPITAL = "spec.capital"
_SHORT = "spec.positions.short"


def capital(
    value: str, code: str = "INVALID_FIELD", editor: Editor = SCHEMA, why: str = ""
) -> Wrong:
    return Wrong(MOMENTUM, "capital: 1000", f"capital: {value}", _CAPITAL, code, editor, why)


def short(value: str, code: str = "INVALID_FIELD", editor: Editor = SCHEMA, why: str = "") -> Wrong:
    return Wrong(MOMENTUM, "short: false", f"short: {value}", _SHORT, code, editor, why)


def label(value: str, code: str, editor: Editor, why: str = "") -> Wrong:
    return Wrong(MOMENTUM, "label: US momentum", f"label: {value}", "spec.label", code, editor, why)


NUMBERS = [
    # What a number is not: each is one to some reader, and seldom the same one.
    capital(".nan", "AMBIGUOUS_NUMBER", READER, "it is neither below nor above any number"),
    capital("nan", "AMBIGUOUS_NUMBER", SCHEMA),
    capital(".inf", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("-.inf", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("Infinity", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("1e3", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("1.5E-3", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("0777", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("0o17", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("0x1F", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("0b101", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("1_000", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("1,000", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("1:30", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("190:20:30.15", "AMBIGUOUS_NUMBER", SCHEMA),
    capital("+5", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital(".5", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("5.", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("-0", "AMBIGUOUS_NUMBER", READER, SPELLING),
    capital("1" * 31, "NUMBER_TOO_LONG", SCHEMA),
    # What quotes do not make better.
    capital('".nan"'),
    capital('"inf"'),
    capital('"1e3"'),
    capital('"010"'),
    capital('"1_000"'),
    capital('" 5"'),
    capital('"5%"'),
    capital('"\u0665"'),  # an Arabic five
    # What no limit is.
    capital("-1"),
    capital("-0.01"),
    capital('"-1"'),
    capital("99999999999999"),
    capital('"99999999999"', editor=READER, why="a schema compares numbers, and this is text"),
    capital("true"),
    capital("[1]"),
    capital("{a: 1}"),
    capital("0.000000001", editor=READER, why="the digits of a number are gone when it is parsed"),
    capital('"0.000000001"'),
    Wrong(MOMENTUM, "perMinute: 60", "perMinute: 1.5", "spec.orders.perMinute"),
    Wrong(MOMENTUM, "perMinute: 60", "perMinute: -1", "spec.orders.perMinute"),
    Wrong(MOMENTUM, "perMinute: 60", "perMinute: 1000000000", "spec.orders.perMinute"),
    Wrong(MOMENTUM, "quoteAge: 30s", "quoteAge: 30", "spec.orders.quoteAge"),
    Wrong(MOMENTUM, "quoteAge: 30s", "quoteAge: 1.5h", "spec.orders.quoteAge"),
    Wrong(MOMENTUM, "quoteAge: 30s", "quoteAge: -1h", "spec.orders.quoteAge"),
    Wrong(
        MOMENTUM,
        "quoteAge: 30s",
        "quoteAge: 999999999d",
        "spec.orders.quoteAge",
        editor=READER,
        why="a schema cannot multiply",
    ),
]

SWITCHES = [
    # Where a switch stands, nothing but a bool does.
    short("no", "AMBIGUOUS_BOOL"),
    short("No", "AMBIGUOUS_BOOL"),
    short("yes", "AMBIGUOUS_BOOL"),
    short("on", "AMBIGUOUS_BOOL"),
    short("OFF", "AMBIGUOUS_BOOL"),
    short("n", "AMBIGUOUS_BOOL"),
    short("False", "AMBIGUOUS_BOOL", READER, SPELLING),
    short("TRUE", "AMBIGUOUS_BOOL", READER, SPELLING),
    short("'no'"),
    short("'false'"),
    short('"true"'),
    short("0"),
    short("1"),
    short("[]"),
    short("{}"),
    short("~", "NULL"),
    short("null", "NULL"),
    Wrong(OVERLAY, "switch: full_halt", "switch: true", "spec.switches[0].switch"),
    Wrong(OVERLAY, "switch: full_halt", "switch: yes", "spec.switches[0].switch", "AMBIGUOUS_BOOL"),
    Wrong(OVERLAY, "switch: full_halt", "switch: halt", "spec.switches[0].switch"),
    Wrong(OVERLAY, "switch: full_halt", "switch: FULL_HALT", "spec.switches[0].switch"),
    Wrong(
        OVERLAY,
        "{venue: paper}",
        "{}\n      full_halt: true",
        "spec.switches[0].full_halt",
        below=1,
    ),
    Wrong(OVERLAY, "reason: the feed is late", "reason: ' '", "spec.switches[0].reason"),
    Wrong(OVERLAY, "reason: the feed is late", "reason: 42", "spec.switches[0].reason"),
    Wrong(OVERLAY, "reason: the feed is late", 'reason: "a\\nb"', "spec.switches[0].reason"),
    Wrong(OVERLAY, "reason: the feed is late", f"reason: {'x' * 301}", "spec.switches[0].reason"),
    Wrong(OVERLAY, "      reason: the feed is late\n", "", "spec.switches[0].reason", below=-3),
    Wrong(OVERLAY, "{venue: paper}", "{venue: paper, vault: momentum}", "spec.switches[0].scope"),
    Wrong(OVERLAY, "{venue: paper}", "{broker: paper}", "spec.switches[0].scope.broker"),
    Wrong(OVERLAY, "{venue: paper}", "everywhere", "spec.switches[0].scope"),
    Wrong(HALT, "switches: [", "halt: no\n  switches: [", "spec.halt", "AMBIGUOUS_BOOL"),
]

FLIP, BOOST = 'until: "2026-12-01T16:00:00Z"', 'until: "2026-12-01T17:00:00Z"'

EXPIRY = [
    # What loosens must expire, by an absolute time.
    Wrong(OVERLAY, f"      {FLIP}\n", "", "spec.flips[0].until", below=-2),
    Wrong(OVERLAY, f"      {BOOST}\n", "", "spec.boosts[0].until", below=-2),
    *(
        Wrong(OVERLAY, old, f"until: {value}", field, *seen)
        for old, field in ((FLIP, "spec.flips[0].until"), (BOOST, "spec.boosts[0].until"))
        for value, *seen in (
            ("2h",),
            ("'+2h'",),
            ("tomorrow",),
            ("forever",),
            ("2026-12-01",),
            ("2026-12-01T15:00:00",),
            ("2026-12-01 15:00:00Z",),
            ("1764601200",),
            ("true",),
            ("~", "NULL"),
            ("1970-01-01T00:00:00Z", "INVALID_FIELD", READER, "a schema cannot compare times"),
            ("2300-01-01T00:00:00Z", "INVALID_FIELD", READER, "a schema cannot compare times"),
            ("2026-02-30T00:00:00Z", "INVALID_FIELD", READER, "a pattern knows no calendar"),
        )
    ),
]

NAMES = [
    # A name is what it looks like.
    Wrong(MOMENTUM, "name: momentum", "name: Momentum", "metadata.name"),
    Wrong(MOMENTUM, "name: momentum", "name: m\u043ementum", "metadata.name"),  # a Cyrillic o
    Wrong(MOMENTUM, "name: momentum", "name: ../momentum", "metadata.name"),
    Wrong(MOMENTUM, "name: momentum", f"name: {'m' * 64}", "metadata.name"),
    Wrong(MOMENTUM, "name: momentum", "name: 7", "metadata.name"),
    Wrong(MOMENTUM, "persona: ares", "persona: \u0251res", "spec.persona"),  # a Latin alpha
    Wrong(MOMENTUM, "[AAPL, MSFT]", "[AAPL, \u041aO]", "spec.universe.allow"),  # a Cyrillic K
    Wrong(MOMENTUM, "[AAPL, MSFT]", "[AAPL, AAPL]", "spec.universe.allow"),
    Wrong(MOMENTUM, "[AAPL, MSFT]", "[AAPL, '*']", "spec.universe.allow"),
    Wrong(MOMENTUM, "[AAPL, MSFT]", "[AAPL, true]", "spec.universe.allow"),
    Wrong(MOMENTUM, "[AAPL, MSFT]", "[AAPL, 1.5]", "spec.universe.allow"),
    Wrong(
        MOMENTUM,
        "[AAPL, MSFT]",
        "[AAPL, no]",
        "spec.universe.allow[1]",
        "AMBIGUOUS_BOOL",
        READER,
        SPELLING,
    ),
    Wrong(MOMENTUM, "[AAPL, MSFT]", "AAPL", "spec.universe.allow"),
    Wrong(MOMENTUM, "[AAPL, MSFT]", "['']", "spec.universe.allow"),
    Wrong(MOMENTUM, "{AAPL: technology}", "{AAPL: te\u0441hnology}", "spec.universe.sectors.AAPL"),
    Wrong(MOMENTUM, "{AAPL: technology}", "{'*': technology}", "spec.universe.sectors.*"),
    Wrong(MOMENTUM, "{AAPL: technology}", "{AAPL: 7}", "spec.universe.sectors.AAPL"),
    Wrong(MOMENTUM, "{AAPL: technology}", "[AAPL]", "spec.universe.sectors"),
    Wrong(MOMENTUM, "label: US", "l\u0430bel: US", "spec", "BAD_KEY"),
    Wrong(MOMENTUM, "label: US", "' label': US", "spec", "BAD_KEY"),
    Wrong(MOMENTUM, "label: US", "? [label]\n  : US", "spec", "BAD_KEY", PARSER),
    Wrong(OVERLAY, "released: []", "released: ['*']", "spec.released"),
    Wrong(
        OVERLAY,
        "name: sure",
        "name: stop-paper",
        "spec.boosts[0].name",
        "DUPLICATE_ENTRY",
        READER,
        SUM,
    ),
    Wrong(HALT, "name: now, ", "", "spec.switches[0].name"),
    Wrong(
        MOMENTUM, "name: momentum", "name: impulse", "metadata.name", "NAME_MISMATCH", READER, SUM
    ),
    Wrong(
        MOMENTUM, "persona: ares", "persona: zeus", "spec.persona", "UNKNOWN_PERSONA", READER, SUM
    ),
]

FIELDS = [
    # Every field is known, once, and of its kind.
    Wrong(MOMENTUM, "capital: 1000", "capitol: 1000", "spec.capitol"),
    Wrong(MOMENTUM, "capital: 1000", "Capital: 1000", "spec.Capital"),
    Wrong(MOMENTUM, "maxNotional: 100", "max_notional: 100", "spec.orders.max_notional"),
    Wrong(MOMENTUM, "spec:", "status: {}\nspec:", "status"),
    Wrong(
        MOMENTUM, "name: momentum", "name: momentum\n  namespace: x", "metadata.namespace", below=1
    ),
    Wrong(MOMENTUM, "  persona: ares\n", "", "spec.persona", below=-2),
    Wrong(MOMENTUM, "kind: Vault", "kind: Valt", "kind", "UNKNOWN_KIND"),
    Wrong(MOMENTUM, "kind: Vault", "kind: Persona", "spec.label", below=4),
    Wrong(MOMENTUM, "kind: Vault\n", "", "kind", "UNKNOWN_KIND", below=-1),
    Wrong(MOMENTUM, "vanta.dev/v1", "vanta.dev/v2", "apiVersion"),
    Wrong(
        MOMENTUM,
        "capital: 1000",
        "capital: 1\n  capital: 2",
        _CAPITAL,
        "DUPLICATE_KEY",
        PARSER,
        below=1,
    ),
    Wrong(
        MOMENTUM,
        "capital: 1000",
        'capital: 1\n  "c\\u0061pital": 2',
        _CAPITAL,
        "DUPLICATE_KEY",
        PARSER,
        below=1,
    ),
    Wrong(MOMENTUM, "short: false", "short: false, short: true", _SHORT, "DUPLICATE_KEY", PARSER),
    Wrong(MOMENTUM, "capital: 1000", "capital:", _CAPITAL, "NULL"),
    Wrong(MOMENTUM, "{default: 0.10, AAPL: 0.05}", "{AAPL: 0.05}", "spec.exposure.perTicker"),
    Wrong(MOMENTUM, "{default: 0.10, AAPL: 0.05}", "0.10", "spec.exposure.perTicker"),
    Wrong(
        MOMENTUM,
        "{default: 0.10, AAPL: 0.05}",
        "{default: 0.10, '*': 1}",
        "spec.exposure.perTicker",
    ),
    Wrong(MOMENTUM, "AAPL: 0.05", "AAPL: no", "spec.exposure.perTicker.AAPL", "AMBIGUOUS_BOOL"),
    Wrong(MOMENTUM, "AAPL: 0.05", "AAPL: -1", "spec.exposure.perTicker.AAPL"),
    Wrong(
        MOMENTUM,
        "{conviction: 0.55, size: 0.02}",
        "{conviction: 0.80, size: 0.02}",
        "spec.bands",
        editor=READER,
        why=SUM,
        below=-1,
    ),
    Wrong(MOMENTUM, "{conviction: 0.55, size: 0.02}", "{conviction: 0.55}", "spec.bands[0].size"),
    Wrong(MOMENTUM, "{conviction: 0.55, size: 0.02}", "0.55", "spec.bands[0]"),
    Wrong(CEILING, "capital: 5000", "compounding: {reinvest: 1}", "spec.compounding"),
    Wrong(CEILING, "capital: 5000", "label: high", "spec.label"),
    Wrong(CEILING, "  account: {gross: 10000}\n", "", "spec.account", below=-1),
    Wrong(ARES, "horizon: 3d", "name: zeus", "spec.name"),
    Wrong(AUTHORITY, "tighten: 1", "tighten: -1", "spec.roles[1].grants[0].tighten"),
    Wrong(AUTHORITY, "tighten: 1", "tigthen: 1", "spec.roles[1].grants[0].tigthen"),
    Wrong(
        AUTHORITY, "keys: [", "keys: [{key: k, expires: never}, ", "spec.people[0].keys[0].expires"
    ),
    Wrong(
        AUTHORITY,
        "keys: [",
        "keys: [{key: k, revoked: no}, ",
        "spec.people[0].keys[0].revoked",
        "AMBIGUOUS_BOOL",
    ),
    Wrong(AUTHORITY, "keys: [", "keys: [{revoked: true}, ", "spec.people[0].keys[0].key"),
    Wrong(AUTHORITY, "keys: [", "keys: [7, ", "spec.people[0].keys[0]"),
    Wrong(AUTHORITY, "nodes: []", "nodes: [{name: a, keys: []}]", "spec.nodes[0].keys"),
]

FORM = [
    # YAML that could be read two ways, hides something, or is too much.
    Wrong(MOMENTUM, "deny: []", "deny: &all [KO]", "spec.universe.deny", "ANCHOR", READER, LOST),
    Wrong(MOMENTUM, "deny: []", "deny: *all", "spec.universe.deny", "ALIAS", PARSER),
    Wrong(MOMENTUM, "capital: 1000", "<<: {capital: 1000}", "spec", "MERGE_KEY"),
    Wrong(MOMENTUM, "capital: 1000", 'capital: !!str "1000"', _CAPITAL, "TAG", READER, LOST),
    Wrong(
        MOMENTUM, "capital: 1000", "capital: !!python/object:os.system x", _CAPITAL, "TAG", PARSER
    ),
    Wrong(MOMENTUM, "capital: 1000", "capital: !unsafe 1000", _CAPITAL, "TAG", PARSER),
    Wrong(MOMENTUM, "apiVersion", "%YAML 1.1\n---\napiVersion", "", "DIRECTIVE", READER, LOST),
    Wrong(MOMENTUM, "apiVersion", "\ufeffapiVersion", "", "BOM", READER, LOST),
    Wrong(MOMENTUM, "capital: 1000", "capital: 1000\r", _CAPITAL, "HIDDEN_CHARACTER", READER, LOST),
    Wrong(MOMENTUM, "  capital: 1000", "\tcapital: 1000", "", "TAB", PARSER),
    Wrong(
        MOMENTUM,
        "capital: 1000",
        "capital: 1000 # \u202e",
        _CAPITAL,
        "HIDDEN_CHARACTER",
        READER,
        LOST,
    ),
    label("US\u202e momentum", "HIDDEN_CHARACTER", READER, "it is allowed to be any text"),
    label("US\u200b momentum", "HIDDEN_CHARACTER", READER, "it is allowed to be any text"),
    label("US\ufe0f momentum", "HIDDEN_CHARACTER", READER, "it is allowed to be any text"),
    label("US\u00ad momentum", "HIDDEN_CHARACTER", READER, "it is allowed to be any text"),
    label('"US\\u202e momentum"', "HIDDEN_CHARACTER", READER, "it is allowed to be any text"),
    label("US\x07 momentum", "HIDDEN_CHARACTER", PARSER),
    label("US\x00 momentum", "HIDDEN_CHARACTER", PARSER),
    label("US\udcff momentum", "NOT_UTF8", PARSER),
    label("'US momentum", "MALFORMED_YAML", PARSER),
    Wrong(MOMENTUM, "US momentum", "[US", "spec.label[1]", "MALFORMED_YAML", PARSER),
    label("x" * 201, "INVALID_FIELD", SCHEMA),
    label("15", "INVALID_FIELD", SCHEMA),
    label("1.5", "INVALID_FIELD", SCHEMA),
    Wrong(
        MOMENTUM,
        "US momentum",
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        f"spec.label{'[0]' * (MAX_DEPTH - 2)}",
        "TOO_DEEP",
    ),
    Wrong(
        MOMENTUM,
        "US momentum",
        f"[{'1, ' * MAX_NODES}1]",
        f"spec.label[{MAX_NODES - 13}]",
        "TOO_MANY_NODES",
    ),
]

WHOLE = [
    # A file that holds no document, or more than one.
    Wrong(ARES, GOOD[ARES], "", "", "EMPTY_DOCUMENT"),
    Wrong(ARES, GOOD[ARES], "# nothing\n", "", "EMPTY_DOCUMENT"),
    Wrong(ARES, GOOD[ARES], "---\n", "", "NULL", below=1),
    Wrong(ARES, GOOD[ARES], "- apiVersion: vanta.dev/v1\n", "", "UNKNOWN_KIND"),
    Wrong(ARES, GOOD[ARES], "just text\n", "", "UNKNOWN_KIND"),
    Wrong(
        ARES, GOOD[ARES], f"{GOOD[ARES]}---\n{GOOD[ARES]}", "", "SEVERAL_DOCUMENTS", PARSER, below=7
    ),
]

ADA, GRACE, NODE = PEOPLE["ada"][0], PEOPLE["grace"][0], person("executor").key.openssh
TWO_NODES = f'[{{name: a, keys: ["{NODE}"]}}, {{name: a, keys: ["{NODE}"]}}]'


def people(old: str, new: str, field: str, code: str, below: int = 0) -> Wrong:
    return Wrong(AUTHORITY, old, new, field, code, READER, SUM, below)


GOVERNING = [
    # An authority that reads and makes no sense.
    people("name: grace", "name: ada", "spec.people[1].name", "DUPLICATE_PERSON"),
    people(GRACE, ADA, "spec.people[1].keys[0]", "SHARED_KEY"),
    people(f'"{ADA}"', f'"{ADA}", "{ADA}"', "spec.people[0].keys[1]", "DUPLICATE_KEY"),
    people("nodes: []", f"nodes: {TWO_NODES}", "spec.nodes[1].name", "DUPLICATE_NODE"),
    people("name: crypto", "name: risk", "spec.roles[3].name", "DUPLICATE_ROLE"),
    people("people: [olga]", "people: [zeus]", "spec.roles[2].people", "UNKNOWN_PERSON"),
    people("name: root", "name: roots", "spec.roles", "NO_ROOT", below=-1),
    people("quorum: 2", "quorum: 0", "spec.roles", "NO_ROOT", below=-1),
    people("quorum: 2", "quorum: 3", "spec.roles[0].quorum", "ROOT_LOCKOUT"),
    Wrong(
        AUTHORITY,
        "tighten: 1",
        "tighten: 0",
        "spec.roles[1].grants[0].tighten",
        "BAD_QUORUM",
        READER,
        "it is refused where the authority is put to use",
    ),
    Wrong(
        AUTHORITY,
        ADA,
        "ssh-ed25519 AAAA",
        "spec.people[0].keys[0]",
        "MALFORMED_KEY",
        READER,
        "a key is more than its spelling",
    ),
]

CORPUS = [*NUMBERS, *SWITCHES, *EXPIRY, *NAMES, *FIELDS, *FORM, *WHOLE, *GOVERNING]
