"""Fail unless the modules that judge are run through, every branch of them, by their own tests.

Which modules and which tests: `[tool.vanta.coverage]` in pyproject.toml. Hypothesis tries the same
examples in every run, so that a branch is not covered by luck.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKERS = os.environ.get("WORKERS", "auto")


def main() -> int:
    """Run the tests under coverage and hold the declared modules to 100 % of their branches."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vanta"]["coverage"]
    modules, tests = _files(declared["complete"]), _files(declared["tests"])
    env = os.environ | {"CI": "1"}
    run = [sys.executable, "-m", "pytest", "-q", "-n", WORKERS, "--dist", "worksteal"]
    run += ["-m", "not slow", "--cov=vanta", "--cov-branch", "--cov-report=", *tests]
    ran = subprocess.run(run, cwd=ROOT, env=env, check=False)
    if ran.returncode:
        return ran.returncode
    report = [sys.executable, "-m", "coverage", "report", "--show-missing", "--skip-covered"]
    report += [f"--include={','.join(modules)}", "--fail-under=100"]
    return subprocess.run(report, cwd=ROOT, env=env, check=False).returncode


def _files(patterns: list[str]) -> list[str]:
    """What the patterns name; one that names nothing would hide a module that was renamed."""
    found: list[str] = []
    for pattern in patterns:
        paths = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))
        if not paths:
            sys.exit(f"pyproject.toml: [tool.vanta.coverage] names {pattern}, which is not there")
        found += paths
    return found


if __name__ == "__main__":
    sys.exit(main())
