"""Writes what was measured last into the page of figures, between its two marks.

python -m benchmarks.figures [RESULTS.json]
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.table import markdown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "figures.md"
RESULTS = Path(__file__).parent / "results"
BEGIN = "<!-- `make figures` writes from here -->\n"
END = "<!-- to here -->\n"


def section(results: Mapping[str, Any]) -> str:
    """What stands between the marks."""
    on = results["machine"]
    where = f"{on['cpu']}, {on['cores']} cores, Python {on['python']}, Git {on['git']}"
    how = f"with `{on['command']}`, load before it {on['load_before']}"
    return f"Measured on {on['date'][:10]}, {where}, {how}.\n\n{markdown(results)}"


def written(page: str, results: Mapping[str, Any]) -> str:
    """The page with its section replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert rest, f"{PAGE} has lost its mark {BEGIN!r}"
    return f"{before}{BEGIN}{section(results)}{END}{after}"


def main() -> None:
    """Entry point."""
    given = [Path(each) for each in sys.argv[1:]] or sorted(RESULTS.glob("*.json"))
    results = json.loads(given[-1].read_text())
    PAGE.write_text(written(PAGE.read_text(), results))
    print(f"{PAGE} now says what {given[-1]} holds")


if __name__ == "__main__":
    main()
