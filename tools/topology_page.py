"""The reference of ports and names outside, and the picture of the topology, from `infra/topology`.

`tests/lab/test_ports.py` tries the same table on the running lab, and `tests/infra` on the graph of
each environment.
"""

import html
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from infra.topology import HTTPS, Flow, Party, domains_of, flows, outside


class Box(NamedTuple):
    """Where a party stands in the picture."""

    x: int
    y: int
    title: str
    does: str
    fill: str
    stroke: str


_WIDE, _HIGH = 220, 74
_BOXES: dict[Party | str, Box] = {
    "operators": Box(24, 24, "operators", "SSH, Ansible", "#fff", "#7a8699"),
    "jump": Box(24, 230, "jump", "the one way in", "#eef0f4", "#7a8699"),
    "alpha": Box(350, 230, "alpha", "policy, builds, records", "#fff4d6", "#c99700"),
    "markets": Box(690, 90, "markets", "harvest, reflect, promote", "#e6f1ff", "#3b7ddd"),
    "executor": Box(690, 370, "executor", "decide, route", "#e4f6ea", "#2f9e5b"),
    "database": Box(350, 420, "database", "Postgres", "#f3e9fb", "#8a4fbf"),
    "outside": Box(990, 230, "names outside", f"HTTPS {HTTPS}, as listed", "#fff", "#7a8699"),
}


def page() -> str:
    """The page."""
    lines = [
        "# Ports and names",
        "",
        "Generated from `infra/topology/` by `python tools/reference.py`. Security groups,",
        "nftables, the cloud's firewalls and each node's proxy are rendered from the same two",
        "files, and `make lab-test` tries every pair of machines. What is in no table is dropped.",
        "",
        "![Who reaches whom](../images/topology.svg)",
        "",
        "## Who reaches whom",
        "",
        "| flow | from | to | port | why |",
        "|---|---|---|---|---|",
        *(_row(flow) for flow in flows()),
        "",
        "## Names outside",
        "",
        f"By HTTPS on port {HTTPS}, and only through the node's own proxy. A name stands for",
        "itself alone.",
        "",
        "| name | nodes | why |",
        "|---|---|---|",
        *(f"| `{each.domain}` | {', '.join(each.nodes)} | {each.why} |" for each in outside()),
    ]
    return "\n".join(lines) + "\n"


def _row(flow: Flow) -> str:
    sources = ", ".join(flow.sources)
    return f"| {flow.name} | {sources} | {flow.to} | {flow.port}/{flow.protocol} | {flow.why} |"


def picture() -> str:
    """The picture: a box for each party, an arrow for who reaches whom, its ports beside it."""
    told = ". ".join(f"{each} to {to}: {ports}" for (each, to), ports in _arrows().items())
    arrows = [_arrow(_BOXES[each], _BOXES[to], ports) for (each, to), ports in _arrows().items()]
    inside = "".join([*arrows, *map(_box, _BOXES.values())])
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1234 540" font-family="system-ui, sans-serif"
 font-size="14" role="img" aria-labelledby="t d">
<title id="t">Who reaches whom on what port</title>
<desc id="d">{html.escape(told)}.</desc>
<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b6b80"/></marker></defs>
<rect width="1234" height="540" rx="14" fill="#f7f8fa"/>
<rect x="10" y="66" width="916" height="450" rx="12" fill="none" stroke="#b8c1cf"
 stroke-dasharray="6 5"/>
<text x="460" y="58" text-anchor="middle" fill="#5b6b80">private network</text>
{inside}
</svg>
"""


def _arrows() -> dict[tuple[str, str], str]:
    """For each pair, the ports: `6379 redis, 2049 nfs`."""
    ports: dict[tuple[str, str], list[str]] = defaultdict(list)
    for flow in flows():
        for source in flow.sources:
            ports[source, flow.to].append(f"{flow.port} {_word(flow)}")
    for node in ("markets", "executor"):
        ports[node, "outside"].append(f"{len(domains_of(node))} names")
    return {pair: ", ".join(sorted(told)) for pair, told in ports.items()}


def _word(flow: Flow) -> str:
    return "ssh" if flow.name.startswith("ssh-") else flow.name


def _box(box: Box) -> str:
    middle = box.x + _WIDE // 2
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDE}" height="{_HIGH}" rx="10" '
        f'fill="{box.fill}" stroke="{box.stroke}" stroke-width="2"/>'
        f'<text x="{middle}" y="{box.y + 31}" text-anchor="middle" font-weight="700" '
        f'fill="#1d2733">{box.title}</text>'
        f'<text x="{middle}" y="{box.y + 53}" text-anchor="middle" fill="#3d4a5c">{box.does}</text>'
    )


def _arrow(source: Box, to: Box, ports: str) -> str:
    (x1, y1), (x2, y2) = _edge(source, to), _edge(to, source)
    labels = list(_labels(ports, (x1 + x2) // 2, (y1 + y2) // 2))
    return (
        f'<path d="M{x1} {y1}L{x2} {y2}" fill="none" stroke="#5b6b80" stroke-width="2" '
        f'marker-end="url(#a)"/>' + "".join(labels)
    )


def _edge(box: Box, other: Box) -> tuple[int, int]:
    """Where a line towards another box leaves this one."""
    x, y = box.x + _WIDE / 2, box.y + _HIGH / 2
    dx, dy = other.x + _WIDE / 2 - x, other.y + _HIGH / 2 - y
    reach = min(
        _WIDE / 2 / abs(dx) if dx else float("inf"), _HIGH / 2 / abs(dy) if dy else float("inf")
    )
    return round(x + dx * reach), round(y + dy * reach)


def _labels(ports: str, x: int, y: int) -> Iterator[str]:
    words = ports.split(", ")
    for at, word in enumerate(words):
        line = y - 8 * (len(words) - 1) + 16 * at + 5
        yield (
            f'<text x="{x}" y="{line}" text-anchor="middle" fill="#1d2733" font-size="12" '
            f'stroke="#f7f8fa" stroke-width="4" paint-order="stroke">{html.escape(word)}</text>'
        )
