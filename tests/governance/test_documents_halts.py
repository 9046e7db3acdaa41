"""What `vanta halt` writes is a document that every node reads, and that leads an editor on."""

from pathlib import Path

import jsonschema
import pytest

from tests.governance.office import HALT, Office, halted
from tests.governance.yaml12 import read_yaml12
from vanta.governance.documents.editor import editor_hint
from vanta.governance.documents.schema import schema


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Office(tmp_path)


@pytest.mark.parametrize(
    "reason",
    [
        "\u26a0\ufe0f stale",  # a warning sign as phones write it
        "stale\u034f\u200b\u2060 and \u202eturned",
        "x" * 400,
    ],
)
def test_a_reason_with_what_cannot_be_seen_still_halts(office: Office, reason: str) -> None:
    office.desk("grace").halt({**HALT, "reason": reason}, "origin", "main")
    assert halted(office.verdict())


def test_a_halt_leads_an_editor_to_its_schema_and_is_valid_under_it(office: Office) -> None:
    signed = office.desk("grace").halt(HALT, "origin", "main")
    shown = office.git("--git-dir", str(office.bare), "show", f"{signed.commit}:{signed.detail}")
    assert shown.startswith(editor_hint("Overlay", signed.detail))
    jsonschema.validate(read_yaml12(shown), schema("Overlay"))
    file = f"{signed.commit}:schemas/overlay.schema.json"
    assert office.git("--git-dir", str(office.bare), "cat-file", "-t", file) == "blob"
