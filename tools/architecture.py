"""Draws who reaches whom in `prod` from its recorded graph: `python -m tools.architecture`."""

import sys
from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

from tests.infra.reach import Network
from tests.infra.recording import recorded

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "infrastructure.svg"

_PLACES = {
    "operators": (40, 190, "people"),
    "jump": (250, 190, "jump host"),
    "markets": (480, 60, "Markets"),
    "executor": (480, 320, "Executor"),
    "alpha": (720, 190, "Alpha"),
    "database": (950, 190, "Postgres"),
}
_WIDTH, _HEIGHT = 150, 56


def draw() -> str:
    """The picture."""
    network = Network(recorded("prod"))
    ports: dict[tuple[str, str], list[int]] = defaultdict(list)
    for reach in sorted(network.inside()):
        if reach.to != "endpoint":
            ports[reach.source, reach.to].append(reach.port)
    lines = [_arrow(source, to, found) for (source, to), found in sorted(ports.items())]
    beneath = {
        node: f"{len(network.names_of(node))} names outside"
        for node in ("alpha", "executor", "jump", "markets")
    } | {"operators": "from the stack's ranges", "database": "managed"}
    boxes = [_box(name, small) for name, small in sorted(beneath.items())]
    style = (
        "text{font:13px sans-serif;fill:#1b2733}.small{font-size:11px;fill:#52606d}"
        ".box{fill:#f4f7fa;stroke:#3b5166}.flow{stroke:#3b5166;fill:none;marker-end:url(#to)}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9fb0c0}"
        ".box{fill:#16202a;stroke:#8aa4bd}.flow{stroke:#8aa4bd}}"
    )
    marker = (
        '<marker id="to" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#3b5166"/></marker>'
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1140 420" role="img">'
        "<title>Who reaches whom, on what port, in prod</title>"
        f"<style>{style}</style><defs>{marker}</defs>\n"
        + "\n".join([*lines, *boxes])
        + "\n</svg>\n"
    )


def _box(name: str, small: str) -> str:
    x, y, title = _PLACES[name]
    return (
        f'<g><rect class="box" x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 22}">{escape(title)}</text>'
        f'<text class="small" x="{x + 10}" y="{y + 42}">{escape(small)}</text></g>'
    )


def _arrow(source: str, to: str, found: list[int]) -> str:
    x1, y1 = _PLACES[source][:2]
    x2, y2 = _PLACES[to][:2]
    start, end = (x1 + _WIDTH, x2) if x1 < x2 else (x1, x2 + _WIDTH)
    top, bottom = y1 + _HEIGHT // 2, y2 + _HEIGHT // 2
    # Above and below the machine between them, what goes past it would go through it.
    bend = 120 if source == "jump" and to == "alpha" else 0
    x, y = (start + end) // 2, (top + bottom) // 2 + bend // 2
    return (
        f'<path class="flow" d="M{start},{top} Q{x},{y + bend // 2} {end},{bottom}"/>'
        f'<text class="small" x="{x - 20}" y="{y - 6}">'
        f"{', '.join(map(str, found))}</text>"
    )


if __name__ == "__main__":
    PICTURE.write_text(draw())
    sys.exit(0)
