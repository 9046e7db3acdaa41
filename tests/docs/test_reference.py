"""The reference is what the code says: generated, up to date, and its examples are documents."""

import re
import subprocess
import sys
from pathlib import Path

import jsonschema

from tests.governance.yaml12 import read_yaml12
from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.read import read_document
from vanta.governance.documents.schema import schema

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_the_generated_reference_is_up_to_date() -> None:
    pages = ("commands", "fields", "documents", "fences", "diagnostics", "ports", "policies")
    calls = ", ".join(f"r.{page}()" for page in pages)
    code = f"import tools.reference as r; print({calls}, sep='\\0')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name, text in zip(pages, done.stdout.removesuffix("\n").split("\0"), strict=True):
        assert (DOCS / "reference" / f"{name}.md").read_text() == text, (
            "run `python tools/reference.py`"
        )


def test_the_picture_of_the_topology_is_up_to_date() -> None:
    code = "import tools.reference as r; print(r.topology(), end='')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (DOCS / "images" / "topology.svg").read_text() == done.stdout


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
