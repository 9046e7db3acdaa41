"""Writes what was measured last into the page of figures, between its marks.

python -m benchmarks.figures [RESULTS.json]
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.table import BUILDS, DECISIONS, ROWS, SURVEILLANCE, TRACKER, Row, markdown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "figures.md"
RESULTS = Path(__file__).parent / "results"
TABLES: dict[str, tuple[Row, ...]] = {
    "builds": BUILDS,
    "decisions": DECISIONS,
    "governance": ROWS,
    "surveillance": SURVEILLANCE,
    "tracker": TRACKER,
}
BEGIN = "<!-- `make figures` writes {} from here -->\n"
END = "<!-- to here -->\n"


def section(results: Mapping[str, Any], of: tuple[Row, ...]) -> str:
    """What stands between the marks of a table."""
    on = results["machine"]
    where = f"{on['cpu']}, {on['cores']} cores, Python {on['python']}, Git {on['git']}"
    how = f"with `{on['command']}`, load before it {on['load_before']}"
    return f"Measured on {on['date'][:10]}, {where}, {how}.\n\n{markdown(results, of)}"


def written(page: str, results: Mapping[str, Any]) -> str:
    """The page with the section of every suite that was measured replaced."""
    for name, rows in TABLES.items():
        if name not in results:
            continue
        begin = BEGIN.format(name)
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(END)
        assert rest, f"{PAGE} has lost its mark {begin!r}"
        page = f"{before}{begin}{section(results, rows)}{END}{after}"
    return page


def main() -> None:
    """Entry point."""
    given = [Path(each) for each in sys.argv[1:]] or sorted(RESULTS.glob("*.json"))
    results = json.loads(given[-1].read_text())
    PAGE.write_text(written(PAGE.read_text(), results))
    print(f"{PAGE} now says what {given[-1]} holds")


if __name__ == "__main__":
    main()
