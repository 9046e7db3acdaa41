"""A page that lies is found out: what `tests.docs.pages` tells apart, and what it lets differ."""

from pathlib import Path

import pytest

from tests.docs.pages import Block, Names, Ran, blocks, lie, run

ONE, TWO = "0123456789ab", "ba9876543210"
OTHER = "fedcba987654"


def said(shown: str, printed: str, *, code: int = 0, names: Names | None = None) -> str:
    return lie(Block("", shown, 1), Ran(printed, code, early=False), names or Names())


def test_what_is_shown_is_what_is_printed() -> None:
    assert said("applied\n", "applied") == ""
    assert "prints 'refused'" in said("applied\n", "refused")
    assert "not printed" in said("applied\ndone\n", "applied")
    assert "not shown" in said("applied\n", "applied\nand more")
    assert said("\n", "") == ""


def test_dots_stand_for_any_lines_and_for_the_rest_of_one() -> None:
    assert said("one\n...\nfour\n", "one\ntwo\nthree\nfour") == ""
    assert said("...\nfour\n...\n", "four") == ""
    assert said("one\n...\n", "two\none") != ""
    assert said("...\nplan\nyes\n", "plan\nno\nplan\nyes") == ""
    assert said("...\nplan\nyes\n...\n", "plan\nno\nplan\nyes\nend") == ""
    assert said("...\nplan\nyes\n", "plan\nyes\nend") != ""
    assert said("refused MALFORMED_YAML ...\n", "refused MALFORMED_YAML: a.yaml:3: oh") == ""
    assert said("refused MALFORMED_YAML ...\n", "refused UNSIGNED") != ""


def test_ids_may_differ_and_stay_who_they_are() -> None:
    both = f"{ONE} then {TWO}\n"
    assert said(both, f"{OTHER} then {ONE}") == ""
    assert said(both, f"{OTHER} then {OTHER}") != ""
    assert said(f"{ONE} then {ONE}\n", f"{OTHER} then {TWO}") != ""
    names = Names()
    assert said(f"{ONE}\n", OTHER, names=names) == ""
    assert said(f"{ONE}\n", TWO, names=names) != ""
    assert said(f"{ONE}{'0' * 28}\n", f"{OTHER}{'1' * 28}", names=names) == ""


def test_times_may_differ_and_words_may_not() -> None:
    then, now = "2026-11-25T20:00:00Z", "2027-01-01T00:00:00.5Z"
    assert said(f"{then} serial 2, after 12.5 ms\n", f"{now} serial 3, after 900 ms") == ""
    assert said(f"{then}\n", "yesterday") != ""
    assert said("2 of risk\n", "3 of risk") != ""


def test_how_a_command_ends_is_shown() -> None:
    assert said("missing\n[exit 3]\n", "missing", code=3) == ""
    assert said("missing\n", "missing", code=3) == "it ended with 3"
    assert said("missing\n[exit 3]\n", "missing") == "it ended with 0"
    assert lie(Block("", None, 1), Ran("", 1, early=False), Names()) == "it ended with 1"
    assert lie(Block("", None, 1), Ran("", 0, early=True), Names()) != ""


def test_blocks_are_typed_in_one_shell(tmp_path: Path) -> None:
    folder = tmp_path / "fund"
    folder.mkdir()
    ran = run(["name=ada\ncd .\n", 'echo "$name in $PWD"; echo oh >&2\n', "false\n"], folder)
    assert [(each.output, each.code, each.early) for each in ran] == [
        ("", 0, False),
        ("ada in /home/you/fund\noh", 0, False),
        ("", 1, False),
    ]


@pytest.mark.parametrize("text", ["false\ntrue\n", "false\nfalse\n", "grep -q x /dev/null\ntrue\n"])
def test_a_command_that_fails_on_the_way_is_seen(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "fund"
    folder.mkdir()
    assert run([text], folder)[0].early


def test_a_text_block_belongs_to_the_commands_straight_above_it() -> None:
    page = (
        "```sh\nls\n```\n\n```text\na\n```\n\nWords.\n\n"
        "```sh\ncd\n```\n\nWords.\n\n```text\nb\n```\n"
    )
    assert [(each.commands, each.shown, each.line) for each in blocks(page)] == [
        ("ls\n", "a\n", 1),
        ("cd\n", None, 11),
    ]
