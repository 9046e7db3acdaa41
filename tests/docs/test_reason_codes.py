"""The table of reason codes holds what the code can say, all of it and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "reason-codes.md"
_CODE = re.compile(r"[A-Z][A-Z0-9_]+[A-Z0-9]\Z")
_ROW = re.compile(r"^\| (`[^|]*`) \|", re.MULTILINE)

NO_CODES = frozenset(
    {
        "AAPL",
        "ADOPTED",
        "AUTHOR",
        "COMMITTER",
        "EMAIL",
        "FETCH_HEAD",
        "HEAD",
        "HOME",
        "LC_ALL",
        "NAME",
        "NOTIFY_SOCKET",
        "PATH",
        "SUDO_USER",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "XDG_CONFIG_HOME",
        "",
    }
)
"""Words in capitals that are something else: Git's, the system's, a ticker in an example."""

BUILT = frozenset({"BAD_FLIP", "BAD_BOOST"})
"""Codes that are put together: `BAD_` and what two of were found."""


def sources() -> Iterator[Path]:
    """Where governance gives its reasons: its own modules, and the commands people type."""
    yield from (ROOT / "vanta" / "governance").rglob("*.py")
    for name in ("governance*", "halt*", "controller*", "trust_file*", "span*"):
        yield from (ROOT / "vanta" / "cli").glob(f"{name}.py")


def codes() -> dict[str, str]:
    """Every code in the sources, and one place where it stands."""
    found: dict[str, str] = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            ours = node.value.startswith(("GIT_FAILED", "GIT_MISSING", "GIT_STALLED"))
            variable = node.value.startswith(("GIT_", "VANTA_")) and not ours
            if _CODE.match(node.value) and not variable and node.value not in NO_CODES:
                found[node.value] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def test_every_code_has_a_row_and_every_row_a_code() -> None:
    listed = {
        code for row in _ROW.findall(PAGE.read_text()) for code in re.findall(r"`(.*?)`", row)
    }
    known = codes()
    missing = {code: known[code] for code in sorted(known.keys() - listed)}
    assert not missing, "add a row to docs/reference/reason-codes.md"
    assert sorted(listed - known.keys() - BUILT) == []


def test_a_code_has_one_row() -> None:
    listed = [
        code for row in _ROW.findall(PAGE.read_text()) for code in re.findall(r"`(.*?)`", row)
    ]
    assert len(listed) == len(set(listed))


def test_a_row_says_what_it_means_and_what_to_do() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    for row in rows:
        _, code, meaning, remedy, _ = re.split(r"(?<!\\)\|", row)
        assert code.strip(), row
        assert meaning.strip(), row
        assert remedy.strip(), row
