"""The page about the formats is true: every command on it is run, in a bundle, by a shell."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.audit.bundles import unpacked
from tests.audit.fund import Fund, rewrite
from vanta.alpha.tracker.events import TRACKER
from vanta.audit.export import formats_page
from vanta.executor import events
from vanta.governance import receipts
from vanta.markets import records

TOOLS = ("bash", "jq", "ssh-keygen", "openssl", "git", "basenc", "sha256sum")
needs_tools = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"
)


def commands() -> list[str]:
    """Every shell block of the page but the first, which unpacks the bundle."""
    return re.findall(r"```sh\n(.*?)```", formats_page().decode(), re.DOTALL)[1:]


def run(folder: Path, blocks: list[str], home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@needs_tools
def test_every_command_of_the_page_is_true(fund: Fund, tmp_path: Path) -> None:
    folder = unpacked(fund, tmp_path / "outside")
    done = run(folder, commands(), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'Good "vanta-intent" signature for markets' in done.stdout
    assert "Signature Verified Successfully" in done.stdout
    assert "G ada@fund.example: Introduce the fund's governance" in done.stdout
    assert "VERDICT: sound" in done.stdout


@needs_tools
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nodes/executor/memory/intents.jsonl", b'"side":"buy"', b'"side":"sel"'),
        ("nodes/executor/memory/trade_log.jsonl.checkpoints", b"/trade_log\n", b"/trade_lag\n"),
        ("nodes/executor/memory/vault.json", b'"capital"', b'"capitol"'),
        ("nodes/executor/etc/trust.json", b'"introduction":"', b'"introduction":"0'),
    ],
)
def test_the_commands_catch_a_change(
    fund: Fund, tmp_path: Path, name: str, old: bytes, new: bytes
) -> None:
    """Each by the command about it, before the manifest is asked."""
    folder = unpacked(fund, tmp_path / "outside")
    assert old in (folder / name).read_bytes()
    rewrite(folder / name, lambda data: data.replace(old, new, 1))
    assert run(folder, commands(), tmp_path).returncode != 0


def test_every_file_of_a_bundle_is_on_the_page(fund: Fund, tmp_path: Path) -> None:
    page = formats_page().decode()
    folder = unpacked(fund, tmp_path / "outside")
    for path in folder.rglob("*"):
        if path.is_file() and path.parent == folder and path.name != "README.txt":
            assert f"`{path.name}`" in page
    assert (folder / "formats.md").read_text() == page


def test_every_type_of_record_is_on_the_page() -> None:
    page = formats_page().decode()
    types = {*events.TRADE_LOG, *events.INTENTS, *TRACKER}
    types |= {receipts.EVALUATED, receipts.ADOPTED, receipts.REVERTED}
    types |= {receipts.INTRODUCED, receipts.HEAD_REFUSED}
    types |= {
        value
        for name, value in vars(records).items()
        if name.isupper() and isinstance(value, str) and "." in value
    }
    assert {kind for kind in types if f"`{kind}`" not in page} == set()
