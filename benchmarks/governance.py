"""Commits verified a second, beside `git log --format=%G?` on the same repository."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.governance.simulator import RepositorySimulator
from vanta.governance.repository import Repository
from vanta.governance.sshsig import parse_armor, verify

COMMITS = 1_000


def run() -> dict[str, Any]:
    """Read, parse and check the signature of every commit of a linear history."""
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as folder:
        sim = RepositorySimulator(Path(folder))
        ada = sim.person("ada")
        oid = ""
        for number in range(COMMITS):
            oid = sim.commit({"a.yaml": str(number)}, signer=ada, message=f"Change {number}")
        signers = sim.allowed_signers()
        began = time.perf_counter()
        with Repository(sim.path) as repository:
            seen = 0
            while oid:
                commit = repository.commit(oid)
                assert commit.signature is not None
                assert commit.signed_payload is not None
                verify(parse_armor(commit.signature), commit.signed_payload, "git")
                seen += 1
                oid = commit.parents[0] if commit.parents else ""
        ours = time.perf_counter() - began
        assert seen == COMMITS
        command = ["git", "-C", str(sim.path), "-c", f"gpg.ssh.allowedSignersFile={signers}"]
        began = time.perf_counter()
        said = subprocess.run(
            [*command, "log", "--format=%G?"], capture_output=True, text=True, check=True
        ).stdout.split()
        git = time.perf_counter() - began
        assert said == ["G"] * COMMITS
    return {
        "commits": COMMITS,
        "vanta_commits_per_s": round(COMMITS / ours),
        "git_log_commits_per_s": round(COMMITS / git),
    }
