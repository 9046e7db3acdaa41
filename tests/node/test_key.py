"""The node's key is taken from where this process may have it."""

from pathlib import Path

import pytest

from vanta.domain.errors import UnavailableError
from vanta.governance.keys import generate_key, public_key_of
from vanta.node.key import CREDENTIAL, load_node_key
from vanta.node.layout import Layout


def test_a_folder_of_ones_own_has_its_key_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    layout = Layout(tmp_path)
    layout.key.parent.mkdir(parents=True)
    made = generate_key(layout.key, "executor")
    assert public_key_of(load_node_key(layout)) == made


def test_a_unit_has_it_from_systemd_and_needs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    made = generate_key(given / CREDENTIAL, "executor")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert public_key_of(load_node_key(Layout(tmp_path / "node"))) == made


def test_a_unit_that_was_given_other_credentials_only_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(UnavailableError) as missing:
        load_node_key(Layout(tmp_path / "node"))
    assert missing.value.code == "KEY_MISSING"
