"""Which journals and views a node's folders hold, and in which order to read them.

A record is always written after what it refers to. Reading therefore goes the other way, from
orders to signals to policy: whatever a record that was read refers to, is there to be read.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.journal.segment import checkpoints_path, closed_numbers
from vanta.node.config import read_config
from vanta.node.layout import Layout

GOVERNANCE = "governance"
READING_ORDER = (
    "mirror",
    "trade_log",
    "intents",
    "promotion",
    "reflection",
    "harvest",
    "tracker",
    GOVERNANCE,
)
"""The journals there are, each before those it refers to."""

_JOURNAL = ".jsonl"
_CHECKPOINTS = checkpoints_path(Path(_JOURNAL)).name


class Node(NamedTuple):
    """A node as the audit names it."""

    name: str
    """What its key is registered under, where its configuration says so; else its folder."""
    role: str
    """`alpha`, `markets`, `executor`, or empty when it has no configuration."""
    layout: Layout


def nodes(layouts: Iterable[Layout]) -> list[Node]:
    """Name each of the nodes.

    Raises:
        RefusedError: `NODE_TWICE`: two of them have one name.
        UnavailableError: `NO_NODE`: a folder without `memory`.
        MalformedError: a node's configuration cannot be read.
    """
    found: list[Node] = []
    for layout in layouts:
        if not layout.memory.is_dir():
            raise UnavailableError(
                "no node is here",
                code="NO_NODE",
                place=str(layout.root),
                remedy="name the folder that holds memory/",
            )
        name, role = layout.root.resolve().name, ""
        if layout.config.exists():
            config = read_config(layout.config)
            name, role = config.node, config.role
        if twin := next((node for node in found if node.name == name), None):
            raise RefusedError(
                f"{layout.root} and {twin.layout.root} are both called {name}",
                code="NODE_TWICE",
                place=str(layout.root),
                remedy="name each node once",
            )
        found.append(Node(name, role, layout))
    return found


def journals(layout: Layout) -> list[str]:
    """Names of the journals in a node's memory, in reading order.

    A journal counts as there when anything of it is: its live file, a closed one, or a checkpoint.
    """
    names: set[str] = set()
    for path in layout.memory.iterdir():
        stem = path.name.removesuffix(_CHECKPOINTS).removesuffix(_JOURNAL)
        if stem != path.name:
            head, _, number = stem.rpartition(".")
            names.add(head if head and number.isdigit() else stem)
    return sorted(names, key=rank)


def rank(journal: str) -> tuple[int, str]:
    """Where a journal comes in the reading order; those not in it come before governance."""
    known = journal in READING_ORDER
    place = READING_ORDER.index(journal) if known else READING_ORDER.index(GOVERNANCE)
    return 2 * place - (not known), journal


def in_reading_order(found: Sequence[Node]) -> list[tuple[Node, str]]:
    """Every journal of several nodes, each before those it refers to."""
    pairs = [(node, journal) for node in found for journal in journals(node.layout)]
    return sorted(pairs, key=lambda pair: (rank(pair[1]), pair[0].name))


def files(layout: Layout, journal: str) -> list[Path]:
    """The files of a journal that are there, first to last, whether or not they are sound."""
    live = layout.journal(journal)
    numbers = closed_numbers(live)
    closed = [live.with_name(f"{live.stem}.{number:06d}{live.suffix}") for number in numbers]
    return [*closed, live] if live.exists() else closed


def views(layout: Layout) -> list[Path]:
    """The JSON files in a node's memory, by name."""
    return sorted(layout.memory.glob("*.json"))
