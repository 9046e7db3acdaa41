"""Every command the docs show is run, in the order a reader would type it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.governance.yaml12 import read_yaml12
from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.read import read_document
from vanta.governance.documents.schema import schema

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    "tutorial/first-day.md",
    "how-to/change-a-vault.md",
    "how-to/halt-and-resume.md",
    "how-to/manage-keys.md",
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


@pytest.mark.timeout(600)
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
    code = "import tools.reference as r; print(r.commands(), r.fields(), r.documents(), sep='\\0')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pages = ("commands.md", "fields.md", "documents.md")
    for name, text in zip(pages, done.stdout.removesuffix("\n").split("\0"), strict=True):
        assert (DOCS / "reference" / name).read_text() == text, "run `python tools/reference.py`"


def test_every_document_the_reference_shows_is_one() -> None:
    text = (DOCS / "reference" / "documents.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    kinds = [read_document(block.encode(), file="documents.md").kind for block in blocks]
    assert kinds == list(KINDS)
    for kind, block in zip(kinds, blocks, strict=True):
        assert f"## {kind}\n" in text
        jsonschema.validate(read_yaml12(block), schema(kind))


def test_the_reference_has_every_field_of_every_kind() -> None:
    text = (DOCS / "reference" / "documents.md").read_text()
    for kind in KINDS:
        (section,) = re.findall(rf"^## {kind}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        known = {
            name
            for part in [schema(kind), *schema(kind)["$defs"].values()]
            for name in part.get("properties", {})
            # A table's own row stands for it.
            if part.get("additionalProperties") is False
        }
        rows = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
        assert {row.rpartition(".")[2] for row in rows} == known
