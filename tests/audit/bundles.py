"""Bundles to test with: unpacked, checked by the script in them, and changed by a forger."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.audit.fund import Fund
from vanta.audit.export import ExportReport, export


def exported(fund: Fund, out: Path) -> ExportReport:
    return export(fund.layouts, out)


def unpacked(fund: Fund, folder: Path) -> Path:
    """Export a fund and unpack the bundle, as an outsider would."""
    folder.mkdir(exist_ok=True)
    exported(fund, folder / "handover.tar.gz")
    subprocess.run(["tar", "-xzf", "handover.tar.gz"], cwd=folder, check=True)
    return folder / "vanta-audit"


def checked(
    folder: Path, *arguments: str, ssh_keygen: bool = True
) -> "subprocess.CompletedProcess[str]":
    """What the script in a bundle says of it, with nothing of ours to import."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify_bundle.py"), *arguments],
        cwd="/",
        env={"PATH": os.environ["PATH"] if ssh_keygen else "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def manifest_again(folder: Path) -> None:
    """Make the manifest fit what is there, as a forger does who has the whole bundle."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for name in list(manifest["files"]):
        if (folder / name).exists():
            data = (folder / name).read_bytes()
            manifest["files"][name] = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
            }
        else:
            del manifest["files"][name]
    path.write_text(json.dumps(manifest))


def manifest_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "manifest.json").read_bytes())
    return found
