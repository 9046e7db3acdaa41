"""Every command the docs show is run, in the order a reader would type it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    "tutorial/first-day.md",
    "how-to/change-a-vault.md",
    "how-to/halt-and-resume.md",
    "how-to/answer-an-auditor.md",
]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as typed, in a shell that stops at the first failure."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**kept, "PATH": path, "GIT_CONFIG_GLOBAL": "/dev/null", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_reader_can_type_the_tutorial_and_every_how_to(tmp_path: Path) -> None:
    for page in PAGES:
        for block in _BLOCK.findall((DOCS / page).read_text()):
            done = run(block, tmp_path)
            assert done.returncode == 0, f"{page}\n{block}\n{done.stdout}\n{done.stderr}"


def test_no_page_shows_commands_that_nothing_runs() -> None:
    showing = {
        str(page.relative_to(DOCS))
        for page in DOCS.rglob("*.md")
        if _BLOCK.search(page.read_text())
    }
    # The blocks of the formats page are run on a bundle, by `tests/audit/test_formats.py`.
    assert showing == {*PAGES, "reference/formats.md"}


def test_the_two_commands_of_the_readme_are_what_ci_runs() -> None:
    (block,) = _BLOCK.findall((ROOT / "README.md").read_text())
    commands = [line.split("#")[0].strip() for line in block.splitlines()]
    ci = (ROOT / ".ci" / "run").read_text()
    assert commands == ["make demo", "make test"]
    assert all(re.search(rf"^{command}\b", ci, re.MULTILINE) for command in commands)


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_generated_reference_is_up_to_date() -> None:
    code = "import tools.reference as r; print(r.commands(), end='\\0'); print(r.fields(), end='')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name, text in zip(("commands.md", "fields.md"), done.stdout.split("\0"), strict=True):
        assert (DOCS / "reference" / name).read_text() == text, "run `python tools/reference.py`"
