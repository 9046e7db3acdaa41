"""Every command the docs show is run, in the order a reader types it, and prints what they say."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.warm import warm
from tests.docs.pages import DOCS, INSTALLED, STARTS, Names, blocks, lie, prepare, run

ROOT = DOCS.parent
LONG = {"how-to/promote-a-build.md"}
"""They make builds, and wait for gates."""


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pages run: in one folder, one after the other, because a fund remembers its place."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def started_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a `vanta` is that need not import anything."""
    with warm(tmp_path_factory.mktemp("warm") / "bin") as folder:
        yield folder


def tour(page: str) -> list[str]:
    """A page and the one that goes on from its end, where that takes long to make again."""
    return [page, *(each for each in STARTS if STARTS[each] == page == "tutorial/first-day.md")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(each, marks=[pytest.mark.slow] * (each in LONG))
        for each in STARTS
        if STARTS[each] != "tutorial/first-day.md"
    ],
)
def test_a_reader_can_type_a_page_and_sees_what_it_shows(
    page: str, desk: Path, started_once: Path
) -> None:
    folder = desk / "fund"
    shutil.rmtree(folder, ignore_errors=True)
    # One is typed with the command that is installed, as its reader does.
    vanta = INSTALLED if page == "tutorial/practice-fund.md" else started_once
    prepare(page, folder, vanta)
    for each in tour(page):
        found = blocks((DOCS / each).read_text())
        names = Names()
        finds = vanta if each == page else started_once
        typed = run([block.commands for block in found], folder, finds)
        for block, ran in zip(found, typed, strict=True):
            said = lie(block, ran, names)
            assert not said, f"docs/{each}:{block.line}: {said}\n{block.commands}\n{ran.output}"


def test_no_page_shows_commands_that_nothing_runs() -> None:
    showing = {
        str(page.relative_to(DOCS))
        for page in DOCS.rglob("*.md")
        if re.search(r"^ *```sh$", page.read_text(), re.MULTILINE)
    }
    # These are run on a bundle by `tests/audit/test_formats.py`, and on a release by
    # `tests/builds/test_release_folder.py`.
    assert showing == {*STARTS, "reference/formats.md", "reference/builds.md"}


def test_no_page_shows_output_that_nothing_compares() -> None:
    for page in DOCS.rglob("*.md"):
        text = page.read_text()
        compared = sum(block.shown is not None for block in blocks(text))
        assert len(re.findall(r"^ *```text$", text, re.MULTILINE)) == compared, page


def test_a_page_says_where_it_starts() -> None:
    for page, start in STARTS.items():
        if start and start != "tutorial/first-day.md":
            assert f"({'../' * page.count('/')}{start})" in (DOCS / page).read_text().replace(
                "(practice-fund.md)", "(../tutorial/practice-fund.md)"
            ), page


def test_the_two_commands_of_the_readme_are_what_ci_runs() -> None:
    (block,) = blocks((ROOT / "README.md").read_text())
    commands = [line.split("#")[0].strip() for line in block.commands.splitlines()]
    ci = (ROOT / ".ci" / "run").read_text()
    assert commands == ["make demo", "make test"]
    assert all(re.search(rf"^{command}\b", ci, re.MULTILINE) for command in commands)


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_index_leads_to_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    for page in DOCS.rglob("*.md"):
        name = str(page.relative_to(DOCS))
        if name != "README.md" and not name.startswith("decisions/"):
            assert f"({name})" in index, name
