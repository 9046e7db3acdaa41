"""No line of what is thrown at governance is without its tests, and no test is named in vain."""

import ast
from pathlib import Path

import pytest

from tests.attacks.lines import LINES, PAGE

EVERY = [(kind, line) for kind, lines in LINES.items() for line in lines]
MARKS_THAT_HIDE = frozenset({"skip", "skipif"})


def functions(file: str) -> dict[str, ast.FunctionDef]:
    """The test functions of a file of this folder, without `test_`."""
    source = (Path(__file__).parent / f"test_{file}.py").read_text()
    return {
        node.name.removeprefix("test_"): node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("kind", PAGE)
def test_the_lines_are_the_whole_of_the_page(kind: str) -> None:
    assert " ".join(LINES[kind]) == PAGE[kind]
    assert LINES.keys() == PAGE.keys()


@pytest.mark.parametrize(("kind", "line"), EVERY, ids=[line for _, line in EVERY])
def test_a_line_has_tests_that_exist_and_run(kind: str, line: str) -> None:
    named = LINES[kind][line]
    assert named
    assert len(set(named)) == len(named)
    for each in named:
        file, _, function = each.partition("::")
        found = functions(file)
        assert function in found, f"test_{file}.py has no test_{function}"
        marks = {
            node.attr
            for decorator in found[function].decorator_list
            for node in ast.walk(decorator)
            if isinstance(node, ast.Attribute)
        }
        assert not marks & MARKS_THAT_HIDE, each
        asserts = any(isinstance(node, ast.Assert) for node in ast.walk(found[function]))
        checks = any(
            isinstance(node, ast.Call) and getattr(node.func, "id", "").startswith("check_")
            for node in ast.walk(found[function])
        )
        assert asserts or checks, f"{each} asserts nothing"


@pytest.mark.parametrize("kind", PAGE)
def test_a_class_has_a_file_of_its_own(kind: str) -> None:
    own = kind.lower().replace(" ", "_")
    named = {each for line in LINES[kind].values() for each in line}
    assert any(each.startswith(f"{own}::") for each in named)
