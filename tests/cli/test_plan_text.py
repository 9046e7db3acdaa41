"""A plan told: what a person reads, and that nobody's text becomes markup of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from vanta.cli.plan_text import MOST_LETTERS, plan_markdown, plan_text
from vanta.governance.plan import (
    Approval,
    Ask,
    Example,
    Halt,
    Line,
    Moved,
    Plan,
    ReasonReplay,
    Replay,
    Silent,
    VaultReplay,
)

OID = "0123456789abcdef" * 2 + "01234567"
HOSTILE = [
    "`code`",
    "``` fence",
    "@grace please approve",
    "see [this](https://evil.example) <https://evil.example> https://evil.example",
    "![x](https://evil.example/track.png)",
    "<img src=x onerror=alert(1)><script>",
    "a | b | c",
    "\\| \\` \\",
    "line\nbreak\r\n\n# heading\n- item",
    "| a | b |\n|---|---|",
    "</details>\n<!-- -->",
    "#1 !1 owner/repo#1",
    "$(id) ${{ secrets.TOKEN }} /approve /merge",
    "\u202egnp.exe\u200b",
    "",
    "`" * 40 + "|" * 10,
    ":skull: **bold** _it_ ~~x~~",
]


NONE = Moved(0, "0")


def replay(text: str) -> Replay:
    """A replay with this text wherever a name or a sentence can come to stand."""
    vault = VaultReplay(text, 7, 1, 0, 0, 0, 0, before="9", after="8")
    return Replay(
        since="2026-11-19T00:00:00Z", until="2026-11-26T00:00:00Z", decisions=7, policies=2,
        same=6, denied=Moved(1, "1"), allowed=NONE, smaller=NONE, larger=NONE, repriced=NONE,
        otherwise_built=1, earlier_fences=1, vaults=(vault, vault),
        reasons=(ReasonReplay(text, 1, "1", 0, "0"),),
        worst=(Example(text, "2026-11-20T00:00:00Z", text, text, "buy", "denied", "1", "0", text),),
    )  # fmt: skip


def plan(text: str = "x", **more: object) -> Plan:
    """A plan with this text wherever somebody else's text can come to stand."""
    fields: dict[str, object] = {
        "environment": "prod", "head": OID, "exit": 3, "only_tightens": False,
        "verdict": "tightened", "reason": "QUORUM_MISSING", "message": text,
        "changes": (Line(text, text, text, "loosens", text),),
        "needs": (Ask("loosen", text, text, 2, (text,), (text,), met=False, fields=(text,)),),
        "approvals": (
            Approval(OID, text, text, counts=True, why=""),
            Approval(OID, text, text, counts=False, why=text),
        ),
        "silent": (Silent(OID, "UNSIGNED", "it is not signed"),),
        "meanwhile": (Line(text, text, text, "tightens", text),),
        "lane": (Halt(OID, text, text),),
        "notes": (text,),
        "replay": replay(text),
        **more,
    }  # fmt: skip
    return Plan(**fields)  # type: ignore[arg-type]


def tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [inner for token in parsed for inner in (token, *(token.children or ()))]


def shape(text: str, exit_code: int) -> list[str]:
    """The structure a comment has, without its words."""
    made = plan_markdown(plan(text, exit=exit_code))
    return [token.type for token in tokens(made)]


@pytest.mark.parametrize("exit_code", [0, 1, 3])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_never_obeyed(text: str, exit_code: int) -> None:
    """No link, image, mention, heading, row or HTML but our own: the shape is that of any plan."""
    assert shape(text, exit_code) == shape("x", exit_code)


@given(st.text(st.sampled_from("`|\\@<>[]()!#*_~-\n\r\t &;x\u202e"), max_size=60))
def test_no_text_changes_the_shape_of_a_comment(text: str) -> None:
    assert shape(text, 3) == shape("x", 3)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_stands_in_code_alone(text: str) -> None:
    """There a forge makes no mention, no reference and no link of it."""
    words = plan_markdown(plan("x"))
    ours = {t.content for t in tokens(words) if t.type == "text"}
    found = {t.content for t in tokens(plan_markdown(plan(text))) if t.type == "text"}
    assert found == ours
    assert not any("@" in each for each in found)


def test_what_was_written_can_still_be_read() -> None:
    text = "vaults.x.label: a | b ` c"
    spans = [t.content for t in tokens(plan_markdown(plan(text))) if t.type == "code_inline"]
    assert text in {span.strip() for span in spans}


@pytest.mark.parametrize("many", [1, 60, 1000])
def test_a_comment_stays_within_what_forges_take_and_shows_the_worst(many: int) -> None:
    mild = tuple(Line("f", "a", "b", "tightens", "s" * 5000) for _ in range(many))
    worst = Line("f", "a", "b", "loosens", "the one that loosens")
    made = plan_markdown(plan(changes=(*mild, worst), meanwhile=mild, notes=("n" * 9000,) * many))
    assert len(made) < MOST_LETTERS
    assert "the one that loosens" in made
    assert ("more changes" in made) == (many > 1)


def test_a_terminal_gets_no_control_characters() -> None:
    for text in (*HOSTILE, "\x1b[2J\x07 gone"):
        made = plan_text(plan(text))
        assert all(letter.isprintable() for line in made.split("\n") for letter in line)
        assert all(line.startswith("  ") for line in made.split("\n")[1:-1])
        alone = plan_text(plan(text, replay=None))
        assert len(alone.split("\n")) == len(plan_text(plan("x", replay=None)).split("\n"))


def test_a_plan_reads_like_this() -> None:
    text = plan_text(
        plan(
            head=OID,
            base="f" * 40,
            changes=(
                Line("v.m.capital", "1", "2", "loosens", "vaults.m.capital: 1 -> 2"),
                Line("v.c.capital", "2", "1", "tightens", "vaults.c.capital: 2 -> 1"),
            ),
            needs=(
                Ask("loosen", "m", "risk", 2, ("ada",), ("alan", "grace"), met=False, fields=()),
            ),
            approvals=(
                Approval(OID, "ada", "2026-11-28T20:00:00Z", counts=True, why=""),
                Approval("e" * 40, "bob", "", counts=False, why="it names another tree"),
            ),
            meanwhile=(Line("v.c.capital", "2", "1", "tightens", "vaults.c.capital: 2 -> 1"),),
            lane=(),
            notes=("the branch moved",),
            replay=None,
        )
    )
    assert text == (
        "plan for prod at 0123456789ab, merged into ffffffffffff\n"
        "  LOOSENS    vaults.m.capital: 1 -> 2\n"
        "  tightens   vaults.c.capital: 2 -> 1\n"
        "  needs loosen m: 2 of risk; signed by ada; 1 more of alan, grace\n"
        "  approved by ada until 2026-11-28T20:00:00Z in 0123456789ab\n"
        "  bob's approval in eeeeeeeeeeee does not count: it names another tree\n"
        "  0123456789ab speaks for nobody: it is not signed\n"
        "  in force already: vaults.c.capital: 2 -> 1\n"
        "  note: the branch moved\n"
        "Approvals are missing."
    )


@pytest.mark.parametrize(
    ("more", "ends"),
    [
        ({"exit": 0}, "This may be applied."),
        ({"exit": 1}, "This can never be applied as it stands."),
        ({"exit": 3, "only_tightens": True}, "Approvals are missing. It only tightens."),
        ({"exit": 0, "only_tightens": True, "changes": ()}, "This may be applied."),
    ],
)
def test_a_plan_ends_with_what_becomes_of_it(more: dict[str, object], ends: str) -> None:
    assert plan_text(plan("x", **more)).endswith(f"\n{ends}")
    assert f"**{ends}**" in plan_markdown(plan("x", **more))


def test_a_comment_says_that_the_button_of_the_forge_does_not_count() -> None:
    assert "Approve button does not count" in plan_markdown(plan(exit=3))
    assert "Approve button" not in plan_markdown(plan(exit=0))


def test_a_tightening_that_one_signature_makes_needs_no_approval() -> None:
    """It is not said that somebody is missing above the line that it may be applied."""
    need = Ask("tighten", "momentum", "risk", 1, (), ("ada", "grace"), met=False, fields=())
    text = plan_text(plan(exit=0, needs=(need,)))
    assert "1 more" not in text
    assert "needs no approval to tighten momentum: whoever may do it alone signed it" in text
    assert "1 more of ada, grace" in plan_text(plan(needs=(need,)))
