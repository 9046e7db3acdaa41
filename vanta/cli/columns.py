"""Columns for a terminal: what is a name stands to the left, what is a number to the right."""

import textwrap
from collections.abc import Collection, Sequence

WIDTH = 78


def table(
    rows: Sequence[Sequence[str]], *, indent: int = 0, left: Collection[int] = (0,), gap: int = 2
) -> list[str]:
    """Rows as lines of one width for each column.

    Args:
        rows: the heads first; all of one length.
        indent: spaces before each line.
        left: places of the columns that hold names.
        gap: spaces between two columns.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    between = " " * gap
    return [
        " " * indent
        + between.join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def wrapped(text: str, indent: int = 0) -> list[str]:
    """A sentence as lines, all but the first a little further in."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
